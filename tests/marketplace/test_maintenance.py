"""Staff keep the marketplace by forms and by files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import chatapp.marketplace
from chatapp.db import session
from chatapp.errors import BadFile, BadValues, Forbidden, InUse, Invalid, NotFound
from chatapp.market import Component
from chatapp.marketplace import catalogue, maintenance, organizations, ssh_keys, yaml_files
from chatapp.marketplace.maintenance import KINDS
from chatapp.models import AuditRecord, Network, Offering, SshKey, User
from tests.marketplace.cloud import Cloud
from tests.marketplace.test_orders import ED25519

SAMPLE = (Path(chatapp.marketplace.__file__).parent / "sample" / "catalogue.yaml").read_text()
FLAVOR = {"slug": "tiny", "name": "Tiny", "cores": "1", "ram": "512", "disk": "1024", "price": "1.05"}


@pytest.fixture
def stan(cloud: Cloud) -> User:
    return cloud.people.stan.user


def faults(staff: User, text: str) -> list[str]:
    with pytest.raises(BadFile) as refused:
        yaml_files.load(staff, text)
    return list(refused.value.faults)


def wrong(staff: User, word: str, /, **form: Any) -> set[str]:
    with pytest.raises(BadValues) as refused:
        maintenance.create(staff, KINDS[word], form)
    return set(refused.value.errors)


def test_a_flavor_is_made_changed_and_deleted(cloud: Cloud, stan: User) -> None:
    flavor = maintenance.create(stan, KINDS["flavor"], FLAVOR, cloud.machines)
    assert flavor.price == 105
    assert maintenance.as_form(KINDS["flavor"], flavor)["price"] == "1.05"
    maintenance.change(stan, KINDS["flavor"], flavor.id, FLAVOR | {"cores": "2"})
    assert [f.cores for f in catalogue.flavors(cloud.machines)] == [1, 2, 8]
    maintenance.delete(stan, KINDS["flavor"], flavor.id)
    with pytest.raises(NotFound):
        maintenance.get(stan, KINDS["flavor"], flavor.id)
    events = session.scalars(select(AuditRecord.event).where(AuditRecord.object_id == flavor.id)).all()
    assert sorted(events) == ["flavor_changed", "flavor_created", "flavor_deleted"]


def test_what_is_wrong_is_said_by_field(cloud: Cloud, stan: User) -> None:
    assert wrong(stan, "category") == {"slug", "name"}
    assert wrong(stan, "category", slug="A b", name="x") == {"slug"}
    assert wrong(stan, "category", slug="compute", name="taken") == {"slug"}
    assert wrong(stan, "category", slug="x", name="x", other="1") == {"other"}
    bad = {"slug": "x", "name": "x", "kind": "ship", "price": "1.005", "features": "no colon", "driver": "none"}
    assert wrong(stan, "offering", **bad) == {"kind", "price", "features", "driver"}
    for price in ("-1", "NaN", "inf", "abc", "1e20"):
        assert wrong(stan, "flavor", **FLAVOR | {"price": price}) == {"price"}
    assert wrong(stan, "network", slug="x", name="x", cidr="10.0.0.1/8") == {"cidr"}


def test_what_others_need_is_kept(cloud: Cloud, stan: User) -> None:
    cloud.order()
    for word, identity in (
        ("category", cloud.category),
        ("offering", cloud.machines),
        ("project", cloud.web),
        ("organization", cloud.acme),
    ):
        with pytest.raises(InUse):
            maintenance.delete(stan, KINDS[word], identity)
    assert maintenance.get(stan, KINDS["category"], cloud.category)


def test_an_offering_has_one_default_network(cloud: Cloud, stan: User) -> None:
    form = {"slug": "private", "name": "Private", "is_default": "true"}
    maintenance.create(stan, KINDS["network"], form, cloud.machines)
    defaults = session.scalars(select(Network.slug).where(Network.is_default)).all()
    assert defaults == ["private"]


def test_a_quota_says_what_is_used_of_it(cloud: Cloud, stan: User) -> None:
    cloud.order()
    organizations.set_quota(stan, cloud.web, Component.CORES, 3)
    cores = organizations.quota(stan, cloud.web)[0]
    assert (cores.used, cores.most, cores.left) == (1, 3, 2)
    with pytest.raises(Invalid):
        organizations.set_quota(stan, cloud.web, Component.CORES, -1)


def test_a_member_who_is_added_again_changes_the_role(cloud: Cloud, stan: User) -> None:
    organizations.add_member(stan, "BEN", "admin", project_id=cloud.web)
    roles = {m.user.username: m.role for m in organizations.members(stan, project_id=cloud.web)}
    assert roles == {"ana": "manager", "ben": "admin"}
    with pytest.raises(Invalid):
        organizations.add_member(stan, "nobody", "admin", project_id=cloud.web)


def test_the_sample_catalogue_is_imported_once_and_exported_again(cloud: Cloud, stan: User) -> None:
    first = yaml_files.load(stan, SAMPLE)
    assert first.counts["created"] > 40
    assert first.counts["changed"] == 0
    exported = yaml_files.dump(cloud.people.sue.user)
    for text in (SAMPLE, exported):
        again = yaml_files.load(stan, text)
        assert again.counts["created"] == again.counts["changed"] == 0
    assert yaml_files.dump(stan) == exported
    web_shop = organizations.find_project(stan, "web-shop")
    assert [view.most for view in organizations.quota(stan, web_shop.id)] == [32, 65536, 1048576]


def test_a_changed_file_changes_what_it_names_and_nothing_else(cloud: Cloud, stan: User) -> None:
    text = yaml_files.dump(stan).replace("name: Backup", "name: Backup and more")
    assert str(yaml_files.load(stan, text)).startswith("0 created, 1 changed")
    assert session.scalars(select(Offering.name).order_by(Offering.name)).all() == [
        "Backup and more",
        "Machines",
        "Soon",
    ]
    yaml_files.load(stan, "offerings: []")
    assert session.scalar(select(func.count()).select_from(Offering)) == 3


def test_a_fault_is_told_with_its_line_and_nothing_is_stored(cloud: Cloud, stan: User) -> None:
    text = "categories:\n  - slug: new\n    name: New\n  - slug: Bad One\n    name: x\n    size: 3\n"
    told = faults(stan, text)
    assert told[0].startswith("line 4, categories[1].slug: Small letters")
    assert told[1].startswith("line 6, categories[1].size: ")
    assert faults(stan, "categories:\n  - slug: a\n")[0].startswith("line 2, categories[0].name: ")
    assert faults(stan, "offerings:\n  - {slug: a, name: A, category: none}\n") == [
        "offerings: there is no category none."
    ]
    twice = "categories:\n  - {slug: a, name: A}\n  - {slug: a, name: B}\n"
    assert faults(stan, twice) == ["line 3, categories[1].slug: a is there twice."]
    assert (
        "belongs to another"
        in faults(stan, "organizations:\n  - {slug: other, name: O, projects: [{slug: web, name: W}]}\n")[0]
    )
    assert [category.slug for category, _ in catalogue.categories(stan)] == ["compute"]


NO_FILES = ("[1, 2]", "x", "categories: 3", "a: [", "a: &a 1\nb: *a", "!!python/object:os.system {}", "[" * 5000)


def test_what_is_no_such_file_is_refused(cloud: Cloud, stan: User) -> None:
    for text in (*NO_FILES, "\x00", "?"):
        assert faults(stan, text)
    assert faults(stan, "#" * 2_000_000) == ["The file is longer than 1000000 characters."]


def test_files_are_for_staff_and_exports_for_support_too(cloud: Cloud) -> None:
    for person in (cloud.people.ana, cloud.people.sue):
        with pytest.raises(Forbidden):
            yaml_files.load(person.user, "categories: []")
    with pytest.raises(Forbidden):
        yaml_files.dump(cloud.people.ana.user)


def test_ones_own_keys_are_kept_and_removed(cloud: Cloud) -> None:
    ana, ben = cloud.people.ana.user, cloud.people.ben.user
    key = ssh_keys.add(ana, "", ED25519)
    assert (key.name, key.kind) == ("ana@laptop", "ssh-ed25519")
    assert key.fingerprint.startswith("SHA256:")
    with pytest.raises(Invalid):
        ssh_keys.add(ana, "again", ED25519)
    ssh_keys.add(ben, "same key, other person", ED25519)
    with pytest.raises(NotFound):
        ssh_keys.remove(ben, key.id)
    ssh_keys.remove(ana, key.id)
    assert ssh_keys.of_user(ana) == []
    assert session.scalar(select(func.count()).select_from(SshKey)) == 1
    for line in (
        "",
        "ssh-ed25519",
        "ssh-ed25519 !!!",
        "ssh-dss AAAA",
        "ssh-rsa " + ED25519.split()[1],
        ED25519[:60],
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQDMbt/X short",
    ):
        with pytest.raises(Invalid):
            ssh_keys.add(ana, "k", line)
