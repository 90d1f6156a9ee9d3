"""Commands that keep an installation: backup, restore, doctor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from chatapp.errors import ChatError

file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.command("backup")
@file_argument
@with_appcontext
def backup_command(file: Path) -> None:
    """Write everything to a new FILE: database, files of people, the generated key. The server may run meanwhile."""
    from chatapp.core import backups

    with _told():
        made = backups.make(file)
    click.echo(
        f"{file}: {made.manifest.database} at revision {made.manifest.revision}, {made.files} files, {made.size} bytes."
    )
    if made.manifest.has_key:
        click.echo("It holds the key that signs sessions and opens stored secrets: keep it where nobody else reads it.")
    else:
        click.echo(
            "SECRET_KEY comes from your settings and is not in it: keep it, too. Without it stored secrets are lost."
        )


@click.command("restore")
@file_argument
@click.option("--force", is_flag=True, help="Replace a database in which people have accounts.")
@with_appcontext
def restore_command(file: Path, force: bool) -> None:
    """Make this installation what FILE says. Stop the server before."""
    from chatapp.core import backups, dumps, system

    with _told():
        done = backups.restore(file, force=force)
    click.echo(f"Restored from {done.manifest.created}: {done.manifest.database}, {done.files} files.")
    if not system.is_newest(dumps.revision()):
        click.echo(
            f"It is of version {done.manifest.version}. Before you start the server: flask --app wsgi db upgrade"
        )
    if not done.manifest.has_key:
        click.echo("The key was not in it: set SECRET_KEY to what it was.")


@click.command("doctor")
@click.option("--ask", is_flag=True, help="Ask the model service, too.")
@with_appcontext
def doctor_command(ask: bool) -> None:
    """Look whether this installation can be relied on; says what to do. Exit code 1 when there are problems."""
    from chatapp.core import doctor

    levels = []
    for finding in doctor.examine(ask=ask):
        levels.append(finding.level)
        click.echo(f"{finding.level:8} {finding.subject}: {finding.words}")
        if finding.advice:
            click.echo(f"{'':8} -> {finding.advice}")
    problems, warnings = levels.count(doctor.Level.PROBLEM), levels.count(doctor.Level.WARNING)
    click.echo(f"Problems: {problems}, warnings: {warnings}.")
    if problems:
        raise SystemExit(1)


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong is told in a line."""
    try:
        yield
    except (ChatError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except SQLAlchemyError as error:
        raise click.ClickException(
            f"The database cannot be used ({type(error).__name__}); see flask doctor."
        ) from error
