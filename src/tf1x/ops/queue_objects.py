"""The queues themselves, as a session keeps them (`queues.py` has the ops)."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType, string
from tf1x.core.errors import CancelledError, InvalidArgumentError, OutOfRangeError
from tf1x.ops import philox
from tf1x.ops.waiting import DONE, PROGRESS, WAITING, MeetingPoint

Shape = tuple[int | None, ...]
Element = tuple[Any, ...]  # one array for each component


def shape_text(shape: Shape) -> str:
    return "[" + ",".join("?" if d is None else str(d) for d in shape) + "]"


class Queue(MeetingPoint):
    """First in, first out.

    Args:
        name: for messages.
        types: of the components.
        shapes: of the components of one element; empty where they are not fixed.
        capacity: negative for no limit.
    """

    kind = "FIFOQueue"

    def __init__(self, name: str, types: list[DType], shapes: list[Shape], capacity: int) -> None:
        super().__init__()
        self.name, self.types, self.shapes = name, types, shapes
        self.capacity = capacity if capacity >= 0 else 2**31 - 1
        self.closed = False
        self._arrays = [t.numpy_dtype for t in types]
        self._elements: Any = deque()

    def __len__(self) -> int:
        return len(self._elements)

    # -- putting in ----------------------------------------------------------------------------

    def put(self, components: list[Any]) -> None:
        """Add an element, waiting for room.

        Raises:
            CancelledError: the queue is closed, or was while this waited.
            InvalidArgumentError: the components are not those that the queue takes.
        """
        self._check(components)
        element = tuple([np.array(x) for x in components])  # the caller may change what it fed
        self._accept(element)

        def step() -> int:
            self._check_open()
            if len(self._elements) >= self.capacity:
                return WAITING
            self._add(element)
            return DONE

        self._put(step)

    def put_many(self, components: list[Any]) -> None:
        """Add the slices of the components along their first dimension, as room appears.

        Raises:
            CancelledError: the queue is closed; a part of the slices may have been added.
            InvalidArgumentError: the components are not those that the queue takes.
        """
        count = self._check_many(components)
        if not count:
            return
        elements = list(zip(*(_rows(np.array(x)) for x in components), strict=True))
        self._accept(elements[0])
        pending = deque(elements)

        def step() -> int:
            self._check_open()
            if len(self._elements) >= self.capacity:
                return WAITING
            while pending and len(self._elements) < self.capacity:
                self._add(pending.popleft())
            return PROGRESS if pending else DONE

        self._put(step)

    def _check_open(self) -> None:
        if self.closed:
            raise CancelledError(None, None, f"{self.kind} '{self.name}' is closed.")

    def _accept(self, element: Element) -> None:
        """Refuse elements that this kind of queue cannot hold."""

    def _check_types(self, components: list[Any]) -> None:
        if [x.dtype for x in components] != self._arrays:
            given = ", ".join(str(x.dtype) for x in components)
            wanted = ", ".join(t.name for t in self.types)
            raise _invalid(f"Signature mismatch, have: {given} expected: {wanted}")

    def _check(self, components: list[Any]) -> None:
        self._check_types(components)
        for i, shape in enumerate(self.shapes):
            _check_shape(i, shape, components[i].shape)

    def _check_many(self, components: list[Any]) -> int:
        """The number of elements."""
        self._check_types(components)
        if not components[0].ndim:
            raise _invalid("EnqueueMany needs components of rank 1 or more, got a scalar")
        count = len(components[0])
        for i, shape in enumerate(self.shapes):
            _check_shape(i, (count, *shape), components[i].shape)
        for i, x in enumerate(components):
            if not x.ndim or len(x) != count:
                raise _invalid(
                    "All input tensors must have the same size in the 0th dimension. Component "
                    f"{i} has {len(x) if x.ndim else 'none'}, and should have {count}"
                )
        return count

    # -- taking out ----------------------------------------------------------------------------

    def take(self) -> Element:
        """Remove an element, waiting for one.

        Raises:
            OutOfRangeError: the queue is closed and empty.
        """
        taken: list[Element] = []

        def step() -> int:
            if self.closed and not self._elements:
                raise self._exhausted(1, 0)
            if not self._available():
                return WAITING
            taken.append(self._next())
            return DONE

        self._take(step)
        return taken[0]

    def take_many(self, count: int, allow_fewer: bool) -> list[Any]:
        """Remove `count` elements and stack their components; they are taken as they come.

        Args:
            allow_fewer: what is left is enough, if anything is, once the queue is closed.

        Raises:
            OutOfRangeError: the queue is closed and has too few elements, which stay in it.
            InvalidArgumentError: the shapes of the components are not fixed.
        """
        if count < 0:
            raise _invalid(f"DequeueManyOp requested {count} < 0 elements")
        self._check_stackable()
        if not count:
            return self._stacked([])
        taken: list[Element] = []
        self._take(self._taking(taken, count, allow_fewer))
        return self._stacked(taken)

    def _taking(self, taken: list[Element], wanted: int, allow_fewer: bool) -> Any:
        def step() -> int:
            nonlocal wanted
            missing, size = wanted - len(taken), len(self._elements)
            if self.closed and size < missing:
                self._put_back(taken)
                taken.clear()
                if not allow_fewer or (not self._elements and not self._puts):
                    raise self._exhausted(missing, size)
                if not self._elements:
                    return PROGRESS  # the puts that wait are turned away first
                wanted = len(self._elements)
            before = len(taken)
            while len(taken) < wanted and self._available():
                taken.append(self._next())
            if len(taken) == wanted:
                return DONE
            return PROGRESS if len(taken) > before else WAITING

        return step

    def _check_stackable(self) -> None:
        if not self.shapes:
            raise _invalid(
                f"{self.kind}'s DequeueMany and DequeueUpTo require the components to have "
                "specified shapes."
            )

    def _exhausted(self, requested: int, size: int) -> OutOfRangeError:
        return OutOfRangeError(
            None,
            None,
            f"{self.kind} '{self.name}' is closed and has insufficient elements "
            f"(requested {requested}, current size {size})",
        )

    def _stacked(self, elements: list[Element]) -> list[Any]:
        parts = []
        for i, (dtype, shape) in enumerate(zip(self._arrays, self.shapes, strict=True)):
            part = np.empty((len(elements), *(d or 0 for d in shape)), dtype)
            if shape and elements:
                np.concatenate([element[i] for element in elements], out=_joined(part))
            else:
                for j, element in enumerate(elements):
                    part[j, ...] = element[i]
            parts.append(part)
        return parts

    # -- the order -----------------------------------------------------------------------------

    def _add(self, element: Element) -> None:
        self._elements.append(element)

    def _available(self) -> bool:
        return bool(self._elements)

    def _next(self) -> Element:
        element: Element = self._elements.popleft()
        return element

    def _put_back(self, elements: list[Element]) -> None:
        self._elements.extendleft(reversed(elements))

    # -- the end -------------------------------------------------------------------------------

    def close(self, cancel_pending: bool) -> None:
        """No more elements will be put in.

        Args:
            cancel_pending: turn away the puts that wait for room; otherwise wait for them.

        Raises:
            CancelledError: the queue is closed already (not with `cancel_pending`).
        """
        if cancel_pending:
            with self._lock:
                self.closed = True
                self._cancel(self._puts)
                self._serve()
            return

        def step() -> int:
            if self.closed:
                raise CancelledError(None, None, f"Queue '{self.name}' is already closed.")
            self.closed = True
            return DONE

        self._put(step)


class RandomShuffleQueue(Queue):
    """Elements come out in random order, in TensorFlow's for the same two seeds.

    Args:
        min_after_dequeue: so many elements stay in until the queue is closed.
    """

    kind = "RandomShuffleQueue"

    def __init__(self, *args: Any, min_after_dequeue: int, seeds: tuple[int, int]) -> None:
        super().__init__(*args)
        if min_after_dequeue < 0:
            raise _invalid(f"min_after_dequeue {min_after_dequeue} must be >= 0")
        if min_after_dequeue >= self.capacity:
            raise _invalid(
                f"min_after_dequeue {min_after_dequeue} must be < capacity {self.capacity}"
            )
        self._least = min_after_dequeue
        self._elements = []
        self._words = _words(*seeds)

    def _available(self) -> bool:
        return len(self._elements) > (0 if self.closed else self._least)

    def _next(self) -> Element:
        elements = self._elements
        index = next(self._words) % len(elements)
        element: Element = elements[index]
        elements[index] = elements[-1]
        elements.pop()
        return element

    def _put_back(self, elements: list[Element]) -> None:
        self._elements += reversed(elements)


def _words(seed: int, seed2: int) -> Iterator[int]:
    """The generator's 32-bit words, one after the other."""
    for position in itertools.count(0, 64):
        yield from philox.words(seed, seed2, position, 64).ravel().tolist()


class PaddingQueue(Queue):
    """First in, first out; dimensions that vary are padded when elements are stacked."""

    kind = "PaddingFIFOQueue"

    def __init__(self, name: str, types: list[DType], shapes: list[Shape], capacity: int) -> None:
        super().__init__(name, types, shapes, capacity)
        if len(types) != len(shapes):
            raise _invalid(
                "Shapes must be provided for all components, but received "
                f"{len(types)} dtypes and {len(shapes)} shapes."
            )

    def _stacked(self, elements: list[Element]) -> list[Any]:
        parts = []
        for i, (dtype, shape) in enumerate(zip(self.types, self.shapes, strict=True)):
            sizes = [
                max((e[i].shape[j] for e in elements), default=0) if d is None else d
                for j, d in enumerate(shape)
            ]
            blank = b"" if dtype is string else 0
            part = np.full((len(elements), *sizes), blank, dtype.numpy_dtype)
            for j, element in enumerate(elements):
                part[(j, *map(slice, element[i].shape), ...)] = element[i]
            parts.append(part)
        return parts


class PriorityQueue(Queue):
    """The smallest first component, an int64 scalar, comes out first; ties in order of arrival."""

    kind = "PriorityQueue"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._elements = []
        self._arrivals = itertools.count()

    def _accept(self, element: Element) -> None:
        if element[0].ndim:
            raise _invalid(
                "Expected the priority element to be a scalar, but received shape: "
                f"{shape_text(element[0].shape)}"
            )

    def _add(self, element: Element) -> None:
        heapq.heappush(self._elements, (int(element[0]), next(self._arrivals), element))

    def _next(self) -> Element:
        element: Element = heapq.heappop(self._elements)[2]
        return element

    def _check_stackable(self) -> None:
        if not self.shapes:
            raise _invalid(
                "PriorityQueue's DequeueMany requires the components to have specified shapes."
            )

    def _taking(self, taken: list[Element], wanted: int, allow_fewer: bool) -> Any:
        """All at once, since what comes later may have to go in front."""

        def step() -> int:
            size = len(self._elements)
            if self.closed and (not size or (size < wanted and not allow_fewer)):
                raise self._exhausted(wanted, size)
            if size < wanted and not self.closed:
                return WAITING
            while self._elements and len(taken) < wanted:
                taken.append(self._next())
            return DONE

        return step


def _rows(array: Any) -> list[Any]:
    """The slices along the first dimension, arrays in any case."""
    return list(array) if array.ndim > 1 else [array[i, ...] for i in range(len(array))]


def _joined(stacked: Any) -> Any:
    """The same memory with the first two dimensions as one."""
    return stacked.reshape(stacked.shape[0] * stacked.shape[1], *stacked.shape[2:])


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _check_shape(index: int, wanted: Shape, given: tuple[int, ...]) -> None:
    fits = len(wanted) == len(given) and all(
        d is None or d == n for d, n in zip(wanted, given, strict=True)
    )
    if not fits:
        raise _invalid(
            f"Shape mismatch in tuple component {index}. Expected {shape_text(wanted)}, "
            f"got {shape_text(given)}"
        )
