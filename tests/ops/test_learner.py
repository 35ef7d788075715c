"""The learner of contrib.boosted_trees: splits against sums written out, trees against messages."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tf1x.core import learner_messages
from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.core.learner_messages import LearnerConfig
from tf1x.ops.learner import Learner, check_config
from tf1x.ops.learner_ensemble import Tree, parse, serialize
from tf1x.ops.learner_splits import Layer, Regularization

_RANDOM = np.random.RandomState(4)


def _newton(gradient: Any, hessian: Any, l2: float) -> tuple[Any, float]:
    """The step of a leaf and its gain."""
    size = len(gradient)
    matrix = hessian.reshape(size, size) if len(hessian) > size else np.diag(hessian)
    step = -np.linalg.solve(matrix + l2 * np.eye(size), gradient)
    return step, float(-gradient @ step)


@pytest.mark.parametrize(("width", "full"), [(1, False), (3, False), (3, True)])
def test_the_best_split_of_each_node(width: int, full: bool) -> None:
    count, l2 = 150, 0.3
    nodes = _RANDOM.choice([2, 5, 6], count)
    buckets = _RANDOM.randint(0, 6, (count, 3)).astype(np.uint8)
    gradients = _RANDOM.normal(size=(count, width))
    factors = _RANDOM.normal(size=(count, width, width))
    hessians = (
        np.einsum("nij,nkj->nik", factors, factors).reshape(count, -1)
        if full
        else _RANDOM.uniform(0.1, 1, (count, width))
    )
    sums = np.concatenate([gradients, hessians], axis=1)
    layer = Layer(nodes, sums, width, Regularization(0, l2, 0.125, 0))
    boundaries = np.float32([0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
    for feature in range(3):
        layer.offer(feature, buckets[:, feature], boundaries)
    found = layer.splits(keep_negative=True)
    assert found["node"].tolist() == [2, 5, 6]
    for row, node in enumerate((2, 5, 6)):
        own = nodes == node
        root = _newton(gradients[own].sum(0), hessians[own].sum(0), l2)[1]
        gains = {}
        for feature, bucket in itertools.product(range(3), range(5)):
            left = own & (buckets[:, feature] <= bucket)
            right = own & ~left
            halves = [_newton(gradients[s].sum(0), hessians[s].sum(0), l2) for s in (left, right)]
            gains[feature, float(boundaries[bucket])] = (sum(g for _, g in halves), halves)
        best = max(gain for gain, _ in gains.values())
        chosen = int(found["feature"][row]), float(found["threshold"][row])
        gain, halves = gains[chosen]
        assert gain == pytest.approx(best, rel=1e-4)
        np.testing.assert_allclose(found["gain"][row], gain - root - 0.125, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found["left"][row], halves[0][0], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found["right"][row], halves[1][0], rtol=1e-3, atol=1e-4)


def _config(**options: Any) -> Any:
    config = LearnerConfig(
        multi_class_strategy=LearnerConfig.TREE_PER_CLASS,
        growing_mode=LearnerConfig.LAYER_BY_LAYER,
        pruning_mode=LearnerConfig.POST_PRUNE,
        **options,
    )
    config.constraints.max_tree_depth = 3
    config.learning_rate_tuner.fixed.learning_rate = 0.5
    return config


def _trained(config: Any, steps: int, center_bias: bool = True, batches: int = 1) -> Any:
    """A learner of a regression, and its squared errors."""
    data = np.random.RandomState(7).normal(size=(300, 4)).astype(np.float32)
    targets = data[:, :1] * 2 + (data[:, 1:2] > 0.3) + 10
    learner = Learner()
    learner.load(b"", 1, 0)
    errors = []
    for step in range(steps):
        rows = np.arange(300)[step % batches :: batches]
        logits, nodes = learner.predict(data[rows], 1, config, training=True)
        gradients = (logits - targets[rows]) * 2 / len(rows)
        hessians = np.full_like(gradients, 2 / len(rows))
        learner.train(data[rows], nodes, gradients, hessians, config, center_bias, 300)
        errors.append(float(np.mean((logits - targets[rows]) ** 2)))
    return learner, data, errors


def test_errors_fall_with_each_layer() -> None:
    learner, data, errors = _trained(_config(), 20)
    assert (np.diff(errors[1:]) <= 1e-6).all()
    assert errors[-1] < 0.05 * errors[2]
    assert len(learner.trees[0]) == 1  # the mean
    copy = Learner()
    copy.load(learner.serialize(), 1, 5)
    for training in (False, True):
        ours = learner.predict(data, 1, _config(), training)
        for mine, other in zip(ours, copy.predict(data, 1, _config(), training), strict=True):
            np.testing.assert_array_equal(mine, other)


def test_a_layer_of_several_batches() -> None:
    one, _, _ = _trained(_config(), 5)
    three, _, _ = _trained(_config(), 15, batches=3)
    assert one.tried_layers == three.tried_layers
    assert [len(tree) for tree in one.trees] == [len(tree) for tree in three.trees]


def test_whole_trees_count_when_they_are_done() -> None:
    config = _config()
    config.growing_mode = LearnerConfig.WHOLE_TREE
    learner, _, errors = _trained(config, 4)
    assert [tree.finished for tree in learner.trees] == [True, False]
    assert errors[2] == pytest.approx(errors[3])  # the growing tree does not count yet
    learner, _, errors = _trained(config, 12)
    assert errors[-1] < 0.5 * errors[2]


@pytest.mark.parametrize("kind", ["feature_fraction_per_tree", "feature_fraction_per_level"])
def test_some_of_the_features(kind: str) -> None:
    learner, _, _ = _trained(_config(**{kind: 0.5}), 30)
    assert len(learner.trees) > 2


def test_few_unique_features() -> None:
    config = _config()
    config.constraints.max_number_of_unique_feature_columns = 1
    learner, _, _ = _trained(config, 10)
    first = learner.trees[1]
    later = learner.trees[2:]
    used = set(first.feature[first.feature >= 0].tolist())
    for tree in later:
        assert set(tree.feature[tree.feature >= 0].tolist()) <= used


def test_the_average_of_the_last_ensembles() -> None:
    learner, data, _ = _trained(_config(), 14, center_bias=False)
    done = [tree for tree in learner.trees if tree.finished]
    assert len(done) > 2
    learner.trees = done
    config = _config()
    config.averaging_config.average_last_n_trees = 2
    found = learner.predict(data, 1, config, training=False)[0]
    whole = learner.predict(data, 1, _config(), training=False)[0]
    learner.trees = done[:-1]
    before = learner.predict(data, 1, _config(), training=False)[0]
    np.testing.assert_allclose(found, (whole + before) / 2, rtol=1e-5)


def test_pruning_takes_back_what_gains_nothing() -> None:
    tree = Tree.of(1, 1)
    names = ("node", "gain", "feature", "threshold", "left", "right")
    first = ([0], [1.0], [0], [0.5], [[1.0]], [[2.0]])
    second = ([1, 2], [-1.0, 2.0], [1, 1], [0.1, 0.2], [[3.0], [4.0]], [[5.0], [6.0]])
    for values in (first, second):
        splits = {n: np.array(v) for n, v in zip(names, values, strict=True)}
        tree.split(splits, add=True)
    tree.prune()
    assert tree.feature.tolist() == [0, -1, 1, -1, -1]
    assert tree.children[0].tolist() == [1, 2]
    assert tree.children[2].tolist() == [3, 4]
    assert tree.values[:, 0].tolist() == [0, 1, 2, 6, 8]
    trees, tried = parse(serialize([tree], (3, 4)), 1)
    assert tried == (3, 4)
    np.testing.assert_array_equal(trees[0].values, tree.values)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], "has no nodes"),
        ([{"dense_float_binary_split": {"left_id": 0, "right_id": 1}}, {"leaf": {}}], "children"),
        ([{"leaf": {"vector": {"value": [1, 2]}}}], "has 2 values; 1"),
        ([{"leaf": {"sparse_vector": {"index": [3], "value": [1]}}}], "the logit 3 of 1"),
    ],
)
def test_a_message_that_is_no_ensemble(nodes: list[Any], message: str) -> None:
    proto = learner_messages.DecisionTreeEnsembleConfig(
        trees=[{"nodes": nodes}], tree_weights=[1.0], tree_metadata=[{}]
    )
    with pytest.raises(InvalidArgumentError, match=message):
        parse(proto.SerializeToString(), 1)
    with pytest.raises(InvalidArgumentError, match="Unable to parse"):
        parse(b"\xff\xff", 1)


def test_a_tuned_learning_rate_is_refused() -> None:
    config = LearnerConfig()
    config.learning_rate_tuner.dropout.learning_rate = 0.1
    with pytest.raises(UnsupportedError, match=r"learning_rate_tuner\.dropout"):
        check_config(config)
