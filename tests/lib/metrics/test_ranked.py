"""tf.metrics of the k best classes: graphs, variables and values against TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.metrics.running import Batch, assert_same
from tests.oracle import tf1

_RANDOM = np.random.RandomState(5)
COLLECTIONS = {"metrics_collections": ["values"], "updates_collections": "updates"}


def _batches(*, sets: bool = True, weights: bool = False) -> list[Batch]:
    """Scores of 6 classes for 5 examples; labels are sets of three (-1 for none), or single."""
    found: list[Batch] = []
    for _ in range(3):
        labels = np.stack([_RANDOM.permutation(6)[:3] for _ in range(5)]).astype(np.int64)
        labels[1, 2] = labels[3, 1] = -1
        batch = {"predictions": _RANDOM.rand(5, 6).astype(np.float32)}
        batch["labels"] = labels if sets else np.abs(labels[:, 0])
        if weights:
            batch["weights"] = np.array([1.0, 0.0, 2.0, 0.5, 1.0], np.float32)
        found.append(batch)
    return found


NAMES = (
    "precision_at_k",
    "recall_at_k",
    "average_precision_at_k",
    "sparse_precision_at_k",
    "sparse_average_precision_at_k",
)
every_metric = pytest.mark.parametrize("function", NAMES)


def _call(function: str, **options: Any) -> Any:
    return lambda tf, given: getattr(tf.metrics, function)(**given, **options, **COLLECTIONS)


@every_metric
@pytest.mark.parametrize("sets", [True, False], ids=["sets", "single"])
@pytest.mark.parametrize("weights", [False, True], ids=["plain", "weighted"])
def test_dense_labels(function: str, sets: bool, weights: bool) -> None:
    nodes = not weights and "average" not in function  # there TensorFlow has conditionals
    batches = _batches(sets=sets, weights=weights)
    assert_same(_call(function, k=2), batches, nodes=nodes)
    assert_same(_call(function, k=3, name="mine"), batches, nodes=nodes)


@every_metric
def test_unknown_batch_size(function: str) -> None:
    def metric(tf: Any, given: Any) -> Any:
        given["labels"].set_shape([None, 3])
        given["predictions"].set_shape([None, 6])
        return _call(function, k=2)(tf, given)

    assert_same(metric, _batches(weights=True), nodes=False, known=False)


@every_metric
@pytest.mark.parametrize("weights", [False, True], ids=["plain", "weighted"])
def test_sparse_labels(function: str, weights: bool) -> None:
    def metric(tf: Any, given: Any) -> Any:
        labels = given["labels"]
        places = tf.where(tf.greater_equal(labels, 0))
        shape = tf.constant(labels.shape.as_list(), tf.int64)
        sparse = tf.SparseTensor(places, tf.gather_nd(labels, places), shape)
        return _call(function, k=2)(tf, {**given, "labels": sparse})

    assert_same(metric, _batches(weights=weights), nodes=False)


@pytest.mark.parametrize("function", ["precision_at_k", "recall_at_k"])
@pytest.mark.parametrize("class_id", [1, 4])
def test_one_class(function: str, class_id: int) -> None:
    assert_same(_call(function, k=3, class_id=class_id), _batches(), nodes=False)


@pytest.mark.parametrize("function", ["precision_at_top_k", "recall_at_top_k"])
@pytest.mark.parametrize("k", [None, 2])
def test_given_classes(function: str, k: int | None) -> None:
    def metric(tf: Any, given: Any) -> Any:
        _, top = tf.nn.top_k(given["predictions"], 2)
        return getattr(tf.metrics, function)(given["labels"], top, k=k, **COLLECTIONS)

    assert_same(metric, _batches())


@every_metric
def test_classes_that_cannot_be_predicted(function: str) -> None:
    batches = _batches()
    for batch in batches:
        batch["labels"][0, 0] = 17
    assert_same(_call(function, k=2), batches, nodes=False)


def test_misuse_raises_value_error() -> None:
    for tf in (tf1x, tf1):
        with tf.Graph().as_default(), pytest.raises(ValueError, match="k"):
            tf.metrics.average_precision_at_k(tf.constant([[1]], tf.int64), [[0.5, 0.5]], 0)
        with tf.Graph().as_default(), pytest.raises(ValueError, match="Unexpected labels shape"):
            tf.metrics.precision_at_k(tf.constant([[[1]]], tf.int64), [[0.5, 0.5]], 1)
