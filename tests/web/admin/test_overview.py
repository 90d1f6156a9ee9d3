"""The first page, the navigation, and the ways between pages of the administration."""

from __future__ import annotations

from sqlalchemy import update

from chatapp.core import audit_chain, system_prompts
from chatapp.db import now, release, session, transaction
from chatapp.models import Message, Turn
from tests.flagging import flagged, new_thread
from tests.people import People
from tests.reading import explained, explained_flag
from tests.stream.asking import ask, fresh, story_of
from tests.web.pages.dom import Element
from tests.web.pages.visitor import Visitor


def tiles(page: Element) -> dict[str, str]:
    return {tile.find("span").text: " ".join(tile.find("strong").text.split()) for tile in page.all("a", class_="tile")}


def leads_to(page: Element, *addresses: str) -> bool:
    return all(page.find(class_="admin-page").has("a", href=address) for address in addresses)


def test_the_overview_tells_how_the_day_goes(stan: Visitor, people: People) -> None:
    flagged(people.ana)
    story_of(ask(people.ana, "hello").turn)
    story_of(ask(people.ben, "/fail provider_error").turn)
    audit_chain.verify_and_note()
    release()

    page = stan.page("/admin/")

    shown = tiles(page)
    assert int(shown.pop("Tokens today").replace(",", "")) > 0
    assert shown == {
        "Waiting for a decision": "1",
        "Answers today": "2",
        "Failed today": "1",
        "Thumbs today": "0 up",
        "Audit trail": "Whole",
    }
    assert page.find("a", aria_current="page").text.split() == ["Overview"]
    assert page.has("section", aria_labelledby="work-title")


def test_a_broken_chain_is_seen_at_once(stan: Visitor, people: People) -> None:
    explained_flag(people.stan, flagged(people.ana))
    audit_chain.verify_and_note()
    assert tiles(stan.page("/admin/"))["Audit trail"] == "Whole"
    chain = audit_chain.head()
    assert chain
    with transaction():
        chain.fault = "Record 1 was changed."
        session.merge(chain)
    assert tiles(stan.page("/admin/"))["Audit trail"] == "Broken"


def test_support_sees_and_is_led_to_what_it_may(sue: Visitor, people: People) -> None:
    page = sue.page("/admin/")
    assert "Audit trail" not in tiles(page)
    assert not page.has("section", aria_labelledby="work-title")
    nav = page.find("nav", aria_label="Administration")
    assert [heading.text for heading in nav.all("p")] == ["Conversations", "Use"]
    links = [link.attributes["href"] for link in page.all("a") if link.attributes["href"].startswith("/admin/")]
    assert all(sue.get(address).status_code == 200 for address in set(links))


def test_the_menu_names_the_page_one_is_on(stan: Visitor) -> None:
    page = stan.page("/admin/people/new/")
    assert page.find("summary").text == "Administration: People"
    assert page.find("nav", aria_label="Administration").find("a", aria_current="page").text.split() == ["People"]


def test_a_case_and_the_log_lead_to_each_other(stan: Visitor, sue: Visitor, people: People) -> None:
    thread_id = new_thread(people.ana)
    flag_id = flagged(people.ana, thread_id)
    for person in (people.stan, people.sue):
        explained(person, thread_id)
    case, turns = f"/admin/flagged/{flag_id}/", f"/admin/turns/?thread={thread_id}"
    log, ana = f"/admin/threads/{thread_id}/", f"/admin/people/{people.ana.id}/"
    for browser, is_staff in ((stan, True), (sue, False)):
        page = browser.page(case)
        assert leads_to(page, f"{log}?message={flag_id}#m-{flag_id}", turns)
        assert leads_to(page, ana) is is_staff
        page = browser.page(log)
        assert leads_to(page, turns)
        assert len(page.all("a", href=f"{case}#review")) == 2
        assert leads_to(page, ana) is is_staff
        assert leads_to(browser.page(turns), log)


def test_a_turn_and_a_person_lead_on(stan: Visitor, people: People) -> None:
    started = ask(people.ana, "hello")
    story_of(started.turn)
    release()
    explained(people.stan, started.thread.id)
    ana = f"/admin/people/{people.ana.id}/"
    assert leads_to(stan.page(f"/admin/turns/{started.turn.id}/"), f"/admin/threads/{started.thread.id}/", ana)
    usage, quota = f"/admin/usage/?person={people.ana.id}", f"/admin/quotas/{people.ana.id}/"
    person = stan.page(ana)
    assert leads_to(person, "/admin/threads/?user=ana", "/admin/turns/?user=ana", usage, quota)
    assert leads_to(stan.page(quota), usage, ana)
    for link in person.find("p", class_="see-also").all("a"):
        assert stan.get(link.attributes["href"]).status_code == 200


def test_ratings_of_one_version_of_a_prompt(stan: Visitor, people: People) -> None:
    rated = []
    for text in ("one", "two"):
        started = ask(people.ana, text)
        story_of(started.turn)
        rated.append(fresh(Turn, started.turn.id))
    with transaction():
        values = {"feedback_score": True, "feedback_submitted_at": now()}
        answers = [turn.output_message_id for turn in rated]
        session.execute(update(Message).where(Message.id.in_(answers)).values(**values))
    prompt = system_prompts.create(people.stan.user, "Formal", "", "Be formal.")
    version_id = prompt.version_id
    with transaction():
        session.execute(update(Turn).where(Turn.id == rated[0].id).values(prompt_version_id=version_id))

    assert leads_to(stan.page(f"/admin/prompts/versions/{version_id}/"), f"/admin/feedback/?version={version_id}")
    page = stan.page(f"/admin/feedback/?version={version_id}")
    assert len(page.find("ul", class_="ratings").all("li")) == 1
    assert "Only answers of Formal, version 1." in " ".join(page.text.split())
    assert page.find("input", name="version").attributes["value"] == str(version_id)
    assert len(stan.page("/admin/feedback/").find("ul", class_="ratings").all("li")) == 2
    assert stan.get("/admin/feedback/?version=x").status_code == 404
