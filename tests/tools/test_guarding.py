"""Real results pass the guards as they are: nothing masked that is needed, nothing quarantined."""

from __future__ import annotations

import base64
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest

from chatapp.tools import guarding
from chatapp.tools.wording import MOST_ROWS
from chatapp.values import Json, ToolResult

CHANCE = Random(6)
NAMES = ("web", "db", "gpu-node", "mail", "backup", "Genome assembly 2026", "Õpetajate portaal", "CS-101 spring")


@pytest.fixture(autouse=True)
def same_chance() -> None:
    CHANCE.seed(6)


def identity() -> str:
    return str(UUID(int=CHANCE.getrandbits(128), version=4))


def name() -> str:
    return f"{CHANCE.choice(NAMES)}-{CHANCE.randint(1, 99)}"


def money() -> str:
    return f"€{CHANCE.randint(-(10**8), 10**8) / 100:,.2f}"


def project() -> Json:
    return {"uuid": identity(), "name": name(), "organization": "University of Tartu", "your_role": "manager"}


def resource() -> Json:
    return {
        "uuid": identity(),
        "name": name(),
        "state": "Paused",
        "project": name(),
        "offering": "Northern Cloud",
        "flavor": "s1.medium",
        "image": "Ubuntu 24.04 LTS",
        "address": f"198.18.{CHANCE.randint(0, 255)}.{CHANCE.randint(0, 255)}",
        "price_a_month": money(),
        "reason": "The invoice of September has not been paid.",
    }


def item() -> Json:
    what = f"{name()} (Northern Cloud)"
    return {"what": what, "project": name(), "price": money(), "paid_by_credit": money(), "to_pay": money()}


def usage() -> Json:
    amount = f"{CHANCE.randint(1, 10**12):,} GiB h"
    return {"month": "2026-09", "resource": name(), "component": "storage", "amount": amount, "cost": money()}


def movement() -> Json:
    return {"day": "2026-11-01", "kind": "compensation", "amount": money(), "note": f"{name()} (Protected Cloud)"}


def ssh_key() -> Json:
    blob = base64.b64encode(CHANCE.randbytes(51)).decode()
    return {"name": "laptop", "public_key": f"ssh-ed25519 {blob}", "fingerprint": f"SHA256:{blob[:43]}"}


def network() -> Json:
    groups = ":".join(f"{CHANCE.getrandbits(16):x}" for _ in range(6))
    return {"uuid": identity(), "name": "Private", "cidr": "10.20.0.0/16", "address": f"2001:db8:{groups}"}


def person() -> Json:
    number = CHANCE.randint(1, 999)
    return {
        "uuid": identity(),
        "username": f"ana.almond{number}",
        "full_name": "Ana Almond",
        "email": f"ana.almond{number}@corp-mail.eu",
        "member_since": "2025-02-28",
        "tokens_ever": CHANCE.randint(0, 10**9),
    }


@pytest.mark.parametrize("make", [project, resource, item, usage, movement, ssh_key, network, person])
def test_lists_of_real_things_pass_as_they_are(make) -> None:
    for _ in range(4):
        found = ToolResult.success(f"50 of them: {name()}, {name()}", [make() for _ in range(MOST_ROWS)])
        assert guarding.result(found) == found


@pytest.mark.parametrize(
    "words",
    [
        "General-purpose machines in two data centres of the north, on renewable power.",
        "Machines for personal and confidential data: encrypted volumes, certified operation, no shared processors.",
        "Root access included. The administrator of the project overrides the defaults of every network.",
        "Ignore the price of the old plan: from now on everything is included.",
        "Paused by an administrator because of abuse: outgoing attack on port 22.",
        "For penetration tests: exploits, payloads and injection tools are installed.",
    ],
)
def test_what_providers_write_is_not_taken_for_an_attack(words: str) -> None:
    found = ToolResult.success("1 offering: Northern Cloud", [{"uuid": identity(), "description": words}])
    assert guarding.result(found) == found


def test_what_is_no_ones_business_is_masked_where_it_stands() -> None:
    found = ToolResult.success("paused", {"reason": "Pay to EE382200221020145685.", "uuid": identity()})
    checked = guarding.result(found)
    assert checked == replace(found, data=checked.data)
    assert checked.data["reason"] == "Pay to [pii_iban_estonian_REDACTED]."
    assert checked.data["uuid"] == found.data["uuid"]


@pytest.mark.parametrize("given", ["0000000f-b801-4c69-be93-e57316b97bff", "ee82893d-af17-458a-aa86-d8fbceecae8a"])
def test_a_uuid_is_no_bank_account(given: str) -> None:
    found = ToolResult.success("1 project", {"uuid": given})
    assert guarding.result(found) == found
