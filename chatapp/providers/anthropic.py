"""Answers from Anthropic's Messages API, or from anything that speaks it.

The SDK's import takes about a second, so it happens with the first call. The SDK sends the request and knows its
errors; the events are taken from the bytes, because its typed streams cost several times as much per token.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import orjson

from chatapp.providers import ModelEvent, ModelRequest, ProviderError, Stopped, Text, Trouble
from chatapp.providers.anthropic_protocol import MALFORMED, Decoder, request_body, service_error, usage_from
from chatapp.providers.connections import Body, Call
from chatapp.values import Json, Usage

if TYPE_CHECKING:
    from httpx2 import Response

    from chatapp.providers.sdk import Client

TITLE_TOKENS = 40
TITLE_PROMPT = (
    "Write a title of three to six words for a conversation that begins with the user's message, in the language of "
    "that message. Do not answer the message. Reply with the title only: no quotes, no full stop."
)
FIRST_RETRY_WAIT, LONGEST_RETRY_WAIT = 0.5, 8.0
# What a service says that has no list of models.
NO_LIST = (400, 404, 405, 501)
SMALLEST_PRICE = Decimal("1e-8")


class AnthropicProvider:
    """A `Provider` on the Anthropic SDK.

    `prices` maps a model's name to US dollars per million tokens: input, output, cache_read, cache_write.
    `timeout` is the longest silence of the service, not the length of an answer.
    """

    name = "anthropic"
    knows_all_tools = False

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None,
        model: str,
        title_model: str | None = None,
        max_tokens: int = 8192,
        prices: Mapping[str, Mapping[str, str]],
        timeout: float = 60.0,
        connect_timeout: float = 5.0,
        max_retries: int = 2,
    ) -> None:
        self._api_key, self._base_url = api_key, base_url
        self._model, self._title_model = model, title_model or model
        self._max_tokens = max_tokens
        self._prices = prices
        self._timeout, self._connect_timeout = timeout, connect_timeout
        self._max_retries = max_retries
        self._client: Client | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        self.client()

    def stream(self, request: ModelRequest) -> AnthropicStream:
        body = request_body(request, self._model, self._max_tokens)
        return AnthropicStream(self, self._model, body, self._max_retries)

    def title(self, text: str) -> tuple[str, Usage]:
        try:
            body = {
                "model": self._title_model,
                "max_tokens": TITLE_TOKENS,
                "system": TITLE_PROMPT,
                "messages": [{"role": "user", "content": text}],
            }
            message = orjson.loads(self.client().for_titles.ask(orjson.dumps(body), stream=False).content)
            title = "".join(block["text"] for block in message["content"] if block["type"] == "text")
            return title, usage_from(message["usage"], exact=True)
        except _failures() as error:
            raise _provider_error(error) from None

    def probe(self, timeout: float) -> None:
        """A service that has no list of models is there as well. Raises ProviderError."""
        try:
            self.client().models.list(limit=1, timeout=timeout)
        except _failures() as error:
            if getattr(error, "status_code", None) not in NO_LIST:
                raise _provider_error(error) from None

    def cost(self, model: str, usage: Usage) -> str | None:
        cached, written = usage.cached_input_tokens, usage.cache_write_tokens
        counts = {
            "input": usage.input_tokens - cached - written,
            "output": usage.output_tokens,
            "cache_read": cached,
            "cache_write": written,
        }
        prices = self._prices.get(model)
        if prices is None or any(count and kind not in prices for kind, count in counts.items()):
            return None
        dollars = (
            sum((Decimal(prices[kind]) * count for kind, count in counts.items() if count), Decimal(0)) / 1_000_000
        )
        return f"{dollars.quantize(SMALLEST_PRICE, ROUND_HALF_UP):f}".rstrip("0").rstrip(".")

    def client(self) -> Client:
        """Made with the first call and shared by all threads."""
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _new_client(self) -> Client:
        import anthropic
        import httpx2

        from chatapp.providers.sdk import Client
        from chatapp.providers.wire import Transport

        timeout = httpx2.Timeout(self._timeout, connect=self._connect_timeout)
        return Client(
            api_key=self._api_key,
            base_url=self._base_url,
            timeout=timeout,
            max_retries=0,  # the SDK would sleep as long as the service says, and nobody could wake it
            open_telemetry=False,  # calls are told of by the spans of their turns (docs/adr/0028-spans.md)
            http_client=anthropic.DefaultHttpxClient(timeout=timeout, transport=Transport()),
        )


class AnthropicStream:
    """A `ModelStream`: one call to the model, begun by the first iteration."""

    def __init__(self, provider: AnthropicProvider, model: str, body: Json, max_retries: int) -> None:
        self.model = model
        self._provider, self._body, self._max_retries = provider, body, max_retries
        self._call = Call()

    def __iter__(self) -> Iterator[ModelEvent]:
        # One generator and no more: while it waits for the model each of them holds a part of the stack.
        if self._call.cut.is_set():
            return
        decoder, call = Decoder(), self._call
        try:
            with closing(self._ask_patiently()) as body:
                while not call.answered:
                    data = body.receive()
                    # Some services leave out the blank line that ends the last event.
                    for event in decoder.feed(data or b"\n\n"):
                        if call.cut.is_set():
                            return
                        call.answered = type(event) is Stopped
                        yield event
                        call.paced = call.paced or type(event) is Text
                    if not data and not call.answered:
                        raise ProviderError.of(Trouble.CONNECT, "the stream ended before message_stop")
        except _failures() as error:
            if not call.cut.is_set():
                raise _provider_error(error) from None

    def close(self) -> None:
        self._call.close()

    def _ask_patiently(self) -> Body:
        for attempt in range(self._max_retries):
            try:
                return self._ask()
            except Exception as error:
                wait = _retry_wait(error, attempt)
                if wait is None or self._call.cut.wait(wait):
                    raise
        return self._ask()

    def _ask(self) -> Body:
        """While the answer comes nothing is kept of what was asked, nor of what the SDK has made of it: that is more
        than all else that an answer holds.
        """
        content = orjson.dumps({**self._body, "stream": True})
        try:
            with self._call.being_made():
                response = self._provider.client().ask(content, stream=True)
        finally:
            body, self._call.body = self._call.body, None
        self._body = {}
        if body and response.headers.get("content-encoding", "identity") == "identity":
            return body
        return _Encoded(response)


class _Encoded:
    """A `Body` that the SDK's response decodes."""

    def __init__(self, response: Response) -> None:
        self._chunks = response.iter_bytes()
        self.close = response.close

    def receive(self) -> bytes:
        return next(self._chunks, b"")


def _retry_wait(error: Exception, attempt: int) -> float | None:
    """Seconds to wait before the call is tried again; None when that is of no use."""
    import anthropic

    wait: float = min(FIRST_RETRY_WAIT * 2**attempt, LONGEST_RETRY_WAIT)
    if isinstance(error, anthropic.APIConnectionError):
        return wait
    if not isinstance(error, anthropic.APIStatusError):
        return None
    headers, status = error.response.headers, error.status_code
    transient = status in (408, 409, 429) or status >= 500
    if str(headers.get("x-should-retry", transient)).lower() != "true":
        return None
    with suppress(KeyError, ValueError):
        wait = max(0.0, float(headers["retry-after"]))
    return wait if wait <= LONGEST_RETRY_WAIT else None


def _failures() -> tuple[type[Exception], ...]:
    import anthropic
    import httpx2

    return (ProviderError, anthropic.AnthropicError, httpx2.HTTPError, *MALFORMED)


def _provider_error(error: Exception) -> ProviderError:
    import anthropic
    import httpx2

    if isinstance(error, ProviderError):
        return error
    if isinstance(error, anthropic.APIStatusError):
        return service_error(error.status_code, str(error.type), str(error.api_message), error.request_id)
    detail = type(error.__cause__ or error).__name__
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return ProviderError.of(Trouble.TIMEOUT, detail)
    if isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError):
        return ProviderError.of(Trouble.CONNECT, detail)
    return ProviderError.of(Trouble.OTHER, detail)
