"""What operators copy: every setting in it exists, every program that reads it accepts it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from chatapp.config import Settings
from tests.servers import AppServer, free_port, missing, wait_until

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
NAMES = {spec.name.upper() for spec in fields(Settings)}


def is_setting(name: str) -> bool:
    return name.removesuffix("_FILE") in NAMES


@pytest.fixture
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_hosts_are_configured_with_settings_that_exist(compose: dict[str, Any]) -> None:
    one, two = (compose["services"][name] for name in ("one", "two"))
    assert one == two
    assert one["environment"] and all(map(is_setting, one["environment"]))
    used = {Path(value).name for name, value in one["environment"].items() if name.endswith("_FILE")}
    assert used == set(one["secrets"]) <= set(compose["secrets"])
    assert one["read_only"] and one["cap_drop"] == ["ALL"]
    grace = int(one["stop_grace_period"].removesuffix("s"))
    assert grace > Settings().shutdown_grace + 10, "containers are killed while answers may still finish"


def test_the_image_is_made_of_what_is_there_and_runs_as_nobody_in_particular(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = re.findall(r"^COPY --from=build /app/(\S+)", text, re.M)
    assert {"wsgi.py", "chatapp", "migrations", "gunicorn.conf.py"} == set(copied)
    assert all((DEPLOY.parent / name).exists() for name in copied)
    assert re.search(r"^USER (?!root)", text, re.M)
    # Docker gives a new volume the owner of the folder that it covers, and root where there is none.
    owned = re.search(r"install --directory --owner chatapp .* --mode 700 (.*)", text)[1].split()
    assert {volume.partition(":")[2] for volume in compose["services"]["one"]["volumes"]} < set(owned)
    assert re.search(r"^HEALTHCHECK [^$]*:\$PORT/healthz", text, re.M), "it asks at the port of the settings"
    assert {"HOST", "PORT", "INSTANCE_PATH"} <= NAMES


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze") or missing("systemd-analyze", "systemd")
    text = (DEPLOY / "chatapp.service").read_text()
    assert all(is_setting(name) for name in re.findall(r"^Environment=(\w+)=", text, re.M))
    unit = tmp_path / "chatapp.service"
    unit.write_text(re.sub(r"/opt/chatapp/\.venv/bin/\w+", "/bin/true", text))
    done = subprocess.run([program, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "chatapp" in line]) == (0, [])


@pytest.fixture
def behind_nginx(migrated_sqlite: Path, tmp_path: Path) -> Iterator[str]:
    """A server behind nginx with the configuration that operators copy."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or missing("nginx", "nginx-light")
    shutil.copy(migrated_sqlite, tmp_path / "chatapp.db")
    server = AppServer(
        {"INSTANCE_PATH": str(tmp_path), "SECRET_KEY": "x", "TRUSTED_PROXIES": "1", "OFFLINE_TICK": "0.1"}
    )
    port = free_port()
    site = (DEPLOY / "nginx.conf").read_text().replace("listen 8000", f"listen 127.0.0.1:{port}")
    site = site.replace("server two:8000", "# server two:8000").replace("one:8000", f"127.0.0.1:{server.port}")
    paths = " ".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"pid {tmp_path}/pid; daemon off; error_log stderr; events {{}} http {{ access_log off; {paths}\n{site}}}"
    )
    server.flask("user", "create", "ana", "--password", "correct horse battery")
    server.start()
    nginx = subprocess.Popen([program, "-p", str(tmp_path), "-c", str(config)], stderr=subprocess.PIPE)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: nginx.poll() is not None or _answers(address))
        assert nginx.poll() is None, nginx.stderr and nginx.stderr.read().decode()
        yield f"{address} {server.flask('token', 'create', 'ana').split()[-1]}"
    finally:
        nginx.terminate()
        nginx.communicate(timeout=10)
        server.kill()


def test_nginx_passes_answers_on_while_they_are_written(behind_nginx: str) -> None:
    address, token = behind_nginx.split()
    headers = {"Authorization": f"Token {token}"}
    with httpx.stream("POST", f"{address}/api/chat/stream/", json={"input": "/slow 30"}, headers=headers) as response:
        assert response.status_code == 200
        arrived = [line for line in response.iter_raw() if line]
    assert len(arrived) > 5, "the answer was gathered on the way"
    listing = httpx.get(f"{address}/api/chat-threads/?page_size=1", headers=headers)
    assert listing.status_code == 200
    assert f"{address}/" in listing.headers.get("Link", f"{address}/"), "addresses are those of the proxy"


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz").status_code == 200
    except httpx.TransportError:
        return False
