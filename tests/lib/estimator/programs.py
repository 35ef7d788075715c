"""Programs with Estimators.

`PROGRAMS` maps a name to a function `(tf, folder)`; what it returns and logs stands in
`recorded.json`, as tensorflow-estimator 2.15 on TensorFlow 2.21 returned and logged it
(`tools/record_estimators.py`).
"""

from __future__ import annotations

import functools
import json
import os
import re
from typing import Any

import numpy as np

from tests.lib.train.session_programs import _error, event_files, files, recorder

X = np.arange(12, dtype=np.float32).reshape(6, 2) / 10
Y = X @ np.array([[2.0], [-1.0]], np.float32) + 0.5


def model_fn(tf: Any, features: Any, labels: Any, mode: Any, params: Any = None) -> Any:
    """A linear model whose step is counted up after hooks have read it."""
    x = features["x"] if isinstance(features, dict) else features
    w = tf.get_variable("w", [2, 1], initializer=tf.zeros_initializer())
    b = tf.get_variable("b", [1], initializer=tf.constant_initializer(0.25))
    y = tf.matmul(x, w) + b
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions={"y": y, "twice": 2 * y})
    loss = tf.reduce_mean(tf.square(labels - y))
    metrics = {"error": tf.metrics.mean_absolute_error(labels, y)}
    with tf.control_dependencies(tf.get_collection("global_step_read_op_cache")):
        rate = tf.identity((params or {}).get("rate", 0.1))
    optimizer = tf.train.GradientDescentOptimizer(rate)
    train = optimizer.minimize(loss, tf.train.get_global_step()) if mode == "train" else None
    return tf.estimator.EstimatorSpec(mode, {"y": y}, loss, train, metrics)


def dataset_fn(tf: Any, epochs: int = 1, batch: int = 2, labels: bool = True) -> Any:
    def input_fn() -> Any:
        data = ({"x": X}, Y) if labels else {"x": X}
        return tf.data.Dataset.from_tensor_slices(data).repeat(epochs).batch(batch)

    return input_fn


def estimator(tf: Any, folder: str, **options: Any) -> Any:
    fn = options.pop("fn", functools.partial(model_fn, tf))
    given = {key: options.pop(key) for key in ("params", "warm_start_from") if key in options}
    settings = {"save_checkpoints_steps": 4, "save_summary_steps": 2, "log_step_count_steps": 3}
    config = tf.estimator.RunConfig(**{**settings, **options})
    return tf.estimator.Estimator(fn, os.path.join(folder, "model"), config, **given)


def plain(value: Any) -> Any:
    """Numbers and lists, as JSON has them."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, bytes):
        return value.decode()
    return round(value, 5) if isinstance(value, float) else value


# Said in other words, or with what is not the same twice.
_NOT_COMPARED = (
    "already exists; retrying",  # two exports within one second
    "Using config:",
    "Inference Time",
    "includes params argument",
    "SavedModel written to",
    "No assets to write",
    "Assets added to graph",
    "Extra assets written",
    "enqueue_data was called with",
    "is deprecated",
    "Instructions for updating",
    "rror encountered when serializing",
    "WarmStartSettings",
    "Warm-start",
    "Error reported to Coordinator",
    "TF_CONFIG",
    "are insufficient to compute",
    "single tensor input",
    "take a single string tensor",
)


def comparable(lines: list[str]) -> list[str]:
    """The messages that are to be the same, without times, and numbers rounded."""
    kept = [line for line in lines if not any(part in line for part in _NOT_COMPARED)]
    kept = [re.sub(r"\b\d{10}\b|\d{4}-\d\d-\d\d[T-]\S*|/tmp/tmp\w+", "", line) for line in kept]
    number = re.compile(r"\d+\.\d+(e-?\d+)?")
    return [number.sub(lambda found: f"{float(found[0]):.3g}", line) for line in kept]


def train_evaluate_predict(tf: Any, folder: str) -> Any:
    made = estimator(tf, folder)
    before = _error(lambda: made.get_variable_names())[0], made.latest_checkpoint()
    untrained = made.evaluate(dataset_fn(tf))
    made.train(dataset_fn(tf, 10), steps=7)
    made.train(dataset_fn(tf, 10), max_steps=10)
    made.train(dataset_fn(tf, 10), max_steps=9)
    made.train(dataset_fn(tf, 1))  # until the input ends
    results = [
        made.evaluate(dataset_fn(tf)),
        made.evaluate(dataset_fn(tf, 9), steps=2, name="short"),
        made.evaluate(dataset_fn(tf), checkpoint_path=f"{folder}/model/model.ckpt-7"),
    ]
    predicted = [
        list(made.predict(dataset_fn(tf, labels=False))),
        list(made.predict(dataset_fn(tf), predict_keys=["twice"])),
        list(made.predict(dataset_fn(tf), yield_single_examples=False)),
    ]
    names = made.get_variable_names(), made.get_variable_value("w")
    tf.summary.FileWriterCache.clear()
    return (
        before,
        untrained,
        results,
        predicted,
        names,
        files(f"{folder}/model"),
        [event for event in event_files(tf, folder) if event[2] != "graph_def"],
        made.latest_checkpoint().replace(folder, ""),
    )


def arguments(tf: Any, folder: str) -> Any:
    seen: list[Any] = []

    def fn(features: Any, labels: Any, mode: Any, params: Any, config: Any) -> Any:
        seen.append((mode, params, config.tf_random_seed, features is not None, labels is None))
        return model_fn(tf, features, labels, mode, params)

    def input_fn(mode: Any, params: Any, config: Any) -> Any:
        seen.append((mode, params, config.tf_random_seed))
        data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(3)
        return data.make_one_shot_iterator().get_next()

    class Callable:
        def __call__(self, params: Any) -> Any:
            return input_fn("fixed", params, made.config)

    made = estimator(tf, folder, fn=fn, params={"rate": 0.2}, tf_random_seed=5)
    made.train(input_fn)
    made.evaluate(functools.partial(input_fn, mode="given"))
    values = [v["y"] for v in made.predict(Callable())]
    params = made.params
    params["rate"] = 7
    return seen, values, made.params, made.config.model_dir.replace(folder, "")


def model_fns_refused(tf: Any, folder: str) -> Any:
    make = functools.partial(estimator, tf, folder)

    def train(fn: Any, **options: Any) -> Any:
        return _error(lambda: make(fn=fn, **options).train(dataset_fn(tf), steps=1))

    class Sub(tf.estimator.Estimator):  # type: ignore[name-defined]
        def train(self, *args: Any, **kwargs: Any) -> Any:
            return self

    spec = tf.estimator.EstimatorSpec
    made = make()
    run_config = tf.estimator.RunConfig
    return [
        train(lambda labels: None)[0],
        train(lambda features, labels, other: None)[0],
        train(lambda features, labels: None),
        train(lambda features: None),
        train(lambda features, labels, mode: spec(mode)),
        _error(lambda: make(fn=lambda features: None, params={}))[0],
        _error(lambda: made.train(dataset_fn(tf), steps=1, max_steps=1)),
        _error(lambda: made.train(dataset_fn(tf), steps=0)),
        _error(lambda: made.train(dataset_fn(tf), max_steps=-1)),
        _error(lambda: made.train(dataset_fn(tf), hooks=[1])),
        _error(lambda: made.train(dataset_fn(tf), saving_listeners=[1])),
        _error(lambda: made.evaluate(dataset_fn(tf), steps=0)),
        _error(lambda: made.train(lambda: (1, 2, 3))),
        _error(lambda: next(made.predict(dataset_fn(tf), predict_keys=["no"])))[0],
        _error(lambda: made.export_savedmodel(folder, None)),
        _error(lambda: made.export_savedmodel(folder, lambda: None))[0],
        _error(lambda: Sub(functools.partial(model_fn, tf)))[0],
        _error(lambda: tf.estimator.Estimator(model_fn, "a", run_config("b")))[0],
        _error(lambda: tf.estimator.Estimator(model_fn, "a", config=1)),
        _error(lambda: tf.estimator.Estimator(None)),
    ]


def specs(tf: Any, folder: str) -> Any:
    one, two = tf.constant(1.0), tf.constant([1.0, 2.0])
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    metric = tf.metrics.mean(one)
    output = tf.estimator.export.PredictOutput({"y": two})

    def made(*args: Any, **kwargs: Any) -> Any:
        def build() -> None:
            found = tf.estimator.EstimatorSpec(*args, **kwargs)
            outputs = sorted(found.export_outputs or {})
            shapes = [getattr(found.loss, "shape", None), outputs]
            result.append([str(item) for item in shapes])

        result: list[Any] = []
        return _error(build), result

    train, evaluation, predict = "train", "eval", "infer"
    spec = tf.estimator.EstimatorSpec(predict, two)
    return [
        made(train),
        made(train, loss=one),
        made(train, loss=one, train_op=one),
        made(train, loss=tf.reshape(one, [1, 1]), train_op=tf.no_op()),
        made(train, loss=two, train_op=one),
        made(train, loss=1.0, train_op=one),
        made(train, loss=one, train_op="x"),
        made(train, loss=other, train_op=one)[0][0],
        made(train, loss=one, train_op=other)[0][0],
        made(evaluation),
        made(evaluation, loss=one, eval_metric_ops={"m": metric}),
        made(evaluation, loss=one, eval_metric_ops=[metric])[0][0],
        made(evaluation, loss=one, eval_metric_ops={"m": one})[0][0],
        made(evaluation, loss=one, eval_metric_ops={"m": (other, other)})[0][0],
        made(predict),
        made(predict, two),
        made(predict, {"a": one, "b": two}),
        made(predict, {"a": 1})[0],
        made(predict, {"a": other})[0][0],
        made(predict, two, export_outputs={"only": output}),
        made(predict, two, export_outputs={"a": output, "b": output})[0][0],
        made(predict, two, export_outputs={"serving_default": output, "b": output}),
        made(predict, two, export_outputs=[output])[0][0],
        made(predict, two, export_outputs={"a": two})[0][0],
        made(predict, two, prediction_hooks=[1])[0],
        made(predict, two, training_hooks=[tf.train.SessionRunHook()]),
        made(predict, two, scaffold=1)[0],
        _error(lambda: spec._replace(mode=train)),
        sorted(spec._replace(predictions={"z": one}).predictions),
    ]


def hooks_and_listeners(tf: Any, folder: str) -> Any:
    record: list[Any] = []

    class Listener(tf.train.CheckpointSaverListener):  # type: ignore[name-defined]
        def after_save(self, session: Any, global_step_value: Any) -> None:
            record.append(("saved", int(global_step_value)))

    def fn(features: Any, labels: Any, mode: Any) -> Any:
        spec = model_fn(tf, features, labels, mode)
        return spec._replace(
            training_hooks=[recorder(tf, "training", record)],
            training_chief_hooks=[recorder(tf, "chief", record)],
            evaluation_hooks=[recorder(tf, "evaluation", record)],
            prediction_hooks=[recorder(tf, "prediction", record)],
        )

    made = estimator(tf, folder, fn=fn)
    mine = recorder(tf, "mine", record)
    made.train(dataset_fn(tf), hooks=[mine], saving_listeners=[Listener()], steps=2)
    made.evaluate(dataset_fn(tf), hooks=[mine], steps=1)
    next(made.predict(dataset_fn(tf), hooks=[mine]))
    unsaved = estimator(tf, folder + "/other", save_checkpoints_steps=None)
    unsaved.train(dataset_fn(tf), steps=1)
    refused = _error(lambda: unsaved.train(dataset_fn(tf), saving_listeners=[Listener()]))
    return record, refused, files(folder + "/other/model")


def scaffolds(tf: Any, folder: str) -> Any:
    def fn(features: Any, labels: Any, mode: Any) -> Any:
        spec = model_fn(tf, features, labels, mode)
        collections = [tf.GraphKeys.LOCAL_VARIABLES]
        local = tf.get_variable("local", initializer=3.0, collections=collections)
        scaffold = tf.train.Scaffold(
            local_init_op=tf.group(local.initializer, tf.local_variables_initializer()),
            saver=tf.train.Saver(max_to_keep=2),
        )
        with tf.control_dependencies([spec.loss]):
            metrics = {**spec.eval_metric_ops, "local": (local, local.assign_add(1.0))}
        return spec._replace(scaffold=scaffold, eval_metric_ops=metrics)

    made = estimator(tf, folder, fn=fn, save_checkpoints_steps=1)
    made.train(dataset_fn(tf, 2), steps=4)
    return made.evaluate(dataset_fn(tf)), files(f"{folder}/model")


def warm_starts(tf: Any, folder: str) -> Any:
    first = estimator(tf, folder).train(dataset_fn(tf, 2))
    path = first.latest_checkpoint()
    settings = tf.estimator.WarmStartSettings
    found = []
    for number, start in enumerate(
        (
            first.model_dir,
            path,
            settings(path, "w"),
            settings(path, ["b"]),
            settings(path, var_name_to_prev_var_name={"w": "w"}),
        )
    ):
        made = estimator(tf, f"{folder}/{number}", warm_start_from=start)
        found.append([v["y"] for v in made.predict(dataset_fn(tf, batch=6))])
        made.train(dataset_fn(tf), steps=1)
        found.append([made.get_variable_value(name) for name in ("w", "b", "global_step")])
    return (
        found,
        _error(lambda: settings("")),
        _error(lambda: estimator(tf, folder, warm_start_from=1)),
        first.evaluate(dataset_fn(tf)),
    )


def train_and_evaluate(tf: Any, folder: str) -> Any:
    made = estimator(tf, folder)
    placeholder = tf.placeholder(tf.float32, [7, 2], name="in")
    receiver = tf.estimator.export.build_raw_serving_input_receiver_fn({"x": placeholder})
    spec = tf.estimator.EvalSpec(
        dataset_fn(tf),
        steps=2,
        name="e",
        exporters=[
            tf.estimator.FinalExporter("final", receiver),
            tf.estimator.BestExporter("best", receiver, exports_to_keep=1),
            tf.estimator.LatestExporter("latest", receiver, exports_to_keep=1),
        ],
        throttle_secs=0,
    )
    train = tf.estimator.TrainSpec(dataset_fn(tf, None), max_steps=6)
    metrics, exported = tf.estimator.train_and_evaluate(made, train, spec)
    return (
        metrics,
        [path and os.path.dirname(path.decode()).replace(folder, "") for path in exported],
        {
            name: len(os.listdir(f"{folder}/model/export/{name}"))
            for name in os.listdir(f"{folder}/model/export")
        },
        sorted(os.listdir(exported[0])),
    )


def specs_refused(tf: Any, folder: str) -> Any:
    made = estimator(tf, folder)
    train, evaluation = tf.estimator.TrainSpec, tf.estimator.EvalSpec
    fn = dataset_fn(tf)
    exporter = tf.estimator.FinalExporter("e", fn)
    return [
        _error(lambda: train(1)),
        _error(lambda: train(fn, max_steps=0)),
        _error(lambda: train(fn, hooks=[1]))[0],
        _error(lambda: train(fn, saving_listeners=[1]))[0],
        _error(lambda: evaluation(1)),
        _error(lambda: evaluation(fn, steps=0)),
        _error(lambda: evaluation(fn, name=1)),
        _error(lambda: evaluation(fn, exporters=1))[0],
        _error(lambda: evaluation(fn, exporters=[exporter, exporter]))[0],
        _error(lambda: evaluation(fn, throttle_secs=-1)),
        _error(lambda: evaluation(fn, start_delay_secs=-1)),
        list(evaluation(fn, exporters=exporter))[1:4],
        list(train(fn))[1:],
        _error(lambda: tf.estimator.train_and_evaluate(made, train(fn), None)),
        _error(lambda: tf.estimator.train_and_evaluate(made, None, evaluation(fn))),
        _error(lambda: tf.estimator.train_and_evaluate(1, train(fn), evaluation(fn))),
        _error(lambda: tf.estimator.BestExporter("b", fn, compare_fn=lambda a: 1))[0],
        _error(lambda: tf.estimator.BestExporter("b", fn, exports_to_keep=0))[0],
        _error(lambda: tf.estimator.LatestExporter("b", fn, exports_to_keep=0)),
    ]


def numpy_inputs(tf: Any, folder: str) -> Any:
    make = tf.estimator.inputs.numpy_input_fn

    def batches(fn: Any) -> Any:
        with tf.Graph().as_default() as graph:
            given = fn()
            nodes = [(op.name, op.type) for op in graph.get_operations()]
            found = []
            with tf.train.MonitoredSession() as session:
                while not session.should_stop() and len(found) < 5:
                    found.append(session.run(given))
            return nodes, found

    two = {"b": X, "a": np.array([b"p", b"q", b"r", b"s", b"t", b"u"], dtype="S1").astype(object)}
    dicts = make({"b": X, "a": X[:, 0].astype(np.int64)}, {"l": Y, "k": Y}, 4, shuffle=False)
    mixed = make(X, Y, batch_size=4, num_epochs=None, shuffle=True)
    with tf.Graph().as_default() as graph:
        mixed()
        shuffled = [(op.name, op.type) for op in graph.get_operations()]
    return [
        batches(make(X, Y, batch_size=4, num_epochs=2, shuffle=False)),
        batches(make(X, batch_size=4, num_epochs=None, shuffle=False))[1],
        batches(dicts),
        shuffled,
        _error(lambda: make(X)),
        _error(make({}, shuffle=True)),
        _error(make([1], shuffle=True)),
        _error(make(X, Y[:2], shuffle=True)),
        _error(make(X, {}, shuffle=True)),
        _error(make({"a": X}, {"a": Y}, shuffle=True)),
        len(two),
    ]


def pandas_inputs(tf: Any, folder: str) -> Any:
    import pandas as pd

    make = tf.estimator.inputs.pandas_input_fn
    frame = pd.DataFrame({"n": X[:, 0], "s": list("abcdef")}, index=range(3, 9))
    labels = pd.Series(Y[:, 0], index=frame.index)
    both = pd.DataFrame({"n": Y[:, 0], "m": Y[:, 0]}, index=frame.index)
    out = []
    for y, shuffle in ((None, False), (labels, False), (both, False)):
        with tf.Graph().as_default():
            given = make(frame, y, batch_size=4, shuffle=shuffle)()
            with tf.train.MonitoredSession() as session:
                out.append([session.run(given) for _ in range(2)])
    return (
        out,
        _error(lambda: make(frame)),
        _error(lambda: make(frame, labels, shuffle=True, target_column="n"))[0],
        _error(lambda: make(frame, pd.Series(Y[:, 0]), shuffle=True))[0],
        _error(lambda: make(frame, shuffle=True, target_column=1)),
    )


def run_configs(tf: Any, folder: str) -> Any:
    make = tf.estimator.RunConfig
    names = [
        "task_type",
        "task_id",
        "is_chief",
        "master",
        "evaluation_master",
        "num_ps_replicas",
        "num_worker_replicas",
        "global_id_in_cluster",
        "model_dir",
        "save_checkpoints_secs",
        "save_checkpoints_steps",
        "service",
    ]
    cluster = {"chief": ["c:1"], "ps": ["p:1", "p:2"], "worker": ["w:1", "w:2"]}
    master = {"master": ["c:1"], "ps": ["p:1"], "worker": ["w:1"]}
    tasks: list[Any] = [
        {},
        {"model_dir": "here", "service": {"a": 1}},
        {"cluster": cluster, "task": {"type": "worker", "index": 1}},
        {"cluster": cluster, "task": {"type": "chief", "index": 0}},
        {"cluster": cluster, "task": {"type": "ps", "index": 1}},
        {"cluster": cluster, "task": {"type": "evaluator", "index": 0}},
        {"cluster": master, "task": {"type": "worker", "index": 0}},
        {"cluster": {"chief": ["c:1"]}, "task": {"type": "chief", "index": 0}},
        {"cluster": {"worker": ["c:1"]}, "task": {"type": "worker", "index": 0}},
        {"cluster": cluster, "task": {"type": "worker", "index": 7}},
        {"cluster": cluster, "task": {"type": "other", "index": 0}},
        {"cluster": cluster},
        {"task": {"type": "ps"}},
        {"task": {"index": 1}},
        {"cluster": {**master, "chief": ["x:1"]}, "task": {"type": "master", "index": 0}},
        {"model_dir": ""},
        {"service": 1},
    ]
    out: list[Any] = []
    try:
        for task in tasks:
            os.environ["TF_CONFIG"] = json.dumps(task)

            def values() -> None:
                config = make()
                out.append([getattr(config, name) for name in names])
                out.append(config.cluster_spec.as_dict())

            out.append(_error(values))
    finally:
        del os.environ["TF_CONFIG"]
    replaced = make(save_checkpoints_secs=5).replace(save_checkpoints_steps=7, model_dir="m")
    out.append(
        [replaced.save_checkpoints_secs, replaced.save_checkpoints_steps, replaced.model_dir]
    )
    wrong: list[dict[str, Any]] = [
        {"save_checkpoints_steps": 1, "save_checkpoints_secs": 1},
        {"model_dir": ""},
        {"save_summary_steps": -1},
        {"save_checkpoints_steps": -1},
        {"keep_checkpoint_max": -1},
        {"keep_checkpoint_every_n_hours": 0},
        {"log_step_count_steps": 0},
        {"tf_random_seed": 1.0},
        {"session_config": 1},
        {"device_fn": lambda x: x},
        {"protocol": "http"},
    ]
    out += [_error(functools.partial(make, **options)) for options in wrong]
    return [*out, _error(lambda: make().replace(master="x"))[0]]


def exports(tf: Any, folder: str) -> Any:
    def fn(features: Any, labels: Any, mode: Any) -> Any:
        spec = model_fn(tf, features, labels, mode)
        if mode != "infer":
            return spec
        out = tf.estimator.export
        y = spec.predictions["y"]
        needs_more = tf.placeholder(tf.float32, [], name="not_fed") + y
        return spec._replace(
            export_outputs={
                "serving_default": out.PredictOutput({"y": y}),
                "regression": out.RegressionOutput(y),
                "classes": out.ClassificationOutput(y, tf.as_string(y)),
                "more": out.PredictOutput(needs_more),
            }
        )

    made = estimator(tf, folder, fn=fn)
    made.train(dataset_fn(tf), steps=1)
    export = tf.estimator.export
    parsing = export.build_parsing_serving_input_receiver_fn(
        {"x": tf.FixedLenFeature([2], tf.float32)}
    )

    def alternatives() -> Any:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        more = {"half": {"x": x}, "whole": x}
        return export.ServingInputReceiver({"x": x}, x, more)

    def single() -> Any:
        x = tf.placeholder(tf.float32, [None, 2])
        return export.TensorServingInputReceiver(x, x)

    found = []
    extra = os.path.join(folder, "extra.txt")
    with open(extra, "w") as file:
        file.write("extra")
    for number, receiver in enumerate((parsing, alternatives, single)):
        path = made.export_savedmodel(
            f"{folder}/{number}", receiver, assets_extra={"sub/extra.txt": extra}
        ).decode()
        found.append(sorted(os.listdir(path)))
        found.append(os.listdir(f"{path}/assets.extra/sub"))
        with tf.Graph().as_default(), tf.Session() as session:
            meta = tf.saved_model.loader.load(session, ["serve"], path)
        for name, signature in sorted(meta.signature_def.items()):
            inputs = {key: info.name for key, info in sorted(signature.inputs.items())}
            outputs = {key: info.name for key, info in sorted(signature.outputs.items())}
            found.append([name, signature.method_name, inputs, outputs])
    one = tf.constant(1.0)
    words = tf.constant(["a"])
    refused = [
        lambda: export.ServingInputReceiver(None, one),
        lambda: export.ServingInputReceiver({1.5: one}, one),
        lambda: export.ServingInputReceiver({1: one}, {2: one}),
        lambda: export.ServingInputReceiver(one, one, [one]),
        lambda: export.TensorServingInputReceiver(None, one),
        lambda: export.ClassificationOutput(),
        lambda: export.ClassificationOutput(words),
        lambda: export.ClassificationOutput(one, one),
        lambda: export.RegressionOutput(words),
        lambda: export.PredictOutput({1: one}),
        lambda: export.PredictOutput({"a": 1}),
    ]
    names = sorted(export.PredictOutput({("a", "b"): one}).outputs)
    return found, [_error(call)[0] for call in refused], names


PROGRAMS = {
    program.__name__: program
    for program in (
        train_evaluate_predict,
        arguments,
        model_fns_refused,
        specs,
        hooks_and_listeners,
        scaffolds,
        warm_starts,
        train_and_evaluate,
        specs_refused,
        numpy_inputs,
        pandas_inputs,
        run_configs,
        exports,
    )
}
