"""Everything that an installation keeps, as one file: database, files of people, the key if it was generated here.

The file is a tar archive: backup.json, files/, database, files/ again (those that came meanwhile), secret_key.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

import orjson

from chatapp import blobs, config
from chatapp.core import audit, dumps, system
from chatapp.db import new_id, now, transaction
from chatapp.errors import ChatError
from chatapp.version import __version__

MANIFEST, DATABASE, KEY, FILES = "backup.json", "database", "secret_key", "files/"
FILE = re.compile(r"files/([0-9a-f]{64})")


class BackupRefused(ChatError):
    """A backup cannot be made or used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `database` is sqlite or postgresql."""

    id: str
    version: str
    database: str
    revision: str
    created: str
    has_key: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    manifest: Manifest
    files: int
    size: int


def make(target: Path) -> Outcome:
    """Write a backup. The server may run meanwhile. Raises BackupRefused when the file exists, DumpFailed, OSError."""
    if target.exists():
        raise BackupRefused(f"{target} exists already.")
    key = _generated_key()
    manifest = Manifest(
        str(new_id()), __version__, dumps.kind(), dumps.revision(), now().isoformat(), has_key=key is not None
    )
    if not manifest.revision:
        raise BackupRefused("The database has no tables: there is nothing to keep.")
    with _workplace(target) as folder:
        unfinished = folder / "backup"
        files = _write(unfinished, folder / DATABASE, manifest, key)
        unfinished.rename(target)
    _note("backup.made", manifest)
    return Outcome(manifest, files, target.stat().st_size)


def restore(source: Path, *, force: bool = False) -> Outcome:
    """Make the installation what the backup says. The database comes last: until then nothing is lost.

    Raises BackupRefused for a file that is none or damaged, one of another kind of database, one of a newer version,
    and, unless forced, when people have accounts here already. DumpFailed.
    """
    try:
        with tarfile.open(source, "r:") as archive, _workplace(config.current().files_in_force) as folder:
            manifest = _manifest(archive)
            _check(manifest, force)
            files, key = _unpack(archive, folder / DATABASE)
            dumps.read(folder / DATABASE)
            if key:
                _store_key(key)
    except (tarfile.TarError, EOFError) as error:
        raise BackupRefused(f"{source} is not a whole backup: {error}") from error
    _note("backup.restored", manifest)
    return Outcome(manifest, files, source.stat().st_size)


def _write(target: Path, dump: Path, manifest: Manifest, key: bytes | None) -> int:
    with target.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        with tarfile.open(fileobj=file, mode="w") as archive:
            _add(archive, MANIFEST, orjson.dumps(asdict(manifest)))
            kept = _add_files(archive, set())
            dumps.write(dump)
            archive.add(dump, DATABASE)
            kept = _add_files(archive, kept)  # those that the database names and that came meanwhile
            if key:
                _add(archive, KEY, key)
        file.flush()
        os.fsync(file.fileno())
    return len(kept)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(data), 0o600, int(now().timestamp())
    archive.addfile(entry, io.BytesIO(data))


def _add_files(archive: tarfile.TarFile, kept: set[str]) -> set[str]:
    store = blobs.store()
    for sha256 in set(store.contents()) - kept:
        try:
            with store.open(sha256) as file:
                entry = archive.gettarinfo(arcname=FILES + sha256, fileobj=file)
                archive.addfile(entry, file)
        except FileNotFoundError:
            continue  # deleted a moment ago
        kept.add(sha256)
    return kept


def _manifest(archive: tarfile.TarFile) -> Manifest:
    entry = archive.next()
    file = archive.extractfile(entry) if entry and entry.name == MANIFEST else None
    try:
        return Manifest(**orjson.loads(file.read() if file else b""))
    except (ValueError, TypeError) as error:
        raise BackupRefused("This file is not a backup of chatapp.") from error


def _check(manifest: Manifest, force: bool) -> None:
    if manifest.database != dumps.kind():
        raise BackupRefused(f"The backup is of {manifest.database}; DATABASE_URL names {dumps.kind()}.")
    if not system.knows(manifest.revision):
        raise BackupRefused(f"The backup was made by version {manifest.version}, newer than this one ({__version__}).")
    if dumps.has_content() and not force:
        raise BackupRefused("People have accounts in this database. --force replaces everything in it.")


def _unpack(archive: tarfile.TarFile, dump: Path) -> tuple[int, bytes | None]:
    """Files to their place, the database to `dump`; how many files, and the key."""
    files, key, has_database = 0, None, False
    for entry in _rest(archive):
        data = archive.extractfile(entry)
        if data is None:
            raise BackupRefused(f"The backup holds {entry.name}, which is no file.")
        if found := FILE.fullmatch(entry.name):
            _keep(data, found[1], entry.size)
            files += 1
        elif entry.name == DATABASE:
            with dump.open("xb") as target:
                while piece := data.read(blobs.PIECE):
                    target.write(piece)
            has_database = True
        elif entry.name == KEY:
            key = data.read()
    if not has_database:
        raise BackupRefused("The backup is not whole: it holds no database.")
    return files, key


def _rest(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while entry := archive.next():
        yield entry


def _keep(data: IO[bytes], sha256: str, size: int) -> None:
    store = blobs.store()
    incoming = store.receive(data, size)
    if incoming.sha256 != sha256:
        store.discard(incoming)
        raise BackupRefused(f"The file {sha256} in the backup is damaged.")
    store.keep(incoming)


def _generated_key() -> bytes | None:
    """The key that signs sessions and seals secrets, if it is in the instance folder and not in the settings."""
    settings = config.current()
    return None if settings.secret_key else settings.signing_key().encode()


def _store_key(key: bytes) -> None:
    settings = config.current()
    if settings.secret_key:
        return  # the settings decide
    path = Path(settings.instance_path) / "secret_key"
    unfinished = path.with_name("secret_key.new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key)
    unfinished.replace(path)


def _note(event: str, manifest: Manifest) -> None:
    """In the audit trail of a database that this version can write to. The commands know no person."""
    if system.is_newest(dumps.revision()):
        with transaction():
            audit.note(event, None, object_id=UUID(manifest.id), version=manifest.version)


@contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    """A folder that is read by nobody else, on the disk where the result will be."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=beside.parent) as folder:
        yield Path(folder)
