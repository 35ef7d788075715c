"""`tf.contrib.learn.monitors`: what was called around training steps before there were hooks."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from tf1x.core import scopes
from tf1x.lib import logging
from tf1x.lib.summary.file_writer import FileWriter, FileWriterCache
from tf1x.lib.train import training_util
from tf1x.lib.train.basic_session_run_hooks import NanLossDuringTrainingError, scalar_summary
from tf1x.lib.train.checkpoint_management import latest_checkpoint
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook

NanLossDuringTrainingError = NanLossDuringTrainingError
SummaryWriterCache = FileWriterCache


class BaseMonitor:
    """Base class of monitors: override what is needed."""

    def __init__(self) -> None:
        self._estimator: Any = None
        self._max_steps: int | None = None

    @property
    def run_on_all_workers(self) -> bool:
        return False

    def set_estimator(self, estimator: Any) -> None:
        """Called with the estimator before training."""
        self._estimator = estimator

    def begin(self, max_steps: int | None = None) -> None:
        """Before training."""
        self._max_steps = max_steps

    def end(self, session: Any = None) -> None:
        """After training."""

    def epoch_begin(self, epoch: int) -> None:
        """Before each pass over the data; not called by estimators."""

    def epoch_end(self, epoch: int) -> None:
        """After each pass over the data; not called by estimators."""

    def step_begin(self, step: int) -> list[Any]:
        """Before each step; returns tensors, or their names, to fetch with it."""
        return []

    def step_end(self, step: int, output: dict[str, Any]) -> bool:
        """After each step, with the values by the tensors' names; True stops training."""
        return False

    def post_step(self, step: int, session: Any) -> None:
        """After all monitors' `step_end`, with the session."""


class EveryN(BaseMonitor):
    """Calls `every_n_step_begin` and `every_n_step_end` in every n-th step.

    Args:
        every_n_steps: n.
        first_n_steps: in so many of the first steps it calls them too.
    """

    def __init__(self, every_n_steps: int = 100, first_n_steps: int = 1) -> None:
        super().__init__()
        self._every_n_steps = every_n_steps
        self._first_n_steps = first_n_steps
        self._last_active_step: int | None = None
        self._last_successful_step: int | None = None
        self._begun = False

    def every_n_step_begin(self, step: int) -> list[Any]:
        """Before every n-th step; returns tensors, or their names, to fetch."""
        return []

    def every_n_step_end(self, step: int, outputs: dict[str, Any]) -> bool:
        """After every n-th step; True stops training."""
        return False

    def every_n_post_step(self, step: int, session: Any) -> None:
        """After every n-th step, and at the end, with the session."""

    def _is_due(self, step: int) -> bool:
        return (
            step <= self._first_n_steps
            or step >= self._every_n_steps + (self._last_active_step or 0)
            or step == self._max_steps
        )

    def step_begin(self, step: int) -> list[Any]:
        self._begun = self._is_due(step)
        if not self._begun:
            return []
        self._last_active_step = step
        return self.every_n_step_begin(step)

    def step_end(self, step: int, output: dict[str, Any]) -> bool:
        self._last_successful_step = step
        return self.every_n_step_end(step, output) if self._begun else False

    def post_step(self, step: int, session: Any) -> None:
        if self._begun:
            self.every_n_post_step(step, session)

    def end(self, session: Any = None) -> None:
        last = self._last_successful_step
        if last is not None and last != self._last_active_step:
            self.every_n_post_step(last, session)


class StopAtStep(BaseMonitor):
    """Stops after a number of steps, or at a value of the global step."""

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        super().__init__()
        if (num_steps is None) == (last_step is None):
            raise ValueError("Exactly one of num_steps and last_step must be specified.")
        self._num_steps = num_steps
        self._last_step = last_step

    @property
    def run_on_all_workers(self) -> bool:
        return True

    def step_begin(self, step: int) -> list[Any]:
        if self._last_step is None:
            assert self._num_steps is not None
            self._last_step = step + self._num_steps - 1
        return []

    def step_end(self, step: int, output: dict[str, Any]) -> bool:
        assert self._last_step is not None
        return step >= self._last_step


class PrintTensor(EveryN):
    """Logs the values of tensors: a list of names, or a dict of names by tags."""

    def __init__(self, tensor_names: Any, every_n: int = 100, first_n: int = 1) -> None:
        super().__init__(every_n, first_n)
        named = isinstance(tensor_names, dict)
        self._names = dict(tensor_names) if named else {name: name for name in tensor_names}

    def every_n_step_begin(self, step: int) -> list[Any]:
        return list(self._names.values())

    def every_n_step_end(self, step: int, outputs: dict[str, Any]) -> bool:
        stats = [
            f"{tag} = {outputs[_name(tensor)]!s}"
            for tag, tensor in self._names.items()
            if _name(tensor) in outputs
        ]
        logging.info("Step %d: %s", step, ", ".join(stats))
        return False


class CaptureVariable(EveryN):
    """Keeps the values of a tensor, by its name.

    Attributes:
        values: arrays by step.
    """

    def __init__(self, var_name: str, every_n: int = 100, first_n: int = 1) -> None:
        super().__init__(every_n, first_n)
        self._var_name = var_name
        self.values: dict[int, Any] = {}

    def every_n_step_begin(self, step: int) -> list[Any]:
        return [self._var_name]

    def every_n_step_end(self, step: int, outputs: dict[str, Any]) -> bool:
        self.values[step] = outputs[_name(self._var_name)]
        return False


class SummarySaver(EveryN):
    """Writes summaries, by default all of the graph, every `save_steps` steps."""

    def __init__(
        self,
        summary_op: Any,
        save_steps: int = 100,
        output_dir: Any = None,
        summary_writer: Any = None,
        scaffold: Any = None,
    ) -> None:
        super().__init__(every_n_steps=save_steps)
        self._summary_op = summary_op
        self._scaffold = scaffold
        self._summary_writer = summary_writer
        if summary_writer is None and output_dir:
            self._summary_writer = FileWriter(output_dir)

    def every_n_step_begin(self, step: int) -> list[Any]:
        if self._summary_op is None and self._scaffold is not None:
            self._summary_op = self._scaffold.summary_op
        return [] if self._summary_op is None else [self._summary_op]

    def every_n_step_end(self, step: int, outputs: dict[str, Any]) -> bool:
        if self._summary_op is not None and self._summary_writer is not None:
            self._summary_writer.add_summary(outputs[_name(self._summary_op)], step)
        return False

    def end(self, session: Any = None) -> None:
        super().end(session)
        if self._summary_writer is not None:
            self._summary_writer.flush()


class CheckpointSaver(BaseMonitor):
    """Saves a checkpoint every so many seconds or steps."""

    def __init__(
        self,
        checkpoint_dir: Any,
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Any = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Any = None,
    ) -> None:
        super().__init__()
        if (save_secs is None) == (save_steps is None):
            raise ValueError("Exactly one of save_secs and save_steps should be provided.")
        self._saver, self._scaffold = saver, scaffold
        self._path = os.path.join(checkpoint_dir, checkpoint_basename)
        self._save_secs, self._save_steps = save_secs, save_steps
        self._last: tuple[int, float] | None = None

    def post_step(self, step: int, session: Any) -> None:
        last = self._last
        if (
            last is None
            or (self._save_steps is not None and step >= last[0] + self._save_steps)
            or (self._save_secs is not None and time.time() >= last[1] + self._save_secs)
        ):
            self._save(step, session)

    def end(self, session: Any = None) -> None:
        if session is not None:
            self._save(training_util.global_step(session, training_util.get_global_step()), session)

    def _save(self, step: int, session: Any) -> None:
        if self._last is not None and step == self._last[0]:
            return
        logging.info("Saving checkpoints for %d into %s.", step, self._path)
        self._last = (step, time.time())
        saver = self._saver or (self._scaffold.saver if self._scaffold else None)
        saver.save(session, self._path, global_step=step)


class StepCounter(EveryN):
    """Writes how many steps a second are taken."""

    def __init__(
        self, every_n_steps: int = 100, output_dir: Any = None, summary_writer: Any = None
    ) -> None:
        super().__init__(every_n_steps)
        self._summary_writer = summary_writer
        if summary_writer is None and output_dir:
            self._summary_writer = FileWriterCache.get(output_dir)
        self._last: tuple[int, float] | None = None

    def every_n_step_end(self, step: int, outputs: dict[str, Any]) -> bool:
        now = time.time()
        if self._last is not None and self._summary_writer is not None:
            rate = (step - self._last[0]) / (now - self._last[1])
            self._summary_writer.add_summary(scalar_summary("global_step/sec", rate), step)
        self._last = (step, now)
        return False


class NanLoss(EveryN):
    """Stops, or fails, when the loss becomes NaN."""

    def __init__(
        self, loss_tensor: Any, every_n_steps: int = 100, fail_on_nan_loss: bool = True
    ) -> None:
        super().__init__(every_n_steps)
        self._loss_tensor = loss_tensor
        self._fail_on_nan_loss = fail_on_nan_loss

    def every_n_step_begin(self, step: int) -> list[Any]:
        return [self._loss_tensor]

    def every_n_step_end(self, step: int, outputs: dict[str, Any]) -> bool:
        if not np.isnan(outputs[_name(self._loss_tensor)]):
            return False
        message = "Model diverged with loss = NaN."
        if self._fail_on_nan_loss:
            logging.error(message)
            raise NanLossDuringTrainingError
        logging.warning(message)
        return True


class ValidationMonitor(EveryN):
    """Evaluates the estimator while it trains, when there is a new checkpoint; can stop early.

    Args:
        x, y, input_fn, batch_size, eval_steps, hooks, metrics, name: see `Estimator.evaluate`.
        every_n_steps: how often to look for a new checkpoint.
        early_stopping_rounds: stop when the metric did not get better for so many steps.
        early_stopping_metric: its name.
        early_stopping_metric_minimize: whether less is better.
        check_interval_secs: evaluate again after so many seconds at the earliest; None: at once.

    Attributes:
        best_step, best_value, best_metrics, early_stopped: what was found.
    """

    def __init__(
        self,
        x: Any = None,
        y: Any = None,
        input_fn: Any = None,
        batch_size: int | None = None,
        eval_steps: int | None = None,
        every_n_steps: int = 100,
        metrics: Any = None,
        hooks: Any = None,
        early_stopping_rounds: int | None = None,
        early_stopping_metric: str = "loss",
        early_stopping_metric_minimize: bool = True,
        name: str | None = None,
        check_interval_secs: float | None = 5,
    ) -> None:
        super().__init__(every_n_steps=every_n_steps, first_n_steps=-1)
        if x is None and input_fn is None:
            raise ValueError("Either x or input_fn should be provided.")
        self._data = {"x": x, "y": y, "input_fn": input_fn, "batch_size": batch_size}
        self._options = {"steps": eval_steps, "metrics": metrics, "hooks": hooks, "name": name}
        self._rounds = early_stopping_rounds
        self._metric = early_stopping_metric
        self._minimize = early_stopping_metric_minimize
        self._interval = check_interval_secs
        self._last_check: float | None = None
        self._latest_path: str | None = None
        self._best_value_step: int | None = None
        self._best_value: Any = None
        self._best_metrics: Any = None
        self._early_stopped = False

    @property
    def early_stopped(self) -> bool:
        return self._early_stopped

    @property
    def best_step(self) -> int | None:
        return self._best_value_step

    @property
    def best_value(self) -> Any:
        return self._best_value

    @property
    def best_metrics(self) -> Any:
        return self._best_metrics

    def every_n_step_end(self, step: int, outputs: dict[str, Any]) -> bool:
        if self._estimator is None:
            raise ValueError("Missing call to set_estimator.")
        now = time.time()
        if (
            self._interval is not None
            and self._last_check is not None
            and now - self._last_check < self._interval
        ):
            return False
        self._last_check = now
        path = latest_checkpoint(self._estimator.model_dir)
        if path is None or path == self._latest_path:
            logging.debug("Skipping evaluation, no new checkpoint: step %d", step)
            return False
        self._latest_path = path
        found = self._estimator.evaluate(**self._data, **self._options)
        shown = ", ".join(f"{key} = {value!s}" for key, value in sorted(found.items()))
        logging.info("Validation (step %d): %s", step, shown)
        if self._rounds is None:
            return False
        if self._metric not in found:
            raise ValueError(f"Metric {self._metric} missing from outputs {sorted(found)}.")
        value = found[self._metric]
        if self._best_value is None or (
            value < self._best_value if self._minimize else value > self._best_value
        ):
            self._best_value, self._best_metrics, self._best_value_step = value, found, step
        assert self._best_value_step is not None
        if step - self._best_value_step < self._rounds:
            return False
        logging.info(
            "Stopping. Best step: %s with %s = %s.",
            self._best_value_step,
            self._metric,
            self._best_value,
        )
        self._early_stopped = True
        return True


class RunHookAdapterForMonitors(SessionRunHook):
    """Monitors as one hook."""

    def __init__(self, monitors: list[BaseMonitor]) -> None:
        self._monitors = monitors

    def begin(self) -> None:
        self._last_step: int | None = None
        self._global_step_tensor = training_util.get_global_step()
        for monitor in self._monitors:
            monitor.begin(max_steps=None)

    def before_run(self, run_context: Any) -> SessionRunArgs:
        step_tensor = self._global_step_tensor
        if self._last_step is None:
            self._last_step = run_context.session.run(step_tensor) + 1
        graph = scopes.get_default_graph()
        fetches: dict[str, Any] = {}
        for monitor in self._monitors:
            for item in monitor.step_begin(self._last_step) or []:
                tensor = graph.as_graph_element(item)
                fetches[_name(tensor)] = tensor
        return SessionRunArgs((fetches, step_tensor))

    def after_run(self, run_context: Any, run_values: Any) -> None:
        outputs, step = run_values.results
        self._last_step = int(step) + 1
        stops = [monitor.step_end(int(step), outputs) for monitor in self._monitors]
        if any(stops):
            run_context.request_stop()
        for monitor in self._monitors:
            monitor.post_step(int(step), run_context.session)

    def end(self, session: Any) -> None:
        self._last_step = None
        for monitor in self._monitors:
            monitor.end(session=session)


def replace_monitors_with_hooks(monitors_or_hooks: Any, estimator: Any) -> list[SessionRunHook]:
    """Hooks as they are, and one for all monitors, which get to know the estimator."""
    given = list(monitors_or_hooks or [])
    hooks = [item for item in given if isinstance(item, SessionRunHook)]
    monitors = [item for item in given if isinstance(item, BaseMonitor)]
    for item in given:
        if not isinstance(item, (SessionRunHook, BaseMonitor)):
            raise ValueError(f"Neither a monitor nor a SessionRunHook: {item}")
    for monitor in monitors:
        monitor.set_estimator(estimator)
    return [*hooks, RunHookAdapterForMonitors(monitors)] if monitors else hooks


def _name(tensor: Any) -> str:
    name = tensor if isinstance(tensor, str) else tensor.name
    return name if ":" in name else f"{name}:0"
