"""Work without a request: orders, automations, files to be read, and what is due once a day or every few minutes,
which whichever process looks first does for all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from flask import Flask

from chatapp.automations import executing, progress
from chatapp.core import (
    audit_chain,
    blob_keeping,
    browsers,
    figures,
    ingestion,
    invitations,
    leaving,
    password_links,
    prompt_figures,
    quotas,
    retention,
    sharing,
    throttling,
)
from chatapp.db import now, patiently, release
from chatapp.marketplace import provisioning
from chatapp.mcp import checking

logger = structlog.get_logger(__name__)

DUE_AT = timedelta(hours=2)
LOOK_EVERY = 300.0  # seconds
FILE_READERS = 2
LOOK_FOR_FILES_EVERY = 5.0  # seconds; for files that other processes were to read


def start(app: Flask) -> Callable[[float], None]:
    """Look after all of it in the background, as long as the process lives.

    What is returned ends that and waits at most so many seconds for what is under way; other processes go on with it.
    """
    stop = threading.Event()
    own = {"daily-jobs": _look} | {f"file-reader-{number}": read_files for number in range(FILE_READERS)}
    threads = [threading.Thread(target=work, args=(app, stop), name=name, daemon=True) for name, work in own.items()]
    for thread in threads:
        thread.start()
    threads += [provisioning.start(app.app_context, stop), executing.work(app.app_context, stop)]

    def end(patience: float) -> None:
        stop.set()
        provisioning.wake()
        progress.wake()
        ingestion.wake()
        deadline = time.monotonic() + patience
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    return end


def run_if_due(moment: datetime | None = None) -> bool:
    """Do the day's work unless it is too early or somebody has begun it; whether it was done here."""
    moment = moment or now()
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if moment < midnight + DUE_AT or not quotas.claim("daily_jobs", midnight):
        return False
    run()
    return True


def run() -> None:
    """Roll quotas over, delete what is to go by retention, expiry or wish; check the audit trail."""
    counted = figures.catch_up()  # before anything is deleted
    erased = retention.carry_out()
    logger.info(
        "jobs.daily",
        turns_counted=counted,
        periods_reset=quotas.roll_over_all(),
        threads_erased=erased.threads,
        people_concerned=erased.people,
        events_pruned=retention.prune_events(),
        answers_forgotten=retention.forget_kept_answers(),
        links_expired=sharing.delete_expired(),
        attempts_forgotten=throttling.forget_old(),
        sessions_forgotten=browsers.delete_ended(),
        invitations_expired=invitations.delete_expired(),
        password_links_expired=password_links.delete_expired(),
        accounts_deleted=leaving.finish(),
        files_deleted=blob_keeping.sweep(),
    )
    _check_audit_trail()


def _check_audit_trail() -> None:
    """Its end goes into the log, where whoever changes the database cannot change it."""
    check = audit_chain.verify_and_note()
    if check.fault:
        logger.error("audit.broken", fault=check.fault)
    else:
        logger.info("audit.intact", records=check.records, hash=check.hash)


def _look(app: Flask, stop: threading.Event) -> None:
    while not stop.wait(LOOK_EVERY):
        try:
            with app.app_context(), patiently():
                run_if_due()
                checking.run_if_due()
                figures.catch_up()
                prompt_figures.catch_up()
                release()
        except Exception:
            logger.exception("jobs.failed")


def read_files(app: Flask, stop: threading.Event) -> None:
    """Read the files that wait to be read, until told to stop."""
    while not stop.is_set():
        try:
            with app.app_context():
                ingestion.run_pending()
                release()
        except Exception:
            logger.exception("ingestion.failed")
        ingestion.wait_for_work(LOOK_FOR_FILES_EVERY)
