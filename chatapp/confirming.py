"""Whether somebody agrees to what was shown to them.

Money is spent on it, so only plain words count: a yes, or the asked-for act itself, and nothing that takes it back or
asks for a change. Whoever says it otherwise is shown the preview again, and its button says it plainly.
"""

from __future__ import annotations

import re

LONGEST = 300  # characters; whoever writes more says more than yes

YES = (
    "yes|yep|yeah|ok|okay|sure|confirm|confirmed|proceed|go ahead|do it|create|order|agreed|looks good|"
    "ja|jawohl|gerne|bestätige|bestelle|erstelle|oui|d'accord|confirme|crée|sí|si|vale|confirmo|crea|sim|cria|"
    "sì|va bene|conferma|tak|potwierdzam|utwórz|jah|kinnita|telli|loo|да|"
    "подтверждаю|создай|так|是|好|确认|はい|네|예|evet|onayla"
)
NO = (
    "no|not|don't|dont|do not|never|cancel|stop|wait|change|modify|instead|different|but|nein|nicht|kein|keine|ändern|"
    "warte|abbrechen|non|pas|annule|change|changer|não|nao|cambia|cambiar|cancela|espera|nie|anuluj|zmień|ei|ära|muuda|"
    "нет|не|отмена|измени|ні|不|取消|いいえ|아니|hayır|iptal"
)


def _words(choices: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)", re.IGNORECASE)


_YES, _NO = _words(YES), _words(NO)


def confirms(text: str) -> bool:
    """True for a short message that agrees and does nothing else."""
    return len(text) <= LONGEST and "?" not in text and bool(_YES.search(text)) and not _NO.search(text)
