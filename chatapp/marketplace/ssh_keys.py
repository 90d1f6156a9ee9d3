"""One's own public SSH keys: what a new machine lets in."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from chatapp.core import audit
from chatapp.db import session, transaction
from chatapp.errors import Invalid, NotFound
from chatapp.models import SshKey, User

MOST = 50
NAME_LENGTH = 100
LONGEST = 10_000
KINDS = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
MIN_RSA_BITS = 2048


def of_user(user: User) -> Sequence[SshKey]:
    """By name."""
    return session.scalars(select(SshKey).where(SshKey.user_id == user.id).order_by(SshKey.name, SshKey.id)).all()


def add(user: User, name: str, public_key: str) -> SshKey:
    """Keep a key in the form of an authorized_keys line; its comment is the name if none is given. Raises Invalid."""
    kind, blob, comment = _parse(public_key)
    name = " ".join((name or comment).split())
    if not 1 <= len(name) <= NAME_LENGTH:
        raise Invalid(f"A name has 1 to {NAME_LENGTH} characters.", "key_name")
    fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    text = f"{kind} {base64.b64encode(blob).decode()}"
    key = SshKey(user_id=user.id, name=name, kind=kind, public_key=text, fingerprint=fingerprint)
    try:
        with transaction():
            if (session.scalar(select(func.count()).where(SshKey.user_id == user.id)) or 0) >= MOST:
                raise Invalid(f"At most {MOST} keys can be kept. Remove one first.", "key_name")
            session.add(key)
            session.flush()
            audit.record("ssh_key_added", user, object_id=key.id, target_user_id=user.id, fingerprint=fingerprint)
    except IntegrityError as error:
        raise Invalid("You have a key of that name, or this key under another name.", "key_name") from error
    return key


def remove(user: User, key_id: UUID) -> None:
    """Machines that have it keep it. Raises NotFound."""
    with transaction():
        key = session.scalar(select(SshKey).where(SshKey.id == key_id, SshKey.user_id == user.id))
        if key is None:
            raise NotFound("key")
        session.delete(key)
        audit.record("ssh_key_removed", user, object_id=key.id, target_user_id=user.id, fingerprint=key.fingerprint)


def _parse(line: str) -> tuple[str, bytes, str]:
    """Kind, content and comment of a public key."""
    if "PRIVATE KEY" in line:
        raise Invalid("That is a private key: never give it to anybody. Paste the public one (.pub).", "public_key")
    words = line.split(None, 2)
    if len(line) > LONGEST or len(words) < 2 or words[0] not in KINDS:
        raise Invalid(
            "That is not a public SSH key: it begins with ssh-ed25519, ecdsa-sha2-… or ssh-rsa.", "public_key"
        )
    try:
        blob = base64.b64decode(words[1], validate=True)
        fields = _fields(blob)
    except (ValueError, struct.error) as error:
        raise Invalid("The key is damaged: copy the whole line.", "public_key") from error
    if fields[0] != words[0].encode() or len(fields) < 2:
        raise Invalid("The key is damaged: copy the whole line.", "public_key")
    if words[0] == "ssh-rsa" and int.from_bytes(fields[-1]).bit_length() < MIN_RSA_BITS:
        raise Invalid(f"RSA keys must have at least {MIN_RSA_BITS} bits.", "public_key")
    return words[0], blob, words[2].strip() if len(words) > 2 else ""


def _fields(blob: bytes) -> list[bytes]:
    """The strings that a key's content consists of, each after its length."""
    found = []
    while blob:
        (length,) = struct.unpack_from(">I", blob)
        if len(blob) < 4 + length:
            raise ValueError("cut off")
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return found or [b""]
