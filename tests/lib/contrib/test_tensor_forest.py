"""`tf.contrib.tensor_forest` as programs use it, on tables of scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tf1x.lib import resources

sklearn_datasets = pytest.importorskip("sklearn.datasets")
tensor_forest = tf.contrib.tensor_forest.python.tensor_forest
data_ops = tf.contrib.tensor_forest.python.ops.data_ops


@pytest.fixture(autouse=True)
def _fresh_graph() -> None:
    tf.reset_default_graph()


def _digits() -> Any:
    data, labels = sklearn_datasets.load_digits(return_X_y=True)
    return data[:1400].astype("f"), labels[:1400], data[1400:].astype("f"), labels[1400:]


def _params(**options: Any) -> Any:
    given = {
        "num_classes": 10, "num_features": 64, "num_trees": 10, "max_nodes": 200,
        "split_after_samples": 50, "base_random_seed": 1, **options,
    }  # fmt: skip
    return tensor_forest.ForestHParams(**given).fill()


@pytest.mark.parametrize(
    "options",
    [{}, {"bagging_fraction": 0.7}, {"feature_bagging_fraction": 0.6}],
    ids=["plain", "bagging", "features"],
)
def test_digits(options: dict[str, Any], tmp_path: Path) -> None:
    data, labels, test, wanted = _digits()
    x, y = tf.placeholder(tf.float32, [None, 64]), tf.placeholder(tf.int32, [None])
    graphs = tensor_forest.RandomForestGraphs(_params(**options))
    train, loss = graphs.training_graph(x, y), graphs.training_loss(x, y)
    probabilities, paths, variance = graphs.inference_graph(x)
    assert probabilities.shape.as_list() == [None, 10]
    init = tf.group(
        tf.global_variables_initializer(),
        resources.initialize_resources(resources.shared_resources()),
    )
    saver = tf.train.Saver()
    random = np.random.RandomState(0)
    with tf.Session() as session:
        session.run(init)
        for _ in range(40):
            rows = random.choice(1400, 256)
            session.run(train, {x: data[rows], y: labels[rows]})
        assert session.run(loss) <= -100
        found, ways, spread = session.run([probabilities, paths, variance], {x: test})
        saver.save(session, str(tmp_path / "forest"))
    np.testing.assert_allclose(found.sum(1), 1.0, rtol=1e-5)
    assert (spread >= 0).all()
    assert ways.shape == (len(test), 10)
    assert (found.argmax(1) == wanted).mean() > 0.8
    with tf.Session() as session:
        session.run(init)
        saver.restore(session, str(tmp_path / "forest"))
        np.testing.assert_array_equal(session.run(probabilities, {x: test}), found)


def test_columns_of_several_kinds() -> None:
    random = np.random.RandomState(0)
    features = {
        "word": tf.constant(random.choice([b"a", b"b", b"c"], 600)),
        "number": tf.constant(random.normal(size=(600, 2)).astype("f")),
        "whole": tf.constant(random.randint(0, 4, 600)),
    }
    dense, sparse, spec = data_ops.ParseDataTensorOrDict(features)
    assert sparse is None
    assert dense.shape.as_list() == [600, 4]
    columns = [(c.name, c.original_type, c.size) for c in spec.dense.cols]
    assert columns == [("number", 0, 2), ("whole", 1, 1), ("word", 1, 1)]
    params = _params(num_classes=2, num_features=4, num_trees=5, max_nodes=60)
    graphs = tensor_forest.RandomForestGraphs(params)
    with tf.Session() as session:
        labels = session.run(tf.equal(features["word"], "b"))
        train = graphs.training_graph(features, tf.constant(labels.astype("i")))
        probabilities = graphs.inference_graph(features)[0]
        importances = graphs.feature_importances()
        session.run(tf.global_variables_initializer())
        session.run(resources.initialize_resources(resources.shared_resources()))
        for _ in range(10):
            session.run(train)
        found, parts = session.run([probabilities, importances])
    assert ((found[:, 1] > 0.5) == labels).mean() > 0.95
    np.testing.assert_allclose(parts.sum(), 1.0)


def test_the_estimator_of_classes(tmp_path: Path) -> None:
    data, labels, test, wanted = _digits()
    client = tf.contrib.tensor_forest.client.random_forest
    estimator = client.TensorForestEstimator(
        _params(num_trees=5, max_nodes=100),
        model_dir=str(tmp_path),
        report_feature_importances=True,
    )
    estimator.fit(x=data, y=labels, steps=25, batch_size=256)
    found = estimator.evaluate(x=test, y=wanted, steps=1)
    assert found["accuracy"] > 0.7
    assert found["global_step"] == 25


def test_the_estimator_of_numbers() -> None:
    random = np.random.RandomState(1)
    data = random.uniform(-1, 1, (1000, 3)).astype("f")
    targets = (data[:, :1] * 2 + (data[:, 1:2] > 0)).astype("f")
    params = tensor_forest.ForestHParams(
        num_classes=1, num_features=3, regression=True, num_trees=10, max_nodes=200,
        split_after_samples=30, base_random_seed=2,
    )  # fmt: skip
    estimator = tf.contrib.tensor_forest.client.random_forest.TensorForestEstimator(params)
    estimator.fit(x=data, y=targets, steps=60, batch_size=200)
    scores = np.array([prediction["scores"] for prediction in estimator.predict(x=data)])
    error = np.mean((scores.reshape(-1) - targets[:, 0]) ** 2)
    assert error < 0.25 * targets.var()


def test_a_label_that_is_no_class() -> None:
    x = tf.constant(np.zeros((3, 64), "f"))
    graphs = tensor_forest.RandomForestGraphs(_params(num_trees=1))
    train = graphs.training_graph(x, tf.constant([1, 10, 2]))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(resources.initialize_resources(resources.shared_resources()))
        with pytest.raises(tf.errors.InvalidArgumentError, match="num_classes set correctly"):
            session.run(train)


def test_what_parameters_need() -> None:
    with pytest.raises(AttributeError, match="num_features"):
        tensor_forest.ForestHParams(num_classes=2).fill()
    with pytest.raises(ValueError, match="split_name must be one of"):
        tensor_forest.ForestHParams(num_classes=2, num_features=3, split_name="more").fill()
    filled = tensor_forest.ForestHParams(num_classes=10, num_features=784).fill()
    assert (filled.num_splits_to_consider, filled.num_output_columns) == (28, 11)
