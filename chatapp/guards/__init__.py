"""Input guards: is a text an attack on the model, does it hold personal data (waldur-chat-api section 7).

Call `check` before a transaction: it takes no database and no network, only a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Collection

from chatapp import config
from chatapp.guards import injection
from chatapp.guards.normalise import normalise
from chatapp.guards.policy import judge_injection, judge_pii
from chatapp.guards.reading import personal_data
from chatapp.guards.values import GuardFailed, Injection, PersonalData, Verdict

__all__ = ["LONGEST", "GuardFailed", "Injection", "PersonalData", "Verdict", "check", "personal_data", "warm_up"]

# Text beyond is not looked at (waldur-chat-api section 7).
LONGEST = 50_000


def check(text: str, allowed: Collection[str] = ()) -> Verdict:
    """Both guards over a text, with the thresholds and actions of the settings. Raises GuardFailed.

    `allowed` are phrases beside those of the settings that are no attack when they are nearly the whole text.
    """
    settings = config.current()
    try:
        normalised = normalise(text[:LONGEST])
        found = injection.detect(normalised, allowlist=(*settings.injection_allowlist, *allowed))
        spans = personal_data(normalised)
        return Verdict(judge_injection(found.score, found.categories, settings), judge_pii(spans, settings))
    except Exception as error:  # noqa: BLE001 - whatever it is, the text is unchecked
        # Without its cause: what that says may quote the text.
        raise GuardFailed(type(error).__name__) from None


def warm_up() -> None:
    """Read the model and the lexicon now, so that the first message need not wait for them."""
    check("warm up")
