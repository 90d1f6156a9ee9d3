"""The program that gets the text out of one file, in a process of its own: `python reader.py TYPE < file > result`.

It imports nothing of the application, so that it starts at once and knows no secret. Before it looks at the file it
limits its own memory, time and files. What it writes is JSON with `text`, `is_cut` and `problem`.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator
from time import process_time
from typing import IO, Any
from xml.parsers import expat

LONGEST = 1_000_000  # characters of text
MEMORY = 768 * 1024 * 1024
PATIENCE = 15.0  # seconds of work after which what there is has to do
MOST_SECONDS = 30  # after which the system ends the process
MOST_PAGES = 2_000
MOST_ENTRIES = 5_000
MOST_XML = 200 * 1024 * 1024  # bytes of one part, unpacked
DEEPEST = 1_000
PIECE = 64 * 1024

CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

# What an element means for the text, by its name without the name space. A paragraph ends a line.
BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "line-break": "\n", "s": " ", "noBreakHyphen": "-"}
LINES = {"p", "h", "tr", "row", "table-row"}
CELLS = {"tc", "table-cell"}


class Refused(Exception):
    """The text cannot be had. The argument is one of the words that `chatapp.extraction.Problem` knows."""


class Collected:
    """The text so far. Whoever adds to it learns whether that was enough."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self.is_cut = False

    def add(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    @property
    def is_enough(self) -> bool:
        """Nothing more can be taken, or it has taken long."""
        if self._length > LONGEST or process_time() > PATIENCE:
            self.is_cut = True
        return self.is_cut

    @property
    def text(self) -> str:
        text = "".join(self._pieces).replace("\r\n", "\n").replace("\r", "\n")
        text = CONTROLS.sub("", text)
        self.is_cut = self.is_cut or len(text) > LONGEST
        return text[:LONGEST]


def main() -> None:
    _limit()
    result: dict[str, Any] = {"text": "", "is_cut": False, "problem": None}
    collected = Collected()
    try:
        read(sys.argv[1], sys.stdin.buffer, collected)
    except Refused as refused:
        result["problem"] = str(refused)
    except (MemoryError, RecursionError):
        result["problem"] = "too_complex"
    except Exception:  # noqa: BLE001 - whatever a parser raises, the file cannot be read
        result["problem"] = "unreadable"
    if result["problem"] != "encrypted":
        result |= {"text": collected.text, "is_cut": collected.is_cut}
    if not result["problem"] and not result["text"].strip():
        result["problem"] = "no_text"
    sys.stdout.write(json.dumps(result))


def read(kind: str, file: IO[bytes], collected: Collected) -> None:
    """Collect the text of a file of that type. Raises Refused, and whatever its parser raises."""
    reader = READERS.get(kind)
    if reader is None and kind.startswith(OPEN_DOCUMENT):
        reader = _open_document
    (reader or _plain)(file, collected)


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (most, most))


def _plain(file: IO[bytes], collected: Collected) -> None:
    data = file.read(4 * LONGEST + 4)
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            collected.add(data.decode(encoding, errors="replace"))
            return
    if b"\x00" in data:
        raise Refused("unreadable")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        # What was cut in the middle of a character, or what an older program has written.
        is_end = len(data) > 4 * LONGEST and error.start > len(data) - 4
        text = data[: error.start].decode() if is_end else data.decode("cp1252", errors="replace")
    collected.add(text)


def _pdf(file: IO[bytes], collected: Collected) -> None:
    import logging

    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    logging.disable(logging.CRITICAL)
    reader = PdfReader(file)
    try:
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("encrypted")
        for number, page in enumerate(reader.pages):
            if number >= MOST_PAGES or collected.is_enough:
                collected.is_cut = True
                return
            collected.add(page.extract_text() + "\n\n")
    except DependencyError:
        raise Refused("encrypted") from None


def _word(file: IO[bytes], collected: Collected) -> None:
    with _archive(file) as archive:
        _prose(_part(archive, "word/document.xml"), collected)


def _open_document(file: IO[bytes], collected: Collected) -> None:
    with _archive(file) as archive:
        _prose(_part(archive, "content.xml"), collected)


def _slides(file: IO[bytes], collected: Collected) -> None:
    with _archive(file) as archive:
        for name in _numbered(archive, r"ppt/slides/slide(\d+)\.xml"):
            _prose(_part(archive, name), collected)
            collected.add("\n")


def _sheet(file: IO[bytes], collected: Collected) -> None:
    """The cells of all sheets, a row a line, tabs between them."""
    with _archive(file) as archive:
        strings: list[str] = []
        if "xl/sharedStrings.xml" in archive.namelist():
            shared = _Cells("si")
            _parse(_part(archive, "xl/sharedStrings.xml"), shared.start, shared.end, shared.text, lambda: shared.is_big)
            strings = [value for _, value in shared.values]
        for name in _numbered(archive, r"xl/worksheets/sheet(\d+)\.xml"):
            cells = _Cells("c", lambda kind, value: _looked_up(kind, value, strings), collected)
            _parse(_part(archive, name), cells.start, cells.end, cells.text, lambda: collected.is_enough)
            collected.add("\n")


def _looked_up(kind: str, value: str, strings: list[str]) -> str:
    return strings[int(value)] if kind == "s" and value.isdecimal() and int(value) < len(strings) else value


def _archive(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise Refused("unreadable") from None
    if len(archive.filelist) > MOST_ENTRIES:
        raise Refused("too_complex")
    return archive


def _part(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise Refused("unreadable") from None
    if entry.flag_bits & 1:
        raise Refused("encrypted")
    if entry.file_size > MOST_XML:
        raise Refused("too_complex")
    return archive.open(entry)


def _numbered(archive: zipfile.ZipFile, pattern: str) -> list[str]:
    found = [(int(match[1]), name) for name in archive.namelist() if (match := re.fullmatch(pattern, name))]
    return [name for _, name in sorted(found)]


def _prose(part: IO[bytes], collected: Collected) -> None:
    """Paragraphs as lines, cells of tables with tabs between them. OOXML keeps its text in <t>, OpenDocument anywhere
    in a paragraph."""
    inside: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        _go_deeper(inside, name)
        if name in BREAKS and {"p", "h"} & set(inside[-8:]):
            collected.add(BREAKS[name])

    def end(name: str) -> None:
        inside.pop()
        if name in CELLS:
            collected.add("\t")
        elif name in LINES and not CELLS & set(inside[-4:]):
            collected.add("\n")

    def text(data: str) -> None:
        if inside and (inside[-1] == "t" or {"p", "h"} & set(inside[-4:])):
            collected.add(data)

    _parse(part, start, end, text, lambda: collected.is_enough)


class _Cells:
    """The texts of the elements of a name: kept, or written to `collected` in rows."""

    def __init__(
        self, name: str, resolve: Callable[[str, str], str] | None = None, collected: Collected | None = None
    ) -> None:
        self.values: list[tuple[str, str]] = []
        self.size = 0
        self._name, self._resolve, self._collected = name, resolve, collected
        self._kind, self._pieces, self._inside = "", list[str](), list[str]()

    @property
    def is_big(self) -> bool:
        return self.size > 20 * LONGEST or process_time() > PATIENCE

    def start(self, name: str, attributes: dict[str, str]) -> None:
        _go_deeper(self._inside, name)
        if name == self._name:
            self._kind, self._pieces = attributes.get("t", ""), []

    def text(self, data: str) -> None:
        if self._inside and self._inside[-1] in ("v", "t"):
            self._pieces.append(data)

    def end(self, name: str) -> None:
        self._inside.pop()
        if name == self._name:
            value = "".join(self._pieces)
            self.size += len(value)
            if self._collected and self._resolve:
                self._collected.add(self._resolve(self._kind, value) + "\t")
            else:
                self.values.append((self._kind, value))
        elif name == "row" and self._collected:
            self._collected.add("\n")


def _parse(
    part: IO[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
    is_enough: Callable[[], bool],
) -> None:
    """XML as events, in constant memory. What declares a document type, and with it entities, is refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_entities
    for piece in _pieces(part):
        parser.Parse(piece, False)
        if is_enough():
            return
    parser.Parse(b"", True)


def _go_deeper(inside: list[str], name: str) -> None:
    if len(inside) >= DEEPEST:
        raise Refused("too_complex")
    inside.append(name)


def _refuse_entities(*_declared: object) -> None:
    raise Refused("unreadable")


def _pieces(part: IO[bytes]) -> Iterator[bytes]:
    while piece := part.read(PIECE):
        yield piece


READERS = {"application/pdf": _pdf, WORD: _word, SHEET: _sheet, SLIDES: _slides}

if __name__ == "__main__":
    main()
