"""An LSTM's step in a function's graph: what follows the product of its weights, for one kernel.

The cells of TensorFlow 1 write it out, with the gates i, j, f, o in any order::

    i, j, f, o = split(product + bias, 4, axis=1)
    memory = sigmoid(f + forget_bias) * before + sigmoid(i) * tanh(j)
    output = sigmoid(o) * tanh(memory)

Of this only memory and output may be used elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from tf1x.core.func_graph import FuncGraph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.native import lstm
from tf1x.native.lstm import Cell
from tf1x.runtime.plan import plan_of


@dataclass
class LstmStep:
    """What a kernel computes in place of some ops.

    Attributes:
        product: the gates [batch, 4 * units] before the bias.
        product_is_single: nothing else uses it.
        bias: [4 * units], or None.
        before: the memory before the step.
        memory, output: the ops that give the results.
        inner: the ops whose results nothing else uses.
    """

    cell: Cell
    product: Tensor
    product_is_single: bool
    bias: Tensor | None
    before: Tensor
    memory: Operation
    output: Operation
    inner: list[Operation]

    def known(
        self, summands: Callable[[Any], tuple[Any, Any]] | None, differentiated: bool
    ) -> dict[Operation, Callable[[Any], list[Any]] | None]:
        """How the ops are evaluated: the memory with the output, the inner ones not at all.

        Args:
            summands: gives two arrays of which `product` is the sum, the second perhaps None.
            differentiated: JAX wants the gradient.
        """
        outputs: list[Any] = []

        def memory(evaluator: Any) -> list[Any]:
            value = evaluator.value
            parts = summands(evaluator) if summands else (value(self.product, self.memory), None)
            bias = None if self.bias is None else jnp.asarray(value(self.bias, self.memory))
            before = jnp.asarray(value(self.before, self.memory))
            width = parts[0].shape[1]
            shape = np.broadcast_shapes((parts[0].shape[0], width // 4), before.shape)
            product, added = (
                None if x is None else jnp.broadcast_to(x, (shape[0], width)) for x in parts
            )
            step = lstm.differentiable_step if differentiated else lstm.step
            found, output = step(self.cell, product, added, bias, jnp.broadcast_to(before, shape))
            outputs[:] = [output]
            return [found]

        return {
            **dict.fromkeys(self.inner),
            self.memory: memory,
            self.output: lambda _: [outputs.pop()],
        }


def lstm_steps(function: FuncGraph) -> list[LstmStep]:
    """The steps in a function that the kernel suits."""
    uses: defaultdict[Tensor, list[Operation | None]] = defaultdict(list)
    for op in plan_of(function).ops:
        for tensor in op.inputs:
            uses[tensor].append(op)
    for tensor in function.outputs:
        uses[tensor].append(None)
    splits = [op for op in plan_of(function).ops if op.type == "Split"]
    return [step for op in splits if (step := _Finder(op, uses).step())]


class _Other(Exception):
    """It is something else."""


class _Finder:
    """Looks for a step around the op that splits its gates."""

    def __init__(self, split: Operation, uses: dict[Tensor, list[Operation | None]]) -> None:
        self._split, self._uses = split, uses
        self._inner = [split]

    def step(self) -> LstmStep | None:
        try:
            found = self._step()
        except _Other:
            return None
        ops = [*self._inner, found.memory, found.output]
        if any(op.control_inputs or "_gradient_op_type" in op.attrs for op in ops):
            return None
        return found

    def _step(self) -> LstmStep:
        axis, gates = self._split.inputs
        quarters = self._split.outputs
        _require(gates.shape.ndims == 2 and len(quarters) == 4)
        units = quarters[0].shape.as_list()[1] or 0
        _require(_number(axis) in (1, -1) and lstm.suits(units, gates.dtype.numpy_dtype))

        candidate = _only([self._use(t) for t in quarters], "Tanh")
        entering = self._use(candidate.outputs[0], "Mul")
        memory = self._use(entering.outputs[0], "Add", "AddV2")
        staying = _other(memory, entering).op
        squashed = _only(self._uses[memory.outputs[0]], "Tanh")
        output = self._use(squashed.outputs[0], "Mul")
        self._inner += [candidate, entering, staying, squashed]
        _require(staying.type == "Mul" and self._use(staying.outputs[0]) is memory)

        i, no_bias = self._gate(_other(entering, candidate))
        o, none_either = self._gate(_other(output, squashed))
        forget, before = sorted(staying.inputs, key=lambda t: t.op.type != "Sigmoid")
        f, forget_bias = self._gate(forget)
        order = (i, candidate.inputs[0].value_index, f, o)
        _require(no_bias == none_either == 0.0 and sorted(order) == [0, 1, 2, 3])
        _require(before.shape.ndims == 2)
        product, bias = self._before_bias(gates)
        single = len(self._uses[product]) == 1
        cell = Cell(forget_bias, order)
        return LstmStep(cell, product, single, bias, before, memory, output, self._inner)

    def _use(self, tensor: Tensor, *types: str) -> Operation:
        """The only op that uses a tensor, one of these types if there are any."""
        uses = self._uses[tensor]
        _require(len(uses) == 1 and uses[0] is not None)
        assert uses[0] is not None
        _require(not types or uses[0].type in types)
        return uses[0]

    def _gate(self, value: Tensor) -> tuple[int, float]:
        """Of the sigmoid of a part of the gates: which part, and what is added to it."""
        op, bias = value.op, 0.0
        _require(op.type == "Sigmoid" and len(self._uses[value]) == 1)
        self._inner.append(op)
        part = op.inputs[0]
        if part.op.type in ("Add", "AddV2"):
            self._inner.append(part.op)
            self._use(part)
            part, added = part.op.inputs
            bias = _number(added)
        _require(part.op is self._split)
        self._use(part)
        return part.value_index, bias

    def _before_bias(self, gates: Tensor) -> tuple[Tensor, Tensor | None]:
        """The gates before a bias is added, and the bias."""
        op = gates.op
        if op.type != "BiasAdd" or op.control_inputs or len(self._uses[gates]) != 1:
            return gates, None
        self._inner.append(op)
        return op.inputs[0], op.inputs[1]


def _require(condition: bool) -> None:
    if not condition:
        raise _Other


def _number(tensor: Tensor) -> float:
    """A scalar that is a constant."""
    value = constant_value(tensor)
    if value is None or value.ndim:
        raise _Other
    return float(value)


def _only(ops: list[Operation | None], kind: str) -> Operation:
    """The only op of a type."""
    found = [op for op in ops if op is not None and op.type == kind]
    _require(len(found) == 1)
    return found[0]


def _other(op: Operation, first: Operation) -> Tensor:
    """The factor or summand beside the result of `first`."""
    a, b = op.inputs
    return b if a.op is first else a
