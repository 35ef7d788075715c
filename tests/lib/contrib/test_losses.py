"""tf.contrib.losses against the numbers that their definitions give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1

_RANDOM = np.random.RandomState(11)
TARGETS = (_RANDOM.rand(4, 3) > 0.5).astype(np.float32)
VALUES = _RANDOM.randn(4, 3).astype(np.float32)
PROBABILITIES = _RANDOM.rand(4, 3).astype(np.float32)
CLASSES = np.array([0, 2, 1, 1])
ONE_HOT = np.eye(3, dtype=np.float32)[CLASSES]

Array = np.ndarray[Any, Any]


def _run(*tensors: Any) -> list[Any]:
    with tf.Session() as session:
        found: list[Any] = session.run(list(tensors))
        return found


@pytest.fixture(autouse=True)
def _new_graph() -> Any:
    with tf.Graph().as_default():
        yield


def _log_softmax(x: Array) -> Array:
    x = x.astype(np.float64)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def _log_loss(p: Array, y: Array) -> Array:
    return -y * np.log(p + 1e-7) - (1 - y) * np.log(1 - p + 1e-7)


def _logistic(x: Array, y: Array) -> Array:
    return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))


_SMOOTH = ONE_HOT * 0.9 + 0.1 / 3
# name -> (arguments, options, the loss of each element)
LOSSES: dict[str, tuple[tuple[Any, Any], dict[str, Any], Array]] = {
    "absolute_difference": ((VALUES, TARGETS), {}, np.abs(VALUES - TARGETS)),
    "mean_squared_error": ((VALUES, TARGETS), {}, (VALUES - TARGETS) ** 2),
    "sum_of_squares": ((VALUES, TARGETS), {}, (VALUES - TARGETS) ** 2),
    "log_loss": ((PROBABILITIES, TARGETS), {}, _log_loss(PROBABILITIES, TARGETS)),
    "cosine_distance": ((VALUES, TARGETS), {"dim": 1}, 1 - (VALUES * TARGETS).sum(1)),
    "sigmoid_cross_entropy": (
        (VALUES, TARGETS),
        {"label_smoothing": 0.2},
        _logistic(VALUES, TARGETS * 0.8 + 0.1),
    ),
    "softmax_cross_entropy": (
        (VALUES, ONE_HOT),
        {"label_smoothing": 0.1},
        -(_SMOOTH * _log_softmax(VALUES)).sum(1),
    ),
    "sparse_softmax_cross_entropy": (
        (VALUES, CLASSES[:, None]),
        {},
        -_log_softmax(VALUES)[np.arange(4), CLASSES],
    ),
}
WEIGHTS: dict[str, Any] = {
    "none": None,
    "scalar": 0.5,
    "zero": 0.0,
    "batch": np.array([1.0, 0.0, 2.0, 0.5], np.float32),
    "column": np.array([[1.0], [0.0], [2.0], [0.5]], np.float32),
    "full": (_RANDOM.randint(0, 3, (4, 3)) / 2).astype(np.float32),
}


def _wanted(losses: Array, weights: Any) -> float:
    """The weighted sum over the number of elements with a weight."""
    each = np.asarray(1.0 if weights is None else weights)
    each = each[..., 0] if each.ndim == 2 and each.shape[1] == 1 else each
    each = each.reshape(each.shape + (1,) * (losses.ndim - each.ndim))
    full = np.broadcast_to(each, losses.shape)
    count = np.count_nonzero(full)
    return float((losses * full).sum() / count) if count else 0.0


@pytest.mark.parametrize(
    ("name", "kind"),
    [(n, k) for n in LOSSES for k in WEIGHTS if k != "full" or LOSSES[n][2].ndim > 1],
)
def test_value(name: str, kind: str) -> None:
    (first, second), options, losses = LOSSES[name]
    weights = WEIGHTS[kind]
    if weights is not None:
        options = {**options, "weights": weights}
    loss = getattr(tf.contrib.losses, name)(tf.constant(first), tf.constant(second), **options)
    assert tf.losses.get_losses() == [loss]
    np.testing.assert_allclose(_run(loss)[0], _wanted(losses, weights), rtol=1e-5, atol=1e-6)


def test_names_and_old_keywords() -> None:
    loss = tf.contrib.losses.mean_squared_error(VALUES, targets=TARGETS, weight=2.0)
    assert loss.name == "mean_squared_error/value:0"
    with tf.name_scope("a"):
        loss = tf.contrib.slim.losses.softmax_cross_entropy(VALUES, ONE_HOT, scope="mine")
    assert loss.name == "a/mine/value:0"
    assert tf.contrib.losses.get_losses("a/") == [loss]
    assert tf.contrib.losses.get_total_loss().name == "total_loss:0"


def test_hinge_loss_is_neither_reduced_nor_collected() -> None:
    loss = tf.contrib.losses.hinge_loss(tf.constant(VALUES), tf.constant(TARGETS))
    np.testing.assert_allclose(_run(loss)[0], np.maximum(0, 1 - (2 * TARGETS - 1) * VALUES))
    assert not tf.losses.get_losses()


@pytest.mark.parametrize("weights", [1.0, [1.0, 0.0, 2.0, 0.5]], ids=["scalar", "batch"])
def test_pairs(weights: Any) -> None:
    loss = tf.contrib.losses.mean_pairwise_squared_error(VALUES, TARGETS, weights)
    errors, each = VALUES - TARGETS, np.broadcast_to(weights, 4)
    pairs = (errors[:, :, None] - errors[:, None, :]) ** 2
    wanted = (pairs.mean((1, 2)) * each).sum()
    np.testing.assert_allclose(_run(loss)[0], wanted, rtol=1e-5)


def test_gradient_where_no_weight_is_left() -> None:
    x = tf.constant(VALUES)
    loss = tf.contrib.losses.mean_squared_error(x, tf.constant(TARGETS), 0.0)
    np.testing.assert_array_equal(_run(*tf.gradients(loss, x))[0], np.zeros((4, 3)))


def test_unknown_ranks_raise() -> None:
    with pytest.raises(ValueError, match="losses"):
        tf.contrib.losses.compute_weighted_loss(tf.placeholder(tf.float32))
    with pytest.raises(ValueError, match="weights"):
        tf.contrib.losses.compute_weighted_loss(VALUES, tf.placeholder(tf.float32))


# -- metric learning -----------------------------------------------------------------------------

LABELS = np.array([0, 1, 0, 2, 1, 1])
_POINTS = _RANDOM.randn(6, 4)
POINTS = (_POINTS / np.linalg.norm(_POINTS, axis=1, keepdims=True)).astype(np.float32)
_SQUARES = ((POINTS[:, None] - POINTS[None]).astype(np.float64) ** 2).sum(-1)
_PAIRS = [(i, j) for i in range(6) for j in range(6) if i != j and LABELS[i] == LABELS[j]]


def _triplets(margin: float) -> float:
    total = 0.0
    for anchor, positive in _PAIRS:
        negatives = _SQUARES[anchor][LABELS[anchor] != LABELS]
        farther = negatives[negatives > _SQUARES[anchor, positive]]
        negative = farther.min() if farther.size else negatives.max()
        total += max(0.0, margin + _SQUARES[anchor, positive] - negative)
    return total / len(_PAIRS)


@pytest.mark.parametrize("margin", [1.0, 0.2])
def test_triplet_semihard_loss(margin: float) -> None:
    loss = tf.contrib.losses.metric_learning.triplet_semihard_loss(
        tf.constant(LABELS), tf.constant(POINTS), margin
    )
    np.testing.assert_allclose(_run(loss)[0], _triplets(margin), rtol=1e-4)


def test_lifted_struct_loss() -> None:
    loss = tf.contrib.losses.metric_learning.lifted_struct_loss(LABELS, tf.constant(POINTS), 1.0)
    distances = np.sqrt(_SQUARES)
    total = 0.0
    for i, j in _PAIRS:
        near = [np.exp(1.0 - distances[k][LABELS[k] != LABELS]).sum() for k in (i, j)]
        total += max(0.0, np.log(sum(near)) + distances[i, j]) ** 2
    np.testing.assert_allclose(_run(loss)[0], total / 2 / len(_PAIRS), rtol=1e-4)


def test_contrastive_loss() -> None:
    alike = np.array([1, 0, 1])
    loss = tf.contrib.losses.metric_learning.contrastive_loss(alike, POINTS[:3], POINTS[3:], 2.0)
    distances = np.sqrt(((POINTS[:3] - POINTS[3:]) ** 2).sum(1))
    wanted = alike * distances**2 + (1 - alike) * np.maximum(2.0 - distances, 0) ** 2
    np.testing.assert_allclose(_run(loss)[0], wanted.mean(), rtol=1e-5)


def test_npairs_loss() -> None:
    labels = np.array([0, 1, 2])
    loss = tf.contrib.losses.metric_learning.npairs_loss(labels, POINTS[:3], POINTS[3:])
    sparse = [tf.SparseTensor([[i]], [1], [3]) for i in range(3)]
    multilabel = tf.contrib.losses.metric_learning.npairs_loss_multilabel(
        sparse, POINTS[:3], POINTS[3:]
    )
    similar = POINTS[:3].astype(np.float64) @ POINTS[3:].T
    lengths = 0.25 * 0.002 * ((POINTS[:3] ** 2).sum(1).mean() + (POINTS[3:] ** 2).sum(1).mean())
    wanted = lengths - np.diag(_log_softmax(similar)).mean()
    np.testing.assert_allclose(_run(loss, multilabel), [wanted, wanted], rtol=1e-5)


def test_gradient_equals_tensorflows() -> None:
    """Of the same graph, where rows are equal too."""
    points = POINTS.copy()
    points[2] = points[0]
    x = tf.placeholder(tf.float32, [6, 4], "x")
    loss = tf.contrib.losses.metric_learning.lifted_struct_loss(LABELS, x)
    ours = tf.gradients(loss, x)[0]
    with tf.Session() as session:
        found = session.run(ours, {x: points})
    proto = tf1.GraphDef.FromString(tf.get_default_graph().as_graph_def().SerializeToString())
    for node in list(proto.node):
        if node.name.startswith("gradients"):
            proto.node.remove(node)
    with tf1.Graph().as_default() as graph:
        tf1.import_graph_def(proto, name="")
        feed = graph.get_tensor_by_name("x:0")
        theirs = tf1.gradients(graph.get_tensor_by_name(loss.name), feed)[0]
        with tf1.Session() as session:
            wanted = session.run(theirs, {feed: points})
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
