"""Checkpoints, event files and exports of Estimators cross both ways between us and TensorFlow 2.21.

TensorFlow 2.21 has no tf.estimator: the same model is trained there in a MonitoredTrainingSession.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.estimator.programs import X, Y
from tests.oracle import tf1

pytestmark = pytest.mark.filterwarnings("ignore")


def _network(tf: Any, x: Any) -> Any:
    hidden = tf.nn.relu(
        tf.matmul(x, tf.get_variable("w1", [2, 5], initializer=_start(tf, 10)))
        + tf.get_variable("b1", [5], initializer=tf.constant_initializer(0.1))
    )
    return tf.matmul(hidden, tf.get_variable("w2", [5, 1], initializer=_start(tf, 5)))


def _start(tf: Any, size: int) -> Any:
    return tf.constant_initializer(np.linspace(-1, 1, size, dtype=np.float32))


def _step(tf: Any, loss: Any) -> Any:
    return tf.train.AdamOptimizer(0.05).minimize(loss, tf.train.get_global_step())


def _model_fn(features: Any, labels: Any, mode: Any) -> Any:
    tf = tf1x
    y = _network(tf, features["x"])
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions={"y": y})
    loss = tf.losses.mean_squared_error(labels, y)
    tf.summary.histogram("y", y)
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=_step(tf, loss))


def _input_fn() -> Any:
    return tf1x.estimator.inputs.numpy_input_fn(
        {"x": X}, Y, batch_size=6, num_epochs=None, shuffle=False
    )()


def _features_fn() -> Any:
    return tf1x.estimator.inputs.numpy_input_fn({"x": X}, batch_size=6, shuffle=False)()


def _estimator(folder: Any, **options: Any) -> Any:
    config = tf1x.estimator.RunConfig(save_summary_steps=2, save_checkpoints_steps=100)
    return tf1x.estimator.Estimator(_model_fn, str(folder), config, **options)


def _predictions(estimator: Any) -> np.ndarray:
    return np.array([found["y"] for found in estimator.predict(_features_fn)])


def _train_in_tensorflow(folder: Path, steps: int) -> tuple[list[int], np.ndarray]:
    """The steps that were taken, and what the model then says of X."""
    taken = []
    with tf1.Graph().as_default():
        tf1.train.get_or_create_global_step()
        y = _network(tf1, tf1.constant(X))
        loss = tf1.losses.mean_squared_error(Y, y)
        tf1.summary.scalar("loss", loss)
        train = _step(tf1, loss)
        with tf1.train.MonitoredTrainingSession(
            checkpoint_dir=str(folder), save_checkpoint_steps=100, save_summaries_steps=2
        ) as session:
            for _ in range(steps):
                session.run(train)
                taken.append(int(session.run(tf1.train.get_global_step())))
            predicted = session.run(y)
    tf1.summary.FileWriterCache.clear()
    return taken, predicted


def test_tensorflow_reads_checkpoints_events_and_goes_on(tmp_path: Path) -> None:
    ours = _estimator(tmp_path)
    ours.train(_input_fn, steps=4)
    tf1x.summary.FileWriterCache.clear()
    path = ours.latest_checkpoint()
    reader = tf1.train.load_checkpoint(path)
    shapes = reader.get_variable_to_shape_map()
    assert sorted(shapes) == ours.get_variable_names()
    for name in shapes:
        np.testing.assert_array_equal(reader.get_tensor(name), ours.get_variable_value(name))
    with tf1.Graph().as_default(), tf1.Session() as session:
        saver = tf1.train.import_meta_graph(path + ".meta")
        saver.restore(session, path)
        assert session.run("global_step:0") == 4
    kinds = []
    (events,) = tmp_path.glob("events*")
    for event in tf1.train.summary_iterator(str(events)):
        kinds.append((event.step, event.WhichOneof("what")))
        if event.HasField("graph_def"):
            with tf1.Graph().as_default():
                tf1.import_graph_def(tf1.GraphDef.FromString(event.graph_def), name="")
        kinds += [(event.step, value.tag) for value in event.summary.value]
    assert (1, "loss") in kinds
    assert (3, "y") in kinds
    assert (4, "session_log") in kinds
    taken, predicted = _train_in_tensorflow(tmp_path, 3)
    assert taken == [5, 6, 7]
    np.testing.assert_allclose(_predictions(ours), predicted, rtol=1e-5)  # back again


def test_tensorflow_serves_what_is_exported(tmp_path: Path) -> None:
    import tensorflow as tf2

    ours = _estimator(tmp_path / "model")
    ours.train(_input_fn, steps=2)
    raw = tf1x.estimator.export.build_raw_serving_input_receiver_fn
    with tf1x.Graph().as_default():
        receiver = raw({"x": tf1x.placeholder(tf1x.float32, [None, 2])})
    path = ours.export_saved_model(str(tmp_path / "export"), receiver).decode()
    with tf1.Graph().as_default(), tf1.Session() as session:
        meta = tf1.saved_model.loader.load(session, ["serve"], path)
        signature = meta.signature_def["serving_default"]
        feeds = {signature.inputs["x"].name: X}
        found = session.run(signature.outputs["y"].name, feeds)
    np.testing.assert_allclose(found, _predictions(ours), rtol=1e-5)
    loaded = tf2.saved_model.load(path)
    with tf1.Graph().as_default(), tf1.Session() as session:
        loaded = tf2.saved_model.load(path)
        outputs = loaded.signatures["serving_default"](tf1.constant(X))
        session.run(tf1.global_variables_initializer())
        assert list(outputs) == ["y"]


def test_ours_goes_on_where_tensorflow_stopped(tmp_path: Path) -> None:
    _, predicted = _train_in_tensorflow(tmp_path, 5)
    ours = _estimator(tmp_path)
    np.testing.assert_allclose(_predictions(ours), predicted, rtol=1e-5)
    assert ours.get_variable_value("global_step") == 5
    evaluated = ours.evaluate(_input_fn, steps=1)
    assert evaluated["global_step"] == 5
    assert evaluated["loss"] == pytest.approx(np.mean((predicted - Y) ** 2), rel=1e-5)
    ours.train(_input_fn, max_steps=7)
    tf1x.summary.FileWriterCache.clear()
    assert ours.get_variable_value("global_step") == 7
    # The same steps as TensorFlow would have taken.
    _train_in_tensorflow(tmp_path / "other", 5)
    _, expected = _train_in_tensorflow(tmp_path / "other", 2)
    np.testing.assert_allclose(_predictions(ours), expected, rtol=1e-4)


def test_ours_starts_from_a_saved_model_of_tensorflow(tmp_path: Path) -> None:
    with tf1.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf1.float32, [None, 2])
        y = _network(tf1, x)
        session.run(tf1.global_variables_initializer())
        session.run(tf1.assign_add(tf1.trainable_variables()[2], np.full([5, 1], 2.0, np.float32)))
        tf1.saved_model.simple_save(session, str(tmp_path / "saved"), {"x": x}, {"y": y})
        expected = session.run(y, {x: X})
    ours = _estimator(tmp_path / "model", warm_start_from=str(tmp_path / "saved"))
    np.testing.assert_allclose(_predictions(ours), expected, rtol=1e-5)
    with tf1x.Graph().as_default():
        serve = tf1x.contrib.predictor.from_saved_model(str(tmp_path / "saved"))
    np.testing.assert_allclose(serve({"x": X})["y"], expected, rtol=1e-5)
