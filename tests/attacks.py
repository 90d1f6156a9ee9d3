"""The attacks of attacks.txt. Each would set `window.pwned`, or ask evil.example for something."""

from __future__ import annotations

from pathlib import Path


def _read() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    section: list[str] = []
    for line in Path(__file__).with_name("attacks.txt").read_text().splitlines()[1:]:
        if line.startswith("[") and line.endswith("]") and line[1:-1].isalpha():
            section = found.setdefault(line[1:-1], [])
        elif line:
            section.append(line.replace("%N%", "\n"))
    return found


BY_KIND = _read()
DIAGRAMS = BY_KIND["mermaid"]
TEXTS = [text for kind, texts in BY_KIND.items() if kind != "mermaid" for text in texts]
ALL = TEXTS + [f"```mermaid\n{source}\n```" for source in DIAGRAMS]
