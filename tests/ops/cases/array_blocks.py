"""Cases of ops/array_blocks.py."""

from __future__ import annotations

from tests.ops.cases.case import Case, Const, floats, ints

CASES = [
    Case("SpaceToDepth", (floats(2, 4, 6, 3),), {"block_size": 2}),
    Case("SpaceToDepth", (ints(1, 4, 4, 1),), {"block_size": 2}, note="int32"),
    Case("DepthToSpace", (floats(2, 2, 3, 8),), {"block_size": 2}),
    Case(
        "SpaceToDepth",
        (floats(2, 3, 4, 6),),
        {"block_size": 2, "data_format": "NCHW"},
        oracle=False,
        why="TensorFlow has no CPU kernel for NCHW",
    ),
    Case("SpaceToBatchND", (floats(2, 4, 6, 3), Const([2, 3]), Const([[0, 0], [1, 2]]))),
    Case("SpaceToBatchND", (floats(1, 5, 2), Const([2]), Const([[1, 0]])), note="1-d"),
    Case("BatchToSpaceND", (floats(12, 2, 3, 1), Const([2, 3]), Const([[0, 1], [1, 2]]))),
    Case("BatchToSpaceND", (floats(4, 3, 2), Const([2]), Const([[1, 0]])), note="1-d"),
]
