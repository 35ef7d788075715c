"""`slim.evaluation`: measures of a checkpoint, or of checkpoints as they appear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.core.scopes import GraphKeys
from tf1x.lib.contrib.training.evaluation import SummaryAtEndHook, evaluate_repeatedly
from tf1x.lib.train import evaluation
from tf1x.lib.train.checkpoint_utils import checkpoints_iterator as checkpoints_iterator
from tf1x.lib.train.saver import Saver
from tf1x.lib.train.scaffold import Scaffold
from tf1x.ops.summary_functions import merge_all

__all__ = ["checkpoints_iterator", "evaluate_once", "evaluation_loop"]

_USE_DEFAULT = 0


def _hooks(
    num_evals: int, logdir: Any, summary_op: Any, summary_op_feed_dict: Any, hooks: Any
) -> list[Any]:
    found = [evaluation.StopAfterNEvalsHook(num_evals)]
    if summary_op is _USE_DEFAULT:
        summary_op = merge_all() if scopes.get_collection(GraphKeys.SUMMARIES) else None
    if summary_op is not None:
        found.append(
            SummaryAtEndHook(log_dir=logdir, summary_op=summary_op, feed_dict=summary_op_feed_dict)
        )
    return [*found, *(hooks or [])]


def _scaffold(initial_op: Any, initial_op_feed_dict: Any, variables_to_restore: Any) -> Scaffold:
    saver = None if variables_to_restore is None else Saver(variables_to_restore)
    return Scaffold(init_op=initial_op, init_feed_dict=initial_op_feed_dict, saver=saver)


def evaluate_once(
    master: str,
    checkpoint_path: Any,
    logdir: Any,
    num_evals: int = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _USE_DEFAULT,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    session_config: Any = None,
    hooks: Any = None,
) -> Any:
    """Run `eval_op` `num_evals` times on a checkpoint's variables.

    Args:
        master: "" for this process.
        logdir: where the summaries go.
        final_op: evaluated at the end.
        summary_op: by default all summaries of the graph; None: none.
        variables_to_restore: by default all that are saved.

    Returns:
        the value of `final_op`.
    """
    return evaluation.evaluate_once(
        checkpoint_path,
        master=master,
        scaffold=_scaffold(initial_op, initial_op_feed_dict, variables_to_restore),
        eval_ops=eval_op,
        feed_dict=eval_op_feed_dict,
        final_ops=final_op,
        final_ops_feed_dict=final_op_feed_dict,
        hooks=_hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks),
        config=session_config,
    )


def evaluation_loop(
    master: str,
    checkpoint_dir: Any,
    logdir: Any,
    num_evals: int = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    init_fn: Any = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _USE_DEFAULT,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None,
    session_config: Any = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
    hooks: Any = None,
) -> Any:
    """`evaluate_once` for each new checkpoint in a folder.

    Args:
        init_fn: accepted: the variables come from the checkpoint.
        eval_interval_secs: the least time from one evaluation to the next.
        max_number_of_evaluations: None for no limit.
        timeout, timeout_fn: how long to wait for a checkpoint, and whether to stop then.

    Returns:
        the last value of `final_op`.
    """
    return evaluate_repeatedly(
        checkpoint_dir,
        master=master,
        scaffold=_scaffold(initial_op, initial_op_feed_dict, variables_to_restore),
        eval_ops=eval_op,
        feed_dict=eval_op_feed_dict,
        final_ops=final_op,
        final_ops_feed_dict=final_op_feed_dict,
        eval_interval_secs=eval_interval_secs,
        hooks=_hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks),
        config=session_config,
        max_number_of_evaluations=max_number_of_evaluations,
        timeout=timeout,
        timeout_fn=timeout_fn,
    )
