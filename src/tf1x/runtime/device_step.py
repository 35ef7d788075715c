"""A segment of a plan with what is compiled of it, and what its programs depend on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import jax
import numpy as np

from tf1x.core import dtypes
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import read_variable_op, variable_key
from tf1x.ops.functional import BRANCHES, LOOPS
from tf1x.ops.list_value import ListValue
from tf1x.runtime.buckets import Buckets
from tf1x.runtime.compile import Compiled, Segment
from tf1x.runtime.counted import Counted, Fixed, Known
from tf1x.runtime.plan import inside

# Values fed for shapes are part of a program's signature up to this size.
_STATIC_ELEMENTS = 64
_SHAPE_ELEMENTS = 8
# What may stand between a fed bool and a branch that it decides, and how many of them may decide.
_LOGIC = ("Identity", "LogicalAnd", "LogicalNot", "LogicalOr")
_MOST_DECIDING = 3


class DeviceStep:
    """A segment, and its compiled forms by signature.

    Attributes:
        is_by_shapes: whether shapes of the inputs are the signature, as far as is known.
        is_reshaped: whether shapes of variables are part of it.
    """

    def __init__(self, segment: Segment, static: set[Tensor]) -> None:
        self.segment = segment
        self.static = [t for t in segment.inputs if t in static]
        self.compiled: dict[Any, Compiled] = {}
        self.buckets = Buckets(segment)
        # For each signature what is computed beforehand and added to it.
        self.counted: dict[Any, list[Counted | Fixed]] = {}
        self.positions: list[int] | None = None
        self._takes_lists = any(t.dtype is dtypes.variant for t in segment.inputs)
        reshaped = _reshaped_keys(segment)
        self._reshaped = [key for key in segment.reads if key in reshaped]
        self.is_reshaped = bool(self._reshaped)
        self.is_by_shapes = not (self.static or self._takes_lists or self._reshaped)

    def place(self, fed: list[Tensor]) -> None:
        """Note where the inputs stand among the fed tensors; None if just so."""
        same = self.segment.inputs == fed
        self.positions = None if same else [fed.index(t) for t in self.segment.inputs]

    def signature(self, inputs: list[Any], variables: dict[str, Any]) -> Any:
        """What a program is made for: shapes, and values that are needed while tracing."""
        if self.is_by_shapes:
            return tuple([x.shape for x in inputs])
        of_inputs = self._signature(inputs)
        if not self._reshaped:
            return of_inputs
        shapes = [np.shape(variables[key]) if key in variables else None for key in self._reshaped]
        return (of_inputs, *shapes)

    def _signature(self, inputs: list[Any]) -> Any:
        return tuple(
            [
                (_form(x), _content(x) if t in self.static else None)
                for t, x in zip(self.segment.inputs, inputs, strict=True)
            ]
        )

    def is_plain(self, signature: Any) -> bool:
        """Whether shapes are all that a program for this signature depends on."""
        return self.is_by_shapes and signature not in self.counted

    def padded(self, signature: Any) -> Compiled | None:
        """A program that was made for shapes like these."""
        if not self.buckets.programs or not self.is_plain(signature):
            return None
        return self.buckets.find(signature)

    def with_known(self, signature: Any, inputs: list[Any]) -> tuple[Any, Known]:
        """A signature with what is computed beforehand, and that by tensor or loop."""
        if not self.counted or signature not in self.counted:
            return signature, {}
        given = dict(zip(self.segment.inputs, inputs, strict=True))
        marks, known = [], {}
        for item in self.counted[signature]:
            mark, known[item.subject] = item.value(given)
            marks.append(mark)
        return (signature, *marks), known


def _form(value: Any) -> Any:
    """What a compiled segment depends on: the shape of an array, form and shapes of a list."""
    if isinstance(value, ListValue):
        return jax.tree.structure(value), *(np.shape(x) for x in jax.tree.leaves(value))
    return value.shape


def _content(value: Any) -> Any:
    """The bytes of an array, or of all parts of a list."""
    return tuple([np.asarray(x).tobytes() for x in jax.tree.leaves(value)])


def concrete(value: Any) -> Any:
    if type(value) is np.ndarray:
        return value
    if isinstance(value, ListValue):
        return jax.tree.map(concrete, value)
    return np.asarray(value) if isinstance(value, jax.Array) else value


def small_sources(
    op: Operation, needed: Tensor | None, segment: Segment, given: dict[Tensor, Any]
) -> set[Tensor] | None:
    """The segment's inputs that determine the integers `op` needs, if all are small.

    These are `needed`, where it is known, else all integers that go into `op`. `given` are the
    values of the inputs: a vector of unknown length counts as small if it is as short as a shape.

    None when a variable, a random number or a large value is among the sources.
    """
    inputs = set(segment.inputs)
    known = set(inside(segment.ops))
    found: set[Tensor] = set()
    wanted = op.inputs if needed is None else (needed,)
    stack = [t for t in wanted if t.dtype.is_integer or t.dtype.is_bool]
    seen: set[Tensor] = set()
    while stack:
        tensor = stack.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        if tensor in inputs:
            size, limit = tensor.shape.num_elements(), _STATIC_ELEMENTS
            if size is None:
                size, limit = np.size(given[tensor]), _SHAPE_ELEMENTS
            if size > limit:
                return None
            found.add(tensor)
        elif tensor.op.type in ("Shape", "Size", "Rank", "Const"):
            continue
        elif tensor.op.type == "_Arg":
            outer = tensor.op.graph.bound(tensor)  # type: ignore[attr-defined]
            if outer is None:
                return None
            stack.append(outer)
        elif tensor.op not in known or tensor.op.opdef.stateful or tensor.dtype._is_ref_dtype:
            return None
        else:
            stack += tensor.op.inputs
    return found or None


def deciding(ops: Collection[Operation], fed: Collection[Tensor]) -> set[Tensor]:
    """The fed bools that choose branches, as `is_training` does for batch normalization.

    As part of a program's signature they leave in it only the branch that is taken: less to
    compile, and XLA fuses across it. Not beside a loop, where one program may serve many shapes
    (buckets.py), nor where the choices are many.
    """
    found: set[Tensor] = set()
    if any(op.type in LOOPS for op in ops):
        return found
    stack = [op.inputs[0] for op in ops if op.type in BRANCHES]
    while stack:
        tensor = stack.pop()
        if tensor in fed:
            if tensor.dtype.is_bool:
                found.add(tensor)
        elif tensor.op.type in _LOGIC:
            stack += tensor.op.inputs
    return found if len(found) <= _MOST_DECIDING else set()


def _reshaped_keys(segment: Segment) -> set[str]:
    """The variables that may have another shape each time (`validate_shape=False`)."""
    tensors = {tensor for op in inside(segment.ops) for tensor in op.inputs}
    made = [op for op in map(read_variable_op, tensors) if op is not None]
    reshaped = {op for op in made if not op.attrs["shape"].is_fully_defined()}
    return {key for op in reshaped if (key := variable_key(op.outputs[0])) is not None}
