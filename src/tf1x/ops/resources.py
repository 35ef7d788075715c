"""What a session keeps for its host ops: queues, readers, tables, iterators.

The op that makes one (`FIFOQueueV2`, `HashTableV2`) hands the object itself on as its `resource`
output; the ops that take the handle check its kind. An object lives as long as its session, and
two ops with the same `container` and `shared_name` share it.

    @op("-> handle: resource", shape=scalar, grad=None, host=True, stateful=True, attrs=NAMES)
    def HashTableV2(*, key_dtype: DType, value_dtype: DType, op: Operation, session: Any) -> Any:
        return get_or_create(session, op, HashTable, lambda: HashTable(key_dtype, value_dtype))

    @op("table_handle: resource -> size: int64", shape=scalar, grad=None, host=True, stateful=True)
    def LookupTableSizeV2(table_handle: Any) -> Any:
        return np.int64(len(expect(table_handle, HashTable)))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tf1x.core.errors import CancelledError, InvalidArgumentError
from tf1x.core.operation import Operation

# For `attrs=` of an op that makes a resource.
NAMES = {"container": ("str", ""), "shared_name": ("str", "")}


def pair(op: Operation) -> list[tuple[int, ...]]:
    """The shape of a handle that is a reference: a container and a name, in TensorFlow."""
    return [(2,)]


def close(kept: Any) -> None:
    """Close what a session has kept, if it is something to close."""
    release = getattr(kept, "close_resource", None)
    if release is not None:
        release()


class Resource:
    """Base of what sessions keep."""

    def close_resource(self) -> None:
        """Release threads and files, and wake who waits; called when the session closes."""


R = TypeVar("R", bound=Resource)


def resource_key(op: Operation) -> str:
    """Under which name the session keeps what `op` makes."""
    name = op.attrs.get("shared_name") or op.name
    container = op.attrs.get("container")
    return f"resource/{container}/{name}" if container else f"resource/{name}"


def get_or_create(session: Any, op: Operation, kind: type[R], make: Callable[[], R]) -> R:
    """The session's object for the op `op`, made when it first runs.

    Raises:
        InvalidArgumentError: the shared name belongs to an object of another kind.
        CancelledError: the session was closed while this run was under way.
    """
    state = session._state
    with state.lock:
        if state.closed:
            raise CancelledError(None, None, "Session has been closed.")
        key = resource_key(op)
        if key not in state.resources:
            state.resources[key] = make()
        return expect(state.resources[key], kind)


def expect(handle: Any, kind: type[R]) -> R:
    """`handle`, which must be of a kind.

    Raises:
        InvalidArgumentError: it is something else.
    """
    if isinstance(handle, np.ndarray):  # as references are, which the ops without V2 hand on
        handle = handle.item()
    if not isinstance(handle, kind):
        raise InvalidArgumentError(
            None,
            None,
            f"The handle is of a {type(handle).__name__}, but a {kind.__name__} is expected.",
        )
    return handle
