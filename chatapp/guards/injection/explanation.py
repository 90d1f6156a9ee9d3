"""Which kinds of attack a text shows (waldur-chat-api section 7.5): a rule is concepts near each other."""

from __future__ import annotations

from chatapp.guards.arrays import np
from chatapp.guards.injection.features import Features
from chatapp.guards.injection.lexicon import Lexicon

# A category applies when one of its rules does: all concepts of the rule, each near the one before it, in any order.
RULES: dict[str, tuple[str, ...]] = {
    "instruction_override": ("ignore rules", "ignore prompt", "ignore earlier all", "ignore all now"),
    "system_override": ("ignore prompt limit", "ignore admin mode"),
    "safety_bypass": ("bypass limit", "bypass rules", "without refuse limit"),
    "instruction_reset": ("now rules only", "stop now rules", "now rules earlier"),
    "safety_override": ("refuse without", "only without refuse", "refuse obey"),
    "persona_hijack": (
        "pretend nolimit",
        "pretend jailbreak",
        "pretend machine without",
        "now pretend",
        "pretend harm",
    ),
    "mode_switch": ("mode now", "mode you", "mode jailbreak"),
    "jailbreak": ("jailbreak you", "jailbreak pretend", "jailbreak machine", "jailbreak mode", "jailbreak without"),
    "safety_disable": ("bypass limit mode", "bypass limit now"),
    "unrestricted": ("nolimit",),
    "delimiter_injection": ("sign_delimiter", "sign_instruction", "sign_turn sign_turn"),
    "tag_injection": ("sign_role_tag",),
    "format_injection": ("sign_heading",),
    "context_injection": ("sign_fence",),
    "prompt_leak": ("show prompt", "prompt verbatim", "prompt you", "show secret", "show personal", "verbatim show"),
    "authority_claim": ("admin you", "admin machine", "admin leverage"),
    "fake_authorization": ("leverage admin", "leverage secret", "leverage show"),
    "privilege_claim": ("admin obey", "admin secret", "admin personal", "admin show"),
    "emergency_bypass": ("stop bypass", "stop ignore", "leverage bypass", "leverage ignore"),
    "encoding_trick": ("encode show", "encode secret", "encode harm"),
    "decode_and_follow": ("encode obey", "encode ignore"),
    "context_manipulation": ("earlier ignore", "now you rules", "secrecy", "sign_remote", "leverage you"),
}
# What an attack is called that follows none of the rules.
OTHER = "context_manipulation"
MOST = 4


def categories(features: Features, lexicon: Lexicon) -> list[str]:
    """The categories that apply to an attack, at least one, at most MOST."""
    count = len(lexicon.concepts)
    number = {name: index for index, name in enumerate(lexicon.concepts)}
    found = set(np.flatnonzero(np.bincount(features.pairs)).tolist())

    def near(first: str, second: str) -> bool:
        a, b = number[first], number[second]
        return count + a * count + b in found or count + b * count + a in found

    def applies(rule: str) -> bool:
        first, *others = rule.split()
        if not others:
            return number[first] in found
        return all(near(one, other) for one, other in zip([first, *others], others, strict=False))

    named = [category for category, rules in RULES.items() if any(map(applies, rules))]
    return named[:MOST] or [OTHER]
