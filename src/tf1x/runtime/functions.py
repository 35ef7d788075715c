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

from tf1x.core.func_graph import FuncGraph
from tf1x.core.graph import Operation
from tf1x.ops import xp
from tf1x.ops.list_value import ListValue
from tf1x.runtime.evaluate import Evaluator
from tf1x.runtime.plan import SILENT, effects, plan_of
from tf1x.runtime.trip_count import Trips, trips

# A loop of known length whose values change their shape is written out, up to this many times.
_MAX_UNROLLED = 512


class NeedsConcrete(xp.StaticValueNeeded):
    """XLA cannot express this control flow: its op has to run between two segments."""


class Bounds:
    """How many iterations room is made for, in loops whose number of iterations XLA cannot know.

    Such a loop flags when the room was too small; the runtime then calls `grow` and runs again.
    """

    FIRST = 16

    def __init__(self) -> None:
        self._bounds: dict[Operation, int] = {}

    def of(self, op: Operation, at_most: int | None) -> int:
        bound = self._bounds.setdefault(op, self.FIRST)
        return bound if at_most is None else min(bound, at_most)

    def grow(self, op: Operation) -> None:
        self._bounds[op] *= 2


def run_function(
    parent: Evaluator,
    function: FuncGraph,
    args: list[Any],
    variables: dict[str, Any],
    reverse: bool = False,
) -> list[Any]:
    """Outputs of a function applied to values; what it writes goes to `variables`."""
    inner = parent.nested(variables, plan_of(function).access, reverse)
    inner.values.update(zip(function.args, args, strict=True))
    inner.run(op for op in plan_of(function).ops if op.type not in SILENT)
    return [inner.values[t] for t in function.outputs]


class Traced:
    """Runs the functions of one control-flow op while tracing."""

    def __init__(self, evaluator: Evaluator, op: Operation, bounds: Bounds) -> None:
        self._evaluator = evaluator
        self._op = op
        self._bounds = bounds

    def _function(self, name: str) -> FuncGraph:
        function: FuncGraph = self._op.graph.function(name)
        return function

    def _run(self, function: FuncGraph, args: list[Any], variables: dict[str, Any]) -> list[Any]:
        return run_function(
            self._evaluator, function, args, variables, reverse=self._evaluator.reverse
        )

    # -- branches ------------------------------------------------------------------------------

    def branch(self, index: Any, names: list[str], args: list[Any]) -> list[Any]:
        """The outputs of the function `names[index]`."""
        functions = [self._function(name) for name in names]
        if not isinstance(index, jax.core.Tracer):
            return self._run(functions[int(index)], args, self._evaluator.variables)
        written = sorted({key for f in functions for key in effects(f).writes})
        before = self._values_of(written)
        branches = [self._branch(f, args, written) for f in functions]
        shapes = [jax.eval_shape(b.traced) for b in branches]
        known = [_same([b.static[i] for b in branches]) for i in range(len(functions[0].outputs))]
        tags = list(dict.fromkeys(tag for b in branches for tag in b.tags))
        like = [self._common([s[0][i] for s in shapes]) for i in range(len(known))]

        def call(b: _Branch) -> Callable[[], Any]:
            def run() -> Any:
                outputs, values, flags = b.traced()
                dynamic = [
                    _fitted(x, spec)
                    for x, spec, fixed in zip(outputs, like, known, strict=True)
                    if fixed is None
                ]
                flagged = dict(zip(b.tags, flags, strict=True))
                return dynamic, values, [flagged.get(tag, jnp.zeros((), bool)) for tag in tags]

            return run

        dynamic, values, flags = lax.switch(index, [call(b) for b in branches])
        self._evaluator.variables.update(zip(written, values, strict=True))
        xp.flag(dict(zip(tags, flags, strict=True)))
        found = iter(dynamic)
        del before
        return [next(found) if fixed is None else fixed for fixed in known]

    def _branch(self, function: FuncGraph, args: list[Any], written: list[str]) -> _Branch:
        return _Branch(self, function, args, written)

    def _values_of(self, keys: list[str]) -> list[Any]:
        values = [self._evaluator.known(key) for key in keys]
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

    def loop(self, cond: str, body: str, args: list[Any]) -> list[Any]:
        """`args` after `body` was applied for as long as `cond` holds."""
        loop = _Loop(self, self._function(cond), self._function(body), args)
        return loop.run()


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
        variables = dict(self._owner._evaluator.variables)
        with xp.collecting_checks() as checks:
            outputs = self._owner._run(self._function, self._args, variables)
        self.static = [None if xp.is_jax(x) or isinstance(x, ListValue) else x for x in outputs]
        collected = checks.combined()
        self.tags = list(collected)
        values = [jnp.asarray(variables[key]) for key in self._written]
        return [_dynamic(x) for x in outputs], values, list(collected.values())


def _same(values: list[Any]) -> Any:
    """The one value that all of `values` are, or None."""
    first = values[0]
    if first is None or any(v is None for v in values):
        return None
    same = all(np.shape(v) == np.shape(first) and np.array_equal(v, first) for v in values[1:])
    return first if same else None


def _dynamic(value: Any) -> Any:
    """A value as XLA's control flow carries it."""
    if isinstance(value, ListValue):
        return jax.tree.map(jnp.asarray, value)
    return jnp.asarray(value)


def _common_list(specs: list[ListValue]) -> ListValue:
    buffers = [s.buffer for s in specs if s.buffer is not None]
    shapes = {b.shape for b in buffers}
    lengths = {s.length for s in specs if not s.is_growing}
    if len(shapes) > 1 or len(lengths) > 1 or len({s.is_growing for s in specs}) > 1:
        raise NeedsConcrete(None)
    return next((s for s in specs if s.buffer is not None), specs[0])


def _fitted(value: Any, spec: Any) -> Any:
    """A list that was not written yet, with the buffer that the other branch gave it."""
    if isinstance(value, ListValue) and value.buffer is None and spec.buffer is not None:
        return _dynamic(value.filled(tuple(spec.buffer.shape[1:])))
    return value


class _Loop:
    """One `While` as it is traced.

    What the body hands on unchanged stays outside of what the loop carries: weights, mostly.
    """

    def __init__(self, owner: Traced, cond: FuncGraph, body: FuncGraph, args: list[Any]) -> None:
        self._owner, self._cond, self._body = owner, cond, body
        self._evaluator = owner._evaluator
        self._args = list(args)
        same = [y is x for x, y in zip(body.args, body.outputs, strict=True)]
        self._varying = [i for i, fixed in enumerate(same) if not fixed]
        self._written = sorted(effects(body).writes | effects(cond).writes)
        self._tags: list[Any] = []

    def run(self) -> list[Any]:
        found = trips(self._cond, self._body, self._args)
        variables = self._owner._values_of(self._written)
        if found is not None and found.count == 0:
            return self._args
        grows = self._growing(found)
        carry = [self._start(i) for i in self._varying]
        try:
            state = self._settled((carry, [jnp.asarray(v) for v in variables]))
        except _ChangesShape:
            if found is not None and found.count <= _MAX_UNROLLED:
                return self._unrolled(found.count)
            raise NeedsConcrete(None) from None
        flags = [jnp.zeros((), bool)] * len(self._tags)
        if found is not None:
            (carry, values), flags = self._scan(found.count, (state, flags))
        elif self._evaluator.reverse or grows:
            (carry, values), flags = self._bounded((state, flags), grows)
        else:
            (carry, values), flags = lax.while_loop(self._holds, self._step, (state, flags))
        self._evaluator.variables.update(zip(self._written, values, strict=True))
        xp.flag(dict(zip(self._tags, flags, strict=True)))
        result = list(self._args)
        for i, value in zip(self._varying, carry, strict=True):
            result[i] = value
        if found is not None:
            for i, length in found.lengths.items():
                result[i] = ListValue(result[i].buffer, length, result[i].element_dtype).resized(
                    length
                )
        return result

    # -- carried values ------------------------------------------------------------------------

    def _growing(self, found: Trips | None) -> list[int]:
        """Make room in the lists that the loop makes longer; which those are."""
        grows = [i for i in self._varying if self._body_grows(i)]
        for i in grows:
            value = self._args[i]
            if found is not None and i in found.lengths:
                capacity = found.lengths[i]
            else:
                bound = self._owner._bounds.of(self._owner._op, self._limit())
                capacity = value.capacity + bound
            self._args[i] = value.growing(max(capacity, value.capacity))
        if found is not None and any(i not in found.lengths for i in grows):
            raise NeedsConcrete(None)
        return grows

    def _body_grows(self, index: int) -> bool:
        from tf1x.runtime.trip_count import grows

        return isinstance(self._args[index], ListValue) and grows(self._body, index)

    def _limit(self) -> int | None:
        return None

    def _start(self, index: int) -> Any:
        return _dynamic(self._args[index])

    def _settled(self, state: Any) -> Any:
        """The first state, with the shapes that it has after the body, too.

        Raises:
            _ChangesShape: the body changes a shape.
        """
        for _ in range(3):
            after, _ = jax.eval_shape(self._body_of, state)
            before: Any = (jax.tree.leaves(state), jax.tree.structure(state))
            specs: Any = (jax.tree.leaves(after), jax.tree.structure(after))
            if before[1] == specs[1] and all(
                x.shape == s.shape and x.dtype == s.dtype
                for x, s in zip(before[0], specs[0], strict=True)
            ):
                return state
            carry, variables = state
            carry = [_fitted(x, s) for x, s in zip(carry, after[0], strict=True)]
            state = carry, variables
        raise _ChangesShape

    def _all_args(self, carry: list[Any]) -> list[Any]:
        args = list(self._args)
        for i, value in zip(self._varying, carry, strict=True):
            args[i] = value
        return args

    # -- the pieces ----------------------------------------------------------------------------

    def _condition(self, carry: list[Any], variables: list[Any]) -> Any:
        values = {**self._evaluator.variables, **dict(zip(self._written, variables, strict=True))}
        with xp.collecting_checks():
            (holds,) = self._owner._run(self._cond, self._all_args(carry), values)
        return jnp.asarray(holds).astype(bool).reshape(())

    def _body_of(self, state: Any) -> Any:
        """One iteration: (carry, variables) to the same, and its flags."""
        carry, variables = state
        values = {**self._evaluator.variables, **dict(zip(self._written, variables, strict=True))}
        with xp.collecting_checks() as checks:
            outputs = self._owner._run(self._body, self._all_args(carry), values)
        found = checks.combined()
        self._tags = list(dict.fromkeys([*self._tags, *found]))
        new = [_dynamic(outputs[i]) for i in self._varying]
        written = [jnp.asarray(values[key]) for key in self._written]
        return (new, written), found

    def _step(self, carried: Any) -> Any:
        state, flags = carried
        state, found = self._body_of(state)
        flags = [
            jnp.logical_or(flag, found[tag]) if tag in found else flag
            for flag, tag in zip(flags, self._tags, strict=True)
        ]
        return state, flags

    def _holds(self, carried: Any) -> Any:
        (carry, variables), _ = carried
        return self._condition(carry, variables)

    # -- forms of the loop ---------------------------------------------------------------------

    def _scan(self, count: int, carried: Any) -> Any:
        return lax.scan(lambda c, _: (self._step(c), None), carried, None, length=count)[0]

    def _bounded(self, carried: Any, grows: list[int]) -> Any:
        """As many iterations as there is room for; a flag tells that there were more to do."""
        bound = self._owner._bounds.of(self._owner._op, self._limit())

        def iterate(c: Any, _: Any) -> Any:
            return lax.cond(self._holds(c), self._step, lambda same: same, c), None

        if self._evaluator.reverse:
            carried, _ = lax.scan(iterate, carried, None, length=bound)
        else:
            carried, _ = lax.while_loop(
                lambda c: jnp.logical_and(c[1] < bound, self._holds(c[0])),
                lambda c: (self._step(c[0]), c[1] + 1),
                (carried, jnp.zeros((), jnp.int32)),
            )
        xp.flag({self._owner._op: self._holds(carried)})
        return carried

    def _unrolled(self, count: int) -> list[Any]:
        args = self._args
        for _ in range(count):
            args = self._owner._run(self._body, args, self._evaluator.variables)
        return args


class _ChangesShape(Exception):
    """The loop's values do not keep their shapes."""
