"""Where the bytes of files are: a folder, in which each content has one file, named by its SHA-256.

The folder may be shared by several machines: a file comes whole, by a rename, or not at all. Which files are needed is
written in the database; see `core.artifacts` and docs/adr/0016-files.md.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol
from uuid import uuid4

from chatapp import config
from chatapp.errors import TooLarge

PIECE = 256 * 1024
LOOKED_AT = 256 * 1024  # bytes of both ends, for those who want to know what it is


@dataclass(frozen=True, slots=True)
class Incoming:
    """Bytes that have been received and are safe on the disk, but belong to nothing yet."""

    path: Path
    sha256: str
    size: int
    head: bytes
    tail: bytes


class BlobStore(Protocol):
    """Keeps contents. Whoever calls `keep` and `remove` sees to it that they do not happen at once for one content."""

    def receive(self, source: IO[bytes], limit: int) -> Incoming:
        """Read a stream to its end. Raises TooLarge as soon as it is longer than `limit`."""
        ...

    def keep(self, incoming: Incoming) -> None: ...

    def discard(self, incoming: Incoming) -> None:
        """Forget what was received, whether it has been kept or not."""
        ...

    def open(self, sha256: str) -> IO[bytes]:
        """Raises FileNotFoundError."""
        ...

    def remove(self, sha256: str) -> None: ...

    def contents(self) -> Iterator[str]:
        """The contents that are kept."""
        ...

    def older_than(self, moment: float) -> Iterator[str]:
        """The contents that were kept before a time of the clock; what was received then and never kept is deleted."""
        ...


class Folder:
    """A `BlobStore` in a folder, which is made on first need and read by the server's user only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._incoming = path / "incoming"

    def receive(self, source: IO[bytes], limit: int) -> Incoming:
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._incoming / uuid4().hex
        digest, size, head, tail = hashlib.sha256(), 0, b"", b""
        try:
            with path.open("xb") as file:
                while piece := source.read(min(PIECE, limit + 1 - size)):
                    size += len(piece)
                    if size > limit:
                        raise TooLarge(limit)
                    digest.update(piece)
                    file.write(piece)
                    head += piece[: LOOKED_AT - len(head)]
                    tail = (tail + piece)[-LOOKED_AT:]
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Incoming(path, digest.hexdigest(), size, head, tail)

    def keep(self, incoming: Incoming) -> None:
        place = self._place(incoming.sha256)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        incoming.path.chmod(0o600)
        incoming.path.replace(place)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self, incoming: Incoming) -> None:
        incoming.path.unlink(missing_ok=True)

    def open(self, sha256: str) -> IO[bytes]:
        return self._place(sha256).open("rb")

    def remove(self, sha256: str) -> None:
        self._place(sha256).unlink(missing_ok=True)

    def contents(self) -> Iterator[str]:
        return (path.name for path in self._path.glob("*/*") if path.parent != self._incoming)

    def older_than(self, moment: float) -> Iterator[str]:
        for path in self._path.glob("*/*"):
            try:
                is_old = path.stat().st_mtime < moment
            except FileNotFoundError:
                continue
            if is_old and path.parent == self._incoming:
                path.unlink(missing_ok=True)
            elif is_old:
                yield path.name

    def _place(self, sha256: str) -> Path:
        return self._path / sha256[:2] / sha256


def store() -> BlobStore:
    """The one that the settings name."""
    return Folder(config.current().files_in_force)
