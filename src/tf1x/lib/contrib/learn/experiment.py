"""`tf.contrib.learn.Experiment`: an estimator with what it is trained and evaluated on."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.contrib.learn.estimator import Estimator
from tf1x.lib.contrib.learn.export_strategy import ExportStrategy
from tf1x.lib.contrib.learn.monitors import ValidationMonitor, replace_monitors_with_hooks
from tf1x.lib.estimator.estimator import Estimator as CoreEstimator
from tf1x.lib.estimator.results import global_step_of
from tf1x.lib.train.checkpoint_management import latest_checkpoint
from tf1x.lib.train.server import Server


class Experiment:
    """Trains and evaluates an estimator of `tf.contrib.learn` or `tf.estimator`.

    Args:
        estimator: the estimator.
        train_input_fn, eval_input_fn: give the data.
        eval_metrics: `MetricSpec`s by name, for an estimator of contrib.learn.
        train_steps: how many steps to train; None: until the input is used up.
        eval_steps: how many batches to evaluate; None: all.
        train_monitors: monitors or hooks; eval_hooks: hooks of evaluations.
        eval_delay_secs: how long to wait before the first evaluation by `evaluate`.
        continuous_eval_throttle_secs: how many seconds to leave between evaluations.
        min_eval_frequency: `train_and_evaluate` looks every so many steps for a new checkpoint;
            0: evaluate only at the end.
        export_strategies: `ExportStrategy`s, used after evaluations.
        train_steps_per_iteration: steps from one evaluation to the next, for
            `continuous_train_and_eval`.
        saving_listeners: told of checkpoints, with an estimator of `tf.estimator`.

    Raises:
        ValueError: no estimator, or metrics for one of `tf.estimator`.
    """

    def __init__(
        self,
        estimator: Any,
        train_input_fn: Callable[..., Any],
        eval_input_fn: Callable[..., Any],
        eval_metrics: Any = None,
        train_steps: int | None = None,
        eval_steps: int | None = 100,
        train_monitors: Any = None,
        eval_hooks: Any = None,
        local_eval_frequency: int | None = None,
        eval_delay_secs: float = 120,
        continuous_eval_throttle_secs: float = 60,
        min_eval_frequency: int | None = None,
        delay_workers_by_global_step: bool = False,
        export_strategies: Any = None,
        train_steps_per_iteration: int | None = None,
        checkpoint_and_export: bool = False,
        saving_listeners: Any = None,
        check_interval_secs: float = 5,
    ) -> None:
        if not isinstance(estimator, (Estimator, CoreEstimator)):
            raise ValueError(
                "`estimator` must implement `tf.contrib.learn.Estimator` or `tf.estimator.Estimator`."
            )
        self._is_core = isinstance(estimator, CoreEstimator)
        if self._is_core and eval_metrics is not None:
            raise ValueError("`eval_metrics` must be `None` with `tf.estimator.Estimator`.")
        if not self._is_core and saving_listeners is not None:
            raise ValueError("`saving_listeners` must be `None` with `tf.contrib.learn.Estimator`.")
        self._estimator = estimator
        self._train_input_fn = train_input_fn
        self._eval_input_fn = eval_input_fn
        self._eval_metrics = eval_metrics
        self._train_steps = train_steps
        self._eval_steps = eval_steps
        self._train_monitors = list(train_monitors or [])
        self._eval_hooks = list(eval_hooks or [])
        self._eval_delay_secs = eval_delay_secs
        self._throttle_secs = continuous_eval_throttle_secs
        self._min_eval_frequency = (
            local_eval_frequency if min_eval_frequency is None else min_eval_frequency
        )
        self._train_steps_per_iteration = train_steps_per_iteration
        if train_steps_per_iteration is not None and (
            not isinstance(train_steps_per_iteration, int) or train_steps_per_iteration <= 0
        ):
            raise ValueError("`train_steps_per_iteration` must be an integer above 0.")
        self._saving_listeners = saving_listeners
        self._check_interval_secs = check_interval_secs
        self._set_export_strategies(export_strategies)

    @property
    def estimator(self) -> Any:
        return self._estimator

    @property
    def eval_metrics(self) -> Any:
        return self._eval_metrics

    @property
    def train_steps(self) -> int | None:
        return self._train_steps

    @property
    def eval_steps(self) -> int | None:
        return self._eval_steps

    def _set_export_strategies(self, strategies: Any) -> None:
        listed = [strategies] if isinstance(strategies, ExportStrategy) else list(strategies or [])
        for strategy in listed:
            if not isinstance(strategy, ExportStrategy):
                raise ValueError(
                    f"`export_strategies` must be ExportStrategy objects; got {strategy}."
                )
        self._export_strategies = listed

    def reset_export_strategies(self, new_export_strategies: Any = None) -> list[ExportStrategy]:
        """Replace the export strategies; returns those before."""
        before = self._export_strategies
        self._set_export_strategies(new_export_strategies)
        return before

    def extend_train_hooks(self, additional_hooks: Any) -> None:
        """Add hooks to training."""
        self._train_monitors += additional_hooks

    # -- training ------------------------------------------------------------------------------

    def train(self, delay_secs: float | None = None) -> Any:
        """Train for `train_steps`; returns the estimator."""
        if delay_secs:
            logging.info("Waiting %s secs before starting training.", delay_secs)
            time.sleep(delay_secs)
        return self._train(self._train_steps)

    def _train(self, max_steps: int | None, monitors: Any = ()) -> Any:
        given = [*self._train_monitors, *monitors]
        if self._is_core:
            hooks = replace_monitors_with_hooks(given, self._estimator)
            return self._estimator.train(
                self._train_input_fn,
                max_steps=max_steps,
                hooks=hooks,
                saving_listeners=self._saving_listeners,
            )
        return self._estimator.fit(
            input_fn=self._train_input_fn, max_steps=max_steps, monitors=given
        )

    # -- evaluation ----------------------------------------------------------------------------

    def evaluate(self, delay_secs: float | None = None, name: str | None = None) -> Any:
        """The metrics of the latest checkpoint."""
        delay = self._eval_delay_secs if delay_secs is None else delay_secs
        if delay:
            logging.info("Waiting %s secs before starting eval.", delay)
            time.sleep(delay)
        return self._evaluate(self._eval_input_fn, name, self._eval_steps)

    local_run_name = "one_pass"

    def _evaluate(
        self, input_fn: Any, name: str | None, steps: int | None, path: Any = None
    ) -> Any:
        options: dict[str, Any] = {
            "input_fn": input_fn,
            "steps": steps,
            "name": name,
            "hooks": self._eval_hooks,
            "checkpoint_path": path,
        }
        if not self._is_core:
            options["metrics"] = self._eval_metrics
        return self._estimator.evaluate(**options)

    def continuous_eval(
        self,
        delay_secs: float | None = None,
        throttle_delay_secs: float | None = None,
        evaluate_checkpoint_only_once: bool = True,
        continuous_eval_predicate_fn: Callable[[Any], bool] | None = None,
        name: str = "continuous",
    ) -> Any:
        """Evaluate each new checkpoint until that of the last training step.

        Args:
            continuous_eval_predicate_fn: is given the last metrics; returns whether to go on.
        """
        return self._continuous_eval(
            self._eval_input_fn,
            name,
            delay_secs,
            throttle_delay_secs,
            evaluate_checkpoint_only_once,
            continuous_eval_predicate_fn,
        )

    def continuous_eval_on_train_data(
        self,
        delay_secs: float | None = None,
        throttle_delay_secs: float | None = None,
        continuous_eval_predicate_fn: Callable[[Any], bool] | None = None,
        name: str = "continuous_on_train_data",
    ) -> Any:
        """`continuous_eval` on the training data."""
        return self._continuous_eval(
            self._train_input_fn,
            name,
            delay_secs,
            throttle_delay_secs,
            True,
            continuous_eval_predicate_fn,
        )

    def _continuous_eval(
        self,
        input_fn: Any,
        name: str,
        delay_secs: float | None,
        throttle_secs: float | None,
        only_once: bool,
        go_on: Callable[[Any], bool] | None,
    ) -> Any:
        time.sleep(self._eval_delay_secs if delay_secs is None else delay_secs)
        throttle = self._throttle_secs if throttle_secs is None else throttle_secs
        previous, found = None, None
        while go_on is None or go_on(found):
            started = time.monotonic()
            path = latest_checkpoint(self._estimator.model_dir)
            if not path:
                logging.warning("Estimator is not trained yet, will start eval when it is.")
            elif only_once and path == previous:
                logging.warning("No new checkpoint ready for evaluation; skipping.")
            else:
                found = self._evaluate(input_fn, name, self._eval_steps, path)
                self._maybe_export(found, path)
                previous = path
                if self._train_steps and found[GraphKeys.GLOBAL_STEP] >= self._train_steps:
                    return found
            time.sleep(max(0.0, throttle - (time.monotonic() - started)))
        return found

    # -- both ----------------------------------------------------------------------------------

    def train_and_evaluate(self) -> tuple[Any, list[Any]]:
        """Train, evaluating on the way, then evaluate and export.

        Returns:
            the metrics, and what the export strategies returned.
        """
        monitors: list[Any] = []
        if self._min_eval_frequency is None:
            self._min_eval_frequency = 1
        if self._min_eval_frequency and not self._is_core:
            monitors.append(
                ValidationMonitor(
                    input_fn=self._eval_input_fn,
                    eval_steps=self._eval_steps,
                    metrics=self._eval_metrics,
                    every_n_steps=self._min_eval_frequency,
                    name=self.local_run_name,
                    hooks=self._eval_hooks,
                    check_interval_secs=self._check_interval_secs,
                )
            )
        elif self._min_eval_frequency:
            self._train_and_evaluate_core()
            monitors = []
        if not (self._is_core and self._min_eval_frequency):
            self._train(self._train_steps, monitors)
        path = latest_checkpoint(self._estimator.model_dir)
        found = self._evaluate(self._eval_input_fn, self.local_run_name, self._eval_steps, path)
        return found, self._maybe_export(found, path)

    def _train_and_evaluate_core(self) -> None:
        """Train an estimator of `tf.estimator`, evaluating it after each checkpoint."""
        from tf1x.lib.estimator.training import EvalSpec, TrainSpec, train_and_evaluate

        hooks = replace_monitors_with_hooks(self._train_monitors, self._estimator)
        train = TrainSpec(self._train_input_fn, self._train_steps, hooks, self._saving_listeners)
        evaluation = EvalSpec(
            self._eval_input_fn,
            steps=self._eval_steps,
            name=self.local_run_name,
            hooks=self._eval_hooks,
            throttle_secs=self._check_interval_secs,
        )
        train_and_evaluate(self._estimator, train, evaluation)

    def continuous_train_and_eval(
        self, continuous_eval_predicate_fn: Callable[[Any], bool] | None = None
    ) -> tuple[Any, list[Any]]:
        """Train and evaluate in turn, `train_steps_per_iteration` steps at a time.

        Args:
            continuous_eval_predicate_fn: is given the last metrics; returns whether to go on.
        """
        steps = self._train_steps_per_iteration
        if steps is None:
            steps = max(1, math.ceil((self._train_steps or 1000) / 10))
        found, exported = None, []  # type: ignore[var-annotated]
        while continuous_eval_predicate_fn is None or continuous_eval_predicate_fn(found):
            goal = global_step_of(self._estimator.model_dir) + steps
            self._train(goal if self._train_steps is None else min(goal, self._train_steps))
            path = latest_checkpoint(self._estimator.model_dir)
            found = self._evaluate(self._eval_input_fn, self.local_run_name, self._eval_steps, path)
            exported = self._maybe_export(found, path)
            if self._train_steps is not None and found[GraphKeys.GLOBAL_STEP] >= self._train_steps:
                break
        return found, exported

    def _maybe_export(self, found: Any, path: Any = None) -> list[Any]:
        """Export what the strategies want (TensorFlow's name: google/seq2seq calls it)."""
        folder = os.path.join(self._estimator.model_dir, "export")
        return [
            strategy.export(
                self._estimator,
                os.path.join(folder, strategy.name),
                checkpoint_path=path,
                eval_result=found,
            )
            for strategy in self._export_strategies
        ]

    def local_run(self) -> Any:
        """`train_and_evaluate`."""
        return self.train_and_evaluate()

    def test(self) -> Any:
        """One step of training, one of evaluation."""
        self._train(1)
        found = self._evaluate(self._eval_input_fn, self.local_run_name, 1)
        return found, self._maybe_export(found, latest_checkpoint(self._estimator.model_dir))

    def run_std_server(self) -> None:
        """Serve for others until the program is ended.

        Raises:
            UnsupportedError: the cluster has several tasks.
        """
        config = self._estimator.config
        if not config.cluster_spec:
            raise UnsupportedError(
                "Experiment.run_std_server: TF_CONFIG has no cluster; tf1x runs in one process. Use "
                "the schedule train_and_evaluate."
            )
        Server(config.cluster_spec, config.task_type, config.task_id).join()
