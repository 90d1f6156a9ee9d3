"""What comes over the wire: a fresh conversation, and a long answer while it is written."""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask import Flask

from chatapp.values import Event
from chatapp.web import assets
from chatapp.web.pages.live import LiveEncoder, packed
from tests.web.pages.visitor import Visitor
from tests.web.render.test_live import ADVICE

GZIP = {"Accept-Encoding": "gzip"}
FRESH = 120_000  # bytes, compressed, with all scripts
LENGTH = 20_000  # characters of a long answer
DELTA = 40  # characters that a fast model writes between two flushes
CPU = 0.060  # seconds
NAMED = re.compile(r"""(?:src|href)="(/static/[^"#]+)|url\("?([^")]+)"?\)""")


def weigh(browser: Visitor, page: str) -> dict[str, int]:
    """The compressed size of the page and of everything that it loads by itself."""
    weights = {page: len(browser.get(page, headers=GZIP).data)}
    pending = _named(browser.get(page).text, page)
    while pending:
        address = pending.pop()
        if address in weights:
            continue
        response = browser.get(address, headers=GZIP)
        assert response.status_code == 200, address
        weights[address] = len(response.data)
        if address.endswith(".css"):
            pending += _named(browser.get(address).text, address)
    return weights


def _named(text: str, base: str) -> list[str]:
    found = (match[1] or match[2] for match in NAMED.finditer(text))
    # A font is fetched when there is a formula; what is written into the file is there already.
    return [urljoin(base, name) for name in found if not name.startswith("data:") and not name.endswith(".woff2")]


def test_a_fresh_conversation_is_light(ana: Visitor) -> None:
    weights = weigh(ana, "/chat/")
    assert any(address.endswith("htmx.min.js") for address in weights)
    assert any(address.endswith("pico.fluid.classless.min.css") for address in weights)
    assert sum(weights.values()) < FRESH, sorted(weights.items(), key=lambda pair: -pair[1])


def test_diagrams_and_formulas_are_not_loaded_before_there_are_any(ana: Visitor) -> None:
    loaded = " ".join(weigh(ana, "/chat/"))
    for heavy in ("mermaid", "stix"):
        assert any(heavy in path.name for path in Path(assets.FOLDER, "vendor").iterdir())
        assert heavy not in loaded


@pytest.fixture
def rendering() -> Iterator[None]:
    """The templates are all of the application that the encoder needs."""
    with Flask("chatapp").app_context():
        yield


def written(text: str) -> Iterator[list[Event]]:
    """The events of a turn that says `text`, in the batches in which they are read."""
    yield [Event.of(1, {"type": "text-start", "id": "t"})]
    number = 1
    for number, at in enumerate(range(0, len(text), DELTA), 2):
        yield [Event.of(number, {"type": "text-delta", "id": "t", "delta": text[at : at + DELTA]})]
    yield [Event.of(number + 1, {"type": "text-end", "id": "t"}), Event.of(number + 2, {"type": "finish"})]


@pytest.mark.parametrize(
    "line",
    [
        ADVICE,
        "A paragraph of *plain* words that goes on and on, as answers do. ",
        "A paragraph of words that ends, with `code` and a $x^2$ in it, as answers do in the end.\n\n",
        "- **Idea**: some words about it that fill a line\n",
        "| alpha | up | the first of the hosts |\n|---|:-:|--:|\n",
        "```python\ndef restart(hosts):\n    return [run(host) for host in hosts]\n```\n\n",
    ],
)
def test_a_long_answer_costs_little_to_send_and_to_render(line: str, rendering: None) -> None:
    batches = list(written((line * LENGTH)[:LENGTH]))
    _, sent = _encode(batches)
    assert sent < 1.5 * LENGTH, f"{sent / LENGTH:.2f} times the text"
    # Others work beside us: once in a while nobody does.
    assert any(_encode(batches)[0] < CPU for _ in range(40))


def _encode(batches: list[list[Event]]) -> tuple[float, int]:
    """Seconds of this process and bytes on the wire."""
    encoder = LiveEncoder(0)
    gc.disable()  # the server freezes what it has loaded; here the collector would look through all of the tests
    try:
        started = time.process_time()
        sent = sum(map(len, packed(filter(None, map(encoder.feed, batches)))))
        return time.process_time() - started, sent
    finally:
        gc.enable()
