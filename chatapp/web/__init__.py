"""The URL map.

/healthz                     is the process alive
/sign-in/  /sign-out/  /first-administrator/
/chat/...                    the pages and their fragments            web.pages
/api/...                     the snake_case chat API                  web.api
"""

from __future__ import annotations

from flask import Flask, Response, redirect
from werkzeug.middleware.proxy_fix import ProxyFix

from chatapp import config
from chatapp.web import api, auth, pages, security


def register(app: Flask) -> None:
    """Attach every blueprint, the security headers and the error pages."""
    proxies = config.current().trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    security.init_app(app)
    auth.init_app(app)
    api.init_app(app)
    pages.init_app(app)
    app.add_url_rule("/healthz", view_func=_healthz)
    app.add_url_rule("/", view_func=lambda: redirect("/chat/"), endpoint="home")


def _healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")
