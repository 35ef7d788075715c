"""`tf.contrib.tpu.TPUEstimator`, which here is an Estimator that hands out batch sizes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.core import nest
from tf1x.lib import logging
from tf1x.lib.contrib.tpu.config import RunConfig
from tf1x.lib.estimator import model_fn as core
from tf1x.lib.estimator.estimator import Estimator
from tf1x.lib.estimator.mode_keys import ModeKeys
from tf1x.lib.estimator.util import fn_args
from tf1x.lib.train.basic_session_run_hooks import StepCounterHook, scalar_summary
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook

_RESERVED = ("batch_size", "use_tpu", "context")


class _Fields(NamedTuple):
    mode: Any
    predictions: Any
    loss: Any
    train_op: Any
    eval_metrics: Any
    export_outputs: Any
    scaffold_fn: Any
    host_call: Any
    training_hooks: Any
    evaluation_hooks: Any
    prediction_hooks: Any


class TPUEstimatorSpec(_Fields):
    """The ops of a model, for one mode; see `tf.estimator.EstimatorSpec`.

    Args:
        eval_metrics: a function and a list or dict of tensors for it; it returns metrics by name.
        scaffold_fn: returns a `tf.train.Scaffold`.
        host_call: a function and tensors for it; the ops that it returns are run in each step.
    """

    __slots__ = ()

    def __new__(
        cls,
        mode: Any,
        predictions: Any = None,
        loss: Any = None,
        train_op: Any = None,
        eval_metrics: Any = None,
        export_outputs: Any = None,
        scaffold_fn: Callable[[], Any] | None = None,
        host_call: Any = None,
        training_hooks: Any = None,
        evaluation_hooks: Any = None,
        prediction_hooks: Any = None,
    ) -> TPUEstimatorSpec:
        for what, call in (("eval_metrics", eval_metrics), ("host_call", host_call)):
            if call is None:
                continue
            if not isinstance(call, (tuple, list)) or len(call) != 2 or not callable(call[0]):
                raise ValueError(f"{what} should be a function and its tensors; got {call}.")
            if not isinstance(call[1], (tuple, list, dict)):
                raise ValueError(f"The tensors of {what} should be a list or a dict.")
        return super().__new__(
            cls,
            mode=mode,
            predictions=predictions,
            loss=core.checked_loss(loss, mode),
            train_op=core.checked_train_op(train_op, mode),
            eval_metrics=eval_metrics,
            export_outputs=export_outputs,
            scaffold_fn=scaffold_fn,
            host_call=host_call,
            training_hooks=core.checked_hooks(training_hooks),
            evaluation_hooks=core.checked_hooks(evaluation_hooks),
            prediction_hooks=core.checked_hooks(prediction_hooks),
        )

    def as_estimator_spec(self) -> core.EstimatorSpec:
        """The same as an `EstimatorSpec`."""
        metrics = _call(self.eval_metrics) if self.eval_metrics else None
        more: tuple[SessionRunHook, ...] = ()
        if self.host_call is not None:
            more = (_HostCallHook(_call(self.host_call)),)
        return core.EstimatorSpec(
            mode=self.mode,
            predictions=self.predictions,
            loss=self.loss,
            train_op=self.train_op,
            eval_metric_ops=metrics,
            export_outputs=self.export_outputs,
            scaffold=self.scaffold_fn() if self.scaffold_fn else None,
            training_hooks=(*self.training_hooks, *more),
            evaluation_hooks=(*self.evaluation_hooks, *more),
            prediction_hooks=(*self.prediction_hooks, *more),
        )


def _call(call: Any) -> Any:
    function, tensors = call
    return function(**tensors) if isinstance(tensors, dict) else function(*tensors)


class _HostCallHook(SessionRunHook):
    """Runs ops in each step."""

    def __init__(self, ops: Any) -> None:
        self._ops = nest.flatten(ops)

    def before_run(self, run_context: Any) -> SessionRunArgs:
        return SessionRunArgs(self._ops)


class ExamplesPerSecondHook(StepCounterHook):
    """Logs and writes how many examples a second are trained on."""

    def __init__(self, batch_size: int, every_n_steps: int, output_dir: Any) -> None:
        super().__init__(every_n_steps=every_n_steps, output_dir=output_dir)
        self._batch_size = batch_size

    def _log_and_record(self, elapsed_steps: Any, elapsed_time: float, global_step: Any) -> None:
        rate = self._batch_size * elapsed_steps / elapsed_time
        if self._summary_writer is not None:
            self._summary_writer.add_summary(scalar_summary("examples/sec", rate), global_step)
        logging.info("examples/sec: %g", rate)


class TPUContext:
    """What an input_fn is told of where it runs: one host with one replica."""

    num_hosts = 1
    current_host = 0
    num_replicas = 1
    num_of_replicas_per_host = 1

    def __init__(self, mode: str, batch_size: int | None) -> None:
        self.mode = mode
        self.global_batch_size = batch_size

    def current_input_fn_deployment(self) -> tuple[int, int, int, int]:
        """This call's number, that of its host, how many calls, how many a host."""
        return 0, 0, 1, 1


class TPUEstimator(Estimator):
    """An Estimator whose functions find the size of a batch in `params["batch_size"]`.

    It runs on the device that there is, whatever `use_tpu` says; a batch is not divided.

    Args:
        model_fn: returns a `TPUEstimatorSpec` or an `EstimatorSpec`.
        config: a `tf.contrib.tpu.RunConfig`.
        params: must not have "batch_size", "use_tpu" or "context".
        train_batch_size, eval_batch_size, predict_batch_size: by mode; with `use_tpu` needed.
        The others of `tf.estimator.Estimator`; those about TPUs are accepted.

    Raises:
        ValueError: a config of another kind, a reserved name in params, a batch size below 1.
    """

    _extends_estimator = True

    def __init__(
        self,
        model_fn: Any = None,
        model_dir: Any = None,
        config: Any = None,
        params: Any = None,
        use_tpu: bool = True,
        train_batch_size: int | None = None,
        eval_batch_size: int | None = None,
        predict_batch_size: int | None = None,
        batch_axis: Any = None,
        eval_on_tpu: bool = True,
        export_to_tpu: bool = True,
        export_to_cpu: bool = True,
        warm_start_from: Any = None,
        embedding_config_spec: Any = None,
    ) -> None:
        if not isinstance(config, RunConfig):
            raise ValueError("`config` must be `tpu_config.RunConfig`")
        taken = [name for name in _RESERVED if params is not None and name in params]
        if taken:
            raise ValueError(f"{taken} are reserved keys but existed in params {params}.")
        sizes = {
            ModeKeys.TRAIN: train_batch_size,
            ModeKeys.EVAL: eval_batch_size,
            ModeKeys.PREDICT: predict_batch_size,
        }
        if use_tpu and train_batch_size is None:
            raise ValueError("`train_batch_size` cannot be `None`")
        for mode, size in sizes.items():
            if size is not None and (not isinstance(size, int) or size < 1):
                raise ValueError(f"The batch size for {mode} must be a positive integer: {size}.")
        if use_tpu:
            logging.info("TPUEstimator runs on the devices that JAX has, as one replica.")
        self._batch_sizes = sizes
        self._use_tpu = use_tpu
        super().__init__(
            model_fn=model_fn,
            model_dir=model_dir,
            config=config,
            params={} if params is None and "params" in fn_args(model_fn) else params,
            warm_start_from=warm_start_from,
        )

    def _params_for(self, mode: str) -> Any:
        params = copy.deepcopy(self._params)
        values: dict[str, Any] = {"use_tpu": False}
        if self._batch_sizes[mode] is not None:
            values["batch_size"] = self._batch_sizes[mode]
        for name, value in values.items():
            if hasattr(params, "add_hparam"):  # HParams
                params.add_hparam(name, value)
            else:
                params[name] = value
        return params

    def _call_input_fn(self, input_fn: Callable[..., Any], mode: str) -> Any:
        names, given = fn_args(input_fn), {}  # type: ignore[var-annotated]
        if "params" in names:
            params = given["params"] = self._params_for(mode)
            context = TPUContext(mode, self._batch_sizes[mode])
            if hasattr(params, "add_hparam"):
                params.add_hparam("context", context)
            else:
                params["context"] = context
        if "config" in names:
            given["config"] = self.config
        if "mode" in names:
            given["mode"] = mode
        return input_fn(**given)

    def _call_model_fn(self, features: Any, labels: Any, mode: Any, config: Any) -> Any:
        names = fn_args(self._model_fn)
        given: dict[str, Any] = {}
        if "labels" in names:
            given["labels"] = labels
        elif labels is not None:
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        if "mode" in names:
            given["mode"] = mode
        if "config" in names:
            given["config"] = config
        if "params" in names:
            given["params"] = self._params_for(mode)
        logging.info("Calling model_fn.")
        spec = self._model_fn(features=features, **given)
        logging.info("Done calling model_fn.")
        if isinstance(spec, TPUEstimatorSpec):
            spec = spec.as_estimator_spec()
        if not isinstance(spec, core.EstimatorSpec):
            raise ValueError("model_fn should return a TPUEstimatorSpec or an EstimatorSpec.")
        size, every = self._batch_sizes[ModeKeys.TRAIN], self._config.log_step_count_steps
        if mode == ModeKeys.TRAIN and size is not None and every:
            hook = ExamplesPerSecondHook(size, every, self.model_dir)
            spec = spec._replace(training_hooks=(*spec.training_hooks, hook))
        return spec
