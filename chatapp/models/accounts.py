"""People, the secrets they call with, and the ways in that administrators give them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chatapp.db import Base, new_id, now


class User(Base):
    """User names are unique whatever their case: an index on lower(username) of migration 0001."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(String(150), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    full_name: Mapped[str] = mapped_column(String(255), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    is_staff: Mapped[bool] = mapped_column(default=False)
    is_support: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    # Changes whenever all sessions in browsers end: a sign-in that has only begun ends with them.
    session_stamp: Mapped[str] = mapped_column(String(32), default="", server_default="")
    theme: Mapped[str] = mapped_column(String(10), default="system", server_default="system")
    locale: Mapped[str] = mapped_column(String(20), default="en", server_default="en")
    # Empty: as the browser says.
    timezone: Mapped[str] = mapped_column(String(64), default="", server_default="")
    # The password opens nothing but the page on which another one is chosen.
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=false())
    last_seen_at: Mapped[datetime | None]
    # Somebody who wanted to go and whose conversations are being deleted.
    deleted_at: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)


class ApiToken(Base):
    """Only the hash of a secret is kept; `prefix` lets its owner recognise it.

    Those of kind session are what browsers are signed in with: `name` says which, `address` where it was last.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (CheckConstraint("kind in ('session', 'pat', 'apiKey')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10), default="pat")
    name: Mapped[str] = mapped_column(String(255), default="")
    prefix: Mapped[str] = mapped_column(String(12))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(45), default="", server_default="")
    scope: Mapped[str] = mapped_column(String(10), default="all", server_default="all")
    proof: Mapped[str] = mapped_column(String(10), default="password", server_default="password")

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Invitation(Base):
    """An account for whoever has the link. `name` is what the inviter calls the invited."""

    __tablename__ = "invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    is_staff: Mapped[bool] = mapped_column(default=False)
    is_support: Mapped[bool] = mapped_column(default=False)
    inviter_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class PasswordLink(Base):
    """Whoever has it chooses the user's password, once. There is one a user: the newest."""

    __tablename__ = "password_links"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class SecondFactor(Base):
    """The sealed secret of an app that shows codes. `last_step` is the time of the last code: none counts twice."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(255))
    last_step: Mapped[int] = mapped_column(BigInteger)
    created: Mapped[datetime] = mapped_column(default=now)


class RecoveryCode(Base):
    """Each takes the place of a code of the app, once."""

    __tablename__ = "recovery_codes"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


class Identity(Base):
    """Who a user is at a provider of identities. A subject is only unique within its issuer."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    created: Mapped[datetime] = mapped_column(default=now)
    last_used_at: Mapped[datetime] = mapped_column(default=now)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class SignInFailures(Base):
    """How often signing in has failed since `period`. `key` is a digest of the name, the address or both."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[datetime] = mapped_column(index=True)
    amount: Mapped[int]
