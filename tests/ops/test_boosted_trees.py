"""The ops of boosted trees against sums and formulas written out example by example.

TensorFlow 2.21 has no kernels of them. What the estimators learn is compared with TensorFlow 1.15's
numbers in tests/lib/estimator/canned/test_boosted_trees.py.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.core import tree_messages
from tf1x.ops import boosted_trees as trees
from tf1x.ops import boosted_trees_stats as stats
from tf1x.ops import quantile_summary as quantiles
from tf1x.ops.tree_ensemble import POST_PRUNING, Ensemble, Features, Split

_RANDOM = np.random.RandomState(0)
_BATCH, _NODES, _BUCKETS = 200, 3, 4


def _gain(gradient: Any, hessian: Any, l2: float) -> tuple[Any, float]:
    """The Newton step of a leaf and what it gains."""
    size = len(gradient)
    matrix = hessian.reshape(size, size) if len(hessian) > size else np.diag(hessian)
    step = -np.linalg.solve(matrix + l2 * np.eye(size), gradient)
    return step, float(-gradient @ step)


def _sides(bucket: Any, threshold: int, kind: str) -> Any:
    """Which examples go left; a bucket of -1 is a missing value."""
    if kind == "EQUALITY_DEFAULT_RIGHT":
        return bucket == threshold
    below = (bucket >= 0) & (bucket <= threshold)
    return below | (bucket < 0) if kind == "INEQUALITY_DEFAULT_LEFT" else below


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("full", [False, True], ids=["diagonal", "full"])
@pytest.mark.parametrize("kind", ["inequality", "equality"])
def test_the_best_split_of_each_node(width: int, full: bool, kind: str) -> None:
    if full and width == 1:
        pytest.skip("the same as diagonal")
    nodes = _RANDOM.randint(0, _NODES, _BATCH)
    buckets = _RANDOM.randint(-1, _BUCKETS, (_BATCH, 2))
    gradients = _RANDOM.normal(size=(_BATCH, width))
    factors = _RANDOM.normal(size=(_BATCH, width, width))
    hessians = (
        np.einsum("nij,nkj->nik", factors, factors).reshape(_BATCH, -1)
        if full
        else _RANDOM.uniform(0.1, 1, (_BATCH, width))
    )
    summary = stats.BoostedTreesAggregateStats(
        np.int32(nodes), np.float32(gradients), np.float32(hessians), np.int32(buckets),
        max_splits=_NODES, num_buckets=_BUCKETS,
    )  # fmt: skip
    found = stats.BoostedTreesCalculateBestFeatureSplit(
        [0, _NODES], summary, l1=0.0, l2=0.5, tree_complexity=0.25, min_node_weight=0.0,
        logits_dimension=width, split_type=kind,
    )  # fmt: skip
    with tf.Session() as session:
        found = session.run(found)
    kinds = ["EQUALITY_DEFAULT_RIGHT"]
    if kind == "inequality":
        kinds = ["INEQUALITY_DEFAULT_LEFT", "INEQUALITY_DEFAULT_RIGHT"]
    for node in range(_NODES):
        own = nodes == node
        total = gradients[own].sum(0), hessians[own].sum(0)
        best = {}
        for dimension, threshold, side in itertools.product(range(2), range(_BUCKETS), kinds):
            left = own & _sides(buckets[:, dimension], threshold, side)
            first = gradients[left].sum(0), hessians[left].sum(0)
            halves = [_gain(*first, 0.5), _gain(total[0] - first[0], total[1] - first[1], 0.5)]
            best[dimension, threshold, side] = sum(gain for _, gain in halves)
        wanted = max(best, key=lambda key: best[key])
        chosen = (
            int(found.feature_dimensions[node]),
            int(found.thresholds[node]),
            found.split_with_default_directions[node].decode(),
        )
        assert best[chosen] == pytest.approx(best[wanted], rel=1e-4)
        left = own & _sides(buckets[:, chosen[0]], *chosen[1:])
        step, _ = _gain(gradients[left].sum(0), hessians[left].sum(0), 0.5)
        np.testing.assert_allclose(found.left_node_contribs[node], step, rtol=1e-3, atol=1e-4)
        parent = _gain(*total, 0.5)[1]
        np.testing.assert_allclose(found.gains[node], best[wanted] - parent - 0.25, rtol=1e-3)


def _grown(ensemble: Ensemble, features: Features, pruning: int, width: int) -> None:
    """One more layer of random splits, half of them with a negative gain."""
    states = ensemble.states()
    if ensemble.count and not ensemble.proto.tree_metadata[-1].is_finalized:
        leaves = range(*states[4])
    else:
        leaves = range(1)
    splits = [
        Split(
            node, float(_RANDOM.normal()), int(_RANDOM.randint(2)), 0, int(_RANDOM.randint(4)),
            _RANDOM.normal(size=width).astype(np.float32),
            _RANDOM.normal(size=width).astype(np.float32),
        )
        for node in leaves
    ]  # fmt: skip
    ensemble.grow(splits, 3, pruning, width)


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("pruning", [0, POST_PRUNING], ids=["none", "post"])
def test_going_on_from_a_node_gives_what_starting_anew_gives(width: int, pruning: int) -> None:
    ensemble = Ensemble()
    ensemble.parse(b"", 0)
    features = Features([_RANDOM.randint(0, 5, 50).astype(np.int32) for _ in range(2)])
    at = np.zeros(50, np.int32), np.full(50, -1, np.int32)
    logits = np.zeros((50, width), np.float32)
    for layer in range(14):
        _grown(ensemble, features, pruning, width)
        if layer % 2:  # not after every layer, so that trees are finished in between
            change, *at = ensemble.predict_on(features, width, *at)
            logits += change
            np.testing.assert_allclose(logits, ensemble.predict(features, width), atol=1e-5)
            copy = Ensemble()
            copy.parse(ensemble.proto.SerializeToString(), 1)
            np.testing.assert_array_equal(
                copy.predict(features, width), ensemble.predict(features, width)
            )


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_quantiles_are_as_exact_as_promised(weighted: bool) -> None:
    error = 0.02
    values = _RANDOM.normal(size=20000).astype(np.float32)
    weights = _RANDOM.randint(1, 5, 20000).astype(np.float32) if weighted else np.ones(20000, "f")
    stream = quantiles.QuantileStream(error, 1 << 40)
    for part in np.array_split(np.arange(20000), 20):
        small = quantiles.QuantileStream(error, 1001)
        small.add_values(values[part], weights[part])
        stream.add(small.summary())
    found = quantiles.quantiles(stream.summary(), 10)
    order = np.argsort(values)
    ranks = np.cumsum(weights[order]) / weights.sum()
    at = ranks[np.searchsorted(values[order], found)]
    np.testing.assert_allclose(at, np.linspace(0, 1, 11), atol=2 * error)


def _node(**split: int) -> dict[str, Any]:
    return {"bucketized_split": {"left_id": 1, "right_id": 2, **split}}


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], "has no nodes"),
        ([_node(left_id=0), {"leaf": {}}, {"leaf": {}}], "has the children"),
        ([_node(right_id=7), {"leaf": {}}, {"leaf": {}}], "has the children"),
        ([_node(feature_id=5), {"leaf": {}}, {"leaf": {}}], "asks for feature 5 of 1"),
        ([{}], "neither a leaf nor a split"),
        ([{"leaf": {"vector": {"value": [1, 2]}}}], "A leaf has 2 values; 1 are expected"),
    ],
)
def test_a_message_that_is_no_tree(nodes: list[Any], message: str) -> None:
    proto = tree_messages.TreeEnsemble(
        trees=[{"nodes": nodes}], tree_weights=[1.0], tree_metadata=[{}]
    )
    _refused(proto.SerializeToString(), message)


@pytest.mark.parametrize(
    ("serialized", "message"),
    [
        (b"\xff\xff", "Unable to parse tree ensemble proto."),
        (tree_messages.TreeEnsemble(trees=[{}]).SerializeToString(), "not one weight"),
    ],
)
def test_bytes_that_are_no_ensemble(serialized: bytes, message: str) -> None:
    _refused(serialized, message)


def _refused(serialized: bytes, message: str) -> None:
    handle = trees.BoostedTreesEnsembleResourceHandleOp()
    create = trees.BoostedTreesCreateEnsemble(handle, np.int64(0), serialized)
    with tf.control_dependencies([create]):
        logits = trees.BoostedTreesPredict(handle, [np.int32([0, 1])], logits_dimension=1)
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match=message),
    ):
        session.run(logits)


def test_an_ensemble_that_was_not_made() -> None:
    handle = trees.BoostedTreesEnsembleResourceHandleOp()
    states = trees.BoostedTreesGetEnsembleStates(handle)
    with tf.Session() as session, pytest.raises(tf.errors.NotFoundError, match="not initialized"):
        session.run(states)
