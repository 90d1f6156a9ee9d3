"""What the windows of a test complain about."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page


class Console:
    """Errors of scripts, violations of the content security policy, failed requests. `expected` are parts of texts."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()

    def watch(self, page: Page) -> None:
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def surprises(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in self.expected)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)
