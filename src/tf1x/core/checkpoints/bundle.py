"""V2 checkpoints ("tensor bundles"), read.

`P.index` is a table: under the empty key a header, under each tensor's name its type, shape and
place in one of the files `P.data-00000-of-00002`, ... Of a tensor that was saved in parts its name
only lists the parts; each has an entry of its own.

A checkpoint that takes the place of one of the same name is first written beside it: see
bundle_writer.py for the files `.pending`.
"""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import numpy as np
from google.protobuf.message import DecodeError

from tf1x.core import dtypes
from tf1x.core.checkpoints.encoding import name_key
from tf1x.core.checkpoints.slices import Shape, TensorSlice, covering, shape_text, within
from tf1x.core.checkpoints.sstable import Table
from tf1x.core.checkpoints.tensors import (
    Damaged,
    checked_dims,
    checked_shape,
    damaged,
    dtype_of,
    read_tensor,
)
from tf1x.core.dtypes import DType
from tf1x.core.errors import DataLossError, InvalidArgumentError, NotFoundError, UnsupportedError
from tf1x.core.files import os_error

HEADER = b""
PENDING = ".pending"
VERSION = 1  # of the format


def index_path(prefix: str) -> str:
    return f"{prefix}.index"


def data_path(prefix: str, shard: int, shards: int) -> str:
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


def current_index(prefix: str) -> str:
    """The index file that counts: a pending one, if there is one."""
    path = index_path(prefix)
    return path + PENDING if os.path.exists(path + PENDING) else path


def current_data(path: str, pending: bool) -> str:
    """Where a data file is; `pending` says that the index is a pending one."""
    return path + PENDING if pending and os.path.exists(path + PENDING) else path


class BundleReader:
    """A V2 checkpoint, open for reading.

    Attributes:
        prefix: its path without `.index`.

    Raises:
        NotFoundError: there is none.
        DataLossError: it is damaged; the message says which file and where.
        UnsupportedError: it was written by a machine of the other byte order.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        path = current_index(prefix)
        if not os.path.exists(path):
            raise NotFoundError(
                None,
                None,
                f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {prefix}",
            )
        self._index = path
        self._pending = path.endswith(PENDING)
        table = Table(path)
        try:
            self.raw = dict(table.items())
        finally:
            table.close()
        self.header = self._header()
        self._entries: dict[bytes, Any] = {}
        self._files: dict[int, BinaryIO] = {}

    def _header(self) -> Any:
        from tf1x.core import messages

        if HEADER not in self.raw:
            raise DataLossError(None, None, f"{self._index}: no header at offset 0")
        header = messages.BundleHeaderProto()
        try:
            header.ParseFromString(self.raw.pop(HEADER))
        except DecodeError:
            raise DataLossError(
                None, None, f"{self._index}: malformed header at offset 0"
            ) from None
        if header.endianness:
            raise UnsupportedError(
                f"{self._index}: tf1x reads little-endian checkpoints only; convert it with "
                "TensorFlow on a machine of that kind."
            )
        if header.version.min_consumer > VERSION:
            raise InvalidArgumentError(
                None,
                None,
                f"{self._index}: checkpoint version {header.version.min_consumer} is newer than "
                f"the newest that tf1x reads, {VERSION}.",
            )
        return header

    # -- what is in it -------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The names of the tensors, sorted."""
        return [key.decode("utf-8", "surrogateescape") for key in self.raw if key[:1] != b"\0"]

    def has(self, name: str) -> bool:
        return name != "" and name_key(name) in self.raw

    def entry(self, key: bytes) -> Any:
        """The `BundleEntryProto` of a tensor, or of a part of one.

        Raises:
            NotFoundError: there is none.
            DataLossError: it is malformed.
        """
        found = self._entries.get(key)
        if found is None:
            from tf1x.core import messages

            if key not in self.raw:
                text = key.decode("utf-8", "backslashreplace")
                raise NotFoundError(None, None, f"Key {text} not found in checkpoint")
            found = messages.BundleEntryProto()
            try:
                found.ParseFromString(self.raw[key])
            except DecodeError:
                raise DataLossError(None, None, f"{self._index}: malformed entry {key!r}") from None
            self._entries[key] = found
        return found

    def dtype(self, name: str) -> DType:
        return dtype_of(self.entry(name_key(name)).dtype)

    def shape(self, name: str) -> Shape:
        """The shape of the whole tensor."""
        return _shape(self.entry(name_key(name)))

    def debug_string(self) -> str:
        """A line for each tensor, or for each part of one: name, type, shape."""
        lines = []
        for key in self.raw:
            entry = self.entry(key)
            if not entry.slices:
                dtype = dtype_of(entry.dtype).name
                text = key.decode("utf-8", "surrogateescape")
                lines.append(
                    f"{text} (DT_{_NAMES.get(dtype, dtype).upper()}) {shape_text(_shape(entry))}\n"
                )
        return "".join(lines)

    # -- values --------------------------------------------------------------------------------

    def read(self, name: str, part: TensorSlice | None = None) -> np.ndarray[Any, Any]:
        """A tensor, or a part of it.

        Raises:
            NotFoundError: it is not in the checkpoint.
            InvalidArgumentError: the checkpoint does not have all of that part.
            DataLossError: the checkpoint is damaged.
        """
        entry = self.entry(name_key(name))
        if entry.slices:
            return self._assembled(name, entry, part or TensorSlice.whole(len(_shape(entry))))
        array = self._stored(name, entry)
        if part is None or part.is_whole:
            return array
        ranges = part.ranges(array.shape)
        return array[tuple(slice(*r) for r in ranges)].copy()

    def _stored(self, name: str, entry: Any) -> np.ndarray[Any, Any]:
        dtype, shape = dtype_of(entry.dtype), _shape(entry)
        path = data_path(self.prefix, entry.shard_id, self.header.num_shards)
        try:
            file = self._file(entry.shard_id)
            if entry.offset < 0 or entry.size < 0:
                raise Damaged("malformed place")
            if entry.offset + entry.size > os.fstat(file.fileno()).st_size:
                raise Damaged("the file ends before it does")
            return read_tensor(file, dtype, shape, entry.offset, entry.size, entry.crc32c)
        except Damaged as error:
            raise damaged(path, entry.offset, name, error) from None
        except OSError as error:
            raise os_error(error) from error

    def _file(self, shard: int) -> BinaryIO:
        if shard not in self._files:
            if not 0 <= shard < self.header.num_shards:
                raise Damaged(f"shard {shard} of {self.header.num_shards}")
            path = data_path(self.prefix, shard, self.header.num_shards)
            file = open(current_data(path, self._pending), "rb", 0)  # noqa: SIM115
            self._files[shard] = file  # type: ignore[assignment]
        return self._files[shard]

    def _assembled(self, name: str, entry: Any, part: TensorSlice) -> np.ndarray[Any, Any]:
        dtype, shape = dtype_of(entry.dtype), _shape(entry)
        try:
            checked_dims(shape)
        except Damaged as error:
            raise damaged(self._index, 0, name, error) from None
        wanted = part.ranges(shape)
        parts = [TensorSlice.from_proto(proto) for proto in entry.slices]
        found = covering(wanted, [p.ranges(shape) for p in parts])
        if found is None:
            raise InvalidArgumentError(
                None,
                None,
                f"Does not have sufficient slices for partitioned tensor {name} to restore in "
                f"slice_spec: {part}",
            )
        pieces = []
        for i, common in found:  # before memory is taken for the whole
            piece = self.entry(parts[i].key(name))
            if piece.dtype != entry.dtype or _shape(piece) != parts[i].shape(shape):
                raise DataLossError(
                    None, None, f"{self._index}: part {parts[i]} of {name!r} does not fit the whole"
                )
            try:
                checked_shape(_shape(piece), dtype, piece.size)
            except Damaged as error:
                raise damaged(self._index, 0, name, error) from None
            pieces.append((piece, parts[i].ranges(shape), common))
        array = np.empty([end - first for first, end in wanted], dtype.numpy_dtype)
        for piece, ranges, common in pieces:
            array[within(common, wanted)] = self._stored(name, piece)[within(common, ranges)]
        return array

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    def __enter__(self) -> BundleReader:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()


# What messages call types, where that is not the name.
_NAMES = {
    dtypes.float32.name: "float",
    dtypes.float64.name: "double",
    dtypes.float16.name: "half",
}


def dtype_text(dtype: DType) -> str:
    """A type as TensorFlow's messages write it: `float`, `int64`."""
    return _NAMES.get(dtype.base_dtype.name, dtype.base_dtype.name)


def _shape(entry: Any) -> Shape:
    return tuple(dim.size for dim in entry.shape.dim)
