"""Commands about the audit trail."""

from __future__ import annotations

import click
from flask.cli import AppGroup

commands = AppGroup("audit", help="The audit trail.")


@commands.command("verify")
@click.option("--end", default="", help="NUMBER:HASH of a record as it was noted elsewhere, to be still there.")
def verify_command(end: str) -> None:
    """Check that no record was removed, changed or inserted. Exit code 1 and the first bad record if one was."""
    from chatapp.core import audit_chain

    check = audit_chain.verify_and_note()
    fault = check.fault or (audit_chain.compare(*_noted(end)) if end else "")
    if fault:
        raise click.ClickException(fault)
    click.echo(f"{check.records} records, none removed or changed. The end: {check.records}:{check.hash}")


def _noted(end: str) -> tuple[int, str]:
    number, _, digest = end.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise click.BadParameter("expected NUMBER:HASH", param_hint="--end")
    return int(number), digest
