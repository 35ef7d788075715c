"""tf.losses: nodes, values and gradients against TensorFlow; weights, reductions, collections."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_same_nodes, assert_same_values
from tests.oracle import tf1

_RANDOM = np.random.RandomState(7)
TARGETS = (_RANDOM.rand(4, 3) > 0.5).astype(np.float32)
VALUES = _RANDOM.randn(4, 3).astype(np.float32)
PROBABILITIES = _RANDOM.rand(4, 3).astype(np.float32)
ONE_HOT = np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]
ROW_WEIGHTS = np.array([[1.0], [0.0], [2.0], [0.5]], np.float32)
FULL_WEIGHTS = np.array(
    [[1, 0, 2], [0, 0, 0], [0.5, 0.25, 3], [1, 1, 1]], np.float32
)  # a whole row without weight

# name -> (labels, predictions, options)
LOSSES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "absolute_difference": (TARGETS, VALUES, {}),
    "cosine_distance": (TARGETS, VALUES, {"axis": 1}),
    "hinge_loss": (TARGETS, VALUES, {}),
    "huber_loss": (TARGETS, VALUES, {"delta": 0.7}),
    "log_loss": (TARGETS, PROBABILITIES, {}),
    "mean_pairwise_squared_error": (TARGETS, VALUES, {}),
    "mean_squared_error": (TARGETS, VALUES, {}),
    "sigmoid_cross_entropy": (TARGETS, VALUES, {"label_smoothing": 0.2}),
    "softmax_cross_entropy": (ONE_HOT, VALUES, {"label_smoothing": 0.1}),
    "sparse_softmax_cross_entropy": (np.array([0, 2, 1, 1]), VALUES, {}),
}
ONE_A_ROW = ("softmax_cross_entropy", "sparse_softmax_cross_entropy")
WEIGHTS: dict[str, Any] = {
    "plain": 1.0,
    "zero": 0.0,
    "rows": ROW_WEIGHTS,
    "full": FULL_WEIGHTS,
    "ints": np.array([[1], [0], [2], [1]]),
}


def _weights(name: str, kind: str) -> Any:
    """Weights that the loss takes: those that give one loss a row want a vector."""
    weights = WEIGHTS[kind]
    if kind == "full" and name == "cosine_distance":
        return ROW_WEIGHTS
    if kind in ("rows", "full", "ints") and name in ONE_A_ROW:
        return weights[:, 0]
    if kind == "full" and name == "mean_pairwise_squared_error":
        return FULL_WEIGHTS[:, :1]
    return weights


def _program(name: str, kind: str = "plain", known: bool = True, **options: Any) -> Any:
    """The loss and its gradients; `known` says whether the batch size is static."""
    labels, predictions, own = LOSSES[name]

    def program(tf: Any) -> Any:
        def given(value: Any) -> Any:
            shape = value.shape if known else (None, *value.shape[1:])
            return tf.placeholder_with_default(value, shape)

        x, y = given(predictions), given(labels)
        weights = _weights(name, kind)
        if isinstance(weights, np.ndarray):
            weights = given(weights)
        loss = getattr(tf.losses, name)(y, x, weights=weights, **own, **options)
        wanted = [x, weights] if hasattr(weights, "dtype") and weights.dtype.is_floating else [x]
        gradients = tf.gradients(loss, wanted)
        return None, [loss, *tf.losses.get_losses(), *(g for g in gradients if g is not None)]

    return program


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("name", LOSSES)
def test_nodes_and_values_equal_tensorflow(name: str, kind: str) -> None:
    assert_same_nodes(_program(name, kind))
    assert_same_values(_program(name, kind))


@pytest.mark.parametrize("kind", ["plain", "rows", "full"])
@pytest.mark.parametrize("name", LOSSES)
def test_values_with_an_unknown_batch_size(name: str, kind: str) -> None:
    assert_same_values(_program(name, kind, known=False))


@pytest.mark.parametrize("reduction", tf1x.losses.Reduction.all())
@pytest.mark.parametrize("kind", ["plain", "rows", "full"])
def test_reductions(kind: str, reduction: str) -> None:
    assert_same_nodes(_program("mean_squared_error", kind, reduction=reduction))
    assert_same_values(_program("mean_squared_error", kind, reduction=reduction))


def test_reduction_values() -> None:
    assert tf1x.losses.Reduction.all() == tf1.losses.Reduction.all()
    with pytest.raises(ValueError, match="Invalid Reduction Key sum"):
        tf1x.losses.mean_squared_error(TARGETS, VALUES, reduction="sum")


def _other_types(tf: Any) -> Any:
    half = tf.constant(VALUES.astype(np.float16))
    return None, [
        tf.losses.mean_squared_error(TARGETS.astype(np.int32), VALUES.astype(np.float64)),
        tf.losses.softmax_cross_entropy(ONE_HOT.astype(np.int64), half),
        tf.losses.sigmoid_cross_entropy(TARGETS, half),
        tf.losses.compute_weighted_loss(tf.constant([1, 2, 4])),
        tf.losses.compute_weighted_loss(np.array([1.0, 2.0]), 3, loss_collection=None),
    ]


def _last_dimension_too_many(tf: Any) -> Any:
    labels = np.array([[0], [2], [1], [1]])
    return None, [
        tf.losses.sparse_softmax_cross_entropy(labels, VALUES, ROW_WEIGHTS),
        tf.losses.sparse_softmax_cross_entropy(labels[:, 0], VALUES, ROW_WEIGHTS[:, 0]),
        tf.losses.sparse_softmax_cross_entropy(labels[:, 0], VALUES, 2.0),
    ]


def _totals(tf: Any) -> Any:
    with tf.variable_scope("a"):
        tf.losses.mean_squared_error(TARGETS, VALUES, scope="mine")
        tf.get_variable(
            "w",
            initializer=tf.constant([1.0, 2.0]),
            regularizer=lambda w: tf.reduce_sum(w, name="penalty"),
        )
    tf.losses.add_loss(tf.constant(3.0, name="b/extra"))
    tf.losses.add_loss(tf.constant(4.0), loss_collection="others")
    return None, [
        *tf.losses.get_losses(),
        *tf.losses.get_losses("a"),
        *tf.losses.get_losses(loss_collection="others"),
        *tf.losses.get_regularization_losses(),
        tf.losses.get_regularization_loss(),
        tf.losses.get_regularization_loss("nothing"),
        tf.losses.get_total_loss(),
        tf.losses.get_total_loss(False, "plain"),
        tf.losses.get_total_loss(scope="a"),
    ]


PROGRAMS = {
    "other_types": _other_types,
    "last_dimension_too_many": _last_dimension_too_many,
    "totals": _totals,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    assert_same_nodes(PROGRAMS[name])
    assert_same_values(PROGRAMS[name], rtol=1e-3 if name == "other_types" else 1e-5)


WRONG: dict[str, Any] = {
    "shapes": lambda tf: tf.losses.mean_squared_error(TARGETS, VALUES[:2]),
    "rank_of_weights": lambda tf: tf.losses.mean_squared_error(TARGETS, VALUES, [1.0, 2.0]),
    "size_of_weights": lambda tf: tf.losses.mean_squared_error(TARGETS, VALUES, [[1.0, 2.0]]),
    "no_labels": lambda tf: tf.losses.hinge_loss(None, VALUES),
    "no_logits": lambda tf: tf.losses.softmax_cross_entropy(ONE_HOT, None),
    "no_axis": lambda tf: tf.losses.cosine_distance(TARGETS, VALUES),
    "no_losses": lambda tf: tf.losses.get_total_loss(),
}


@pytest.mark.parametrize("name", WRONG)
def test_misuse_raises_value_error(name: str) -> None:
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), pytest.raises(ValueError, match=r"."):
            WRONG[name](tf)


def test_weights_that_do_not_fit_when_run() -> None:
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), tf.Session() as session:
            weights = tf.placeholder(tf.float32, [None, None])
            loss = tf.losses.mean_squared_error(TARGETS, VALUES, weights)
            assert session.run(loss, {weights: ROW_WEIGHTS}) > 0
            with pytest.raises(tf.errors.InvalidArgumentError, match="can not be broadcast"):
                session.run(loss, {weights: [[1.0, 2.0]]})


def test_unknown_ranks() -> None:
    labels, weights = np.array([[0], [2], [1], [1]]), ROW_WEIGHTS

    def program(tf: Any) -> Any:
        y = tf.placeholder_with_default(labels, None)
        w = tf.placeholder_with_default(weights, None)
        x = tf.placeholder_with_default(VALUES, [None, 3])
        loss = tf.losses.sparse_softmax_cross_entropy(y, x, w)
        plain = tf.losses.mean_squared_error(
            TARGETS, VALUES, tf.placeholder_with_default(2.0, None)
        )
        return None, [loss, plain, *tf.gradients(loss, [x, w])]

    assert_same_values(program)
