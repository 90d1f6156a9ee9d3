"""Files as people send them, and as those send them who mean harm. Made here, so that nobody has to trust them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"


def archive(entries: dict[str, str | bytes], stored: tuple[str, ...] = ()) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def docx(*paragraphs: str, xml: str | bytes = "") -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    document = xml or f"<w:document {W}><w:body>{body}</w:body></w:document>"
    return archive({"[Content_Types].xml": "<Types/>", "word/document.xml": document})


def xlsx(*rows: tuple[str, ...]) -> bytes:
    shared = "".join(f"<si><t>{cell}</t></si>" for row in rows for cell in row)
    number = iter(range(10_000))
    cells = ("".join(f'<c t="s"><v>{next(number)}</v></c>' for _ in row) for row in rows)
    sheet = "".join(f"<row>{row}</row>" for row in cells)
    return archive(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": "<workbook/>",
            "xl/sharedStrings.xml": f"<sst>{shared}</sst>",
            "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{sheet}</sheetData></worksheet>",
        }
    )


def pptx(*slides: str) -> bytes:
    pages = {
        f"ppt/slides/slide{number}.xml": f'<p:sld xmlns:p="p" xmlns:a="a"><a:p><a:t>{text}</a:t></a:p></p:sld>'
        for number, text in enumerate(slides, 1)
    }
    return archive({"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>", **pages})


def odt(text: str) -> bytes:
    content = f'<office:text xmlns:office="o" xmlns:text="t"><text:p>{text}<text:tab/>end</text:p></office:text>'
    return archive({"mimetype": ODT, "content.xml": content}, stored=("mimetype",))


def pdf(pages: int, text: str = "Hello page", trailer: str = "") -> bytes:
    """So many times the same page."""
    out, places = io.BytesIO(), {}

    def put(number: int, data: bytes) -> None:
        places[number] = out.tell()
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, data))

    content = b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % text.encode()
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
    kids = b" ".join([b"5 0 R"] * pages)
    out.write(b"%PDF-1.4\n")
    put(1, b"<</Type/Catalog/Pages 2 0 R>>")
    put(2, b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids))
    put(3, b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    put(4, b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    put(5, page)
    table, size = out.tell(), 6
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    out.write(b"".join(b"%010d 00000 n \n" % places[number] for number in range(1, size)))
    out.write(b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (size, trailer.encode(), table))
    return out.getvalue()


def png(width: int = 4, height: int = 3) -> bytes:
    """A picture in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x0f\x6e\x66" * width) * height
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def jpeg(width: int, height: int) -> bytes:
    """No more than what tells its size, behind a comment."""
    comment = b"\xff\xfe" + struct.pack(">H", 1002) + b"x" * 1000
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + comment + frame + b"\xff\xd9"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00;"


def webp(width: int, height: int) -> bytes:
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\0" * 4 + size
