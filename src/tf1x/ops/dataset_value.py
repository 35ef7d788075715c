"""Datasets as values: what a dataset op hands on is a `DatasetValue`, a pipeline at rest.

`dataset.start(context)` makes a `Run` through its elements. An element is a list of components:
arrays, or datasets. `run.next()` gives one, or None at the end. A run survives errors: the next
call goes on with the next element, as in TensorFlow (`ignore_errors` relies on it).

A `Context` belongs to one initialisation of an iterator: the positions of random ops in its
functions, and the threads that work ahead, which end with it.
"""

from __future__ import annotations

import atexit
import secrets
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.core.errors import CancelledError, InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.shape_rules import scalar

Element = list[Any]
_JOIN_SECONDS = 5.0


def _cancelled() -> CancelledError:
    return CancelledError(None, None, "The iterator was closed, or initialised anew.")


def invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


class Context:
    """One initialisation of an iterator.

    Attributes:
        positions: of the random ops in the functions that it calls, in Philox blocks.
        memory: what datasets of the pipeline keep from one epoch to the next, by the dataset.
    """

    _all: weakref.WeakSet[Context] = weakref.WeakSet()

    def __init__(self) -> None:
        self.positions: dict[Operation, int] = {}
        self.memory: dict[Any, Any] = {}
        self._keys: dict[Operation, tuple[int, int]] = {}
        self._workers: weakref.WeakSet[Ahead] = weakref.WeakSet()
        self.cancelled = False
        Context._all.add(self)

    def key(self, op: Operation) -> tuple[int, int]:
        """The seeds of a random op, drawn once where the program gave none."""
        seeds = op.attrs["seed"], op.attrs["seed2"]
        if any(seeds):
            return seeds
        return self._keys.setdefault(op, (secrets.randbits(63), secrets.randbits(63)))

    def add(self, worker: Ahead) -> None:
        self._workers.add(worker)
        if self.cancelled:
            worker.stop()

    def cancel(self, wait: bool = True) -> None:
        """End all threads; who waits for an element gets CancelledError."""
        self.cancelled = True
        workers = list(self._workers)
        for worker in workers:
            worker.stop()
        if wait:
            for worker in workers:
                worker.join()

    @classmethod
    def cancel_all(cls) -> None:
        for context in list(cls._all):
            context.cancel()


atexit.register(Context.cancel_all)


class Run:
    """A run through the elements of a dataset.

    Attributes:
        next: the next element, or None after the last.
    """

    __slots__ = ("_inputs", "_stop", "next")

    def __init__(
        self,
        next: Callable[[], Any],
        *inputs: Run,
        stop: Callable[[], None] | None = None,
    ) -> None:
        self.next = next
        self._inputs = inputs
        self._stop = stop

    def close(self) -> None:
        """End the threads of this run; it is not asked for elements any more."""
        if self._stop:
            self._stop()
        for run in self._inputs:
            run.close()


class Rows(NamedTuple):
    """A dataset whose elements are rows of arrays: which, in which order.

    Attributes:
        arrays: the components.
        start: makes a run through the numbers of the rows.
        count: how many there are, where they are all of them in order; else None.
    """

    arrays: list[Any]
    start: Callable[[Context], Run]
    count: int | None = None


class DatasetValue:
    """A pipeline.

    Attributes:
        start: makes a run through its elements.
        rows: where it only picks rows of arrays: batches then gather them at once.
    """

    def __init__(self, start: Callable[[Context], Run], rows: Rows | None = None) -> None:
        self.start = start
        self.rows = rows


def of_rows(rows: Rows) -> DatasetValue:
    """A dataset of rows of arrays; the elements are views."""
    arrays = rows.arrays

    def start(context: Context) -> Run:
        numbers = rows.start(context)
        pull = numbers.next

        def next() -> Element | None:
            i = pull()
            return None if i is None else [a[i, ...] for a in arrays]

        return Run(next, numbers)

    return DatasetValue(start, rows)


def selecting(
    dataset: DatasetValue, select: Callable[[Callable[[Context], Run], Context], Run]
) -> DatasetValue:
    """A dataset of some elements of another, in some order, whatever they are.

    Args:
        select: takes what starts a run through the elements, and a context; makes the run.
    """
    rows = dataset.rows
    if rows is not None:
        inner = rows.start
        return of_rows(Rows(rows.arrays, lambda context: select(inner, context)))
    return DatasetValue(lambda context: select(dataset.start, context))


# -- threads -------------------------------------------------------------------------------------


class _Slot:
    __slots__ = ("error", "ready", "value")

    def __init__(self) -> None:
        self.ready = False
        self.value: Any = None
        self.error: BaseException | None = None


class Ahead:
    """Elements computed ahead by threads, handed out in order.

    The threads start with the first call, take the source's elements in turn, and end with the
    source, when they are stopped, or when the context is cancelled.

    Args:
        source: the run that supplies elements; one thread at a time asks it.
        function: what to do with each, in parallel; None hands them on.
        threads: how many.
        ahead: how many elements to hold at most, those in work included.
        ordered: False hands out whatever is ready first.
    """

    def __init__(
        self,
        context: Context,
        source: Run,
        function: Callable[[Any], Any] | None,
        threads: int,
        ahead: int,
        ordered: bool = True,
    ) -> None:
        self._source, self._function = source, function
        self._count, self._ahead, self._ordered = threads, ahead, ordered
        self._slots: deque[_Slot] = deque()
        self._lock = threading.Lock()
        self._finished = threading.Condition(self._lock)  # who asks for elements waits for this
        self._room = threading.Condition(self._lock)  # and the threads for that
        self._turn = threading.Lock()  # held while the source is asked
        self._threads: list[threading.Thread] = []
        self._stopped = self._ended = False
        context.add(self)

    def next(self) -> Any:
        with self._lock:
            if not self._threads and not self._stopped:
                self._start()
            while True:
                if self._stopped:
                    raise _cancelled()
                slot = self._ready()
                if slot is not None:
                    break
                if self._ended and not self._slots:
                    return None
                self._finished.wait()
            self._room.notify()
        if slot.error is not None:
            raise slot.error
        return slot.value

    def _start(self) -> None:
        for i in range(self._count):
            thread = threading.Thread(target=self._work, name=f"tf1x-data-{i}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _ready(self) -> _Slot | None:
        """The next finished element, taken out; its predecessors come first where ordered."""
        slots = self._slots
        if slots and slots[0].ready:
            return slots.popleft()
        if not self._ordered:
            for slot in slots:
                if slot.ready:
                    slots.remove(slot)
                    return slot
        return None

    def _work(self) -> None:
        while True:
            taken = self._take()
            if taken is None:
                return
            slot, value = taken
            if slot.error is None and self._function is not None:
                try:
                    value = self._function(value)
                except BaseException as error:
                    slot.error = error
            with self._lock:
                slot.value = value
                slot.ready = True
                if not self._ordered or (self._slots and self._slots[0] is slot):
                    self._finished.notify_all()
                del slot, value, taken

    def _take(self) -> tuple[_Slot, Any] | None:
        """A place in the order, and the source's element for it; None when there are no more."""
        with self._turn:
            with self._lock:
                while len(self._slots) >= self._ahead and not self._stopped:
                    self._room.wait()
                if self._stopped or self._ended:
                    return None
            slot, value = _Slot(), None
            try:
                value = self._source.next()
            except BaseException as error:
                slot.error = error
            with self._lock:
                if value is None and slot.error is None:
                    self._ended = True
                    self._finished.notify_all()
                    return None
                self._slots.append(slot)
            return slot, value

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._slots.clear()
            self._finished.notify_all()
            self._room.notify_all()

    def join(self) -> None:
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_SECONDS)

    def run(self) -> Run:
        """This as a run."""
        return Run(self.next, self._source, stop=self.stop)


# -- declaring -----------------------------------------------------------------------------------

# Attributes of nearly all dataset ops.
OUTPUTS = {"output_types": ("list[DType]", []), "output_shapes": ("list[TensorShape]", [])}
METADATA = {"metadata": ("bytes", b"")}


def dataset_op(
    inputs: str,
    stateful: bool = False,
    attrs: dict[str, tuple[str, Any]] | None = None,
    **more: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an op whose output is a dataset. `attrs` defaults to `OUTPUTS` and `METADATA`."""
    if attrs is None:
        attrs = {**OUTPUTS, **METADATA}
    return op(
        f"{inputs} -> handle: variant",
        shape=scalar,
        grad=None,
        host=True,
        stateful=stateful,
        attrs=attrs,
        **more,
    )
