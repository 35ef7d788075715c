"""Tensors as bundles hold them: their bytes as they are in memory, strings with their lengths."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from tf1x.core import dtypes
from tf1x.core.checkpoints.encoding import CHUNK, crc32c, mask, read_varint, varint
from tf1x.core.checkpoints.slices import Shape
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.errors import DataLossError, UnsupportedError


def dtype_of(enum: int) -> DType:
    """The type with that number.

    Raises:
        UnsupportedError: a type that arrays cannot hold.
    """
    try:
        dtype = as_dtype(int(enum))
    except TypeError:
        dtype = dtypes.variant
    if dtype in (dtypes.resource, dtypes.variant) or dtype._is_ref_dtype:
        raise UnsupportedError(f"Data type {enum} is not supported in checkpoints.")
    return dtype


# -- writing -----------------------------------------------------------------------------------


def write_tensor(file: BinaryIO, array: Any, dtype: DType) -> tuple[int, int]:
    """Write an array; gives the number of bytes and the crc32c (not masked)."""
    if dtype is dtypes.string:
        return _write_strings(file, array.reshape(-1).tolist())
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    crc = 0
    for start in range(0, data.size, CHUNK):
        piece = data[start : start + CHUNK]
        crc = crc32c(piece, crc)
        file.write(piece.data)
    return data.size, crc


def _write_strings(file: BinaryIO, strings: list[bytes]) -> tuple[int, int]:
    strings = [s if isinstance(s, bytes) else str(s).encode() for s in strings]
    crc = _crc_of_lengths(len(s) for s in strings)
    lengths = b"".join(varint(len(s)) for s in strings)
    checksum = struct.pack("<I", mask(crc))
    content = b"".join(strings)
    file.write(lengths + checksum)
    file.write(content)
    return len(lengths) + 4 + len(content), crc32c(content, crc32c(checksum, crc))


def _crc_of_lengths(lengths: Iterator[int]) -> int:
    return crc32c(b"".join(struct.pack("<I" if n < 1 << 32 else "<Q", n) for n in lengths))


# -- reading -----------------------------------------------------------------------------------


class Damaged(ValueError):
    """What is wrong with the bytes of a tensor."""


def checked_dims(shape: Shape) -> None:
    """Refuse a shape that no array has.

    Raises:
        Damaged: why not.
    """
    if any(n < 0 for n in shape) or len(shape) > 32:
        raise Damaged(f"malformed shape {list(shape)}")
    if math.prod(max(n, 1) for n in shape) >= 1 << 56:
        raise Damaged(f"shape {list(shape)} is too large")


def checked_shape(shape: Shape, dtype: DType, size: int) -> None:
    """Refuse a tensor that cannot be in `size` bytes, before any memory is taken for it.

    Raises:
        Damaged: why not.
    """
    checked_dims(shape)
    elements = math.prod(shape)
    if dtype is dtypes.string:
        if size < elements + 4:
            raise Damaged(f"{size} bytes stored for {elements} strings")
    elif size != elements * dtype.numpy_dtype.itemsize:
        expected = elements * dtype.numpy_dtype.itemsize
        raise Damaged(f"Invalid size in bundle entry: stored size {size}; expected size {expected}")


def read_tensor(
    file: BinaryIO, dtype: DType, shape: Shape, offset: int, size: int, masked_crc: int
) -> np.ndarray[Any, Any]:
    """The tensor that an entry of a bundle describes; the file is that long.

    Raises:
        Damaged: what the file holds is something else.
    """
    checked_shape(shape, dtype, size)
    data = np.empty(size, np.uint8)
    crc = 0
    file.seek(offset)
    for start in range(0, size, CHUNK):
        piece = data[start : start + CHUNK]
        if file.readinto(piece) != piece.size:  # type: ignore[attr-defined]
            raise Damaged("truncated")
        if dtype is not dtypes.string:
            crc = crc32c(piece, crc)
    if dtype is dtypes.string:
        strings, crc = _read_strings(data.tobytes(), math.prod(shape))
        array = np.empty(len(strings), object)
        array[:] = strings
    else:
        array = data.view(dtype.numpy_dtype)
    if mask(crc) != masked_crc:
        raise Damaged(
            f"Checksum does not match: stored {masked_crc} vs. calculated on the restored bytes "
            f"{mask(crc)}"
        )
    return array.reshape(shape)


def _read_strings(data: bytes, count: int) -> tuple[list[bytes], int]:
    lengths, position = [], 0
    for _ in range(count):
        try:
            length, position = read_varint(data, position, len(data))
        except ValueError:
            raise Damaged("malformed lengths of strings") from None
        lengths.append(length)
    crc = _crc_of_lengths(iter(lengths))
    checksum = data[position : position + 4]
    position += 4
    if checksum != struct.pack("<I", mask(crc)):
        raise Damaged("the lengths of the strings do not match their checksum")
    if position + sum(lengths) != len(data):
        raise Damaged("the strings do not fill their place")
    crc = crc32c(data[position:], crc32c(checksum, crc))
    strings = []
    for length in lengths:
        strings.append(data[position : position + length])
        position += length
    return strings, crc


def damaged(path: str, offset: int, key: str, why: object) -> DataLossError:
    """The error that a damaged file gives."""
    return DataLossError(None, None, f"{path}: tensor {key!r} at offset {offset}: {why}")
