"""The text of files, also of those that were made to do harm: a process of its own reads them, within its limits."""

from __future__ import annotations

import io
import os
import resource
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pypdf import PdfReader, PdfWriter

from chatapp import extraction
from chatapp.extraction import Extracted, Problem, extract, reader
from tests import files

MEMORY = reader.MEMORY // 1024  # kilobytes
BOMB = b"<w:document><w:t>" + b"A" * 150_000_000


def read(data: bytes, kind: str = "text/plain") -> Extracted:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return extract(file, kind)


@contextmanager
def work() -> Iterator[list[float]]:
    """Seconds of processor time that the processes begun in the block have taken."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds: list[float] = []
    yield seconds
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        ("Grüße\r\nan alle".encode(), "text/plain", "Grüße\nan alle"),
        ("Grüße".encode("utf-16"), "text/plain", "Grüße"),
        ("\ufeffGrüße".encode(), "text/plain", "Grüße"),
        ("Grüße".encode("cp1252"), "text/plain", "Grüße"),
        (b"# Title", "text/markdown", "# Title"),
        (b"a;b\x01\n", "text/csv", "a;b\n"),
        (b"[" * 100_000, "application/json", "[" * 100_000),
        (files.pdf(2), "application/pdf", "Hello page\n\nHello page\n\n"),
        (files.docx("One", "Two"), files.DOCX, "One\nTwo\n"),
        (files.xlsx(("name", "sum"), ("ana", "7")), files.XLSX, "name\tsum\t\nana\t7\t\n\n"),
        (files.pptx("First", "Second"), files.PPTX, "First\n\nSecond\n\n"),
        (files.odt("Plan"), files.ODT, "Plan\tend\n"),
    ],
)
def test_the_text_of_a_file(data: bytes, kind: str, text: str) -> None:
    assert read(data, kind) == Extracted(text)


def test_the_cells_of_a_table_stand_in_a_row() -> None:
    cells = "".join(f"<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>" for cell in "ab")
    xml = f"<w:document {files.W}><w:body><w:tbl><w:tr>{cells}</w:tr></w:tbl></w:body></w:document>"
    assert read(files.docx(xml=xml), files.DOCX).text == "a\tb\t\n"


@pytest.mark.parametrize(
    ("data", "kind", "problem"),
    [
        (b" \n", "text/plain", Problem.NO_TEXT),
        (files.pdf(3, text=""), "application/pdf", Problem.NO_TEXT),
        (files.docx(), files.DOCX, Problem.NO_TEXT),
        (b"%PDF-1.7 and then nothing", "application/pdf", Problem.UNREADABLE),
        (files.docx("Hello")[:200], files.DOCX, Problem.UNREADABLE),
        (files.archive({"word/other.xml": "x"}), files.DOCX, Problem.UNREADABLE),
        (b"text with a \x00 in it", "text/plain", Problem.UNREADABLE),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, kind: str, problem: Problem) -> None:
    assert read(data, kind) == Extracted(problem=problem)


def test_an_encrypted_file_is_named_as_such() -> None:
    writer, buffer = PdfWriter(PdfReader(io.BytesIO(files.pdf(1)))), io.BytesIO()
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(buffer)
    assert read(buffer.getvalue(), "application/pdf").problem is Problem.ENCRYPTED


def test_a_long_text_is_cut() -> None:
    found = read(b"a," * 12_000_000, "text/csv")
    assert len(found.text) == reader.LONGEST
    assert found.is_cut


def test_a_zip_bomb_costs_little() -> None:
    with work() as seconds:
        found = read(files.docx(xml=BOMB), files.DOCX)
    assert found.is_cut
    assert len(found.text) == reader.LONGEST
    assert seconds[0] < 3


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (files.docx(xml=b"<w:p>" * 1_000_000), Problem.TOO_COMPLEX),
        (files.docx(xml='<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'), Problem.UNREADABLE),
        (files.docx(xml='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'), Problem.UNREADABLE),
        (files.archive({f"{n}": "" for n in range(reader.MOST_ENTRIES + 1)}), Problem.TOO_COMPLEX),
    ],
)
def test_what_is_deep_or_declares_entities_is_refused(data: bytes, problem: Problem) -> None:
    assert read(data, files.DOCX) == Extracted(problem=problem)


def test_a_part_that_says_it_is_huge_is_not_unpacked() -> None:
    buffer = io.BytesIO(files.docx("Hello"))
    with zipfile.ZipFile(buffer) as file:
        size = file.getinfo("word/document.xml").file_size
    lie = buffer.getvalue().replace(size.to_bytes(4, "little"), (reader.MOST_XML + 1).to_bytes(4, "little"))
    assert read(lie, files.DOCX).problem is Problem.TOO_COMPLEX


def test_a_pdf_of_very_many_pages_is_read_as_far_as_it_goes() -> None:
    with work() as seconds:
        found = read(files.pdf(100_000), "application/pdf")
    assert found.is_cut or found.problem is Problem.TOO_COMPLEX
    assert seconds[0] < reader.MOST_SECONDS + 1


def test_a_reader_that_takes_all_memory_or_time_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    for number, harm in enumerate(("x = b'x' * 2_000_000_000", "while True: pass", "print('{' * 100)")):
        program = tmp_path / f"{number}.py"
        limits = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1));"
        limits += f"resource.setrlimit(resource.RLIMIT_AS, ({reader.MEMORY}, {reader.MEMORY}))\n"
        program.write_text(limits + harm)
        monkeypatch.setattr(extraction, "READER", program)
        assert read(b"hello") == Extracted(problem=Problem.TOO_COMPLEX)


def test_a_reader_that_only_waits_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    program = tmp_path / "waits.py"
    program.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(extraction, "READER", program)
    monkeypatch.setattr(extraction, "TIMEOUT", 0.2)
    assert read(b"hello").problem is Problem.TOO_COMPLEX


def test_the_reader_knows_nothing_of_the_server(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    program = tmp_path / "tells.py"
    program.write_text(
        "import json, os; text = str(sorted(os.environ)) + str(len(os.listdir('/proc/self/fd')));"
        "print(json.dumps({'text': text, 'is_cut': False, 'problem': None}))"
    )
    monkeypatch.setattr(extraction, "READER", program)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    descriptor = os.open("/", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        assert read(b"hello").text == "['LC_ALL']4"
    finally:
        os.close(descriptor)
