"""Sparse tensors kept in the session under a number, so that a queue can carry the numbers."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.resources import NAMES, Resource, get_or_create
from tf1x.ops.shape_rules import scalar

_Sparse = tuple[Any, Any, Any]  # indices, values, shape


class SparseMap(Resource):
    """Sparse tensors by number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[int, _Sparse] = {}
        self._next = 0

    def add(self, tensors: list[_Sparse]) -> list[int]:
        with self._lock:
            numbers = list(range(self._next, self._next + len(tensors)))
            self._next += len(tensors)
            self._kept.update(zip(numbers, tensors, strict=True))
        return numbers

    def take(self, numbers: list[int]) -> list[_Sparse]:
        """The tensors, which are forgotten.

        Raises:
            InvalidArgumentError: there is none of that number.
        """
        with self._lock:
            missing = [n for n in numbers if n not in self._kept]
            if missing:
                raise _invalid(f"Unable to find SparseTensor: {missing[0]}")
            return [self._kept.pop(n) for n in numbers]


def _map(session: Any, op: Operation) -> SparseMap:
    return get_or_create(session, op, SparseMap, SparseMap)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


_STATEFUL: dict[str, Any] = {"grad": None, "host": True, "stateful": True, "attrs": NAMES}
_SPARSE = "sparse_indices: int64, sparse_values: T, sparse_shape: int64"


@op(f"{_SPARSE} -> sparse_handle: int64", shape=scalar, **_STATEFUL)
def AddSparseToTensorsMap(
    sparse_indices: Any, sparse_values: Any, sparse_shape: Any, *, op: Operation, session: Any
) -> Any:
    """Keep a sparse tensor; the number to take it by."""
    kept = tuple(np.array(x) for x in (sparse_indices, sparse_values, sparse_shape))
    return np.int64(_map(session, op).add([kept])[0])  # type: ignore[list-item]


@op(f"{_SPARSE} -> sparse_handles: int64", shape=lambda op: [(None,)], **_STATEFUL)
def AddManySparseToTensorsMap(
    sparse_indices: Any, sparse_values: Any, sparse_shape: Any, *, op: Operation, session: Any
) -> Any:
    """Keep the rows of a sparse tensor (its slices along the first dimension)."""
    if len(sparse_shape) < 2:
        raise _invalid(
            f"Rank of input SparseTensor should be > 1, but saw rank: {len(sparse_shape)}"
        )
    rows: list[_Sparse] = []
    for i in range(int(sparse_shape[0])):
        own = np.flatnonzero(sparse_indices[:, 0] == i)
        rows.append((sparse_indices[own, 1:], sparse_values[own], np.array(sparse_shape[1:])))
    return np.array(_map(session, op).add(rows), np.int64)


@op(
    "sparse_handles: int64 -> sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",
    shape=lambda op: [(None, None), (None,), (None,)],
    **_STATEFUL,
)
def TakeManySparseFromTensorsMap(
    sparse_handles: Any, *, dtype: DType, op: Operation, session: Any
) -> Any:
    """Several kept tensors as one with a new first dimension, of the largest shape among them."""
    taken = _map(session, op).take([int(n) for n in sparse_handles])
    if not taken:
        raise _invalid("Must have at least 1 SparseTensor handle, but none were given")
    shapes = [shape for _, _, shape in taken]
    if len({len(s) for s in shapes}) > 1:
        raise _invalid(f"Inconsistent rank across SparseTensors: {[len(s) for s in shapes]}")
    places = [np.insert(indices, 0, i, axis=1) for i, (indices, _, _) in enumerate(taken)]
    shape = np.concatenate([[len(taken)], np.max(shapes, axis=0)])
    return (
        np.concatenate(places).astype(np.int64),
        np.concatenate([values for _, values, _ in taken]),
        shape.astype(np.int64),
    )
