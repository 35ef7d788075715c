"""`tf.contrib.learn.learn_runner.run`: an experiment, run by the name of one of its methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.lib.contrib.learn.experiment import Experiment
from tf1x.lib.contrib.learn.run_config import RunConfig
from tf1x.lib.estimator.run_config import RunConfig as CoreRunConfig
from tf1x.lib.estimator.run_config import TaskType


def run(
    experiment_fn: Callable[..., Experiment],
    output_dir: Any = None,
    schedule: str | None = None,
    run_config: Any = None,
    hparams: Any = None,
) -> Any:
    """Make an experiment and call one of its methods.

    Args:
        experiment_fn: `experiment_fn(run_config, hparams)` with a `run_config`, else
            `experiment_fn(output_dir)`.
        output_dir: the folder of the estimator; the older way.
        schedule: the method's name; by default what this process is to do: train_and_evaluate
            where it is alone.
        run_config: a `RunConfig` with a model_dir.
        hparams: handed on.

    Returns:
        what the method returns.

    Raises:
        ValueError: both or neither of output_dir and run_config, or no such method.
        TypeError: experiment_fn returns something else.
    """
    experiment = _experiment(experiment_fn, output_dir, run_config, hparams)
    config = experiment.estimator.config
    name = schedule or _default_schedule(config)
    method = getattr(experiment, name, None)
    if method is None:
        tasks = [n for n in dir(experiment) if not n.startswith("_") and callable(getattr(experiment, n))]  # fmt: skip
        raise ValueError(f"Schedule references non-existent task {name!r}; there are {tasks}.")
    if not callable(method):
        raise TypeError(f"Schedule references non-callable member {name!r}.")
    return method()


def _experiment(
    experiment_fn: Callable[..., Experiment], output_dir: Any, run_config: Any, hparams: Any
) -> Experiment:
    if not callable(experiment_fn):
        raise TypeError(f"Experiment builder [{experiment_fn}] is not callable.")
    if output_dir is not None and run_config is not None:
        raise ValueError("Cannot provide both `output_dir` and `run_config`.")
    if run_config is None:
        if not output_dir:
            raise ValueError("Must specify an output directory.")
        if hparams is not None:
            raise ValueError("You must set `run_config` to use `hparams`.")
        experiment = experiment_fn(output_dir)
    else:
        if not isinstance(run_config, (RunConfig, CoreRunConfig)):
            raise ValueError("`run_config` must be `tf.contrib.learn.RunConfig` instance.")
        if not run_config.model_dir:
            raise ValueError("Must specify a model directory `model_dir` in `run_config`.")
        experiment = experiment_fn(run_config=run_config, hparams=hparams)
    if not isinstance(experiment, Experiment):
        raise TypeError("Experiment builder did not return an Experiment instance.")
    given = run_config.model_dir if run_config is not None else output_dir
    if experiment.estimator.model_dir != given and run_config is not None:
        raise RuntimeError(
            "The experiment's estimator does not use `run_config`: its model_dir is "
            f"{experiment.estimator.model_dir}."
        )
    return experiment


def _default_schedule(config: Any) -> str:
    if not config.task_type or not config.cluster_spec:
        return "train_and_evaluate"
    names = {TaskType.MASTER: "train_and_evaluate", TaskType.PS: "run_std_server", TaskType.WORKER: "train"}  # fmt: skip
    name = names.get(config.task_type)
    if name is None:
        raise UnsupportedError(
            f"tf.contrib.learn.learn_runner: no default schedule for the task {config.task_type}; "
            "give one."
        )
    return name


def tune(experiment_fn: Callable[..., Experiment], tuner: Any) -> None:
    """Run experiments with the parameters that a tuner hands out."""
    while tuner.next_trial():
        tuner.run_experiment(experiment_fn)
