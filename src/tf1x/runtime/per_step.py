"""What a loop does in each step that is better done for all steps at once.

A loop over time reads a row of its inputs in each step and multiplies it by weights that stay the
same. Where the rows that it reads are known beforehand:

- they are what `lax.scan` hands to each step, so that the gradient of the inputs is written row
  by row (and not added up as a whole in each step);
- a product of a row (or of a row beside the state: `concat([x, h]) @ w`) with weights is computed
  for all rows in one product before the loop;
- an LSTM takes all its steps before the loop, by one call of a kernel (lstm_layers.py), and then its
  outputs are known beforehand as well;
- under a gradient, the weights' gradient is one product of all steps' inputs and gradients after
  the loop, where JAX would add up one product a step.

Likewise the rows that it writes to a TensorArray, each once and at a place known beforehand, are
what `lax.scan` collects: as a part of the state, the gradient of the whole array would be copied
in each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tf1x.core.errors import InvalidArgumentError
from tf1x.core.func_graph import FuncGraph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.core.static import constant_value
from tf1x.native import gemm
from tf1x.native.gemm import Packed
from tf1x.ops import matmul, xp
from tf1x.ops.list_value import ListValue
from tf1x.runtime.lstm_layers import NOTHING, LstmLayer, lstm_layer, source
from tf1x.runtime.lstm_steps import lstm_steps
from tf1x.runtime.plan import plan_of
from tf1x.runtime.trip_count import sequence


@dataclass
class Read:
    """A `TensorListGetItem` whose index is known in each step.

    Attributes:
        argument: which argument of the body the list is.
        rows: the index in each step.
    """

    op: Operation
    argument: int
    rows: np.ndarray[Any, Any]


@dataclass
class Write:
    """A `TensorListSetItem` that is all that happens to an argument of the body.

    Attributes:
        argument: which argument, and output, of the body the list is.
        rows: the index in each step; no two are the same.
        early: what it writes is known beforehand.
    """

    op: Operation
    argument: int
    rows: np.ndarray[Any, Any]
    early: bool = False


@dataclass
class Product:
    """A `MatMul` with weights that are the same in each step.

    Attributes:
        weights: the tensor of the body that holds them.
        early: the part of the other factor that is known beforehand, or None.
        late: the part that is not, or None.
        early_first: whether the early part comes first in the factor.
    """

    op: Operation
    weights: Tensor
    early: Tensor | None
    late: Tensor | None
    early_first: bool = True

    def rows(self, count: int, late: int) -> slice:
        """Which of the weights' `count` rows the late part, `late` numbers wide, is times."""
        if self.early is None:
            return slice(0, count)
        return slice(count - late, count) if self.early_first else slice(0, late)


class PerStep:
    """The reads and products of one loop's body.

    Args:
        args: the loop's arguments, lists as they are in its first step.
        fixed: positions of the arguments that the body hands on unchanged.
        written: variables that the loop writes.
        count: number of steps.
        bounded: not all of them need be taken, so nothing is computed beforehand.
        reverse: JAX differentiates the loop.
    """

    def __init__(
        self,
        cond: FuncGraph,
        body: FuncGraph,
        args: list[Any],
        fixed: set[int],
        written: list[str],
        count: int,
        bounded: bool,
        reverse: bool,
    ) -> None:
        self._reverse = reverse
        self._cond, self._body = cond, body
        self._fixed = {body.args[i] for i in fixed}
        self._position = {t: i for i, t in enumerate(body.args)}
        self._written = set(written)
        self.reads = self._find_reads(args, fixed, count)
        self.writes = self._find_writes(args, count)
        self._early: set[Operation] = set()
        self.layers: list[LstmLayer] = []
        self._lstm_steps = lstm_steps(body)
        self._counters: dict[Tensor, Any] = {}
        if not bounded:
            if self._lstm_steps:
                self._counters = self._find_counters(args, fixed, count)
            self._find_known_beforehand()
        for write in self.writes:
            write.early = write.op.inputs[2].op in self._early
        self.products = self._find_products()
        self.products += self._plain_products()

    # -- analysis ------------------------------------------------------------------------------

    def _find_reads(self, args: list[Any], fixed: set[int], count: int) -> list[Read]:
        found = []
        for op in plan_of(self._body).ops:
            if op.type != "TensorListGetItem":
                continue
            position = self._position.get(op.inputs[0])
            if position not in fixed or position is None:
                continue
            value = args[position]
            if not isinstance(value, ListValue) or value.buffer is None or value.is_growing:
                continue
            rows = sequence(self._body, args, op.inputs[1], count) if value.length else None
            if rows is not None:
                found.append(Read(op, position, rows))
        return found

    def _find_writes(self, args: list[Any], count: int) -> list[Write]:
        found = []
        for i, output in enumerate(self._body.outputs):
            op = source(output).op
            value = args[i]
            if op.type != "TensorListSetItem" or source(op.inputs[0]) is not self._body.args[i]:
                continue
            if not isinstance(value, ListValue) or value.buffer is None or value.is_growing:
                continue
            if not self._only_written(i, op):
                continue
            rows = sequence(self._body, args, op.inputs[1], count) if count else None
            if rows is None or len(set(rows.tolist())) < count:
                continue
            if rows.min() >= 0 and rows.max() < value.buffer.shape[0]:
                found.append(Write(op, i, rows))
        return found

    def _only_written(self, argument: int, write: Operation) -> bool:
        """Whether nothing but `write` sees what is in the list, and nothing sees its result."""
        seen = {(function.args[argument], function) for function in (self._body, self._cond)}
        for tensor, function in (*seen, (write.outputs[0], self._body)):
            for op in plan_of(function).ops:
                if op.type in ("Identity", "TensorListLength") or op is write:
                    continue
                if any(source(t) is tensor for t in op.inputs):
                    return False
            others = sum(source(t) is tensor for t in function.outputs)
            if others > (tensor is write.outputs[0]):
                return False
        return source(write.inputs[2]) not in (write.outputs[0], self._body.args[argument])

    def _find_known_beforehand(self) -> None:
        """Early ops and LSTM layers, each of which may make more ops early."""
        self._early = self._find_early()
        while (layer := self._next_layer()) is not None:
            self.layers.append(layer)
            self._lstm_steps.remove(layer.step)
            self._early = self._find_early()

    def _next_layer(self) -> LstmLayer | None:
        products = {p.op.outputs[0]: p for p in self._find_products()}
        for step in self._lstm_steps:
            product = products.get(step.product)
            if product is not None:
                early, functions = self._is_early, (self._body, self._cond)
                found = lstm_layer(step, product, self._same, early, *functions)
                if found is not None:
                    return found
        return None

    def _is_early(self, tensor: Tensor) -> bool:
        return tensor.op in self._early

    def _find_counters(
        self, args: list[Any], fixed: set[int], count: int
    ) -> dict[Tensor, np.ndarray[Any, Any]]:
        """Whole numbers that the loop carries, with their values in each step."""
        found = {}
        for i, tensor in enumerate(self._body.args):
            if i in fixed or not tensor.dtype.is_integer or tensor.shape.ndims != 0:
                continue
            values = sequence(self._body, args, tensor, count)
            if values is not None:
                found[tensor] = values.astype(tensor.dtype.as_numpy_dtype)
        return found

    def _find_early(self) -> set[Operation]:
        """Ops that depend on reads, layers, counters and what stays the same, and on nothing else."""
        given = {known.op for known in self._given()}
        early: set[Operation] = set()
        for op in plan_of(self._body).ops:
            definition = op.opdef
            if op in given:
                early.add(op)
            elif definition.host or definition.injected or definition.writes or op.control_inputs:
                continue
            elif any(t.op in early or t in self._counters for t in op.inputs) and all(
                t.op in early or t in self._counters or self._same(t) for t in op.inputs
            ):
                early.add(op)
        return early

    def _given(self) -> list[Read | LstmLayer]:
        """Where the rows come from that the loop's steps are handed."""
        return [*self.reads, *self.layers]

    def _same(self, tensor: Tensor) -> bool:
        """Whether a tensor has the same value in each step."""
        op = tensor.op
        if op.type == "Const" or tensor in self._fixed:
            return True
        if op.type == "ReadVariableOp":
            key = variable_key(op.inputs[0])
            return key is not None and key not in self._written and not op.control_inputs
        return op.type == "Identity" and not op.control_inputs and self._same(op.inputs[0])

    def _find_products(self) -> list[Product]:
        found = []
        for op in self._matmuls():
            left, weights = op.inputs
            if left.op in self._early:
                found.append(Product(op, weights, left, None))
                continue
            if left.op.type != "ConcatV2" or len(left.op.inputs) != 3:
                continue
            axis = constant_value(left.op.inputs[2])
            first, second = left.op.inputs[:2]
            if axis is None or int(axis) not in (1, -1) or first.shape.ndims != 2:
                continue
            if first.op in self._early and second.op not in self._early:
                found.append(Product(op, weights, first, second))
            elif second.op in self._early and first.op not in self._early:
                found.append(Product(op, weights, second, first, early_first=False))
        return found

    def _plain_products(self) -> list[Product]:
        taken = {p.op for p in self.products}
        return [
            Product(op, op.inputs[1], None, op.inputs[0])
            for op in self._matmuls()
            if op not in taken
        ]

    def _matmuls(self) -> list[Operation]:
        taken = {layer.product.op for layer in self.layers}
        return [
            op
            for op in plan_of(self._body).ops
            if op.type == "MatMul"
            and op not in taken
            and not (op.attrs["transpose_a"] or op.attrs["transpose_b"])
            and self._same(op.inputs[1])
            and op.inputs[1].op.type != "Const"
            and op.outputs[0].dtype.is_floating
        ]

    # -- before the loop -----------------------------------------------------------------------

    def rows(self, args: list[Any]) -> list[Any]:
        """For each read the rows of all steps, and which of them the list has."""
        found: list[Any] = []
        for read in self.reads:
            buffer = args[read.argument].buffer
            inside = (read.rows >= 0) & (read.rows < buffer.shape[0])
            if inside.all() and np.array_equal(read.rows, np.arange(buffer.shape[0])):
                found.append((jnp.asarray(buffer), None))
            else:
                picked = np.clip(read.rows, 0, buffer.shape[0] - 1)
                taken = jnp.take(jnp.asarray(buffer), picked, axis=0)
                found.append((taken, None if inside.all() else jnp.asarray(inside)))
        return found

    def run_layers(
        self, rows: list[Any], args: list[Any], run: Callable[..., list[Any]]
    ) -> tuple[list[Any], dict[int, Any]]:
        """`rows` with those that the layers give, and what the arguments that these carry become.

        Args:
            run: as that of `split`.
        """
        rows = list(rows)
        last: dict[int, Any] = {}
        for layer in self.layers:
            assert layer.product.early is not None
            wanted = [layer.product.early, *([] if layer.ended is None else [layer.ended])]
            factor, *ended = self._all_steps(rows, wanted, run)
            (weights,) = run([layer.product.weights], {})
            bias = None if layer.step.bias is None else run([layer.step.bias], {})[0]
            outputs, memory, output = layer.run(factor, weights, bias, args, *(ended or [None]))
            rows.append((outputs, None))
            last |= {layer.memory: memory, layer.output: output}
        return rows, last

    def split(self, rows: list[Any], run: Callable[..., list[Any]]) -> tuple[list[Any], list[Any]]:
        """For each product its early part in all steps, and the weights of its late part.

        Either is None where there is no such part.

        Args:
            run: evaluates tensors of the body: tensors, what it knows of ops and perhaps of
                arguments; gives values.
        """
        weights = run([p.weights for p in self.products], {})
        wanted = [p.early for p in self.products if p.early is not None]
        factors = iter(self._all_steps(rows, wanted, run) if wanted else [])
        early: list[Any] = []
        late: list[Any] = []
        for product, whole in zip(self.products, weights, strict=True):
            factor = None if product.early is None else next(factors)
            size = 0 if factor is None else factor.shape[-1]
            here = product.rows(whole.shape[0], whole.shape[0] - size)
            late.append(None if product.late is None else whole[here])
            if factor is None:
                early.append(None)
                continue
            part = whole[:size] if product.early_first else whole[whole.shape[0] - size :]
            flat = matmul.product(factor.reshape(-1, size), part)
            early.append(flat.reshape(*factor.shape[:-1], part.shape[1]))
        return early, late

    def written_beforehand(self, rows: list[Any], run: Callable[..., list[Any]]) -> list[Any]:
        """For each write what it writes in all steps, where that is known beforehand, or None."""
        early = [w.op.inputs[2] for w in self.writes if w.early]
        items = iter(self._all_steps(rows, early, run) if early else [])
        return [next(items) if w.early else None for w in self.writes]

    def _all_steps(self, rows: list[Any], wanted: list[Tensor], run: Any) -> list[Any]:
        def one(step: list[Any], counters: list[Any]) -> tuple[list[Any], xp.Flags]:
            args = dict(zip(self._counters, counters, strict=True))
            with xp.collecting_checks() as checks:
                values = run(wanted, self.known_reads(step), args)
            return values, xp.Flags(checks.combined())

        counters = [jnp.asarray(values) for values in self._counters.values()]
        values, flags = jax.vmap(one)(rows, counters)
        xp.flag({tag: jnp.any(flag) for tag, flag in flags.flags.items()})
        return list(values)

    def carried(self, state: list[Any], places: dict[int, int]) -> list[Any]:
        """What the loop carries of the state: not the lists it writes, nor what the layers carry.

        Args:
            places: of each of the body's arguments that vary, its place in the state.
        """
        state = list(state)
        for write in self.writes:
            place = places[write.argument]
            state[place] = state[place].with_buffer(None)
        for layer in self.layers:
            state[places[layer.memory]] = state[places[layer.output]] = jnp.asarray(NOTHING)
        return state

    # -- after the loop ------------------------------------------------------------------------

    def written(self, before: Any, write: Write, items: Any, taken: Any) -> Any:
        """The list after the loop.

        Args:
            before: the list before it.
            items: what was written in each step.
            taken: which steps were taken; None for all.
        """
        buffer = before.buffer
        if taken is not None:
            chosen = taken.reshape(-1, *[1] * (items.ndim - 1))
            items = jnp.where(chosen, items, buffer[write.rows])
        first, end = int(write.rows.min()), int(write.rows.max()) + 1
        if write.rows[0] > write.rows[-1]:
            items, rows = jnp.flip(items, 0), write.rows[::-1]
        else:
            rows = write.rows
        if np.array_equal(rows, np.arange(first, end)):
            parts = [buffer[:first], items, buffer[end:]]
            items = jnp.concatenate([part for part in parts if part.shape[0]])
        else:
            items = buffer.at[rows].set(items, unique_indices=True)
        return before.with_buffer(items)

    # -- in the loop ---------------------------------------------------------------------------

    def known_reads(self, step: list[Any]) -> dict[Operation, Callable[[Any], list[Any]]]:
        """What the reads, and the layers that have run, give in one step."""
        return {
            given.op: _row(value, valid, given)
            for given, (value, valid) in zip(self._given()[: len(step)], step, strict=True)
        }

    def known(
        self,
        step: Any,
        weights: list[Any],
        waits: list[bool],
        factors: list[Any],
        items: list[Any],
        shapes: dict[int, Any] | None = None,
    ) -> dict[Operation, Callable[[Any], list[Any]] | None]:
        """How reads, products and writes, and what an LSTM does, are computed in one step.

        Args:
            step: the rows of this step, and what is added to each product: its early part, and
                where its weights' gradient waits a zero, by whose gradient that one is found.
            weights: of each product those of its late part, perhaps packed.
            waits: whether a product's weights get their gradient after the loop.
            factors: gets, for each product that waits, its late factor, else None.
            items: gets, for each write, what is written; None where that is known beforehand.
            shapes: gets the results of the products with a late part, by position.
        """
        rows, added = step
        known: dict[Operation, Any] = {**self.known_reads(rows), **self._known_writes(items)}
        factors += [None] * len(self.products)
        summands: dict[Tensor, Callable[[Any], tuple[Any, Any]]] = {}
        for i, product in enumerate(self.products):
            if product.late is None:
                known[product.op] = _constant(added[i])
            elif added[i] is not None or isinstance(weights[i], Packed) or shapes is not None:
                parts = _summands(product, added[i], weights[i], waits[i], factors, shapes, i)
                summands[product.op.outputs[0]] = parts
                known[product.op] = _summed(parts)
        for found in self._lstm_steps:
            given = summands.get(found.product) if found.product_is_single else None
            known |= found.known(given, self._reverse)
            if given is not None:
                known[found.product.op] = None
        for layer in self.layers:
            known |= layer.known(self._body)
        return known

    def _known_writes(self, items: list[Any]) -> dict[Operation, Callable[[Any], list[Any]]]:
        items += [None] * len(self.writes)
        return {
            write.op: _same_list(write.op) if write.early else _kept(write.op, items, i)
            for i, write in enumerate(self.writes)
        }


def _row(value: Any, valid: Any, read: Read | LstmLayer) -> Callable[[Any], list[Any]]:
    def give(_: Any) -> list[Any]:
        if valid is not None:
            xp.check(
                valid,
                InvalidArgumentError,
                f"Trying to access an element outside of a list ({read.op.name}).",
            )
        return [value]

    return give


def _same_list(write: Operation) -> Callable[[Any], list[Any]]:
    return lambda evaluator: [evaluator.value(write.inputs[0], write)]


def _kept(write: Operation, items: list[Any], index: int) -> Callable[[Any], list[Any]]:
    def give(evaluator: Any) -> list[Any]:
        items[index] = jnp.asarray(evaluator.value(write.inputs[2], write))
        return _same_list(write)(evaluator)

    return give


def _constant(value: Any) -> Callable[[Any], list[Any]]:
    return lambda _: [value]


@jax.custom_vjp
def _watched(value: Any, zero: Any) -> Any:
    """`value`, whose gradient is the gradient of `zero`, too."""
    return value


_watched.defvjp(lambda value, _: (value, None), lambda _, g: (g, g))


def _summands(
    product: Product,
    added: Any,
    weights: Any,
    waits: bool,
    factors: list[Any],
    shapes: Any,
    index: int,
) -> Callable[[Any], tuple[Any, Any]]:
    """Gives the product of the late part, and what is added to it or None."""

    def give(evaluator: Any) -> tuple[Any, Any]:
        assert product.late is not None
        late = jnp.asarray(evaluator.value(product.late, product.op))
        if waits:
            factors[index] = late
        if isinstance(weights, Packed):
            result = gemm.product(late, weights)
        else:
            result = late @ (lax.stop_gradient(weights) if waits else weights)
        if shapes is not None:
            struct: Any = jax.ShapeDtypeStruct
            shapes[index] = struct(result.shape, result.dtype)
        if added is not None and product.early is None:
            return _watched(result, added), None
        return result, added

    return give


def _summed(summands: Callable[[Any], tuple[Any, Any]]) -> Callable[[Any], list[Any]]:
    def give(evaluator: Any) -> list[Any]:
        product, added = summands(evaluator)
        return [product if added is None else product + added]

    return give
