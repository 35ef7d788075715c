"""Cases of ops/parsing_sequence.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const
from tests.ops.cases.parsing import feature, floats, ints, message, strings, texts


def _list(key: bytes, kind: int, *frames: bytes) -> bytes:
    """An entry of a map of lists of features."""
    values = (bytes([8 * kind + 2, len(f)]) + f for f in frames)
    inner = b"".join(b"\n" + bytes([len(v)]) + v for v in values)
    entry = b"\n" + bytes([len(key)]) + key + b"\x12" + bytes([len(inner)]) + inner
    return b"\n" + bytes([len(entry)]) + entry


def _sequence(context: bytes, *lists: bytes) -> bytes:
    body = b"".join(lists)
    return context + b"\x12" + bytes([len(body)]) + body


_ONE = _sequence(
    message(feature(b"c", 3, ints(7)), feature(b"v", 1, texts(b"q", b"r"))),
    _list(b"d", 3, ints(1, 2), ints(3, 4), ints(5, 6)),
    _list(b"s", 2, floats(1), floats(), floats(2, 3)),
)
_TWO = _sequence(
    message(feature(b"c", 3, ints(8))), _list(b"d", 3, ints(9, 9)), _list(b"s", 2, floats(4, 5, 6))
)
_ONCE: dict[str, Any] = {"data_dependent": True, "dtypes": ("float32",)}
_BATCH, _NONE = strings(_ONE, _TWO), strings()
_DEFAULT = [Const(np.zeros(0, np.int64))]
_TYPES: dict[str, Any] = {
    "context_sparse_types": ["string"],
    "feature_list_sparse_types": ["float32"],
    "feature_list_dense_types": ["int64"],
    "context_dense_shapes": [[]],
    "feature_list_dense_shapes": [[2]],
}
_COUNTS = {"Ncontext_sparse": 1, "Nfeature_list_sparse": 1, "Nfeature_list_dense": 1}
_RAGGED = {
    "context_ragged_value_types": ["string"],
    "context_ragged_split_types": ["int32"],
    "feature_list_ragged_value_types": ["float32"],
    "feature_list_ragged_split_types": ["int64"],
}


def _v2(serialized: Const, names: Const, ragged: tuple[bytes, ...]) -> tuple[Any, ...]:
    keys = (strings(*ragged[:1]), strings(b"s"), strings(b"d"), strings(*ragged[1:]))
    return serialized, names, strings(b"v"), strings(b"c"), *keys, Const([False]), _DEFAULT


CASES = [
    Case(
        "ParseSequenceExampleV2",
        _v2(_BATCH, strings(b"x", b"y"), (b"v", b"s")),
        {**_TYPES, **_COUNTS, **_RAGGED},
        oracle=False,
        why="a key may not be sparse and ragged at once there: compared without the ragged ones",
        **_ONCE,
        note="ragged too",
    ),
    Case(
        "ParseSequenceExampleV2",
        _v2(_BATCH, _NONE, ()),
        {**_TYPES, **_COUNTS},
        **_ONCE,
    ),
    Case(
        "ParseSequenceExampleV2",
        _v2(Const(_ONE), _NONE, ()),
        {**_TYPES, **_COUNTS},
        **_ONCE,
        note="one",
    ),
    Case(
        "ParseSequenceExampleV2",
        (_BATCH, _NONE, _NONE, _NONE, strings(b"v"), _NONE, _NONE, strings(b"s"), Const(np.zeros(0, bool)), []),
        _RAGGED,
        **_ONCE,
        note="ragged",
    ),
    Case(
        "ParseSequenceExample",
        (_BATCH, _NONE, _DEFAULT),
        {
            **_TYPES,
            **_COUNTS,
            "Ncontext_dense": 1,
            "feature_list_dense_missing_assumed_empty": [],
            "context_sparse_keys": ["v"],
            "context_dense_keys": ["c"],
            "feature_list_sparse_keys": ["s"],
            "feature_list_dense_keys": ["d"],
        },
        **_ONCE,
    ),
    Case(
        "ParseSingleSequenceExample",
        (
            Const(_ONE), strings(b"none"), [Const(b"v")], [Const(b"c")], [Const(b"s")],
            [Const(b"d"), Const(b"none")], _DEFAULT, Const(b"name"),
        ),
        {**_TYPES, "feature_list_dense_types": ["int64", "string"], "feature_list_dense_shapes": [[2], []]},
        **_ONCE,
    ),
]  # fmt: skip
