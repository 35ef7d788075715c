"""Cases of ops/array_moves.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, bools, floats, ints

_COMPLEX = (floats(2, 3) + 1j * floats(2, 3, seed=1)).astype(np.complex64)

CASES = [
    Case("Pack", ([floats(2, 3), floats(2, 3, seed=1)],)),
    Case("Pack", ([floats(2, 3), floats(2, 3, seed=1)],), {"axis": 1}, note="axis 1"),
    Case("Pack", ([floats(2), floats(2, seed=1), floats(2, seed=2)],), {"axis": -1}, note="last"),
    Case("Pack", ([floats()],), note="one scalar"),
    Case("Pack", ([ints(2), ints(2, seed=1)],), note="int32"),
    Case("Pack", ([ints(), ints(seed=1)],), note="int32 scalars"),
    Case("Pack", ([np.array(b"a", object), np.array(b"longer", object)],), note="strings"),
    Case("ConcatV2", ([floats(2, 3), floats(1, 3, seed=1)], Const(0))),
    Case("ConcatV2", ([floats(2, 3), floats(2, 2, seed=1), floats(2, 1)], Const(-1)), note="last"),
    Case("ConcatV2", ([floats(0, 3), floats(2, 3)], Const(0)), note="empty"),
    Case(
        "ConcatV2",
        ([floats(2), floats(1)], Const(np.int64(0))),
        grad=False,
        note="int64, for which TensorFlow's gradient fails",
    ),
    Case("ConcatV2", ([bools(2), bools(3)], Const(0)), note="bool"),
    Case("Concat", (Const(1), [floats(2, 3), floats(2, 1, seed=1)])),
    Case("ConcatOffset", (Const(1), [Const([2, 3]), Const([2, 4]), Const([2, 1])])),
    Case("ConcatOffset", (Const(-2), [Const([2, 3]), Const([5, 3])]), note="negative"),
    Case("Unpack", (floats(2, 3),), {"num": 2}),
    Case("Unpack", (floats(2, 3),), {"num": 3, "axis": -1}, note="last"),
    Case("Unpack", (ints(2),), {"num": 2}, note="int32"),
    Case("Split", (Const(0), floats(4, 3)), {"num_split": 2}),
    Case("Split", (Const(-1), floats(4, 6)), {"num_split": 3}, note="last"),
    Case("SplitV", (floats(4, 6), Const([1, 2, 3]), Const(1)), {"num_split": 3}),
    Case(
        "SplitV", (floats(6, 2), Const(np.int64([4, -1])), Const(-2)), {"num_split": 2}, note="rest"
    ),
    Case("Tile", (floats(2, 3), Const([2, 1]))),
    Case("Tile", (floats(2), Const(np.int64([3]))), note="int64"),
    Case("Tile", (floats(2, 3), Const([0, 2])), note="empty"),
    Case("Tile", (floats(), Const(np.zeros(0, "int32"))), note="scalar"),
    Case("Transpose", (floats(2, 3, 4), Const([2, 0, 1]))),
    Case("Transpose", (floats(2, 3), Const(np.int64([1, 0]))), note="int64"),
    Case("Transpose", (ints(2, 3), Const([1, 0])), note="int32"),
    Case("ConjugateTranspose", (_COMPLEX, Const([1, 0]))),
    Case("ReverseV2", (floats(2, 3), Const([1]))),
    Case("ReverseV2", (floats(2, 3, 2), Const([0, -1])), note="two"),
    Case("ReverseV2", (ints(2, 3), Const(np.zeros(0, "int32"))), note="none"),
    Case("Reverse", (floats(2, 3, 2), Const([True, False, True]))),
    Case("ReverseSequence", (floats(3, 4, 2), np.int64([2, 4, 0])), {"seq_dim": 1}),
    Case(
        "ReverseSequence",
        (floats(4, 3), np.int32([2, 1, 3])),
        {"seq_dim": 0, "batch_dim": 1},
        note="time first",
    ),
    Case(
        "ReverseSequence",
        (floats(2, 5, 3), np.int32([2, 1, 3])),
        {"seq_dim": 1, "batch_dim": 2},
        note="batch last",
    ),
    Case("Roll", (floats(5), Const(2), Const(0))),
    Case("Roll", (floats(3, 4), np.int32([-1, 6]), Const([0, 1])), note="two"),
    Case(
        "Roll", (floats(3, 4), np.int64([1, 1]), Const(np.int32([-1, -1]))), note="one axis twice"
    ),
]
