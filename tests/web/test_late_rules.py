"""Addresses are built as ever, by code that the first of them has compiled."""

from __future__ import annotations

from flask import Flask, url_for

from chatapp.web.late_rules import LateRule


def site() -> Flask:
    app = Flask(__name__)
    app.url_rule_class = LateRule
    app.add_url_rule("/plain/", endpoint="plain")
    app.add_url_rule("/things/<uuid:self>/<rule>", endpoint="thing")
    app.add_url_rule("/first/", endpoint="page", defaults={"number": 1})
    app.add_url_rule("/page/<int:number>/", endpoint="page")
    return app


def test_addresses_have_their_parts_and_what_is_left_as_a_query() -> None:
    with site().test_request_context():
        assert url_for("plain") == "/plain/"
        assert url_for("plain", q="a b") == "/plain/?q=a+b"
        assert url_for("thing", self="0" * 32, rule="é x", q=1) == f"/things/{'0' * 32}/%C3%A9%20x?q=1"
        assert (url_for("page", number=1), url_for("page", number=2)) == ("/first/", "/page/2/")


def test_the_application_is_made_without_compiling_addresses(app: Flask) -> None:
    assert all(type(rule) is LateRule for rule in app.url_map.iter_rules())
