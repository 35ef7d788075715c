"""Cases of ops/sparse_map.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, Const, floats
from tf1x.ops import sparse_map

_PLACES = np.array([[0, 1], [0, 3], [2, 0]])


def _there_and_back(indices: Any, values: Any, shape: Any) -> Any:
    """Two sparse tensors kept and taken as one; their numbers are not shown, TensorFlow chooses its own."""
    first = sparse_map.AddSparseToTensorsMap(indices, values, shape, shared_name="map")
    second = sparse_map.AddSparseToTensorsMap(
        indices[:1], values[:1] + 1, shape + 1, shared_name="map"
    )
    return sparse_map.TakeManySparseFromTensorsMap(
        tf.stack([first, second]), dtype=values.dtype, shared_name="map"
    )


def _rows(indices: Any, values: Any, shape: Any) -> Any:
    """The rows of a sparse tensor, the last two of them taken."""
    numbers = sparse_map.AddManySparseToTensorsMap(indices, values, shape, shared_name="map")
    return sparse_map.TakeManySparseFromTensorsMap(
        numbers[1:], dtype=values.dtype, shared_name="map"
    )


_SPARSE = (Const(_PLACES), floats(3), Const(np.array([3, 4])))
_OPEN = {"data_dependent": True, "grad": False}

CASES = [
    Case("AddSparseToTensorsMap", _SPARSE, program=_there_and_back, **_OPEN),
    Case("TakeManySparseFromTensorsMap", _SPARSE, program=_there_and_back, **_OPEN),
    Case("AddManySparseToTensorsMap", _SPARSE, program=_rows, **_OPEN),
]
