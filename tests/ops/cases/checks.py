"""Cases of ops/checks.py."""

from __future__ import annotations

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints

CASES = [
    Case("Assert", (np.array(True), [floats(2, 3), ints(4)])),
    Case("Assert", (np.array(True), [Const(b"text"), floats(2)]), {"summarize": 1}, note="text"),
]
