"""The SDK's client, which makes once what is the same in all its requests to a model.

Address, headers and options are most of what it spends on a request, and only the body differs (docs/adr/0009-wire.md).
They are made by the SDK; sending, authentication and errors are its own each time.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple, cast

import anthropic
import httpx2
from anthropic._models import FinalRequestOptions

MESSAGES = "/v1/messages"
TITLE_TIMEOUT = 10.0


class Envelope(NamedTuple):
    """A request without what it asks."""

    url: httpx2.URL
    fields: list[tuple[bytes, bytes]]
    extensions: dict[str, Any]


class Client(anthropic.Anthropic):
    """Shared by all threads. Its key stays the same, and it tries nothing again."""

    @property
    def user_agent(self) -> str:
        return f"{anthropic.Anthropic.__name__}/Python {self._version}"

    @cached_property
    def for_titles(self) -> Client:
        return self.with_options(timeout=TITLE_TIMEOUT)

    def ask(self, content: bytes, *, stream: bool) -> httpx2.Response:
        """The response to one call, as it comes. Raises what the SDK raises.

        Of the SDK this is the way for addresses that it does not know: its method for messages goes through a whole
        conversation several times before it is sent, and makes objects of the answer.
        """
        options = self._options.model_copy(update={"content": content})
        return self.request(httpx2.Response, options, stream=stream)

    @cached_property
    def _options(self) -> FinalRequestOptions:
        # The key is without effect, and without one the SDK makes another for each request.
        return FinalRequestOptions.construct(method="post", url=MESSAGES, idempotency_key="none")

    @cached_property
    def _envelope(self) -> Envelope:
        request = super()._build_request(self._options)
        fields = [field for field in request.headers.raw if field[0].lower() not in (b"content-length", b"cookie")]
        return Envelope(request.url, fields, request.extensions)

    def _build_request(self, options: FinalRequestOptions, *, retries_taken: int = 0) -> httpx2.Request:
        if options.url != MESSAGES:
            return super()._build_request(options, retries_taken=retries_taken)
        (url, fields, extensions), content = self._envelope, cast(bytes, options.content)
        headers = [*fields, (b"Content-Length", b"%d" % len(content))]
        return httpx2.Request("POST", url, headers=headers, stream=httpx2.ByteStream(content), extensions=extensions)
