"""The notice before first use, remembered per browser (waldur 10.2)."""

from __future__ import annotations

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from chatapp import config
from chatapp.web.auth import sign_in_required
from chatapp.web.pages import bp

COOKIE = "disclosure"
EDITION = "1"  # of the text: who has accepted an older one reads the new one
OFFLINE_EDITION = "1-offline"  # of the text where no message leaves the site: it promises more than the other
KEPT = 400 * 24 * 3600  # seconds: as long as browsers keep a cookie


def is_due() -> bool:
    """Whether this browser has not accepted the notice yet, or one that is true no more."""
    return request.cookies.get(COOKIE) not in {EDITION, _edition()}


def page() -> str:
    """The notice, in place of the page that was asked for."""
    return render_template(
        "pages/disclosure.html",
        wanted=request.full_path.removesuffix("?"),
        contact=config.current().support_contact,
        leaves_site=_edition() == EDITION,
    )


@bp.post("/chat/disclosure/")
@sign_in_required
def accept_disclosure() -> ResponseReturnValue:
    wanted = request.form.get("next", "")
    response = redirect(wanted if wanted.startswith(("/chat/", "/embed/")) else "/chat/", 303)
    response.set_cookie(COOKIE, _edition(), max_age=KEPT, secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def _edition() -> str:
    return EDITION if config.current().provider_in_force == "anthropic" else OFFLINE_EDITION
