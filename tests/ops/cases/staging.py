"""Cases of ops/staging.py."""

from __future__ import annotations

from typing import Any

import tf1x as tf
from tests.ops.cases.case import Case, floats, ints
from tf1x.ops import staging

_AREA = {"shared_name": "area", "capacity": 3, "memory_limit": 1000}


def _staged(x: Any, y: Any) -> Any:
    """Two elements in, a look at the second, one out, the other cleared."""
    types = {"dtypes": [x.dtype, y.dtype], **_AREA}
    with tf.control_dependencies([staging.Stage([x, y], **_AREA)]):
        second = staging.Stage([x + 1, y + 1], **_AREA)
    with tf.control_dependencies([second]):
        seen = staging.StagePeek(1, **types)
    with tf.control_dependencies(seen):
        taken = staging.Unstage(**types)
    with tf.control_dependencies(taken):
        before = staging.StageSize(**types)
    with tf.control_dependencies([before]):
        clear = staging.StageClear(**types)
    with tf.control_dependencies([clear]):
        after = staging.StageSize(**types)
    return [*seen, *taken, before, after]


CASES = [
    Case(op, (floats(2, 3), ints(4)), program=_staged, data_dependent=True, grad=False)
    for op in ("Stage", "Unstage", "StagePeek", "StageSize", "StageClear")
]
