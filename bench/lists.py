"""Server time of thread lists on a large data set (see bench.fill): one's own, and everybody's.

python -m bench.lists --database sqlite:////tmp/big.db
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from sqlalchemy import select

from chatapp import config, create_app
from chatapp.core import thread_lists, thread_order
from chatapp.core.thread_lists import ThreadFilter
from chatapp.db import release, session
from chatapp.models import User

ROUNDS = 5
FILTERS = {
    "nothing": ThreadFilter(),
    "is_archived": ThreadFilter(is_archived=True),
    "is_flagged": ThreadFilter(is_flagged=True),
    "max_severity": ThreadFilter(max_severity="high"),
    "has_feedback": ThreadFilter(has_feedback=True),
    "created day": ThreadFilter(days=[("created", date(2026, 3, 1), date(2026, 3, 1))]),
    "modified from": ThreadFilter(days=[("modified", date(2026, 9, 20), None)]),
    "total_tokens_min": ThreadFilter(tokens=[("total_tokens", 26_000, None)]),
    "input_tokens range": ThreadFilter(tokens=[("input_tokens", 100, 120)]),
    **{f"o={key}": ThreadFilter(order=[key]) for key in thread_order.SORT_KEYS},
    **{f"o=-{key}": ThreadFilter(order=[f"-{key}"]) for key in thread_order.SORT_KEYS},
    "query: two words": ThreadFilter(query="resize volume"),
    "query: one common word": ThreadFilter(query="python"),
    "query: a phrase": ThreadFilter(query='"invoice backup"'),
}


SEARCH = "query"  # how the names of searches begin
OWN_BOUND, SEARCH_BOUND = 25, 100  # milliseconds


def main() -> int:
    slow = 0
    print(f"{'first page of 10, milliseconds (median)':40} {'own':>8} {'all':>8}")
    for name, own, everybody in times(_arguments().database):
        bound = SEARCH_BOUND if name.startswith(SEARCH) else OWN_BOUND
        slow += own > bound or (name == "nothing" and everybody > 100)
        print(f"{name:40} {own:8.1f} {everybody:8.1f}{'   over the bound' if own > bound else ''}")
    return 1 if slow else 0


def times(database: str) -> Iterator[tuple[str, float, float]]:
    """Of each filter and order: its name, the milliseconds for one's own threads and for everybody's."""
    app = create_app(replace(config.load(), database_url=database, log_level="ERROR"))
    with app.app_context():
        owner = session.scalars(select(User).where(User.username == "user7")).one()
        staff = User(id=owner.id, is_staff=True, is_support=False)
        for name, wanted in FILTERS.items():
            own = _median(lambda w=wanted: thread_lists.page(owner, w, 0, 10))
            everybody = _median(lambda w=wanted: thread_lists.page(staff, w, 0, 10))
            yield name, own, everybody


def _median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        call()
        times.append((time.perf_counter() - begun) * 1000)
        release()
    return statistics.median(times)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="URL of a filled database")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
