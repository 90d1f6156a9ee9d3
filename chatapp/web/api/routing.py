"""How the paths of this dialect are matched (waldur 0.1)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.routing import UUIDConverter


class AnyUuid(UUIDConverter):
    """Hyphenated or 32 hexadecimal digits, in any case."""

    regex = r"[A-Fa-f0-9]{8}-?(?:[A-Fa-f0-9]{4}-?){3}[A-Fa-f0-9]{12}"


class Routes(Blueprint):
    """Paths end with a slash and are served without it too: a redirected POST would lose its body."""

    def add_url_rule(self, rule: str, *args: Any, **options: Any) -> None:
        super().add_url_rule(rule, *args, strict_slashes=False, **options)
