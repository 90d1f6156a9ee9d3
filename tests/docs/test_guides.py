"""The samples of the guides are run, and print what the guides say."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise

import pytest
from flask import Flask

from tests.docs.samples import Sample, samples
from tests.people import People
from tests.servers import ROOT, missing, serving

INTEGRATOR = samples("docs/guides/integrator.md")
PROGRAMS = {
    "sh": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": ["node", "--input-type=module", "-e"],
}
PAGES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)\s#]+)")


def expected(text: str) -> re.Pattern[str]:
    """`...` is whatever stands there; on a line of its own, any number of lines."""
    return re.compile(".*".join(map(re.escape, text.strip().split("..."))), re.S)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_programs_of_the_integrator_guide_print_what_it_says(app: Flask, people: People) -> None:
    runnable = [sample for sample in INTEGRATOR if sample.language in PROGRAMS]
    assert {sample.language for sample in runnable} == set(PROGRAMS)
    told = {sample: said for sample, said in pairwise(INTEGRATOR) if said.language == "text"}
    with serving(app) as url:
        environ = os.environ | {"CHATAPP": url, "TOKEN": people.ana.token}
        for sample in runnable:
            program = PROGRAMS[sample.language]
            if not shutil.which(program[0]):
                missing(program[0], {"node": "nodejs"}.get(program[0], program[0]))
            done = subprocess.run([*program, sample.text], env=environ, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, f"{sample}: {done.stderr}"
            assert expected(told[sample].text).fullmatch(done.stdout.strip()), f"{sample}: {done.stdout}"


def commands(document: str) -> list[tuple[Sample, list[str]]]:
    """The commands of the application that a page tells its reader to type."""
    return [
        (sample, shlex.split(command, comments=True))
        for sample in samples(document, "console")
        for command in re.findall(r"^\$ (?:\.venv/bin/)?flask --app wsgi (.*)$", sample.text, re.M)
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("document", [page for page in PAGES if "guides/" in page])
def test_commands_of_the_guides_do_what_they_are_told(app: Flask, people: People, document: str, tmp_path) -> None:
    runner = app.test_cli_runner()
    for sample, words in commands(document):
        here = [word.replace("/backups/", f"{tmp_path}/") for word in words]
        result = runner.invoke(args=here, input="")
        assert result.exit_code == 0, f"{sample}: {words}: {result.output}"


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    broken = [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()]
    assert broken == []
