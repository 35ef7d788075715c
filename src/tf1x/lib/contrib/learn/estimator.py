"""`tf.contrib.learn.Estimator`, the estimator of TensorFlow 1.0, and `SKCompat`."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tf1x.core import scopes
from tf1x.core.graph import Graph
from tf1x.core.random_seed import set_random_seed
from tf1x.core.scopes import GraphKeys
from tf1x.core.sparse_tensor import SparseTensorValue
from tf1x.lib import logging
from tf1x.lib.contrib.learn import monitors as monitor_lib
from tf1x.lib.contrib.learn.arrays import ArrayFeeder
from tf1x.lib.contrib.learn.metric_spec import MetricSpec
from tf1x.lib.contrib.learn.model_fn import ModeKeys, ModelFnOps
from tf1x.lib.contrib.learn.run_config import RunConfig
from tf1x.lib.estimator import results
from tf1x.lib.estimator.run_config import RunConfig as CoreRunConfig
from tf1x.lib.estimator.run_config import default_session_config
from tf1x.lib.estimator.util import fn_args, known_arguments, parse_input_fn_result
from tf1x.lib.metrics.averages import mean
from tf1x.lib.train import checkpoint_utils, training_util
from tf1x.lib.train.basic_session_run_hooks import (
    FeedFnHook,
    LoggingTensorHook,
    NanTensorHook,
    StopAtStepHook,
)
from tf1x.lib.train.checkpoint_hooks import CheckpointSaverHook
from tf1x.lib.train.checkpoint_management import latest_checkpoint
from tf1x.lib.train.evaluation import StopAfterNEvalsHook, evaluate_once
from tf1x.lib.train.monitored_session import MonitoredSession, MonitoredTrainingSession
from tf1x.lib.train.saver import Saver
from tf1x.lib.train.scaffold import Scaffold
from tf1x.lib.train.session_creators import ChiefSessionCreator
from tf1x.ops.grouping import group


class NotFittedError(ValueError, AttributeError):
    """The model was not trained yet."""


class Estimator:
    """Trains, evaluates and uses the model that a function describes.

    Args:
        model_fn: a function of features, labels and, where it has arguments of these names, mode,
            params, config and model_dir; returns `ModelFnOps`, or predictions, loss and train_op.
        model_dir: the folder of checkpoints and events; by default a temporary one.
        config: a `RunConfig`.
        params: handed to the model_fn.
        feature_engineering_fn: a function of features and labels that gives them changed.

    Raises:
        ValueError: params that the model_fn does not take.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any] | None = None,
        model_dir: Any = None,
        config: Any = None,
        params: Any = None,
        feature_engineering_fn: Callable[..., Any] | None = None,
    ) -> None:
        if config is None:
            config = RunConfig()
            logging.info("Using default config.")
        if not isinstance(config, CoreRunConfig):
            raise ValueError(f"config must be an instance of RunConfig, got {config}.")
        model_dir = os.fspath(model_dir) if model_dir else config.model_dir
        if not model_dir:
            model_dir = tempfile.mkdtemp()
            logging.warning("Using temporary folder as model directory: %s", model_dir)
        self._config = config.replace(
            model_dir=model_dir, session_config=config.session_config or default_session_config()
        )
        logging.info("Using config: %s", str(vars(self._config)))
        self._model_dir = model_dir
        if model_fn is not None:
            names = fn_args(model_fn)
            if params is not None and "params" not in names:
                raise ValueError(
                    f"Estimator's model_fn ({model_fn}) does not have a params argument, but params "
                    f"({params}) were passed to the Estimator's constructor."
                )
            if params is None and "params" in names:
                logging.warning(
                    "Estimator's model_fn (%s) includes params argument, but params are not passed "
                    "to Estimator.",
                    model_fn,
                )
        self._model_fn = model_fn
        self.params = params
        self._feature_engineering_fn = feature_engineering_fn

    @property
    def config(self) -> Any:
        return copy.deepcopy(self._config)

    @property
    def model_dir(self) -> str:
        return self._model_dir

    @property
    def model_fn(self) -> Callable[..., Any]:
        """The model_fn as a function of features, labels and mode."""
        return lambda features, labels, mode: self._call_model_fn(features, labels, mode)

    def get_variable_value(self, name: str) -> Any:
        """The value of a variable in the latest checkpoint."""
        return checkpoint_utils.load_variable(self.model_dir, name)

    def get_variable_names(self) -> list[str]:
        """The names of the variables in the latest checkpoint."""
        return [name for name, _ in checkpoint_utils.list_variables(self.model_dir)]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments by name, as scikit-learn asks for them."""
        names = [name for name in fn_args(type(self).__init__) if name != "self"]
        return {name: getattr(self, name, getattr(self, f"_{name}", None)) for name in names}

    def set_params(self, **params: Any) -> Estimator:
        """Set arguments of the constructor, as scikit-learn does."""
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(f"Invalid parameter {name} for estimator {type(self).__name__}")
            setattr(self, name if hasattr(self, name) else f"_{name}", value)
        return self

    # -- training ------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Callable[[], Any] | None = None,
        steps: int | None = None,
        batch_size: int | None = None,
        monitors: Any = None,
        max_steps: int | None = None,
    ) -> Estimator:
        """Train on arrays, or on what an `input_fn` gives.

        Args:
            x, y: features and labels, in batches of `batch_size` rows in random order.
            steps: how many steps to take; or max_steps: the global step to stop at.
            monitors: monitors or `SessionRunHook`s.
        """
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        if max_steps is not None and max_steps <= results.global_step_of(self._model_dir):
            logging.info("Skipping training since max_steps has already saved.")
            return self
        hooks = monitor_lib.replace_monitors_with_hooks(monitors, self)
        if steps is not None or max_steps is not None:
            hooks.append(StopAtStepHook(steps, max_steps))
        input_fn, feeds = _input(x, y, input_fn, batch_size, shuffle=True, epochs=None)
        loss = self._train_model(input_fn, [*feeds, *hooks])
        logging.info("Loss for final step: %s.", loss)
        return self

    def partial_fit(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Callable[[], Any] | None = None,
        steps: int | None = 1,
        batch_size: int | None = None,
        monitors: Any = None,
    ) -> Estimator:
        """`fit` for data that come piece by piece."""
        return self.fit(x, y, input_fn, steps, batch_size, monitors)

    def _train_model(self, input_fn: Callable[[], Any], hooks: list[Any]) -> Any:
        config = self._config
        with Graph().as_default() as graph:
            set_random_seed(config.tf_random_seed)
            step = training_util.create_global_step(graph)
            training_util.get_or_create_global_step_read(graph)
            features, labels, input_hooks = parse_input_fn_result(input_fn())
            ops = self._call_model_fn(features, labels, ModeKeys.TRAIN)
            scopes.add_to_collection(GraphKeys.LOSSES, ops.loss)
            watched = {"loss": ops.loss, "step": step}
            hooks = [
                *input_hooks,
                *hooks,
                NanTensorHook(ops.loss),
                LoggingTensorHook(watched, every_n_iter=100),
                *ops.training_hooks,
            ]
            scaffold = ops.scaffold or Scaffold()
            if not (scaffold.saver or scopes.get_collection(GraphKeys.SAVERS)):
                saver = Saver(
                    sharded=True,
                    max_to_keep=config.keep_checkpoint_max,
                    keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
                    defer_build=True,
                    save_relative_paths=True,
                )
                scopes.add_to_collection(GraphKeys.SAVERS, saver)
            chief_hooks = list(ops.training_chief_hooks)
            saves = config.save_checkpoints_secs or config.save_checkpoints_steps
            if saves and not any(
                isinstance(h, CheckpointSaverHook) for h in (*hooks, *chief_hooks)
            ):
                saving = CheckpointSaverHook(
                    self._model_dir,
                    save_secs=config.save_checkpoints_secs,
                    save_steps=config.save_checkpoints_steps,
                    scaffold=scaffold,
                )
                chief_hooks.insert(0, saving)
            with MonitoredTrainingSession(
                master=config.master,
                is_chief=config.is_chief,
                checkpoint_dir=self._model_dir,
                scaffold=scaffold,
                hooks=hooks,
                chief_only_hooks=chief_hooks,
                save_checkpoint_secs=0,  # the hook above does it
                save_summaries_steps=config.save_summary_steps,
                config=config.session_config,
            ) as session:
                loss = None
                while not session.should_stop():
                    _, loss = session.run([ops.train_op, ops.loss])
            return loss

    # -- evaluation ----------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Callable[[], Any] | None = None,
        feed_fn: Callable[[], Any] | None = None,
        batch_size: int | None = None,
        steps: int | None = None,
        metrics: dict[Any, Any] | None = None,
        name: str | None = None,
        checkpoint_path: Any = None,
        hooks: Any = None,
        log_progress: bool = True,
    ) -> dict[str, Any]:
        """Evaluate the model on arrays, or on what an `input_fn` gives.

        Args:
            feed_fn: gives a feed_dict for each run.
            metrics: `MetricSpec`s by name, in addition to those of the model.
            name: put into the name of the folder with the events.

        Returns:
            the metrics by name, with "loss" and "global_step".

        Raises:
            NotFittedError: there is no checkpoint.
        """
        input_fn, feeds = _input(x, y, input_fn, batch_size, shuffle=False, epochs=1)
        path = self._checkpoint(checkpoint_path)
        hooks = [*feeds, *(hooks or [])]
        if feed_fn is not None:
            hooks.append(FeedFnHook(feed_fn))
        if steps is not None:
            hooks.append(StopAfterNEvalsHook(steps, log_progress=log_progress))
        with Graph().as_default() as graph:
            set_random_seed(self._config.tf_random_seed)
            step = training_util.create_global_step(graph)
            features, labels, input_hooks = parse_input_fn_result(input_fn())
            ops = self._call_model_fn(features, labels, ModeKeys.EVAL)
            evaluated = dict(ops.eval_metric_ops)
            evaluated |= _metric_ops(metrics or {}, features, labels, ops.predictions)
            if "loss" not in evaluated:
                evaluated["loss"] = mean(ops.loss)
            updates = [update for _, (_, update) in sorted(evaluated.items())]
            values = {key: value for key, (value, _) in sorted(evaluated.items())}
            values[GraphKeys.GLOBAL_STEP] = step
            found: dict[str, Any] = evaluate_once(
                checkpoint_path=path,
                master=self._config.evaluation_master,
                scaffold=ops.scaffold,
                eval_ops=group(*updates),
                final_ops=values,
                hooks=[*input_hooks, *hooks],
                config=self._config.session_config,
            )
        folder = os.path.join(self._model_dir, f"eval_{name}" if name else "eval")
        results.write_metrics(folder, found, None)
        return found

    def _checkpoint(self, path: Any) -> Any:
        path = path or latest_checkpoint(self._model_dir)
        if not path:
            raise NotFittedError(f"Couldn't find trained model at {self._model_dir}.")
        return path

    # -- prediction ----------------------------------------------------------------------------

    def predict(
        self,
        x: Any = None,
        input_fn: Callable[[], Any] | None = None,
        batch_size: int | None = None,
        outputs: Any = None,
        as_iterable: bool = True,
        iterate_batches: bool = False,
    ) -> Any:
        """Predictions for arrays, or for what an `input_fn` gives.

        Args:
            outputs: which of the predictions, by default all.
            as_iterable: an iterator over examples (over batches with `iterate_batches`); False for
                the predictions of the first batch, which without `batch_size` has all rows of `x`.

        Raises:
            NotFittedError: there is no checkpoint.
        """
        input_fn, feeds = _input(x, None, input_fn, batch_size, shuffle=False, epochs=1)
        path = self._checkpoint(None)
        batches = self._predicted(input_fn, feeds, outputs, path)
        if not as_iterable:
            try:
                return next(batches)
            finally:
                batches.close()
        return batches if iterate_batches else _examples(batches)

    def _predicted(
        self, input_fn: Callable[[], Any], feeds: list[Any], outputs: Any, path: Any
    ) -> Any:
        with Graph().as_default() as graph:
            set_random_seed(self._config.tf_random_seed)
            training_util.create_global_step(graph)
            features, _, input_hooks = parse_input_fn_result(input_fn())
            ops = self._call_model_fn(features, None, ModeKeys.INFER)
            predictions = _filtered(ops.predictions, outputs)
            endless = not (
                feeds
                or scopes.get_collection(GraphKeys.QUEUE_RUNNERS)
                or any(op.type == "IteratorGetNext" for op in graph.get_operations())
            )
            creator = ChiefSessionCreator(
                checkpoint_filename_with_path=path,
                scaffold=ops.scaffold,
                config=self._config.session_config,
            )
            hooks = [*input_hooks, *feeds]
            with MonitoredSession(session_creator=creator, hooks=hooks) as session:
                while not session.should_stop():
                    yield session.run(predictions)
                    if endless:
                        return

    # -- export --------------------------------------------------------------------------------

    def export_savedmodel(
        self,
        export_dir_base: Any,
        serving_input_fn: Callable[[], Any],
        default_output_alternative_key: str | None = None,
        assets_extra: dict[str, Any] | None = None,
        as_text: bool = False,
        checkpoint_path: Any = None,
        strip_default_attrs: bool = False,
    ) -> bytes:
        """Write the model as a SavedModel to a new folder below `export_dir_base`; returns its path.

        Args:
            serving_input_fn: returns `InputFnOps`: features, labels (None) and the placeholders by
                name; or a `ServingInputReceiver`.
            default_output_alternative_key: which of the model's output alternatives is served.
            assets_extra: files to copy, by their names below `assets.extra`.
        """
        from tf1x.lib.estimator.export import ServingInputReceiver
        from tf1x.lib.estimator.exporting import export_all

        def receiver_fn() -> Any:
            given = serving_input_fn()
            if hasattr(given, "receiver_tensors"):
                return given
            features, _, inputs = given
            return ServingInputReceiver(features, inputs)

        exported = _Exported(self, default_output_alternative_key)
        path = self._checkpoint(checkpoint_path)
        fns = {ModeKeys.INFER: receiver_fn}
        return export_all(
            exported, export_dir_base, fns, path, assets_extra, as_text, strip_default_attrs
        )

    # -- the user's functions ------------------------------------------------------------------

    def _call_model_fn(self, features: Any, labels: Any, mode: str) -> ModelFnOps:
        if self._feature_engineering_fn is not None:
            features, labels = self._feature_engineering_fn(features, labels)
        assert self._model_fn is not None
        given = known_arguments(
            self._model_fn,
            mode=mode,
            params=self.params,
            config=self.config,
            model_dir=self.model_dir,
        )
        found = self._model_fn(features, labels, **given)
        if isinstance(found, ModelFnOps):
            return found
        if hasattr(found, "export_outputs"):  # an EstimatorSpec
            return ModelFnOps(
                mode, found.predictions, found.loss, found.train_op, found.eval_metric_ops,
                training_chief_hooks=found.training_chief_hooks,
                training_hooks=found.training_hooks, scaffold=found.scaffold,
            )  # fmt: skip
        if not isinstance(found, (tuple, list)) or len(found) != 3:
            raise ValueError(
                "model_fn should return ModelFnOps, or predictions, loss and train_op; got "
                f"{found!r}."
            )
        predictions, loss, train_op = found
        return ModelFnOps(mode, predictions, loss, train_op)


class _Exported:
    """An estimator as `export_all` wants it."""

    def __init__(self, estimator: Estimator, default_key: str | None) -> None:
        self._estimator = estimator
        self._default_key = default_key
        self.config = estimator.config

    def _create_and_assert_global_step(self, graph: Graph) -> Any:
        return training_util.create_global_step(graph)

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> Any:
        if isinstance(features, dict) and list(features) == ["feature"]:
            features = features["feature"]
        ops = self._estimator._call_model_fn(features, labels, mode)
        return ops.estimator_spec(self._default_key)


def _input(
    x: Any, y: Any, input_fn: Any, batch_size: int | None, shuffle: bool, epochs: int | None
) -> tuple[Callable[[], Any], list[Any]]:
    """An input_fn, and hooks that feed what it makes."""
    if input_fn is not None:
        if x is not None or y is not None:
            raise ValueError("Can not provide both input_fn and x or y.")
        if batch_size is not None:
            raise ValueError("Can not provide both input_fn and batch_size.")
        return input_fn, []
    if x is None:
        raise ValueError("Either x or input_fn must be provided.")
    feeder = ArrayFeeder(x, y, batch_size, shuffle, epochs)
    return feeder.input_fn, [FeedFnHook(feeder.feed)]


def _metric_ops(metrics: dict[Any, Any], features: Any, labels: Any, predictions: Any) -> Any:
    """Values and update_ops of a program's metrics: `MetricSpec`s, or functions (the older way)."""
    found = {}
    for key, metric in metrics.items():
        if isinstance(metric, MetricSpec):
            found[key] = metric.create_metric_ops(features, labels, predictions)
        elif isinstance(key, tuple):  # a name, and which of the predictions
            found[key[0]] = metric(predictions[key[1]], labels)
        else:
            found[key] = metric(predictions, labels)
    return found


def _filtered(predictions: Any, outputs: Any) -> Any:
    if not outputs or not isinstance(predictions, dict):
        return predictions
    found = {key: value for key, value in predictions.items() if key in outputs}
    if not found:
        raise ValueError(
            f"Expected to run at least one output from {list(predictions)}, provided {outputs}."
        )
    return found


def _examples(batches: Iterator[Any]) -> Iterator[Any]:
    for batch in batches:
        if not isinstance(batch, dict):
            yield from batch
            continue
        first = next(iter(batch.values()))
        sparse = isinstance(first, SparseTensorValue)
        for i in range(first.dense_shape[0] if sparse else first.shape[0]):
            yield {key: value[i] for key, value in batch.items()}


class SKCompat:
    """An estimator with the methods of scikit-learn: arrays in, arrays out."""

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int = 128,
        steps: int | None = None,
        max_steps: int | None = None,
        monitors: Any = None,
    ) -> SKCompat:
        """Train; see `Estimator.fit`."""
        self._estimator.fit(
            x, y, batch_size=batch_size, steps=steps, max_steps=max_steps, monitors=monitors
        )
        return self

    def score(
        self,
        x: Any,
        y: Any,
        batch_size: int = 128,
        steps: int | None = None,
        metrics: Any = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """The metrics on arrays; see `Estimator.evaluate`."""
        return self._estimator.evaluate(
            x, y, batch_size=batch_size, steps=steps, metrics=metrics, name=name or "score"
        )

    def predict(self, x: Any, batch_size: int = 128, outputs: Any = None) -> Any:
        """The predictions of all rows: an array, or a dict of arrays."""
        batches = list(
            Estimator.predict(
                self._estimator, x, batch_size=batch_size, outputs=outputs, iterate_batches=True
            )
        )
        if not isinstance(batches[0], dict):
            return np.concatenate(batches, axis=0)
        return {key: np.concatenate([b[key] for b in batches], axis=0) for key in batches[0]}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return self._estimator.get_params(deep)

    def set_params(self, **params: Any) -> SKCompat:
        self._estimator.set_params(**params)
        return self
