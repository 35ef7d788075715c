"""How often a loop runs, where constants and shapes alone decide it.

The condition, and what it needs of the body, is evaluated in NumPy for as many iterations as it
holds; the rest of the body is not looked at. The lengths of growing lists are followed as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tf1x.core.dtypes import variant
from tf1x.core.errors import OpError
from tf1x.core.func_graph import FuncGraph
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import xp
from tf1x.ops.list_value import ListValue
from tf1x.runtime.plan import plan_of

# Beyond, the loop is driven by its condition instead of a count.
_MAX_TRIPS = 100_000

_LIST_WRITES = frozenset({"TensorListSetItem", "TensorListPushBack"})
# Ops whose result depends on the shape of their input only.
_SHAPE_ONLY = frozenset({"Shape", "Size", "Rank", "TensorListLength"})


@dataclass
class Trips:
    """A known number of iterations.

    Attributes:
        count: the number.
        lengths: of each list argument that the loop makes longer, the length after it.
    """

    count: int
    lengths: dict[int, int] = field(default_factory=dict)


def grows(body: FuncGraph, index: int) -> bool:
    """Whether the body may make the list argument `index` longer."""
    tensor = body.outputs[index]
    while tensor.op.type in (*_LIST_WRITES, "Identity"):
        op = tensor.op
        if op.type == "TensorListPushBack" or op.attrs.get("resize_if_index_out_of_bounds"):
            return True
        tensor = op.inputs[0]
    return False


def trips(cond: FuncGraph, body: FuncGraph, args: list[Any]) -> Trips | None:
    """How often the loop runs for these arguments, or None where that depends on traced values."""
    return Drive(cond, body, args).trips(args)


def at_most(cond: FuncGraph, body: FuncGraph, args: list[Any]) -> int | None:
    """A number of steps that the loop cannot exceed, where a part of its condition tells one.

    A loop with `maximum_iterations` has the condition `holds and counter < maximum`.
    """
    found = []
    stack = list(cond.outputs)
    while stack:
        tensor = stack.pop()
        if tensor.op.type == "LogicalAnd":
            stack += tensor.op.inputs
        elif tensor is not cond.outputs[0]:
            part = Drive(cond, body, args, tensor).trips(args)
            found += [] if part is None else [part.count]
    return min(found, default=None)


class Drive:
    """What keeps a loop going: its condition, and what that needs of the body.

    Args:
        args: the loop's arguments; which of them are lists counts.
        condition: a part of the condition to look at instead of the whole.

    Attributes:
        needed: positions of the arguments that decide.
        integral: whether they are compared as integers and bools only.
    """

    def __init__(
        self, cond: FuncGraph, body: FuncGraph, args: list[Any], condition: Tensor | None = None
    ) -> None:
        lists = [i for i, x in enumerate(args) if isinstance(x, ListValue) and grows(body, i)]
        self._lists = lists if condition is None else []
        self._condition = _Slice(cond, cond.outputs if condition is None else [condition])
        needed: set[int] = self._condition.args | set(self._lists)
        while True:
            self._step = _Slice(body, [body.outputs[i] for i in sorted(needed)])
            if self._step.args <= needed:
                break
            needed |= self._step.args
        self.needed = sorted(needed)
        self._possible = self._condition.possible and self._step.possible
        self.integral = self._possible and self._condition.integral and self._step.integral

    def trips(self, args: list[Any]) -> Trips | None:
        """How often the loop runs for these arguments, or None where traced values decide."""
        values = {i: _known(args[i]) for i in self.needed}
        if any(v is None for i, v in values.items() if i not in self._lists):
            return None
        if not self._possible:
            return None
        count = 0
        try:
            while bool(self._condition.run(values)[0]):
                if count >= _MAX_TRIPS:
                    return None
                values = dict(zip(self.needed, self._step.run(values), strict=True))
                count += 1
        except (_Unknown, OpError, xp.StaticValueNeeded):
            return None
        return Trips(count, {i: values[i].length for i in self._lists})


def sequence(
    body: FuncGraph, args: list[Any], tensor: Tensor, count: int
) -> np.ndarray[Any, Any] | None:
    """The values that a scalar of the body has in the first `count` steps, if they are known."""
    wanted = _Slice(body, [tensor])
    needed = set(wanted.args)
    while True:
        step = _Slice(body, [body.outputs[i] for i in sorted(needed)])
        if step.args <= needed:
            break
        needed |= step.args
    values = {i: _known(args[i]) for i in needed}
    if any(v is None for v in values.values()) or not (wanted.possible and step.possible):
        return None
    order = sorted(needed)
    found = []
    try:
        for _ in range(count):
            found.append(int(wanted.run(values)[0]))
            values = dict(zip(order, step.run(values), strict=True))
    except (_Unknown, OpError, xp.StaticValueNeeded):
        return None
    return np.asarray(found, np.int64)


def is_integral(op: Operation) -> bool:
    """Whether an op gives the same values in NumPy and in XLA: integers, bools, moved data."""
    return op.opdef.exact or all(
        t.dtype.is_integer or t.dtype.is_bool or t.dtype is variant for t in op.outputs
    )


def _known(value: Any) -> Any:
    if isinstance(value, ListValue):
        return None if value.is_growing else _Length(int(value.length))
    if value is None or xp.is_jax(value):
        return None
    return np.asarray(value)


@dataclass(frozen=True)
class _Length:
    """A list of which only the length is known."""

    length: int


class _Unknown(Exception):
    pass


class _Slice:
    """The part of a function that some of its outputs need.

    Attributes:
        args: positions of the arguments that it takes.
        possible: whether it can be computed from those alone, without effects.
        integral: whether all of it gives the same values in NumPy and in XLA.
    """

    def __init__(self, function: FuncGraph, outputs: Iterable[Tensor]) -> None:
        self._outputs = list(outputs)
        self._function = function
        position = {t: i for i, t in enumerate(function.args)}
        needed: set[Operation] = set()
        self.args: set[int] = set()
        self.possible = True
        stack = list(self._outputs)
        while stack:
            tensor = stack.pop()
            op = tensor.op
            if op.type == "_Arg":
                self.args.add(position[tensor])
                continue
            if op in needed:
                continue
            needed.add(op)
            definition = op.opdef
            if definition.host or definition.writes or definition.injected:
                self.possible = False
            stack += self._sources(op)
        self._ops = [op for op in plan_of(function).ops if op in needed]
        self.integral = all(is_integral(op) for op in self._ops)

    @staticmethod
    def _sources(op: Operation) -> list[Tensor]:
        if op.type == "TensorListSetItem":
            return list(op.inputs[:2])
        if op.type in ("TensorListPushBack", "TensorListLength"):
            return [op.inputs[0]]
        if op.type in _SHAPE_ONLY and op.inputs[0].shape.is_fully_defined():
            return []
        return list(op.inputs)

    def run(self, args: dict[int, Any]) -> list[Any]:
        values: dict[Tensor, Any] = {self._function.args[i]: v for i, v in args.items()}
        for op in self._ops:
            self._apply(op, values)
        return [values[t] for t in self._outputs]

    def _apply(self, op: Operation, values: dict[Tensor, Any]) -> None:
        definition = op.opdef
        if op.type == "Const":
            values[op.outputs[0]] = op.attrs["value"]
            return
        if op.type in _LIST_WRITES:
            values[op.outputs[0]] = _written(op, values)
            return
        if op.type in _SHAPE_ONLY and not self._sources(op):
            shape = op.inputs[0].shape.as_list()
            result: Any = {
                "Shape": shape,
                "Rank": len(shape),
                "Size": op.inputs[0].shape.num_elements(),
            }[op.type]
            values[op.outputs[0]] = np.asarray(result, op.outputs[0].dtype.as_numpy_dtype)
            return
        inputs = [values[t] for t in op.inputs]
        if op.type == "TensorListLength":
            values[op.outputs[0]] = np.int32(inputs[0].length)
            return
        if any(isinstance(x, _Length) for x in inputs) and op.type != "Identity":
            raise _Unknown
        result = definition.lower(
            *definition.arguments(op, inputs), **definition.keywords(op.attrs)
        )
        outputs = result if isinstance(result, (tuple, list)) else (result,)
        if xp.is_jax(*outputs):  # a lowering that calls JAX, whose results are traced here
            raise _Unknown
        values.update(zip(op.outputs, outputs, strict=True))


def _written(op: Operation, values: dict[Tensor, Any]) -> _Length:
    length: int = values[op.inputs[0]].length
    if op.type == "TensorListPushBack":
        return _Length(length + 1)
    if not op.attrs.get("resize_if_index_out_of_bounds"):
        return _Length(length)
    return _Length(max(length, int(values[op.inputs[1]]) + 1))
