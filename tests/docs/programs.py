"""Programs that samples call and that a test cannot run as they are: what is looked at in place of running them.

Each raises `AssertionError` for a call that would not work, and gives what the call prints.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.servers import ROOT, missing

CHART = yaml.safe_load((ROOT / "deploy/helm/chatapp/values.yaml").read_text())
TODAY = "2026-11-22"
MCP = """
import asyncio, runpy, sys
from mcp.server.mcpserver import MCPServer
MCPServer.run = lambda self, transport: print(*(tool.name for tool in asyncio.run(self.list_tools())))
runpy.run_path(sys.argv[1])
"""


@dataclass(frozen=True)
class Call:
    name: str
    words: list[str]
    folder: str
    input: str


Program = Callable[[Call], str]


def make(call: Call) -> str:
    """Targets install, serve and test for minutes: that they are there is what can be seen quickly."""
    done = subprocess.run(["make", "--dry-run", *call.words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert call.words and done.returncode == 0, done.stderr
    return ""


def systemctl(call: Call) -> str:
    """Needs root, and a machine that systemd runs. The unit itself: tests/test_deploy.py."""
    verb, unit = call.words
    assert verb in ("start", "stop", "restart") and (ROOT / f"deploy/{unit}.service").exists()
    return ""


def docker(call: Call) -> str:
    """There is no Docker. The files that compose reads are there.

    It mounts them as they are: the user of the containers is another one, so only their folder keeps others out.
    """
    assert call.words == ["compose", "up", "--build"]
    compose = yaml.safe_load(Path(call.folder, "compose.yaml").read_text())
    for name, secret in compose["secrets"].items():
        path = Path(call.folder, secret["file"])
        assert path.stat().st_mode & 0o004, f"containers cannot read the secret {name}"
        assert path.parent.stat().st_mode & 0o077 == 0, "everybody reads the secrets"
    return ""


def kubectl(call: Call) -> str:
    """There is no Kubernetes. The secret has the keys that the chart reads."""
    *verb, name = call.words[:4]
    literals = [word.removeprefix("--from-literal=").partition("=")[0] for word in call.words[4:]]
    assert (verb, name) == (["create", "secret", "generic"], CHART["secret"]["name"])
    assert sorted(literals) == sorted(CHART["secret"]["settings"].values())
    return ""


def helm(call: Call) -> str:
    """There is no Kubernetes. Helm's own renderer takes the chart with these values."""
    try:
        from helm_python import chart
    except ImportError:
        missing("Helm's renderer", "(pip install) helm-python-sdk")
    verb, release, place, *more = call.words
    assert verb == "install" and set(more[::2]) == {"--set"}
    values: dict[str, Any] = {}
    for path, _, value in (word.partition("=") for word in more[1::2]):
        *parents, last = path.split(".")
        inner = values
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[last] = value == "true" if value in ("true", "false") else value
    with chart.Chart.load(Path(call.folder, place)) as loaded:
        loaded.validate_schema(values)
        rendered = loaded.render(values, name=release, namespace="chat")
    written = "".join(rendered.values())
    assert all(word.partition("=")[2] in written for word in more[1::2] if not word.endswith("=true"))
    return ""


def git(call: Call) -> str:
    """It would change the working copy."""
    assert call.words == ["pull"]
    return ""


def pip(call: Call) -> str:
    """It would change the environment. The version is the one that tests use."""
    verb, package = call.words
    assert verb == "install" and re.search(
        rf"^{re.escape(package)} ", (ROOT / "requirements-dev.txt").read_text(), re.M
    )
    return ""


def date(call: Call) -> str:
    """Another day comes every day."""
    assert call.words == ["+%F"]
    return f"{TODAY}\n"


def python(call: Call) -> str:
    """Modules of bench/ run for minutes: they are there. A server of MCP would serve for ever: it has its tools."""
    if call.words[0] == "-m":
        assert importlib.util.find_spec(call.words[1]), f"there is no module {call.words[1]}"
        return ""
    command = [sys.executable, "-c", MCP, *call.words]
    done = subprocess.run(command, cwd=call.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.strip(), done.stderr
    return ""


LOOKED_AT: dict[str, Program] = {
    program.__name__: program for program in (make, systemctl, docker, kubectl, helm, git, pip, date, python)
}


@contextlib.contextmanager
def standing_in(folder: Path, programs: dict[str, Program]) -> Iterator[dict[str, str]]:
    """The environment in which these take the place of the programs of their names."""
    folder.mkdir()
    for name in programs:
        path = folder / name
        path.write_text(f"#!{sys.executable} -IS\n{(Path(__file__).parent / 'stand_in.py').read_text()}")
        path.chmod(0o755)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            call = Call(**json.loads(self.rfile.read()))
            try:
                answer = {"output": programs[call.name](call), "status": 0}
            except (AssertionError, OSError, ValueError) as error:
                answer = {"output": f"{call.name} {call.words}: {error}\n", "status": 1}
            self.wfile.write(json.dumps(answer).encode())

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield {"PATH": f"{folder}:{os.environ['PATH']}", "STAND_IN": str(server.server_address[1])}
        finally:
            server.shutdown()
            thread.join(10)
