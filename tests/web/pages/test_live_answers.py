"""The stream of a running answer: whoever comes when, the copy in the browser ends as what a reload shows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from flask import Flask

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from chatapp.core import messages
from chatapp.core.answer_parser import AnswerParser
from chatapp.core.blocks import parse as parse_blocks
from chatapp.db import new_id, release
from chatapp.stream import log
from chatapp.values import Event
from chatapp.web.pages.live import LiveEncoder
from chatapp.web.render import LiveRenderer, render_blocks
from tests.people import settle
from tests.web.pages.dom import Copy, parse
from tests.web.pages.visitor import HTMX, Asked, Message, Visitor
from tests.web.render.corpus import ANSWERS, chunks

VARIED = "\n\n".join(
    ANSWERS[name] for name in ("two fences", "item with paragraphs", "table", "emoji", "display maths")
)


@pytest.fixture
def rendering() -> Iterator[None]:
    """The templates are all of the application that the encoder needs."""
    with Flask("chatapp").app_context():
        yield


@pytest.fixture
def service() -> Iterator[MessagesServer]:
    with MessagesServer() as server:
        yield server


@pytest.fixture
def ana(make_app: Callable[..., Flask], service: MessagesServer) -> Visitor:
    """Ana, whose answers come from a service that says what a test wants, in hundreds of events."""
    app = make_app(
        provider="anthropic",
        anthropic_api_key="key",
        anthropic_base_url=service.url,
        merge_interval=0.0,
        title_wait=0.0,
    )
    browser = Visitor(app, app.response_class, use_cookies=True)
    browser.sign_in(settle().ana)
    return browser


def answered(browser: Visitor, service: MessagesServer, text: str) -> tuple[Asked, list[Event], str]:
    """The question, the log of its turn, and the answer as a reload shows it."""
    service.scripts = [Script(text=text, rate=200)]
    asked = browser.answer("Say it")
    release()
    stored = messages.get(asked.answer_id)
    assert stored is not None
    assert stored.content == text
    return asked, log.current().read(asked.turn_id), parse(str(render_blocks(stored.blocks))).inner


def as_events(text: str) -> list[Event]:
    """A turn's log with an answer in pieces of random length."""
    deltas = [{"type": "text-delta", "id": "t0.0", "delta": piece} for piece in chunks(text, longest=20)]
    data = [{"type": "start"}, {"type": "text-start", "id": "t0.0"}, *deltas, {"type": "text-end"}, {"type": "finish"}]
    return [Event.of(number, each) for number, each in enumerate(data, 1)]


def encoded(encoder: LiveEncoder, events: list[Event], seed: int) -> list[Message]:
    """What a reader gets that receives the events in batches of random size."""
    source, found, start = random.Random(seed), [], 0
    while start < len(events):
        end = start + source.randint(1, 9)
        if piece := encoder.feed(events[start:end]):
            id_line, data_line, *_ = piece.decode().split("\n")
            found.append(Message("message", int(id_line.removeprefix("id: ")), data_line.removeprefix("data: ")))
        start = end
    return found


def snapshot(events: list[Event]) -> str:
    """What a page shows that is loaded after these events."""
    renderer = LiveRenderer()
    renderer.feed(AnswerParser().feed(events))
    return str(renderer.snapshot())


def test_the_copy_ends_as_the_reload_from_every_position(ana: Visitor, service: MessagesServer) -> None:
    asked, events, reload = answered(ana, service, VARIED)
    assert len(events) > 10
    for after in range(len(events)):
        page = Copy(snapshot(events[:after]))
        for message in ana.events(asked.turn_id, after):
            if message.event == "message":
                assert message.id is not None
                assert message.id > after
                page.apply(message.ops)
        assert page.html == reload, f"resumed after {after}"


@pytest.mark.parametrize("name", [name for name, text in ANSWERS.items() if len(text) < 400])
def test_batches_and_breaks_of_any_kind_make_no_difference(name: str, rendering: None) -> None:
    events = as_events(ANSWERS[name])
    reload = parse(str(render_blocks(parse_blocks(ANSWERS[name])))).inner
    for after in range(len(events)):
        kept_open, loaded_anew = Copy(), Copy(snapshot(events[:after]))
        for message in encoded(LiveEncoder(0), events[:after], seed=after):
            kept_open.apply(message.ops)
        assert kept_open.html == parse(snapshot(events[:after])).inner
        for message in encoded(LiveEncoder(after), events, seed=-after):
            kept_open.apply(message.ops)
            loaded_anew.apply(message.ops)
        assert kept_open.html == reload, f"reconnected after {after}"
        assert loaded_anew.html == reload, f"loaded after {after}"


def test_the_stream_goes_on_from_the_greater_of_both_positions(ana: Visitor, service: MessagesServer) -> None:
    asked, events, _ = answered(ana, service, "one two three four five six seven")
    last = events[-1].seq
    for after, seen in ((0, last), (last, 2), (last, 0)):
        found = ana.events(asked.turn_id, after, headers={"Last-Event-ID": str(seen)})
        assert [message.event for message in found] == ["composer", "end"]


@pytest.mark.parametrize(("after", "seen"), [(-5, ""), (0, "nonsense"), (0, "-3"), (0, "²")])
def test_a_senseless_position_is_the_beginning(ana: Visitor, service: MessagesServer, after: int, seen: str) -> None:
    asked, _, reload = answered(ana, service, "Hello *there*")
    found = ana.events(asked.turn_id, after, headers={"Last-Event-ID": seen.encode().decode("latin-1")})
    copy = Copy()
    for message in found[:-2]:
        copy.apply(message.ops)
    assert copy.html == reload


def test_the_last_message_is_the_article_as_a_reload_shows_it(ana: Visitor, service: MessagesServer) -> None:
    asked, _, _ = answered(ana, service, "a\r\nb\rc\n\n```py\nx = 1\n\n\n```\n\nd")
    end = ana.events(asked.turn_id)[-1]
    article = parse(end.data).find("article")
    shown = ana.page(f"/chat/{asked.thread_id}/").find("article", data_role="assistant")
    assert str(article.find(class_="blocks")) == str(shown.find(class_="blocks"))
    assert " ".join(str(article).split()) == " ".join(str(shown).split())


def test_before_it_stands_what_the_page_would_ask_for_around_the_composer(
    ana: Visitor, service: MessagesServer
) -> None:
    asked, _, _ = answered(ana, service, "Hello")
    composer = ana.events(asked.turn_id)[-2]
    assert composer.event == "composer"
    assert composer.data == ana.get(f"/chat/{asked.thread_id}/composer/", headers=HTMX).text
    assert parse(composer.data).find(id="composer-controls").has("button", aria_label="Send")


def test_an_answer_that_gave_way_to_another_one_leaves_the_composer_to_it(
    ana: Visitor, service: MessagesServer
) -> None:
    service.scripts = [Script(first=60), Script(first=60)]
    former = ana.ask("First")
    latter = ana.ask("Second", thread_id=former.thread_id)
    composer = ana.events(former.turn_id)[-2]
    ana.post(f"/chat/{latter.thread_id}/cancel/", headers=HTMX)
    ana.events(latter.turn_id)
    assert all(request.wait_closed(10) for request in service.requests)
    assert parse(composer.data).find(id="composer-controls").has("button", aria_label="Stop")


def test_a_regeneration_that_fails_gives_the_former_answer_back_and_says_why(
    ana: Visitor, service: MessagesServer
) -> None:
    asked, _, _ = answered(ana, service, "The first answer")
    service.scripts = [Script(status=400)]
    again = ana.answer("", mode="reload", thread_id=asked.thread_id)
    article = parse(ana.events(again.turn_id)[-1].data).find("article")
    (shown,) = ana.page(f"/chat/{asked.thread_id}/").all("article", data_role="assistant")
    assert shown.find(class_="blocks").text == "The first answer"
    assert "rejected" in shown.find(class_="answer-error").text
    assert shown.has("button", value="reload")
    assert " ".join(str(article).split()) == " ".join(str(shown).split())


def test_a_regeneration_that_is_stopped_gives_the_former_answer_back(ana: Visitor, service: MessagesServer) -> None:
    asked, _, _ = answered(ana, service, "The first answer")
    service.scripts = [Script(first=60)]
    again = ana.ask("", mode="reload", thread_id=asked.thread_id)
    ana.post(f"/chat/{asked.thread_id}/cancel/", headers=HTMX)
    article = parse(ana.events(again.turn_id)[-1].data).find("article")
    (shown,) = ana.page(f"/chat/{asked.thread_id}/").all("article", data_role="assistant")
    assert shown.find(class_="blocks").text == "The first answer"
    assert shown.attributes["data-status"] == "completed"
    assert " ".join(str(article).split()) == " ".join(str(shown).split())


def test_an_unknown_turn_is_not_found(ana: Visitor) -> None:
    assert ana.get(f"/chat/turns/{new_id()}/events").status_code == 404
    assert ana.get(f"/chat/turns/{UUID(int=0)}/events").status_code == 404
