"""`tf.train.QueueRunner`: threads that fill a queue."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from tf1x.core import errors, scopes
from tf1x.core.operation import Operation
from tf1x.core.scopes import GraphKeys
from tf1x.lib import logging
from tf1x.lib.data_flow import QueueBase
from tf1x.lib.train.coordinator import Coordinator
from tf1x.runtime.session import BaseSession


class QueueRunner:
    """Runs enqueue ops in threads, one thread each, until the queue is closed.

    When the ops of all threads have ended with one of `queue_closed_exception_types` (the input
    is used up), the queue is closed. Any other exception goes to the coordinator, which then
    stops the program's threads, or is logged and kept in `exceptions_raised`.

    Args:
        queue: a `tf.QueueBase`.
        enqueue_ops: one for each thread; the same op may stand there several times.
        close_op: closes the queue and leaves pending enqueues alone.
        cancel_op: closes the queue and cancels pending enqueues.
        queue_closed_exception_types: a tuple of errors, by default `tf.errors.OutOfRangeError`.
        queue_runner_def: a `QueueRunnerDef` message instead of all those.
        import_scope: the name scope into which the message's graph was imported.
    """

    def __init__(
        self,
        queue: QueueBase | None = None,
        enqueue_ops: list[Any] | None = None,
        close_op: Operation | None = None,
        cancel_op: Operation | None = None,
        queue_closed_exception_types: Any = None,
        queue_runner_def: Any = None,
        import_scope: str | None = None,
    ) -> None:
        if queue_runner_def is not None:
            if queue or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._init_from_proto(queue_runner_def, import_scope)
        else:
            if not queue or not enqueue_ops:
                raise ValueError("Must provide queue and enqueue_ops.")
            self._queue: Any = queue
            self._enqueue_ops = enqueue_ops
            self._close_op = queue.close() if close_op is None else close_op
            self._cancel_op = (
                queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op
            )
            self._closed_types = _error_types(queue_closed_exception_types)
        self._lock = threading.Lock()
        # How many threads of a session still run.
        self._running: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._exceptions_raised: list[Exception] = []

    def _init_from_proto(self, proto: Any, import_scope: str | None) -> None:
        graph = scopes.get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(f"{import_scope}/{name}" if import_scope else name)

        self._queue = element(proto.queue_name)
        self._enqueue_ops = [element(name) for name in proto.enqueue_op_name]
        self._close_op = element(proto.close_op_name)
        self._cancel_op = element(proto.cancel_op_name)
        codes = proto.queue_closed_exception_types
        self._closed_types = tuple(map(errors.exception_type_from_error_code, codes)) or (
            errors.OutOfRangeError,
        )

    @property
    def queue(self) -> Any:
        return self._queue

    @property
    def enqueue_ops(self) -> list[Any]:
        return self._enqueue_ops

    @property
    def close_op(self) -> Operation:
        return self._close_op

    @property
    def cancel_op(self) -> Operation:
        return self._cancel_op

    @property
    def queue_closed_exception_types(self) -> tuple[type[errors.OpError], ...]:
        return self._closed_types

    @property
    def exceptions_raised(self) -> list[Exception]:
        """What the threads raised; nothing where a coordinator was told."""
        return self._exceptions_raised

    @property
    def name(self) -> str:
        """The queue's name."""
        name: str = self._queue.name
        return name

    # -- threads -------------------------------------------------------------------------------

    def create_threads(
        self,
        sess: BaseSession,
        coord: Coordinator | None = None,
        daemon: bool = False,
        start: bool = False,
    ) -> list[threading.Thread]:
        """Threads that run the enqueue ops; none if those of that session still run.

        Args:
            coord: is told of exceptions; when it stops, the queue is closed.
            daemon: whether the program may end while they run.
            start: whether to start them.
        """
        with self._lock:
            if self._running.get(sess, 0) > 0:
                return []
            self._running[sess] = len(self._enqueue_ops)
            self._exceptions_raised = []
        prefix = f"QueueRunnerThread-{self.name}"
        threads = [
            threading.Thread(target=self._run, args=(sess, op, coord), name=f"{prefix}-{op.name}")
            for op in self._enqueue_ops
        ]
        if coord is not None:
            threads.append(
                threading.Thread(
                    target=self._close_on_stop, args=(sess, coord), name=f"{prefix}-close_on_stop"
                )
            )
        for thread in threads:
            thread.daemon = daemon
            if coord is not None:
                coord.register_thread(thread)
            if start:
                thread.start()
        return threads

    def _run(self, sess: BaseSession, enqueue_op: Any, coord: Coordinator | None) -> None:
        used_up = False
        try:
            enqueue = self._enqueuer(sess, enqueue_op)
            while coord is None or not coord.should_stop():
                enqueue()
        except self._closed_types:
            used_up = True
        except Exception as error:
            if coord is not None:
                coord.request_stop(error)
            else:
                logging.error("Exception in QueueRunner: %s", str(error))
                with self._lock:
                    self._exceptions_raised.append(error)
                raise
        finally:
            with self._lock:
                self._running[sess] -= 1
                last = not self._running[sess]
            if used_up and last:
                _run_quietly(sess, self._close_op)

    def _enqueuer(self, sess: BaseSession, enqueue_op: Any) -> Callable[[], Any]:
        """What a thread calls again and again."""
        return sess.make_callable(enqueue_op)

    def _close_on_stop(self, sess: BaseSession, coord: Coordinator) -> None:
        coord.wait_for_stop()
        _run_quietly(sess, self._cancel_op)

    # -- messages ------------------------------------------------------------------------------

    def to_proto(self, export_scope: str | None = None) -> Any:
        """A `QueueRunnerDef`; None if the queue is not in the name scope `export_scope`."""
        from tf1x.core.messages import QueueRunnerDef  # type: ignore[attr-defined]

        if export_scope and not self.name.startswith(export_scope):
            return None

        def name(item: Any) -> str:
            full: str = item.name
            return full.removeprefix(f"{export_scope.rstrip('/')}/") if export_scope else full

        return QueueRunnerDef(
            queue_name=name(self._queue),
            enqueue_op_name=[name(op) for op in self._enqueue_ops],
            close_op_name=name(self._close_op),
            cancel_op_name=name(self._cancel_op),
            queue_closed_exception_types=[kind.code for kind in self._closed_types],
        )

    @staticmethod
    def from_proto(queue_runner_def: Any, import_scope: str | None = None) -> QueueRunner:
        """The queue runner that a `QueueRunnerDef` describes, in the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)


def _error_types(types: Any) -> tuple[type[errors.OpError], ...]:
    if types is None:
        return (errors.OutOfRangeError,)
    if (
        not isinstance(types, tuple)
        or not types
        or not all(issubclass(t, errors.OpError) for t in types)
    ):
        raise TypeError(
            "queue_closed_exception_types, when provided, must be a tuple of tf.error types, "
            f"but saw: {types}"
        )
    return types


def _run_quietly(sess: BaseSession, op: Any) -> None:
    """Run an op that closes a queue; it may be closed, or the session may."""
    try:
        sess.run(op)
    except Exception as error:
        logging.vlog(1, "Ignored exception: %s", str(error))


# -- all of a graph ----------------------------------------------------------------------------


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Put a queue runner into the collection that `start_queue_runners` starts."""
    scopes.get_default_graph().add_to_collection(collection, qr)


def start_queue_runners(
    sess: BaseSession | None = None,
    coord: Coordinator | None = None,
    daemon: bool = True,
    start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:
    """Start the threads of all queue runners of the graph.

    Args:
        sess: by default the default session.
        coord: is told of exceptions, and stops the threads.
        daemon: whether the program may end while they run.
        start: False to create the threads only.

    Returns:
        The threads, for `coord.join`.

    Raises:
        ValueError: there is no session.
        TypeError: `sess` is none.
    """
    if sess is None:
        sess = scopes.get_default_session()
        if sess is None:
            raise ValueError(
                "Cannot start queue runners: No default session is registered. Use "
                "`with sess.as_default()` or pass an explicit session to "
                "tf.start_queue_runners(sess=sess)"
            )
    if not isinstance(sess, BaseSession):
        if type(sess).__name__ in ("MonitoredSession", "SingularMonitoredSession"):
            return []  # it has started them
        raise TypeError(f"sess must be a `tf.Session` object. Given class: {type(sess)}")
    runners: Iterable[QueueRunner] = scopes.get_default_graph().get_collection(collection)
    if not runners:
        logging.warning(
            "`tf.train.start_queue_runners()` was called when no queue runners were defined. "
            "You can safely remove the call to this deprecated function."
        )
    threads: list[threading.Thread] = []
    with sess.graph.as_default():
        for runner in scopes.get_default_graph().get_collection(collection):
            threads += runner.create_threads(sess, coord, daemon, start)
    return threads
