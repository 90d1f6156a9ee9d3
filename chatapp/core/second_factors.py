"""Codes from an app (TOTP, RFC 6238) as a second factor beside the password (docs/adr/0027-second-factor.md).

A code is taken a step of 30 seconds early or late, and once: so is each of ten recovery codes, for whoever has lost the
app. The secret is stored sealed, recovery codes as hashes.
"""

from __future__ import annotations

import base64
import secrets
from uuid import UUID

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import delete, func, select, update

from chatapp import config
from chatapp.core import accounts, audit, proofs, sealing, throttling
from chatapp.core.sealing import SealBroken
from chatapp.db import now, session, transaction
from chatapp.errors import Invalid
from chatapp.models import RecoveryCode, SecondFactor, User

KIND = "code"  # of what is throttled
STEPS_OFF = 1
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 16 letters and digits: nobody finds them behind a hash
WRONG = "That code is not right, or it was used already. Wait for the next one."


def of_user(user: User) -> SecondFactor | None:
    """None for whoever has set up none."""
    return session.get(SecondFactor, user.id, populate_existing=True)


def recovery_codes_left(user: User) -> int:
    return session.scalar(select(func.count()).where(RecoveryCode.user_id == user.id)) or 0


def propose(user: User) -> str:
    """A new secret, sealed: it becomes the user's with a code that proves that their app has it."""
    return sealing.seal(_mark(user) + pyotp.random_base32())


def secret_of(user: User, sealed: str) -> str:
    """What an app is given. Raises Invalid for what was not proposed to the user: nobody unseals other secrets here."""
    try:
        secret = sealing.unseal(sealed)
    except SealBroken:
        secret = ""
    if not secret.startswith(_mark(user)):
        raise Invalid("This page is too old. Begin again.", "code")
    return secret.removeprefix(_mark(user))


def address_of(user: User, sealed: str) -> str:
    """The same as an address that apps read, usually as a picture. Raises Invalid."""
    app = pyotp.TOTP(secret_of(user, sealed), name=user.username, issuer=config.current().site_name)
    return app.provisioning_uri()


def turn_on(user: User, sealed: str, code: str, old_code: str = "") -> list[str]:
    """Recovery codes, which are shown this once. All sessions of the user have ended: a password began them.

    Who has an app already gives its code, too. Raises Invalid for another code than the app's; TooManyAttempts.
    """
    throttling.attempt_proof(KIND, user.id)
    step = _step(secret_of(user, sealed), code)
    if step is None:
        raise Invalid(WRONG, "code")
    with transaction():
        if of_user(user) and not _take(user, old_code):
            raise Invalid(WRONG, "old_code")
        session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
        session.add(SecondFactor(user_id=user.id, secret=sealed, last_step=step))
        accounts.end_sessions(user)
        audit.record("second_factor_on", user, target_user_id=user.id, object_id=user.id)
        codes = _new_codes(user)
    throttling.proof_succeeded(KIND, user.id)
    return codes


def check(user: User, code: str) -> None:
    """Take a code from the app or a recovery code. Raises Invalid; TooManyAttempts."""
    throttling.attempt_proof(KIND, user.id)
    with transaction():
        if not _take(user, code):
            raise Invalid(WRONG, "code")
    throttling.proof_succeeded(KIND, user.id)


def renew_recovery_codes(user: User, code: str) -> list[str]:
    """New ones, shown this once; those of before open nothing. Raises Invalid; TooManyAttempts."""
    check(user, code)
    with transaction():
        audit.record("recovery_codes_renewed", user, target_user_id=user.id, object_id=user.id)
        return _new_codes(user)


def turn_off(user: User, code: str) -> None:
    """From now on the password is enough. Raises Invalid, also where this site asks for codes; TooManyAttempts."""
    if proofs.needs_code(user):
        raise Invalid("This site asks you for a second step.", "code")
    check(user, code)
    remove(user, user)


def remove(actor: User, user: User) -> bool:
    """Neither the app nor recovery codes are asked for any more. Whether there was an app: none is fine."""
    with transaction():
        gone = delete(SecondFactor).where(SecondFactor.user_id == user.id).returning(SecondFactor.user_id)
        session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        if session.scalar(gone) is None:
            return False
        audit.record("second_factor_off", actor, target_user_id=user.id, object_id=user.id)
    return True


def _mark(user: User) -> str:
    return f"totp {user.id} "


def _step(secret: str, code: str) -> int | None:
    """Which step of time the code belongs to, if it is one of now."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode("".join(code.split()), for_time=now(), valid_window=STEPS_OFF)
    except OTPVerificationError:
        return None


def _take(user: User, code: str) -> bool:
    return _take_step(user, code) or _take_recovery_code(user, code)


def _take_step(user: User, code: str) -> bool:
    """Of many who send the same code at once one is right."""
    found = of_user(user)
    try:
        step = _step(secret_of(user, found.secret), code) if found else None
    except Invalid:  # the key of this site has changed: recovery codes go on
        step = None
    if step is None:
        return False
    mine = (SecondFactor.user_id == user.id, SecondFactor.last_step < step)
    taken = update(SecondFactor).where(*mine).values(last_step=step).returning(SecondFactor.user_id)
    return session.scalar(taken) is not None


def _take_recovery_code(user: User, code: str) -> bool:
    mine = (RecoveryCode.user_id == user.id, RecoveryCode.hash == _digest(user.id, code))
    taken = session.scalar(delete(RecoveryCode).where(*mine).returning(RecoveryCode.user_id)) is not None
    if taken:
        audit.record("recovery_code_used", user, target_user_id=user.id, object_id=user.id)
    return taken


def _new_codes(user: User) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user.id, hash=_digest(user.id, code)) for code in codes)
    return codes


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _digest(user_id: UUID, code: str) -> str:
    """However it was typed."""
    letters = "".join(filter(str.isalnum, code.lower()))
    return accounts.digest(f"{user_id} {letters}")
