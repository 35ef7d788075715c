"""Cases of ops/feature_crosses.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats

_BORDERS = {"boundaries": [-1.0, 0.0, 0.5, 1.5]}
_PLACES = np.int64([[0, 0], [0, 1], [2, 0]])
_OTHERS = np.int64([[0, 0], [1, 0], [2, 0], [2, 1]])
_WORDS = np.array([b"a", b"longer than sixteen bytes", b""], object)
_NUMBERS = np.int64([3, -7, 2**62, 0])
_SHAPE = Const(np.int64([3, 2]))
_DENSE = np.array([[b"x"], [b"y"], [b"z"]], object)
_TWO = ([_PLACES, _OTHERS], [_WORDS, _NUMBERS], [_SHAPE, _SHAPE], [_DENSE])
_HASHED = {"hashed_output": True, "hash_key": 0xDECAFCAFFE, "out_type": "int64"}
_JOINED = {"hashed_output": False, "num_buckets": 0, "hash_key": 0, "out_type": "string"}

CASES = [
    Case("Bucketize", (floats(3, 4),), _BORDERS),
    Case("Bucketize", (np.int32([-2, -1, 0, 1, 2]),), _BORDERS, note="int32"),
    Case("Bucketize", (np.int64([[-1], [0]]),), _BORDERS, note="int64"),
    Case("Bucketize", (np.float32([-1, 0, 0.5, 1.5]),), _BORDERS, note="at the borders"),
    Case("SparseCross", _TWO, {**_HASHED, "num_buckets": 100, "internal_type": "int64"}, data_dependent=True),
    Case("SparseCross", _TWO, {**_HASHED, "num_buckets": 0, "internal_type": "int64"}, data_dependent=True, note="no buckets"),
    Case("SparseCross", _TWO, {**_JOINED, "internal_type": "int64"}, data_dependent=True, note="joined"),
    Case("SparseCross", ([], [], [], [_DENSE, _DENSE]), {**_HASHED, "num_buckets": 7, "internal_type": "string"}, data_dependent=True, note="dense"),
    Case("SparseCrossV2", (*_TWO, Const(np.array(b"+", object))), data_dependent=True),
]  # fmt: skip
