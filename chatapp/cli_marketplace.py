"""Commands around the marketplace."""

from __future__ import annotations

import sys
from typing import TextIO

import click
from flask.cli import AppGroup

from chatapp.core import accounts
from chatapp.errors import ChatError
from chatapp.marketplace import yaml_files

commands = AppGroup("marketplace", help="The catalogue, organizations and projects.")
as_user = click.option(
    "--user", required=True, help="The administrator in whose name it is done: the audit trail tells."
)


@commands.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
@as_user
def import_file(file: TextIO, user: str) -> None:
    """Make the marketplace what a YAML FILE says (- is standard input); what it does not name stays."""
    try:
        imported = yaml_files.load(accounts.find_user(user), file.read())
    except ChatError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Imported: {imported}.")


@commands.command("export")
@as_user
def export_file(user: str) -> None:
    """Write all of it as YAML to standard output."""
    try:
        sys.stdout.write(yaml_files.dump(accounts.find_user(user)))
    except ChatError as error:
        raise click.ClickException(str(error)) from error
