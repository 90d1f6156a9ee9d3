"""What stands between an answer that is being written and the server that sends it."""

from __future__ import annotations

from werkzeug.test import EnvironBuilder

from chatapp.web.responses import streamed


def test_the_server_takes_the_pieces_themselves() -> None:
    pieces = iter([b"one", b"two"])

    sent, _, headers = streamed(pieces, "text/plain", {"Cache-Control": "no-cache"}).get_wsgi_response(
        EnvironBuilder().get_environ()
    )

    assert sent is pieces
    assert ("Cache-Control", "no-cache") in headers
    assert "Content-Length" not in dict(headers)
