"""Automations without a conversation that they were made from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.automations import executing
from chatapp.automations.crystallizing import GATE
from chatapp.db import new_id, release, session, transaction
from chatapp.models import Automation
from chatapp.values import Json
from tests.people import Person

WORKER = "tests|1|1"


def step(kind: str = "calculate", inputs: Json | None = None, **more: Any) -> Json:
    given = {"expression": "2 + 3"} if inputs is None else inputs
    return {"kind": kind, "name": kind, "inputs": given, "deterministic": True, "needsInput": False} | more


def gate(prompt: str = "Allow rename_thread?") -> Json:
    return step(GATE, {"prompt": prompt, "forStep": "step_2"})


def make(person: Person, *steps: Json, **columns: Any) -> UUID:
    """An automation with these steps, each after the one before it."""
    keyed = [
        {"key": f"step_{number}", "dependsOn": [f"step_{number - 1}"] if number > 1 else [], "source": None} | one
        for number, one in enumerate(steps or (step(),), 1)
    ]
    values = {"name": "Sums", "source_thread_id": new_id(), "fingerprint": "f" * 64} | columns
    automation = Automation(user_id=person.id, config={"steps": keyed, "metadata": {}}, **values)
    with transaction():
        session.add(automation)
    return automation.id


def work(app: Any) -> int:
    """Execute what is due, as far as it goes."""
    release()
    return executing.run_due(WORKER, app.app_context)
