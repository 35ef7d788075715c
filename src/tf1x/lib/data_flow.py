"""Queues: `tf.FIFOQueue`, `tf.RandomShuffleQueue`, `tf.PaddingFIFOQueue`, `tf.PriorityQueue`."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

from tf1x.core import convert, random_seed, scopes
from tf1x.core.dtypes import DType, as_dtype, int64
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.core.static import constant_value
from tf1x.lib.variables import init_scope
from tf1x.ops import queues
from tf1x.ops.array_gather import gather
from tf1x.ops.array_moves import stack


def _types(dtypes: Any) -> list[DType]:
    return [as_dtype(t) for t in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]


def _is_single(shapes: Any) -> bool:
    return all(d is None or isinstance(d, int) for d in shapes)


def _shapes(shapes: Any, partial: bool = False) -> list[TensorShape] | None:
    """The components' shapes, from a list of them or a single one.

    Args:
        partial: dimensions may be unknown; then it must be a list.

    Raises:
        ValueError: a shape is not known as far as it must be.
        TypeError: these are no shapes.
    """
    if partial and (not isinstance(shapes, Sequence) or not shapes or _is_single(shapes)):
        raise ValueError("When providing partial shapes, a list of shapes must be provided.")
    if shapes is None:
        return None
    if isinstance(shapes, TensorShape):
        shapes = [shapes]
    if not isinstance(shapes, (list, tuple)):
        raise TypeError(
            "Shapes must be a TensorShape or a list or tuple of TensorShapes, "
            f"got {type(shapes)} instead."
        )
    if _is_single(shapes):
        shapes = [shapes]
    found = [as_shape(s) for s in shapes]
    if not partial and not all(s.is_fully_defined() for s in found):
        raise ValueError(f"All shapes must be fully defined: {found}")
    if any(s.ndims is None for s in found):
        raise ValueError(f"All shapes must have a defined rank: {found}")
    return found


def _names(names: Any, dtypes: list[DType]) -> list[str] | None:
    if names is None:
        return None
    listed = list(names) if isinstance(names, (list, tuple)) else [names]
    if len(listed) != len(dtypes):
        raise ValueError(
            "List of names must have the same length as the list of dtypes, received "
            f"len(names)={len(listed)},len(dtypes)={len(dtypes)}"
        )
    return listed


class QueueBase:
    """A queue of the graph; each element is a tuple of tensors, its components.

    Runs of several threads may use a queue at the same time: `enqueue` waits while it is full,
    `dequeue` while it is empty. Once it is closed, `enqueue` raises `tf.errors.CancelledError`,
    and `dequeue` raises `tf.errors.OutOfRangeError` when nothing is left.

    Args:
        dtypes: the components' types.
        shapes: their shapes, or None.
        names: their names, or None; with names elements are dicts.
        queue_ref: the handle.
    """

    def __init__(
        self,
        dtypes: list[DType],
        shapes: list[TensorShape] | None,
        names: list[str] | None,
        queue_ref: Tensor,
    ) -> None:
        if shapes is not None and len(shapes) != len(dtypes):
            raise ValueError(
                "Queue shapes must have the same length as dtypes, received "
                f"len(shapes)={len(shapes)}, len(dtypes)={len(dtypes)}"
            )
        if names is not None and len(names) != len(dtypes):
            raise ValueError(
                "Queue names must have the same length as dtypes,received "
                f"len(names)={len(names)},len {len(dtypes)}"
            )
        self._dtypes = dtypes
        self._shapes = [TensorShape(None)] * len(dtypes) if shapes is None else shapes
        self._names = names
        self._queue_ref = queue_ref
        self._name = queue_ref.op.name.rpartition("/")[2]

    @staticmethod
    def from_list(index: Any, queues: list[QueueBase]) -> QueueBase:
        """The queue at an index (an int32 scalar tensor) of a list of like queues.

        Raises:
            TypeError: these are not queues with the same types and names.
        """
        if (
            not queues
            or not isinstance(queues, list)
            or not all(isinstance(q, QueueBase) for q in queues)
        ):
            raise TypeError("A list of queues expected")
        first = queues[0]
        if any(q.dtypes != first.dtypes for q in queues):
            raise TypeError("Queues do not have matching component dtypes.")
        if any(q.names != first.names for q in queues):
            raise TypeError("Queues do not have matching component names.")
        shapes = [
            functools.reduce(_common, of_component)
            for of_component in zip(*(q.shapes for q in queues), strict=True)
        ]
        handle = gather(stack([q.queue_ref for q in queues]), index)
        return QueueBase(first.dtypes, shapes, first.names, handle)

    @property
    def queue_ref(self) -> Tensor:
        return self._queue_ref

    @property
    def name(self) -> str:
        return self._queue_ref.op.name

    @property
    def dtypes(self) -> list[DType]:
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        return self._shapes

    @property
    def names(self) -> list[str] | None:
        return self._names

    # -- putting in ----------------------------------------------------------------------------

    def _components(self, vals: Any) -> list[Tensor]:
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names, key=str) != sorted(vals, key=str):
                raise ValueError(
                    "Keys in dictionary to enqueue do not match names of Queue.  Dictionary: "
                    f"{sorted(vals)},Queue: {sorted(self._names)}"
                )
            vals = [vals[name] for name in self._names]
        elif self._names:
            raise ValueError("You must enqueue a dictionary in a Queue with names")
        elif not isinstance(vals, (list, tuple)):
            vals = [vals]
        return [
            convert.to_tensor(value, dtype, name=f"component_{i}")
            for i, (value, dtype) in enumerate(zip(vals, self._dtypes, strict=False))
        ]

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """An op that puts one element in.

        Args:
            vals: a tensor, or a list or tuple of them, or a dict if the queue has names.

        Raises (when run):
            CancelledError: the queue is closed, or the session is while this waits.
        """
        with scopes.name_scope(name, f"{self._name}_enqueue", _values(vals)) as scope:
            components = self._components(vals)
            for tensor, shape in zip(components, self._shapes, strict=False):
                tensor.shape.assert_is_compatible_with(shape)
            node: Operation = self._op("Enqueue")(self._queue_ref, components, name=scope)
            return node

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """An op that puts in the slices of the components along their first dimension.

        Raises:
            ValueError: the components have different first dimensions.

        Raises (when run):
            CancelledError: the queue is closed, or the session is while this waits.
        """
        with scopes.name_scope(name, f"{self._name}_EnqueueMany", _values(vals)) as scope:
            components = self._components(vals)
            count = TensorShape([None])
            for tensor, shape in zip(components, self._shapes, strict=False):
                given = tensor.shape.with_rank_at_least(1)
                count = count.merge_with(given[:1])
                given[1:].assert_is_compatible_with(shape)
            node: Operation = self._op("EnqueueMany")(self._queue_ref, components, name=scope)
            return node

    # -- taking out ----------------------------------------------------------------------------

    def _element(self, tensors: list[Tensor], first: Any) -> Any:
        for tensor, shape in zip(tensors, self._shapes, strict=True):
            tensor.set_shape(shape if first is None else TensorShape(first).concatenate(shape))
        if self._names:
            return dict(zip(self._names, tensors, strict=True))
        return tensors[0] if len(tensors) == 1 else tensors

    def dequeue(self, name: str | None = None) -> Any:
        """One element: a tensor, a list of them, or a dict if the queue has names.

        Raises (when run):
            OutOfRangeError: the queue is closed and empty.
            CancelledError: the session is closed while this waits.
        """
        tensors = self._op("Dequeue")(
            self._queue_ref, component_types=self._dtypes, name=name or f"{self._name}_Dequeue"
        )
        return self._element(tensors, None)

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """`n` elements, each component stacked along a new first dimension.

        Raises (when run):
            OutOfRangeError: the queue is closed and has fewer than `n` elements; they stay in it.
            CancelledError: the session is closed while this waits.
        """
        tensors = self._op("DequeueMany")(
            self._queue_ref,
            n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueMany",
        )
        count = constant_value(tensors[0].op.inputs[1])
        return self._element(tensors, [None if count is None else int(count)])

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """`n` elements, or what is left once the queue is closed; stacked.

        Raises (when run):
            OutOfRangeError: the queue is closed and empty.
            CancelledError: the session is closed while this waits.
        """
        tensors = self._op("DequeueUpTo")(
            self._queue_ref,
            n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueUpTo",
        )
        return self._element(tensors, [None])

    # -- the rest ------------------------------------------------------------------------------

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """An op after which nothing more can be put in.

        Args:
            cancel_pending_enqueues: turn away those that wait for room; otherwise the op waits
                for them.
        """
        node: Operation = self._op("Close")(
            self._queue_ref,
            cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or f"{self._name}_Close",
        )
        return node

    def is_closed(self, name: str | None = None) -> Tensor:
        """Whether the queue is closed, a bool scalar."""
        closed: Tensor = self._op("IsClosed")(
            self._queue_ref, name=name or f"{self._name}_Is_Closed"
        )
        return closed

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements, an int32 scalar."""
        size: Tensor = self._op("Size")(self._queue_ref, name=name or f"{self._name}_Size")
        return size

    def _op(self, verb: str) -> Any:
        return getattr(queues, f"Queue{verb}V2")


def _values(vals: Any) -> Any:
    if isinstance(vals, dict):
        return list(vals.values())
    return vals if isinstance(vals, (list, tuple)) else [vals]


def _common(a: TensorShape, b: TensorShape) -> TensorShape:
    if a.ndims is None or b.ndims is None or a.ndims != b.ndims:
        return TensorShape(None)
    return TensorShape(
        [x if x == y else None for x, y in zip(a.as_list(), b.as_list(), strict=True)]
    )


class FIFOQueue(QueueBase):
    """A queue: first in, first out.

    Args:
        capacity: how many elements fit in.
        dtypes: types of an element's components, a list or a single one.
        shapes: their fully known shapes; `enqueue_many` and `dequeue_many` want them.
        names: with names, elements are dicts.
        shared_name: queues of a session with the same shared name are one.
    """

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "fifo_queue",
    ) -> None:
        types, dims = _types(dtypes), _shapes(shapes)
        listed = _names(names, types)
        graph = scopes.get_default_graph()
        with init_scope(), graph.device("CPU"):
            handle = queues.FIFOQueueV2(
                types, dims or [], capacity, shared_name=shared_name or "", name=name
            )
        super().__init__(types, dims, listed, handle)


class RandomShuffleQueue(QueueBase):
    """A queue whose elements come out in random order.

    Args:
        capacity: how many elements fit in.
        min_after_dequeue: so many stay in until the queue is closed, to be mixed with.
        dtypes, shapes, names, shared_name: see `FIFOQueue`.
        seed: see `tf.set_random_seed`. With one, and one thread, the order is TensorFlow's.
    """

    def __init__(
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: int | None = None,
        shared_name: str | None = None,
        name: str = "random_shuffle_queue",
    ) -> None:
        types, dims = _types(dtypes), _shapes(shapes)
        listed = _names(names, types)
        first, second = random_seed.get_seed(seed)
        if first is not None and seed is None and shared_name is not None:
            # Then the order depends on the graph's seed and the name only.
            digest = hashlib.md5(f"{first}{shared_name}".encode()).hexdigest()
            second = int(digest[:8], 16) & 0x7FFFFFFF
        handle = queues.RandomShuffleQueueV2(
            types,
            dims or [],
            capacity,
            min_after_dequeue,
            first or 0,
            second or 0,
            shared_name=shared_name or "",
            name=name,
        )
        super().__init__(types, dims, listed, handle)


class PaddingFIFOQueue(QueueBase):
    """First in, first out; `dequeue_many` pads dimensions that vary with zeros (or "").

    Args:
        capacity, dtypes, names, shared_name: see `FIFOQueue`.
        shapes: a list, with None for dimensions that vary.
    """

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:
        types, dims = _types(dtypes), _shapes(shapes, partial=True) or []
        listed = _names(names, types)
        if len(types) != len(dims):
            raise ValueError(
                f"Shapes must be provided for all components, but received {len(types)} dtypes "
                f"and {len(dims)} shapes."
            )
        handle = queues.PaddingFIFOQueueV2(
            types, dims, capacity, shared_name=shared_name or "", name=name
        )
        super().__init__(types, dims, listed, handle)


class PriorityQueue(QueueBase):
    """A queue whose elements have an int64 priority in front; the smallest comes out first.

    Args:
        capacity, shapes, names, shared_name: see `FIFOQueue`.
        types: types of the components after the priority.
    """

    def __init__(
        self,
        capacity: int,
        types: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:
        listed, dims = _types(types), _shapes(shapes)
        handle = queues.PriorityQueueV2(
            listed, dims or [], capacity, shared_name=shared_name or "", name=name
        )
        all_shapes = [TensorShape([]), *dims] if dims else dims
        super().__init__([int64, *listed], all_shapes, names, handle)
