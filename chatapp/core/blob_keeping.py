"""The files of the blob store and who needs them: a file comes and goes under the lock of its blob's row.

So it is there whenever a committed artifact says so, and nobody deletes what somebody else is just storing again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from chatapp import blobs
from chatapp.blobs import BlobStore, Incoming
from chatapp.db import is_sqlite, now, session, transaction
from chatapp.models import Artifact, Blob

SHA256 = re.compile("[0-9a-f]{64}")
GRACE = timedelta(days=1)  # what is younger may belong to an upload that has not ended
BATCH = 200


def keep(store: BlobStore, incoming: Incoming) -> None:
    """Put what was received to its place, within the transaction that stores the artifact."""
    _lock(incoming.sha256, incoming.size)
    store.keep(incoming)


def let_go(sha256: str) -> None:
    """An artifact with this content has been deleted; inline content has no file, which is all right."""
    remove_unused([sha256])


def remove_unused(names: Iterable[str]) -> int:
    """Delete those of the given contents that no artifact has any more; how many."""
    store, removed = blobs.store(), 0
    for sha256 in names:
        with transaction():
            _lock(sha256, 0)
            if session.scalar(select(exists().where(Artifact.sha256 == sha256, Artifact.kind == "file"))):
                continue
            store.remove(sha256)
            session.execute(delete(Blob).where(Blob.sha256 == sha256))
            removed += 1
    return removed


def sweep() -> int:
    """Delete what deleted accounts and interrupted uploads have left over; how many contents."""
    needed = exists().where(Artifact.sha256 == Blob.sha256, Artifact.kind == "file")
    old = Blob.created < now() - GRACE
    removed = remove_unused(session.scalars(select(Blob.sha256).where(~needed, old)).all())
    names = filter(SHA256.fullmatch, blobs.store().older_than((now() - GRACE).timestamp()))
    for batch in _batches(names):
        known = set(session.scalars(select(Blob.sha256).where(Blob.sha256.in_(batch))))
        removed += remove_unused(set(batch) - known)
    return removed


def _lock(sha256: str, size: int) -> None:
    """The row of a blob, made on first need, is this transaction's."""
    row: Any = (sqlite if is_sqlite() else postgresql).insert(Blob)
    values = {"sha256": sha256, "size": size, "created": now()}
    changed = {"created": row.excluded.created} if size else {"sha256": sha256}
    session.execute(row.values(values).on_conflict_do_update(index_elements=[Blob.sha256], set_=changed))


def _batches(names: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(names, BATCH)):
        yield batch
