"""Fragments that ask for themselves again while something changes, and are sent only when they look different."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from flask.typing import ResponseReturnValue

SEEN = "seen"


def rendered(template: str, **values: Any) -> ResponseReturnValue:
    """The fragment, or 204 when the page that asks shows just this already.

    `poll_url` in the template is what to ask next, without the mark: `{{ mark }}` in it stands for what is shown.
    """
    html = render_template(template, **values)
    mark = hashlib.sha256(html.encode()).hexdigest()[:16]
    if request.args.get(SEEN) == mark:
        return "", 204
    return html.replace(MARK, mark)


MARK = "0mark0"


def own_address(path: str) -> str:
    """`path` with this request's arguments, asking for what differs from what is shown."""
    given = [(name, value) for name, value in request.args.items(multi=True) if name not in (SEEN, "part")]
    return f"{path}?{urlencode([*given, ('part', 'rows'), (SEEN, MARK)])}"
