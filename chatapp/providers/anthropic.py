"""Answers from Anthropic's Messages API, or from anything that speaks it.

The SDK's import takes about a second, so it happens with the first call. The SDK sends the request and knows its
errors; the events are taken from its raw iterator, because its typed streams cost several times as much per token.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, cast

from chatapp.providers import ModelEvent, ModelRequest, ProviderError, Stopped, Text, Trouble
from chatapp.providers.anthropic_protocol import MALFORMED, Decoder, request_body, service_error, usage_from
from chatapp.values import Json, Usage

if TYPE_CHECKING:
    from anthropic import Anthropic
    from httpx2 import Request, Response

TITLE_TIMEOUT = 10.0
TITLE_TOKENS = 40
TITLE_PROMPT = (
    "Write a title of three to six words for a conversation that begins with the user's message, in the language of "
    "that message. Do not answer the message. Reply with the title only: no quotes, no full stop."
)
FIRST_RETRY_WAIT, LONGEST_RETRY_WAIT = 0.5, 8.0
PACE, WAITED = 0.025, 0.001  # seconds
SMALLEST_PRICE = Decimal("1e-8")


class AnthropicProvider:
    """A `Provider` on the Anthropic SDK.

    `prices` maps a model's name to US dollars per million tokens: input, output, cache_read, cache_write.
    `timeout` is the longest silence of the service, not the length of an answer.
    """

    name = "anthropic"

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
        self._client: Anthropic | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        self.client()

    def stream(self, request: ModelRequest) -> AnthropicStream:
        body = request_body(request, self._model, self._max_tokens)
        return AnthropicStream(self, self._model, body, self._max_retries)

    def title(self, text: str) -> tuple[str, Usage]:
        try:
            answer = self.client().messages.create(
                model=self._title_model,
                max_tokens=TITLE_TOKENS,
                system=TITLE_PROMPT,
                messages=[{"role": "user", "content": text}],
                timeout=TITLE_TIMEOUT,
            )
            title = "".join(block.text for block in answer.content if block.type == "text")
            return title, usage_from(answer.usage.to_dict(), exact=True)
        except _failures() as error:
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

    def client(self) -> Anthropic:
        """The SDK's client, made with the first call and shared by all threads."""
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _new_client(self) -> Anthropic:
        import anthropic
        import httpx2

        timeout = httpx2.Timeout(self._timeout, connect=self._connect_timeout)
        # Every call has a connection of its own: only a new one tells its socket before the response begins, and
        # without the socket a call that still waits for its response could not be closed.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        hooks = {"request": [_trace_connection]}
        return anthropic.Anthropic(
            api_key=self._api_key,
            base_url=self._base_url,
            timeout=timeout,
            max_retries=0,  # the SDK would sleep as long as the service says, and nobody could wake it
            http_client=anthropic.DefaultHttpxClient(timeout=timeout, limits=limits, event_hooks=hooks),
        )


class AnthropicStream:
    """A `ModelStream`: one call to the model, begun by the first iteration."""

    def __init__(self, provider: AnthropicProvider, model: str, body: Json, max_retries: int) -> None:
        self.model = model
        self._provider, self._body, self._max_retries = provider, body, max_retries
        self._connection = _Connection()
        self.flowing = False  # the first text is out: from here on, reads are paced

    def pause(self) -> None:
        """Let a few tokens gather: taking them together costs little more than taking one."""
        sleep(PACE)  # a fraction of what waiting for the cut costs, which is noticed soon enough afterwards

    def __iter__(self) -> Iterator[ModelEvent]:
        if self._connection.cut.is_set():
            return
        try:
            yield from self._events(self._ask_patiently())
        except _failures() as error:
            if not self._connection.cut.is_set():
                raise _provider_error(error) from None

    def close(self) -> None:
        self._connection.close()

    def _ask_patiently(self) -> Response:
        for attempt in range(self._max_retries):
            try:
                return self._ask()
            except Exception as error:
                wait = _retry_wait(error, attempt)
                if wait is None or self._connection.cut.wait(wait):
                    raise
        return self._ask()

    def _ask(self) -> Response:
        with self._connection.being_made():
            messages = self._provider.client().messages.with_raw_response
            return messages.create(**self._body, stream=True).http_response

    def _events(self, response: Response) -> Iterator[ModelEvent]:
        from anthropic import Stream

        decoder, cut = Decoder(), self._connection.cut
        try:
            for sse in Stream.raw_events(cast("Response", _Paced(response, self))):
                event = decoder.decode(sse.event, sse.data)
                if cut.is_set():
                    return
                if event is not None:
                    yield event
                    self.flowing = self.flowing or type(event) is Text
                    if type(event) is Stopped:
                        return
        finally:
            self._connection.release()
            response.close()
        raise ProviderError.of(Trouble.CONNECT, "the stream ended before message_stop")


class _Paced:
    """A response whose body is read in beats, once the answer flows."""

    def __init__(self, response: Response, stream: AnthropicStream) -> None:
        self._response, self._stream = response, stream

    def iter_bytes(self) -> Iterator[bytes]:
        chunks = self._response.iter_bytes()
        while True:
            asked = monotonic()
            chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk
            # Only after a read that had to wait: what has arrived already is taken at once.
            if self._stream.flowing and monotonic() - asked > WAITED:
                self._stream.pause()


class _Connection:
    """The network connection of one call, which any thread may cut at any moment of its life."""

    def __init__(self) -> None:
        self.cut = threading.Event()
        self._lock = threading.Lock()
        self._network_stream: Any = None

    @contextlib.contextmanager
    def being_made(self) -> Iterator[None]:
        """Requests that this thread sends in the meantime are this call's."""
        _sending.connection = self
        try:
            yield
        finally:
            _sending.connection = None

    def trace(self, name: str, info: Mapping[str, Any]) -> None:
        """Called by the HTTP library at every step of a request."""
        if name.endswith((".connect_tcp.complete", ".start_tls.complete")):
            with self._lock:
                self._network_stream = info["return_value"]
                if self.cut.is_set():
                    self._shut_down()

    def close(self) -> None:
        self.cut.set()
        with self._lock:
            self._shut_down()

    def release(self) -> None:
        """The connection is about to be closed in good order: its file descriptor may soon be another's."""
        with self._lock:
            self._network_stream = None

    def _shut_down(self) -> None:
        if self._network_stream is not None:
            # Shutting down wakes a thread that is blocked in a read, closing does not. The plain socket's method,
            # because that of a TLS socket takes the encryption away under the reader.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._network_stream.get_extra_info("socket"), socket.SHUT_RDWR)


_sending = threading.local()


def _trace_connection(request: Request) -> None:
    connection: _Connection | None = getattr(_sending, "connection", None)
    if connection is not None:
        request.extensions["trace"] = connection.trace


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
    with contextlib.suppress(KeyError, ValueError):
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
