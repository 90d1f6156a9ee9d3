"""The npm packages of tests, in folders outside of the repository: `python -m tests.contract.packages`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests import servers

SOURCE = Path(__file__).parent / "ai_sdk"
PROVIDER = servers.ROOT / "tests" / "oidc" / "provider"
FILES = ("package.json", "package-lock.json")


def installed(source: Path = SOURCE) -> Path:
    """A folder with the `node_modules` that the lock file names. Skips the test where node is not installed."""
    if not (shutil.which("node") and shutil.which("npm")):
        servers.missing("node", "nodejs npm")
    folder = _cache() / hashlib.sha256(b"".join((source / name).read_bytes() for name in FILES)).hexdigest()[:16]
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copy(source / name, folder)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True)
        (folder / "complete").touch()
    return folder


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "chatapp-tests"


if __name__ == "__main__":
    for source in (SOURCE, PROVIDER):
        print(installed(source))
