"""Record files (TFRecord), which event files are too: framed, checksummed strings of bytes.

A record is its length (8 bytes), the masked crc32c of those, the data, and the masked crc32c of
the data; numbers are little-endian. The whole file may be compressed with zlib or gzip.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from google_crc32c import value as _crc32c

from tf1x.core.errors import DataLossError, FailedPreconditionError
from tf1x.core.files import local_path, os_error, raising

COMPRESSIONS = ("", "GZIP", "ZLIB")

_WINDOW_BITS = {"GZIP": 31, "ZLIB": 15}  # for zlib, 16 more means a gzip header
_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_CHUNK = 1 << 18
_PIECE = 1 << 24  # a longer record of a compressed file is read in pieces: its length may be a lie


def masked_crc(data: bytes) -> int:
    """The crc32c of `data`, rotated and shifted as record files, tables and bundles hold it."""
    crc: int = _crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def check_compression(compression: str) -> str:
    """`compression` itself.

    Raises:
        ValueError: it is none of "", "GZIP" and "ZLIB".
    """
    if compression not in COMPRESSIONS:
        raise ValueError(f'Not a valid compression_type: "{compression}"')
    return compression


# -- reading -----------------------------------------------------------------------------------


class RecordReader:
    """Iterates over a file's records.

    Attributes:
        offset: of the next record, in bytes of the uncompressed file.

    Raises:
        NotFoundError (and kin): the file cannot be opened.
        DataLossError: it is damaged; the message names the file and the offset. A last record
            that is cut off, as that of a killed writer, is one too.
    """

    def __init__(self, path: Any, compression: str = "") -> None:
        self.path = local_path(path)
        self.offset = 0
        check_compression(compression)
        try:
            self._file = open(self.path, "rb", _CHUNK)  # noqa: SIM115
        except OSError as error:
            raise os_error(error) from error
        self._stream: Any = _Inflated(self, compression) if compression else self._file
        self._in_pieces = bool(compression)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        stream = self._stream
        header = stream.read(12)
        if len(header) < 12:
            if header:
                raise self.damaged("truncated record")
            self.close()
            raise StopIteration
        length, crc = _HEADER.unpack(header)
        if crc != masked_crc(header[:8]):
            hint = "" if self.offset else " (Is this even a TFRecord file?)"
            raise self.damaged("corrupted record", hint=hint)
        data = self._data(length)
        footer = stream.read(4)
        if len(data) < length or len(footer) < 4:
            raise self.damaged("truncated record")
        if _FOOTER.unpack(footer)[0] != masked_crc(data):
            raise self.damaged("corrupted record", 12)
        self.offset += length + 16
        return data

    def _data(self, length: int) -> bytes:
        if not self._in_pieces:
            if length > _CHUNK and length > os.fstat(self._file.fileno()).st_size - self.offset:
                raise self.damaged("truncated record")
            return self._file.read(length)
        if length <= _PIECE:
            return self._stream.read(length)  # type: ignore[no-any-return]
        pieces, missing = [], length
        while missing:
            piece = self._stream.read(min(missing, _PIECE))
            if not piece:
                raise self.damaged("truncated record")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def damaged(self, what: str, ahead: int = 0, hint: str = "") -> DataLossError:
        """The error for what is wrong `ahead` bytes after the last whole record."""
        self.close()
        return DataLossError(None, None, f"{self.path}: {what} at {self.offset + ahead}{hint}")

    def close(self) -> None:
        """Close the file; the iteration ends."""
        self._stream = _NOTHING
        self._file.close()


class _Nothing:
    def read(self, size: int) -> bytes:
        return b""


_NOTHING = _Nothing()


class _Inflated:
    """The uncompressed bytes of a zlib or gzip file.

    A missing end of the compressed stream is no error: its writer may have been killed, and
    TensorFlow reads such files.
    """

    def __init__(self, reader: RecordReader, compression: str) -> None:
        self._reader = reader
        self._file = reader._file
        self._bits = _WINDOW_BITS[compression]
        self._inflate = zlib.decompressobj(self._bits)
        self._ready = b""
        self._position = 0

    def read(self, size: int) -> bytes:
        """`size` bytes; fewer at the end."""
        end = self._position + size
        if end > len(self._ready):
            self._fill(size)
            end = size
        found = self._ready[self._position : end]
        self._position += len(found)
        return found

    def _fill(self, size: int) -> None:
        pieces = [self._ready[self._position :]]
        count = len(pieces[0])
        while count < size:
            piece = self._next_piece(max(size - count, _CHUNK))
            if piece is None:
                break
            pieces.append(piece)
            count += len(piece)
        self._ready, self._position = b"".join(pieces), 0

    def _next_piece(self, size: int) -> bytes | None:
        inflate = self._inflate
        data = inflate.unconsumed_tail or inflate.unused_data or self._file.read(_CHUNK)
        if not data:
            return None
        if inflate.eof:  # a gzip file may have several members
            inflate = self._inflate = zlib.decompressobj(self._bits)
        try:
            return inflate.decompress(data, size)
        except zlib.error as error:
            raise self._reader.damaged("inflate() failed", hint=f": {error}") from error


def read_records(path: Any, compression: str = "") -> Iterator[bytes]:
    """The records of a file, one after the other (see `RecordReader`)."""
    return RecordReader(path, compression)


# -- writing -----------------------------------------------------------------------------------


class RecordWriter:
    """Writes a record file; one that exists is replaced.

    Args:
        compression: "", "GZIP" or "ZLIB".
        append: write at the end of a file that exists (uncompressed or gzip).
        level, window_bits, mem_level, strategy: zlib's.

    Raises:
        NotFoundError (and kin): the file cannot be opened.
    """

    def __init__(
        self,
        path: Any,
        compression: str = "",
        append: bool = False,
        level: int = zlib.Z_DEFAULT_COMPRESSION,
        window_bits: int | None = None,
        mem_level: int = 8,
        strategy: int = zlib.Z_DEFAULT_STRATEGY,
    ) -> None:
        self.path = local_path(path)
        self._deflate: Any = None
        if check_compression(compression):
            bits = _WINDOW_BITS[compression]
            if window_bits is not None:
                bits = window_bits if compression == "ZLIB" else 16 | window_bits
            self._deflate = zlib.compressobj(level, zlib.DEFLATED, bits, mem_level, strategy)
        try:
            self._file = open(self.path, "ab" if append else "wb")  # noqa: SIM115
        except OSError as error:
            raise os_error(error) from error

    @raising
    def write(self, record: bytes) -> None:
        """Append a record.

        Raises:
            FailedPreconditionError: the writer is closed.
        """
        self._check_open()
        length = struct.pack("<Q", len(record))
        framed = b"".join(
            (
                length,
                _FOOTER.pack(masked_crc(length)),
                record,
                _FOOTER.pack(masked_crc(record)),
            )
        )
        self._file.write(self._deflate.compress(framed) if self._deflate else framed)

    @raising
    def flush(self) -> None:
        """Hand what was written to the operating system.

        Raises:
            FailedPreconditionError: the writer is closed.
        """
        self._check_open()
        if self._deflate:
            self._file.write(self._deflate.flush(zlib.Z_PARTIAL_FLUSH))
        self._file.flush()

    @raising
    def close(self) -> None:
        """Write what is left and close the file; a second time does nothing."""
        if self._file.closed:
            return
        if self._deflate:
            self._file.write(self._deflate.flush())
        self._file.close()

    def _check_open(self) -> None:
        if self._file.closed:
            raise FailedPreconditionError(None, None, "Writer is closed.")

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()
