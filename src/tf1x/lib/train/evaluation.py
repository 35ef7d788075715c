"""Evaluating a checkpoint: counting runs, and `evaluate_once`."""

from __future__ import annotations

import time
from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import int64
from tf1x.core.scopes import GraphKeys
from tf1x.lib import initializers, logging
from tf1x.lib.train.basic_session_run_hooks import FinalOpsHook
from tf1x.lib.train.monitored_session import MonitoredSession
from tf1x.lib.train.session_creators import ChiefSessionCreator
from tf1x.lib.train.session_run_hook import SessionRunArgs, SessionRunHook
from tf1x.lib.variable_functions import assign_add
from tf1x.lib.variable_scope import get_variable
from tf1x.ops.array import identity


def get_or_create_eval_step() -> Any:
    """The local variable that counts the runs of an evaluation.

    Raises:
        ValueError: the graph has several.
    """
    found = scopes.get_collection(GraphKeys.EVAL_STEP)
    if len(found) > 1:
        raise ValueError("Multiple tensors added to tf.GraphKeys.EVAL_STEP")
    if found:
        return found[0]
    return get_variable(
        "eval_step",
        shape=[],
        dtype=int64,
        initializer=initializers.Zeros(),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP],
    )


class StopAfterNEvalsHook(SessionRunHook):
    """Stops an evaluation after a number of runs (None: never), and logs how far it is."""

    def __init__(self, num_evals: int | None, log_progress: bool = True) -> None:
        self._num_evals = num_evals
        self._evals_completed: Any = None
        self._log_progress = log_progress
        self._log_frequency = 1 if num_evals is None or num_evals < 20 else num_evals // 10

    def set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        """Say which tensor has the number of runs."""
        self._evals_completed = updated_eval_step

    def before_run(self, run_context: Any) -> SessionRunArgs:
        return SessionRunArgs({"evals_completed": self._evals_completed})

    def after_run(self, run_context: Any, run_values: Any) -> None:
        done, wanted = run_values.results["evals_completed"], self._num_evals
        if self._log_progress:
            if wanted is None:
                logging.info("Evaluation [%d]", done)
            elif done % self._log_frequency == 0 or done == wanted:
                logging.info("Evaluation [%d/%d]", done, wanted)
        if wanted is not None and done >= wanted:
            run_context.request_stop()


def with_eval_step(eval_ops: Any, hooks: list[Any]) -> Any:
    """Ops to run again and again (one, a list or a dict), with one that counts the runs.

    Hooks that stop after a number of runs get to know the counter.
    """
    eval_step = get_or_create_eval_step()
    if eval_ops is None:
        return None
    update = assign_add(eval_step, 1, use_locking=True)
    if isinstance(eval_ops, dict):
        counted: Any = {**eval_ops, "update_eval_step": update}
        run_first = list(counted.values())
    else:
        listed = isinstance(eval_ops, (list, tuple))
        counted = run_first = [*eval_ops, update] if listed else [eval_ops, update]
    with scopes.control_dependencies(run_first):
        done = identity(eval_step.read_value())
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook.set_evals_completed_tensor(done)
    return counted


def evaluate_once(
    checkpoint_path: Any,
    master: str = "",
    scaffold: Any = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    hooks: Any = None,
    config: Any = None,
) -> Any:
    """Run ops on a checkpoint until a hook stops or the input is used up; then the `final_ops`.

    Args:
        checkpoint_path: the checkpoint; None to initialise instead.
        eval_ops: one op, a list or a dict of them, run again and again with `feed_dict`.
        final_ops: any nest of tensors, evaluated once with `final_ops_feed_dict`.
        hooks: `StopAfterNEvalsHook`s and others.

    Returns:
        the values of `final_ops`.
    """
    hooks = list(hooks or [])
    eval_ops = with_eval_step(eval_ops, hooks)
    logging.info("Starting evaluation at %s", time.strftime("%Y-%m-%dT%H:%M:%S"))
    creator = ChiefSessionCreator(
        scaffold=scaffold,
        checkpoint_filename_with_path=checkpoint_path,
        master=master,
        config=config,
    )
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    hooks.append(final)
    with MonitoredSession(session_creator=creator, hooks=hooks) as session:
        if eval_ops is not None:
            while not session.should_stop():
                session.run(eval_ops, feed_dict)
    logging.info("Finished evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S"))
    return final.final_ops_values
