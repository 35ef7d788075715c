"""`tf.contrib.boosted_trees` as programs use it, on tables of scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.core.errors import UnsupportedError

sklearn_datasets = pytest.importorskip("sklearn.datasets")
estimators = tf.contrib.boosted_trees.estimator_batch.estimator
learner_pb2 = tf.contrib.boosted_trees.proto.learner_pb2


def _config(depth: int = 3, **options: Any) -> Any:
    config = learner_pb2.LearnerConfig(**options)
    config.learning_rate_tuner.fixed.learning_rate = 0.5
    config.regularization.l2 = 1e-3
    config.constraints.max_tree_depth = depth
    return config


def _split(load: Any) -> Any:
    data, labels = load(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(data))
    data, labels = data[order].astype(np.float32), labels[order]
    most = len(data) * 3 // 4
    return data[:most], labels[:most], data[most:], labels[most:]


def _input(data: Any, labels: Any, epochs: int | None = 1) -> Any:
    return tf.estimator.inputs.numpy_input_fn(
        {"x": data}, labels, batch_size=len(data), num_epochs=epochs, shuffle=False
    )


@pytest.mark.parametrize("strategy", ["DIAGONAL_HESSIAN", "FULL_HESSIAN", "TREE_PER_CLASS"])
def test_several_classes(strategy: str) -> None:
    data, labels, test, wanted = _split(sklearn_datasets.load_iris)
    config = _config(multi_class_strategy=getattr(learner_pb2.LearnerConfig, strategy))
    trees = 12 if strategy == "TREE_PER_CLASS" else 4
    estimator = estimators.GradientBoostedDecisionTreeClassifier(
        config, examples_per_layer=len(data), n_classes=3, num_trees=trees, center_bias=False
    )
    estimator.fit(input_fn=_input(data, labels, None), steps=200)
    found = estimator.evaluate(input_fn=_input(test, wanted), steps=1)
    assert found["accuracy"] > 0.9
    assert found["global_step"] < 60  # it stopped when it had its trees


def test_two_classes_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    data, labels, test, wanted = _split(sklearn_datasets.load_breast_cancer)
    model_dir = str(tmp_path)
    for trees in (3, 6):
        estimator = estimators.GradientBoostedDecisionTreeClassifier(
            _config(), examples_per_layer=len(data), num_trees=trees, model_dir=model_dir
        )
        estimator.fit(input_fn=_input(data, labels, None), steps=200)
    found = estimator.evaluate(input_fn=_input(test, wanted), steps=1)
    assert found["accuracy"] > 0.93
    chances = [p["probabilities"] for p in estimator.predict(input_fn=_input(test, None))]
    np.testing.assert_allclose((np.argmax(chances, 1) == wanted).mean(), found["accuracy"])
    assert "ensemble_model:0_config" in estimator.get_variable_names()


def test_numbers_in_columns() -> None:
    data, labels, test, wanted = _split(sklearn_datasets.load_diabetes)
    column = tf.feature_column.numeric_column("x", shape=(10,))
    estimator = estimators.GradientBoostedDecisionTreeRegressor(
        _config(growing_mode=learner_pb2.LearnerConfig.WHOLE_TREE),
        examples_per_layer=lambda layer: len(data) + 0 * layer,
        num_trees=6,
        feature_columns=[column],
    )
    targets, wanted = labels[:, None].astype("f"), wanted[:, None].astype("f")
    estimator.fit(input_fn=_input(data, targets, None), steps=100)
    found = estimator.evaluate(input_fn=_input(test, wanted), steps=1)
    assert found["loss"] < 0.75 * wanted.var()


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="doesn't match learner_config"):
        estimators.GradientBoostedDecisionTreeClassifier(
            _config(num_classes=3), examples_per_layer=10, n_classes=2
        )
    estimator = estimators.GradientBoostedDecisionTreeClassifier(_config(), examples_per_layer=2)
    with pytest.raises(ValueError, match="Unsupported dense feature"):
        estimator.fit(input_fn=_input(np.int64([[1], [2]]), np.int64([0, 1])), steps=1)

    def sparse() -> Any:
        feature = tf.SparseTensor(np.int64([[0, 0]]), np.float32([1.0]), np.int64([2, 3]))
        return {"x": feature}, tf.constant([0, 1])

    with pytest.raises(UnsupportedError, match="'x' is sparse"):
        estimator.fit(input_fn=sparse, steps=1)
