"""`GatherTree`: the sequences of a beam search, from the ids and parents of its steps.

In TensorFlow 1 an op of contrib's; TensorFlow 2 does not have it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.dtypes import int32
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.ops import xp
from tf1x.ops.shape_rules import unchanged


@op(
    "step_ids: T, parent_ids: T, max_sequence_lengths: int32, end_token: T -> beams: T",
    T=(int32,),
    shape=unchanged,
    exact=True,
    grad=None,
)
def GatherTree(step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any) -> Any:
    """The ids on the path from each beam of the last step back to the first one.

    Args:
        step_ids, parent_ids: the id that each beam got, and which beam of the step before it
            continues, [time, batch, beams].
        max_sequence_lengths: of each batch the step, counted from 1, whose beams are followed back.
        end_token: stands after the first end token of a sequence, and after the last step.

    Raises:
        InvalidArgumentError: a parent that is not a beam.
    """
    steps, _, width = step_ids.shape
    own = np.arange(width, dtype=np.int32)
    last = xp.expand_dims(max_sequence_lengths, 1) - 1
    valid = xp.logical_and(parent_ids >= 0, parent_ids < width)
    # The first step has no parents; what stands after the last one does not count.
    used = np.arange(steps)[:, None, None]
    used = xp.logical_and(used > 0, used <= last)
    xp.check(
        xp.logical_or(valid, xp.logical_not(used)),
        InvalidArgumentError,
        lambda: f"Saw invalid parent id among {parent_ids.tolist()}: there are {width} beams.",
    )
    parents = xp.clip(parent_ids, 0, width - 1)

    def back(beam: Any, step: Any) -> tuple[Any, Any]:
        time, ids, origins = step
        inside = time <= last
        found = xp.where(inside, xp.take_along_axis(ids, beam, axis=1), end_token)
        before = xp.take_along_axis(origins, beam, axis=1)
        return xp.where(inside, before, own), found

    start = xp.broadcast_to(own, step_ids.shape[1:])
    beams = _backward(back, start, (np.arange(steps, dtype=np.int32), step_ids, parents))
    ends = xp.astype(beams == end_token, np.int32)
    after_end = xp.cumsum(ends, axis=0) > ends
    return xp.astype(xp.where(after_end, end_token, beams), np.int32)


def _backward(function: Any, start: Any, steps: tuple[Any, ...]) -> Any:
    """`lax.scan` from the last step to the first; in NumPy where nothing is traced."""
    if xp.is_jax(start, *steps):
        from jax import lax

        return lax.scan(function, xp.asarray(start), steps, reverse=True)[1]
    found = []
    for step in reversed(list(zip(*steps, strict=True))):
        start, ids = function(start, step)
        found.append(ids)
    return np.stack(found[::-1]) if found else np.zeros(steps[1].shape, np.int32)
