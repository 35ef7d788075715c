"""What a segment's program depends on besides shapes, computed in NumPy before the segment is run.

The decoder of a translation model is trained for as many steps as the longest sentence of the batch
has words, and a mask is as wide. XLA cannot have such numbers in a program as values: they decide
about shapes. Where they follow from what the segment is given by a little arithmetic with integers,
they are computed before it is run and become part of its signature. So there is one program for
each of their values, as there is one for each shape of the inputs.

These are
- integers that an op needs while it is traced (`Fixed`);
- the numbers of steps of loops that make lists longer (`Counted`); other loops run as often as they
  like in one program.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.errors import OpError
from tf1x.core.func_graph import FuncGraph
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import xp
from tf1x.ops.list_value import ListValue
from tf1x.runtime.trip_count import Drive, Trips, is_integral

# What is larger is not looked at in Python in every run.
_MAX_SOURCE = 100_000
# Only shapes, axes and counts.
_MAX_FIXED = 8


class Needed(Exception):
    """Tracing needs something that can be computed beforehand."""

    def __init__(self, found: Fixed | Counted) -> None:
        super().__init__()
        self.found = found


class Early:
    """Tensors of a segment as functions of its inputs.

    Args:
        ops: what computes them, in order.
        static: values of other tensors that `ops` take.
    """

    def __init__(self, ops: list[Operation], static: dict[Tensor, Any]) -> None:
        self._ops, self._static = ops, static

    def values(self, tensors: list[Tensor], given: dict[Tensor, Any]) -> list[Any] | None:
        """The values for those of the segment's inputs; None where an op fails."""
        known = dict(self._static)

        def value(tensor: Tensor) -> Any:
            if tensor not in known:
                known[tensor] = np.asarray(given[tensor])
            return known[tensor]

        try:
            for op in self._ops:
                definition = op.opdef
                arguments = definition.arguments(op, [value(t) for t in op.inputs])
                result = definition.lower(*arguments, **definition.keywords(op.attrs))
                outputs = result if isinstance(result, (tuple, list)) else (result,)
                known.update(zip(op.outputs, outputs, strict=True))
        except (OpError, xp.StaticValueNeeded):
            return None
        return [value(t) for t in tensors]


class Fixed:
    """A small tensor whose value is part of the signature.

    Attributes:
        op: what needs it.
    """

    def __init__(self, tensor: Tensor, op: Operation, early: Early) -> None:
        self.subject, self.op = tensor, op
        self._early = early

    def value(self, given: dict[Tensor, Any]) -> tuple[Any, Any]:
        """What goes into the signature, and the tensor's value; None for both if it is not clear."""
        found = self._early.values([self.subject], given)
        if found is None or np.size(found[0]) > _MAX_FIXED:
            return None, None
        return found[0].tobytes(), found[0]


class Counted:
    """A loop whose number of steps is part of the signature.

    Args:
        args: the loop's arguments as far as they are known while tracing.
        wanted: the tensors that the others are.
    """

    def __init__(
        self, op: Operation, drive: Drive, args: list[Any], wanted: dict[int, Tensor], early: Early
    ) -> None:
        self.subject = op
        self._drive, self._args = drive, args
        self._wanted, self._early = wanted, early

    def value(self, given: dict[Tensor, Any]) -> tuple[Any, Trips | None]:
        """What goes into the signature, and the number of steps; None for both if it is not clear."""
        values = self._early.values(list(self._wanted.values()), given)
        if values is None:
            return None, None
        args = list(self._args)
        for i, value in zip(self._wanted, values, strict=True):
            args[i] = value
        found = self._drive.trips(args)
        return (None, None) if found is None else (found.count, found)


# By tensor or loop; None where the run showed that the value is not to be had.
Known = dict[Tensor | Operation, Any]


class Beforehand:
    """What of one segment can be computed before it is run, asked for while it is traced.

    Args:
        inputs: values of the segment's inputs, for their sizes.
        ops: the segment's.
        values: what the evaluator knows of the segment's tensors.
        known: what is part of the signature already.
    """

    def __init__(
        self,
        inputs: dict[Tensor, Any],
        ops: list[Operation],
        values: dict[Tensor, Any],
        known: Known,
    ) -> None:
        self._inputs, self._ops, self._values = inputs, ops, values
        self._known = known

    def trips(
        self, op: Operation, cond: FuncGraph, body: FuncGraph, args: list[Any]
    ) -> Trips | None:
        """The number of steps of a loop that traced values drive, or None.

        Raises:
            Needed: it can be known, but is not part of the signature yet.
        """
        if op in self._known:
            found: Trips | None = self._known[op]
            return found
        drive = Drive(cond, body, args)
        if not drive.integral:
            return None
        wanted = {
            i: op.inputs[i]
            for i in drive.needed
            if xp.is_jax(args[i]) and not isinstance(args[i], ListValue)
        }
        early = self._early(list(wanted.values()))
        if early is None:
            return None
        known = [None if i in wanted else _without_buffer(x) for i, x in enumerate(args)]
        raise Needed(Counted(op, drive, known, wanted, early))

    def fix(self, tensor: Tensor, op: Operation) -> None:
        """Ask for the value of a tensor that `op` needs.

        Raises:
            Needed: it can be known. (Otherwise nothing happens.)
        """
        if tensor in self._known:
            return
        early = self._early([tensor])
        if early is not None and (tensor.shape.num_elements() or 1) <= _MAX_FIXED:
            raise Needed(Fixed(tensor, op, early))

    def _early(self, tensors: list[Tensor]) -> Early | None:
        """How to compute tensors from the segment's inputs.

        None where that takes more than a little arithmetic with integers.
        """
        inside = set(self._ops)
        needed: set[Operation] = set()
        static: dict[Tensor, Any] = {}
        stack = list(tensors)
        while stack:
            tensor = stack.pop()
            value = self._values.get(tensor)
            if tensor.op.type == "Const":
                static[tensor] = tensor.op.attrs["value"]
            elif value is not None and not xp.is_jax(value) and not isinstance(value, ListValue):
                static[tensor] = value
            elif tensor in self._inputs:
                if np.size(self._inputs[tensor]) > _MAX_SOURCE:
                    return None
            elif tensor.op not in inside or not _is_cheap(tensor.op):
                return None
            elif tensor.op not in needed:
                needed.add(tensor.op)
                stack += tensor.op.inputs
        return Early([op for op in self._ops if op in needed], static)


def _without_buffer(value: Any) -> Any:
    """What decides about the number of steps: of a list its length, of traced values nothing."""
    if isinstance(value, ListValue):
        return None if value.is_growing else ListValue(None, value.length, value.element_dtype)
    return None if xp.is_jax(value) else value


def _is_cheap(op: Operation) -> bool:
    definition = op.opdef
    special = definition.host or definition.injected or definition.writes or definition.needs_jax
    return is_integral(op) and not special and not any(t.dtype._is_ref_dtype for t in op.outputs)
