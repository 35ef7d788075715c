"""LSTMs of a loop whose inputs are known in all steps: all of them are one call of a kernel.

The first layer of a recurrent network reads its inputs from an array. Once it is found, its outputs
are known in all steps as well, and so is what the next layer reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from tf1x.core.func_graph import FuncGraph
from tf1x.core.operation import Operation, Tensor
from tf1x.native.lstm_layer import layer
from tf1x.ops import matmul
from tf1x.runtime.lstm_steps import LstmStep
from tf1x.runtime.plan import plan_of

if TYPE_CHECKING:
    from tf1x.runtime.per_step import Product


@dataclass
class LstmLayer:
    """An LSTM in the body of a loop.

    Attributes:
        product: of what it reads in a step, known beforehand, and of its output in the step before.
        memory, output: which arguments, and outputs, of the body these two are.
        ended: [batch], which rows keep memory and output of the step before; None for none.
    """

    step: LstmStep
    product: Product
    memory: int
    output: int
    ended: Tensor | None

    @property
    def op(self) -> Operation:
        """The op whose values in all steps the layer gives."""
        return self.step.output

    def run(self, factor: Any, weights: Any, bias: Any, args: list[Any], ended: Any) -> Any:
        """Outputs of all steps, and memory and output after the last.

        Args:
            factor: what is read, [steps, batch, numbers].
            weights: of the whole product.
            args: the loop's, before the first step.
            ended: in all steps.
        """
        steps, batch, size = factor.shape
        split = size if self.product.early_first else weights.shape[0] - size
        parts = jnp.split(weights, [split])
        early, late = parts if self.product.early_first else reversed(parts)
        inputs = matmul.product(factor.reshape(-1, size), early).reshape(steps, batch, -1)
        memory, output = jnp.asarray(args[self.memory]), jnp.asarray(args[self.output])
        return layer(self.step.cell, inputs, late, bias, memory, output, ended)

    def known(self, body: FuncGraph) -> dict[Operation, Callable[[Any], list[Any]] | None]:
        """How its ops are evaluated in the loop, but for the output: not at all."""
        ops = [*self.step.inner, self.step.memory, self.product.op, self.product.op.inputs[0].op]
        ends = [source(body.outputs[i]).op for i in (self.memory, self.output)]
        nothing = {op: lambda _: [NOTHING] for op in ends if op is not self.op}
        return {**dict.fromkeys(ops), **nothing}


# In place of memory and output in what the loop carries.
NOTHING = np.zeros(0, np.float32)


def lstm_layer(
    step: LstmStep,
    product: Product,
    same: Callable[[Tensor], bool],
    early: Callable[[Tensor], bool],
    *functions: FuncGraph,
) -> LstmLayer | None:
    """The layer that a step of an LSTM is part of, if there is one.

    Args:
        product: the one that the step begins with.
        same: whether a tensor has the same value in each step.
        early: whether its values are known beforehand.
        functions: body and condition of the loop.
    """
    body, _ = functions
    if product.early is None or product.late is None or not step.product_is_single:
        return None
    if step.bias is not None and not same(step.bias):
        return None
    places = {t: i for i, t in enumerate(body.args)}
    memory, output = places.get(source(step.before)), places.get(source(product.late))
    if memory is None or output is None:
        return None
    (staying,) = (op for op in step.inner if step.before in op.inputs)
    (squashed,) = (op for op in step.inner if step.memory.outputs[0] in op.inputs)
    factor = product.op.inputs[0]
    users: dict[Tensor, list[Operation | None]] = {
        body.args[memory]: [staying],
        body.args[output]: [factor.op],
        step.memory.outputs[0]: [squashed],
        factor: [product.op],
    }
    ended: list[Tensor | None] = []
    for place, after in ((memory, step.memory.outputs[0]), (output, step.output.outputs[0])):
        result = source(body.outputs[place])
        if result is after:
            users.get(after, []).append(None)
            ended.append(None)
            continue
        if not _stays(result, body.args[place], after) or not early(result.op.inputs[0]):
            return None
        ended.append(result.op.inputs[0])
        users[body.args[place]].append(result.op)
        users.get(after, []).append(result.op)
        users[result] = [None]
    if ended[0] is not ended[1]:
        return None
    if any(Counter(_users(t, functions)) != Counter(ops) for t, ops in users.items()):
        return None
    return LstmLayer(step, product, memory, output, ended[0])


def _stays(result: Tensor, before: Tensor, after: Tensor) -> bool:
    """Whether some rows of `result` are those of `before`, the others those of `after`."""
    if result.op.type != "Select" or result.op.control_inputs:
        return False
    condition, kept, new = result.op.inputs
    return condition.shape.ndims == 1 and source(kept) is before and source(new) is after


def _users(tensor: Tensor, functions: tuple[FuncGraph, ...]) -> list[Operation | None]:
    """The ops that use a tensor, also by another name, and None for each output of a function."""
    found: list[Operation | None] = []
    for function in functions:
        argument = tensor
        if tensor in functions[0].args:
            argument = function.args[functions[0].args.index(tensor)]
        found += [
            op
            for op in plan_of(function).ops
            if op.type != "Identity" and any(source(t) is argument for t in op.inputs)
        ]
        found += [None for t in function.outputs if source(t) is argument]
    return found


def source(tensor: Tensor) -> Tensor:
    """What a tensor is another name of."""
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor
