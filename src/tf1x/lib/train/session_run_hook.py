"""`tf.train.SessionRunHook`: code that a monitored session runs around each of its runs."""

from __future__ import annotations

from typing import Any, NamedTuple


class SessionRunArgs(NamedTuple):
    """What a run is asked for: fetches, a feed_dict and `RunOptions`, as `Session.run` takes them."""

    fetches: Any
    feed_dict: Any = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What a run gave: values of the hook's own fetches, the `RunOptions` and the `RunMetadata`."""

    results: Any
    options: Any
    run_metadata: Any


class SessionRunContext:
    """One run, as hooks see it.

    Attributes:
        original_args: the `SessionRunArgs` of the program's own call.
        session: the session, without hooks.
        stop_requested: whether a hook has asked to stop after this run.
    """

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self) -> SessionRunArgs:
        return self._original_args

    @property
    def session(self) -> Any:
        return self._session

    @property
    def stop_requested(self) -> bool:
        return self._stop_requested

    def request_stop(self) -> None:
        """Have the session's `should_stop` return True from now on."""
        self._stop_requested = True


class SessionRunHook:
    """Base class of hooks: override what is needed.

    A session calls, over its life, `begin`, `after_create_session`, then for each run `before_run`
    and `after_run`, and `end` unless it was left by an exception.
    """

    def begin(self) -> None:
        """Before the session is made: the last moment to add ops to the default graph."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """After a session was made, also after one that replaces a lost one; the graph is final.

        Args:
            session: the new `tf.Session`.
            coord: the coordinator of the session's threads.
        """

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Before each run.

        Returns:
            what to fetch and feed in addition, or None.
        """

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """After each run that did not fail, with the values asked for in `before_run`."""

    def end(self, session: Any) -> None:
        """Before the session is closed, if no exception other than the end of the input ended it."""
