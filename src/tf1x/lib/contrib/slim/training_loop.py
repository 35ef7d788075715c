"""`slim.learning.train`: a training run under a `Supervisor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import scopes
from tf1x.core.errors import OutOfRangeError, UnsupportedError
from tf1x.core.graph import Graph
from tf1x.lib import logging
from tf1x.lib.contrib.slim.learning import train_step as _train_step
from tf1x.lib.train.supervisor import Supervisor
from tf1x.lib.train.training_util import get_or_create_global_step
from tf1x.ops.math import Equal, GreaterEqual

_USE_DEFAULT = 0


def train(
    train_op: Any,
    logdir: Any,
    train_step_fn: Callable[..., Any] = _train_step,
    train_step_kwargs: Any = _USE_DEFAULT,
    log_every_n_steps: int = 1,
    graph: Graph | None = None,
    master: str = "",
    is_chief: bool = True,
    global_step: Any = None,
    number_of_steps: int | None = None,
    init_op: Any = _USE_DEFAULT,
    init_feed_dict: Any = None,
    local_init_op: Any = _USE_DEFAULT,
    init_fn: Callable[[Any], None] | None = None,
    ready_op: Any = _USE_DEFAULT,
    summary_op: Any = _USE_DEFAULT,
    save_summaries_secs: float = 600,
    summary_writer: Any = _USE_DEFAULT,
    startup_delay_steps: int = 0,
    saver: Any = None,
    save_interval_secs: float = 600,
    sync_optimizer: Any = None,
    session_config: Any = None,
    session_wrapper: Callable[[Any], Any] | None = None,
    trace_every_n_steps: int | None = None,
    ignore_live_threads: bool = False,
) -> Any:
    """Train until `number_of_steps`, or until the input is used up; goes on from a checkpoint.

    Args:
        train_op: made by `create_train_op`: its value is the loss.
        logdir: for checkpoints and summaries; None: nothing is written.
        train_step_fn: called as `train_step_fn(sess, train_op, global_step, train_step_kwargs)`,
            returns the loss and whether to stop.
        log_every_n_steps: how often the loss is logged.
        init_fn: called with the session when no checkpoint was found.
        ignore_live_threads: no error for threads that do not end.
        save_summaries_secs, save_interval_secs: how often summaries and checkpoints are written.

    Returns:
        the loss of the last step; None if there was none.

    Raises:
        ValueError: arguments that do not go together, or no train_op.
        UnsupportedError: `trace_every_n_steps`, `sync_optimizer`, or a wait for other workers.
    """
    if train_op is None:
        raise ValueError("train_op cannot be None.")
    if logdir is None and summary_op not in (None, _USE_DEFAULT):
        raise ValueError("Cannot provide summary_op because logdir=None")
    if logdir is None and saver is not None:
        raise ValueError("Cannot provide saver because logdir=None")
    for value, name in ((trace_every_n_steps, "trace_every_n_steps"),
                        (sync_optimizer, "sync_optimizer"),
                        (startup_delay_steps, "startup_delay_steps")):  # fmt: skip
        if value:
            raise UnsupportedError(
                f"slim.learning.train({name}=...): tf1x trains with one worker; to record a run use "
                "tf.train.ProfilerHook. Leave the argument out."
            )
    graph = graph or scopes.get_default_graph()
    with graph.as_default():
        if global_step is None:
            global_step = get_or_create_global_step()
        given = {
            "init_op": init_op, "local_init_op": local_init_op, "ready_op": ready_op,
            "summary_op": summary_op, "summary_writer": summary_writer,
        }  # fmt: skip
        given = {name: value for name, value in given.items() if value is not _USE_DEFAULT}
        if logdir is None:
            given |= {"summary_op": None, "summary_writer": None}
        if saver is not None:
            given["saver"] = saver
        if train_step_kwargs is _USE_DEFAULT:
            train_step_kwargs = _step_arguments(global_step, number_of_steps, log_every_n_steps)
        supervisor = Supervisor(
            graph=graph,
            is_chief=is_chief,
            logdir=logdir,
            init_feed_dict=init_feed_dict,
            global_step=global_step,
            save_summaries_secs=save_summaries_secs,
            save_model_secs=save_interval_secs,
            init_fn=init_fn,
            **given,
        )
    loss = None
    with supervisor.managed_session(
        master, start_standard_services=False, config=session_config
    ) as session:
        if session_wrapper is not None:
            session = session_wrapper(session)
        logging.info("Starting Session.")
        if is_chief and logdir:
            supervisor.start_standard_services(session)
        threads = supervisor.start_queue_runners(session)
        logging.info("Starting Queues.")
        try:
            while not supervisor.should_stop():
                loss, stop = train_step_fn(session, train_op, global_step, train_step_kwargs)
                if stop:
                    logging.info("Stopping Training.")
                    supervisor.request_stop()
        except OutOfRangeError as error:
            logging.info("Caught OutOfRangeError. Stopping Training. %s", error)
        if logdir and is_chief and supervisor.saver is not None:
            logging.info("Finished training! Saving model to disk.")
            supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
        if ignore_live_threads:
            supervisor.stop(threads, close_summary_writer=False, ignore_live_threads=True)
    return loss


def _step_arguments(global_step: Any, number_of_steps: int | None, every: int) -> dict[str, Any]:
    with scopes.name_scope("train_step"):
        found = {}
        if number_of_steps:
            found["should_stop"] = GreaterEqual(x=global_step, y=number_of_steps)
        if every > 0:
            found["should_log"] = Equal(x=global_step % every, y=0)
        return found
