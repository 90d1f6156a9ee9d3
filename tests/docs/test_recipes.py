"""The recipes work to the letter: all of them, carried out in one copy of the program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.samples import Sample, samples
from tests.servers import ROOT

RECIPES = sorted(f"docs/recipes/{path.name}" for path in (ROOT / "docs/recipes").glob("*.md"))
PLACES = re.compile(r"(?:# |\{# |--- )(chatapp/\S+)")
BEGIN = """
from chatapp import config, create_app
from chatapp.core import accounts
from chatapp.db import session, transaction
from chatapp.models import User

app = create_app()
with app.app_context(), transaction():
    user = User(username="ana", password_hash="-")
    session.add(user)
    session.flush()
    headers = {"Authorization": f"Token {accounts.create_token(user, 'recipes')}"}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "chatapp", folder / "chatapp", ignore=shutil.ignore_patterns("vendor", "__pycache__"))
    (folder / "chatapp/static/vendor").symlink_to(ROOT / "chatapp/static/vendor")
    return folder


def carry_out(sample: Sample, folder: Path) -> None:
    """A new file, or a change of one that is there."""
    path = folder / PLACES.match(sample.first_line)[1]
    if sample.language != "diff":
        assert not path.exists(), f"{sample}: {path} is there already"
        path.write_text(sample.text)
        return
    lines = sample.text.splitlines()[1:]
    before = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " -")
    after = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " +")
    text = path.read_text()
    assert text.count(before) == 1, f"{sample}: what is to be changed is {text.count(before)} times in {path.name}"
    path.write_text(text.replace(before, after))


def test_every_recipe_works_to_the_letter(copy: Path, migrated_sqlite: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "chatapp.db")
    tries = [BEGIN]
    for recipe in RECIPES:
        for sample in samples(recipe, "python", "html", "diff"):
            if sample.first_line.startswith("# try: "):
                tries.append(f"print({str(sample)!r})\n{sample.text}")
            else:
                carry_out(sample, copy)
    assert len(tries) == 1 + len(RECIPES) == 5, "every recipe ends with a try"
    environ = {"INSTANCE_PATH": str(tmp_path), "SECRET_KEY": "x", "LOG_LEVEL": "ERROR", "OFFLINE_PACE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(tries)], cwd=copy, env=os.environ | environ, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
