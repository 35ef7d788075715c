"""`While` as it is traced: a scan, a bounded scan, a `lax.while_loop`, or written out."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from tf1x.core.func_graph import FuncGraph
from tf1x.core.operation import Operation, Tensor
from tf1x.native import gemm
from tf1x.ops import matmul, xp
from tf1x.ops.list_value import ListValue
from tf1x.ops.pullback import leaf
from tf1x.runtime.functions import NeedsConcrete, Traced, carried, fitted
from tf1x.runtime.per_step import PerStep
from tf1x.runtime.plan import SILENT, effects, plan_of
from tf1x.runtime.trip_count import Trips, at_most, grows, trips

# Weights are laid out for a kernel where the loop has at least so many steps.
_WORTH_PACKING = 4
# A loop of known length whose values change their shape is written out, up to this many times.
_MAX_UNROLLED = 512


class Loop:
    """One `While`.

    What the body hands on unchanged stays outside of what the loop carries: weights, mostly.
    """

    def __init__(self, owner: Traced, cond: FuncGraph, body: FuncGraph, args: list[Any]) -> None:
        self._owner, self._cond, self._body = owner, cond, body
        self._reverse = owner.evaluator.reverse
        self._args = list(args)
        self._variables = owner.evaluator.variables
        same = [y is x for x, y in zip(body.args, body.outputs, strict=True)]
        self._varying = [i for i, fixed in enumerate(same) if not fixed]
        self._fixed = {i for i, fixed in enumerate(same) if fixed}
        self._written = sorted(effects(body).writes | effects(cond).writes)
        self._tags: list[Any] = []

    def run(self) -> list[Any]:
        """The arguments after the last step.

        Raises:
            NeedsConcrete: XLA cannot express the loop.
        """
        found = trips(self._cond, self._body, self._args)
        if found is None and self._growing():
            found = self._owner.counted(self._cond, self._body, self._args)
        variables = self._owner.values_of(self._written)
        if found is not None and found.count == 0:
            return self._args
        grows = self._make_room(found)
        start = [carried(self._args[i]) for i in self._varying]
        try:
            state = self._settled((start, [jnp.asarray(v) for v in variables]))
        except _ChangesShape:
            if found is not None and found.count <= _MAX_UNROLLED:
                return self._unrolled(found.count)
            raise NeedsConcrete(None) from None
        flags = [jnp.zeros((), bool)] * len(self._tags)
        (values, new), flags = self._repeated(found, grows, (state, flags))
        self._variables.update(zip(self._written, new, strict=True))
        xp.flag(dict(zip(self._tags, flags, strict=True)))
        result = list(self._args)
        for i, value in zip(self._varying, values, strict=True):
            result[i] = value
        if found is not None:
            for i, length in found.lengths.items():
                result[i] = result[i].resized(length)
        return result

    def _repeated(self, found: Trips | None, grows: bool, start: Any) -> Any:
        if found is not None:
            return self._scan(found.count, start, bounded=False)
        if self._reverse or grows:
            bound = self._bound()
        if self._reverse:
            end = self._scan(bound, start, bounded=True)
        elif grows:
            end, _ = lax.while_loop(
                lambda c: jnp.logical_and(c[1] < bound, self._holds(c[0])),
                lambda c: (self._step(c[0]), c[1] + 1),
                (start, jnp.zeros((), jnp.int32)),
            )
        else:
            return lax.while_loop(self._holds, self._step, start)
        xp.flag({self._owner.op: self._holds(end)})
        return end

    def _unrolled(self, count: int) -> list[Any]:
        args = self._args
        for _ in range(count):
            args = self._owner.run(self._body, args, self._variables)
        return args

    # -- carried values ------------------------------------------------------------------------

    def _growing(self) -> list[int]:
        """Positions of the lists that the loop makes longer."""
        return [
            i
            for i in self._varying
            if isinstance(self._args[i], ListValue) and grows(self._body, i)
        ]

    def _bound(self) -> int:
        """How many steps there is room for, where their number is not known."""
        most = at_most(self._cond, self._body, self._args)
        return self._owner.bounds.of(self._owner.op, self._reverse, most)

    def _make_room(self, found: Trips | None) -> bool:
        """Make room in the lists that the loop makes longer; whether there are any."""
        growing = self._growing()
        bound = 0
        if growing and found is None:
            bound = self._bound()
        for i in growing:
            value = self._args[i]
            capacity = value.capacity + bound if found is None else found.lengths[i]
            self._args[i] = value.growing(max(capacity, value.capacity))
        return bool(growing)

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
            values, variables = state
            values = [fitted(x, s) for x, s in zip(values, after[0], strict=True)]
            state = values, variables
        raise _ChangesShape

    # -- one step ------------------------------------------------------------------------------

    def _all(self, state: Any) -> tuple[list[Any], dict[str, Any]]:
        """All arguments and variables, the carried ones from `state`."""
        values, variables = state
        args = list(self._args)
        for i, value in zip(self._varying, values, strict=True):
            args[i] = value
        return args, {**self._variables, **dict(zip(self._written, variables, strict=True))}

    def _holds(self, carry: Any) -> Any:
        args, variables = self._all(carry[0])
        with xp.collecting_checks():
            (holds,) = self._owner.run(self._cond, args, variables)
        return jnp.asarray(holds).astype(bool).reshape(())

    def _body_of(self, state: Any, known: Any = None) -> Any:
        """One step: (values, variables) to the same, and its flags."""
        args, variables = self._all(state)
        with xp.collecting_checks() as checks:
            outputs = self._owner.run(self._body, args, variables, known)
        found = checks.combined()
        self._tags = list(dict.fromkeys([*self._tags, *found]))
        new = [carried(outputs[i]) for i in self._varying]
        return (new, [jnp.asarray(variables[key]) for key in self._written]), found

    def _step(self, carry: Any, known: Any = None) -> Any:
        state, flags = carry
        state, found = self._body_of(state, known)
        flags = [
            jnp.logical_or(flag, found[tag]) if tag in found else flag
            for flag, tag in zip(flags, self._tags, strict=True)
        ]
        return state, flags

    # -- scans ---------------------------------------------------------------------------------

    def _scan(self, length: int, start: Any, bounded: bool) -> Any:
        """`length` steps; with `bounded`, only as long as the condition holds."""
        args = list(self._args)
        for i, value in zip(self._varying, start[0][0], strict=True):
            if isinstance(value, ListValue):
                args[i] = value
        fixed, written, reverse = self._fixed, self._written, self._reverse
        plan = PerStep(self._cond, self._body, args, fixed, written, length, bounded, reverse)
        sweep = _Sweep(self, plan, length, bounded)
        return sweep.differentiable(start) if self._reverse else sweep.run(start, None)[0]

    def evaluate(
        self,
        tensors: list[Tensor],
        known: dict[Operation, Any],
        args: dict[Tensor, Any] | None = None,
    ) -> list[Any]:
        """Values of tensors of the body that do not depend on what the loop carries, but for `args`."""
        needed: set[Operation] = set()
        stack = [t.op for t in tensors]
        while stack:
            op = stack.pop()
            if op not in needed:
                needed.add(op)
                stack += [] if op in known else [t.op for t in op.inputs]
        plan = plan_of(self._body)
        inner = self._owner.evaluator.nested(dict(self._variables), plan.access, self._reverse)
        inner.known_ops = known
        inner.values.update(zip(self._body.args, self._args, strict=True))
        inner.values.update(args or {})
        inner.run(op for op in plan.ops if op in needed and op.type not in SILENT)
        return [inner.value(t, t.op) for t in tensors]

    def given(self) -> tuple[list[Any], dict[str, Any]]:
        """Arguments, and values of the variables that the loop reads."""
        reads = effects(self._body).reads | effects(self._cond).reads
        return self._args, {k: self._variables[k] for k in sorted(reads) if k in self._variables}

    def replace(self, args: list[Any], variables: dict[str, Any]) -> tuple[Any, Any]:
        """Use other values of the same form; returns those so far."""
        saved = self._args, self._variables
        self._args, self._variables = args, {**self._variables, **variables}
        return saved

    def restore(self, saved: tuple[Any, Any]) -> None:
        self._args, self._variables = saved


class _Sweep:
    """A loop's steps as one `lax.scan`."""

    def __init__(self, loop: Loop, plan: PerStep, length: int, bounded: bool) -> None:
        self._loop, self._plan = loop, plan
        self._length, self._bounded = length, bounded

    def run(self, start: Any, zeros: list[Any] | None) -> tuple[Any, list[Any]]:
        """The state at the end, and of each product of `zeros` the late factors of all steps."""
        loop, plan = self._loop, self._plan
        rows, last = self._rows(start)
        early, weights = plan.split(rows, loop.evaluate)
        waits, added = [False] * len(early), early
        if zeros is not None:
            waits = [zero is not None for zero in zeros]
            added = [_sum(e, zero) for e, zero in zip(early, zeros, strict=True)]

        weights = [self._ready(w, wait) for w, wait in zip(weights, waits, strict=True)]

        def advance(carry: Any, step: Any) -> Any:
            inputs: list[Any] = []
            items: list[Any] = []
            known = plan.known(step, weights, waits, inputs, items)
            carry = self._carried(loop._step(carry, known))
            return carry, ([x for x in inputs if x is not None], items)

        def iterate(carry: Any, step: Any) -> Any:
            if not self._bounded:
                carry, found = advance(carry, step)
                return carry, (found, None)
            shapes = jax.eval_shape(advance, carry, step)[1]
            blank = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
            holds = loop._holds(carry)
            carry, found = lax.cond(holds, advance, lambda same, _: (same, blank), carry, step)
            return carry, (found, holds if plan.writes else None)

        end, ((factors, items), taken) = lax.scan(
            iterate, self._carried(start), (rows, added), length=self._length
        )
        beforehand = plan.written_beforehand(rows, loop.evaluate)
        items = [x if known is None else known for x, known in zip(items, beforehand, strict=True)]
        return self._whole(start, end, items, taken, last), factors

    def _rows(self, start: Any) -> tuple[list[Any], dict[int, Any]]:
        """The rows that steps are handed, and what arguments become that LSTM layers carry."""
        args, _ = self._loop._all(start[0])
        rows = self._plan.rows(self._loop.given()[0])
        return self._plan.run_layers(rows, args, self._loop.evaluate)

    def _ready(self, weights: Any, waits: bool) -> Any:
        """Weights as each step's product takes them: laid out for a kernel where one suits."""
        if weights is None or self._length < _WORTH_PACKING or (self._loop._reverse and not waits):
            return weights
        if not gemm.suits(weights.shape, weights.dtype):
            return weights
        return gemm.packed(weights, gradient=waits)

    def _carried(self, whole: Any) -> Any:
        """The state without what the scan does not carry."""
        (values, variables), flags = whole
        return (self._plan.carried(values, self._places()), variables), flags

    def _whole(self, start: Any, end: Any, items: list[Any], taken: Any, last: Any) -> Any:
        """The state after the loop, with what the scan did not carry."""
        (values, variables), flags = end
        values, places = list(values), self._places()
        for write, rows in zip(self._plan.writes, items, strict=True):
            place = places[write.argument]
            values[place] = self._plan.written(start[0][0][place], write, rows, taken)
        for argument, value in last.items():
            values[places[argument]] = value
        return (values, variables), flags

    def _places(self) -> dict[int, int]:
        """Of each argument that varies, its place in the state."""
        return {argument: place for place, argument in enumerate(self._loop._varying)}

    def differentiable(self, start: Any) -> Any:
        """As `run`, with the weights' gradients found after the loop (per_step.py)."""
        tree = (*self._loop.given(), start)
        flat: tuple[list[Any], Any] = jax.tree.flatten(tree)
        leaves, form = flat
        active = [
            i for i, x in enumerate(leaves) if isinstance(x, jax.Array) and leaf(x) is not None
        ]
        weights = self._weights(leaves, set(active))
        if all(w is None for w in weights):
            return self.run(start, None)[0]
        zeros = self._zeros(start, weights)

        def run(chosen: Any, zeros: Any) -> Any:
            values = list(leaves)
            for i, x in zip(active, chosen, strict=True):
                values[i] = x
            args, variables, begin = form.unflatten(values)
            saved = self._loop.replace(args, variables)
            try:
                return self.run(begin, zeros)
            finally:
                self._loop.restore(saved)

        def forward(*chosen: Any) -> Any:
            end, pull, factors = jax.vjp(run, chosen, zeros, has_aux=True)
            return end, (pull, factors)

        def backward(saved: Any, cotangents: Any) -> Any:
            pull, factors = saved
            found, outer = pull(cotangents)
            grads = dict(zip(active, found, strict=True))
            remaining = iter(factors)
            for product, weight, g in zip(self._plan.products, weights, outer, strict=True):
                if weight is None:
                    continue
                x = next(remaining)
                flat = x.reshape(-1, x.shape[-1]), g.reshape(-1, g.shape[-1])
                update = matmul.product(*flat, transpose_a=True)
                rows = product.rows(grads[weight].shape[0], x.shape[-1])
                grads[weight] = grads[weight].at[rows].add(update)
            return tuple(grads[i] for i in active)

        function = jax.custom_vjp(lambda *chosen: run(chosen, zeros)[0])
        function.defvjp(forward, backward)
        return function(*(leaves[i] for i in active))

    def _weights(self, leaves: list[Any], active: set[int]) -> list[int | None]:
        """For each product the leaf that its weights are, where its gradient can wait."""
        found: list[int | None] = []
        for product in self._plan.products:
            index = None
            if product.late is not None:
                (value,) = self._loop.evaluate([product.weights], {})
                index = next((i for i in active if leaves[i] is value), None)
            found.append(index)
        return found

    def _zeros(self, start: Any, weights: list[int | None]) -> list[Any]:
        """For each product whose gradient waits, a zero of the shape of its results of all steps."""
        shapes: dict[int, Any] = {}

        def probe(start: Any) -> Any:
            rows, _ = self._rows(start)
            early, split = self._plan.split(rows, self._loop.evaluate)
            first = jax.tree.map(lambda x: x[0], (rows, early))
            known = self._plan.known(first, split, [False] * len(early), [], [], shapes)
            return self._loop._step(self._carried(start), known)

        jax.eval_shape(probe, start)
        return [
            None if w is None else jnp.zeros((self._length, *shapes[i].shape), shapes[i].dtype)
            for i, w in enumerate(weights)
        ]


def _sum(a: Any, b: Any) -> Any:
    """The sum of what is not None."""
    return a if b is None else b if a is None else a + b


class _ChangesShape(Exception):
    """The loop's values do not keep their shapes."""
