"""Random trees: batches against single examples, and splits against sums written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf1x.core import forest_messages
from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.ops.forest_stats import Stats
from tf1x.ops.forest_tree import EQUAL, Tree

_RANDOM = np.random.RandomState(3)


def _params(splits: int = 5, outputs: int = 3, **options: Any) -> Any:
    params = forest_messages.TensorForestParams(
        max_nodes=99, num_outputs=outputs, checkpoint_stats=True, **options
    )
    params.num_splits_to_consider.constant_value = splits
    params.split_after_samples.constant_value = 20
    return params


def _started(params: Any) -> Stats:
    stats = Stats()
    stats.start(b"", params)
    return stats


def _batch(size: int, regression: bool) -> Any:
    data = _RANDOM.normal(size=(size, 1)).astype(np.float32)
    labels = _RANDOM.normal(size=(size, 3)) if regression else _RANDOM.randint(0, 3, size)
    weights = np.ones(size) if regression else _RANDOM.randint(1, 4, size)
    return data, labels, weights.astype(np.float32)


@pytest.mark.parametrize("regression", [False, True], ids=["classes", "regression"])
def test_a_batch_counts_as_its_examples_one_by_one(regression: bool) -> None:
    params = _params(is_regression=regression)
    together, single = _started(params), _started(params)
    random = np.random.default_rng(0)  # of one feature there is nothing to choose
    for node in (1, 2):
        together.allocate(node, 1)
        single.allocate(node, 1)
    kinds = np.zeros(1, np.int8)
    for _ in range(3):
        data, labels, weights = _batch(17, regression)
        leaves = _RANDOM.randint(0, 3, 17)
        finished = together.add(data, kinds, labels, weights, leaves, random)
        done = set()
        for i in range(17):
            one = slice(i, i + 1)
            done |= set(
                single.add(data[one], kinds, labels[one], weights[one], leaves[one], random)
            )
        ready = set(finished.tolist())
        assert ready <= {int(node) for node in done}
        _same(together, single)


def _same(one: Stats, other: Stats) -> None:
    for name in ("_left", "_total", "_weight", "_proposed", "_threshold"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("regression", [False, True], ids=["classes", "regression"])
def test_the_best_proposal_splits_the_leaf(regression: bool) -> None:
    stats, tree = _started(_params(is_regression=regression)), Tree()
    tree.start(b"", 3)
    data, labels, weights = _batch(100, regression)
    finished = stats.add(
        data, np.zeros(1, np.int8), labels, weights, np.zeros(100, int), np.random.default_rng(0)
    )
    assert finished.tolist() == [0]
    thresholds, rest = data[:5, 0], slice(5, 100)
    scores = []
    for threshold in thresholds:
        left = data[rest, 0] <= threshold
        if left.all() or not left.any():
            scores.append(np.inf)  # it splits nothing
            continue
        score = 0.0
        for side in (left, ~left):
            if regression:
                score += labels[rest][side].var(0).sum()
                continue
            counts = np.bincount(labels[rest][side], weights[rest][side], 3) + 1
            score += counts.sum() - (counts**2).sum() / counts.sum()
        scores.append(score)
    stats.split(tree, 0)
    best = int(np.argmin(scores))
    assert tree.threshold[0] == thresholds[best]
    assert tree.size == 3
    left = data[rest, 0] <= thresholds[best]
    wanted = (
        labels[rest][left].mean(0)
        if regression
        else np.bincount(labels[rest][left], weights[rest][left], 3)
    )
    np.testing.assert_allclose(tree.values[1], wanted, rtol=1e-4, atol=1e-5)


def test_messages_give_the_same_tree_and_stats() -> None:
    params = _params()
    stats, tree = _started(params), Tree()
    tree.start(b"", 3)
    kinds = np.int8([0, EQUAL])
    random = np.random.default_rng(1)
    for _ in range(12):
        data = np.stack([_RANDOM.normal(size=60), _RANDOM.randint(0, 3, 60)], 1).astype("f")
        labels = (data[:, 1] + (data[:, 0] > 0)).astype(int) % 3
        leaves = tree.leaves(data)
        for node in stats.add(data, kinds, labels, np.ones(60, "f"), leaves, random):
            stats.split(tree, node)
    assert tree.size > 7
    assert {0, EQUAL} <= set(tree.kind[tree.feature >= 0].tolist())
    copy, other = Tree(), Stats()
    copy.start(tree.serialize(), 3)
    other.start(stats.serialize(), params)
    np.testing.assert_array_equal(copy.leaves(data), tree.leaves(data))
    leaves = copy.feature < 0
    np.testing.assert_array_equal(copy.values[leaves], tree.values[: tree.size][leaves])
    assert other.serialize() == stats.serialize()


def _node(left: int, right: int, feature: str = "0") -> dict[str, Any]:
    return {
        "binary_node": {
            "left_child_id": {"value": left},
            "right_child_id": {"value": right},
            "inequality_left_child_test": {
                "feature_id": {"id": {"value": feature}},
                "threshold": {"float_value": 1.0},
            },
        }
    }


_LEAF: dict[str, Any] = {"leaf": {"vector": {"value": [{"float_value": 1.0}] * 3}}}


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([_node(0, 1), _LEAF], "has the children"),
        ([_node(1, 9), _LEAF, _LEAF], "has the children"),
        ([_node(1, 2, "x"), _LEAF, _LEAF], "names no feature"),
        ([{"leaf": {"vector": {"value": [{"float_value": 1.0}]}}}], "has 1 values; 3"),
    ],
)
def test_a_message_that_is_no_tree(nodes: list[Any], message: str) -> None:
    model = forest_messages.Model(decision_tree={"nodes": nodes})
    with pytest.raises(InvalidArgumentError, match=message):
        Tree().start(model.SerializeToString(), 3)


def test_bytes_that_are_no_tree() -> None:
    with pytest.raises(InvalidArgumentError, match="Unable to parse tree config"):
        Tree().start(b"\xff\xff", 3)
    with pytest.raises(InvalidArgumentError, match="Unable to parse stats config"):
        Stats().start(b"\xff\xff", _params())


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"pruning_type": {"type": 1}}, "split_pruning_name"),
        ({"finish_type": {"type": 2}}, "split_finish_name"),
        ({"initialize_average_splits": True}, "initialize_average_splits"),
    ],
)
def test_what_forests_do_not_do(options: dict[str, Any], name: str) -> None:
    with pytest.raises(UnsupportedError, match=name):
        Stats().start(b"", _params(**options))
