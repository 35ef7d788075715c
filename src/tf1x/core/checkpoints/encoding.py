"""Numbers and checksums as checkpoint files hold them."""

from __future__ import annotations

import re
import struct
from typing import Any

CHUNK = 1 << 20  # bytes that are checksummed and copied at a time, while they are in the cache


def crc32c(data: Any, crc: int = 0) -> int:
    """The crc32c of bytes or a contiguous uint8 array, going on from that of what stood before."""
    from google_crc32c import extend

    found: int = extend(crc, data)
    return found


def mask(crc: int) -> int:
    """A checksum as files hold it, so that checksums of checksums are no special case."""
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """The number at a position, and the position after it.

    Raises:
        ValueError: it does not end before `end`, or has more than 64 bits.
    """
    value = shift = 0
    while position < end and shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, position
        shift += 7
    raise ValueError("malformed number")


def name_key(name: str) -> bytes:
    """The key of a name; names of damaged files may hold bytes that are no text."""
    return name.encode("utf-8", "surrogateescape")


# -- ordered codes: strings of bytes that sort as the values do --------------------------------


def ordered_number(value: int) -> bytes:
    """A number that is not negative: how many bytes, then these, the highest first."""
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "big")


def ordered_string(value: bytes) -> bytes:
    """Bytes with an end mark, and with 0 and 255 escaped."""
    return _SPECIAL.sub(lambda found: _ESCAPED[found[0]], value) + b"\x00\x01"


_SPECIAL = re.compile(b"[\0\xff]")
_ESCAPED = {b"\0": b"\0\xff", b"\xff": b"\xff\0"}

_SIGNED_HEADERS = (b"\x80\0", b"\xc0\0", b"\xe0\0", b"\xf0\0", b"\xf8\0", b"\xfc\0", b"\xfe\0",
                   b"\xff\0", b"\xff\x80", b"\xff\xc0")  # fmt: skip


def ordered_signed(value: int) -> bytes:
    """A number with a sign in as few bytes as hold it beside its own length."""
    size = ((~value if value < 0 else value).bit_length() + 7) // 7
    code = bytearray((b"\xff\xff" if value < 0 else b"\0\0") + struct.pack(">q", value))[-size:]
    header = _SIGNED_HEADERS[size - 1]
    code[0] ^= header[0]
    if size > 1:
        code[1] ^= header[1]
    return bytes(code)
