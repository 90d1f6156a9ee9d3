"""What a file is, by its bytes; what it may be called."""

from __future__ import annotations

import pytest

from chatapp.core.file_types import clean_name, detect
from chatapp.errors import UnsupportedType
from tests import files

TAKEN = [
    (b"Hello", "", "notes.txt", "text/plain"),
    (b"Hello", "text/plain", "notes.md", "text/markdown"),
    (b"a,b\n1,2\n", "application/vnd.ms-excel", "table.csv", "text/csv"),
    (b'{"a": 1}', "application/json", "x", "application/json"),
    (b'{"a": 1}', "", "x.json", "application/json"),
    (b"<p>no</p>", "application/json", "x.json", "text/plain"),
    (b"<p>hello</p>", "text/html; charset=utf-8", "x.html", "text/html"),
    ("größer".encode("cp1252"), "text/csv", "excel.csv", "text/csv"),
    ("größer".encode("utf-16"), "text/plain", "notepad.txt", "text/plain"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "image/svg+xml", "x.svg", "text/plain"),
    (files.pdf(1), "application/pdf", "x.pdf", "application/pdf"),
    (files.docx("Hello"), "", "x.docx", files.DOCX),
    (files.xlsx(("a",)), "", "x.xlsx", files.XLSX),
    (files.pptx("a"), "", "x.pptx", files.PPTX),
    (files.odt("a"), "", "x.odt", files.ODT),
]
MISNAMED = [
    (files.png(), "text/plain", "notes.txt", "image/png"),
    (files.pdf(1), "image/png", "photo.png", "application/pdf"),
    (b"just words", "application/pdf", "report.pdf", "text/plain"),
    (files.docx("Hello"), "application/pdf", "report.pdf", files.DOCX),
    (files.gif(2, 2) + files.archive({"a.class": "x"}), "application/java-archive", "x.jar", "image/gif"),
    (files.pdf(1) + files.docx("Hello"), files.DOCX, "x.docx", "application/pdf"),
    (files.jpeg(9, 9) + b"<script>alert(1)</script>", "text/html", "x.html", "image/jpeg"),
]
REFUSED = [
    (b"MZ\x90\x00\x03" + b"\0" * 60, "application/pdf", "invoice.pdf"),
    (b"\x7fELF\x02\x01\x01" + b"\0" * 60, "text/plain", "notes.txt"),
    (files.archive({"a.txt": "x"}), "application/zip", "x.zip"),
    (files.archive({"a.txt": "x"}), files.DOCX, "x.docx"),
    (b"\x1f\x8b\x08\x00" + bytes(range(256)), "application/gzip", "x.gz"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60, "application/msword", "old.doc"),
    (b"\0\0\0 ftypheic" + b"\0" * 60, "image/png", "x.png"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "cut.png"),
    (files.png(0, 5), "image/png", "nothing.png"),
    (b"\xff\xd8\xff\xe0", "image/jpeg", "cut.jpg"),
    (b"<html>" + b"\0" * 9, "text/html", "x.html"),
]


@pytest.mark.parametrize(("data", "declared", "name", "kind"), TAKEN + MISNAMED)
def test_the_bytes_decide_what_a_file_is(data: bytes, declared: str, name: str, kind: str) -> None:
    assert detect(data[:100_000], data[-100_000:], declared, name).mime_type == kind


@pytest.mark.parametrize(("data", "declared", "name"), REFUSED)
def test_whatever_it_is_called_a_file_of_another_type_is_refused(data: bytes, declared: str, name: str) -> None:
    with pytest.raises(UnsupportedType):
        detect(data, data, declared, name)


@pytest.mark.parametrize("make", [files.png, files.jpeg, files.gif, files.webp])
def test_the_size_of_an_image_is_known(make) -> None:
    found = detect(make(640, 480), b"", "", "x")
    assert (found.width, found.height) == (640, 480)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\plan.docx", "plan.docx"),
        ("a\x00b\r\nc.txt", "abc.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("  two   words .txt", "two words .txt"),
        ("..", "file"),
        ("", "file"),
        ("x" * 300 + ".txt", "x" * 251 + ".txt"),
        ("x" * 300, "x" * 255),
        ("Jahresu\u0308bersicht.txt", "Jahresübersicht.txt"),
    ],
)
def test_names_lose_paths_and_what_hides_in_them(name: str, clean: str) -> None:
    assert clean_name(name) == clean
