"""Cases of ops/state.py and ops/scatter.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Var, floats, ints

_TABLE = floats(4, 3)
_ROWS = np.int32([2, 0, 3])
_TWICE = np.int32([1, 3, 1])


def _both(
    name: str, resource: str, value: np.ndarray, *inputs: object, **options: object
) -> list[Case]:
    """The reference and the resource form."""
    return [
        Case(name, (Var(value), *inputs), **options),  # type: ignore[arg-type]
        Case(resource, (Var(value, resource=True), *inputs), **options),  # type: ignore[arg-type]
    ]


def _scatter(kind: str) -> list[Case]:
    names = f"Scatter{kind}", f"ResourceScatter{kind}"
    updates = floats(3, 3, seed=1) + 3
    return [
        *_both(*names, _TABLE, _ROWS, updates, note="rows"),
        *_both(*names, _TABLE, _TWICE, updates, note="a row twice"),
        *_both(*names, _TABLE, _TWICE.astype(np.int64), np.float32(2.5), note="scalar"),
        *_both(
            *names,
            _TABLE,
            np.int32([[0, 1], [2, 1]]),
            floats(2, 2, 3, seed=1) + 3,
            note="matrix of indices",
        ),
        *_both(
            *names,
            ints(5, low=1, high=9),
            np.int32([4, 1, 4]),
            ints(3, seed=1, low=1, high=4),
            note="int32",
        ),
        *_both(*names, _TABLE, np.zeros(0, np.int32), floats(0, 3), note="none"),
    ]


def _scatter_nd(kind: str) -> list[Case]:
    names = f"ScatterNd{kind}", f"ResourceScatterNd{kind}"
    return [
        *_both(*names, _TABLE, np.int32([[2], [0]]), floats(2, 3, seed=1), note="rows"),
        *_both(
            *names, _TABLE, np.int64([[2, 1], [0, 0], [2, 1]]), floats(3, seed=1), note="elements"
        ),
        *_both(
            *names,
            floats(6),
            np.int32([[4], [3], [1], [4]]),
            np.float32([9, 10, 11, 12]),
            note="vector",
        ),
    ]


CASES = [
    Case(
        "VariableV2",
        (),
        {"shape": (2,), "dtype": "float32"},
        oracle=False,
        why="a variable without a value",
    ),
    Case(
        "Variable",
        (),
        {"shape": (2,), "dtype": "float32"},
        oracle=False,
        why="a variable without a value",
    ),
    Case(
        "VarHandleOp",
        (),
        {"shape": (2,), "dtype": "float32"},
        oracle=False,
        why="a handle is no value",
    ),
    *_both("Assign", "AssignVariableOp", floats(2, 3), floats(2, 3, seed=1)),
    *_both("AssignAdd", "AssignAddVariableOp", floats(2, 3), floats(2, 3, seed=1)),
    *_both("AssignSub", "AssignSubVariableOp", floats(2, 3), floats(2, 3, seed=1)),
    *_both("AssignAdd", "AssignAddVariableOp", ints(3), ints(3, seed=1), note="int32"),
    Case("ReadVariableOp", (Var(floats(2, 3), resource=True),), {"dtype": "float32"}),
    Case("VariableShape", (Var(floats(2, 3), resource=True),)),
    Case("VariableShape", (Var(floats(2, 3), resource=True),), {"out_type": "int64"}, note="int64"),
    Case("IsVariableInitialized", (Var(floats(2)),)),
    Case("VarIsInitializedOp", (Var(floats(2), resource=True),)),
    Case(
        "InitializedValue", (Var(floats(2)), floats(2, seed=1)), oracle=False, why="tf1x's own op"
    ),
    Case(
        "ResourceInitializedValue",
        (Var(floats(2), resource=True), floats(2, seed=1)),
        oracle=False,
        why="tf1x's own op",
    ),
    Case("CountUpTo", (Var(np.int32(3)),), {"limit": 5}),
    Case("CountUpTo", (Var(np.int64(3)),), {"limit": 5}, note="int64"),
    Case("ResourceCountUpTo", (Var(np.int32(3), resource=True),), {"limit": 5, "T": "int32"}),
    *(
        case
        for kind in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Update")
        for case in _scatter(kind)
    ),
    *(case for kind in ("Add", "Sub", "Min", "Max", "Update") for case in _scatter_nd(kind)),
    Case("ResourceGather", (Var(_TABLE, resource=True), _ROWS), {"dtype": "float32"}),
    Case(
        "ResourceGather",
        (Var(_TABLE, resource=True), np.int64([[0, 1], [3, 3]])),
        {"dtype": "float32"},
        note="matrix",
    ),
    Case(
        "ResourceGather",
        (Var(floats(2, 3, 2), resource=True), np.int32([[0, 2], [1, 1]])),
        {"dtype": "float32", "batch_dims": 1},
        note="batch_dims",
    ),
    Case(
        "ResourceGatherNd",
        (Var(_TABLE, resource=True), np.int32([[0, 1], [3, 2]])),
        {"dtype": "float32"},
    ),
    Case(
        "ResourceGatherNd",
        (Var(_TABLE, resource=True), np.int32([[3], [1]])),
        {"dtype": "float32"},
        note="rows",
    ),
]
