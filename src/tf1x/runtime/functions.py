"""Control flow while a segment is traced: branches by `lax.switch`, loops by `lax.scan` or
`lax.while_loop`.

What a branch or body changes besides its outputs (variables, positions of random ops) is made
part of what XLA's conditional or loop carries; its checks become flags.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tf1x.core.errors import OpError
from tf1x.core.func_graph import FuncGraph
from tf1x.core.operation import Operation
from tf1x.ops import xp
from tf1x.ops.list_value import ListValue, Repeated
from tf1x.runtime.counted import Beforehand
from tf1x.runtime.evaluate import Evaluator
from tf1x.runtime.plan import SILENT, effects, plan_of
from tf1x.runtime.trip_count import Trips


class NeedsConcrete(xp.StaticValueNeeded):
    """XLA cannot express this control flow: its op has to run between two segments."""


class Bounds:
    """How many iterations room is made for, in loops whose number of iterations XLA cannot know.

    Such a loop flags when the room was too small; the runtime then calls `grow` and runs again.
    """

    # Under a gradient every step that there is room for costs something, taken or not.
    FIRST_REVERSED = 16
    FIRST = 64

    def __init__(self) -> None:
        self._bounds: dict[Operation, int] = {}
        self._grown: set[Operation] = set()

    def of(self, op: Operation, reverse: bool = False, most: int | None = None) -> int:
        """How many steps there is room for; never more than `most`."""
        first = self.FIRST_REVERSED if reverse else self.FIRST
        bound = self._bounds.setdefault(op, first)
        return bound if most is None else min(bound, most)

    def start(self, op: Operation, bound: int) -> None:
        """Note how many steps a program that was not traced here has room for."""
        self._bounds.setdefault(op, bound)

    def grow(self, op: Operation) -> None:
        self._bounds[op] *= 2
        self._grown.add(op)

    def grown(self, op: Operation) -> int | None:
        """How many steps there is room for, if more than for any loop at first."""
        return self._bounds[op] if op in self._grown else None


def run_function(
    parent: Evaluator,
    function: FuncGraph,
    args: list[Any],
    variables: dict[str, Any],
    reverse: bool = False,
    known: dict[Operation, Callable[[Evaluator], list[Any]] | None] | None = None,
) -> list[Any]:
    """Outputs of a function applied to values; what it writes goes to `variables`.

    Args:
        known: ops whose outputs are found in another way than by their lowerings; None for those
            whose outputs nothing wants.
    """
    inner = parent.nested(variables, plan_of(function).access, reverse)
    known = known or {}
    unwanted = {op for op, how in known.items() if how is None}
    inner.known_ops = {op: how for op, how in known.items() if how is not None}
    inner.values.update(zip(function.args, args, strict=True))
    ops = plan_of(function).ops
    inner.run(op for op in ops if op.type not in SILENT and op not in unwanted)
    return [inner.values[t] for t in function.outputs]


class Traced:
    """Runs the functions of one control-flow op while tracing."""

    def __init__(
        self,
        evaluator: Evaluator,
        op: Operation,
        bounds: Bounds,
        beforehand: Beforehand | None = None,
    ) -> None:
        self.evaluator = evaluator
        self.op = op
        self.bounds = bounds
        self._beforehand = beforehand

    def _function(self, name: str) -> FuncGraph:
        function: FuncGraph = self.op.graph.function(name)
        return function

    def run(
        self, function: FuncGraph, args: list[Any], variables: dict[str, Any], known: Any = None
    ) -> list[Any]:
        """The outputs of a function; what it writes goes to `variables`."""
        reverse = self.evaluator.reverse
        return run_function(self.evaluator, function, args, variables, reverse, known)

    # -- branches ------------------------------------------------------------------------------

    def branch(self, index: Any, names: list[str], args: list[Any]) -> list[Any]:
        """The outputs of the function `names[index]`."""
        functions = [self._function(name) for name in names]
        if not isinstance(index, jax.core.Tracer):
            return self.run(functions[int(index)], args, self.evaluator.variables)
        written = sorted({key for f in functions for key in effects(f).writes})
        before = self.values_of(written)
        branches = [self._branch(f, args, written) for f in functions]
        shapes = [jax.eval_shape(b.traced) for b in branches]
        known = [_same([b.static[i] for b in branches]) for i in range(len(functions[0].outputs))]
        tags = list(dict.fromkeys(tag for b in branches for tag in b.tags))
        like = [self._common([s[0][i] for s in shapes]) for i in range(len(known))]

        def call(b: _Branch) -> Callable[[], Any]:
            def run() -> Any:
                outputs, values, flags = b.traced()
                dynamic = [
                    fitted(x, spec)
                    for x, spec, fixed in zip(outputs, like, known, strict=True)
                    if fixed is None
                ]
                flagged = dict(zip(b.tags, flags, strict=True))
                return dynamic, values, [flagged.get(tag, jnp.zeros((), bool)) for tag in tags]

            return run

        dynamic, values, flags = lax.switch(index, [call(b) for b in branches])
        self.evaluator.variables.update(zip(written, values, strict=True))
        xp.flag(dict(zip(tags, flags, strict=True)))
        found = iter(dynamic)
        del before
        return [next(found) if fixed is None else fixed for fixed in known]

    def _branch(self, function: FuncGraph, args: list[Any], written: list[str]) -> _Branch:
        return _Branch(self, function, args, written)

    def values_of(self, keys: list[str]) -> list[Any]:
        values = [self.evaluator.known(key) for key in keys]
        if any(v is None for v in values):
            raise NeedsConcrete(None)  # a branch gives a variable its first value
        return values

    def _common(self, specs: list[Any]) -> Any:
        """What the results of all branches have in common.

        Raises:
            NeedsConcrete: their shapes differ.
        """
        if isinstance(specs[0], ListValue):
            return _common_list(specs)
        if len({(s.shape, s.dtype) for s in specs}) > 1:
            raise NeedsConcrete(None)
        return specs[0]

    # -- loops ---------------------------------------------------------------------------------

    def counted(self, cond: FuncGraph, body: FuncGraph, args: list[Any]) -> Trips | None:
        """How often a loop runs, where that is part of the segment's signature (counted.py)."""
        if self._beforehand is None:
            return None
        return self._beforehand.trips(self.op, cond, body, args)

    def loop(self, cond: str, body: str, args: list[Any]) -> list[Any]:
        """`args` after `body` was applied for as long as `cond` holds."""
        from tf1x.runtime.loops import Loop

        return Loop(self, self._function(cond), self._function(body), args).run()


class _Branch:
    """One branch as a function without arguments.

    Attributes (after `traced` ran once):
        static: outputs whose values are known while tracing; None for the others.
        tags: what its checks stand for.
    """

    def __init__(
        self, owner: Traced, function: FuncGraph, args: list[Any], written: list[str]
    ) -> None:
        self._owner, self._function, self._args = owner, function, args
        self._written = written
        self.static: list[Any] = []
        self.tags: list[Any] = []

    def traced(self) -> Any:
        variables = dict(self._owner.evaluator.variables)
        with xp.collecting_checks() as checks:
            try:
                outputs = self._owner.run(self._function, self._args, variables)
            except OpError as error:  # of a branch that may not be taken
                raise NeedsConcrete(None) from error
        self.static = [None if xp.is_jax(x) or isinstance(x, ListValue) else x for x in outputs]
        collected = checks.combined()
        self.tags = list(collected)
        values = [jnp.asarray(variables[key]) for key in self._written]
        return [carried(x) for x in outputs], values, list(collected.values())


def _same(values: list[Any]) -> Any:
    """The one value that all of `values` are, or None."""
    first = values[0]
    if first is None or any(v is None for v in values):
        return None
    same = all(np.shape(v) == np.shape(first) and np.array_equal(v, first) for v in values[1:])
    return first if same else None


def carried(value: Any) -> Any:
    """A value as XLA's control flow carries it."""
    if isinstance(value, ListValue):
        return jax.tree.map(jnp.asarray, value)
    if value is None or value.dtype == object:
        raise NeedsConcrete(None)  # strings
    return jnp.asarray(value)


def _common_list(specs: list[ListValue]) -> ListValue:
    buffers = [s.buffer for s in specs if s.buffer is not None]
    shapes = {b.shape for b in buffers}
    lengths = {s.length for s in specs if not s.is_growing}
    if len(shapes) > 1 or len(lengths) > 1 or len({s.is_growing for s in specs}) > 1:
        raise NeedsConcrete(None)
    if not buffers and any(isinstance(s, Repeated) for s in specs):
        repeated = [s for s in specs if isinstance(s, Repeated)]
        if not all(np.array_equal(s.element, repeated[0].element) for s in repeated):
            raise NeedsConcrete(None)
        return repeated[0]
    return next((s for s in specs if s.buffer is not None), specs[0])


def fitted(value: Any, spec: Any) -> Any:
    """A list that was not written yet, with the buffer that the other branch gave it."""
    if not isinstance(value, ListValue) or value.buffer is not None:
        return value
    if isinstance(spec, Repeated) and not isinstance(value, Repeated):
        return carried(Repeated(spec.element, value.length, value.capacity))
    if spec.buffer is None:
        return value
    if value.capacity < spec.capacity and value.element_shape is None and not value.is_growing:
        value = value.resized(spec.capacity)  # a sum that started from an empty list
    return carried(value.filled(tuple(spec.buffer.shape[1:])))
