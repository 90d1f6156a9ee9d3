"""Responses as bytes: where they begin and end, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.providers.http1 import LONGEST_HEAD, LONGEST_LINE, Chunked, Head, Malformed, request, take_head

OK = b"HTTP/1.1 200 OK\r\n"
END = b"\r\n\r\n"


def cut_up(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({place % len(data) for place in places} | {0, len(data)})
    return [data[begin:end] for begin, end in zip(edges, edges[1:], strict=False)]


def head_of(data: bytes) -> Head:
    found = take_head(data)
    assert found
    return found[0]


def test_a_request_is_its_line_its_fields_and_its_content() -> None:
    sent = request("POST", b"/v1/messages?beta=true", [(b"Host", b"model"), (b"X", b"")], b"{}")

    assert sent == b"POST /v1/messages?beta=true HTTP/1.1\r\nHost: model\r\nX: \r\n\r\n{}"


@pytest.mark.parametrize("value", [b"a\r\nb: c", b"a\nb: c", b"a\rb"])
def test_no_field_brings_another_one_along(value: bytes) -> None:
    with pytest.raises(Malformed):
        request("POST", b"/", [(b"X-Api-Key", value)])


@given(st.lists(st.integers(0, 10_000)))
def test_a_response_is_the_same_however_it_arrives(places: list[int]) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
    wire = interim + OK + b"request-id:req_1 \r\nX-Long: one\r\n  two\r\nContent-Length: 5" + END + b"hello"
    received, found = b"", None
    for piece in cut_up(wire, places):
        received += piece
        found = found or take_head(received)

    assert found
    head, _ = found
    assert (head.status, head.stays) == (200, True)
    assert head.fields == [(b"request-id", b"req_1"), (b"X-Long", b"one two"), (b"Content-Length", b"5")]
    assert received.endswith(b"hello")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/2 200 OK" + END,
        b"HTTP/1.1 20 OK" + END,
        b"SSH-2.0-OpenSSH" + END,
        OK + b"no field" + END,
        OK + b"a field : x" + END,
        OK + b"Content-Length: -1" + END,
        OK + b"Content-Length: 1\r\nContent-Length: 2" + END,
        b"x" * (LONGEST_HEAD + 1),
    ],
)
def test_what_is_no_response_is_an_error(data: bytes) -> None:
    with pytest.raises(Malformed):
        take_head(data)


@pytest.mark.parametrize(
    ("fields", "stays"),
    [
        (b"Content-Length: 5", True),
        (b"Content-Length: 5\r\nContent-Length: 5", True),
        (b"Transfer-Encoding: Chunked", True),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked", False),
        (b"Transfer-Encoding: gzip, chunked", False),
        (b"Content-Length: 5\r\nConnection: upgrade\r\nConnection: close", False),
        (b"X: y", False),
    ],
)
def test_a_connection_stays_where_the_end_is_known_and_nobody_says_close(fields: bytes, stays: bool) -> None:
    assert head_of(OK + fields + END).stays is stays


@pytest.mark.parametrize("status", [204, 304])
def test_some_responses_have_no_body(status: int) -> None:
    assert head_of(b"HTTP/1.1 %d\r\nContent-Length: 5\r\n\r\n" % status).body.complete


@given(st.lists(st.binary(min_size=1, max_size=300)), st.lists(st.integers(0, 10_000)), st.booleans())
def test_a_chunked_body_is_the_same_however_it_arrives(chunks: list[bytes], places: list[int], trailer: bool) -> None:
    wire = b"".join(b"%x;name=value\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    wire += b"0\r\n" + b"Digest: x\r\n" * trailer + b"\r\n"
    body = Chunked()
    for piece in (pieces := cut_up(wire, places))[:-1]:
        assert not body.complete, piece
        chunks = [b"".join(chunks).removeprefix(body.feed(piece))]

    assert body.feed(pieces[-1]) == b"".join(chunks)
    assert (body.complete, body.overrun) == (True, False)
    body.feed(b"x")
    assert body.overrun


@pytest.mark.parametrize("line", [b"hello\r\n", b"-5\r\n", b"+5\r\n", b"\r\n", b"1" * (LONGEST_LINE + 1)])
def test_a_chunk_without_a_size_is_an_error(line: bytes) -> None:
    with pytest.raises(Malformed):
        Chunked().feed(line)
