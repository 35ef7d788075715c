"""`tf.contrib.training.evaluate_once`, `evaluate_repeatedly` and their hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.summary.file_writer import FileWriterCache
from tf1x.lib.train import evaluation, training_util
from tf1x.lib.train.basic_session_run_hooks import FinalOpsHook
from tf1x.lib.train.checkpoint_utils import checkpoints_iterator
from tf1x.lib.train.evaluation import (
    StopAfterNEvalsHook,
    evaluate_once,
    get_or_create_eval_step,
)
from tf1x.lib.train.monitored_session import MonitoredSession
from tf1x.lib.train.scaffold import Scaffold
from tf1x.lib.train.session_creators import ChiefSessionCreator
from tf1x.lib.train.session_run_hook import SessionRunHook
from tf1x.ops.summary_functions import merge_all

__all__ = [
    "StopAfterNEvalsHook",
    "SummaryAtEndHook",
    "evaluate_once",
    "evaluate_repeatedly",
    "get_or_create_eval_step",
]


class SummaryAtEndHook(SessionRunHook):
    """Writes summaries at the end of a session.

    Args:
        log_dir: the folder, unless a `summary_writer` is given.
        summary_op: by default all summaries of the graph.
        feed_dict: fed to it.
    """

    def __init__(
        self,
        log_dir: Any = None,
        summary_writer: Any = None,
        summary_op: Any = None,
        feed_dict: Any = None,
    ) -> None:
        if summary_writer is None and log_dir is None:
            raise ValueError("Either log_dir or summary_writer must be given.")
        self._log_dir = log_dir
        self._summary_writer = summary_writer
        self._summary_op = summary_op
        self._feed_dict = feed_dict

    def begin(self) -> None:
        if self._summary_op is None:
            self._summary_op = Scaffold.get_or_default(
                "summary_op", GraphKeys.SUMMARY_OP, merge_all
            )
        self._global_step = training_util.get_or_create_global_step()

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._summary_writer is None:
            self._summary_writer = FileWriterCache.get(self._log_dir)

    def end(self, session: Any) -> None:
        step = training_util.global_step(session, self._global_step)
        summary = session.run(self._summary_op, self._feed_dict)
        self._summary_writer.add_summary(summary, step)
        self._summary_writer.flush()


def evaluate_repeatedly(
    checkpoint_dir: Any,
    master: str = "",
    scaffold: Any = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    eval_interval_secs: float = 60,
    hooks: Any = None,
    config: Any = None,
    max_number_of_evaluations: int | None = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Any:
    """Evaluate a folder's checkpoints as they appear.

    Args:
        eval_interval_secs: the least time from one evaluation to the next.
        max_number_of_evaluations: None for no limit.
        timeout: the longest time to wait for a checkpoint.
        timeout_fn: called when that has passed; the evaluations end where it says True.
        The others are those of `evaluate_once`.

    Returns:
        the last values of `final_ops`.
    """
    eval_ops = evaluation.with_eval_step(eval_ops, hooks or [])
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    all_hooks = [*(hooks or []), final]
    paths = checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for count, path in enumerate(paths, 1):
        creator = ChiefSessionCreator(
            scaffold=scaffold,
            checkpoint_filename_with_path=path,
            master=master,
            config=config,
        )
        with MonitoredSession(session_creator=creator, hooks=all_hooks) as session:
            logging.info("Starting evaluation of %s", path)
            if eval_ops is not None:
                while not session.should_stop():
                    session.run(eval_ops, feed_dict)
        if max_number_of_evaluations is not None and count >= max_number_of_evaluations:
            break
    return final.final_ops_values
