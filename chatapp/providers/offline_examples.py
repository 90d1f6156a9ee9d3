"""Canned examples for a newcomer who tries the offline model with a natural request."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NOTE = (
    "This is a canned example of the offline model: no AI wrote it, and it does not depend on what you asked. "
    "To connect Claude, set `ANTHROPIC_API_KEY` and restart the application."
)

_CODE = """\
Here is what an answer with code looks like:

```python
def add(first: float, second: float) -> float:
    \"\"\"Return the sum of two numbers.\"\"\"
    return first + second


print(add(2, 3))  # prints 5
```

The function takes two numbers and returns their sum."""

_TABLE = """\
Here is what an answer with a table looks like:

| Way to travel 5 km | Time | Cost | Good when |
|---|---:|---|---|
| On foot | 60 min | nothing | you have time to think |
| By bicycle | 20 min | very little | the weather is dry |
| By bus | 15 min | a ticket | it rains |

The bicycle is the best mix of time and cost."""

_DIAGRAM = """\
Here is what an answer with a diagram looks like:

```mermaid
flowchart TD
    A[Open the sign-in page] --> B[Enter name and password]
    B --> C{Are they correct?}
    C -->|yes| D[Show the chats]
    C -->|no| B
```

The arrow back to the form is what happens after a wrong password."""

_PLAN = """\
Here is what an answer with a plan looks like:

1. **Monday:** write down everything that has to be done this week.
2. **Tuesday to Thursday:** do the most important thing first, every day.
3. **Friday:** finish small things and look back.

Before you start:

- [ ] choose the three things that matter most
- [ ] put them into your calendar
- [ ] tell the people who wait for them"""

_MATHS = """\
Here is what an answer with a formula looks like. The solutions of $ax^2 + bx + c = 0$ are

$$
x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}
$$

For $x^2 - 5x + 6 = 0$ this gives $x = 2$ and $x = 3$."""

_HELP = """\
I can show you how answers look. Try one of these:

- write a Python function that adds two numbers
- show me a table
- draw a diagram of a login
- make a plan for my week
- write a formula

Anything else I only repeat."""

_EXAMPLES: Mapping[str, str] = {
    "code": _CODE,
    "table": _TABLE,
    "diagram": _DIAGRAM,
    "plan": _PLAN,
    "maths": _MATHS,
    "help": _HELP,
}

_KINDS: Mapping[str, str] = {
    "code": r"code|functions?|scripts?|programs?|snippets?|python|javascript|sql",
    "table": r"tables?|comparisons?",
    "diagram": r"diagrams?|flow ?charts?|charts?",
    "plan": r"plans?|steps|checklists?|to-?do list|schedule",
    "maths": r"maths?|formulas?|formulae|equations?",
}

_POLITELY = r"(?:please\s+|(?:can|could|would|will)\s+you\s+(?:please\s+)?)?"
_KIND = "|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS.items())
_REQUESTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<help>help|what can you do)\s*[.!?]?$",
        # The kind must follow soon, or any long sentence that mentions a table would count as asking for one.
        rf"{_POLITELY}(?:write|show|give|make|create|draw|generate|plan|explain\s+how)\s+(?:\S+\s+){{0,4}}?(?:{_KIND})\b",
        rf"{_POLITELY}(?P<table>compare)\s+.+\s(?:and|with|to|vs)\b",
        rf"{_POLITELY}(?P<plan>plan)\s+(?:my|our)\b",
    )
)
_LONGEST_REQUEST = 200  # characters


def example_for(line: str) -> str | None:
    """A Markdown example of what `line` explicitly asks for; None when it does not ask for any."""
    wish = line.strip()
    if len(wish) > _LONGEST_REQUEST:
        return None
    for pattern in _REQUESTS:
        if found := pattern.match(wish):
            return f"{_EXAMPLES[str(found.lastgroup)]}\n\n{_NOTE}"
    return None
