"""Case rows: the sequences of a beam search."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, ints

_WHY = "an op of TensorFlow 1's contrib, which TensorFlow 2 does not have"


def _case(note: str, steps: int, batch: int, width: int, lengths: list[int], end: int) -> Case:
    ids = ints(steps, batch, width, low=0, high=6)
    parents = ints(steps, batch, width, low=0, high=width, seed=1)
    return Case(
        "GatherTree",
        [ids, parents, np.int32(lengths), np.int32(end)],
        grad=False,
        oracle=False,
        why=_WHY,
        note=note,
    )


CASES = [
    _case("beams", 5, 2, 3, [5, 4], 5),
    _case("one beam", 4, 2, 1, [4, 2], 1),
    _case("lengths out of range", 3, 2, 2, [0, 7], 9),
    _case("no steps", 0, 2, 2, [0, 0], 9),
]
