"""The stylesheet for highlighted code, in light and dark.

python -m chatapp.web.render.stylesheet > chatapp/static/css/code.css
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pygments.styles import get_style_by_name
from pygments.token import STANDARD_TYPES

_THEMES = {"light": ("default", "#f6f8fa", "#1f2328"), "dark": ("github-dark", "#161b22", "#e6edf3")}
_CONTRAST = 4.6  # WCAG AA asks for 4.5


def stylesheet() -> str:
    """CSS for both themes. Every colour is moved towards the text's until it is legible on the background."""
    light, dark = _rules("light", ":root"), _rules("dark", ":root:not([data-theme=light])")
    media = "\n".join("  " + line for line in dark)
    parts = [
        "/* Generated: python -m chatapp.web.render.stylesheet > chatapp/static/css/code.css */",
        *light,
        f"@media (prefers-color-scheme: dark) {{\n{media}\n}}",
        *_rules("dark", "[data-theme=dark]"),
    ]
    return "\n".join(parts) + "\n"


def _rules(theme: str, scope: str) -> list[str]:
    style, background, text = _THEMES[theme]
    looks: dict[str, list[str]] = {}
    for name, look in _looks(style, background, text):
        looks.setdefault(look, []).append(f"{scope} .block-code .{name}")
    plain = f"{scope} .block-code pre {{ background: {background}; color: {text}; }}"
    return [plain, *(f"{', '.join(selectors)} {{ {look} }}" for look, selectors in looks.items())]


def _looks(style: str, background: str, text: str) -> Iterator[tuple[str, str]]:
    """Class names and their declarations."""
    for token, look in sorted(get_style_by_name(style), key=lambda pair: str(pair[0])):
        name = STANDARD_TYPES.get(token)
        if not name or not (look["color"] or look["bold"] or look["italic"]):
            continue
        weight = " font-weight: 600;" if look["bold"] else ""
        slope = " font-style: italic;" if look["italic"] else ""
        yield name, f"color: {_legible('#' + (look['color'] or text[1:]), background, text)};{weight}{slope}"


def _legible(colour: str, background: str, text: str) -> str:
    for step in range(21):
        mixed = "#" + "".join(
            f"{round(a + (b - a) * step / 20):02x}" for a, b in zip(_rgb(colour), _rgb(text), strict=True)
        )
        if contrast(mixed, background) >= _CONTRAST:
            return mixed
    return text


def contrast(one: str, two: str) -> float:
    """The contrast ratio of two colours as WCAG defines it."""
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _rgb(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


if __name__ == "__main__":
    sys.stdout.write(stylesheet())
