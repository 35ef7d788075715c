"""Ops whose attribute is another op or function.

The lowerings of control flow say what runs; `functions` (runtime/functions.py) knows how, while
tracing and on concrete values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import opdef, scopes
from tf1x.core.dtypes import DType, bool_, resource
from tf1x.core.func_graph import FuncAttr
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_op
from tf1x.core.shapes import TensorShape
from tf1x.ops import xp
from tf1x.ops.pullback import plain, vjp


@op("-> output: T", shape=lambda op: [None], grad=None)
def _Arg(*, T: DType, index: int) -> Any:
    """An argument of the function in which it stands; the caller supplies the value."""
    raise AssertionError("an argument has its value from the call")


def _stated_shapes(op: Operation) -> list[Any]:
    """Shapes given by `output_shapes`, else unknown."""
    shapes = op.attrs.get("output_shapes") or []
    types = op.attrs["Tout"] if "Tout" in op.attrs else op.attrs["T"]
    return list(shapes) if shapes else [TensorShape.of(None)] * len(types)


def _If(
    cond: Any,
    input: list[Any],
    *,
    Tout: list[DType],
    then_branch: FuncAttr,
    else_branch: FuncAttr,
    functions: Any,
) -> Any:
    """The outputs of `then_branch(input)` where `cond` holds, else of `else_branch(input)`."""
    index = xp.where(_truth(cond), np.int32(0), np.int32(1))
    return functions.branch(index, [then_branch.name, else_branch.name], input)


def _truth(value: Any) -> Any:
    """A scalar as a condition: numbers but 0 hold, strings but the empty one, lists with rows."""
    if value.dtype == object:
        return np.asarray(bool(value.item() if value.ndim == 0 else value.size))
    if value.ndim:
        return np.asarray(value.size > 0)
    return value if value.dtype == bool else value != 0


def _Case(
    branch_index: Any,
    input: list[Any],
    *,
    Tout: list[DType],
    branches: list[FuncAttr],
    functions: Any,
) -> Any:
    """The outputs of `branches[branch_index](input)`; of the last, where the index is no branch."""
    last = len(branches) - 1
    valid = xp.logical_and(branch_index >= 0, branch_index < last)
    index = xp.where(valid, branch_index, np.int32(last))
    return functions.branch(index, [b.name for b in branches], input)


def _While(
    input: list[Any], *, T: list[DType], cond: FuncAttr, body: FuncAttr, functions: Any
) -> Any:
    """`input` replaced by `body(input)` for as long as `cond(input)` holds."""
    return functions.loop(cond.name, body.name, input)


def _Call(args: list[Any], *, Tout: list[DType], f: FuncAttr, functions: Any) -> Any:
    """The outputs of the function `f`."""
    return functions.branch(np.int32(0), [f.name], args)


LOOPS = ("While", "StatelessWhile")
BRANCHES = ("If", "StatelessIf", "Case", "StatelessCase")
_SHAPES = {"output_shapes": ("list[TensorShape]", [])}
_LOOP = {**_SHAPES, "parallel_iterations": ("int", 10)}
_CALL = {"config": ("str", ""), "config_proto": ("str", ""), "executor_type": ("str", "")}

If, StatelessIf = (
    op(
        "cond: Tcond, input: *Tin -> output: *Tout",
        type=name,
        Tcond=(None, bool_),
        shape=_stated_shapes,
        attrs=_SHAPES,
        stateful=name == "If",
    )(_If)
    for name in ("If", "StatelessIf")
)
Case, StatelessCase = (
    op(
        "branch_index: int32, input: *Tin -> output: *Tout",
        type=name,
        shape=_stated_shapes,
        attrs=_SHAPES,
        stateful=name == "Case",
    )(_Case)
    for name in ("Case", "StatelessCase")
)
While, StatelessWhile = (
    op(
        "input: *T -> output: *T",
        type=name,
        shape=_stated_shapes,
        attrs=_LOOP,
        stateful=name == "While",
    )(_While)
    for name in LOOPS
)
PartitionedCall, StatefulPartitionedCall = (
    op(
        "args: *Tin -> output: *Tout",
        type=name,
        shape=_stated_shapes,
        attrs={**_SHAPES, **_CALL},
        stateful=name == "StatefulPartitionedCall",
    )(_Call)
    for name in ("PartitionedCall", "StatefulPartitionedCall")
)


@op(
    "input: *Tin -> output: *Tout",
    shape=lambda op: [
        TensorShape.of(None) if t.dtype is resource else t.shape
        for t in op.inputs[: len(op.attrs["Tout"])]
    ],
)
def SymbolicGradient(input: list[Any], *, Tout: list[DType], f: FuncAttr) -> Any:
    """Gradients of the op (or function) `f`.

    `input` holds the inputs of `f`, then the gradients of its outputs; `output` the gradients of
    its inputs. TensorFlow's op of this name, which tf1x uses for every gradient that is not
    declared otherwise.
    """
    definition = opdef.get(f.name)
    count = len(Tout)
    lower = plain(definition, f.attrs, len(input) - count)
    _, _, pullback = vjp(lower, input[:count], definition.rule(f.attrs))
    return pullback(input[count:])


def gradient_node(forward: Operation, grads: list[Any]) -> list[Any]:
    """The gradients of the inputs of `forward`, given those of all its outputs.

    Raises:
        TypeError: `forward` is the gradient of a loop.
    """
    if forward.type == "SymbolicGradient" and forward.attrs["f"].name in LOOPS:
        raise TypeError("Second-order gradient for while loops not supported.")
    types = [t.dtype.base_dtype for t in forward.inputs]
    node = opdef.get("SymbolicGradient").node(
        (*forward.inputs, *grads),
        {
            "Tin": types + [g.dtype.base_dtype for g in grads],
            # The gradient of a handle is a tensor of the variable's type.
            "Tout": [_of_variable(t) for t in forward.inputs],
            "f": FuncAttr(forward.type, forward.attrs),
        },
        "SymbolicGradient",
        graph=scopes.graph_of(forward.inputs),
    )
    node.forward = forward
    return list(node.outputs)


def _of_variable(tensor: Tensor) -> DType:
    if tensor.dtype is resource:
        variable = variable_op(tensor)
        if variable is not None:
            dtype: DType = variable.attrs["dtype"]
            return dtype
    return tensor.dtype.base_dtype
