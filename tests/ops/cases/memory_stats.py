"""Cases of lib/contrib/memory_stats.py: that some bytes are in use, since how many changes."""

from __future__ import annotations

from typing import Any

import tf1x as tf
from tests.ops.cases.case import Case, ints
from tf1x.core import opdef


def _positive(op: str) -> Any:
    return lambda x: [x + tf.cast(opdef.get(op)() > 0, tf.int32)]


CASES = [
    Case(
        op,
        (ints(2),),
        program=_positive(op),
        grad=False,
        oracle=False,
        why="an op of TensorFlow 1.15's contrib, which TensorFlow 2 has not",
    )
    for op in ("BytesInUse", "BytesLimit", "MaxBytesInUse")
]
