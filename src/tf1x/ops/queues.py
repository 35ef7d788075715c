"""Ops on queues: `FIFOQueueV2` and its kin, enqueue, dequeue, close.

Their older forms without `V2`, whose handles are references, exist in old GraphDefs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType, int64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value
from tf1x.ops.queue_objects import (
    PaddingQueue,
    PriorityQueue,
    Queue,
    RandomShuffleQueue,
    Shape,
    shape_text,
)
from tf1x.ops.resources import NAMES, expect, get_or_create, pair
from tf1x.ops.shape_rules import nothing, scalar

# -- making them -------------------------------------------------------------------------------


def _make(session: Any, op: Operation, kind: type[Queue], arguments: Any, **more: Any) -> Any:
    """The session's queue for `op`.

    Raises:
        InvalidArgumentError: its shared name belongs to a queue of another kind.
    """
    types, shapes, capacity = arguments
    name = op.attrs.get("shared_name") or f"_{len(session._state.resources)}_{op.name}"
    dims: list[Shape] = [s.tuple for s in shapes]
    queue = get_or_create(
        session, op, Queue, lambda: kind(name, list(types), dims, capacity, **more)
    )
    if type(queue) is not kind:
        raise _unlike(f"Expected {queue.kind}, found {op.type}")
    if op.attrs.get("shared_name"):
        _check_alike(queue, list(types), dims, capacity)
    return queue


def _check_alike(queue: Queue, types: list[DType], shapes: list[Shape], capacity: int) -> None:
    wanted = capacity if capacity >= 0 else 2**31 - 1
    if queue.capacity != wanted:
        raise _unlike(
            f"Shared queue '{queue.name}' has capacity {queue.capacity} but requested capacity "
            f"was {wanted}"
        )
    if queue.types != types:
        have, asked = (", ".join(t.name for t in ts) for ts in (queue.types, types))
        raise _unlike(
            f"Shared queue '{queue.name}' has component types {have} but requested component "
            f"types were {asked}"
        )
    if queue.shapes != shapes:
        have, asked = (", ".join(map(shape_text, ss)) for ss in (queue.shapes, shapes))
        raise _unlike(
            f"Shared queue '{queue.name}' has component shapes [{have}] but requested component "
            f"shapes were [{asked}]"
        )


def _unlike(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _fifo(
    *,
    component_types: list[DType],
    shapes: list[TensorShape] = [],  # noqa: B006 -- the attribute's default
    capacity: int = -1,
    op: Operation,
    session: Any,
) -> Any:
    """A queue: first in, first out."""
    return _make(session, op, Queue, (component_types, shapes, capacity))


def _padding(
    *,
    component_types: list[DType],
    shapes: list[TensorShape] = [],  # noqa: B006
    capacity: int = -1,
    op: Operation,
    session: Any,
) -> Any:
    """A queue that pads varying dimensions when it gives several elements at once."""
    return _make(session, op, PaddingQueue, (component_types, shapes, capacity))


def _priority(
    *,
    component_types: list[DType] = [],  # noqa: B006
    shapes: list[TensorShape],
    capacity: int = -1,
    op: Operation,
    session: Any,
) -> Any:
    """A queue whose smallest priority, an int64 in front of each element, comes out first."""
    all_shapes = [TensorShape([]), *shapes] if shapes else []
    return _make(session, op, PriorityQueue, ([int64, *component_types], all_shapes, capacity))


def _random_shuffle(
    *,
    component_types: list[DType],
    shapes: list[TensorShape] = [],  # noqa: B006
    capacity: int = -1,
    min_after_dequeue: int = 0,
    seed: int = 0,
    seed2: int = 0,
    op: Operation,
    session: Any,
) -> Any:
    """A queue whose elements come out in random order (random seeds if both are 0)."""
    seeds = (seed, seed2) if seed or seed2 else (secrets.randbits(63), secrets.randbits(63))
    return _make(
        session,
        op,
        RandomShuffleQueue,
        (component_types, shapes, capacity),
        min_after_dequeue=min_after_dequeue,
        seeds=seeds,
    )


def _both(lowering: Callable[..., Any], name: str) -> Any:
    """Declare the op that makes a kind of queue, in its present and its old form."""
    common: dict[str, Any] = {"grad": None, "host": True, "stateful": True, "attrs": NAMES}
    op("-> handle: Ref(string)", type=name, shape=pair, **common)(lowering)
    return op("-> handle: resource", type=f"{name}V2", shape=scalar, **common)(lowering)


FIFOQueueV2 = _both(_fifo, "FIFOQueue")
PaddingFIFOQueueV2 = _both(_padding, "PaddingFIFOQueue")
PriorityQueueV2 = _both(_priority, "PriorityQueue")
RandomShuffleQueueV2 = _both(_random_shuffle, "RandomShuffleQueue")

MAKERS = frozenset(
    f"{name}{version}"
    for name in ("FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "RandomShuffleQueue")
    for version in ("", "V2")
)


@op("resource: resource -> handle: Ref(string)", shape=pair, grad=None, host=True, stateful=True)
def FakeQueue(resource: Any) -> Any:
    """The same queue as the old ops take it."""
    return resource


# -- using them --------------------------------------------------------------------------------


def _component_shapes(op: Operation) -> list[TensorShape]:
    """The static shapes of one element's components, from the op that makes the queue."""
    types = op.attrs["component_types"]
    maker = _maker(op.inputs[0])
    shapes = list(maker.attrs["shapes"]) if maker is not None else []
    if shapes and "Priority" in maker.type:  # type: ignore[union-attr]
        shapes.insert(0, TensorShape([]))
    return shapes if len(shapes) == len(types) else [TensorShape.of(None)] * len(types)


def _maker(handle: Tensor | None) -> Operation | None:
    while handle is not None:
        if handle.op.type in MAKERS:
            return handle.op
        if handle.op.type == "FakeQueue":
            handle = handle.op.inputs[0]
        elif handle.op.type == "_Arg":
            handle = handle.op.graph.bound(handle)  # type: ignore[attr-defined]
        else:
            return None
    return None


def _several(op: Operation) -> list[TensorShape]:
    count = constant_value(op.inputs[1])
    if count is not None and count < 0:
        raise ValueError(f"Input 'n' must be >= 0, but is {int(count)}")
    known = count is not None and "UpTo" not in op.type
    first = TensorShape([int(count) if known else None])  # type: ignore[arg-type]
    return [first.concatenate(shape) for shape in _component_shapes(op)]


def _enqueue(handle: Any, components: list[Any], *, timeout_ms: int = -1) -> None:
    """Put an element into a queue; waits while it is full."""
    expect(handle, Queue).put(components)


def _enqueue_many(handle: Any, components: list[Any], *, timeout_ms: int = -1) -> None:
    """Put the slices of the components along their first dimension into a queue."""
    expect(handle, Queue).put_many(components)


def _dequeue(handle: Any, *, component_types: list[DType], timeout_ms: int = -1) -> Any:
    """Take an element out of a queue; waits while there is none."""
    return _typed(handle, component_types).take()


def _dequeue_many(
    handle: Any, n: Any, *, component_types: list[DType], timeout_ms: int = -1
) -> Any:
    """Take `n` elements out of a queue, stacked."""
    return tuple(_typed(handle, component_types).take_many(int(n), allow_fewer=False))


def _dequeue_up_to(
    handle: Any, n: Any, *, component_types: list[DType], timeout_ms: int = -1
) -> Any:
    """Take `n` elements out of a queue, or what is left in one that is closed, stacked."""
    return tuple(_typed(handle, component_types).take_many(int(n), allow_fewer=True))


def _typed(handle: Any, types: Sequence[DType]) -> Queue:
    queue = expect(handle, Queue)
    if queue.types != list(types):
        have, asked = (", ".join(t.name for t in ts) for ts in (queue.types, types))
        raise _unlike(f"Signature mismatch, the queue has {have}, expected {asked}")
    return queue


def _close(handle: Any, *, cancel_pending_enqueues: bool = False) -> None:
    """Say that a queue gets no more elements."""
    expect(handle, Queue).close(cancel_pending_enqueues)


def _size(handle: Any) -> Any:
    """How many elements a queue has."""
    return np.int32(len(expect(handle, Queue)))


def _is_closed(handle: Any) -> Any:
    """Whether a queue was closed."""
    return np.bool_(expect(handle, Queue).closed)


def _use(
    lowering: Callable[..., Any], name: str, rest: str, shape: Any = nothing, blocking: bool = True
) -> Any:
    """Declare an op on a queue, in its present and its old form."""
    common: dict[str, Any] = {
        "shape": shape,
        "grad": None,
        "host": True,
        "stateful": True,
        "blocking": blocking,
    }
    op(f"handle: Ref(string){rest}", type=name, **common)(lowering)
    return op(f"handle: resource{rest}", type=f"{name}V2", **common)(lowering)


_OUT = " -> components: *component_types"
QueueEnqueueV2 = _use(_enqueue, "QueueEnqueue", ", components: *Tcomponents ->")
QueueEnqueueManyV2 = _use(_enqueue_many, "QueueEnqueueMany", ", components: *Tcomponents ->")
QueueDequeueV2 = _use(_dequeue, "QueueDequeue", _OUT, _component_shapes)
QueueDequeueManyV2 = _use(_dequeue_many, "QueueDequeueMany", f", n: int32{_OUT}", _several)
QueueDequeueUpToV2 = _use(_dequeue_up_to, "QueueDequeueUpTo", f", n: int32{_OUT}", _several)
QueueCloseV2 = _use(_close, "QueueClose", " ->")
QueueSizeV2 = _use(_size, "QueueSize", " -> size: int32", scalar, blocking=False)
QueueIsClosedV2 = _use(_is_closed, "QueueIsClosed", " -> is_closed: bool", scalar, blocking=False)
