"""Ops whose attribute is another op or function."""

from __future__ import annotations

from typing import Any

from tf1x.core import opdef
from tf1x.core.dtypes import DType
from tf1x.core.graph import Operation
from tf1x.core.graphdef import FuncAttr
from tf1x.core.opdef import op
from tf1x.ops.pullback import vjp


@op(
    "input: *Tin -> output: *Tout",
    shape=lambda op: [t.shape for t in op.inputs[: len(op.attrs["Tout"])]],
)
def SymbolicGradient(input: list[Any], *, Tout: list[DType], f: FuncAttr) -> Any:
    """Gradients of the op (or function) `f`.

    `input` holds the inputs of `f`, then the gradients of its outputs; `output` the gradients of
    its inputs. TensorFlow's op of this name, which tf1x uses for every gradient that is not
    declared otherwise.
    """
    definition = opdef.get(f.name)
    count = len(input) - len(Tout)
    _, pullback = vjp(definition, f.attrs, input[: len(Tout)], count)
    return pullback(input[len(Tout) :])


def gradient_node(forward: Operation, grads: list[Any]) -> list[Any]:
    """The gradients of the inputs of `forward`, given those of all its outputs."""
    types = [t.dtype.base_dtype for t in forward.inputs]
    node = opdef.get("SymbolicGradient").node(
        (*forward.inputs, *grads),
        {
            "Tin": types + [g.dtype.base_dtype for g in grads],
            "Tout": types,
            "f": FuncAttr(forward.type, forward.attrs),
        },
        "SymbolicGradient",
        graph=forward.graph,
    )
    node.forward = forward
    return list(node.outputs)
