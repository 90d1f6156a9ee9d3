"""Who may use the assistant at all (waldur 0.3, turns-api 1.3)."""

from __future__ import annotations

from chatapp import config
from chatapp.errors import FeatureDisabled, Forbidden
from chatapp.models import User


def check_switch() -> None:
    """Raises FeatureDisabled when the assistant is switched off for everybody."""
    if not config.current().ai_assistant_enabled:
        raise FeatureDisabled("Extension is disabled.")


def check_role(user: User) -> None:
    """Raises Forbidden when the assistant is not for people like this one."""
    roles = config.current().ai_assistant_enabled_roles
    allowed = {
        "staff": user.is_staff,
        "staff_and_support": user.is_staff or user.is_support,
        "all": True,
        "anonymous": True,
    }
    if not allowed.get(roles, False):
        raise Forbidden("You are not allowed to use the assistant.")
