"""Who may use the assistant at all (waldur 0.3). Asked before anything else, in the order of the table there."""

from __future__ import annotations

from flask import request

from chatapp import config
from chatapp.core import admission
from chatapp.errors import ModelUnavailable
from chatapp.web.api import auth

BEHIND = ("chat", "chat-sessions", "chat-threads", "chat-messages", "chat-tools")
OUTSIDE = ("chat-system-prompts", "chat-quota")


def check() -> None:
    """Runs before every view of this dialect. Raises FeatureDisabled, Unauthenticated, Forbidden, ModelUnavailable."""
    is_behind = resource() not in OUTSIDE
    if is_behind:
        admission.check_switch()
    auth.identify()
    if is_behind:
        admission.check_role(auth.caller())
        _check_model()


def resource() -> str:
    """The first word of the path after /api/."""
    return request.path.removeprefix("/api/").partition("/")[0]


def _check_model() -> None:
    settings = config.current()
    if settings.provider_in_force == "none" or (
        settings.provider_in_force == "anthropic" and not settings.anthropic_base_url
    ):
        raise ModelUnavailable("The assistant is not available: the API URL of its model is not configured.")
    if settings.provider_in_force == "anthropic" and not settings.anthropic_api_key:
        raise ModelUnavailable("The assistant is not available: the API token of its model is not configured.")
