"""Routes that learn to write their address when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from werkzeug.routing import Rule


class LateRule(Rule):
    """Compiles the code that builds its address with the first address: at the start it would be two for every route,
    a tenth of the time that a start takes, and most are never asked for.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(partial(super()._compile_builder, append_unknown))

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build
