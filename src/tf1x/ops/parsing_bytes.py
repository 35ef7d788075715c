"""Strings of bytes as tensors: raw numbers, serialized tensors, compressed data."""

from __future__ import annotations

import base64
import math
import zlib
from typing import Any

import numpy as np

from tf1x.api import renamed
from tf1x.core import dtypes, graphdef
from tf1x.core.dtypes import DType, as_dtype, bool_
from tf1x.core.errors import DataLossError, InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops.shape_rules import dims, scalar, unchanged

_PLAIN = (
    dtypes.float16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.uint16, dtypes.uint8,
    dtypes.int16, dtypes.int8, dtypes.int64, dtypes.bfloat16,
)  # fmt: skip
_RAW = (*_PLAIN, dtypes.complex64, dtypes.complex128, bool_)


def _fail(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _strings(values: list[Any], shape: tuple[int, ...]) -> Any:
    made = np.empty(len(values), object)
    made[:] = values
    return made.reshape(shape)


# -- raw numbers ---------------------------------------------------------------------------------


def _decoded(rows: list[bytes], dtype: DType, little_endian: bool) -> Any:
    """A matrix of numbers from rows of equal length."""
    kind = dtype.numpy_dtype
    flat = np.frombuffer(b"".join(rows), np.uint8 if dtype is bool_ else kind)
    if dtype is bool_:
        flat = flat != 0
    elif not little_endian and kind.itemsize > 1:
        flat = flat.byteswap()  # of complex numbers, each part for itself
    return flat.reshape(len(rows), len(rows[0]) // kind.itemsize if rows else 0)


def _raw_shape(op: Operation) -> Any:
    shape = dims(op, 0)
    return [None if shape is None else (*shape, None)]


@op("bytes: string -> output: out_type", shape=_raw_shape, grad=None, host=True, out_type=_RAW)
def DecodeRaw(bytes: Any, *, out_type: DType, little_endian: bool = True) -> Any:
    """The bytes of each string as numbers; a new last dimension holds them.

    Raises:
        InvalidArgumentError: the strings have different lengths, or none that fits the type.
    """
    rows = np.ravel(bytes).tolist()
    length = len(rows[0]) if rows else 0
    for i, row in enumerate(rows):
        if len(row) != length:
            raise _fail(
                "DecodeRaw requires input strings to all be the same size, but element "
                f"{i} has size {length} != {len(row)}"
            )
    size = out_type.size
    if length % size:
        raise _fail(
            f"Input to DecodeRaw has length {length} that is not a multiple of {size}, the size "
            f"of {_type_name(out_type)}"
        )
    return _decoded(rows, out_type, little_endian).reshape(*np.shape(bytes), length // size)


def _type_name(dtype: DType) -> str:
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)


def _padded_shape(op: Operation) -> Any:
    shape, length = dims(op, 0), constant_value(op.inputs[1])
    size = op.attrs["out_type"].size
    if length is not None and int(length) % size:
        raise ValueError(f"Dimension size must be evenly divisible by {size} but is {length}")
    last = None if length is None else int(length) // size
    return [None if shape is None else (*shape, last)]


@op(
    "input_bytes: string, fixed_length: int32 -> output: out_type",
    shape=_padded_shape,
    grad=None,
    host=True,
    out_type=_PLAIN,
)
def DecodePaddedRaw(
    input_bytes: Any, fixed_length: Any, *, out_type: DType, little_endian: bool = True
) -> Any:
    """As `DecodeRaw`, each string cut or filled up with zeros to `fixed_length` bytes."""
    length, size = int(fixed_length), out_type.size
    if length <= 0:
        raise _fail(f"fixed_length ({length}) must be greater than zero.")
    if length % size:
        raise _fail(f"fixed_length ({length}) must be a multiple of the size of out_type ({size})")
    rows = np.ravel(input_bytes).tolist()
    if length > 1 << 20 and rows:  # far more than the strings hold: hardly what is meant
        longest = max(map(len, rows))
        if length > 1000 * (longest + 1):
            raise _fail(f"fixed_length ({length}) is far longer than the strings ({longest})")
    padded = [row[:length].ljust(length, b"\0") for row in rows]
    decoded = _decoded(padded, out_type, little_endian)
    return decoded.reshape(*np.shape(input_bytes), length // size)


def decode_raw(
    input_bytes: Any = None,
    out_type: Any = None,
    little_endian: bool = True,
    name: str | None = None,
    bytes: Any = None,
) -> Tensor:
    """The bytes of each string as numbers; a new last dimension holds them.

    Args:
        input_bytes: strings of equal length (older name: `bytes`).
        out_type: the numbers' type.
        little_endian: their order of bytes.

    Raises (when run):
        InvalidArgumentError: the strings have different lengths, or none that fits the type.
    """
    if (input_bytes is None) == (bytes is None):
        raise ValueError("decode_raw wants input_bytes (or its older name, bytes)")
    if out_type is None:
        raise ValueError("decode_raw_v1() missing 1 positional argument: 'out_type'")
    strings = bytes if input_bytes is None else input_bytes
    result: Tensor = DecodeRaw(strings, out_type=out_type, little_endian=little_endian, name=name)
    return result


# -- tensors -------------------------------------------------------------------------------------


@op("tensor: T -> serialized: string", shape=scalar, grad=None, host=True)
def SerializeTensor(tensor: Any, *, T: DType) -> Any:
    """A tensor as a serialized `TensorProto`."""
    return np.array(graphdef.make_tensor_proto(tensor, T).SerializeToString(), object)


# A `TensorProto` may hold one value for all elements; so many at most are believed.
_MOST_REPEATED = 1 << 28


@op("serialized: string -> output: out_type", grad=None, host=True)
def ParseTensor(serialized: Any, *, out_type: DType) -> Any:
    """The tensor in a serialized `TensorProto`.

    Raises:
        InvalidArgumentError: there is none, or one of another type.
    """
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.tensor_pb2 import TensorProto

    if np.ndim(serialized):
        raise _fail(
            f"Expected `serialized` to be a scalar, got shape: {list(np.shape(serialized))}"
        )
    data = np.asarray(serialized).item()
    try:
        proto = TensorProto.FromString(data)
    except DecodeError as error:
        shown = base64.urlsafe_b64encode(data[:200]).decode().rstrip("=")
        raise _fail(f"Could not parse `serialized` as TensorProto, base64: {shown}") from error
    try:
        found = as_dtype(proto.dtype)
    except TypeError as error:
        raise _fail(f"Could not parse `serialized` as TensorProto: {error}") from error
    if found != out_type:
        raise _fail(
            f"Type mismatch between parsed tensor ({_type_name(found)}) and dtype "
            f"({_type_name(out_type)})"
        )
    sizes = [d.size for d in proto.tensor_shape.dim]
    if min(sizes, default=0) < 0 or math.prod(sizes) > max(_MOST_REPEATED, len(data)):
        raise _fail(f"Could not parse `serialized` as TensorProto: its shape is {sizes}")
    try:
        return graphdef.make_ndarray(proto)
    except (TypeError, ValueError) as error:
        raise _fail(f"Could not parse `serialized` as TensorProto: {error}") from error


# -- compression ---------------------------------------------------------------------------------

_WINDOW_BITS = {"ZLIB": 15, "GZIP": 31}


@op("bytes: string -> output: string", shape=unchanged, grad=None, host=True)
def DecodeCompressed(bytes: Any, *, compression_type: str = "") -> Any:
    """Each string uncompressed; `compression_type` is "", "ZLIB" or "GZIP".

    Raises:
        DataLossError: a string is damaged. One that is cut off gives what there is.
    """
    if not compression_type:
        return np.asarray(bytes)
    if compression_type not in _WINDOW_BITS:
        raise _fail("Only ZLIB, GZIP or NONE are supported compressions")
    found = []
    for data in np.ravel(bytes).tolist():
        inflate = zlib.decompressobj(_WINDOW_BITS[compression_type])
        try:
            found.append(inflate.decompress(data))
        except zlib.error as error:
            raise DataLossError(None, None, f"inflate() failed: {error}") from error
    return _strings(found, np.shape(bytes))


serialize_tensor = SerializeTensor
parse_tensor = ParseTensor
decode_compressed = renamed(input_bytes="bytes")(DecodeCompressed)
