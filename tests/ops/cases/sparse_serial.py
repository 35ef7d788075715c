"""Cases of ops/sparse_serial.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats
from tf1x.core.graphdef import make_tensor_proto

_PLACES = np.int64([[0, 1], [0, 3], [2, 0]])
_SHAPE = Const(np.int64([3, 4]))
_WORDS = np.array([b"a", b"bc", b""], object)


def _strings(*arrays: np.ndarray) -> np.ndarray:
    made = np.empty(len(arrays), object)
    made[:] = [make_tensor_proto(a).SerializeToString() for a in arrays]
    return made


_ONE = _strings(_PLACES, floats(3), np.int64([3, 4]))
_TWO = _strings(_PLACES[:1], floats(1), np.int64([2, 5]))

CASES = [
    Case("SerializeSparse", (_PLACES, np.int32([1, 2, 3]), _SHAPE), oracle=False, why="TensorFlow writes the same protos with other bytes; tests/ops/test_sparse.py reads each side's with the other"),
    Case("SerializeManySparse", (_PLACES, _WORDS, _SHAPE), data_dependent=True, oracle=False, why="as SerializeSparse"),
    Case("DeserializeManySparse", (np.stack([_ONE, _TWO]),), {"dtype": np.float32}, data_dependent=True),
    Case("DeserializeSparse", (_ONE,), {"dtype": np.float32}, data_dependent=True),
    Case("DeserializeSparse", (np.stack([_ONE, _TWO]),), {"dtype": np.float32}, data_dependent=True, note="batch"),
]  # fmt: skip
