"""The picture of the README: python -m tests.browser.picture, after a change of how the chat looks.

A conversation with prose, code, a table and a diagram, as the real server shows it when a model writes that.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask_migrate import upgrade
from playwright.sync_api import expect, sync_playwright

from bench.messages_script import Script
from bench.messages_server import MessagesServer
from chatapp import config
from tests.browser.chat import Chat
from tests.browser.conftest import CALM, CHROMIUM, settled
from tests.conftest import MIGRATIONS, running
from tests.servers import ROOT, AppServer

PICTURE = ROOT / "docs" / "img" / "chat.png"
SIZE = {"width": 1280, "height": 1000}
EARLIER = ("Restore last night's snapshot", "Budget of the second quarter")
QUESTION = "How do I check which of my services are down?"
ANSWER = """Ask each host for its **failed units** and look at the first lines of their logs:

```python
def failed(host):
    units = run(host, "systemctl --failed --plain --no-legend")
    return [line.split()[0] for line in units.splitlines()]
```

| Host | Failed | Since |
|---|--:|---|
| alpha | 0 | |
| beta | 2 | 03:12 |

What to do next depends on what you find:

```mermaid
graph LR
A[Read the log] --> B{Known?}
B -->|yes| C[Restart]
B -->|no| D[Ask the owner]
```
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environ = {"INSTANCE_PATH": folder, "SECRET_KEY": "picture"}
        with running(config.load(environ)):
            upgrade(MIGRATIONS)
        with MessagesServer() as service:
            model = {"PROVIDER": "anthropic", "ANTHROPIC_API_KEY": "key", "ANTHROPIC_BASE_URL": service.url}
            server = settled(AppServer(environ | model).start())
            try:
                take(server, service, PICTURE)
            finally:
                server.kill()


def take(server: AppServer, service: MessagesServer, picture: Path) -> None:
    """A question and its answer, with other conversations beside them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=server.url, viewport=SIZE, **CALM)
        chat = Chat(page).sign_in("ana")
        for question in EARLIER:
            service.title = Script(text=question)
            chat.send(question).ended()
            chat.open()
        service.title, service.scripts = Script(text="Services that are down"), [Script(text=ANSWER)]
        chat.send(QUESTION).ended()
        expect(page.locator("mermaid-diagram iframe[data-drawn]")).to_be_visible()
        page.locator("#composer-text").blur()
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main()
