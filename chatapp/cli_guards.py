"""Commands about the input guards: judge texts, measure the guards."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson
from flask.cli import AppGroup

commands = AppGroup("guards", help="Input guards.")


@commands.command("check")
def check_command() -> None:
    """Judge texts: JSON lines {"text": ...} from standard input, a verdict a line to standard output."""
    from chatapp.guards import check

    output = sys.stdout.buffer
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if line.strip():
            output.write(orjson.dumps(check(_text(line, number)).as_json()) + b"\n")
            output.flush()


@commands.command("report")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def report_command(folder: Path) -> None:
    """Measure the guards on the labelled texts in FOLDER (docs/guards.md says which files) and print a table."""
    from chatapp.guards.report import lines

    for line in lines(folder):
        click.echo(line)


def _text(line: bytes, number: int) -> str:
    try:
        return str(orjson.loads(line)["text"])
    except (ValueError, TypeError, KeyError) as error:
        raise click.ClickException(f'line {number} is not an object with a "text"') from error
