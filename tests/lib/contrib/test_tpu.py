"""tf.contrib.tpu on the devices that there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf

tpu = tf.contrib.tpu
pytestmark = pytest.mark.filterwarnings("ignore")

X = np.arange(16, dtype=np.float32).reshape(8, 2) / 10
Y = X.sum(1, keepdims=True)


def test_estimator(tmp_path: Path) -> None:
    seen: list[Any] = []

    def input_fn(params: Any) -> Any:
        seen.append(params["batch_size"])
        assert params["context"].current_input_fn_deployment() == (0, 0, 1, 1)
        return tf.data.Dataset.from_tensor_slices((X, Y)).repeat(3).batch(params["batch_size"])

    def model_fn(features: Any, labels: Any, mode: Any, params: Any) -> Any:
        seen.append((mode, params["batch_size"]))
        y = tf.layers.dense(features, 1, kernel_initializer=tf.zeros_initializer())
        if mode == tf.estimator.ModeKeys.PREDICT:
            return tpu.TPUEstimatorSpec(mode, predictions={"y": y})
        loss = tf.losses.mean_squared_error(labels, y)
        optimizer = tpu.CrossShardOptimizer(tf.train.GradientDescentOptimizer(params["rate"]))
        calls = tf.get_variable("calls", initializer=0, trainable=False)
        return tpu.TPUEstimatorSpec(
            mode,
            loss=loss,
            train_op=optimizer.minimize(loss, tf.train.get_global_step()),
            eval_metrics=(lambda t, y: {"error": tf.metrics.mean(t - y)}, [labels, y]),
            host_call=(lambda loss: calls.assign_add(1), {"loss": tf.reshape(loss, [1])}),
            scaffold_fn=tf.train.Scaffold,
        )

    config = tpu.RunConfig(
        model_dir=str(tmp_path), tpu_config=tpu.TPUConfig(iterations_per_loop=5, num_shards=8)
    )
    made = tpu.TPUEstimator(
        model_fn, config=config, params={"rate": 0.1}, use_tpu=False, train_batch_size=4,
        eval_batch_size=2, predict_batch_size=8,
    )  # fmt: skip
    made.train(input_fn, steps=3)
    assert made.get_variable_value("calls") == 3
    found = made.evaluate(input_fn, steps=2)
    assert sorted(found) == ["error", "global_step", "loss"]
    assert len(list(made.predict(input_fn))) == 24
    assert seen == [4, ("train", 4), 2, ("eval", 2), 8, ("infer", 8)]


def test_what_is_refused() -> None:
    def model_fn(features: Any, mode: Any, params: Any) -> Any:
        return None

    for options in (
        {},
        {"config": tf.estimator.RunConfig()},
        {"config": tpu.RunConfig()},
        {"config": tpu.RunConfig(), "train_batch_size": 0},
        {"config": tpu.RunConfig(), "train_batch_size": 1, "params": {"batch_size": 1}},
    ):
        with pytest.raises(ValueError, match=r"."):
            tpu.TPUEstimator(model_fn, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="positive"):
        tpu.TPUConfig(iterations_per_loop=0)
    with pytest.raises(TypeError, match="Optimizer"):
        tpu.CrossShardOptimizer(1)
    with tf.Graph().as_default(), pytest.raises(ValueError, match="eval_metrics"):
        tpu.TPUEstimatorSpec("infer", {}, eval_metrics=1)


def test_bfloat16_scope() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        with tpu.bfloat16_scope():
            v = tf.get_variable("v", [2], tf.bfloat16, tf.ones_initializer())
            w = tf.get_variable("w", [2], tf.float32, tf.ones_initializer())
        assert (v.dtype, w.dtype.base_dtype) == (tf.bfloat16, tf.float32)
        assert {x.name: x.dtype.base_dtype for x in tf.global_variables()} == {
            "v:0": tf.float32, "w:0": tf.float32,
        }  # fmt: skip
        session.run(tf.global_variables_initializer())
        assert session.run(v).tolist() == [1.0, 1.0]
    assert tpu.RunConfig(master="", tpu_config=tpu.TPUConfig(3)).replace(
        save_summary_steps=7
    ).tpu_config.iterations_per_loop == 3  # fmt: skip
