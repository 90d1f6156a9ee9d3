"""Reading what files say, in the background: once for each artifact, by exactly one process (turns-api 2.4).

An artifact waits as `pending`. Whoever claims it reads it; a claim of somebody who has died becomes void with time, and
after a few attempts the file counts as one that cannot be read.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from time import monotonic, sleep
from typing import IO
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, exists, insert, or_, select, update

from chatapp import blobs
from chatapp.core import allowlist, document_screening, screening
from chatapp.core.document_screening import Document
from chatapp.db import now, release, rest, session, transaction
from chatapp.extraction import Extracted, Problem, extract
from chatapp.models import Artifact, ArtifactText

logger = structlog.get_logger(__name__)

ATTEMPTS = 3
CLAIM_EXPIRY = timedelta(minutes=2)  # longer than any file takes
LOOK_EVERY = 0.1  # seconds

_work = threading.Event()


def wake() -> None:
    """There is something to read."""
    _work.set()


def wait_for_work(timeout: float) -> None:
    """Until there is something new to read in this process, or it is time to look for what others have left."""
    _work.wait(timeout)
    _work.clear()


def run_pending() -> int:
    """Read what waits to be read; how many artifacts."""
    count = 0
    while artifact := claim():
        ingest(artifact)
        release()
        count += 1
    return count


def claim() -> Artifact | None:
    """The oldest artifact that waits: it is the caller's to read."""
    moment = now()
    if not session.scalar(select(exists().where(_waits(moment)))):
        rest()
        return None
    with transaction():
        oldest = select(Artifact).where(_waits(moment)).order_by(Artifact.created).limit(1)
        artifact = session.scalar(oldest.with_for_update(skip_locked=True).execution_options(populate_existing=True))
        if artifact:
            artifact.ingestion_status, artifact.ingestion_claimed = "processing", moment
            artifact.ingestion_attempts += 1
            artifact.modified = moment
    return artifact


def ingest(artifact: Artifact) -> None:
    """Read a claimed artifact and store what was found, unless somebody else has claimed it since."""
    allowlist.keep_fresh()
    rest()  # it takes seconds
    extracted = Extracted(problem=Problem.TOO_COMPLEX)
    if artifact.ingestion_attempts <= ATTEMPTS:
        extracted = _extracted(artifact)
    document = document_screening.screen(extracted.text)
    with transaction():
        if not _finish(artifact, extracted.problem):
            return
        if not extracted.problem:
            session.execute(insert(ArtifactText).values(_row(artifact.id, document, extracted.is_cut)))
        screening.audit(document.verdict, artifact.user_id, artifact.id)
    logger.info("artifact.ingested", artifact_id=str(artifact.id), problem=extracted.problem)


def wait_until_read(artifact_ids: Collection[UUID], timeout: float) -> None:
    """Until none of these is waiting to be read any more, or the time is over. Not in a transaction."""
    deadline = monotonic() + timeout
    unread = exists().where(Artifact.id.in_(artifact_ids), Artifact.ingestion_status.in_(("pending", "processing")))
    while artifact_ids and session.scalar(select(unread)) and monotonic() < deadline:
        rest()
        sleep(LOOK_EVERY)


def _waits(moment: datetime) -> ColumnElement[bool]:
    is_void = Artifact.ingestion_claimed < moment - CLAIM_EXPIRY
    return or_(Artifact.ingestion_status == "pending", (Artifact.ingestion_status == "processing") & is_void)


def _extracted(artifact: Artifact) -> Extracted:
    try:
        with _opened(artifact) as file:
            return extract(file, artifact.mime_type)
    except OSError:
        logger.exception("artifact.unreadable", artifact_id=str(artifact.id))
        return Extracted(problem=Problem.UNREADABLE)


@contextmanager
def _opened(artifact: Artifact) -> Iterator[IO[bytes]]:
    """As a file that another process can read."""
    if artifact.content is None:
        with blobs.store().open(artifact.sha256) as file:
            yield file
        return
    with TemporaryFile() as file:
        file.write(artifact.content.encode())
        file.seek(0)
        yield file


def _finish(artifact: Artifact, problem: Problem | None) -> bool:
    mine = (
        Artifact.id == artifact.id,
        Artifact.ingestion_status == "processing",
        Artifact.ingestion_claimed == artifact.ingestion_claimed,
    )
    values = {
        "ingestion_status": "failed" if problem else "completed",
        "ingestion_problem": problem,
        "modified": now(),
    }
    done = session.execute(update(Artifact).where(*mine).values(values))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _row(artifact_id: UUID, document: Document, is_cut: bool) -> dict[str, object]:
    return {
        "artifact_id": artifact_id,
        "text": document.text,
        "length": len(document.text),
        "is_cut": is_cut,
        "severity": document.verdict.severity,
        "withheld": document.withheld,
        "is_masked": document.is_masked,
    }
