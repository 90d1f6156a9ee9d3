"""Creates people for the load by the product's own commands: `python -m bench.people 20` prints their API tokens."""

from __future__ import annotations

import json
import sys

from flask.testing import FlaskCliRunner

PASSWORD = "correct horse battery"


def username(number: int) -> str:
    return f"load{number}"


def main() -> None:
    from wsgi import app

    commands = app.test_cli_runner()
    tokens = []
    for number in range(int(sys.argv[1])):
        _run(commands, "user", "create", username(number), "--password", PASSWORD)
        tokens.append(_run(commands, "token", "create", username(number)).split()[-1])
    print(json.dumps(tokens))


def _run(commands: FlaskCliRunner, *command: str) -> str:
    result = commands.invoke(args=command)
    if result.exit_code:
        raise SystemExit(result.output)
    return str(result.output)


if __name__ == "__main__":
    main()
