"""The URL map.

/healthz  /readyz  /metrics  for whoever watches over the server      web.monitoring
/sign-in/  /sign-out/  /first-administrator/
/chat/...                    the pages and their fragments            web.pages
/account/...                 one's own account                        web.pages
/automations/...             what is done again without a model       web.automations
/resources/ /orders/ /projects/ /organizations/ /invoices/ /catalogue/ /ssh-keys/
                             the marketplace                          web.marketplace
/manage/...                  what staff maintain of it                web.marketplace
/share/...                   a conversation that somebody shares      web.pages
/manifest.webmanifest        what installs the chat as an app         web.pages
/embed/...                   the chat in a frame of another page      web.pages
/admin/...                   for staff: what the site offers              web.admin
/static/v-.../...            style sheets, scripts, images            web.assets
/api/...                     the snake_case chat API                  web.api
/api/v1/...                  the camelCase turns API                  web.api_v1
/api/schema/  /api/docs/     the description of the first             web.openapi
/api/v1/schema  /api/v1/docs    that of the second                   web.openapi
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask, Response, redirect
from flask.json.provider import DefaultJSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

from chatapp import config
from chatapp.web import (
    admin,
    api,
    api_v1,
    assets,
    auth,
    automations,
    marketplace,
    monitoring,
    openapi,
    pages,
    patience,
    request_ids,
    security,
)
from chatapp.web.late_rules import LateRule


class Documents(DefaultJSONProvider):
    """JSON answers, their keys in the order in which the views have written them."""

    def response(self, *args: Any, **kwargs: Any) -> Response:
        document = orjson.dumps(self._prepare_response_obj(args, kwargs))
        return Response(document + b"\n", mimetype=self.mimetype)


def register(app: Flask) -> None:
    """Attach every blueprint, the security headers and the error pages."""
    proxies = config.current().trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    app.json = Documents(app)
    app.url_rule_class = LateRule
    request_ids.init_app(app)
    patience.init_app(app)
    security.init_app(app)
    monitoring.init_app(app)
    assets.init_app(app)
    auth.init_app(app)
    api.init_app(app)
    api_v1.init_app(app)
    openapi.init_app(app)
    pages.init_app(app)
    marketplace.init_app(app)
    automations.init_app(app)
    admin.init_app(app)
    app.add_url_rule("/", view_func=lambda: redirect("/chat/"), endpoint="home")
