"""What browsers need to install the chat as an app."""

from __future__ import annotations

import struct

from tests.web.pages.visitor import Visitor


def test_the_manifest_names_icons_of_the_right_sizes(anybody: Visitor) -> None:
    page = anybody.get("/first-administrator/")
    assert 'rel="manifest"' in page.text
    response = anybody.get("/manifest.webmanifest")
    assert response.mimetype == "application/manifest+json"
    manifest = response.json
    assert manifest is not None
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/chat/", "/", "standalone")
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        assert size(anybody.get(icon["src"]).data) == icon["sizes"]


def test_the_icon_of_a_home_screen_is_there(anybody: Visitor) -> None:
    (icon,) = anybody.page("/first-administrator/").all("link", rel="apple-touch-icon")
    assert size(anybody.get(icon.attributes["href"]).data) == "180x180"


def size(png: bytes) -> str:
    assert png.startswith(b"\x89PNG")
    return "{}x{}".format(*struct.unpack(">II", png[16:24]))
