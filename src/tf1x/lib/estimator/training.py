"""`tf.estimator.train_and_evaluate`: training with an evaluation after each checkpoint."""

from __future__ import annotations

import os
import time
from typing import Any, NamedTuple

from tf1x.core.errors import UnsupportedError
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.estimator.estimator import Estimator
from tf1x.lib.estimator.exporter import Exporter
from tf1x.lib.estimator.run_config import TaskType
from tf1x.lib.train.checkpoint_hooks import CheckpointSaverListener
from tf1x.lib.train.hook_timers import SecondOrStepTimer
from tf1x.lib.train.session_run_hook import SessionRunHook


class _TrainFields(NamedTuple):
    input_fn: Any
    max_steps: Any
    hooks: Any
    saving_listeners: Any


class TrainSpec(_TrainFields):
    """What to train on.

    Args:
        input_fn: see `Estimator.train`.
        max_steps: the global step to stop at; None: when the input is used up.
        hooks, saving_listeners: as there.

    Raises:
        TypeError, ValueError: an argument of a wrong kind.
    """

    __slots__ = ()

    def __new__(
        cls,
        input_fn: Any,
        max_steps: int | None = None,
        hooks: Any = None,
        saving_listeners: Any = None,
    ) -> TrainSpec:
        _check_input_fn(input_fn)
        if max_steps is not None and max_steps <= 0:
            raise ValueError(f"Must specify max_steps > 0, given: {max_steps}")
        listeners = _all_of(saving_listeners, CheckpointSaverListener, "saving_listeners")
        return super().__new__(
            cls, input_fn, max_steps, _all_of(hooks, SessionRunHook, "hooks"), listeners
        )


class _EvalFields(NamedTuple):
    input_fn: Any
    steps: Any
    name: Any
    hooks: Any
    exporters: Any
    start_delay_secs: Any
    throttle_secs: Any


class EvalSpec(_EvalFields):
    """What to evaluate on.

    Args:
        input_fn, steps, name, hooks: see `Estimator.evaluate`; steps=None: all of the input.
        exporters: an `Exporter` or several, with different names.
        start_delay_secs: how long a separate evaluator waits at first.
        throttle_secs: how many seconds at least lie between two evaluations.

    Raises:
        TypeError, ValueError: an argument of a wrong kind.
    """

    __slots__ = ()

    def __new__(
        cls,
        input_fn: Any,
        steps: int | None = 100,
        name: str | None = None,
        hooks: Any = None,
        exporters: Any = None,
        start_delay_secs: float = 120,
        throttle_secs: float = 600,
    ) -> EvalSpec:
        _check_input_fn(input_fn)
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"`name` must be string, given: {name}")
        for key, value in (
            ("start_delay_secs", start_delay_secs),
            ("throttle_secs", throttle_secs),
        ):
            if value < 0:
                raise ValueError(f"Must specify {key} >= 0, given: {value}")
        return super().__new__(
            cls,
            input_fn,
            steps,
            name,
            _all_of(hooks, SessionRunHook, "hooks"),
            _checked_exporters(exporters),
            start_delay_secs,
            throttle_secs,
        )


def _check_input_fn(input_fn: Any) -> None:
    if not callable(input_fn):
        raise TypeError(f"`input_fn` must be callable, given: {input_fn}")


def _all_of(items: Any, kind: type, what: str) -> tuple[Any, ...]:
    items = tuple(items or ())
    for item in items:
        if not isinstance(item, kind):
            raise TypeError(f"All {what} must be `{kind.__name__}` instances, given: {item}")
    return items


def _checked_exporters(exporters: Any) -> tuple[Exporter, ...]:
    if not exporters:
        return ()
    listed = [exporters] if isinstance(exporters, Exporter) else exporters
    try:
        listed = list(listed)
    except TypeError:
        listed = [None]
    if not all(isinstance(exporter, Exporter) for exporter in listed):
        raise TypeError(
            f"`exporters` must be an Exporter, an iterable of Exporter, or `None`, found {exporters}."
        )
    names = [exporter.name for exporter in listed]
    if not all(names) or len(set(names)) < len(names):
        raise ValueError(
            "`exporters` must have unique names. Such a name cannot be `None` or empty. All "
            f"exporter names: {names}"
        )
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"An Exporter must have a string name. Given: {names}")
    return tuple(listed)


def train_and_evaluate(
    estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec
) -> tuple[dict[str, Any] | None, list[Any] | None]:
    """Train, and evaluate and export after each checkpoint.

    How often checkpoints are written stands in the estimator's `RunConfig`.

    Returns:
        the metrics of the last evaluation and what the exporters returned after it.

    Raises:
        TypeError: arguments of wrong types.
        UnsupportedError: TF_CONFIG tells of a cluster of several processes.
    """
    for value, kind, name in (
        (estimator, Estimator, "estimator"),
        (train_spec, TrainSpec, "train_spec"),
        (eval_spec, EvalSpec, "eval_spec"),
    ):
        if not isinstance(value, kind):
            raise TypeError(
                f"`{name}` must have type `tf.estimator.{kind.__name__}`. Got: {type(value)}"
            )
    config = estimator.config
    if config.task_type == TaskType.EVALUATOR:
        return _evaluate_continuously(estimator, train_spec, eval_spec)
    if config.cluster_spec and config.master:
        raise UnsupportedError(
            "tf.estimator.train_and_evaluate: tf1x trains in one process; TF_CONFIG has a cluster of "
            f"several: {config.cluster_spec}. Unset TF_CONFIG to train locally."
        )
    logging.info("Running training and evaluation locally (non-distributed).")
    logging.info(
        "Start train and evaluate loop. The evaluate will happen after every checkpoint. Checkpoint "
        "frequency is determined based on RunConfig arguments: save_checkpoints_steps %s or "
        "save_checkpoints_secs %s.",
        config.save_checkpoints_steps,
        config.save_checkpoints_secs,
    )
    evaluator = Evaluator(estimator, eval_spec, train_spec.max_steps)
    listener = _EvaluateAfterSave(evaluator, eval_spec.throttle_secs)
    estimator.train(
        input_fn=train_spec.input_fn,
        max_steps=train_spec.max_steps,
        hooks=train_spec.hooks,
        saving_listeners=(*train_spec.saving_listeners, listener),
    )
    return evaluator.metrics, evaluator.exported


class Evaluator:
    """Evaluates and exports the latest checkpoint, if it is a new one.

    Attributes:
        metrics: of the last evaluation, or None.
        exported: what the exporters returned after it.
    """

    def __init__(self, estimator: Estimator, eval_spec: EvalSpec, max_steps: int | None) -> None:
        self._estimator = estimator
        self._spec = eval_spec
        self._max_steps = max_steps
        self._previous: str | None = None
        self.metrics: dict[str, Any] | None = None
        self.exported: list[Any] | None = None

    def evaluate_and_export(self) -> bool:
        """Returns whether there was a new checkpoint."""
        path = self._estimator.latest_checkpoint()
        if not path or path == self._previous:
            logging.warning(
                "No new checkpoint ready for evaluation."
                if path
                else "Estimator is not trained yet."
            )
            return False
        self._previous = path
        spec = self._spec
        self.metrics = self._estimator.evaluate(
            spec.input_fn, steps=spec.steps, hooks=spec.hooks, checkpoint_path=path, name=spec.name
        )
        step = self.metrics[GraphKeys.GLOBAL_STEP]
        final = bool(self._max_steps and step >= self._max_steps)
        folder = os.path.join(self._estimator.model_dir, "export")
        self.exported = [
            exporter.export(
                estimator=self._estimator,
                export_path=os.path.join(folder, exporter.name),
                checkpoint_path=path,
                eval_result=self.metrics,
                is_the_final_export=final,
            )
            for exporter in spec.exporters
        ]
        return True


class _EvaluateAfterSave(CheckpointSaverListener):
    """Evaluates after each checkpoint but the first, which has the values that training starts from."""

    def __init__(self, evaluator: Evaluator, throttle_secs: float) -> None:
        self._evaluator = evaluator
        self._throttle_secs = throttle_secs

    def begin(self) -> None:
        self._timer = SecondOrStepTimer(every_secs=self._throttle_secs)
        self._is_first = True

    def after_save(self, session: Any, global_step_value: int) -> None:
        if self._is_first:
            self._is_first = False
        elif self._timer.should_trigger_for_step(global_step_value):
            self._evaluate(global_step_value)
        else:
            logging.info(
                "Skip the current checkpoint eval due to throttle secs (%s secs).",
                self._throttle_secs,
            )

    def end(self, session: Any, global_step_value: int) -> None:
        if global_step_value != self._timer.last_triggered_step():
            self._evaluate(global_step_value)

    def _evaluate(self, step: int) -> None:
        self._timer.update_last_triggered_step(step)
        if not self._evaluator.evaluate_and_export():
            raise RuntimeError("There was no new checkpoint after the training.")


def _evaluate_continuously(
    estimator: Estimator, train_spec: TrainSpec, eval_spec: EvalSpec
) -> tuple[dict[str, Any] | None, list[Any] | None]:
    """The task "evaluator" of a cluster: evaluate new checkpoints until training has ended."""
    if eval_spec.start_delay_secs:
        logging.info("Waiting %f secs before starting eval.", eval_spec.start_delay_secs)
        time.sleep(eval_spec.start_delay_secs)
    evaluator = Evaluator(estimator, eval_spec, train_spec.max_steps)
    while True:
        started = time.monotonic()
        evaluator.evaluate_and_export()
        step = (evaluator.metrics or {}).get(GraphKeys.GLOBAL_STEP, 0)
        if train_spec.max_steps and step >= train_spec.max_steps:
            logging.info("Exiting evaluation, global_step=%s >= train max_steps", step)
            return evaluator.metrics, evaluator.exported
        time.sleep(max(0.0, eval_spec.throttle_secs - (time.monotonic() - started)))
