"""Requests to the provider: bounded in time and size, to the addresses that the operator has named or that are public.

Nothing of a request or an answer is ever in a message or a log: both carry codes and tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import httpcore2
import httpx2
import orjson

from chatapp import config
from chatapp.oidc import SignInFailed
from chatapp.outgoing import AddressRefused, Allowed, Network
from chatapp.values import Json

SECONDS = 10.0
MOST_BYTES = 1024 * 1024
UNREACHABLE = "The sign-in service cannot be reached. Please try again in a moment."
GARBAGE = "The sign-in service gave an answer that cannot be understood."


def get(url: str, headers: Mapping[str, str] | None = None) -> Json:
    """The document at an address. Raises SignInFailed."""
    status, document = _ask("GET", url, headers or {}, None)
    if status != 200:
        raise SignInFailed(UNREACHABLE, f"status_{status}", is_provider=True)
    return document


def post(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Json]:
    """Status and document of the answer to a form. Raises SignInFailed."""
    sent = {"Content-Type": "application/x-www-form-urlencoded"} | dict(headers)
    return _ask("POST", url, sent, urlencode(form).encode())


def _ask(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, Json]:
    try:
        status, content = _exchange(method, url, headers, body)
    except AddressRefused:
        raise SignInFailed(UNREACHABLE, "address_refused", is_provider=True) from None
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as error:
        raise SignInFailed(UNREACHABLE, type(error).__name__, is_provider=True) from None
    except (httpcore2.UnsupportedProtocol, httpx2.InvalidURL):
        raise SignInFailed(GARBAGE, "bad_address", is_provider=True) from None
    try:
        document = orjson.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SignInFailed(GARBAGE if status < 500 else UNREACHABLE, f"no_document_{status}", is_provider=True)
    return status, document


def _exchange(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> tuple[int, bytes]:
    """Redirects are answers like others: what is asked carries secrets for one address."""
    sent = {"Host": urlsplit(url).netloc, "Accept": "application/json", "User-Agent": "chatapp"} | dict(headers)
    if body is not None:
        sent["Content-Length"] = str(len(body))
    network = Network(Allowed.of(config.current().oidc_allowed), SECONDS)
    context = httpx2.create_ssl_context() if url.startswith("https:") else None
    with (
        httpcore2.ConnectionPool(context, max_connections=1, network_backend=network) as pool,
        pool.stream(method, url, headers=[*sent.items()], content=body) as response,
    ):
        content = b""
        for piece in response.iter_stream():
            content += piece
            if len(content) > MOST_BYTES:
                raise SignInFailed(GARBAGE, "too_large", is_provider=True)
    return response.status, content
