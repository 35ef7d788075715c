"""`tf.GradientTape`: derivatives of what a program just computed.

A tape notes the ops that depend on what it watches, as they are made: eagerly executed ones with
their values, in a graph (or a function that is being traced) the nodes. The way back goes through
them in reverse order and makes the ops of the gradients, which outer tapes note in turn: that is
how second derivatives come about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core import convert, dtypes, nest, recording, scopes
from tf1x.core.graph import Graph
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Tensor
from tf1x.core.references import as_variable
from tf1x.lib import gradients as walk
from tf1x.ops import array, array_moves


class Call:
    """A computation that is differentiated as a whole: a function, `tf.custom_gradient`.

    Args:
        inputs, outputs: its tensors.
        backward: from the gradients of the outputs (None where nothing depends on one) to those
            of the inputs.
    """

    def __init__(
        self,
        inputs: list[Tensor],
        outputs: list[Tensor],
        backward: Callable[[list[Any]], list[Any]],
    ) -> None:
        self.inputs = tuple(inputs)
        self.outputs = outputs
        self.backward = backward
        self.graph = scopes.get_default_graph()


class GradientTape:
    """Records operations for automatic differentiation (`tf.GradientTape`).

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: whether trainable variables are watched when they are read.

    Example:
        >>> x = tf.constant(3.0)
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> tape.gradient(y, x)
        <tf.Tensor: id=.., shape=(), dtype=float32, numpy=6.0>
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watches_variables = watch_accessed_variables
        self._used = False
        self._recording = False
        self._graph: Graph | None = None
        self._reset()

    def _reset(self) -> None:
        self._records: list[Any] = []
        self._tracked: set[Tensor] = set()
        self._variables: dict[int, Any] = {}

    # -- recording -----------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        self._start()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        if self._recording:
            raise ValueError("Tape is still recording, This can happen if you try to re-enter an already-active tape.")  # fmt: skip
        if self._graph is None:
            self._graph = scopes.get_default_graph()
        recording.push(self)
        self._recording = True

    def _stop(self) -> None:
        if not self._recording:
            raise ValueError("Tape is not recording.")
        recording.pop(self)
        self._recording = False

    def note(self, op: Any) -> None:
        """Called for each op that is made."""
        tracked = self._tracked
        if op.graph is not self._graph or not any(t in tracked for t in op.inputs):
            return
        depending = [t for t in op.outputs if walk.differentiable_type(t.dtype)]
        if depending:
            tracked.update(depending)
            self._records.append(op)

    def wants(self, graph: Any, inputs: Any) -> bool:
        """Whether the tape would note something with these inputs."""
        return graph is self._graph and any(t in self._tracked for t in inputs)

    def accessed(self, variable: Any) -> None:
        """Called for each variable that is read."""
        if self._watches_variables and variable.trainable:
            self._watch_variable(variable)

    def _watch_variable(self, variable: Any) -> None:
        if id(variable) not in self._variables:
            self._variables[id(variable)] = variable
            self._tracked.add(self._inside(walk._reference(variable)))

    def _inside(self, tensor: Tensor) -> Tensor:
        """A tensor as the ops of the tape's graph take it."""
        if self._graph is not None and self._graph.is_function:
            inner: Tensor = self._graph.capture(tensor)  # type: ignore[attr-defined]
            return inner
        return tensor

    def watch(self, tensor: Any) -> None:
        """Record what depends on a tensor, or on each of a nest of tensors and variables."""
        for item in map(as_variable, nest.flatten(tensor)):
            if hasattr(item, "trainable") and hasattr(item, "_reference"):
                self._watch_variable(item)
                continue
            if isinstance(item, IndexedSlices):
                item = item.values
            if not isinstance(item, Tensor):
                raise ValueError(
                    f"Passed in object {item} of type '{type(item).__name__}', not tf.Tensor or tf.Variable or ExtensionType."
                )
            if not (item.dtype.is_floating or item.dtype.is_complex):
                continue
            self._tracked.add(self._inside(item))

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables that the tape watches, in the order in which they were first read."""
        return tuple(self._variables.values())

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Within, ops are not recorded.

        Raises:
            ValueError: the tape is not recording.
        """
        if not self._recording:
            raise ValueError("Tape is not recording.")
        self._stop()
        try:
            yield
        finally:
            self._start()

    def reset(self) -> None:
        """Forget all that was recorded."""
        self._stop()
        self._reset()
        self._start()

    # -- derivatives ---------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = None,
    ) -> Any:
        """The derivative of (the sum of) `target` by each of `sources`, in their structure.

        Args:
            target: a tensor, or a nest of them.
            sources: a nest of tensors and variables.
            output_gradients: a gradient for each target to start from, ones by default.
            unconnected_gradients: "zero" gives zeros in place of None.

        Returns:
            Tensors, IndexedSlices (where a variable was only gathered from), or None where the
            target does not depend on a source or the tape did not watch it.

        Raises:
            RuntimeError: the tape is not persistent and was used.
        """
        if self._used and not self._persistent:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
            )
        if self._recording and not self._persistent:
            self._stop()
        zeros = walk._wants_zeros(unconnected_gradients)
        targets = [_target(t) for t in nest.flatten(target)]
        starts = [None] * len(targets)
        if output_gradients is not None:
            starts = [
                None if g is None else convert.to_tensor(g) for g in nest.flatten(output_gradients)
            ]
        flat = nest.flatten(sources)
        keys = [self._inside(_source(s)) for s in flat]
        found = self._backward(targets, starts, keys)
        if zeros:
            found = [
                array.ZerosLike(convert.to_tensor(s)) if g is None else g
                for g, s in zip(found, flat, strict=True)
            ]
        if not self._persistent:
            self._used = True
            self._records, self._tracked = [], set()
        return nest.pack_sequence_as(sources, found) if nest.is_nested(sources) else found[0]

    def _backward(
        self, targets: list[Tensor], starts: list[Any], sources: list[Tensor]
    ) -> list[Any]:
        grads: dict[Tensor, list[Any]] = {}
        inside = [self._inside(t) for t in targets]
        for tensor, start in zip(inside, starts, strict=True):
            if walk.differentiable_type(tensor.dtype) and tensor in self._tracked:
                grads.setdefault(tensor, []).append(_ones(tensor) if start is None else start)
        reached = {s for s in sources if s in self._tracked}
        for record in self._records:
            if any(t in reached for t in record.inputs):
                reached.update(t for t in record.outputs if t in self._tracked)
        for record in reversed(self._records):
            arrived = [_total(grads, t) for t in record.outputs]
            if all(g is None for g in arrived) or not any(t in reached for t in record.inputs):
                continue
            for tensor, grad in zip(record.inputs, _input_gradients(record, arrived), strict=True):
                if grad is not None and tensor in reached:
                    grads.setdefault(tensor, []).append(grad)
        return [_total(grads, s) if s in reached else None for s in sources]

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = None,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivatives of each element of `target` by each of `sources`.

        Shapes: `target.shape + source.shape`. One pass back an element; the other arguments are
        accepted.
        """
        target = convert.to_tensor(target)
        flat = nest.flatten(sources)
        with self._many_passes():
            rows = [
                self.gradient(target, flat, output_gradients=start)
                for start in _unit_rows(target.shape.as_list(), target.dtype)
            ]
        shape = target.shape.as_list()
        found = [
            _stacked([row[i] for row in rows], source, shape, unconnected_gradients)
            for i, source in enumerate(flat)
        ]
        return nest.pack_sequence_as(sources, found) if nest.is_nested(sources) else found[0]

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = None,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """For each row, the derivatives of the target's row by the source's.

        Shapes: target [b, ...], source [b, ...]; the result [b] + target.shape[1:] + source.shape[1:].

        Raises:
            ValueError: the first dimensions differ.
        """
        target = convert.to_tensor(target)
        shape, source_shape = target.shape.as_list(), source.shape.as_list()
        if not shape or not source_shape or shape[0] != source_shape[0]:
            raise ValueError(
                f"Need first dimension of target shape ({target.shape}) and source shape ({source.shape}) to match."
            )
        with self._many_passes():
            columns = [
                self.gradient(target, source, output_gradients=array_moves.stack([row] * shape[0]))
                for row in _unit_rows(shape[1:], target.dtype)
            ]
        if all(c is None for c in columns):
            if not walk._wants_zeros(unconnected_gradients):
                return None
            columns = [array.ZerosLike(convert.to_tensor(source)) for _ in columns]
        together = array_moves.stack([convert.to_tensor(c) for c in columns], axis=1)
        return array.reshape(together, [*shape, *source_shape[1:]])

    @contextmanager
    def _many_passes(self) -> Iterator[None]:
        """Within, `gradient` may be called repeatedly, as one use of the tape."""
        if self._used and not self._persistent:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
            )
        persistent = self._persistent
        if self._recording and not persistent:
            self._stop()
        self._persistent = True
        try:
            yield
        finally:
            self._persistent = persistent
            if not persistent:
                self._used = True
                self._records, self._tracked = [], set()


def _target(item: Any) -> Tensor:
    if hasattr(item, "handle") and hasattr(item, "_reference"):  # a variable: its own value
        handle: Tensor = item.handle
        return handle
    return convert.to_tensor(item)


def _source(item: Any) -> Tensor:
    if isinstance(item, IndexedSlices):
        return item.values
    return walk._reference(item)


def _ones(tensor: Tensor) -> Any:
    if tensor.dtype is dtypes.resource:
        from tf1x.ops.state import ReadVariableOp, variable_op

        variable = variable_op(tensor)
        assert variable is not None
        tensor = ReadVariableOp(tensor, dtype=variable.attrs["dtype"])
    return array.ones_like(tensor)


def _total(grads: dict[Tensor, list[Any]], tensor: Tensor) -> Any:
    arrived = grads.get(tensor)
    if not arrived:
        return None
    if len(arrived) > 1:
        grads[tensor] = arrived = [walk._summed(arrived, "")]
    return arrived[0]


def _input_gradients(record: Any, grads: list[Any]) -> list[Any]:
    if isinstance(record, Call):
        return record.backward(grads)
    function = walk.gradient_function(record)
    return (
        [None] * len(record.inputs)
        if function is None
        else walk.op_gradients(record, function, grads)
    )


def _unit_rows(shape: list[int], dtype: Any) -> Iterator[Any]:
    """For each element of a shape, an array with a one there and zeros elsewhere."""
    import numpy as np

    for index in np.ndindex(*shape):
        row = np.zeros(shape, dtype.as_numpy_dtype)
        row[index] = 1
        yield convert.constant(row)


def _stacked(rows: list[Any], source: Any, shape: list[int], unconnected: Any) -> Any:
    if all(row is None for row in rows):
        if not walk._wants_zeros(unconnected):
            return None
        rows = [array.ZerosLike(convert.to_tensor(source)) for _ in rows]
    together = array_moves.stack([convert.to_tensor(row) for row in rows])
    return array.reshape(together, [*shape, *source.shape.as_list()])
