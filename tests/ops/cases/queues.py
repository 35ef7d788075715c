"""Cases of ops/queues.py: each makes a queue, puts elements in and takes some out."""

from __future__ import annotations

from typing import Any

import numpy as np

import tf1x as tf
from tests.ops.cases.case import Case, Const, floats, ints
from tf1x.core import opdef
from tf1x.ops import queues

_LABELS = np.array([b"a", b"bc", b"", b"d"], object)


def _maker(kind: str, types: list[Any], shapes: list[Any], **attrs: Any) -> Any:
    return opdef.get(kind)(types, shapes, 10, **attrs)


def _many(kind: str, verb: str = "DequeueMany", **attrs: Any) -> Any:
    """A program: put the rows in, close, take some out, ask for size and state."""

    def program(x: Any, y: Any) -> Any:
        queue = _maker(kind, [x.dtype, y.dtype], [x.shape[1:], y.shape[1:]], **attrs)
        put = queues.QueueEnqueueManyV2(queue, [x, y])
        with tf.control_dependencies([put]):
            close = queues.QueueCloseV2(queue)
        with tf.control_dependencies([close]):
            taken = opdef.get(f"Queue{verb}V2")(queue, 3, component_types=[x.dtype, y.dtype])
        return _state(queue, taken)

    return program


def _state(queue: Any, taken: Any) -> list[Any]:
    with tf.control_dependencies(list(taken)):
        return [*taken, queues.QueueSizeV2(queue), queues.QueueIsClosedV2(queue)]


def _single(kind: str, verb: str = "Enqueue") -> Any:
    """A program: put one element in, take it out."""

    def program(x: Any, y: Any) -> Any:
        queue = _maker(kind, [x.dtype, y.dtype], [x.shape, y.shape])
        with tf.control_dependencies([queues.QueueEnqueueV2(queue, [x, y])]):
            taken = queues.QueueDequeueV2(queue, component_types=[x.dtype, y.dtype])
        return _state(queue, taken)

    return program


def _padded(x: Any, y: Any) -> Any:
    queue = _maker("PaddingFIFOQueueV2", [x.dtype, tf.string], [[None, None], [None]])
    first = queues.QueueEnqueueV2(queue, [x, ["a", "bc"]])
    with tf.control_dependencies([first]):
        second = queues.QueueEnqueueV2(queue, [y, ["d"]])
    with tf.control_dependencies([second]):
        taken = queues.QueueDequeueManyV2(queue, 2, component_types=[x.dtype, tf.string])
    return _state(queue, taken)


def _priority(priority: Any, label: Any) -> Any:
    queue = opdef.get("PriorityQueueV2")([tf.string], [[]], 10)
    with tf.control_dependencies([queues.QueueEnqueueManyV2(queue, [priority, label])]):
        taken = queues.QueueDequeueManyV2(queue, 3, component_types=[tf.int64, tf.string])
    return _state(queue, taken)


def _old_priority(priority: Any, label: Any) -> Any:
    queue, types = opdef.get("PriorityQueue")([tf.string], [[]], 10), [tf.int64, tf.string]
    with tf.control_dependencies([opdef.get("QueueEnqueueMany")(queue, [priority, label])]):
        return opdef.get("QueueDequeueMany")(queue, 3, component_types=types)


def _old(kind: str, **attrs: Any) -> Any:
    """The same with the ops of old GraphDefs."""

    def program(x: Any) -> Any:
        return _old_use(opdef.get(kind)([x.dtype], [[]], 10, **attrs), x)

    return program


def _old_use(queue: Any, x: Any) -> Any:
    one, many = opdef.get("QueueEnqueue"), opdef.get("QueueEnqueueMany")
    with tf.control_dependencies([many(queue, [x])]):
        put = one(queue, [x[0]])
    with tf.control_dependencies([put]):
        close = opdef.get("QueueClose")(queue)
    with tf.control_dependencies([close]):
        (first,) = opdef.get("QueueDequeue")(queue, component_types=[x.dtype])
    with tf.control_dependencies([first]):
        (pair,) = opdef.get("QueueDequeueMany")(queue, 2, component_types=[x.dtype])
    with tf.control_dependencies([pair]):
        (rest,) = opdef.get("QueueDequeueUpTo")(queue, 9, component_types=[x.dtype])
    with tf.control_dependencies([rest]):
        size, closed = opdef.get("QueueSize")(queue), opdef.get("QueueIsClosed")(queue)
    return [first, pair, rest, size, closed]


def _fake(x: Any) -> Any:
    queue = _maker("FIFOQueueV2", [x.dtype], [[]])
    return _old_use(queues.FakeQueue(queue), x)


_ROWS = (floats(5, 2), ints(5))
_ELEMENT = (floats(2, 3), ints(4, dtype="int64"))
_SEEDS = {"seed": 5, "seed2": 7}
_OPEN = {"data_dependent": True, "grad": False}

CASES = [
    *[
        Case(op, _ELEMENT, program=_single("FIFOQueueV2"), **_OPEN)
        for op in ("FIFOQueueV2", "QueueEnqueueV2", "QueueDequeueV2")
    ],
    *[
        Case(op, _ROWS, program=_many("FIFOQueueV2"), **_OPEN)
        for op in (
            "QueueEnqueueManyV2",
            "QueueDequeueManyV2",
            "QueueCloseV2",
            "QueueSizeV2",
            "QueueIsClosedV2",
        )
    ],
    Case("QueueDequeueUpToV2", _ROWS, program=_many("FIFOQueueV2", "DequeueUpTo"), **_OPEN),
    Case(
        "QueueDequeueUpToV2",
        (floats(2, 3), ints(2, 2, 2)),
        program=_many("FIFOQueueV2", "DequeueUpTo"),
        note="fewer",
        **_OPEN,
    ),
    Case(
        "FIFOQueueV2",
        (floats(4, 2), Const(_LABELS)),
        program=_many("FIFOQueueV2"),
        note="strings",
        **_OPEN,
    ),
    Case(
        "RandomShuffleQueueV2",
        _ROWS,
        program=_many("RandomShuffleQueueV2", min_after_dequeue=2, **_SEEDS),
        **_OPEN,
    ),
    Case("PaddingFIFOQueueV2", _ROWS, program=_many("PaddingFIFOQueueV2"), **_OPEN),
    Case(
        "PaddingFIFOQueueV2", (floats(2, 3), floats(4, 1)), program=_padded, note="padded", **_OPEN
    ),
    Case(
        "PriorityQueueV2",
        (np.array([5, -2, 9, 1]), Const(_LABELS)),
        program=_priority,
        **_OPEN,
    ),
    Case(
        "PriorityQueue",
        (np.array([5, -2, 9, 1]), Const(_LABELS)),
        program=_old_priority,
        **_OPEN,
    ),
    *[
        Case(op, (ints(4),), program=_old("FIFOQueue"), **_OPEN)
        for op in (
            "FIFOQueue",
            "QueueEnqueue",
            "QueueEnqueueMany",
            "QueueDequeue",
            "QueueDequeueMany",
            "QueueDequeueUpTo",
            "QueueClose",
            "QueueSize",
            "QueueIsClosed",
        )
    ],
    Case("PaddingFIFOQueue", (ints(4),), program=_old("PaddingFIFOQueue"), **_OPEN),
    Case(
        "RandomShuffleQueue",
        (ints(4),),
        program=_old("RandomShuffleQueue", min_after_dequeue=1, **_SEEDS),
        **_OPEN,
    ),
    Case("FakeQueue", (ints(4),), program=_fake, **_OPEN),
]
