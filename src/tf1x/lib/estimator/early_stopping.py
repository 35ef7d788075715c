"""`tf.estimator.experimental.stop_if_no_decrease_hook` and kin: ending training early."""

from __future__ import annotations

import glob
import operator
import os
from collections.abc import Callable
from typing import Any

from tf1x.core.files import local_path
from tf1x.lib import logging
from tf1x.lib.estimator.estimator import Estimator
from tf1x.lib.train.basic_session_run_hooks import global_step_read
from tf1x.lib.train.hook_timers import SecondOrStepTimer
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook


class _StopOnPredicateHook(SessionRunHook):
    def __init__(
        self,
        should_stop_fn: Callable[[], bool],
        run_every_secs: float | None,
        run_every_steps: int | None,
    ) -> None:
        if not callable(should_stop_fn):
            raise TypeError("`should_stop_fn` must be callable.")
        self._should_stop_fn = should_stop_fn
        self._timer = SecondOrStepTimer(run_every_secs, run_every_steps)

    def begin(self) -> None:
        self._global_step_tensor = global_step_read("an early stopping hook")

    def before_run(self, run_context: Any) -> SessionRunArgs:
        return SessionRunArgs(self._global_step_tensor)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        step = run_values.results
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._should_stop_fn():
                logging.info("Requesting early stopping at global step %d", step)
                run_context.request_stop()


def make_early_stopping_hook(
    estimator: Any,
    should_stop_fn: Callable[[], bool],
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """A hook for `Estimator.train` that stops when a function says so.

    Args:
        run_every_secs, run_every_steps: how often it is asked; one of them.

    Raises:
        TypeError: no Estimator, or no function.
        ValueError: not exactly one of the two intervals.
    """
    if not isinstance(estimator, Estimator):
        raise TypeError(
            f"`estimator` must have type `tf.estimator.Estimator`. Got: {type(estimator)}"
        )
    if run_every_secs is not None and run_every_steps is not None:
        raise ValueError("Only one of `run_every_secs` and `run_every_steps` must be set.")
    return _StopOnPredicateHook(should_stop_fn, run_every_secs, run_every_steps)


def stop_if_higher_hook(
    estimator: Any,
    metric_name: str,
    threshold: float,
    eval_dir: Any = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Stop when an evaluation's metric is above a threshold, from step `min_steps` on."""
    return _threshold_hook(operator.gt, estimator, metric_name, threshold, eval_dir, min_steps, run_every_secs, run_every_steps)  # fmt: skip


def stop_if_lower_hook(
    estimator: Any,
    metric_name: str,
    threshold: float,
    eval_dir: Any = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Stop when an evaluation's metric is below a threshold, from step `min_steps` on."""
    return _threshold_hook(operator.lt, estimator, metric_name, threshold, eval_dir, min_steps, run_every_secs, run_every_steps)  # fmt: skip


def stop_if_no_increase_hook(
    estimator: Any,
    metric_name: str,
    max_steps_without_increase: int,
    eval_dir: Any = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Stop when a metric did not become greater for so many steps."""
    return _improvement_hook(operator.gt, estimator, metric_name, max_steps_without_increase, eval_dir, min_steps, run_every_secs, run_every_steps)  # fmt: skip


def stop_if_no_decrease_hook(
    estimator: Any,
    metric_name: str,
    max_steps_without_decrease: int,
    eval_dir: Any = None,
    min_steps: int = 0,
    run_every_secs: float | None = 60,
    run_every_steps: int | None = None,
) -> SessionRunHook:
    """Stop when a metric did not become smaller for so many steps."""
    return _improvement_hook(operator.lt, estimator, metric_name, max_steps_without_decrease, eval_dir, min_steps, run_every_secs, run_every_steps)  # fmt: skip


def read_eval_metrics(eval_dir: Any) -> dict[int, dict[str, float]]:
    """The metrics that evaluations wrote to a folder, by global step, in its order."""
    from tf1x.lib.summary.event_file import summary_iterator

    found: dict[int, dict[str, float]] = {}
    for path in sorted(glob.glob(os.path.join(local_path(eval_dir), "*.tfevents.*"))):
        for event in summary_iterator(path):
            values = {
                v.tag: v.simple_value for v in event.summary.value if v.HasField("simple_value")
            }
            if values:
                found[event.step] = values
    return dict(sorted(found.items()))


def _history(estimator: Any, eval_dir: Any, name: str, min_steps: int) -> list[tuple[int, float]]:
    metrics = read_eval_metrics(eval_dir or estimator.eval_dir())
    return [(step, values[name]) for step, values in metrics.items() if step >= min_steps]


def _threshold_hook(
    beyond: Any, estimator: Any, name: str, threshold: float, eval_dir: Any, min_steps: int,
    secs: float | None, steps: int | None,
) -> SessionRunHook:  # fmt: skip
    def should_stop() -> bool:
        for step, value in _history(estimator, eval_dir, name, min_steps):
            if beyond(value, threshold):
                logging.info(
                    'At step %s, metric "%s" has value %s beyond the threshold %s.',
                    step, name, value, threshold,
                )  # fmt: skip
                return True
        return False

    return make_early_stopping_hook(estimator, should_stop, secs, steps)


def _improvement_hook(
    better: Any, estimator: Any, name: str, patience: int, eval_dir: Any, min_steps: int,
    secs: float | None, steps: int | None,
) -> SessionRunHook:  # fmt: skip
    def should_stop() -> bool:
        best: tuple[int, float] | None = None
        for step, value in _history(estimator, eval_dir, name, min_steps):
            if best is None or better(value, best[1]):
                best = (step, value)
            elif step - best[0] >= patience:
                logging.info(
                    'No improvement of metric "%s" for %s steps; best was %s at step %s.',
                    name, step - best[0], best[1], best[0],
                )  # fmt: skip
                return True
        return False

    return make_early_stopping_hook(estimator, should_stop, secs, steps)
