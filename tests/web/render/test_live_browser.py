"""The client's half of streaming, in a real browser."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import chatapp
from chatapp.core.blocks import BlockParser, parse
from chatapp.values import Json
from chatapp.web.render import LiveRenderer, render_blocks
from tests.web.render.awkward import ANSWERS
from tests.web.render.corpus import chunks

CHROMIUM = Path("/usr/bin/chromium")
LIVE_JS = Path(chatapp.__file__).parent / "static/js/live.js"
PAGE = """<!doctype html><meta charset="utf-8"><title>Answers</title>
<script type="module">
import { applyOps } from "/live.js";
window.applyOps = applyOps;
window.heard = [];
for (const name of ["live:grow", "live:end"]) document.addEventListener(name, () => heard.push(name));
</script><main></main>"""
ARTICLE = '<article><div data-live="{url}"><div class="blocks">{blocks}</div></div></article>'


class Connection:
    """One request for the stream, answered with what the test sends."""

    def __init__(self, query: dict[str, list[str]]) -> None:
        self.after = query.get("after", [None])[0]
        self._messages: Queue[str | None] = Queue()

    def ops(self, number: int, ops: list[Json]) -> None:
        self._messages.put(f"id: {number}\ndata: {orjson.dumps(ops).decode()}\n\n")

    def event(self, name: str, data: str = "") -> None:
        self._messages.put(f"event: {name}\ndata: {data}\n\n")

    def drop(self) -> None:
        self._messages.put(None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages.get, None)


class Site(ThreadingHTTPServer):
    """The page, the script, and event streams under /stream that a test answers by hand."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections: Queue[Connection] = Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        match url.path:
            case "/":
                self.reply("text/html", PAGE.encode())
            case "/live.js":
                self.reply("text/javascript", LIVE_JS.read_bytes())
            case "/stream":
                self.stream(Connection(parse_qs(url.query)))
            case _:
                self.send_error(404)

    def reply(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def stream(self, connection: Connection) -> None:
        self.reply("text/event-stream", b":\n\n")
        self.server.connections.put(connection)
        for message in connection:
            self.wfile.write(message.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = "no Chromium: apt-get install chromium"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.05,))
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def bench(browser: Browser, site: Site) -> Iterator[Page]:
    """A page that keeps nothing between tests and is therefore shared."""
    page = browser.new_page()
    page.goto(site.url)
    page.wait_for_function("() => window.applyOps !== undefined")
    yield page
    page.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(site.url)
    page.wait_for_function("() => window.applyOps !== undefined")
    yield page
    page.close()
    site.connections = Queue()


APPLY = """(begin, flushes) => {
    const container = document.createElement("div");
    container.innerHTML = begin;
    for (const ops of flushes) applyOps(container, ops);
    return container.innerHTML;
}"""
LOADED = "html => new DOMParser().parseFromString('<!doctype html><body>' + html, 'text/html').body.innerHTML"


def apply(page: Page, flushes: list[list[Json]], begin: str = "") -> str:
    """What the operations make of a container that holds `begin`."""
    return str(page.evaluate(f"([begin, flushes]) => ({APPLY})(begin, flushes)", [begin, flushes]))


def loaded(page: Page, html: str) -> str:
    """`html` as the browser sees it in a page that it loads."""
    return str(page.evaluate(LOADED, html))


def different(page: Page, cases: dict[str, tuple[str, list[list[Json]], str]]) -> list[str]:
    """The names of those whose operations, applied to what there was, do not give the page that is loaded."""
    script = f"""cases => Object.entries(cases)
        .filter(([, [begin, flushes, html]]) => ({APPLY})(begin, flushes) !== ({LOADED})(html))
        .map(([name]) => name)"""
    names: list[str] = page.evaluate(script, cases)
    return names


def streamed(text: str, seed: int) -> tuple[list[list[Json]], list[str], LiveRenderer]:
    """The operations of each flush, and the snapshot after each."""
    parser, renderer = BlockParser(), LiveRenderer()
    flushes, snapshots = [], []
    for piece in chunks(text, seed):
        flushes.append(renderer.feed(parser.feed(piece)))
        snapshots.append(str(renderer.snapshot()))
    flushes.append(renderer.feed(parser.finish()))
    return flushes, snapshots, renderer


def test_a_streamed_answer_equals_a_reloaded_one(bench: Page) -> None:
    cases = {
        name: ("", streamed(text, seed=len(name))[0], str(render_blocks(parse(text)))) for name, text in ANSWERS.items()
    }
    assert different(bench, cases) == []


@pytest.mark.parametrize("part", [3, 2, 1])
def test_a_page_rendered_in_the_middle_is_continued(part: int, bench: Page) -> None:
    cases = {}
    for name, text in ANSWERS.items():
        cut = len(text) // part if part > 1 else len(text) - 1
        parser, renderer = BlockParser(), LiveRenderer()
        renderer.feed(parser.feed(text[:cut]))
        page = str(renderer.snapshot())
        rest = [renderer.resume() + renderer.feed(parser.feed(text[cut:]) + parser.finish())]
        cases[name] = (page, rest, str(render_blocks(parse(text))))
    assert different(bench, cases) == []


@pytest.mark.parametrize(
    "name", ["nested lists", "table", "emoji", "emphasis", "backtick fence", "html block", "quote"]
)
def test_the_page_is_at_every_moment_what_a_snapshot_shows(name: str, bench: Page) -> None:
    flushes, snapshots, _ = streamed(ANSWERS[name], seed=1)
    for count, snapshot in enumerate(snapshots, 1):
        assert apply(bench, flushes[:count]) == loaded(bench, snapshot)


def test_what_did_not_change_stays_in_place(page: Page) -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    first = renderer.feed(parser.feed("- one\n- two *th"))
    second = renderer.feed(parser.feed("ree*\n- four"))
    script = """([first, second]) => {
        const container = document.querySelector("main");
        applyOps(container, first);
        const [list, item] = [container.querySelector("ul"), container.querySelector("li")];
        applyOps(container, second);
        return list === container.querySelector("ul") && item === container.querySelector("li");
    }"""
    assert page.evaluate(script, [first, second])
    assert page.locator("main li").count() == 3


def follow(page: Page, url: str = "/stream", blocks: str = "") -> None:
    """Puts an article into the page as htmx would."""
    script = """html => {
        const main = document.querySelector("main");
        main.innerHTML = html;
        main.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
    }"""
    page.evaluate(script, ARTICLE.format(url=url, blocks=blocks))


def test_a_running_answer_is_followed_to_its_end(page: Page, site: Site) -> None:
    follow(page)
    stream = site.connections.get(timeout=10)
    assert stream.after is None
    flushes, _, _ = streamed("Hello **world**.", seed=3)
    for number, ops in enumerate(flushes, 1):
        stream.ops(number, ops)
    expect(page.locator(".blocks strong")).to_have_text("world")
    stream.event("end", '<article id="final">Done</article>')
    expect(page.locator("#final")).to_have_text("Done")
    expect(page.locator("[data-live]")).to_have_count(0)
    assert page.evaluate("[heard.includes('live:grow'), heard.at(-1)]") == [True, "live:end"]


def test_a_message_seen_before_is_ignored(page: Page, site: Site) -> None:
    follow(page, url="/stream?after=2")
    stream = site.connections.get(timeout=10)
    assert stream.after == "2"
    for number in (1, 2, 3, 3, 4):
        stream.ops(number, [{"open": f'<p class="n">{number}</p>'}])
    expect(page.locator(".n")).to_have_text(["3", "4"])


def test_a_lost_connection_is_taken_up_where_it_broke(page: Page, site: Site) -> None:
    parser, renderer = BlockParser(), LiveRenderer()
    follow(page)
    stream = site.connections.get(timeout=10)
    stream.ops(7, renderer.feed(parser.feed("One *tw")))
    expect(page.locator(".blocks")).to_have_text("One *tw")
    stream.drop()
    expect(page.locator("article")).to_have_attribute("data-connection", "lost")
    stream = site.connections.get(timeout=10)
    assert stream.after == "7"
    stream.ops(9, renderer.resume() + renderer.feed(parser.feed("o*")))
    expect(page.locator(".blocks em")).to_have_text("two")
    expect(page.locator("article")).not_to_have_attribute("data-connection", "lost")


def test_a_quiet_connection_is_renewed_when_the_page_comes_back(page: Page, site: Site) -> None:
    page.clock.install()
    follow(page)
    stream = site.connections.get(timeout=10)
    stream.ops(1, [{"open": "<p>one</p>"}])
    expect(page.locator(".blocks")).to_have_text("one")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.clock.fast_forward(19_000)
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    page.clock.fast_forward(2_000)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert site.connections.get(timeout=10).after == "1"
    assert site.connections.empty()


def test_a_heartbeat_counts_as_a_sign_of_life(page: Page, site: Site) -> None:
    page.clock.install()
    page.evaluate("new EventSource('/stream').addEventListener('ping', () => heard.push('ping'))")
    other = site.connections.get(timeout=10)
    follow(page)
    stream = site.connections.get(timeout=10)
    page.clock.fast_forward(15_000)
    stream.event("ping")
    stream.ops(1, [{"open": "<p>after the ping</p>"}])
    expect(page.locator(".blocks")).to_have_text("after the ping")
    page.clock.fast_forward(15_000)
    page.evaluate("dispatchEvent(new Event('online'))")
    other.event("ping")
    page.wait_for_function("() => heard.includes('ping')")
    assert site.connections.empty()


def test_nobody_follows_an_answer_that_left_the_page(page: Page, site: Site) -> None:
    page.clock.install()
    follow(page)
    stream = site.connections.get(timeout=10)
    stream.ops(1, [{"open": "<p>one</p>"}])
    expect(page.locator(".blocks")).to_have_text("one")
    page.evaluate("window.gone = document.querySelector('article'); gone.remove()")
    stream.drop()
    page.wait_for_function("() => gone.dataset.connection === 'lost'")
    page.clock.fast_forward(60_000)
    follow(page, url="/stream?after=5")
    assert site.connections.get(timeout=10).after == "5"
    assert site.connections.empty()


def test_attempts_to_reconnect_become_rarer(page: Page) -> None:
    page.clock.install()
    page.evaluate("""() => {
        window.attempts = [];
        window.EventSource = class {
            constructor() {
                attempts.push(Date.now());
                setTimeout(() => this.onerror(), 0);
            }
            addEventListener() {}
            close() {}
        };
    }""")
    follow(page)
    page.clock.run_for(100_000)
    gaps = page.evaluate("attempts.slice(1).map((time, n) => (time - attempts[n]) / 1000)")
    assert gaps[0] < 1 < 1.5 <= gaps[-1] <= 2.6, "quick at first, never so rare that a reader would wait for long"
    assert max(gaps) <= 2.6
    assert len(gaps) < 80
