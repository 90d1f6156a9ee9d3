"""What a file is, by its bytes: one of the types that are taken, or nothing (turns-api 3.13).

What its sender says counts only where the bytes cannot tell: which kind of text a text is. A file that is two things at
once is the one that it begins as, and is only ever handled as that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from chatapp.core.image_sizes import size_of
from chatapp.errors import UnsupportedType

PDF = "application/pdf"
JSON = "application/json"
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
OOXML = "application/vnd.openxmlformats-officedocument."
# Names in an archive that only one kind of document has.
OFFICE = {
    b"word/document.xml": f"{OOXML}wordprocessingml.document",
    b"xl/workbook.xml": f"{OOXML}spreadsheetml.sheet",
    b"ppt/presentation.xml": f"{OOXML}presentationml.presentation",
}
# The first entry of an OpenDocument file is its type, not compressed.
OPEN_DOCUMENT = re.compile(rb"mimetypeapplication/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)")
TEXTS = {
    "txt": "text/plain",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": JSON,
    "html": "text/html",
    "css": "text/css",
    "xml": "text/xml",
    "py": "text/x-python",
}
TEXT_TYPE = re.compile(r"text/[a-z0-9][a-z0-9.+-]{0,60}")
# No text has them: they make a program, an archive or noise recognisable.
NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")

LONGEST_NAME = 255
LONGEST_ENDING = 20
UNNAMED = "file"
REFUSED = "Files of this type are not taken. Text, Markdown, CSV, JSON, PDF, office documents and images are."


@dataclass(frozen=True, slots=True)
class FileType:
    """Width and height are those of an image."""

    mime_type: str
    width: int | None = None
    height: int | None = None

    @property
    def is_image(self) -> bool:
        return self.mime_type in IMAGES


def detect(head: bytes, tail: bytes, declared: str, name: str) -> FileType:
    """The type of a file that begins and ends with these bytes. Raises UnsupportedType."""
    kind = next((kind for kind, is_it in SIGNATURES.items() if is_it(head)), None)
    if kind is None and head.startswith(b"PK\x03\x04"):
        kind = _office(head, tail)
    elif kind is None and _is_text(head):
        kind = _kind_of_text(head, declared, name)
    size = size_of(head, kind) if kind in IMAGES else (None, None)
    if kind is None or size is None:
        raise UnsupportedType(REFUSED)
    return FileType(kind, *size)


def clean_name(name: str) -> str:
    """The name without any path, or what would make it look like another; its ending survives being cut."""
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    name = "".join(" " if char.isspace() else char for char in name if unicodedata.category(char) not in HIDDEN)
    name = " ".join(name.split()).strip(". ") or UNNAMED
    stem, dot, ending = name.rpartition(".")
    if len(name) <= LONGEST_NAME or not dot or len(ending) > LONGEST_ENDING:
        return name[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"


def _office(head: bytes, tail: bytes) -> str | None:
    """Seen from outside: nobody opens the archive in this process."""
    if found := OPEN_DOCUMENT.search(head[:200]):
        return f"application/vnd.oasis.opendocument.{found[1].decode()}"
    return next((kind for name, kind in OFFICE.items() if name in tail or name in head), None)


def _is_text(head: bytes) -> bool:
    if head.startswith(UTF_16):
        return True
    return NOT_TEXT.search(head) is None


def _kind_of_text(head: bytes, declared: str, name: str) -> str:
    declared = declared.partition(";")[0].strip().lower()
    by_name = TEXTS.get(name.rpartition(".")[2].lower(), "text/plain")
    kind = declared if declared == JSON or TEXT_TYPE.fullmatch(declared) else by_name
    if kind == "text/plain":
        kind = by_name
    return kind if kind != JSON or head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in JSON_BEGINS else "text/plain"


HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn")
JSON_BEGINS = [bytes([char]) for char in b'{["-0123456789tfn']
SIGNATURES: dict[str, Callable[[bytes], bool]] = {
    PDF: lambda head: head.startswith(b"%PDF-"),
    "image/png": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": lambda head: head.startswith(b"\xff\xd8\xff"),
    "image/gif": lambda head: head.startswith((b"GIF87a", b"GIF89a")),
    "image/webp": lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP",
}
