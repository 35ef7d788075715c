"""Cases of ops/parsing.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const


def strings(*values: bytes) -> Const:
    made = np.empty(len(values), object)
    made[:] = values
    return Const(made)


def feature(key: bytes, kind: int, packed: bytes) -> bytes:
    """An entry of a map of features; `kind` is 1 for bytes, 2 for floats, 3 for ints."""
    values = bytes([8 * kind + 2, len(packed)]) + packed
    entry = b"\n" + bytes([len(key)]) + key + b"\x12" + bytes([len(values)]) + values
    return b"\n" + bytes([len(entry)]) + entry


def message(*features: bytes) -> bytes:
    """An `Example`, or a `SequenceExample` with a context alone."""
    body = b"".join(features)
    return b"\n" + bytes([len(body)]) + body


def ints(*values: int) -> bytes:
    return b"\n" + bytes([len(values), *values])


def floats(*values: float) -> bytes:
    data = np.float32(values).tobytes()
    return b"\n" + bytes([len(data)]) + data


def texts(*values: bytes) -> bytes:
    return b"".join(b"\n" + bytes([len(v)]) + v for v in values)


ONE = message(feature(b"a", 3, ints(1, 2)), feature(b"s", 1, texts(b"x", b"yz")))
TWO = message(
    feature(b"a", 3, ints(3, 4)),
    feature(b"b", 2, floats(0.5)),
    feature(b"r", 2, floats(1, 2, 3)),
    feature(b"t", 1, texts(b"", b"t")),
)
_ONCE: dict[str, Any] = {"data_dependent": True, "dtypes": ("float32",)}
_NONE = Const(np.zeros(0, np.int64))
_BATCH, _SINGLE = strings(ONE, TWO), Const(ONE)
_COLUMNS: dict[str, Any] = {
    "num_sparse": 2,
    "sparse_types": ["string", "int64"],
    "ragged_value_types": ["float32", "string"],
    "ragged_split_types": ["int32", "int64"],
    "dense_shapes": [[2], [None], []],
}
_DEFAULTS = [_NONE, Const(np.float32(7)), Const(np.float32(9))]
_KEYS = (strings(), strings(b"s", b"none"), strings(b"a", b"b", b"c"), strings(b"r", b"t"))


CASES = [
    Case("ParseExampleV2", (_BATCH, *_KEYS, _DEFAULTS), _COLUMNS, **_ONCE),
    Case("ParseExampleV2", (_SINGLE, *_KEYS, _DEFAULTS), _COLUMNS, **_ONCE, note="one"),
    Case(
        "ParseExample",
        (_BATCH, strings(b"p", b"q"), [Const(b"s")], [Const(b"a")], [_NONE]),
        {"sparse_types": ["string"], "dense_shapes": [[2]]},
        **_ONCE,
    ),
    Case(
        "ParseSingleExample",
        (_SINGLE, [_NONE, Const(np.float32([[8]]))]),
        {
            "num_sparse": 1,
            "sparse_keys": ["s"],
            "dense_keys": ["a", "b"],
            "sparse_types": ["string"],
            "dense_shapes": [[2], [1, 1]],
        },
        **_ONCE,
    ),
]
