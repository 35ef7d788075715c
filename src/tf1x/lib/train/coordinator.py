"""`tf.train.Coordinator`: stops and joins a program's threads together."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core.errors import OutOfRangeError
from tf1x.lib import logging

# How long `join` at most takes to see that the last thread ended of itself.
_LONGEST_WAIT = 0.1


class Coordinator:
    """Lets any thread ask all threads to stop, and reports their first exception.

        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess=sess, coord=coord)
        try:
            while not coord.should_stop():
                sess.run(train_op)
        except tf.errors.OutOfRangeError:
            pass  # the input is used up
        finally:
            coord.request_stop()
        coord.join(threads)

    Args:
        clean_stop_exception_types: exceptions that ask for a stop but are no errors; by default
            `tf.errors.OutOfRangeError`.
    """

    def __init__(
        self, clean_stop_exception_types: Iterable[type[BaseException]] | None = None
    ) -> None:
        if clean_stop_exception_types is None:
            clean_stop_exception_types = (OutOfRangeError,)
        self._clean_stop_exception_types = tuple(clean_stop_exception_types)
        self._lock = threading.Lock()
        self._stop_event = threading.Event()
        self._exception: BaseException | None = None
        self._joined = False
        self._registered_threads: set[threading.Thread] = set()

    @property
    def joined(self) -> bool:
        return self._joined

    def should_stop(self) -> bool:
        """Whether a stop was requested."""
        return self._stop_event.is_set()

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until a stop is requested, or for `timeout` seconds; returns whether it was."""
        return self._stop_event.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """Have `join` wait for this thread too."""
        with self._lock:
            self._registered_threads.add(thread)

    def request_stop(self, ex: Any = None) -> None:
        """Ask all threads to stop.

        Args:
            ex: an exception, given by the handler that caught it, or a tuple as `sys.exc_info()`
                returns; `join` raises the first one. After `join`, it is raised here.
        """
        with self._lock:
            error = self._exception_of(ex)
            if self._joined and error is not None:
                raise error
            if self._stop_event.is_set():
                return
            if error is not None:
                logging.info("Error reported to Coordinator: %s, %s", type(error), error)
                self._exception = error
            self._stop_event.set()

    def _exception_of(self, ex: Any) -> BaseException | None:
        """What `join` is to raise for `ex`."""
        error = ex[1] if isinstance(ex, tuple) and len(ex) == 3 else ex
        if error is None or isinstance(error, self._clean_stop_exception_types):
            return None
        if isinstance(ex, tuple) and isinstance(error, BaseException):
            return error
        current = sys.exc_info()
        if not isinstance(ex, tuple) and current[1] is not None:
            return current[1]
        return ValueError(
            "ex must be a tuple or sys.exc_info must return the current exception: "
            f"{ex if isinstance(ex, tuple) else current}"
        )

    def clear_stop(self) -> None:
        """Forget that a stop was requested, and why."""
        with self._lock:
            self._joined = False
            self._exception = None
            self._stop_event.clear()

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Within the block, an exception asks all threads to stop and is kept for `join`."""
        try:
            yield
        except BaseException:
            self.request_stop(sys.exc_info())

    def join(
        self,
        threads: Iterable[threading.Thread] | None = None,
        stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Wait for the threads to end, or for a stop to be requested; then a while for the rest.

        Args:
            threads: in addition to those that were registered.
            stop_grace_period_secs: how long to wait after a stop was requested.
            ignore_live_threads: say nothing of threads that still run then.

        Raises:
            the exception given to `request_stop`, if any.
            RuntimeError: threads still run after the grace period.
        """
        with self._lock:
            waited_for = list(self._registered_threads.union(threads or ()))
        pause = 0.001
        while any(t.is_alive() for t in waited_for) and not self.wait_for_stop(pause):
            pause = min(2 * pause, _LONGEST_WAIT)
        end = time.monotonic() + stop_grace_period_secs
        for thread in waited_for:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))
        alive = " ".join(t.name for t in waited_for if t.is_alive())
        with self._lock:
            self._joined = True
            self._registered_threads = set()
            if self._exception is not None:
                raise self._exception
        if alive:
            message = f"Coordinator stopped with threads still running: {alive}"
            if not ignore_live_threads:
                raise RuntimeError(message)
            logging.info(message)

    def raise_requested_exception(self) -> None:
        """Raise the exception given to `request_stop`, if any."""
        with self._lock:
            if self._exception is not None:
                raise self._exception


class LooperThread(threading.Thread):
    """A daemon thread that calls a function again and again until its coordinator stops.

    Instead of giving `target`, override `run_loop`.

    Args:
        coord: the coordinator, which joins the thread.
        timer_interval_secs: from one call to the next; None for no pause.
        target, args, kwargs: what to call.
    """

    def __init__(
        self,
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any] | None = None,
        args: Any = None,
        kwargs: Any = None,
    ) -> None:
        if not isinstance(coord, Coordinator):
            raise ValueError(f"'coord' argument must be a Coordinator: {coord}")
        if target is None and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        super().__init__(daemon=True)
        self._coord = coord
        self._timer_interval_secs = timer_interval_secs
        self._call = (target, args or (), kwargs or {})
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Any = None,
        kwargs: Any = None,
    ) -> LooperThread:
        """Start a thread that calls `target` again and again."""
        looper = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        with self._coord.stop_on_exception():
            self.start_loop()
            if self._timer_interval_secs is None:
                while not self._coord.should_stop():
                    self.run_loop()
            else:
                due = time.monotonic()
                while not self._coord.wait_for_stop(due - time.monotonic()):
                    due += self._timer_interval_secs
                    self.run_loop()
            self.stop_loop()

    def start_loop(self) -> None:
        """Called when the thread starts."""

    def stop_loop(self) -> None:
        """Called when the thread stops."""

    def run_loop(self) -> None:
        """Called at each turn."""
        target, args, kwargs = self._call
        if target is not None:
            target(*args, **kwargs)
