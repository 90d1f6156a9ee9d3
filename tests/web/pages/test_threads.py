"""The history beside the conversation, as pages and fragments."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest
from sqlalchemy import event, update

from chatapp.core import history, threads
from chatapp.db import db, now, release, session, transaction
from chatapp.models import Message, Thread
from tests.people import People
from tests.web.api.rows import add_message
from tests.web.pages.dom import Element, parse
from tests.web.pages.visitor import HTMX, Visitor


def listed(page: Element) -> dict[str, list[str]]:
    """The titles under each heading of the list."""
    groups = page.find(id="thread-list").all("section")
    return {group.attributes["data-group"]: [t.text for t in group.all(class_="thread-title")] for group in groups}


def titles(part: Element) -> list[str]:
    return [title.text for title in part.all(class_="thread-title")]


def add(people: People, title: str | None, days_ago: float = 0, said: str = "", **columns: object) -> UUID:
    """A thread of ana that was last used so long before last midnight."""
    thread = threads.create(people.ana.user, title)
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction():
        values = {"active_at": midnight - timedelta(days=days_ago)} | columns
        session.execute(update(Thread).where(Thread.id == thread.id).values(**values))
    if said:
        add_message(str(thread.id), said)
    return thread.id


def entry(page: Element, thread_id: UUID) -> Element:
    return page.find("li", data_thread=str(thread_id))


def test_threads_stand_under_the_day_they_were_last_used(ana: Visitor, people: People) -> None:
    year = now().year
    for title, days_ago in {"a": 0, "b": 0.1, "c": 1.1, "d": 7, "e": 7.1, "f": 30}.items():
        add(people, title, days_ago)
    add(people, "g", active_at=now().replace(year=year - 2, month=3, day=14))
    add(people, "p", 50, pinned_at=now())
    assert listed(ana.page("/chat/")) == {
        "Pinned": ["p"],
        "Today": ["a"],
        "Yesterday": ["b"],
        "Previous 7 days": ["c", "d"],
        "Previous 30 days": ["e", "f"],
        f"March {year - 2}": ["g"],
    }


def test_a_question_moves_its_thread_up(ana: Visitor, people: People) -> None:
    old = add(people, "Old", 3)
    add(people, "New")
    ana.answer("Again", thread_id=old)
    assert titles(ana.page("/chat/")) == ["Old", "New"]


def test_a_newcomer_sees_that_the_list_is_empty(ana: Visitor) -> None:
    page = ana.page("/chat/")
    assert listed(page) == {}
    assert "will appear here" in page.find(id="thread-list").text


def test_the_open_thread_is_marked_and_names_the_page(ana: Visitor) -> None:
    ana.answer("Other")
    asked = ana.answer("Rain in May")
    page = ana.page(f"/chat/{asked.thread_id}/")
    assert page.find(aria_current="page").find(class_="thread-title").text == "Rain in May"
    assert page.find("title").text == page.find(id="topbar-title").text == "Rain in May"


def test_a_thread_without_a_name_is_a_new_chat(ana: Visitor, people: People) -> None:
    thread_id = add(people, None)
    page = ana.page(f"/chat/{thread_id}/")
    assert listed(page) == {"Today": ["New chat"]}
    assert page.find("title").text == "New chat"
    assert page.has(class_="welcome")


def test_an_archived_thread_moves_to_the_other_list_and_back(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    address = f"/chat/{asked.thread_id}/"
    assert ana.post(f"{address}archive/").location == "/chat/"
    assert listed(ana.page("/chat/")) == {}
    archived = ana.page("/chat/?archived=1")
    assert listed(archived) == {"Today": ["Rain"]}
    assert "data-archived" in entry(archived, asked.thread_id).attributes
    assert listed(ana.page(address)) == {"Today": ["Rain"]}
    assert listed(ana.page(f"{address}?archived=0")) == {}
    assert ana.post(f"{address}unarchive/").location == address
    assert listed(ana.page("/chat/")) == {"Today": ["Rain"]}
    assert "No archived" in ana.page("/chat/?archived=1").find(id="thread-list").text


@pytest.mark.parametrize("action", ["archive", "unarchive", "pin", "unpin", "seen"])
def test_doing_it_twice_is_fine(ana: Visitor, action: str) -> None:
    asked = ana.answer("Rain")
    assert {ana.post(f"/chat/{asked.thread_id}/{action}/").status_code for _ in range(2)} <= {303, 204}


@pytest.mark.parametrize("path", ["archive", "unarchive", "cancel", "rename", "pin", "unpin", "seen"])
def test_no_link_can_change_anything(ana: Visitor, path: str) -> None:
    asked = ana.answer("Rain")
    assert ana.get(f"/chat/{asked.thread_id}/{path}/").status_code == 405


def test_what_was_archived_can_be_taken_back_without_script(ana: Visitor, people: People) -> None:
    thread_id = add(people, "Rain")
    notice = ana.post(f"/chat/{thread_id}/archive/", follow_redirects=True)
    form = parse(notice.text).find(id="notices").find("form")
    moment = form.find("input").attributes["value"]
    assert ana.post(form.attributes["action"], data={"moment": moment}).location == "/chat/"
    assert titles(ana.page("/chat/")) == ["Rain"]


def test_many_are_archived_at_once_and_taken_back_at_once(ana: Visitor, ben: Visitor, people: People) -> None:
    chosen = [add(people, title) for title in ("a", "b")]
    add(people, "c")
    before = add(people, "archived before")
    threads.archive(people.ana.user, before)
    his = ben.answer("His").thread_id
    response = ana.post("/chat/archive/", data={"thread": [*chosen, before, his]}, headers=HTMX)
    assert "2 conversations archived" in response.text
    assert response.headers["HX-Trigger"] == "threads-changed"
    assert titles(ana.page("/chat/")) == ["c"]
    assert titles(ben.page("/chat/")) == ["His"]
    moment = parse(response.text).find("input", name="moment").attributes["value"]
    ana.post("/chat/undo-archiving/", data={"moment": moment}, headers=HTMX)
    assert sorted(titles(ana.page("/chat/"))) == ["a", "b", "c"]
    assert titles(ana.page("/chat/?archived=1")) == ["archived before"]


def test_nobody_takes_back_what_somebody_else_has_archived(ana: Visitor, ben: Visitor, people: People) -> None:
    thread_id = add(people, "Rain")
    response = ana.post(f"/chat/{thread_id}/archive/", headers=HTMX)
    moment = parse(response.text).find("input", name="moment").attributes["value"]
    assert "0 conversations" in ben.post("/chat/undo-archiving/", data={"moment": moment}, headers=HTMX).text
    assert titles(ana.page("/chat/")) == []


def test_archiving_the_open_thread_leads_to_a_new_chat(ana: Visitor, people: People) -> None:
    thread_id = add(people, "Rain")
    response = ana.post(f"/chat/{thread_id}/archive/", data={"open": str(thread_id)}, headers=HTMX)
    assert response.headers["HX-Redirect"] == "/chat/"
    assert ana.page("/chat/").find(id="notices").has("button", class_="notice-undo")
    assert not ana.page("/chat/").find(id="notices").has("p")


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-01-01", "2026-01-01T00:00:00"])
def test_a_moment_that_is_none_takes_nothing_back(ana: Visitor, moment: str) -> None:
    assert ana.post("/chat/undo-archiving/", data={"moment": moment}).status_code == 400


def test_a_thread_is_renamed(ana: Visitor, people: People) -> None:
    thread_id = add(people, "Rain")
    ana.post(f"/chat/{thread_id}/rename/", data={"title": "  Rain \n in <May>  "})
    page = ana.page(f"/chat/{thread_id}/")
    assert titles(page) == ["Rain in <May>"]
    assert page.find("title").text == "Rain in <May>"


@pytest.mark.parametrize("title", ["", " \n ", "x" * 151])
def test_a_name_that_is_none_is_refused(ana: Visitor, people: People, title: str) -> None:
    thread_id = add(people, "Rain")
    response = ana.post(f"/chat/{thread_id}/rename/", data={"title": title}, headers=HTMX)
    assert response.status_code == 400
    assert "name" in parse(response.text).find(data_error_message="").text
    assert titles(ana.page("/chat/")) == ["Rain"]


def test_a_name_given_by_hand_is_kept_when_the_first_answer_comes(ana: Visitor, people: People) -> None:
    thread_id = add(people, None)
    ana.post(f"/chat/{thread_id}/rename/", data={"title": "Mine"})
    ana.answer("Rain", thread_id=thread_id)
    assert titles(ana.page("/chat/")) == ["Mine"]


def test_only_so_many_can_be_pinned(ana: Visitor, people: People) -> None:
    for number in range(threads.MOST_PINNED):
        add(people, f"p{number}", pinned_at=now())
    one_more = add(people, "One more")
    response = ana.post(f"/chat/{one_more}/pin/", headers=HTMX)
    assert response.status_code == 400
    assert "Unpin another" in response.text


def test_everything_can_be_done_from_the_page_of_options(ana: Visitor, people: People) -> None:
    thread_id = add(people, "Rain")
    link = entry(ana.page("/chat/"), thread_id).find(class_="thread-options").attributes["href"]
    actions = [form.attributes["action"].rsplit("/", 2)[1] for form in ana.page(link).all("form")]
    assert actions == ["rename", "pin", "archive"]
    ana.post(f"/chat/{thread_id}/pin/")
    ana.post(f"/chat/{thread_id}/archive/")
    actions = [form.attributes["action"].rsplit("/", 2)[1] for form in ana.page(link).all("form")]
    assert actions == ["rename", "unpin", "unarchive"]


def test_an_answer_that_ends_unseen_is_marked_until_its_thread_is_opened(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    assert entry(ana.page("/chat/"), asked.thread_id).has(class_="unread")
    assert not entry(ana.page(f"/chat/{asked.thread_id}/"), asked.thread_id).has(class_="unread")
    assert not entry(ana.page("/chat/"), asked.thread_id).has(class_="unread")


def test_the_page_that_has_shown_it_clears_the_mark(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    before = ana.get("/chat/threads/revision/").text
    assert ana.post(f"/chat/{asked.thread_id}/seen/", headers=HTMX).status_code == 204
    assert not ana.page("/chat/").has(class_="unread")
    assert ana.get("/chat/threads/revision/").text != before


def test_an_answer_that_was_read_while_the_page_grew_is_not_marked(ana: Visitor) -> None:
    response = ana.post("/chat/send/", data={"text": "Rain"})
    assert "You said: Rain" in ana.get(response.location).text
    assert not ana.page("/chat/").has(class_="unread")


def test_an_answer_that_was_stopped_is_no_news_and_a_failed_one_is(ana: Visitor) -> None:
    stopped, failed = ana.ask("/silent 60"), ana.answer("/fail internal")
    ana.post(f"/chat/{stopped.thread_id}/cancel/", headers=HTMX)
    page = ana.page("/chat/")
    assert not entry(page, stopped.thread_id).has(class_="unread")
    assert entry(page, failed.thread_id).has(class_="unread")


def test_a_thread_that_is_being_answered_is_marked_until_it_is_not(ana: Visitor) -> None:
    asked = ana.ask("/silent 60")
    other = ana.answer("Quick")
    page = ana.page(f"/chat/{other.thread_id}/")
    assert entry(page, asked.thread_id).find(class_="activity").text == "Answering"
    ana.post(f"/chat/{asked.thread_id}/cancel/", headers=HTMX)
    assert not parse(ana.get("/chat/threads/", headers=HTMX).text).has(class_="activity")


def test_the_revision_changes_with_what_the_list_shows_and_only_then(ana: Visitor, ben: Visitor) -> None:
    seen = {ana.get("/chat/threads/revision/").text}

    def changed() -> bool:
        revision = ana.get("/chat/threads/revision/").text
        is_new = revision not in seen
        seen.add(revision)
        return is_new

    asked = ana.ask("/silent 60")
    assert changed()
    for path in ("cancel", "pin", "unpin", "archive", "unarchive", "rename"):
        ana.post(f"/chat/{asked.thread_id}/{path}/", data={"title": "Rain"}, headers=HTMX)
        assert changed(), path
    ana.answer("Again", thread_id=asked.thread_id)
    assert changed()
    ana.page(f"/chat/{asked.thread_id}/")
    assert changed()
    ana.page(f"/chat/{asked.thread_id}/")
    ben.answer("His")
    assert not changed()
    assert ben.get("/chat/threads/revision/").text not in seen


def test_the_list_is_the_same_in_the_page_and_as_a_fragment(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    for path in ("/chat/", f"/chat/{asked.thread_id}/", "/chat/?archived=1", "/chat/?q=rain", "/chat/?select=1"):
        in_page = ana.page(path).find(id="thread-list")
        fragment = parse(ana.get(in_page.find(id="thread-part").attributes["data-source"], headers=HTMX).text)
        assert [element.tag for element in fragment.elements] == ["nav"]
        assert str(fragment.find("nav")) == str(in_page)


@pytest.mark.parametrize(
    "query", ["thread=nonsense", "thread=00000000-0000-0000-0000-000000000007", "older=x", "through=2026-01-01_1"]
)
def test_a_list_for_what_does_not_exist_is_not_found(ana: Visitor, query: str) -> None:
    assert ana.get(f"/chat/threads/?{query}").status_code == 404


def test_the_list_goes_on_where_it_ended(ana: Visitor, people: People) -> None:
    names = [f"t{number:03}" for number in range(history.PAGE_LENGTH * 2 + 5)]
    for number, name in enumerate(names):
        add(people, name, number / 100)
    page = ana.page("/chat/")
    found = titles(page)
    for _ in range(2):
        more = page.find(class_="threads-more").attributes
        plain = ana.page(more["href"]).find(id="thread-list")
        page = parse(ana.get(more["hx-get"], headers=HTMX).text)
        assert titles(plain) == titles(page)
        found += titles(page)
    assert found == names
    assert not page.has(class_="threads-more")


def test_a_heading_is_not_repeated_where_the_list_goes_on(ana: Visitor, people: People) -> None:
    for number in range(history.PAGE_LENGTH + 1):
        add(people, f"t{number}")
    first = ana.page("/chat/").find(id="thread-list")
    more = parse(ana.get(first.find(class_="threads-more").attributes["hx-get"], headers=HTMX).text)
    assert len(first.all("h2")) == 1
    assert not more.has("h2")
    assert more.find("section").attributes["aria-label"] == "Today"


def test_the_first_part_is_fetched_again_down_to_where_it_ended(ana: Visitor, people: People) -> None:
    ids = [add(people, f"t{number:02}", number / 100) for number in range(history.PAGE_LENGTH + 5)]
    part = ana.page("/chat/").find(id="thread-part").attributes
    add(people, "newest", -0.01)
    threads.archive(people.ana.user, ids[3])
    source = f"{part['data-source']}&{urlencode({'through': part['data-end']})}"
    again = parse(ana.get(source, headers=HTMX).text)
    kept = [f"t{number:02}" for number in range(history.PAGE_LENGTH) if number != 3]
    assert titles(again) == ["newest", *kept]
    assert again.find(id="thread-part").attributes["data-end"] == part["data-end"]


def test_the_readers_own_calendar_tells_what_is_today(ana: Visitor, people: People) -> None:
    moment = now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
    add(people, "Rain", active_at=moment)
    assert list(listed(ana.page("/chat/"))) == ["Previous 7 days"]
    ana.set_cookie("timezone", "No/Where")
    assert list(listed(ana.page("/chat/"))) == ["Previous 7 days"]


def test_search_finds_names_and_messages_and_shows_where(ana: Visitor, people: People) -> None:
    add(people, "Rain in May", said="The weather was nice.")
    said = add(
        people, "Weather", said="First words. " * 30 + "Then **heavy** rains came & <b>stayed</b>. " + "More. " * 90
    )
    add(people, "Other", said="Nothing of that.")
    page = ana.page("/chat/?q=rain")
    assert sorted(titles(page)) == ["Rain in May", "Weather"]
    passage = entry(page, said).find(class_="thread-passage")
    assert [mark.text for mark in passage.all("mark")] == ["rains"]
    assert "heavy rains came & <b>stayed</b>" in passage.text
    assert len(passage.text) < 200
    assert page.find("input", id="history-search").attributes["value"] == "rain"
    assert "#m-" in entry(page, said).find(class_="thread-link").attributes["href"]


def test_search_keeps_to_its_tab_and_says_when_there_is_nothing(ana: Visitor, people: People) -> None:
    threads.archive(people.ana.user, add(people, "Rain"))
    page = ana.page("/chat/?q=rain")
    assert titles(page) == []
    empty = page.find(class_="threads-empty")
    assert "matches \u201crain\u201d" in empty.text
    assert titles(ana.page(empty.find("a").attributes["href"])) == ["Rain"]


def test_search_does_not_find_by_the_readers_own_name(ana: Visitor, people: People) -> None:
    add(people, "Rain")
    assert titles(ana.page("/chat/?q=ana")) == []


def test_search_finds_nothing_of_others(ana: Visitor, ben: Visitor, anybody: Visitor, people: People) -> None:
    ana.answer("A secret plan")
    anybody.sign_in(people.stan)
    for visitor in (ben, anybody):
        for query in ("secret", '"secret plan"', "plan"):
            page = visitor.page(f"/chat/?q={query}")
            assert titles(page) == []
            assert "A secret" not in str(page.find(id="thread-list"))


@pytest.mark.parametrize("query", ["%", "_", '"', "'", "\\", "NEAR(", "a AND", "*", "<script>", "(", "the", "x" * 300])
def test_no_search_breaks_the_page(ana: Visitor, people: People, query: str) -> None:
    add(people, "Rain", said="It rained.")
    assert titles(parse(ana.get("/chat/", query_string={"q": query}).text)) == []


def test_a_search_costs_the_same_number_of_queries_for_many_hits(ana: Visitor, people: People) -> None:
    def queries() -> int:
        seen: list[str] = []

        def note(_connection, _cursor, statement, *_more):
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            ana.get("/chat/threads/?q=rain", headers=HTMX)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    add(people, "One", said="Rain.")
    queries()  # that ana is here is noted, once for a while
    one = queries()
    for number in range(9):
        add(people, f"t{number}", said="Rain again.")
    queries()  # what was said is indexed, once
    assert queries() == one


def test_a_passage_comes_from_the_version_that_is_shown(ana: Visitor, people: People) -> None:
    asked = ana.answer("Old rain")
    again = ana.answer("New rain", mode="edit", thread_id=asked.thread_id, message_id=asked.message_id)
    release()
    answer = session.get_one(Message, again.answer_id)
    link = entry(ana.page("/chat/?q=rain"), asked.thread_id).find(class_="thread-link")
    assert link.attributes["href"].endswith(f"#m-{answer.id}")
    assert "New rain" in link.find(class_="thread-passage").text


def test_what_changes_around_the_composer_is_the_same_in_the_page_and_as_a_fragment(ana: Visitor) -> None:
    asked = ana.answer("Rain")
    fragment = parse(ana.get(f"/chat/{asked.thread_id}/composer/", headers=HTMX).text)
    page = ana.page(f"/chat/{asked.thread_id}/")
    assert str(fragment.find(id="composer-controls")) == str(page.find(id="composer-controls"))
    assert fragment.find(id="usage-bars").text == page.find(id="usage-bars").text


def test_stop_answers_a_form_with_the_page_and_htmx_with_nothing(ana: Visitor) -> None:
    asked = ana.ask("/silent 60")
    assert ana.post(f"/chat/{asked.thread_id}/cancel/", headers=HTMX).status_code == 204
    assert ana.post(f"/chat/{asked.thread_id}/cancel/").location == f"/chat/{asked.thread_id}/"
