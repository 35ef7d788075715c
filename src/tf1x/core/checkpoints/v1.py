"""V1 checkpoints, the only format before TensorFlow 0.12: tables of protos, read and written.

The empty key holds a `SavedTensorSlices` that lists all tensors with their types, shapes and
parts; every other key one with the values of one part. Several files (`P-00000-of-00002`, ...)
may make up one checkpoint.
"""

from __future__ import annotations

import glob
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from tf1x.core import dtypes
from tf1x.core.checkpoints.bundle import dtype_text
from tf1x.core.checkpoints.slices import Shape, TensorSlice, covering, shape_text, within
from tf1x.core.checkpoints.sstable import Table, write_table
from tf1x.core.checkpoints.tensors import Damaged, checked_dims, damaged, dtype_of
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.errors import (
    DataLossError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
)
from tf1x.core.files import replacing

_META = b""

# Where a TensorProto holds values of a type; two numbers for each complex one.
_FIELDS = {
    "float32": "float_val", "float64": "double_val", "int64": "int64_val", "bool": "bool_val",
    "string": "string_val", "complex64": "scomplex_val", "complex128": "dcomplex_val",
    "uint32": "uint32_val", "uint64": "uint64_val", "float16": "half_val", "bfloat16": "half_val",
}  # fmt: skip


def _field(dtype: DType) -> str:
    return _FIELDS.get(dtype.name, "int_val")


# -- reading -----------------------------------------------------------------------------------


class _Tensor:
    def __init__(self, dtype: DType, shape: Shape) -> None:
        self.dtype = dtype
        self.shape = shape
        self.parts: list[tuple[TensorSlice, Table]] = []


class V1Reader:
    """A V1 checkpoint, open for reading; the methods are those of `BundleReader`.

    Args:
        pattern: its file, or a pattern (`P-?????-of-00002`) of all of its files.

    Raises:
        NotFoundError: there is no such file.
        DataLossError: a file is damaged, or no checkpoint.
    """

    def __init__(self, pattern: str) -> None:
        self.prefix = pattern
        paths = sorted(glob.glob(pattern)) or sorted(glob.glob(glob.escape(pattern)))
        if not paths:
            raise NotFoundError(
                None,
                None,
                f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {pattern}",
            )
        self._tables: list[Table] = []
        self._tensors: dict[str, _Tensor] = {}
        try:
            for path in paths:
                self._add(path)
        except BaseException:
            self.close()
            raise

    def _add(self, path: str) -> None:
        table = Table(path)
        self._tables.append(table)
        raw = table.get(_META)
        if raw is None:
            raise InternalError(
                None, None, f"Failed to find the saved tensor slices at the beginning of {path}"
            )
        for meta in _parsed(raw, path).meta.tensor:
            shape = tuple(dim.size for dim in meta.shape.dim)
            try:
                checked_dims(shape)
            except Damaged as error:
                raise damaged(path, 0, meta.name, error) from None
            tensor = self._tensors.setdefault(meta.name, _Tensor(dtype_of(meta.type), shape))
            if tensor.shape != shape or tensor.dtype is not dtype_of(meta.type):
                raise DataLossError(
                    None, None, f"{path}: {meta.name!r} has another type or shape in another file"
                )
            tensor.parts += [(TensorSlice.from_proto(proto), table) for proto in meta.slice]

    def names(self) -> list[str]:
        return sorted(self._tensors)

    def has(self, name: str) -> bool:
        return name in self._tensors

    def _tensor(self, name: str) -> _Tensor:
        if name not in self._tensors:
            raise NotFoundError(None, None, f"Key {name} not found in checkpoint")
        return self._tensors[name]

    def dtype(self, name: str) -> DType:
        return self._tensor(name).dtype

    def shape(self, name: str) -> Shape:
        return self._tensor(name).shape

    def debug_string(self) -> str:
        return "".join(
            f"{name} (DT_{dtype_text(t.dtype).upper()}) {shape_text(t.shape)}"
            + (f", {len(t.parts)} slices\n" if len(t.parts) > 1 else "\n")
            for name, t in self._tensors.items()
        )

    def read(self, name: str, part: TensorSlice | None = None) -> np.ndarray[Any, Any]:
        """A tensor, or a part of it; raises as `BundleReader.read` does."""
        tensor = self._tensor(name)
        part = part or TensorSlice.whole(len(tensor.shape))
        wanted = part.ranges(tensor.shape)
        stored = [p.ranges(tensor.shape) for p, _ in tensor.parts]
        found = covering(wanted, stored)
        if found is None:
            raise InvalidArgumentError(
                None, None, f"Does not have all of the slice {part} of the tensor {name}"
            )
        if len(found) == 1 and stored[found[0][0]] == wanted:
            return self._stored(name, tensor, *tensor.parts[found[0][0]])
        pieces = [
            (stored[i], common, self._stored(name, tensor, *tensor.parts[i])) for i, common in found
        ]
        array = np.empty([end - first for first, end in wanted], tensor.dtype.numpy_dtype)
        for ranges, common, piece in pieces:
            array[within(common, wanted)] = piece[within(common, ranges)]
        return array

    def _stored(
        self, name: str, tensor: _Tensor, part: TensorSlice, table: Table
    ) -> np.ndarray[Any, Any]:
        raw = table.get(part.key(name))
        if raw is None:
            raise DataLossError(None, None, f"{table.path}: part {part} of {name!r} is missing")
        values = getattr(_parsed(raw, table.path).data.data, _field(tensor.dtype))
        shape = part.shape(tensor.shape)
        count = 2 if tensor.dtype.is_complex else 1
        if len(values) != count * math.prod(shape):
            raise DataLossError(
                None,
                None,
                f"{table.path}: {len(values)} values for part {part} of {name!r}, of shape {shape}",
            )
        return _array(values, tensor.dtype).reshape(shape)

    def close(self) -> None:
        for table in self._tables:
            table.close()

    def __enter__(self) -> V1Reader:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()


def _parsed(raw: bytes, path: str) -> Any:
    from tf1x.core import messages

    proto = messages.SavedTensorSlices()
    try:
        proto.ParseFromString(raw)
    except DecodeError:
        raise DataLossError(None, None, f"{path}: malformed SavedTensorSlices") from None
    return proto


def _array(values: Any, dtype: DType) -> np.ndarray[Any, Any]:
    if dtype is dtypes.string:
        array = np.empty(len(values), object)
        array[:] = list(values)
        return array
    if dtype.is_complex:
        half = np.float32 if dtype is dtypes.complex64 else np.float64
        return np.array(values, half).view(dtype.numpy_dtype)
    if _field(dtype) == "half_val":
        return np.array(values, np.int32).astype(np.uint16).view(dtype.numpy_dtype)
    if dtype.is_floating:
        return np.array(values, dtype.numpy_dtype)
    return np.array(values, object if dtype is dtypes.uint64 else np.int64).astype(
        dtype.numpy_dtype
    )


# -- writing -----------------------------------------------------------------------------------


def write_v1(
    path: str, tensors: Iterable[tuple[str, Any, tuple[Shape, TensorSlice] | None, DType | None]]
) -> None:
    """Write a V1 checkpoint of one file.

    Args:
        tensors: for each its name, its array, for a part of one the whole shape and which part,
            and the type where the array's own does not tell.

    Raises:
        InvalidArgumentError: a name comes twice.
        OpError: the file cannot be written.
    """
    from tf1x.core import messages

    head = messages.SavedTensorSlices()
    metas: dict[str, Any] = {}
    items: dict[bytes, bytes] = {}
    for name, value, slot, given in tensors:
        array = np.asarray(value)
        dtype = (given or as_dtype(array.dtype)).base_dtype
        shape, part = slot or (array.shape, TensorSlice.whole(array.ndim))
        key = part.key(name)
        if key in items:
            raise InvalidArgumentError(None, None, f"Adding duplicate key: {name}")
        meta = metas.get(name)
        if meta is None:
            meta = metas[name] = head.meta.tensor.add(name=name, type=dtype.as_datatype_enum)
            meta.shape.SetInParent()
            for size in shape:
                meta.shape.dim.add(size=size)
        part.to_proto(meta.slice.add())
        data = messages.SavedTensorSlices()
        data.data.name = name
        part.to_proto(data.data.slice)
        data.data.slice.SetInParent()
        data.data.data.SetInParent()
        getattr(data.data.data, _field(dtype)).extend(_numbers(array.reshape(-1), dtype))
        items[key] = data.SerializeToString()
    head.meta.versions.producer = 1
    with replacing(path) as file:
        write_table(file, [(_META, head.SerializeToString()), *sorted(items.items())])


def _numbers(flat: Any, dtype: DType) -> list[Any]:
    if dtype.is_complex:
        flat = np.ascontiguousarray(flat).view(
            np.float32 if dtype is dtypes.complex64 else np.float64
        )
    elif _field(dtype) == "half_val":
        flat = np.ascontiguousarray(flat).view(np.uint16)
    found: list[Any] = flat.tolist()
    return found
