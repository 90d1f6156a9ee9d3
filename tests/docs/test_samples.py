"""Every sample of every document is carried out, by the rule that the table has for it.

What a test machine cannot run is checked as far as that goes: `LOOKED_AT` of programs.py says what, and why.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from pkgutil import resolve_name
from urllib.request import urlopen

import click
import pytest
from flask import Flask

from chatapp import config
from chatapp.config import Settings
from tests import people
from tests.conftest import FAST, running
from tests.docs.programs import LOOKED_AT, Call, make, python, standing_in
from tests.docs.samples import FENCE_LINE, Sample, documents, samples, spans
from tests.servers import ROOT, missing, serving
from tests.test_deploy import is_setting

LABELLED = ROOT / "tests/guards/data"
HERE, ELSEWHERE = "http://127.0.0.1:8000", "https://chat.example.org"
PROGRAMS = {
    "sh": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": ["node", "--input-type=module", "-e"],
}
ASSIGNED = re.compile(r"(?:^|(?<=\s))([A-Z][A-Z0-9_]+)=(\"[^\"]*\"|[^\s\"]*)")
# Those of the samples themselves, and of the programs that they call.
OTHERS = {"CHATAPP", "TOKEN", "THREAD"}


@dataclass(frozen=True)
class Site:
    """Where the samples are carried out: a site with people, and a folder as the repository looks from a console."""

    app: Flask
    url: str
    folder: Path
    environ: dict[str, str]

    def run(self, command: list[str], **environ: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout.strip()


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        # The last one is that of the context.
        empty, app = (
            stack.enter_context(running(installed(migrated_sqlite, tmp_path_factory.mktemp(name)))) for name in "ab"
        )
        folder = tmp_path_factory.mktemp("repository")
        for path in ROOT.iterdir():
            if path.name not in ("deploy", ".venv", "instance"):
                (folder / path.name).symlink_to(path)
        shutil.copytree(ROOT / "deploy", folder / "deploy")
        (folder / "backups").mkdir()
        token = people.settle().ana.token
        headers = {"Authorization": f"Token {token}"}
        thread = app.test_client().post("/api/v1/chat/threads", json={}, headers=headers).json["id"]
        programs = stack.enter_context(standing_in(folder / ".programs", LOOKED_AT | {"flask": flask(app, empty)}))
        curl = f'exec {shutil.which("curl")} --silent --fail-with-body "$@"'
        (folder / ".programs/curl").write_text(f"#!/bin/sh\n{curl}\n")
        (folder / ".programs/curl").chmod(0o755)
        (folder / ".venv").mkdir()
        (folder / ".venv/bin").symlink_to(folder / ".programs")
        url = stack.enter_context(serving(app))
        yield Site(app, url, folder, {"CHATAPP": url, "TOKEN": token, "THREAD": thread, **programs})


def installed(database: Path, folder: Path) -> Settings:
    shutil.copy(database, folder / "chatapp.db")
    own = {"instance_path": str(folder), "database_url": f"sqlite:///{folder}/chatapp.db", "secret_key": ""}
    return replace(Settings(), **(FAST | own))


def flask(app: Flask, empty: Flask) -> Callable[[Call], str]:
    """The commands of the application, in this process. A backup is restored where nobody is."""
    app.test_cli_runner().invoke(args=["user", "create", "ada", "--password", people.PASSWORD, "--staff"])

    def call_flask(call: Call) -> str:
        option, module, *words = call.words
        assert (option, module) == ("--app", "wsgi")
        with contextlib.chdir(call.folder):
            runner = (empty if words[0] == "restore" else app).test_cli_runner()
            result = runner.invoke(args=words, input=call.input)
        assert result.exit_code == 0, result.output
        return result.output

    return call_flask


# --- The rules ------------------------------------------------------------------------------------------------------


def typed(sample: Sample, site: Site) -> None:
    """Typed in a shell; it prints what the sample shows, numbers aside."""
    settings_exist(sample.typed)
    places = {HERE: site.url, "/backups/": f"{site.folder}/backups/", "FOLDER": str(LABELLED)}
    script, told = sample.typed, sample.printed
    for before, after in places.items():
        script, told = script.replace(before, after), told.replace(before, after)
    printed = site.run([*PROGRAMS["sh"], script], PATH=site.environ["PATH"])
    assert not told or re.fullmatch(re.sub(r"\d+", r"\\d+", pattern(told)), printed, re.S), printed


def run(sample: Sample, site: Site) -> None:
    """A program; it prints the `text` behind it."""
    told = next(s for s in samples(sample.document) if s.line > sample.line)
    assert told.language == "text", f"{told}: {sample} prints something"
    command = PROGRAMS[sample.language]
    if not shutil.which(command[0]):
        missing(command[0], {"node": "nodejs"}.get(command[0], command[0]))
    printed = site.run([*command, sample.text], PATH=os.environ["PATH"])
    assert re.fullmatch(pattern(told.text), printed, re.S), printed


def printed_by_another(sample: Sample, site: Site) -> None:
    before = [s for s in samples(sample.document) if s.line < sample.line]
    assert before[-1].language in PROGRAMS


def recipe(sample: Sample, site: Site) -> None:
    """Carried out by test_recipes.py, all in one copy of the program."""
    assert (ROOT / "tests/docs/test_recipes.py").exists()


def element(sample: Sample, site: Site) -> None:
    """Of a page: what it loads is served."""
    addresses = re.findall(rf'"{ELSEWHERE}(/[^"]*)"', sample.text)
    assert addresses
    for address in addresses:
        with urlopen(f"{site.url}{address}") as found:
            assert found.read()  # all of it: the server of these tests leaves a file open when its reader hangs up


def settings(sample: Sample, site: Site) -> None:
    settings_exist(sample.text)


def picture(sample: Sample, site: Site) -> None:
    """Its names are those of modules and verbs."""
    names = set(re.findall(r"\b(?:web|core|stream)\.[a-z_0-9.]*\w", sample.text))
    assert len(names) >= 5
    for name in names:
        resolve_name(f"chatapp.{name}")


RULES: list[tuple[str, str, Callable[[Sample, Site], None]]] = [
    ("docs/recipes/*", "python", recipe),
    ("docs/recipes/*", "html", recipe),
    ("docs/recipes/*", "diff", recipe),
    ("*", "console", typed),
    ("*", "sh", run),
    ("*", "python", run),
    ("*", "javascript", run),
    ("*", "text", printed_by_another),
    ("*", "html", element),
    ("*", "ini", settings),
    ("ARCHITECTURE.md", "", picture),
]


def rule(sample: Sample) -> Callable[[Sample, Site], None]:
    found = [rule for place, word, rule in RULES if fnmatch(sample.document, place) and sample.language == word]
    assert found, f"{sample}: nothing carries out a sample of the language {sample.language!r}"
    return found[0]


def pattern(text: str) -> str:
    """`...` is whatever stands there; on a line of its own, any number of lines."""
    return ".*".join(map(re.escape, text.strip().split("...")))


def settings_exist(text: str) -> None:
    """What is assigned are settings, with values that they take."""
    given = {name: value.strip('"') for name, value in ASSIGNED.findall(text) if name not in OTHERS}
    assert [name for name in given if not is_setting(name)] == []
    config.load({name: value for name, value in given.items() if not name.endswith("_FILE")})


# --- The tests ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [name for name in documents() if samples(name)])
def test_samples_do_what_they_say(site: Site, document: str) -> None:
    for sample in samples(document):
        try:
            rule(sample)(sample, site)
        except AssertionError as error:
            error.add_note(str(sample))
            raise


def test_no_sample_is_overlooked() -> None:
    """Fences that the collector does not read as samples would be carried out by nobody."""
    for document in documents():
        assert len(FENCE_LINE.findall((ROOT / document).read_text())) == 2 * len(samples(document)), document


@pytest.mark.parametrize("document", [name for name in documents() if spans(name)])
def test_commands_and_settings_in_running_text_exist(site: Site, document: str) -> None:
    for span in (span.replace("FOLDER", str(LABELLED)) for span in spans(document)):
        assigned = ASSIGNED.match(span)
        if assigned and not document.startswith("docs/recipes/"):  # a recipe makes its own
            settings_exist(span)
        words = shlex.split(re.sub(r"[\[\]]|\.venv/bin/", "", ASSIGNED.sub("", span))) if "'" not in span else []
        match words:
            case ["flask", *rest] if rest:
                command_exists(site.app, rest[2:] if rest[0] == "--app" else rest)
            case ["make", _] | ["python", "-m", *_]:
                {"make": make, "python": python}[words[0]](Call(words[0], words[1:], "", ""))


def command_exists(app: Flask, words: list[str]) -> None:
    """With these options; what it has to be told besides may be left out."""
    context, command = click.Context(app.cli), app.cli
    while isinstance(command, click.Group) and words:
        command = command.get_command(context, words.pop(0))
        assert command, "there is no such command"
    with contextlib.suppress(click.MissingParameter, click.BadOptionUsage):
        command.make_context(command.name, words) if words else None
