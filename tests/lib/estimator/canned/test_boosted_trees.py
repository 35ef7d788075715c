"""Boosted trees against numbers that TensorFlow 1.15 gave (its estimators' own tests state them).

TensorFlow 2.21 has no kernels of these ops any more, so it cannot be asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.core import tree_messages
from tf1x.core.dtypes import float32
from tf1x.lib.estimator.canned.regression import RegressionHead

_NUMBERS = np.float32(
    [
        [12.5, 1.0, -2.001, -2.0001, -1.999],
        [2.0, -3.0, 0.5, 0.0, 0.4995],
        [3.0, 20.0, 50.0, -100.0, 102.75],
    ]
)
_CLASSES = [[0.0], [1.0], [1.0], [0.0], [0.0]]
_TARGETS = [[1.5], [0.3], [0.2], [2.0], [5.0]]


def _numeric() -> list[Any]:
    return [tf.feature_column.numeric_column(f"f_{i}") for i in range(3)]


def _bucketized() -> list[Any]:
    return [tf.feature_column.bucketized_column(f, [-2.0, 0.5, 12.0]) for f in _numeric()]


def _input(labels: Any) -> Any:
    return lambda: ({f"f_{i}": tf.constant(row) for i, row in enumerate(_NUMBERS)}, labels)


def _to_predict() -> Any:
    features = {f"f_{i}": row for i, row in enumerate(_NUMBERS)}
    return tf.estimator.inputs.numpy_input_fn(features, batch_size=3, num_epochs=1, shuffle=False)


def _ensemble(estimator: Any) -> Any:
    message: Any = tree_messages.TreeEnsemble()
    message.ParseFromString(estimator.get_variable_value("boosted_trees:0_serialized"))
    return message


def _progress(estimator: Any) -> tuple[int, int, int]:
    """Steps, finished trees, attempted layers."""
    ensemble = _ensemble(estimator)
    finished = sum(metadata.is_finalized for metadata in ensemble.tree_metadata)
    layers = ensemble.growing_metadata.num_layers_attempted
    return int(estimator.get_variable_value("global_step")), finished, layers


@pytest.mark.parametrize(
    ("options", "progress", "loss"),
    [
        ({}, (10, 2, 10), 1.008551),
        ({"center_bias": True}, (12, 2, 10), 0.614642),
        ({"tree_complexity": 0.001, "pruning_mode": "pre"}, (21, 0, 21), 3.83943),
        ({"tree_complexity": 0.001, "pruning_mode": "post"}, (10, 2, 10), 2.37652),
    ],
    ids=["plain", "bias", "pre", "post"],
)
def test_regression(options: dict[str, Any], progress: Any, loss: float) -> None:
    estimator = tf.estimator.BoostedTreesEstimator(
        _bucketized(), 1, RegressionHead(), n_trees=2, max_depth=5, **options
    )
    estimator.train(_input(_TARGETS), steps=100)
    assert _progress(estimator) == progress
    found = estimator.evaluate(_input(_TARGETS), steps=1)
    np.testing.assert_allclose(found["average_loss"], loss, rtol=1e-5)


def test_the_importance_of_columns() -> None:
    estimator = tf.estimator.BoostedTreesClassifier(_bucketized(), 1, n_trees=2, max_depth=5)
    estimator.train(_input(_CLASSES), steps=100)
    found = estimator.experimental_feature_importances()
    assert list(found) == ["f_0_bucketized", "f_2_bucketized", "f_1_bucketized"]
    np.testing.assert_allclose(list(found.values()), [0.833933, 0.606342, 0.0], rtol=1e-5)
    parts = estimator.experimental_feature_importances(normalize=True)
    np.testing.assert_allclose(list(parts.values()), [0.579010, 0.420990, 0.0], rtol=1e-5)


_F0, _F1, _F2 = (f"f_{i}_bucketized" for i in range(3))
_LOW = [(_F0, -0.1210861345357448), (_F2, -0.03925492981448114), (_F1, 0.0)]
_UP = 0.02693827052766018


@pytest.mark.parametrize("in_memory", [False, True], ids=["batches", "memory"])
def test_explanations_of_classes(in_memory: bool) -> None:
    estimator = tf.estimator.BoostedTreesClassifier(
        _bucketized(), 1, n_trees=1, max_depth=5, center_bias=True, train_in_memory=in_memory
    )
    estimator.train(_input(_CLASSES), steps=100)
    found = list(estimator.experimental_predict_with_explanations(_to_predict()))
    np.testing.assert_allclose([p["bias"] for p in found], [0.4] * 5, rtol=1e-5)
    wanted = [
        _LOW,
        [(_F0, 0.19650601422250574), (_F2, _UP), (_F1, 0.0)],
        [(_F0, 0.16057487356133376), (_F2, _UP), (_F1, 0.0)],
        _LOW,
        [(_F0, -0.10832468554550384), (_F2, _UP), (_F1, 0.0)],
    ]
    for prediction, columns in zip(found, wanted, strict=True):
        assert list(prediction["dfc"]) == [name for name, _ in columns]
        values = [value for _, value in columns]
        np.testing.assert_allclose(list(prediction["dfc"].values()), values, atol=2e-6)
        together = sum(prediction["dfc"].values()) + prediction["bias"]
        np.testing.assert_allclose(together, prediction["probabilities"][1], rtol=1e-5)
    some = next(estimator.experimental_predict_with_explanations(_to_predict(), ["probabilities"]))
    assert sorted(some) == ["bias", "dfc", "probabilities"]


def test_numbers_get_buckets() -> None:
    estimator = tf.estimator.BoostedTreesClassifier(
        _numeric(), 1, n_trees=1, max_depth=5, quantile_sketch_epsilon=0.33
    )
    before = [p["class_ids"][0] for p in estimator.predict(_to_predict())]
    assert before == [0] * 5
    estimator.train(_input(_CLASSES), steps=100)
    assert _progress(estimator) == (5, 1, 5)
    wanted = [[-2.001, -1.999, 12.5], [-3.0, 0.4995, 2.0], [-100.0, 20.0, 102.75]]
    for index, boundaries in enumerate(wanted):
        key = f"boosted_trees/QuantileAccumulator:0_bucket_boundaries_{index}"
        np.testing.assert_allclose(estimator.get_variable_value(key), boundaries, rtol=1e-6)
    assert estimator.evaluate(_input(_CLASSES), steps=1)["accuracy"] == 1.0
    after = [p["class_ids"][0] for p in estimator.predict(_to_predict())]
    assert after == [0, 1, 1, 0, 0]


def test_columns_of_all_kinds_and_weights() -> None:
    words = tf.feature_column.categorical_column_with_vocabulary_list("word", ["bad", "good", "ok"])
    columns = [
        tf.feature_column.numeric_column("number"),
        tf.feature_column.bucketized_column(tf.feature_column.numeric_column("f_1"), [-2.0, 0.5]),
        tf.feature_column.indicator_column(words),
    ]
    features = {
        "word": np.array(["bad", "good", "good", "ok", "bad"]),
        "f_1": np.ones(5, np.float32),
        "number": _NUMBERS[0],
        "weight": np.float32([1, 1, 2, 1, 1]),
    }
    labels = np.array(["no", "yes", "yes", "yes", "yes"])
    to_train = tf.estimator.inputs.numpy_input_fn(
        features, labels, batch_size=5, num_epochs=None, shuffle=False
    )
    estimator = tf.estimator.BoostedTreesClassifier(
        columns, 1, n_trees=1, max_depth=5, quantile_sketch_epsilon=0.33,
        weight_column="weight", label_vocabulary=["no", "yes"],
    )  # fmt: skip
    estimator.train(to_train, steps=100)
    assert _progress(estimator)[1:] == (1, 5)
    found = estimator.evaluate(to_train, steps=1)
    np.testing.assert_allclose(found["accuracy"], 1.0)
    assert set(estimator.experimental_feature_importances()) == {"number", "f_1_bucketized", "word"}


def test_layers_of_several_batches() -> None:
    """Two batches a layer give the trees of one batch of everything."""
    ensembles = []
    for batches in (1, 2):
        random = np.random.RandomState(1)
        numbers = {"x": random.randint(0, 6, (40, 2)).astype(np.float32)}
        targets = random.normal(size=40).astype(np.float32) + numbers["x"][:, 0]
        estimator = tf.estimator.BoostedTreesRegressor(
            [tf.feature_column.numeric_column("x", shape=(2,))],
            batches,
            n_trees=2,
            max_depth=2,
            l2_regularization=0.1,
        )
        estimator.train(
            tf.estimator.inputs.numpy_input_fn(
                numbers, targets, batch_size=40 // batches, num_epochs=None, shuffle=False
            )
        )
        ensembles.append(_ensemble(estimator))
    one, two = ensembles
    assert [len(tree.nodes) for tree in one.trees] == [len(tree.nodes) for tree in two.trees]
    for mine, other in zip(one.trees[0].nodes, two.trees[0].nodes, strict=True):
        assert mine.bucketized_split.feature_id == other.bucketized_split.feature_id
        assert mine.bucketized_split.threshold == other.bucketized_split.threshold
        np.testing.assert_allclose(mine.leaf.scalar, other.leaf.scalar, rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_classes": 3}, "For now pruning is not supported with multi class."),
        ({"n_classes": 3, "pruning_mode": None}, "only binary classification"),
    ],
)
def test_what_it_refuses(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tf.estimator.BoostedTreesClassifier(_bucketized(), 1, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pruning_mode": "pre"}, "tree_complexity must be positive"),
        ({"tree_complexity": 1.0}, "no effect unless pruning mode"),
        ({"pruning_mode": "some"}, "pruning_mode mode must be one of"),
    ],
)
def test_pruning_goes_with_complexity(options: dict[str, Any], message: str) -> None:
    estimator = tf.estimator.BoostedTreesRegressor(_bucketized(), 1, **options)
    with pytest.raises(ValueError, match=message):
        estimator.train(_input(_TARGETS), steps=1)


def test_a_column_that_is_no_feature() -> None:
    words = tf.feature_column.categorical_column_with_vocabulary_list("word", ["bad", "good"])
    with pytest.raises(ValueError, match="must be wrapped by IndicatorColumn"):
        tf.estimator.BoostedTreesClassifier([words], 1)
    embedding = tf.feature_column.embedding_column(words, 2)
    assert not hasattr(embedding, "dtype") or embedding.dtype != float32
