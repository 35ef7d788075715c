"""tf.contrib.learn's Estimator, SKCompat, Experiment, learn_runner and monitors.

No TensorFlow that runs here has them; what they are to do was read in TensorFlow 1.15.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tf1x as tf
from tests.oracle import tf1

learn = tf.contrib.learn
pytestmark = pytest.mark.filterwarnings("ignore")

X = np.random.RandomState(0).rand(60, 3)
Y = (X @ [1.0, 2.0, 3.0] > 3).astype(np.int64)


def model_fn(features: Any, labels: Any, mode: Any, params: Any) -> Any:
    x = features["x"] if isinstance(features, dict) else features
    w = tf.get_variable("w", [3, 2], initializer=tf.zeros_initializer())
    logits = tf.matmul(tf.cast(x, tf.float32), w) + tf.get_variable("b", [2])
    predictions = {"classes": tf.argmax(logits, 1), "probabilities": tf.nn.softmax(logits)}
    loss = train_op = None
    if mode != learn.ModeKeys.INFER:
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    if mode == learn.ModeKeys.TRAIN:
        optimizer = tf.train.AdamOptimizer(params["rate"])
        train_op = optimizer.minimize(loss, tf.train.get_global_step())
    alternatives = {"head": (learn.ProblemType.UNSPECIFIED, predictions)}
    return learn.ModelFnOps(mode, predictions, loss, train_op, output_alternatives=alternatives)


def old_model_fn(features: Any, labels: Any, mode: Any) -> Any:
    """As in TensorFlow 1.0: a tuple."""
    w = tf.get_variable("w", [3], initializer=tf.zeros_initializer())
    prediction = tf.reduce_sum(tf.cast(features, tf.float32) * w, 1)
    if mode == learn.ModeKeys.INFER:
        return prediction, None, None
    loss = tf.losses.mean_squared_error(labels, prediction)
    train = tf.contrib.layers.optimize_loss(loss, tf.train.get_global_step(), 0.1, "SGD")
    return prediction, loss, train


def estimator(folder: Path, **options: Any) -> Any:
    config = learn.RunConfig(save_checkpoints_steps=5, tf_random_seed=1)
    return learn.Estimator(model_fn, str(folder), config, params={"rate": 0.1}, **options)


ACCURACY = {"accuracy": learn.MetricSpec(tf.metrics.accuracy, prediction_key="classes")}


def input_fn() -> Any:
    return tf.constant(X), tf.constant(Y)


def test_fit_evaluate_and_predict_arrays(tmp_path: Path) -> None:
    made = estimator(tmp_path)
    with pytest.raises(ValueError, match="find trained model"):
        made.evaluate(X, Y)
    assert made.fit(X, Y, steps=20, batch_size=16) is made
    made.fit(X, Y, max_steps=15)
    assert made.get_variable_value("global_step") == 20
    found = made.evaluate(X, Y, metrics=ACCURACY)
    assert found["global_step"] == 20
    assert found["accuracy"] > 0.7
    each = list(made.predict(X))
    assert len(each) == 60
    together = made.predict(X, as_iterable=False)
    np.testing.assert_array_equal([one["classes"] for one in each], together["classes"])
    assert np.mean(together["classes"] == Y) == pytest.approx(found["accuracy"])
    probabilities = list(
        made.predict(X, batch_size=25, outputs=["probabilities"], iterate_batches=True)
    )
    assert [list(part) for part in probabilities] == [["probabilities"]] * 3
    assert [len(part["probabilities"]) for part in probabilities] == [25, 25, 10]
    # Checkpoints of TensorFlow's format.
    path = tf.train.latest_checkpoint(str(tmp_path))
    np.testing.assert_array_equal(tf1.train.load_variable(path, "w"), made.get_variable_value("w"))


def test_input_fns_and_refusals(tmp_path: Path) -> None:
    made = estimator(tmp_path)
    made.fit(input_fn=input_fn, steps=3)
    found = made.evaluate(input_fn=input_fn, steps=1, name="test", metrics=ACCURACY)
    assert found["global_step"] == 3
    assert list((tmp_path / "eval_test").glob("events*"))
    assert len(list(made.predict(input_fn=input_fn))) == 60
    older = {("which", "classes"): tf.contrib.metrics.streaming_accuracy}
    assert made.evaluate(input_fn=input_fn, steps=1, metrics=older)["which"] == found["accuracy"]
    for arguments in (
        {"x": X, "y": Y, "input_fn": input_fn},
        {},
        {"input_fn": input_fn, "batch_size": 3},
        {"x": X, "y": Y[:3]},
        {"x": X, "y": Y, "steps": 1, "max_steps": 1},
        {"x": X, "y": Y, "steps": 1, "monitors": [1]},
    ):
        with pytest.raises(ValueError, match=r"."):
            made.fit(**arguments)
    with pytest.raises(ValueError, match="params"):
        learn.Estimator(old_model_fn, params={})
    with pytest.raises(ValueError, match="config"):
        learn.Estimator(old_model_fn, config=1)


def test_model_fns_of_tensorflow_1_0(tmp_path: Path) -> None:
    made = learn.Estimator(
        old_model_fn,
        str(tmp_path),
        feature_engineering_fn=lambda features, labels: (features * 2, labels),
    )
    target = X @ np.array([1.0, 2.0, 3.0])
    made.fit(X, target, steps=100)
    assert made.evaluate(X, target)["loss"] < 0.2
    np.testing.assert_allclose(list(made.predict(X)), target, atol=1.5)


def test_scikit_learn_form(tmp_path: Path) -> None:
    made = learn.SKCompat(estimator(tmp_path))
    assert made.fit(X, Y, steps=20) is made
    score = made.score(X, Y, metrics=ACCURACY)
    classes = made.predict(X, batch_size=7, outputs=["classes"])["classes"]
    assert np.mean(classes == Y) == pytest.approx(score["accuracy"])


def test_monitors(tmp_path: Path) -> None:
    made = estimator(tmp_path)
    steps: list[Any] = []

    class Mine(learn.monitors.BaseMonitor):  # type: ignore[name-defined]
        def step_begin(self, step: int) -> list[Any]:
            return ["b:0"]

        def step_end(self, step: int, output: dict[str, Any]) -> bool:
            steps.append((step, output["b:0"].shape))
            return False

    monitors = learn.monitors
    validation = monitors.ValidationMonitor(
        X, Y, every_n_steps=5, metrics=ACCURACY, check_interval_secs=None,
        early_stopping_rounds=10, early_stopping_metric="accuracy",
        early_stopping_metric_minimize=False,
    )  # fmt: skip
    captured = monitors.CaptureVariable("b:0", every_n=3, first_n=0)
    made.fit(X, Y, steps=12, monitors=[validation, captured, Mine(), tf.train.SessionRunHook()])
    assert [step for step, _ in steps] == list(range(1, 13))
    assert sorted(captured.values) == [3, 6, 9, 12]
    assert validation.best_step in (5, 10)
    assert validation.best_value == validation.best_metrics["accuracy"]
    made.fit(X, Y, steps=50, monitors=[monitors.StopAtStep(num_steps=4)])
    assert made.get_variable_value("global_step") == 16
    worse = monitors.ValidationMonitor(
        X, Y, every_n_steps=5, check_interval_secs=None, early_stopping_rounds=5,
        early_stopping_metric_minimize=False,
    )  # fmt: skip
    made.fit(X, Y, steps=100, monitors=[worse])
    assert worse.early_stopped
    assert made.get_variable_value("global_step") < 116


def _receiver() -> Any:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    return learn.InputFnOps({"x": x}, None, {"x": x})


def test_experiments(tmp_path: Path) -> None:
    def make(run_config: Any, hparams: Any) -> Any:
        assert hparams == 7
        return learn.Experiment(
            learn.Estimator(model_fn, config=run_config, params={"rate": 0.1}),
            lambda: ({"x": tf.constant(X)}, tf.constant(Y)),
            lambda: ({"x": tf.constant(X)}, tf.constant(Y)),
            eval_metrics=ACCURACY,
            train_steps=10,
            eval_steps=1,
            export_strategies=[learn.make_export_strategy(_receiver, exports_to_keep=1)],
        )

    config = learn.RunConfig(model_dir=str(tmp_path), save_checkpoints_steps=5)
    metrics, exported = learn.learn_runner.run(make, run_config=config, hparams=7)
    assert metrics["global_step"] == 10
    assert os.path.dirname(exported[0]) == str(tmp_path / "export" / "Servo").encode()
    with tf1.Graph().as_default(), tf1.Session() as session:
        meta = tf1.saved_model.loader.load(session, ["serve"], exported[0].decode())
        signature = meta.signature_def["serving_default"]
        found = session.run(signature.outputs["classes"].name, {signature.inputs["x"].name: X})
    assert np.mean(found == Y) == pytest.approx(metrics["accuracy"])
    experiment = make(config, 7)
    assert experiment.evaluate(delay_secs=0)["global_step"] == 10
    assert experiment.continuous_eval(delay_secs=0, throttle_delay_secs=0)["global_step"] == 10
    assert experiment.train() is experiment.estimator
    for arguments in (
        {"schedule": "no", "run_config": config, "hparams": 7},
        {"run_config": learn.RunConfig()},
        {},
        {"output_dir": "a", "run_config": config},
    ):
        with pytest.raises(ValueError, match=r"."):
            learn.learn_runner.run(make, **arguments)


def test_experiment_of_a_core_estimator(tmp_path: Path) -> None:
    def core_fn(features: Any, labels: Any, mode: Any, params: Any) -> Any:
        return model_fn(features, labels, mode, params).estimator_spec()

    made = tf.estimator.Estimator(
        core_fn,
        str(tmp_path),
        tf.estimator.RunConfig(save_checkpoints_steps=4),
        params={"rate": 0.1},
    )
    receiver = tf.estimator.export.ServingInputReceiver

    def serving() -> Any:
        x = tf.placeholder(tf.float32, [None, 3])
        return receiver({"x": x}, {"x": x})

    experiment = learn.Experiment(
        made, input_fn, input_fn, train_steps=8, eval_steps=1,
        export_strategies=learn.make_export_strategy(serving),
    )  # fmt: skip
    found, exported = experiment.train_and_evaluate()
    assert found["global_step"] == 8
    assert os.path.isfile(exported[0] + b"/saved_model.pb")
    found, _ = learn.Experiment(
        made, input_fn, input_fn, train_steps=12, eval_steps=1, train_steps_per_iteration=2
    ).continuous_train_and_eval()
    assert found["global_step"] == 12
    with pytest.raises(ValueError, match="eval_metrics"):
        learn.Experiment(made, input_fn, input_fn, eval_metrics=ACCURACY)
    with pytest.raises(ValueError, match="estimator"):
        learn.Experiment(1, input_fn, input_fn)


@pytest.mark.parametrize(
    ("options", "labels", "predictions", "error"),
    [
        ({}, 1, 2, None),
        ({"prediction_key": "p"}, 1, {"p": 2, "q": 3}, None),
        ({"label_key": "l"}, {"l": 1, "m": 5}, 2, None),
        ({}, {"l": 1}, {"p": 2}, None),
        ({}, 1, {"p": 2, "q": 3}, "needs one value"),
        ({"prediction_key": "no"}, 1, {"p": 2}, "there is only"),
        ({"prediction_key": "p"}, 1, 2, "needs a dict"),
    ],
)
def test_metric_specs(options: Any, labels: Any, predictions: Any, error: str | None) -> None:
    for metric in (
        lambda predictions, labels: (predictions, labels),
        lambda labels, predictions: (predictions, labels),
        lambda p, target: (p, target),
        lambda first, second: (first, second),
    ):
        spec = learn.MetricSpec(metric, **options)
        if error is None:
            assert spec.create_metric_ops(None, labels, predictions) == (2, 1)
        else:
            with pytest.raises(ValueError, match=error):
                spec.create_metric_ops(None, labels, predictions)


def test_run_configs_and_run_n() -> None:
    config = learn.RunConfig(num_cores=3, gpu_memory_fraction=0.5, save_checkpoints_secs=7)
    assert isinstance(config, tf.estimator.RunConfig)
    assert (config.save_checkpoints_secs, config.save_checkpoints_steps) == (7, None)
    assert config.tf_config.intra_op_parallelism_threads == 3
    assert config.is_chief
    with tf.Graph().as_default():
        v = tf.get_variable("v", initializer=1.0)
        x = tf.placeholder_with_default(0.0, [])
        assert learn.run_n({"y": v + x}, n=2) == [{"y": 1.0}] * 2
        assert learn.run_feeds({"y": v + x}, [{x: 1.0}, {x: 2.0}]) == [{"y": 2.0}, {"y": 3.0}]
        with pytest.raises(ValueError, match="output_dict"):
            learn.run_n({})


def test_model_fn_ops() -> None:
    with tf.Graph().as_default():
        one = tf.constant(1.0)
        ops = learn.ModelFnOps("infer", [one, 2.0])
        assert [p.dtype for p in ops.predictions] == [tf.float32] * 2
        for mode, given, missing in (
            ("train", {"loss": one}, "train_op"),
            ("train", {"train_op": one}, "loss"),
            ("eval", {"loss": one}, "predictions"),
            ("infer", {}, "predictions"),
            ("other", {}, "Invalid mode"),
        ):
            with pytest.raises(ValueError, match=missing):
                learn.ModelFnOps(mode, **given)
