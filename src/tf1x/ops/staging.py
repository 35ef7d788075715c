"""Staging areas: values of one run kept for the next (`Stage`, `Unstage`)."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.errors import InvalidArgumentError, ResourceExhaustedError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops.resources import NAMES, get_or_create
from tf1x.ops.shape_rules import nothing, scalar
from tf1x.ops.waiting import DONE, WAITING, MeetingPoint


class Staging(MeetingPoint):
    """Tuples of arrays, first in, first out.

    Args:
        capacity: how many tuples fit in; 0 for no limit.
        memory_limit: how many bytes fit in; 0 for no limit.
    """

    def __init__(self, capacity: int, memory_limit: int) -> None:
        super().__init__()
        self._capacity, self._memory_limit = capacity, memory_limit
        self._elements: deque[tuple[Any, ...]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._elements)

    def put(self, values: list[Any]) -> None:
        """Add a tuple, waiting for room.

        Raises:
            ResourceExhaustedError: it is larger than the memory limit.
        """
        element = tuple([np.array(x) for x in values])
        size = _size(element)
        if self._memory_limit and size > self._memory_limit:
            raise ResourceExhaustedError(
                None,
                None,
                f"Attempted to insert tensors with combined size of '{size}' bytes into Staging "
                f"Area with a memory limit of '{self._memory_limit}'.",
            )

        def step() -> int:
            full = self._capacity and len(self._elements) >= self._capacity
            if full or (self._memory_limit and self._bytes + size > self._memory_limit):
                return WAITING
            self._elements.append(element)
            self._bytes += size
            return DONE

        self._put(step)

    def get(self) -> tuple[Any, ...]:
        """Remove the first tuple, waiting for one."""
        found: list[tuple[Any, ...]] = []

        def step() -> int:
            if not self._elements:
                return WAITING
            found.append(self._elements.popleft())
            self._bytes -= _size(found[0])
            return DONE

        self._take(step)
        return found[0]

    def peek(self, index: int) -> tuple[Any, ...]:
        """A copy of the tuple at an index, waiting until there are so many."""
        if index < 0:
            raise InvalidArgumentError(None, None, f"index must be >= 0, got {index}")
        found: list[tuple[Any, ...]] = []

        def step() -> int:
            if len(self._elements) <= index:
                return WAITING
            found.append(tuple([np.array(x) for x in self._elements[index]]))
            return DONE

        self._take(step)
        return found[0]

    def clear(self) -> None:
        with self._lock:
            self._elements.clear()
            self._bytes = 0
            self._serve()


def _size(element: tuple[Any, ...]) -> int:
    return sum(x.nbytes for x in element)


def _area(session: Any, op: Operation) -> Staging:
    """The staging area that the op's `shared_name` names."""
    capacity, limit = op.attrs["capacity"], op.attrs["memory_limit"]
    return get_or_create(session, op, Staging, lambda: Staging(capacity, limit))


def _open(op: Operation) -> list[None]:
    return [None] * len(op.attrs["dtypes"])


_LIMITS = {"capacity": ("int", 0), "memory_limit": ("int", 0), **NAMES}
_COMMON: dict[str, Any] = {"grad": None, "host": True, "stateful": True, "attrs": _LIMITS}


@op("values: *dtypes -> ", shape=nothing, blocking=True, **_COMMON)
def Stage(values: list[Any], *, op: Operation, session: Any) -> None:
    """Put values into a staging area; waits while it is full."""
    _area(session, op).put(values)


@op("-> values: *dtypes", shape=_open, blocking=True, **_COMMON)
def Unstage(*, dtypes: list[DType], op: Operation, session: Any) -> Any:
    """Take the values that have been in a staging area longest; waits while it is empty."""
    return _checked(_area(session, op).get(), dtypes)


@op("index: int32 -> values: *dtypes", shape=_open, blocking=True, **_COMMON)
def StagePeek(index: Any, *, dtypes: list[DType], op: Operation, session: Any) -> Any:
    """The values at a position of a staging area, which stay there."""
    return _checked(_area(session, op).peek(int(index)), dtypes)


@op("-> size: int32", shape=scalar, **_COMMON)
def StageSize(*, dtypes: list[DType], op: Operation, session: Any) -> Any:
    """How many tuples a staging area has."""
    return np.int32(len(_area(session, op)))


@op("->", shape=nothing, **_COMMON)
def StageClear(*, dtypes: list[DType], op: Operation, session: Any) -> None:
    """Empty a staging area."""
    _area(session, op).clear()


def _checked(values: tuple[Any, ...], dtypes: list[DType]) -> tuple[Any, ...]:
    given, wanted = [x.dtype for x in values], [t.numpy_dtype for t in dtypes]
    if given != wanted:
        raise InvalidArgumentError(
            None, None, f"The staging area holds values of {given}, but {wanted} are expected."
        )
    return values
