"""What administrators do for people: roles, disabling, passwords, invitations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select, update

from chatapp.core import accounts, browsers, invitations, leaving, password_links, quota_lists, quotas, tokens
from chatapp.core import people as admin
from chatapp.db import new_id, now, release, session, transaction
from chatapp.errors import ChatError, Conflict, Forbidden, Inactive, Invalid, NotFound, Unauthenticated
from chatapp.models import AuditRecord, Invitation, PasswordLink, Turn, User
from chatapp.values import TurnStatus
from tests.people import PASSWORD, People
from tests.plans import plan
from tests.stream.asking import ask, at_once

NEW = "a longer secret"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


def audited() -> list[tuple[str, dict[str, object]]]:
    release()
    records = session.scalars(select(AuditRecord).order_by(AuditRecord.created, AuditRecord.id))
    return [(record.event, record.details) for record in records]


def names(wanted: admin.Wanted) -> list[str]:
    return [person.username for person in admin.page(wanted, "", 50)[0]]


def test_people_are_found_by_name_address_role_and_state(people: People) -> None:
    assert names(admin.Wanted()) == ["ana", "ben", "stan", "sue"]
    assert names(admin.Wanted("ALMOND")) == ["ana"]
    assert names(admin.Wanted("sue@corp")) == ["sue"]
    assert names(admin.Wanted(role="staff")) == ["stan"]
    assert names(admin.Wanted(role="support")) == ["sue"]
    assert names(admin.Wanted(role="regular")) == ["ana", "ben"]
    assert names(admin.Wanted("%")) == []
    admin.disable(people.stan.user, people.ben.id)
    assert names(admin.Wanted(state="disabled")) == ["ben"]
    assert names(admin.Wanted(role="regular", state="active")) == ["ana"]
    assert admin.count(admin.Wanted(role="regular")) == 2


def test_pages_follow_each_other_whatever_the_case_of_names(people: People) -> None:
    for name in ("Anna", "ANB", "zoe"):
        accounts.create_user(name, PASSWORD)
    seen: list[str] = []
    has_more, after = True, ""
    while has_more:
        found, has_more = admin.page(admin.Wanted(), after, 2)
        seen, after = seen + [person.username for person in found], found[-1].username
    assert seen == ["ana", "ANB", "Anna", "ben", "stan", "sue", "zoe"]


def test_a_page_of_people_is_read_from_the_index_of_names(people: People) -> None:
    order = "lower('ana') < lower(username) ORDER BY lower(username) LIMIT 51"
    query = f"SELECT * FROM users WHERE deleted_at IS NULL AND {order}"
    lines = "\n".join(plan(query, (), "enable_bitmapscan"))
    assert "uq_users_username_ci" in lines and "TEMP B-TREE" not in lines and "Sort" not in lines, lines


def test_somebody_who_is_leaving_is_gone(people: People) -> None:
    with transaction():
        people.ana.user.is_active, people.ana.user.deleted_at = False, now()
    assert "ana" not in names(admin.Wanted())
    for act in (admin.get, partial(admin.enable, people.stan.user), partial(admin.disable, people.stan.user)):
        with pytest.raises(NotFound):
            act(people.ana.id)


def test_a_role_holds_at_once_and_is_audited_once(people: People) -> None:
    for _ in range(2):
        admin.change_roles(people.stan.user, people.ana.id, staff=False, support=True)
    assert people.ana.user.is_support
    assert audited() == [("roles_changed", {"staff": False, "support": True})]


def test_the_last_administrator_can_neither_be_demoted_nor_disabled(people: People) -> None:
    with pytest.raises(Conflict, match="last administrator"):
        admin.change_roles(people.stan.user, people.stan.id, staff=False, support=True)
    admin.change_roles(people.stan.user, people.ana.id, staff=True, support=False)
    with pytest.raises(Conflict, match="your own account"):
        admin.disable(people.stan.user, people.stan.id)
    admin.disable(people.ana.user, people.stan.id)
    for act in (partial(admin.change_roles, staff=False, support=False), admin.disable):
        with pytest.raises(Conflict):
            act(people.stan.user, people.ana.id)
    assert admin.get(people.ana.id).is_staff


def test_of_two_administrators_who_demote_each_other_one_stays(app: Flask, people: People) -> None:
    admin.change_roles(people.stan.user, people.ana.id, staff=True, support=False)
    demotions = [
        lambda actor=actor, whom=whom: admin.change_roles(
            session.get_one(User, actor), whom, staff=False, support=False
        )
        for actor, whom in ((people.stan.id, people.ana.id), (people.ana.id, people.stan.id))
    ]
    outcomes = at_once(app, *demotions)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"], outcomes


def test_a_disabled_account_is_opened_by_nothing_and_answers_nothing(people: People) -> None:
    secret, started = browsers.open_session(people.ana.user), ask(people.ana, "/slow 200")
    stamp = people.ana.user.session_stamp
    admin.disable(people.stan.user, people.ana.id)
    release()
    assert accounts.authenticate("ana", PASSWORD) is None
    for token in (secret, people.ana.token):
        with pytest.raises((Inactive, Unauthenticated)):
            accounts.user_of_token(token)
    assert session.get_one(Turn, started.turn.id).status == TurnStatus.CANCELLED
    admin.enable(people.stan.user, people.ana.id)
    release()
    assert accounts.authenticate("ana", PASSWORD)
    assert accounts.user_of_token(people.ana.token).id == people.ana.id
    assert people.ana.user.session_stamp != stamp
    with pytest.raises(Unauthenticated):
        accounts.user_of_token(secret)
    assert [event for event, _ in audited()] == ["person_disabled", "person_enabled"]


def test_a_person_with_a_first_password_must_choose_another(people: People) -> None:
    person = admin.create(people.stan.user, "carol", PASSWORD, full_name=" Carol  C ", email="c@corp-mail.eu")
    assert person.must_change_password and person.full_name == "Carol C"
    link = password_links.create(person, person)
    with pytest.raises(Invalid, match="another password"):
        password_links.use(link, PASSWORD)
    assert not password_links.use(link, NEW).must_change_password
    assert accounts.authenticate("carol", NEW)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("username", {"username": "two words"}),
        ("username", {"username": "ANA"}),
        ("password", {"username": "carol", "password": "short"}),
        ("email", {"username": "carol", "email": "nobody"}),
        ("full_name", {"username": "carol", "full_name": "x" * 256}),
    ],
)
def test_a_person_who_cannot_be_made_leaves_no_trace(people: People, field: str, values: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        admin.create(people.stan.user, **values)
    assert refusal.value.field == field
    assert audited() == []


def test_a_link_chooses_a_password_once_and_ends_sessions(people: People) -> None:
    stamp, secret = people.ana.user.session_stamp, browsers.open_session(people.ana.user)
    token = admin.make_password_link(people.stan.user, people.ana.id)
    assert token not in str([vars(row) for row in session.scalars(select(PasswordLink))])
    assert accounts.authenticate("ana", PASSWORD)
    with pytest.raises(Invalid):
        password_links.use(token, "short")
    assert password_links.use(token, NEW).session_stamp != stamp
    release()
    assert accounts.authenticate("ana", NEW) and not accounts.authenticate("ana", PASSWORD)
    with pytest.raises(Unauthenticated):
        accounts.user_of_token(secret)
    assert accounts.user_of_token(people.ana.token)
    with pytest.raises(NotFound):
        password_links.use(token, "another long secret")


def test_of_many_who_use_a_link_at_once_one_does(app: Flask, people: People) -> None:
    token = admin.make_password_link(people.stan.user, people.ana.id)
    outcomes = at_once(app, *(partial(password_links.use, token, f"password {number}") for number in range(5)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotFound"] * 4 + ["User"]
    invitation = invitations.create(people.stan.user, "Dora", 7)
    outcomes = at_once(app, *(partial(invitations.accept, invitation, f"d{number}", NEW) for number in range(5)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotFound"] * 4 + ["User"]


def test_only_the_newest_link_of_an_active_account_opens_until_it_expires(people: People) -> None:
    first = admin.make_password_link(people.stan.user, people.ana.id)
    second = admin.make_password_link(people.stan.user, people.ana.id)
    assert_spent(password_links.look_up, first)
    assert password_links.look_up(second).id == people.ana.id
    admin.disable(people.stan.user, people.ana.id)
    assert_spent(password_links.look_up, second)
    admin.enable(people.stan.user, people.ana.id)
    password_links.revoke(people.stan.user, people.ana.user)
    assert_spent(password_links.look_up, second)
    third = admin.make_password_link(people.stan.user, people.ana.id)
    with transaction():
        session.execute(update(PasswordLink).values(expires_at=now() - timedelta(seconds=1)))
    assert_spent(password_links.look_up, third)
    assert password_links.open_of(people.ana.user) is None
    assert password_links.delete_expired() == 1


def assert_spent(look_up: Callable[[str], object], token: str) -> None:
    with pytest.raises(NotFound):
        look_up(token)


def test_who_must_choose_another_password_is_signed_out(people: People) -> None:
    stamp = people.ana.user.session_stamp
    admin.require_new_password(people.stan.user, people.ana.id)
    assert people.ana.user.must_change_password and people.ana.user.session_stamp != stamp
    assert accounts.authenticate("ana", PASSWORD)
    nobody = accounts.create_with_hash("nora")
    with pytest.raises(Invalid):
        admin.require_new_password(people.stan.user, nobody.id)
    assert accounts.authenticate("nora", "") is None


def test_an_invitation_makes_one_account_with_its_role(people: People) -> None:
    token = invitations.create(people.stan.user, "  Dora  from sales ", 7, support=True)
    (invitation,) = invitations.every()
    assert (invitation.name, invitation.inviter_id) == ("Dora from sales", people.stan.id)
    assert token not in str(vars(invitation))
    for values in (("ANA", NEW), ("dora", "short"), ("d d", NEW)):
        with pytest.raises(Invalid):
            invitations.accept(token, *values)
    user = invitations.accept(token, "dora", NEW, full_name="Dora", email="d@corp-mail.eu")
    assert (user.is_staff, user.is_support) == (False, True)
    assert accounts.authenticate("dora", NEW)
    assert_spent(invitations.look_up, token)
    assert invitations.every() == []
    assert [event for event, _ in audited()] == ["invitation_created", "invitation_accepted"]


def test_an_invitation_ends_by_time_and_by_being_revoked(people: People) -> None:
    revoked, expired = (invitations.create(people.stan.user, name, 1) for name in ("a", "b"))
    invitations.revoke(people.stan.user, invitations.look_up(revoked).id)
    assert_spent(invitations.look_up, revoked)
    with pytest.raises(NotFound):
        invitations.revoke(people.stan.user, new_id())
    with transaction():
        session.execute(update(Invitation).values(expires_at=now() - timedelta(seconds=1)))
    assert_spent(invitations.look_up, expired)
    assert (invitations.every(), invitations.delete_expired()) == ([], 1)
    for name, days in ((" ", 7), ("x" * 256, 7), ("x", 2)):
        with pytest.raises(Invalid):
            invitations.create(people.stan.user, name, days)


def test_where_passwords_open_nothing_there_are_no_links(make_app: Callable[..., Flask]) -> None:
    make_app(password_sign_in=False, oidc_issuer="https://id.example.org", oidc_client_id="chat")
    admin_of_it = accounts.create_user("stan", PASSWORD, staff=True)
    for act in (
        partial(invitations.create, admin_of_it, "x", 7),
        partial(password_links.create, admin_of_it, admin_of_it),
    ):
        with pytest.raises(Forbidden):
            act()
    assert_spent(invitations.look_up, "x")
    assert_spent(password_links.look_up, "x")


def test_an_administrator_revokes_a_token_and_sets_limits_in_their_own_name(people: People) -> None:
    (token,) = tokens.of_user(people.ana.user)
    with pytest.raises(NotFound):
        admin.revoke_token(people.stan.user, people.ben.id, token.id)
    admin.revoke_token(people.stan.user, people.ana.id, token.id)
    quota_lists.change(people.stan.user, people.ana.id, {"daily": 5, "weekly": None})
    assert quotas.usage(people.ana.user)["daily"].limit == 5
    release()
    records = session.scalars(select(AuditRecord).order_by(AuditRecord.created)).all()
    assert {record.actor_id for record in records} == {people.stan.id}
    assert records[-1].details == {"daily": 5, "weekly": None}


def test_a_visit_is_remembered_but_not_every_one(people: People) -> None:
    accounts.user_of_token(people.ana.token)
    release()
    seen = people.ana.user.last_seen_at
    assert seen is not None
    accounts.note_visit(people.ana.user)
    assert people.ana.user.last_seen_at == seen
    with transaction():
        people.ana.user.last_seen_at = now() - timedelta(hours=1)
    accounts.note_visit(people.ana.user)
    release()
    later = people.ana.user.last_seen_at
    assert later is not None and later >= seen


def test_who_has_no_password_leaves_without_one(people: People) -> None:
    nora = accounts.create_with_hash("nora")
    with pytest.raises(ChatError):
        leaving.delete_own(nora, "ana", "")
    leaving.delete_own(nora, "nora", "")
    release()
    assert session.get(User, nora.id) is None


def test_operators_have_ways_in_on_the_command_line(app: Flask, people: People) -> None:
    run = app.test_cli_runner().invoke
    assert "staff" in run(args=["user", "role", "ana", "staff"]).output
    link = run(args=["user", "password-link", "ana"]).output.splitlines()[-1]
    release()
    assert people.ana.user.is_staff
    assert password_links.look_up(link.split("/")[2]).id == people.ana.id
    for wrong in (["user", "role", "nobody", "staff"], ["user", "password-link", "nobody"]):
        assert run(args=wrong).exit_code == 1
