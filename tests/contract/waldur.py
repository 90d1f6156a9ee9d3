"""The generated Waldur client as its users call it, blocking or with asyncio."""

from __future__ import annotations

import asyncio
import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import httpx
import waldur_api_client.api
from waldur_api_client import AuthenticatedClient
from waldur_api_client.errors import UnexpectedStatus

PATIENCE = httpx.Timeout(30)


def endpoints() -> Iterator[ModuleType]:
    """Every endpoint of the client that is about the chat; each is a module."""
    groups = pkgutil.iter_modules(waldur_api_client.api.__path__, "waldur_api_client.api.")
    for group in groups:
        if group.name.rpartition(".")[2].startswith("chat"):
            found = import_module(group.name)
            for module in pkgutil.iter_modules(found.__path__, f"{group.name}."):
                yield import_module(module.name)


@dataclass(frozen=True)
class Waldur:
    """A person's client. Whichever style it has, it gives the same answers."""

    url: str
    token: str
    is_async: bool = False

    def call(self, endpoint: ModuleType, *args: Any, **kwargs: Any) -> Any:
        """The parsed answer. Raises UnexpectedStatus."""
        return self._run(endpoint, "_detailed", args, kwargs).parsed

    def all(self, endpoint: ModuleType, **kwargs: Any) -> list[Any]:
        """The rows of all pages."""
        rows: list[Any] = self._run(endpoint, "_all", (), kwargs)
        return rows

    def status(self, endpoint: ModuleType, *args: Any, **kwargs: Any) -> int:
        """The status that the client has got, whether it knows it or not."""
        try:
            return int(self._run(endpoint, "_detailed", args, kwargs).status_code)
        except UnexpectedStatus as error:
            return error.status_code

    def stream(self, text: str, **fields: Any) -> httpx.Response:
        """What a stream has answered, without the client, which knows no status that a stream has."""
        headers = {"Authorization": f"Token {self.token}"}
        body = {"input": text, **fields}
        return httpx.post(f"{self.url}/api/chat/stream/", json=body, headers=headers, timeout=PATIENCE)

    def _run(self, endpoint: ModuleType, suffix: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.is_async:
            return asyncio.run(self._wait_for(getattr(endpoint, f"asyncio{suffix}"), args, kwargs))
        with self._client() as client:
            return getattr(endpoint, f"sync{suffix}")(*args, client=client, **kwargs)

    async def _wait_for(
        self, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        async with self._client() as client:
            return await function(*args, client=client, **kwargs)

    def _client(self) -> AuthenticatedClient:
        return AuthenticatedClient(self.url, self.token, timeout=PATIENCE, verify_ssl=False)
