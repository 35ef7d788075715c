"""What a monitored session is made of: sessions around sessions, each of which adds one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from tf1x.core import errors
from tf1x.lib import logging
from tf1x.lib.train.coordinator import Coordinator
from tf1x.lib.train.session_run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)

# A session that ends with one of these is replaced by a new one.
PREEMPTION_ERRORS = (errors.AbortedError, errors.UnavailableError)


class Creator(Protocol):
    def create_session(self) -> Any: ...


class StepContext:
    """What a `step_fn` gets: the `session` itself, and a way to run with the hooks."""

    def __init__(self, session: Any, run_with_hooks_fn: Callable[..., Any]) -> None:
        self._session = session
        self._run_with_hooks_fn = run_with_hooks_fn

    @property
    def session(self) -> Any:
        return self._session

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """As `Session.run`, with the hooks around it."""
        return self._run_with_hooks_fn(*args, **kwargs)

    def request_stop(self) -> None:
        """Leave the session.

        Raises:
            StopIteration
        """
        raise StopIteration("step_fn has requested the iterations to stop.")


class WrappedSession:
    """A session or wrapped session within; None once it is closed."""

    def __init__(self, sess: Any) -> None:
        self._sess = sess

    @property
    def graph(self) -> Any:
        return self._sess.graph

    @property
    def sess_str(self) -> Any:
        return self._sess.sess_str

    def should_stop(self) -> bool:
        """Whether the session, or one within, wants no more runs; True when it is closed."""
        if self._check_stop() or self._sess is None:
            return True
        return isinstance(self._sess, WrappedSession) and self._sess.should_stop()

    def _check_stop(self) -> bool:
        return False

    def close(self) -> None:
        if self._sess is None:
            return
        try:
            self._sess.close()
        except PREEMPTION_ERRORS as error:
            logging.error("The session was lost before it was closed: %s", error)
        finally:
            self._sess = None

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self._sess.run(*args, **kwargs)

    def run_step_fn(
        self, step_fn: Callable[[StepContext], Any], raw_session: Any, run_with_hooks: Any
    ) -> Any:
        return step_fn(StepContext(raw_session, run_with_hooks or self.run))


class RecoverableSession(WrappedSession):
    """Replaces a session that was lost, and runs again what failed."""

    def __init__(self, creator: Creator) -> None:
        self._creator = creator
        super().__init__(self._create_session())

    def _create_session(self) -> Any:
        while True:
            try:
                return self._creator.create_session()
            except PREEMPTION_ERRORS as error:
                logging.info("A session was lost while it was made; making another: %s", error)

    def _check_stop(self) -> bool:
        if self._sess is None:
            return True
        try:
            return bool(self._sess._check_stop())
        except PREEMPTION_ERRORS as error:
            self._lose(error)
            self._sess = self._create_session()
            return False
        except Exception:  # the next run will raise it
            return True

    def _lose(self, error: BaseException) -> None:
        logging.info("The session was lost; it is closed and another is made: %s", error)
        self.close()

    def _with_session(self, call: Callable[[Any], Any]) -> Any:
        while True:
            try:
                if self._sess is None:
                    self._sess = self._create_session()
                return call(self._sess)
            except PREEMPTION_ERRORS as error:
                self._lose(error)

    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        return self._with_session(
            lambda sess: sess.run(
                fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata
            )
        )

    def run_step_fn(self, step_fn: Any, raw_session: Any, run_with_hooks: Any) -> Any:
        return self._with_session(lambda sess: sess.run_step_fn(step_fn, raw_session, sess.run))


class CoordinatedSession(WrappedSession):
    """Stops with its threads: they are joined when it closes, and what failed in them is raised."""

    def __init__(self, sess: Any, coord: Coordinator, stop_grace_period_secs: float = 120) -> None:
        super().__init__(sess)
        self._coord = coord
        self._stop_grace_period_secs = stop_grace_period_secs

    def _check_stop(self) -> bool:
        self._coord.raise_requested_exception()
        return self._coord.should_stop()

    def close(self) -> None:
        self._coord.request_stop()
        try:
            self._coord.join(
                stop_grace_period_secs=self._stop_grace_period_secs, ignore_live_threads=True
            )
        finally:
            try:
                super().close()
            except Exception as error:  # what join raised says more
                logging.vlog(1, "Ignored while closing a session: %s", error)

    def run(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._sess.run(*args, **kwargs)
        except PREEMPTION_ERRORS:
            raise
        except Exception as error:
            # A lost session in a thread may be what lies behind it (a queue was closed, say).
            try:
                self._coord.raise_requested_exception()
            except PREEMPTION_ERRORS:
                raise
            except Exception:
                raise error from None
            raise


class HookedSession(WrappedSession):
    """Calls hooks around each run; what they fetch and feed is part of the same run."""

    def __init__(self, sess: Any, hooks: Iterable[SessionRunHook]) -> None:
        super().__init__(sess)
        self._hooks = hooks
        self._should_stop = False

    def _check_stop(self) -> bool:
        return self._should_stop

    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        from tensorboard.compat.proto.config_pb2 import RunMetadata, RunOptions

        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._sess)
        asked: dict[Any, Any] = {"caller": fetches}
        options = options or RunOptions()
        feed_dict = self._before_run(context, asked, feed_dict, options)
        run_metadata = run_metadata or RunMetadata()
        values = super().run(asked, feed_dict=feed_dict, options=options, run_metadata=run_metadata)
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(values.get(hook), options, run_metadata))
        self._should_stop = self._should_stop or context.stop_requested
        return values["caller"]

    def _before_run(
        self, context: SessionRunContext, asked: dict[Any, Any], feed_dict: Any, options: Any
    ) -> Any:
        """Gather what the hooks ask for; returns what to feed."""
        feeds: dict[Any, Any] = {}
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is None:
                continue
            if request.fetches is not None:
                asked[hook] = request.fetches
            if request.feed_dict:
                _check_disjoint(feeds, request.feed_dict, "Same tensor is fed by two hooks.")
                feeds.update(request.feed_dict)
            if request.options:
                _merge_run_options(options, request.options)
        if not feeds:
            return feed_dict
        if not feed_dict:
            return feeds
        _check_disjoint(feed_dict, feeds, "Same tensor is fed by a SessionRunHook and user.")
        return {**feeds, **feed_dict}


def _check_disjoint(first: Any, second: Any, message: str) -> None:
    both = set(first) & set(second)
    if both:
        raise RuntimeError(f"{message} Conflict(s): {list(both)}")


def _merge_run_options(options: Any, more: Any) -> None:
    """Let `options` ask for all that `more` asks for."""
    for field in (
        "trace_level",
        "timeout_in_ms",
        "inter_op_thread_pool",
        "output_partition_graphs",
        "report_tensor_allocations_upon_oom",
    ):
        setattr(options, field, max(getattr(options, field), getattr(more, field)))
    debug, asked = options.debug_options, more.debug_options
    debug.debug_tensor_watch_opts.extend(asked.debug_tensor_watch_opts)
    debug.reset_disk_byte_usage = debug.reset_disk_byte_usage or asked.reset_disk_byte_usage
