"""Where runs wait for each other: the common part of queues, staging areas and the like.

No lock of the session is held while a run waits, and nothing polls: a thread that waits is woken
by whoever makes its turn come, by `close`, by the end of the session, or by its time limit
(`tf.RunOptions(timeout_in_ms=...)`, `tf.ConfigProto(operation_timeout_in_ms=...)`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tf1x.core.errors import CancelledError, DeadlineExceededError, OpError
from tf1x.ops.resources import Resource

# -- time limits -------------------------------------------------------------------------------


class _Limit(threading.local):
    deadline: float | None = None
    patient: bool = True


_limit = _Limit()


@contextmanager
def time_limit(milliseconds: int) -> Iterator[None]:
    """Let what this thread waits for within the block end after so many milliseconds (0: never)."""
    before = _limit.deadline
    if milliseconds > 0:
        _limit.deadline = time.monotonic() + milliseconds / 1000
    try:
        yield
    finally:
        _limit.deadline = before


def remaining() -> float | None:
    """How many seconds this thread may still wait; None for as long as it takes."""
    deadline = _limit.deadline
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def timed_out() -> DeadlineExceededError:
    return DeadlineExceededError(None, None, "Timed out waiting for notification")


# -- runs with several ops that wait --------------------------------------------------------------

_MAY_WAIT = (
    "QueueEnqueue", "QueueDequeue", "ReaderRead", "Stage", "Unstage",
    "ResourceAccumulatorTakeGradient",
)  # fmt: skip


def may_wait(op_type: str) -> bool:
    """Whether an op of this type can wait for another op, perhaps one of the same run."""
    return op_type.startswith(_MAY_WAIT)


class WouldWait(Exception):
    """An op would have to wait, and nothing was done."""


@contextmanager
def without_waiting() -> Iterator[None]:
    """Within the block, raise WouldWait rather than wait."""
    _limit.patient = False
    try:
        yield
    finally:
        _limit.patient = True


# -- attempts ----------------------------------------------------------------------------------

# What an attempt says when it is its turn: nothing could be done, a part was done, it is complete.
WAITING, PROGRESS, DONE = range(3)

Step = Callable[[], int]


class Attempt:
    """What one run wants; `step` carries it out as far as possible and raises if it cannot be."""

    __slots__ = ("_woken", "begun", "done", "error", "step")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.begun = self.done = False
        self.error: Exception | None = None
        self._woken: threading.Event | None = None

    def advance(self) -> int:
        try:
            outcome = self.step()
        except Exception as error:  # raised again in the thread that waits
            self.error, outcome = error, DONE
        self.begun = self.begun or outcome == PROGRESS
        if outcome == DONE:
            self.finish()
        return outcome

    def finish(self, error: OpError | None = None) -> None:
        self.done = True
        self.error = self.error or error
        if self._woken is not None:
            self._woken.set()

    def will_wait(self) -> threading.Event:
        self._woken = threading.Event()
        return self._woken


class MeetingPoint(Resource):
    """Something that runs put values into and take values out of.

    Attempts to put and attempts to take stand in two lines. The first of each line is carried out
    as far as it goes, by whichever thread has just changed something; the others wait behind it.
    So the order is that of arrival, and no thread is woken in vain.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._puts: deque[Attempt] = deque()
        self._takes: deque[Attempt] = deque()
        self._ended = False

    def _put(self, step: Step) -> None:
        self._meet(self._puts, step)

    def _take(self, step: Step) -> None:
        self._meet(self._takes, step)

    def _meet(self, line: deque[Attempt], step: Step) -> None:
        """Carry an attempt out, waiting as long as needed.

        Raises:
            CancelledError: the session was closed, or pending puts were cancelled.
            DeadlineExceededError: the time limit of the run came first; what was done by then
                stays done, as in TensorFlow.
            Whatever the step raises.
        """
        attempt = Attempt(step)
        with self._lock:
            if self._ended:
                raise self._cancelled(line)
            line.append(attempt)
            self._serve()
            if not (_limit.patient or attempt.done or attempt.begun):
                line.remove(attempt)
                raise WouldWait
            woken = None if attempt.done else attempt.will_wait()
        if woken is not None:
            try:
                woken.wait(remaining())
            finally:  # also when the user interrupts
                self._leave(line, attempt)
        if attempt.error is not None:
            raise attempt.error

    def _leave(self, line: deque[Attempt], attempt: Attempt) -> None:
        with self._lock:
            if not attempt.done:
                line.remove(attempt)
                attempt.finish(timed_out())
                self._serve()

    def _serve(self) -> None:
        """Carry out what can be; the lock is held."""
        changed = True
        while changed:
            changed = _serve_line(self._puts)
            changed = _serve_line(self._takes) or changed

    def _cancelled(self, line: deque[Attempt]) -> CancelledError:
        what = "Enqueue" if line is self._puts else "Dequeue"
        return CancelledError(None, None, f"{what} operation was cancelled")

    def _cancel(self, line: deque[Attempt]) -> None:
        while line:
            line.popleft().finish(self._cancelled(line))

    def close_resource(self) -> None:
        """Whoever waits here gets CancelledError, and so does whoever comes later."""
        with self._lock:
            self._ended = True
            self._cancel(self._puts)
            self._cancel(self._takes)


def _serve_line(line: deque[Attempt]) -> bool:
    """Whether anything was done."""
    progress = False
    while line:
        outcome = line[0].advance()
        progress = progress or outcome != WAITING
        if outcome != DONE:
            break
        line.popleft()
    return progress
