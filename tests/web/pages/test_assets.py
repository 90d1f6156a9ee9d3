"""Static files and pages come compressed; files are kept for good, pages are not."""

from __future__ import annotations

import gzip
import re
import zlib

import pytest
from flask import Flask, url_for

from chatapp.web import assets
from chatapp.web.pages.live import packed
from tests.people import People
from tests.web.pages.visitor import Visitor

GZIP = {"Accept-Encoding": "gzip"}


def address(app: Flask, filename: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=filename)


def test_a_file_of_this_version_is_kept_for_good(app: Flask, anybody: Visitor) -> None:
    response = anybody.get(address(app, "css/base.css"), headers=GZIP)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(response.data) == (assets.FOLDER / "css/base.css").read_bytes()
    assert response.mimetype == "text/css"


@pytest.mark.parametrize("path", ["/static/css/base.css", "/static/v-of-before/css/base.css"])
def test_a_page_of_another_version_finds_its_files_and_asks_again(path: str, anybody: Visitor) -> None:
    response = anybody.get(path)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-cache"
    again = anybody.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_who_cannot_unpack_gets_the_file_as_it_is(app: Flask, anybody: Visitor) -> None:
    response = anybody.get(address(app, "css/base.css"))
    assert "Content-Encoding" not in response.headers
    assert response.data == (assets.FOLDER / "css/base.css").read_bytes()


@pytest.mark.parametrize("path", ["nowhere.css", "../config.py", "css", "..%2fconfig.py", "css/../../config.py"])
def test_nothing_else_is_served(path: str, anybody: Visitor) -> None:
    assert anybody.get(f"/static/v-x/{path}").status_code == 404


def test_a_file_that_another_file_names_has_the_version_too(app: Flask) -> None:
    named = re.search(r'@import url\("(.*?)"\)', (assets.FOLDER / "css/base.css").read_text())
    assert named
    assert (assets.FOLDER / "css" / named[1]).exists()
    assert f"/v-{assets.version()}/css/" in address(app, "css/base.css")


def test_a_page_is_compressed_and_not_kept(ana: Visitor) -> None:
    response = ana.get("/chat/", headers=GZIP)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Cache-Control"] == "no-store"
    assert b"</html>" in gzip.decompress(response.data)
    assert "Content-Encoding" not in ana.get("/chat/").headers


def test_an_answer_comes_compressed_piece_by_piece(ana: Visitor, people: People) -> None:
    asked = ana.answer("Hello")
    address = f"/chat/turns/{asked.turn_id}/events"
    response = ana.get(address, headers=GZIP)
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.data) == ana.get(address).data


def test_every_piece_can_be_read_as_soon_as_it_arrives() -> None:
    reader = zlib.decompressobj(31)
    pieces = [b"one", b"two", b"three"]
    assert [reader.decompress(piece) for piece in packed(pieces)] == [*pieces, b""]
