"""Buckets of numbers and crosses of features: `Bucketize`, `SparseCross`, `tf.sparse.cross`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tf1x.core import convert
from tf1x.core.dtypes import DType, float32, float64, int32, int64, string
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.ops import math, xp
from tf1x.ops.shape_rules import unchanged
from tf1x.ops.sparse import fail
from tf1x.ops.strings_hash import fingerprint64

_MASK = (1 << 64) - 1
_FACTOR = 0xC6A4A7935BD1E995
_DEFAULT_HASH_KEY = 0xDECAFCAFFE


@op(
    "input: T -> output: int32",
    T=(int32, int64, float32, float64),
    shape=unchanged,
    grad=None,
    exact=True,
)
def Bucketize(input: Any, *, boundaries: list[float]) -> Any:
    """For each number how many of the rising `boundaries` are at most that number."""
    if list(boundaries) != sorted(boundaries):
        raise fail("Expected sorted boundaries")
    borders = xp.asarray(np.asarray(boundaries, np.float32))
    return xp.searchsorted(borders, input, side="right").astype(np.int32)


# -- crosses ---------------------------------------------------------------------------------------

Rows = list[list[Any]]


def _rows(indices: Any, values: Any, count: int) -> Rows:
    """The values of a sparse matrix by row.

    Raises:
        InvalidArgumentError: a row is out of bounds or out of order.
    """
    rows: Rows = [[] for _ in range(count)]
    before = 0
    for row, value in zip(indices[:, 0].tolist(), values.tolist(), strict=True):
        if not before <= row < count:
            raise fail(f"A value stands in row {row}, after row {before}, of {count} rows.")
        rows[row].append(value)
        before = row
    return rows


def _columns(indices: Any, values: Any, shapes: Any, dense: Any) -> list[Rows]:
    """Each feature's values by example, sparse features first.

    Raises:
        InvalidArgumentError: the tensors are no matrices, or differ in their number of rows.
    """
    if not all(np.shape(i)[1:] == (2,) for i in indices) or not all(np.ndim(d) == 2 for d in dense):
        raise fail("The inputs of a cross must be matrices, sparse or dense.")
    heights = {*(int(shape[0]) for shape in shapes), *(len(values) for values in dense)}
    if len(heights) != 1:
        raise fail(f"Expected inputs with one number of rows, got {sorted(heights)}.")
    count = heights.pop()
    sparse = [_rows(i, v, count) for i, v in zip(indices, values, strict=True)]
    return [*sparse, *(np.asarray(d).tolist() for d in dense)]


def _crossed(columns: list[Rows], join: Callable[[Iterable[Any]], Any], kind: Any) -> Any:
    """The sparse matrix of all combinations of the features' values in each example."""
    places, found, widest = [], [], 0
    for row in range(len(columns[0])):
        crosses = [join(each) for each in itertools.product(*(c[row] for c in columns))]
        places += [(row, i) for i in range(len(crosses))]
        found += crosses
        widest = max(widest, len(crosses))
    values = np.empty(len(found), kind)
    values[:] = found
    indices = np.array(places, np.int64).reshape(-1, 2)
    return indices, values, np.array([len(columns[0]), widest], np.int64)


def _mixed(x: int) -> int:
    return x ^ x >> 47


def _concatenated(first: int, second: int) -> int:
    """TensorFlow's `FingerprintCat64`."""
    result = first ^ _FACTOR
    result ^= _mixed(second * _FACTOR & _MASK) * _FACTOR & _MASK
    result = result * _FACTOR & _MASK
    result = _mixed(result) * _FACTOR & _MASK
    return _mixed(result)


def _hashed(num_buckets: int, hash_key: int) -> Callable[[Iterable[Any]], int]:
    fingerprints: dict[bytes, int] = {}

    def fingerprint(value: Any) -> int:
        if not isinstance(value, bytes):
            return int(value) & _MASK
        if value not in fingerprints:
            fingerprints[value] = fingerprint64(value)
        return fingerprints[value]

    def join(values: Iterable[Any]) -> int:
        result = hash_key & _MASK
        for value in values:
            result = _concatenated(result, fingerprint(value))
        return result % (num_buckets or (1 << 63) - 1)

    return join


def _joined(separator: bytes) -> Callable[[Iterable[Any]], bytes]:
    def join(values: Iterable[Any]) -> bytes:
        return separator.join(v if isinstance(v, bytes) else b"%d" % v for v in values)

    return join


def _cross_shapes(op: Operation) -> Any:
    return [(None, 2), (None,), (2,)]


_CROSSED = (
    "indices: N*int64, values: *sparse_types, shapes: N*int64, dense_inputs: *dense_types{} -> "
    "output_indices: int64, output_values: {}, output_shape: int64"
)
_TYPES: dict[str, Any] = {"sparse_types": (int64, string), "dense_types": (int64, string)}


@op(
    _CROSSED.format("", "out_type"),
    shape=_cross_shapes,
    grad=None,
    host=True,
    out_type=(int64, string),
    attrs={"internal_type": ("DType", int64)},
    **_TYPES,
)
def SparseCross(
    indices: list[Any],
    values: list[Any],
    shapes: list[Any],
    dense_inputs: list[Any],
    *,
    hashed_output: bool,
    num_buckets: int,
    hash_key: int,
    out_type: DType,
) -> Any:
    """All combinations of the features' values in each example, as numbers or as joined strings.

    Raises:
        InvalidArgumentError: the inputs are no matrices with one number of rows.
    """
    columns = _columns(indices, values, shapes, dense_inputs)
    if hashed_output:
        return _crossed(columns, _hashed(num_buckets, hash_key), np.int64)
    return _crossed(columns, _joined(b"_X_"), object)


@op(
    _CROSSED.format(", sep: string", "string"),
    shape=_cross_shapes,
    grad=None,
    host=True,
    **_TYPES,
)
def SparseCrossV2(
    indices: list[Any], values: list[Any], shapes: list[Any], dense_inputs: list[Any], sep: Any
) -> Any:
    """All combinations of the features' values in each example, as strings joined by `sep`."""
    return _crossed(
        _columns(indices, values, shapes, dense_inputs), _joined(np.asarray(sep).item()), object
    )


def _inputs(inputs: Any) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Indices, values and shapes of the sparse inputs, and the dense ones, numbers as int64.

    Raises:
        TypeError: no list of tensors.
    """
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("Inputs must be a list")
    if not all(isinstance(i, (SparseTensor, Tensor)) for i in inputs):
        raise TypeError("All inputs must be SparseTensors")
    sparse = [i for i in inputs if isinstance(i, SparseTensor)]
    dense = [i for i in inputs if not isinstance(i, SparseTensor)]

    def codes(tensor: Tensor) -> Tensor:
        whole: Tensor = tensor if tensor.dtype == string else math.cast(tensor, int64)
        return whole

    return (
        [s.indices for s in sparse],
        [codes(s.values) for s in sparse],
        [s.dense_shape for s in sparse],
        [codes(d) for d in dense],
    )


def sparse_cross(inputs: Any, name: str | None = None, separator: Any = None) -> SparseTensor:
    """All combinations of the values of several features in each example.

    Args:
        inputs: matrices [examples, values], sparse or dense, of strings or integers.
        separator: between the joined values; by default `_X_`.

    Returns:
        A SparseTensor of strings, [examples, most combinations].
    """
    separator = convert.to_tensor("_X_" if separator is None else separator, string)
    return SparseTensor(*SparseCrossV2(*_inputs(inputs), separator, name=name))


def sparse_cross_hashed(
    inputs: Any, num_buckets: int = 0, hash_key: int | None = None, name: str | None = None
) -> SparseTensor:
    """As `sparse_cross`, with a number for each combination: its hash modulo `num_buckets`.

    Args:
        num_buckets: 0 for 2**63 - 1.
        hash_key: where the hash starts.
    """
    indices, values, shapes, dense = _inputs(inputs)
    numeric = any(v.dtype != string for v in [*values, *dense])
    crossed = SparseCross(
        indices, values, shapes, dense, hashed_output=True, num_buckets=num_buckets,
        hash_key=hash_key or _DEFAULT_HASH_KEY, out_type=int64,
        internal_type=int64 if numeric else string, name=name,
    )  # fmt: skip
    return SparseTensor(*crossed)


# The names of TensorFlow's endpoints.
cross = sparse_cross
cross_hashed = sparse_cross_hashed
