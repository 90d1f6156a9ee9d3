"""Width and height of an image, from its first bytes: no picture is unpacked."""

from __future__ import annotations

from struct import error as StructError
from struct import unpack

# The markers of JPEG that come before a size: frames, but not the tables that have numbers between those of frames.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def size_of(head: bytes, kind: str) -> tuple[int, int] | None:
    """None when it cannot be told, or when there is nothing to see."""
    try:
        width, height = READERS[kind](head)
    except (StructError, ValueError, IndexError):
        return None
    return (width, height) if width and height else None


def _png(head: bytes) -> tuple[int, int]:
    if head[12:16] != b"IHDR":
        raise ValueError("no header")
    width, height = unpack(">II", head[16:24])
    return width, height


def _gif(head: bytes) -> tuple[int, int]:
    width, height = unpack("<HH", head[6:10])
    return width, height


def _jpeg(head: bytes) -> tuple[int, int]:
    at = 2
    while True:
        marker, kind, length = unpack(">BBH", head[at : at + 4])
        if marker != 0xFF:
            raise ValueError("no marker")
        if kind == 0xFF:
            at += 1  # padding
            continue
        if kind in FRAMES:
            height, width = unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + length


def _webp(head: bytes) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = unpack("<I", head[24:27] + b"\0")[0] + 1, unpack("<I", head[27:30] + b"\0")[0] + 1
    elif kind == b"VP8L":
        bits = unpack("<I", head[21:25])[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in unpack("<HH", head[26:30]))
    else:
        raise ValueError("no picture")
    return width, height


READERS = {"image/png": _png, "image/gif": _gif, "image/jpeg": _jpeg, "image/webp": _webp}
