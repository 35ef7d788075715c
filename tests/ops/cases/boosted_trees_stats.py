"""Cases of ops/boosted_trees_stats.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.cases.case import Case, Const, floats, ints


def _buckets(*shape: int, seed: int, low: int = 0) -> np.ndarray:
    return ints(*shape, seed=seed, low=low, high=4)


_BATCH = 40
_NODES = ints(_BATCH, seed=1, low=0, high=3)
_GRADIENTS, _HESSIANS = floats(_BATCH, 1, seed=2), floats(_BATCH, 1, seed=3, low=0.1, high=1)
_PLAIN: dict[str, Any] = {
    "grad": False,
    "dtypes": ("float32",),
    "oracle": False,
    "why": "TensorFlow 2.21 declares the op and has no kernel for it",
}


def _stats(*shape: int, hessians: int, seed: int) -> np.ndarray:
    """Sums of gradients, then of positive hessians, in the last dimension."""
    gradients = floats(*shape, seed=seed)
    return np.concatenate([gradients, np.abs(floats(*shape[:-1], hessians, seed=seed + 1))], -1)


def _regularization(l1: float, l2: float, complexity: float, weight: float) -> tuple[Any, ...]:
    return tuple(np.float32(x) for x in (l1, l2, complexity, weight))


_REGULARIZED = {
    "none": (0.0, 0.0, 0.0, 0.0),
    "l2": (0.0, 0.5, 0.1, 0.0),
    "l1": (0.3, 0.2, 0.0, 0.0),
    "heavy": (0.0, 1.0, 0.0, 2.5),
}
_RANGE = np.int32([1, 4])


def _full(nodes: int, dimensions: int, buckets: int, width: int) -> np.ndarray:
    """Sums with all second derivatives, positive definite."""
    random = np.random.RandomState(5)
    factors = random.normal(size=(nodes, dimensions, buckets, width, width))
    hessians = np.einsum("...ij,...kj->...ik", factors, factors) + np.eye(width)
    gradients = random.normal(size=(nodes, dimensions, buckets, width))
    flat = hessians.reshape(nodes, dimensions, buckets, width * width)
    return np.concatenate([gradients, flat], -1).astype(np.float32)


def _split_rows() -> list[Case]:
    op = "BoostedTreesCalculateBestFeatureSplit"
    rows = []
    for kind in ("inequality", "equality"):
        for name, values in _REGULARIZED.items():
            inputs = (_RANGE, _stats(5, 2, 5, 1, hessians=1, seed=8), *_regularization(*values))
            attrs = {"logits_dimension": 1, "split_type": kind}
            rows.append(
                Case(op, inputs, attrs, note=f"{kind} {name}", data_dependent=True, **_PLAIN)
            )
        for name, stats in (
            ("diagonal", _stats(5, 2, 5, 3, hessians=3, seed=9)),
            ("full", _full(5, 2, 5, 3)),
        ):
            inputs = (_RANGE, stats, *_regularization(0, 0.5, 0, 0))
            attrs = {"logits_dimension": 3, "split_type": kind}
            rows.append(
                Case(
                    op,
                    inputs,
                    attrs,
                    note=f"{kind} {name}",
                    data_dependent=True,
                    rtol=1e-4,
                    **_PLAIN,
                )
            )
    return rows


CASES = [
    Case(
        "BoostedTreesMakeStatsSummary",
        (_NODES, _GRADIENTS, _HESSIANS, [_buckets(_BATCH, seed=4), _buckets(_BATCH, seed=5)]),
        {"max_splits": 3, "num_buckets": 4},
        **_PLAIN,
    ),
    Case(
        "BoostedTreesAggregateStats",
        (_NODES, _GRADIENTS, _HESSIANS, _buckets(_BATCH, 2, seed=6, low=-1)),
        {"max_splits": 4, "num_buckets": 4},
        **_PLAIN,
    ),
    Case(
        "BoostedTreesAggregateStats",
        (_NODES, floats(_BATCH, 2), floats(_BATCH, 4, seed=7), _buckets(_BATCH, 1, seed=6)),
        {"max_splits": 3, "num_buckets": 5},
        note="logits",
        **_PLAIN,
    ),
    *(
        Case(
            "BoostedTreesCalculateBestGainsPerFeature",
            (
                _RANGE,
                [_stats(5, 6, 1, hessians=1, seed=seed) for seed in (10, 20)],
                *_regularization(*values),
            ),
            {"max_splits": 5},
            note=name,
            data_dependent=True,
            **_PLAIN,
        )
        for name, values in _REGULARIZED.items()
    ),
    *_split_rows(),
    *(
        Case(
            "BoostedTreesCalculateBestFeatureSplitV2",
            (
                _RANGE,
                [_stats(5, 2, 5, 1, hessians=1, seed=seed) for seed in (10, 20, 30)],
                Const(np.array([b"inequality", b"equality", b"inequality"], object)),
                np.int32([4, 7, 2]),
                *_regularization(*values),
            ),
            {"logits_dimension": 1},
            note=name,
            data_dependent=True,
            **_PLAIN,
        )
        for name, values in _REGULARIZED.items()
        if name != "heavy"
    ),
]
