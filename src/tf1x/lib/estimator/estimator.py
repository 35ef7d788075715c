"""`tf.estimator.Estimator`: a model_fn, trained, evaluated, asked and exported."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from tf1x.core import scopes
from tf1x.core.graph import Graph
from tf1x.core.random_seed import set_random_seed
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.distribute import require_one_device
from tf1x.lib.estimator import results
from tf1x.lib.estimator.mode_keys import ModeKeys
from tf1x.lib.estimator.model_fn import LOSS_METRIC_KEY, EstimatorSpec, verify_model_fn_args
from tf1x.lib.estimator.predictions import batch_length, extract_keys, warn_if_endless
from tf1x.lib.estimator.run_config import RunConfig, TaskType, default_session_config
from tf1x.lib.estimator.util import known_arguments, parse_input_fn_result
from tf1x.lib.estimator.warm_start import warm_start_settings
from tf1x.lib.metrics.averages import mean
from tf1x.lib.train import checkpoint_utils, training_util
from tf1x.lib.train.basic_session_run_hooks import (
    LoggingTensorHook,
    NanTensorHook,
    StopAtStepHook,
)
from tf1x.lib.train.checkpoint_hooks import CheckpointSaverHook, CheckpointSaverListener
from tf1x.lib.train.checkpoint_management import latest_checkpoint
from tf1x.lib.train.evaluation import (
    StopAfterNEvalsHook,
    evaluate_once,
    get_or_create_eval_step,
)
from tf1x.lib.train.monitored_session import MonitoredSession, MonitoredTrainingSession
from tf1x.lib.train.saver import Saver
from tf1x.lib.train.scaffold import Scaffold
from tf1x.lib.train.session_creators import ChiefSessionCreator
from tf1x.lib.train.session_run_hook import SessionRunHook
from tf1x.lib.train.warm_start import warm_start
from tf1x.ops.grouping import group
from tf1x.ops.summary_functions import scalar

# What a subclass may define anew.
_OVERRIDABLE = {"model_fn", "_create_and_assert_global_step", "latest_checkpoint"}


class Estimator:
    """Trains, evaluates and uses the model that a function describes.

    Args:
        model_fn: `model_fn(features, labels, mode, params, config)` returns an `EstimatorSpec`; all
            but `features` may be left out of its arguments.
        model_dir: the folder of checkpoints and events; by default that of the config, or else a
            temporary one.
        config: a `RunConfig`.
        params: handed to the model_fn.
        warm_start_from: a checkpoint, a SavedModel or `WarmStartSettings` to start from.

    Each call builds a graph of its own and starts from the folder's latest checkpoint.

    Raises:
        ValueError: arguments that do not fit together.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any],
        model_dir: Any = None,
        config: RunConfig | None = None,
        params: Any = None,
        warm_start_from: Any = None,
    ) -> None:
        self._check_members()
        self._config = _with_model_dir(config, model_dir)
        require_one_device(self._config.train_distribute)
        require_one_device(self._config.eval_distribute)
        self._model_dir = self._config.model_dir
        self._session_config = self._config.session_config
        logging.info("Using config: %s", str(vars(self._config)))
        self._device_fn = self._config.device_fn
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        verify_model_fn_args(model_fn, params)
        self._model_fn = model_fn
        self._params = copy.deepcopy(params or {})
        self._warm_start_settings = warm_start_settings(warm_start_from)

    def _check_members(self) -> None:
        own = {name for name in vars(Estimator) if not name.startswith("__")}
        for kind in type(self).__mro__:
            if kind is Estimator or getattr(kind, "_extends_estimator", False):
                break
            changed = (own & set(vars(kind))) - _OVERRIDABLE
            if changed:
                raise ValueError(
                    "Subclasses of Estimator cannot override members of Estimator. "
                    f"{kind} does override {sorted(changed)}"
                )

    # -- properties ----------------------------------------------------------------------------

    @property
    def model_dir(self) -> str:
        return self._model_dir

    @property
    def config(self) -> RunConfig:
        return copy.deepcopy(self._config)

    @property
    def params(self) -> Any:
        return copy.deepcopy(self._params)

    @property
    def model_fn(self) -> Callable[..., Any]:
        """The model_fn as a function of features, labels, mode and config."""

        def public_model_fn(features: Any, labels: Any, mode: Any, config: Any) -> Any:
            return self._call_model_fn(features, labels, mode, config)

        return public_model_fn

    def get_variable_value(self, name: str) -> Any:
        """The value of a variable in the latest checkpoint.

        Raises:
            ValueError: there is no checkpoint.
        """
        self._require_checkpoint()
        return checkpoint_utils.load_variable(self.model_dir, name)

    def get_variable_names(self) -> list[str]:
        """The names of the variables in the latest checkpoint."""
        self._require_checkpoint()
        return [name for name, _ in checkpoint_utils.list_variables(self.model_dir)]

    def _require_checkpoint(self) -> None:
        if not latest_checkpoint(self.model_dir):
            raise ValueError(f"Could not find trained model in model_dir: {self.model_dir}.")

    def latest_checkpoint(self) -> str | None:
        """The path of the latest checkpoint, or None."""
        return latest_checkpoint(self.model_dir)

    def eval_dir(self, name: str | None = None) -> str:
        """The folder of the events of an evaluation."""
        return os.path.join(self._model_dir, f"eval_{name}" if name else "eval")

    # -- training ------------------------------------------------------------------------------

    def train(
        self,
        input_fn: Callable[..., Any],
        hooks: Any = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Any = None,
    ) -> Estimator:
        """Train until the input is used up or a hook stops.

        Args:
            input_fn: returns a `Dataset` of, or tensors for, (features, labels) or features alone.
            hooks: `SessionRunHook`s.
            steps: how many steps to take; or
            max_steps: the global step to stop at.
            saving_listeners: `CheckpointSaverListener`s.

        Returns:
            the estimator.

        Raises:
            NanLossDuringTrainingError: the loss became NaN.
        """
        if self.config.task_type in (TaskType.EVALUATOR, TaskType.PS):
            raise ValueError(
                "Train has been called wrong configuration. Please use "
                "tf.estimator.train_and_evaluate which calls proper API according to given "
                f"configuration. Current configuration: {self.config}."
            )
        if steps is not None and max_steps is not None:
            raise ValueError("Can not provide both steps and max_steps.")
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        if max_steps is not None and max_steps <= 0:
            raise ValueError(f"Must specify max_steps > 0, given: {max_steps}")
        if max_steps is not None and max_steps <= results.global_step_of(self._model_dir):
            logging.info("Skipping training since max_steps has already saved.")
            return self
        all_hooks = _checked_hooks(hooks)
        if steps is not None or max_steps is not None:
            all_hooks.append(StopAtStepHook(steps, max_steps))
        loss = self._train_model(input_fn, all_hooks, _checked_listeners(saving_listeners))
        logging.info("Loss for final step: %s.", loss)
        return self

    def _train_model(self, input_fn: Any, hooks: list[Any], saving_listeners: list[Any]) -> Any:
        with Graph().as_default() as graph, graph.device(self._device_fn):
            set_random_seed(self._config.tf_random_seed)
            self._create_and_assert_global_step(graph)
            training_util.get_or_create_global_step_read(graph)
            features, labels, input_hooks = self._features_and_labels(input_fn, ModeKeys.TRAIN)
            spec = self._call_model_fn(features, labels, ModeKeys.TRAIN, self.config)
            return self._run_training(spec, [*input_hooks, *hooks], saving_listeners)

    def _run_training(self, spec: EstimatorSpec, hooks: list[Any], listeners: list[Any]) -> Any:
        config, step = self._config, training_util.get_global_step()
        self._maybe_warm_start(latest_checkpoint(self._model_dir))
        summaries = scopes.get_collection(GraphKeys.SUMMARIES)
        if not any(summary.op.name == "loss" for summary in summaries):
            scalar("loss", spec.loss)
        scopes.add_to_collection(GraphKeys.LOSSES, spec.loss)
        hooks.append(NanTensorHook(spec.loss))
        if config.log_step_count_steps is not None:
            watched = {"loss": spec.loss, "step": step}
            hooks.append(LoggingTensorHook(watched, every_n_iter=config.log_step_count_steps))
        hooks += spec.training_hooks
        if not (spec.scaffold.saver or scopes.get_collection(GraphKeys.SAVERS)):
            saver = Saver(
                sharded=True,
                max_to_keep=config.keep_checkpoint_max,
                keep_checkpoint_every_n_hours=config.keep_checkpoint_every_n_hours,
                defer_build=True,
                save_relative_paths=True,
            )
            scopes.add_to_collection(GraphKeys.SAVERS, saver)
        chief_hooks = [*self._checkpoint_hooks(spec, hooks, listeners), *spec.training_chief_hooks]
        with MonitoredTrainingSession(
            master=config.master,
            is_chief=config.is_chief,
            checkpoint_dir=self._model_dir,
            scaffold=spec.scaffold,
            hooks=hooks,
            chief_only_hooks=chief_hooks,
            save_checkpoint_secs=0,  # the hook above does it
            save_summaries_steps=config.save_summary_steps,
            config=self._session_config,
            max_wait_secs=config.session_creation_timeout_secs,
            log_step_count_steps=config.log_step_count_steps,
            save_graph_def=config.checkpoint_save_graph_def,
        ) as session:
            loss, any_step = None, False
            while not session.should_stop():
                any_step = True
                _, loss = session.run([spec.train_op, spec.loss])
        if not any_step:
            logging.warning(
                "Training with estimator made no steps. Perhaps input is empty or misspecified."
            )
        return loss

    def _checkpoint_hooks(
        self, spec: EstimatorSpec, hooks: list[Any], listeners: list[Any]
    ) -> list[CheckpointSaverHook]:
        """A hook that saves, unless the program has one; it gets the listeners.

        Raises:
            ValueError: there are listeners, but nothing saves.
        """
        config = self._config
        added: list[CheckpointSaverHook] = []
        savers = [
            hook
            for hook in (*hooks, *spec.training_chief_hooks)
            if isinstance(hook, CheckpointSaverHook)
        ]
        if not savers and (config.save_checkpoints_secs or config.save_checkpoints_steps):
            added = savers = [
                CheckpointSaverHook(
                    self._model_dir,
                    save_secs=config.save_checkpoints_secs,
                    save_steps=config.save_checkpoints_steps,
                    scaffold=spec.scaffold,
                    save_graph_def=config.checkpoint_save_graph_def,
                )
            ]
        if listeners and not savers:
            raise ValueError(
                "There should be a CheckpointSaverHook to use saving_listeners. Please set one of the "
                "RunConfig.save_checkpoints_steps or RunConfig.save_checkpoints_secs."
            )
        for listener in listeners:
            if listener not in savers[0]._listeners:
                savers[0]._listeners.append(listener)
        return added

    # -- evaluation ----------------------------------------------------------------------------

    def evaluate(
        self,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Any = None,
        checkpoint_path: Any = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Evaluate the model on the input, or on `steps` batches of it.

        Args:
            checkpoint_path: by default the latest; without one the initial values are taken.
            name: put into the name of the folder with the events.

        Returns:
            the metrics by name, with "loss" (the mean over batches) and "global_step".
        """
        all_hooks = _checked_hooks(hooks)
        if steps is not None:
            if steps <= 0:
                raise ValueError(f"Must specify steps > 0, given: {steps}")
            all_hooks.append(StopAfterNEvalsHook(num_evals=steps))
        path = checkpoint_path or self._latest_or_none("evaluate")
        with Graph().as_default() as graph:
            set_random_seed(self._config.tf_random_seed)
            self._create_and_assert_global_step(graph)
            features, labels, input_hooks = self._features_and_labels(input_fn, ModeKeys.EVAL)
            spec = self._call_model_fn(features, labels, ModeKeys.EVAL, self.config)
            update_op, values = _metric_ops(spec)
            self._maybe_warm_start(path)
            values[GraphKeys.GLOBAL_STEP] = training_util.get_global_step(graph)
            scaffold = spec.scaffold
            if scaffold.local_init_op is not None:
                get_or_create_eval_step()  # so that what initialises local variables covers it
                both = group(scaffold.local_init_op, Scaffold.default_local_init_op())
                scaffold = Scaffold(local_init_op=both, copy_from_scaffold=scaffold)
            found: dict[str, Any] = evaluate_once(
                checkpoint_path=path,
                master=self._config.evaluation_master,
                scaffold=scaffold,
                eval_ops=update_op,
                final_ops=values,
                hooks=[*input_hooks, *all_hooks, *spec.evaluation_hooks],
                config=self._session_config,
            )
        results.write_metrics(self.eval_dir(name), found, path)
        return found

    def _latest_or_none(self, purpose: str) -> str | None:
        path = latest_checkpoint(self._model_dir)
        if not path:
            logging.info(
                "Could not find trained model in model_dir: %s, running initialization to %s.",
                self._model_dir,
                purpose,
            )
        return path

    # -- prediction ----------------------------------------------------------------------------

    def predict(
        self,
        input_fn: Callable[..., Any],
        predict_keys: Any = None,
        hooks: Any = None,
        checkpoint_path: Any = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """Predictions for the input, one example after the other.

        Args:
            input_fn: returns features; labels, if there are any, are ignored.
            predict_keys: which of the predictions, by default all.
            checkpoint_path: by default the latest.
            yield_single_examples: False for whole batches.

        Yields:
            what the model_fn calls predictions, as arrays.

        Raises:
            ValueError: unknown keys, or predictions whose batches differ in length.
        """
        all_hooks = _checked_hooks(hooks)
        path = checkpoint_path or self._latest_or_none("predict")
        with Graph().as_default() as graph:
            set_random_seed(self._config.tf_random_seed)
            self._create_and_assert_global_step(graph)
            features, _, input_hooks = self._features_and_labels(input_fn, ModeKeys.PREDICT)
            warn_if_endless(features)
            spec = self._call_model_fn(features, None, ModeKeys.PREDICT, self.config)
            self._maybe_warm_start(path)
            predictions = extract_keys(spec.predictions, predict_keys)
            creator = ChiefSessionCreator(
                checkpoint_filename_with_path=path,
                master=self._config.master,
                scaffold=spec.scaffold,
                config=self._session_config,
            )
            every_hook = [*input_hooks, *all_hooks, *spec.prediction_hooks]
            with MonitoredSession(session_creator=creator, hooks=every_hook) as session:
                while not session.should_stop():
                    values = session.run(predictions)
                    if not yield_single_examples:
                        yield values
                    elif not isinstance(predictions, dict):
                        yield from values
                    else:
                        for i in range(batch_length(values)):
                            yield {key: value[i] for key, value in values.items()}

    # -- export --------------------------------------------------------------------------------

    def export_saved_model(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, Any] | None = None,
        as_text: bool = False,
        checkpoint_path: Any = None,
        experimental_mode: str = ModeKeys.PREDICT,
    ) -> bytes:
        """Write the model as a SavedModel to a new folder below `export_dir_base`.

        Args:
            serving_input_receiver_fn: makes the placeholders of requests and features from them,
                a `ServingInputReceiver`.
            assets_extra: files to copy, by their names below `assets.extra`.
            as_text: write `saved_model.pbtxt`.
            checkpoint_path: by default the latest.
            experimental_mode: the mode whose graph is written.

        Returns:
            the folder's path, as bytes.

        Raises:
            ValueError: there is no checkpoint, or it lacks variables.
        """
        return self._export(
            export_dir_base,
            {experimental_mode: serving_input_receiver_fn},
            assets_extra,
            as_text,
            checkpoint_path,
            True,
        )

    def export_savedmodel(
        self,
        export_dir_base: Any,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, Any] | None = None,
        as_text: bool = False,
        checkpoint_path: Any = None,
        strip_default_attrs: bool = False,
    ) -> bytes:
        """The older name of `export_saved_model`; attributes with default values are kept."""
        return self._export(
            export_dir_base,
            {ModeKeys.PREDICT: serving_input_receiver_fn},
            assets_extra,
            as_text,
            checkpoint_path,
            strip_default_attrs,
        )

    def experimental_export_all_saved_models(
        self,
        export_dir_base: Any,
        input_receiver_fn_map: dict[str, Any],
        assets_extra: dict[str, Any] | None = None,
        as_text: bool = False,
        checkpoint_path: Any = None,
    ) -> bytes:
        """As `export_saved_model`, with the graphs of several modes."""
        return self._export(
            export_dir_base, input_receiver_fn_map, assets_extra, as_text, checkpoint_path, True
        )

    def _export(
        self,
        export_dir_base: Any,
        receiver_fns: dict[str, Any],
        assets_extra: dict[str, Any] | None,
        as_text: bool,
        checkpoint_path: Any,
        strip_default_attrs: bool,
    ) -> bytes:
        from tf1x.lib.estimator.exporting import export_all

        if not all(receiver_fns.values()):
            raise ValueError("An input_receiver_fn must be defined.")
        path = checkpoint_path or self.latest_checkpoint()
        if not path and self._warm_start_settings:
            path = self._warm_start_settings.ckpt_to_initialize_from
            path = latest_checkpoint(path) if os.path.isdir(path) else path
        if not path:
            raise ValueError(f"Couldn't find trained model at {self._model_dir}.")
        return export_all(
            self, export_dir_base, receiver_fns, path, assets_extra, as_text, strip_default_attrs
        )

    # -- the user's functions ------------------------------------------------------------------

    def _create_global_step(self, graph: Graph) -> Any:
        """Makes the global step; a subclass may do it in another way."""
        return training_util.create_global_step(graph)

    def _create_and_assert_global_step(self, graph: Graph) -> Any:
        step = self._create_global_step(graph)
        assert step is training_util.get_global_step()
        assert step.dtype.base_dtype.is_integer
        return step

    def _call_input_fn(self, input_fn: Callable[..., Any], mode: str) -> Any:
        given = known_arguments(input_fn, mode=mode, params=self.params, config=self.config)
        with scopes.device("/cpu:0"):
            return input_fn(**given)

    def _features_and_labels(
        self, input_fn: Callable[..., Any], mode: str
    ) -> tuple[Any, Any, list[SessionRunHook]]:
        return parse_input_fn_result(self._call_input_fn(input_fn, mode))

    def _call_model_fn(self, features: Any, labels: Any, mode: Any, config: Any) -> EstimatorSpec:
        given = known_arguments(
            self._model_fn, labels=labels, mode=mode, params=self.params, config=config
        )
        if labels is not None and "labels" not in given:
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        logging.info("Calling model_fn.")
        spec = self._model_fn(features=features, **given)
        logging.info("Done calling model_fn.")
        if not isinstance(spec, EstimatorSpec):
            raise ValueError("model_fn should return an EstimatorSpec.")
        return spec

    def _maybe_warm_start(self, checkpoint_path: Any) -> None:
        if self._warm_start_settings and not checkpoint_path:
            logging.info("Warm-starting with WarmStartSettings: %s", self._warm_start_settings)
            warm_start(*self._warm_start_settings)


def _with_model_dir(config: RunConfig | None, model_dir: Any) -> RunConfig:
    if config is None:
        config = RunConfig()
        logging.info("Using default config.")
    if not isinstance(config, RunConfig):
        raise ValueError(f"config must be an instance of `RunConfig`, but provided {config}.")
    if config.session_config is None:
        config = RunConfig.replace(config, session_config=default_session_config())
    model_dir = os.fspath(model_dir) if isinstance(model_dir, os.PathLike) else model_dir
    if model_dir and config.model_dir is not None and config.model_dir != model_dir:
        raise ValueError(
            "`model_dir` are set both in constructor and `RunConfig`, but with different values. In "
            f"constructor: '{model_dir}', in `RunConfig`: '{config.model_dir}' "
        )
    if not model_dir and config.model_dir is None:
        model_dir = tempfile.mkdtemp()
        logging.warning("Using temporary folder as model directory: %s", model_dir)
    return RunConfig.replace(config, model_dir=model_dir) if model_dir else config


def _checked_hooks(hooks: Any) -> list[Any]:
    hooks = list(hooks or [])
    for hook in hooks:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"Hooks must be a SessionRunHook, given: {hook}")
    return hooks


def _checked_listeners(listeners: Any) -> list[Any]:
    listeners = list(listeners or [])
    for listener in listeners:
        if not isinstance(listener, CheckpointSaverListener):
            raise TypeError(
                f"saving_listeners must be a list of CheckpointSaverListener, given: {listener}"
            )
    return listeners


def _metric_ops(spec: EstimatorSpec) -> tuple[Any, dict[str, Any]]:
    """One op that updates all metrics, with the loss, and their values by name."""
    metrics = spec.eval_metric_ops
    for reserved in (LOSS_METRIC_KEY, GraphKeys.GLOBAL_STEP):
        if reserved in metrics:
            raise ValueError(
                f"Metric with name `{reserved}` is not allowed, because Estimator already defines a "
                "default metric with the same name."
            )
    metrics[LOSS_METRIC_KEY] = mean(spec.loss)
    ordered = sorted(metrics.items())
    return group(*(update for _, (_, update) in ordered)), {k: value for k, (value, _) in ordered}
