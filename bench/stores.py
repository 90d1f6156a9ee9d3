"""What the stores behind an installation have done so far."""

from __future__ import annotations

import time
from collections.abc import Mapping

import psycopg
import redis

LAG = 1.5  # seconds until PostgreSQL has counted what a connection did last
COUNTED = """
    SELECT xact_commit + xact_rollback, tup_inserted + tup_updated + tup_deleted
    FROM pg_stat_database WHERE datname = current_database()
"""


def operations(environ: Mapping[str, str]) -> dict[str, float]:
    """Counts since they were started, of those that the settings name. SQLite counts nothing."""
    found: dict[str, float] = {}
    if environ["DATABASE_URL"].startswith("postgres"):
        time.sleep(LAG)
        with psycopg.connect(environ["DATABASE_URL"]) as connection:
            row = connection.execute(COUNTED).fetchone()
            assert row
            found = {"PostgreSQL transactions": float(row[0]), "PostgreSQL rows written": float(row[1])}
    if url := environ.get("REDIS_URL"):
        with redis.Redis.from_url(url) as client:
            found["Redis commands"] = float(client.info("stats")["total_commands_processed"])
    return found
