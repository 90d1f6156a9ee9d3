"""Creates people for the load: `python -m bench.people 20` prints their API tokens."""

from __future__ import annotations

import json
import sys

from chatapp.core import accounts

PASSWORD = "correct horse battery"  # noqa: S105 - of people who live as long as the benchmark


def username(number: int) -> str:
    return f"load{number}"


def main() -> None:
    from wsgi import app

    with app.app_context():
        same_for_all = accounts.hash_password(PASSWORD)
        people = [accounts.create_with_hash(username(number), same_for_all) for number in range(int(sys.argv[1]))]
        print(json.dumps([accounts.create_token(person) for person in people]))


if __name__ == "__main__":
    main()
