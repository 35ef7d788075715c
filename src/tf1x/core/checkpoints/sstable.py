"""Sorted tables of strings: the container of a bundle's index and of V1 checkpoints.

Blocks of key-value pairs, each key without what it shares with the one before; every 16th key is
whole and listed at the end of its block. After each block stand its kind (a byte: 0, nothing is
compressed) and the masked crc32c of both. An index block holds for each block a key that is not
below its keys, and where it is. The last 48 bytes say where the index is.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import IO

from tf1x.core.checkpoints.encoding import crc32c, mask, read_varint, varint
from tf1x.core.errors import DataLossError, OpError, UnsupportedError
from tf1x.core.files import os_error

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_BLOCK_SIZE = 262144
_RESTART_INTERVAL = 16
_UINT32 = struct.Struct("<I")


# -- writing -----------------------------------------------------------------------------------


def write_table(file: IO[bytes], items: Iterable[tuple[bytes, bytes]]) -> None:
    """Write pairs, whose keys come in ascending order; the bytes are those of TensorFlow."""
    position = 0
    index = _BlockBuilder(1)
    block = _BlockBuilder(_RESTART_INTERVAL)

    def flush(built: _BlockBuilder) -> bytes:
        nonlocal position
        content = built.finish()
        file.write(content + b"\0" + _UINT32.pack(mask(crc32c(content + b"\0"))))
        handle = varint(position) + varint(len(content))
        position += len(content) + 5
        return handle

    pending = b""  # where the last block is: its index entry waits for the first key after it
    for key, value in items:
        if pending:
            index.add(_separator(block.last_key, key), pending)
            block = _BlockBuilder(_RESTART_INTERVAL)
            pending = b""
        block.add(key, value)
        if block.size >= _BLOCK_SIZE:
            pending = flush(block)
    if not pending and block.last_key is not None:
        pending = flush(block)
    meta = flush(_BlockBuilder(_RESTART_INTERVAL))
    if pending:
        index.add(_successor(block.last_key), pending)
    handles = meta + flush(index)
    file.write(handles.ljust(_FOOTER - 8, b"\0") + struct.pack("<Q", _MAGIC))


class _BlockBuilder:
    def __init__(self, restart_interval: int) -> None:
        self._interval = restart_interval
        self._content = bytearray()
        self._restarts = [0]
        self._since = 0
        self.last_key: bytes | None = None

    @property
    def size(self) -> int:
        return len(self._content) + 4 * len(self._restarts) + 4

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._since < self._interval:
            if self.last_key is not None:
                shared = _shared(self.last_key, key)
        else:
            self._restarts.append(len(self._content))
            self._since = 0
        self._content += varint(shared) + varint(len(key) - shared) + varint(len(value))
        self._content += key[shared:] + value
        self.last_key = key
        self._since += 1

    def finish(self) -> bytes:
        restarts = [*self._restarts, len(self._restarts)]
        return bytes(self._content) + struct.pack(f"<{len(restarts)}I", *restarts)


def _shared(a: bytes, b: bytes) -> int:
    """How many first bytes are the same."""
    most = min(len(a), len(b))
    if a[:most] == b[:most]:
        return most
    return next(i for i in range(most) if a[i] != b[i])


def _separator(before: bytes | None, after: bytes) -> bytes:
    """A short key that is not below `before` and is below `after`."""
    assert before is not None
    same = _shared(before, after)
    if same < min(len(before), len(after)) and before[same] + 1 < after[same]:
        return before[:same] + bytes([before[same] + 1])
    return before


def _successor(key: bytes | None) -> bytes:
    """A short key that is not below `key`."""
    assert key is not None
    for i, byte in enumerate(key):
        if byte != 0xFF:
            return key[:i] + bytes([byte + 1])
    return key


# -- reading -----------------------------------------------------------------------------------


class Table:
    """A table that is open for reading. Blocks are read as they are needed.

    Raises:
        NotFoundError (and kin): the file cannot be opened.
        DataLossError: it is damaged, or no table; the message names the file and the offset.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file = open(path, "rb")  # noqa: SIM115
        except OSError as error:
            raise os_error(error) from error
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        self._size = os.fstat(self._file.fileno()).st_size
        if self._size < _FOOTER:
            raise self._damaged("file is too short to be an sstable", 0)
        start = self._size - _FOOTER
        footer = self._read(start, _FOOTER)
        if struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
            raise self._damaged("not an sstable (bad magic number)", self._size - 8)
        try:
            _, position = self._handle(footer, 0)
            handle, _ = self._handle(footer, position)
        except ValueError:
            raise self._damaged("bad block handle", start) from None
        self._blocks = []
        for key, value in self._pairs(*handle):
            try:
                self._blocks.append((key, self._handle(value, 0)[0]))
            except ValueError:
                raise self._damaged("bad block handle in the index", handle[0]) from None
        self._last_keys = [key for key, _ in self._blocks]

    @staticmethod
    def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
        offset, position = read_varint(data, position, len(data))
        size, position = read_varint(data, position, len(data))
        return (offset, size), position

    def _read(self, offset: int, size: int) -> bytes:
        try:
            self._file.seek(offset)
            data = self._file.read(size)
        except OSError as error:
            raise os_error(error) from error
        if len(data) < size:
            raise self._damaged("truncated block read", offset)
        return data

    def _damaged(self, what: str, offset: int) -> OpError:
        return DataLossError(None, None, f"{self.path}: {what} at offset {offset}")

    def _block(self, offset: int, size: int) -> bytes:
        if offset + size + 5 > self._size:
            raise self._damaged("a block lies beyond the end of the file", offset)
        data = self._read(offset, size + 5)
        if _UINT32.unpack(data[-4:])[0] != mask(crc32c(data[:-4])):
            raise self._damaged("block checksum mismatch", offset)
        if data[size]:
            raise UnsupportedError(
                f"{self.path}: tf1x reads uncompressed tables only, and the block at offset "
                f"{offset} is compressed; write the checkpoint again with TensorFlow 1.0 or later."
            )
        return data[:size]

    def _pairs(self, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
        data = self._block(offset, size)
        if size < 4:
            raise self._damaged("bad block contents", offset)
        restarts = _UINT32.unpack(data[-4:])[0]
        end = size - 4 - 4 * restarts
        if end < 0:
            raise self._damaged("bad block contents", offset)
        key, position = b"", 0
        while position < end:
            try:
                shared, position = read_varint(data, position, end)
                rest, position = read_varint(data, position, end)
                length, position = read_varint(data, position, end)
            except ValueError:
                raise self._damaged("bad entry in block", offset) from None
            if shared > len(key) or position + rest + length > end:
                raise self._damaged("bad entry in block", offset)
            key = key[:shared] + data[position : position + rest]
            position += rest
            yield key, data[position : position + length]
            position += length

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All pairs in order."""
        for _, handle in self._blocks:
            yield from self._pairs(*handle)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        i = bisect_left(self._last_keys, key)
        if i < len(self._blocks):
            for found, value in self._pairs(*self._blocks[i][1]):
                if found == key:
                    return value
        return None

    def close(self) -> None:
        self._file.close()
