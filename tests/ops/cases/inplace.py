"""Cases of ops/inplace.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, floats, ints
from tf1x.core import opdef

_ROWS = np.int32([2, 0])


def _on_a_sum(op: str) -> Any:
    """TensorFlow's kernels overwrite their input: here a sum, not the array that was fed."""
    return lambda x, i, v: opdef.get(op)(x + x, i, v)


CASES = [
    Case(op, (x, _ROWS, v), program=_on_a_sum(op), grad=False, note=note)
    for op in ("InplaceUpdate", "InplaceAdd", "InplaceSub")
    for x, v, note in (
        (floats(4, 3), floats(2, 3, seed=1), ""),
        (ints(4), ints(2, seed=1), "int32 vector"),
    )
]
