"""`tf.train.MonitoredSession`: a session with hooks, threads, initialisation and recovery."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from tf1x.core import errors, scopes
from tf1x.core.scopes import GraphKeys
from tf1x.lib.train.basic_session_run_hooks import StepCounterHook, SummarySaverHook
from tf1x.lib.train.checkpoint_hooks import CheckpointSaverHook
from tf1x.lib.train.coordinator import Coordinator
from tf1x.lib.train.queue_runner import start_queue_runners
from tf1x.lib.train.scaffold import Scaffold
from tf1x.lib.train.session_creators import (
    ChiefSessionCreator,
    SessionCreator,
    WorkerSessionCreator,
)
from tf1x.lib.train.wrapped_sessions import (
    CoordinatedSession,
    HookedSession,
    RecoverableSession,
    StepContext,
)

USE_DEFAULT = object()


class _CoordinatedSessionCreator(SessionCreator):
    """Sessions with their queue runners started, within what stops them together."""

    def __init__(self, creator: SessionCreator, hooks: Any, stop_grace_period_secs: float) -> None:
        self._creator = creator
        self._hooks = hooks
        self._stop_grace_period_secs = stop_grace_period_secs
        self.coord: Coordinator | None = None
        self.tf_sess: Any = None

    def create_session(self) -> Any:
        self.tf_sess = self._creator.create_session()
        # Nothing is a clean stop: that the input is used up is to reach the program's own run.
        self.coord = Coordinator(clean_stop_exception_types=[])
        if scopes.get_collection(GraphKeys.QUEUE_RUNNERS):
            start_queue_runners(sess=self.tf_sess, coord=self.coord)
        for hook in self._hooks:
            hook.after_create_session(self.tf_sess, self.coord)
        return CoordinatedSession(
            HookedSession(self.tf_sess, self._hooks), self.coord, self._stop_grace_period_secs
        )


class _MonitoredSession:
    """What both kinds share: one recovers from lost sessions, the other does not."""

    StepContext = StepContext

    def __init__(
        self,
        session_creator: SessionCreator | None,
        hooks: Any,
        should_recover: bool,
        stop_grace_period_secs: float = 120,
    ) -> None:
        self._graph_was_finalized = scopes.get_default_graph().finalized
        self._hooks = hooks or []
        for hook in self._hooks:
            hook.begin()
        self._coordinated_creator = _CoordinatedSessionCreator(
            session_creator or ChiefSessionCreator(), self._hooks, stop_grace_period_secs
        )
        self._sess: Any = (
            RecoverableSession(self._coordinated_creator)
            if should_recover
            else self._coordinated_creator.create_session()
        )

    @property
    def graph(self) -> Any:
        """The graph; None once the session is closed."""
        session = self._tf_sess()
        return None if session is None else session.graph

    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        """As `Session.run`, with the hooks around it.

        Raises:
            RuntimeError: the session should stop, or is closed.
        """
        if self._sess is None:
            raise RuntimeError("Attempted to use a closed MonitoredSession.")
        return self._sess.run(
            fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata
        )

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """What `step_fn(step_context)` returns; see `StepContext`.

        Raises:
            ValueError: it takes other arguments.
            StopIteration: it asked to stop.
        """
        names = tuple(inspect.signature(step_fn).parameters)
        if names not in (("step_context",), ("self", "step_context")):
            raise ValueError(
                "`step_fn` may either have one `step_context` argument, or `self` and `step_context` "
                f"arguments if it's an instance method. Got {names} instead."
            )
        return self._sess.run_step_fn(step_fn, self._tf_sess(), run_with_hooks=None)

    def should_stop(self) -> bool:
        """Whether a hook or a thread asked to stop, or the session is closed."""
        return self._sess is None or self._sess.should_stop()

    def close(self) -> None:
        """Let the hooks end, stop the threads, close the session; the graph may be changed again."""
        self._close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, exception_type: Any, exception_value: Any, traceback: Any) -> bool:
        if exception_type in (errors.OutOfRangeError, StopIteration):
            exception_type = None
        self._close(exception_type)
        return exception_type is None

    def _close(self, exception_type: Any = None) -> None:
        try:
            if not exception_type:
                for hook in self._hooks:
                    hook.end(self._tf_sess())
        finally:
            try:
                if self._sess is None:
                    raise RuntimeError("Session is already closed.")
                self._sess.close()
            finally:
                self._sess = None
                self._coordinated_creator.tf_sess = None
                self._coordinated_creator.coord = None
                if not self._graph_was_finalized:
                    scopes.get_default_graph()._unsafe_unfinalize()

    def _is_closed(self) -> bool:
        return self._tf_sess() is None

    def _tf_sess(self) -> Any:
        return self._coordinated_creator.tf_sess


class MonitoredSession(_MonitoredSession):
    """A session that initialises, checkpoints by hooks, and recovers.

        with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(1000)]) as sess:
            while not sess.should_stop():
                sess.run(train_op)

    Entering it finalizes the graph and starts the queue runners. A run that raises AbortedError or
    UnavailableError is repeated in a new session. Leaving the block by OutOfRangeError or
    StopIteration is a clean end; any other exception closes without calling the hooks' `end`.

    Args:
        session_creator: by default a `ChiefSessionCreator()`.
        hooks: called in their order.
        stop_grace_period_secs: how long threads may take to end after a stop.
    """

    def __init__(
        self,
        session_creator: SessionCreator | None = None,
        hooks: Any = None,
        stop_grace_period_secs: float = 120,
    ) -> None:
        super().__init__(session_creator, hooks, True, stop_grace_period_secs)


class SingularMonitoredSession(_MonitoredSession):
    """A monitored session that does not recover; `raw_session()` is the session itself.

    Args: those of `ChiefSessionCreator` and `MonitoredSession`.
    """

    def __init__(
        self,
        hooks: Any = None,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: Any = None,
        stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: Any = None,
    ) -> None:
        creator = ChiefSessionCreator(
            scaffold=scaffold,
            master=master,
            config=config,
            checkpoint_dir=checkpoint_dir,
            checkpoint_filename_with_path=checkpoint_filename_with_path,
        )
        super().__init__(creator, hooks, False, stop_grace_period_secs)

    def raw_session(self) -> Any:
        """The `tf.Session`, without hooks."""
        return self._tf_sess()


def MonitoredTrainingSession(
    master: str = "",
    is_chief: bool = True,
    checkpoint_dir: Any = None,
    scaffold: Scaffold | None = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: Any = USE_DEFAULT,
    save_summaries_steps: Any = USE_DEFAULT,
    save_summaries_secs: Any = USE_DEFAULT,
    config: Any = None,
    stop_grace_period_secs: float = 120,
    log_step_count_steps: int | None = 100,
    max_wait_secs: float = 7200,
    save_checkpoint_steps: Any = USE_DEFAULT,
    summary_dir: Any = None,
    save_graph_def: bool = True,
) -> MonitoredSession:
    """A monitored session for training, with hooks that save, count and summarise.

    Args:
        master: the target of the session.
        is_chief: initialise and save; otherwise wait for who does.
        checkpoint_dir: restored from where it has a checkpoint, and saved to.
        scaffold: by default a `Scaffold()`.
        hooks: more hooks; `chief_only_hooks` those of the chief.
        save_checkpoint_secs, save_checkpoint_steps: by default every 600 seconds; None or 0: never.
        save_summaries_steps, save_summaries_secs: by default every 100 steps; None or 0: never.
        log_step_count_steps: how often steps per second are logged.
        summary_dir: for summaries, by default `checkpoint_dir`.
        save_graph_def: write the graph beside the checkpoints.
    """
    summaries = _interval(save_summaries_steps, save_summaries_secs, (100, None))
    checkpoints = _interval(save_checkpoint_steps, save_checkpoint_secs, (None, 600))
    scaffold = scaffold or Scaffold()
    if not is_chief:
        worker = WorkerSessionCreator(scaffold, master, config, max_wait_secs)
        return MonitoredSession(worker, hooks or [], stop_grace_period_secs)
    creator = ChiefSessionCreator(
        scaffold=scaffold, checkpoint_dir=checkpoint_dir, master=master, config=config
    )
    all_hooks = list(chief_only_hooks or [])
    summary_dir = summary_dir or checkpoint_dir
    if summary_dir and log_step_count_steps and log_step_count_steps > 0:
        all_hooks.append(
            StepCounterHook(output_dir=summary_dir, every_n_steps=log_step_count_steps)
        )
    if summary_dir and summaries:
        steps, secs = summaries
        all_hooks.append(
            SummarySaverHook(
                scaffold=scaffold, save_steps=steps, save_secs=secs, output_dir=summary_dir
            )
        )
    if checkpoint_dir and checkpoints:
        steps, secs = checkpoints
        all_hooks.append(
            CheckpointSaverHook(
                checkpoint_dir,
                save_steps=steps,
                save_secs=secs,
                scaffold=scaffold,
                save_graph_def=save_graph_def,
            )
        )
    all_hooks += hooks or []
    return MonitoredSession(creator, all_hooks, stop_grace_period_secs)


def _interval(steps: Any, secs: Any, default: tuple[Any, Any]) -> tuple[Any, Any] | None:
    """Steps and seconds between two times, of which one is None; None for never."""
    if steps is USE_DEFAULT and secs is USE_DEFAULT:
        return default
    steps = None if steps is USE_DEFAULT else steps
    secs = None if secs is USE_DEFAULT else secs
    return (steps, secs) if (steps and steps > 0) or (secs and secs > 0) else None
