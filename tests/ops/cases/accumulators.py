"""Cases of ops/accumulators.py: gradients are added and taken in one run."""

from __future__ import annotations

from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, floats
from tf1x.ops import accumulators


def _mean(one: Any, other: Any, **attrs: Any) -> Any:
    """Three gradients, one of them stale; their number and mean."""
    handle = accumulators.ResourceConditionalAccumulator(dtype=one.dtype, shape=[2, 3], **attrs)
    last = accumulators.ResourceAccumulatorSetGlobalStep(handle, np.int64(5))
    for gradient, step in ((one, 5), (other, 4), (other * 3, 6)):
        with tf.control_dependencies([last]):
            last = accumulators.ResourceAccumulatorApplyGradient(handle, np.int64(step), gradient)
    with tf.control_dependencies([last]):
        count = accumulators.ResourceAccumulatorNumAccumulated(handle)
    with tf.control_dependencies([count]):
        taken = accumulators.ResourceAccumulatorTakeGradient(handle, 2, dtype=one.dtype)
    with tf.control_dependencies([taken]):
        return [count, taken, accumulators.ResourceAccumulatorNumAccumulated(handle)]


_INPUTS = (floats(2, 3), floats(2, 3, seed=1))

CASES = [
    *(
        Case(f"Resource{op}", _INPUTS, program=_mean, data_dependent=True, grad=False)
        for op in (
            "ConditionalAccumulator",
            "AccumulatorApplyGradient",
            "AccumulatorNumAccumulated",
            "AccumulatorSetGlobalStep",
            "AccumulatorTakeGradient",
        )
    ),
    Case(
        "ResourceConditionalAccumulator",
        _INPUTS,
        {"reduction_type": "SUM"},
        program=_mean,
        data_dependent=True,
        grad=False,
        note="sum",
    ),
]
