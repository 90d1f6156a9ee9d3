"""What people say of themselves: a full name and an e-mail address."""

from __future__ import annotations

import re

from chatapp.db import transaction
from chatapp.errors import Invalid
from chatapp.models import User

NAME_LENGTH = 255
EMAIL_LENGTH = 254
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def change(user: User, full_name: str, email: str) -> None:
    """Raises Invalid."""
    full_name, email = check(full_name, email)
    with transaction():
        user.full_name, user.email = full_name, email


def check(full_name: str, email: str) -> tuple[str, str]:
    """Both as they are stored. Raises Invalid."""
    full_name, email = " ".join(full_name.split()), email.strip()
    if len(full_name) > NAME_LENGTH:
        raise Invalid(f"A name has at most {NAME_LENGTH} characters.", "full_name")
    if email and not (EMAIL.fullmatch(email) and len(email) <= EMAIL_LENGTH):
        raise Invalid("That is not an e-mail address.", "email")
    return full_name, email
