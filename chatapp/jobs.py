"""Work without a request: what is due once a day, which whichever process looks first does for all; and orders."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import structlog
from flask import Flask

from chatapp.core import leaving, quotas, retention, sharing
from chatapp.db import now, release
from chatapp.marketplace import provisioning

logger = structlog.get_logger(__name__)

DUE_AT = timedelta(hours=2)
LOOK_EVERY = 300.0  # seconds


def start(app: Flask) -> None:
    """Look after the daily work and after orders in the background, as long as the process lives."""
    provisioning.start(app.app_context)
    threading.Thread(target=_look, args=(app, threading.Event()), name="daily-jobs", daemon=True).start()


def run_if_due(moment: datetime | None = None) -> bool:
    """Do the day's work unless it is too early or somebody has begun it; whether it was done here."""
    moment = moment or now()
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if moment < midnight + DUE_AT or not quotas.claim("daily_jobs", midnight):
        return False
    run()
    return True


def run() -> None:
    """Roll quotas over and delete what retention says, what has expired and what was to be deleted."""
    logger.info(
        "jobs.daily",
        periods_reset=quotas.roll_over_all(),
        sessions_deleted=retention.delete_idle_sessions(),
        links_expired=sharing.delete_expired(),
        accounts_deleted=leaving.finish(),
    )


def _look(app: Flask, stop: threading.Event) -> None:
    while not stop.wait(LOOK_EVERY):
        try:
            with app.app_context():
                run_if_due()
                release()
        except Exception:
            logger.exception("jobs.failed")
