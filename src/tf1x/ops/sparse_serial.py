"""Sparse tensors as strings, for queues and records: three serialized `TensorProto`s each."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import graphdef
from tf1x.core.dtypes import DType, as_dtype, int64, string, variant
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.sparse_tensor import SparseTensor, parts, to_sparse
from tf1x.ops.sparse import fail


def _strings(indices: Any, values: Any, shape: Any, out_type: DType = string) -> list[Any]:
    """The three parts, as strings or (for variants) as they are."""
    if out_type is variant:
        return [indices, values, shape]
    return [_string(indices, int64), _string(values, as_dtype(values.dtype)), _string(shape, int64)]


def _string(array: Any, dtype: DType) -> bytes:
    data: bytes = graphdef.make_tensor_proto(array, dtype).SerializeToString()
    return data


def _objects(rows: Any, shape: tuple[int, ...]) -> Any:
    made = np.empty(shape, object)
    for place, item in enumerate(rows):
        made[place] = item if len(shape) == 1 else _objects(item, shape[1:])
    return made


def _array(data: Any, dtype: DType) -> Any:
    """The tensor in a serialized `TensorProto`, or in a variant.

    Raises:
        InvalidArgumentError: there is none, or one of another type.
    """
    if isinstance(data, np.ndarray):
        if data.dtype != dtype.numpy_dtype:
            raise fail(f"Requested SparseTensor of type {dtype.name} but the serialized one has {data.dtype}")  # fmt: skip
        return data
    from tensorboard.compat.proto.tensor_pb2 import TensorProto

    proto = TensorProto()
    try:
        proto.ParseFromString(data)
    except Exception as error:
        raise fail(f"Could not parse serialized_sparse: {error}") from error
    if as_dtype(proto.dtype) is not dtype:
        raise fail(
            f"Requested SparseTensor of type {dtype.name} but the serialized one has {as_dtype(proto.dtype).name}"
        )
    return graphdef.make_ndarray(proto)


_SPARSE = "sparse_indices: int64, sparse_values: T, sparse_shape: int64"
_STRINGS = ((string, variant), string)


@op(
    f"{_SPARSE} -> serialized_sparse: out_type",
    shape=lambda op: [(3,)],
    out_type=_STRINGS,
    host=True,
    grad=None,
)
def SerializeSparse(
    sparse_indices: Any, sparse_values: Any, sparse_shape: Any, *, out_type: DType
) -> Any:
    """A sparse tensor as a vector of three strings."""
    return _objects(_strings(sparse_indices, sparse_values, sparse_shape, out_type), (3,))


@op(
    f"{_SPARSE} -> serialized_sparse: out_type",
    shape=lambda op: [(None, 3)],
    out_type=_STRINGS,
    host=True,
    grad=None,
)
def SerializeManySparse(
    sparse_indices: Any, sparse_values: Any, sparse_shape: Any, *, out_type: DType
) -> Any:
    """The rows of a sparse tensor (its slices along the first dimension), three strings each."""
    if len(sparse_shape) < 2:
        raise fail(f"Rank of input SparseTensor should be > 1, but saw rank: {len(sparse_shape)}")
    rows = []
    for i in range(int(sparse_shape[0])):
        own = np.flatnonzero(sparse_indices[:, 0] == i)
        rows.append(
            _strings(sparse_indices[own, 1:], sparse_values[own], sparse_shape[1:], out_type)
        )
    return _objects(rows, (len(rows), 3))


def _restored(rows: Any, dtype: DType) -> Any:
    """Serialized sparse tensors as one with a new first dimension; the largest of their shapes."""
    places, values, shapes = [], [], []
    for i, row in enumerate(rows):
        own = _array(row[0], int64)
        places.append(np.concatenate([np.full((len(own), 1), i, np.int64), own], axis=1))
        values.append(_array(row[1], dtype))
        shapes.append(_array(row[2], int64))
    if not shapes:
        raise fail("Must have at least 1 serialized SparseTensor, but none were given")
    if len({s.shape for s in shapes}) > 1:
        raise fail(f"Inconsistent rank of serialized SparseTensors: {[len(s) for s in shapes]}")
    largest = np.max(shapes, axis=0)
    return (
        np.concatenate(places),
        np.concatenate(values),
        np.concatenate([[len(shapes)], largest]).astype(np.int64),
    )


_RESTORED = "sparse_indices: int64, sparse_values: dtype, sparse_shape: int64"


def _open(op: Operation) -> Any:
    return [(None, None), (None,), (None,)]


@op(f"serialized_sparse: string -> {_RESTORED}", shape=_open, host=True, grad=None)
def DeserializeManySparse(serialized_sparse: Any, *, dtype: DType) -> Any:
    """Serialized sparse tensors [n, 3] as one with n rows, of the largest shape among them."""
    if serialized_sparse.ndim != 2 or serialized_sparse.shape[1] != 3:
        raise fail(
            f"Serialized sparse should have shape [n, 3], but has {list(serialized_sparse.shape)}"
        )
    return _restored(serialized_sparse, dtype)


@op(
    f"serialized_sparse: Tserialized -> {_RESTORED}",
    shape=_open,
    Tserialized=_STRINGS,
    host=True,
    grad=None,
)
def DeserializeSparse(serialized_sparse: Any, *, dtype: DType) -> Any:
    """Serialized sparse tensors [..., 3] as one with the leading dimensions in front."""
    outer = serialized_sparse.shape[:-1]
    if not serialized_sparse.ndim or serialized_sparse.shape[-1] != 3:
        raise fail(
            f"Serialized sparse should have 3 as the last dimension but has {list(serialized_sparse.shape)}"
        )
    indices, values, shape = _restored(serialized_sparse.reshape(-1, 3), dtype)
    front = np.unravel_index(indices[:, 0], outer) if outer else ()
    places = np.concatenate([*(x[:, None] for x in front), indices[:, 1:]], axis=1)
    return places.astype(np.int64), values, np.concatenate([outer, shape[1:]]).astype(np.int64)


@export("serialize_sparse", "io.serialize_sparse")
def serialize_sparse(sp_input: Any, name: str | None = None, out_type: Any = string) -> Tensor:
    """A SparseTensor as a vector of three strings."""
    return SerializeSparse(*parts(to_sparse(sp_input)), out_type=out_type, name=name)


@export("serialize_many_sparse", "io.serialize_many_sparse")
def serialize_many_sparse(sp_input: Any, name: str | None = None, out_type: Any = string) -> Tensor:
    """The slices of a SparseTensor along its first dimension, three strings each: shape [n, 3]."""
    return SerializeManySparse(*parts(to_sparse(sp_input)), out_type=out_type, name=name)


def _with_rank(made: Any, rank: int | None) -> SparseTensor:
    indices, values, shape = made
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)


@export("deserialize_many_sparse", "io.deserialize_many_sparse")
def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """What `serialize_many_sparse` made, as one SparseTensor.

    Args:
        serialized_sparse: strings of shape [n, 3].
        dtype: of the values.
        rank: of the result, if known.
    """
    return _with_rank(DeserializeManySparse(serialized_sparse, dtype=dtype, name=name), rank)


@export("deserialize_sparse")
def deserialize_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """What `serialize_sparse` made, strings of shape [..., 3], as one SparseTensor."""
    return _with_rank(DeserializeSparse(serialized_sparse, dtype=dtype, name=name), rank)
