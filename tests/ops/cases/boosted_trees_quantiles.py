"""Cases of ops/boosted_trees_quantiles.py: streams that are filled and flushed in one run."""

from __future__ import annotations

from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, floats
from tf1x.ops import boosted_trees_quantiles as quantiles

_PLAIN: dict[str, Any] = {
    "grad": False,
    "dtypes": ("float32",),
    "data_dependent": True,
    "oracle": False,
    "why": "TensorFlow 2.21 declares the op and has no kernel for it",
}
_FEATURES = [floats(300, seed=1), np.round(floats(300, seed=2) * 3)]
_WEIGHTS = np.abs(np.round(floats(300, seed=3) * 4))
_ERROR = np.float32(0.1)


def _streams(one: Any, other: Any, flush: bool = False, **attrs: Any) -> Any:
    """Two features in two parts; their boundaries, or their summaries."""
    handle = quantiles.BoostedTreesQuantileStreamResourceHandleOp(shared_name="streams")
    create = quantiles.BoostedTreesCreateQuantileStreamResource(handle, _ERROR, 2)
    with tf.control_dependencies([create]):
        made = quantiles.IsBoostedTreesQuantileStreamResourceInitialized(handle)
    last: Any = made.op
    for part in (slice(0, 200), slice(200, 300)):
        values = [one[part], other[part]]
        summaries = quantiles.BoostedTreesMakeQuantileSummaries(values, [1.0], _ERROR)
        with tf.control_dependencies([last]):
            last = quantiles.BoostedTreesQuantileStreamResourceAddSummaries(handle, summaries)
    with tf.control_dependencies([last]):
        if flush:
            found = quantiles.BoostedTreesFlushQuantileSummaries(handle, num_features=2)
            return [made, *found]
        last = quantiles.BoostedTreesQuantileStreamResourceFlush(handle, 6, **attrs)
    with tf.control_dependencies([last]):
        bounds = quantiles.BoostedTreesQuantileStreamResourceGetBucketBoundaries(
            handle, num_features=2
        )
    return [made, *bounds, *quantiles.BoostedTreesBucketize([one, other], bounds)]


def _restored(one: Any) -> Any:
    handle = quantiles.BoostedTreesQuantileStreamResourceHandleOp(shared_name="restored")
    create = quantiles.BoostedTreesCreateQuantileStreamResource(handle, _ERROR, 2)
    with tf.control_dependencies([create]):
        put = quantiles.BoostedTreesQuantileStreamResourceDeserialize(handle, [one, one[:3]])
    with tf.control_dependencies([put]):
        return quantiles.BoostedTreesQuantileStreamResourceGetBucketBoundaries(
            handle, num_features=2
        )


def _summaries(flush: bool) -> Any:
    return lambda one, other: _streams(one, other, flush)


CASES = [
    *(
        Case(f"BoostedTrees{op}", _FEATURES, program=_streams, **_PLAIN)
        for op in (
            "QuantileStreamResourceHandleOp",
            "CreateQuantileStreamResource",
            "QuantileStreamResourceAddSummaries",
            "QuantileStreamResourceFlush",
            "QuantileStreamResourceGetBucketBoundaries",
        )
    ),
    Case(
        "BoostedTreesQuantileStreamResourceFlush",
        _FEATURES,
        {"generate_quantiles": True},
        program=_streams,
        note="quantiles",
        **_PLAIN,
    ),
    Case("IsBoostedTreesQuantileStreamResourceInitialized", _FEATURES, program=_streams, **_PLAIN),
    Case("BoostedTreesFlushQuantileSummaries", _FEATURES, program=_summaries(True), **_PLAIN),
    Case(
        "BoostedTreesQuantileStreamResourceDeserialize",
        (floats(5),),
        program=_restored,
        **_PLAIN,
    ),
    *(
        Case(
            "BoostedTreesMakeQuantileSummaries",
            ([values, values[::-1].copy()], weights, error),
            note=note,
            **_PLAIN,
        )
        for note, values, weights, error in (
            ("", _FEATURES[0], np.float32([1]), _ERROR),
            ("weights", _FEATURES[0], _WEIGHTS, _ERROR),
            ("repeated", _FEATURES[1], _WEIGHTS, np.float32(0.5)),
            ("coarse", floats(2000, seed=5), np.float32([2]), np.float32(0.3)),
        )
    ),
    Case(
        "BoostedTreesBucketize",
        (
            [np.float32([-9, 0, 0.5, 1, 7]), np.float32([2, 3])],
            [np.float32([0, 0.5, 1]), np.float32([])],
        ),
        **{**_PLAIN, "data_dependent": False},
    ),
]
