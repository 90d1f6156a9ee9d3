"""The provider as a server of its own, and the part of a browser that visits it."""

from __future__ import annotations

import http.cookiejar
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.contract import packages
from tests.servers import free_port, wait_until
from tests.web.pages.visitor import Visitor

# For what no database decides: once is enough.
ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECRET = "a client's secret: 100% of it"
SCRIPT = Path(__file__).parent / "provider" / "provider.mjs"
GO, BACK = "/sign-in/provider/", "/sign-in/provider/back/"


class Provider:
    """Who signs in there next, and how it lies, is what was wished last."""

    def __init__(self, site: str = "http://localhost") -> None:
        self.site, self.port = site, free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.log = Path(tempfile.mkstemp(prefix="chatapp-provider-")[1])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Provider:
        """With new keys."""
        command = ["node", SCRIPT, str(self.port), f"{self.site}{BACK}", f"{self.site}/sign-in/"]
        folder = packages.installed(packages.PROVIDER)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            wait_until(self._answers, timeout=30)
        except AssertionError:
            raise AssertionError(self.log.read_text()) from None
        return self

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(10)

    def wish(self, sub: str = "ana-1", *, refusal: str = "", lie: Any = None, **claims: Any) -> list[str]:
        """What was asked of it since the last wish."""
        body = orjson.dumps({"sub": sub, "claims": claims, "lie": lie or {}, "refusal": refusal})
        with urllib.request.urlopen(f"{self.issuer}/wish", body, timeout=10) as response:
            asked: list[str] = orjson.loads(response.read())
        return asked

    def visit(self, address: str) -> str:
        """Where a browser without cookies of the provider ends: back at the site, or on a page that it shows."""
        stay = _StopAt(self.site)
        opener = urllib.request.build_opener(
            stay, urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        with suppress(urllib.error.HTTPError):
            return str(opener.open(address, timeout=10).read().decode())
        assert stay.reached, address
        return stay.reached

    def _answers(self) -> bool:
        try:
            self.wish()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


class _StopAt(urllib.request.HTTPRedirectHandler):
    def __init__(self, site: str) -> None:
        self.site, self.reached = site, ""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str) -> Any:
        if newurl.startswith(self.site):
            self.reached = newurl
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def way_back(provider: Provider, browser: Visitor, go: str = GO) -> str:
    """The path that the provider sends the browser back to, with what it adds."""
    back = urllib.parse.urlsplit(provider.visit(str(browser.get(go).location)))
    return f"{back.path}?{back.query}"
