"""Nodes that call functions: `If`, `Case`, `While`."""

from __future__ import annotations

from typing import Any

from tf1x.core import opdef, scopes
from tf1x.core.dtypes import bool_
from tf1x.core.func_graph import FuncAttr, FuncGraph, share_captures
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape


def _call_node(
    name: str,
    kinds: tuple[str, str],
    functions: list[FuncGraph],
    inputs: tuple[Tensor, ...],
    attrs: dict[str, Any],
) -> Operation:
    """Add a node that calls functions, once what they wait for outside has run.

    Args:
        kinds: its op type where a function has effects, and where none has.
        attrs: attributes; those that the op type does not have are left out.
    """
    stateful = any(_has_effects(op) for f in functions for op in f.get_operations())
    definition = opdef.get(kinds[0 if stateful else 1])
    known = {*definition.attrs, *definition.types}
    graph = scopes.get_default_graph()
    with graph.control_dependencies(list(dict.fromkeys(c for f in functions for c in f.control_captures))):  # fmt: skip
        return definition.node(
            inputs, {k: v for k, v in attrs.items() if k in known}, name, graph=graph
        )


def _has_effects(op: Operation) -> bool:
    definition = op.opdef
    return bool(definition.stateful or definition.writes or definition.host)


def call_node(name: str, function: FuncGraph, inputs: list[Tensor]) -> Operation:
    """A node that calls a function with `inputs`, its captures among them."""
    attrs = {
        "Tin": [t.dtype.base_dtype for t in inputs],
        "Tout": [t.dtype.base_dtype for t in function.outputs],
        "f": FuncAttr(function.name),
        "output_shapes": [t.shape for t in function.outputs],
    }
    kinds = ("StatefulPartitionedCall", "PartitionedCall")
    return _call_node(name, kinds, [function], tuple(inputs), attrs)


def common_shape(shapes: list[TensorShape]) -> TensorShape:
    """What all shapes have in common: equal dimensions stay, others become unknown."""
    tuples = [s.tuple for s in shapes]
    known = [t for t in tuples if t is not None]
    if len(known) < len(tuples) or len({len(t) for t in known}) != 1:
        return TensorShape.of(None)
    return TensorShape.of(
        tuple(dims[0] if len(set(dims)) == 1 else None for dims in zip(*known, strict=True))
    )


def allows(general: TensorShape, special: TensorShape) -> bool:
    """Whether every shape that `special` stands for is one that `general` stands for."""
    if general.tuple is None:
        return True
    if special.tuple is None or len(special.tuple) != len(general.tuple):
        return False
    return all(g is None or g == s for g, s in zip(general.tuple, special.tuple, strict=True))


def branch_node(name: str, selector: Tensor, functions: list[FuncGraph]) -> Operation:
    """An `If` (for a bool, two functions) or a `Case` (for an int32 index).

    The functions have no parameters; their captures become the node's inputs.
    """
    captures = share_captures(functions)
    outputs = [f.outputs for f in functions]
    attrs: dict[str, Any] = {
        "Tin": [t.dtype.base_dtype for t in captures],
        "Tout": [t.dtype.base_dtype for t in outputs[0]],
        "output_shapes": [common_shape([t.shape for t in same]) for same in zip(*outputs, strict=True)],
    }  # fmt: skip
    names = [FuncAttr(f.name) for f in functions]
    kinds = ("Case", "StatelessCase")
    if selector.dtype.base_dtype is bool_:
        kinds = ("If", "StatelessIf")
        attrs |= {"then_branch": names[0], "else_branch": names[1], "Tcond": bool_}
    else:
        attrs["branches"] = names
    return _call_node(name, kinds, functions, (selector, *captures), attrs)


def while_node(
    name: str, start: list[Tensor], cond: FuncGraph, body: FuncGraph, parallel_iterations: int = 10
) -> Operation:
    """A `While`; captures of the functions follow `start` among its inputs."""
    functions = [cond, body]
    shapes = [arg.shape for arg in body.args[: len(start)]]
    captures = share_captures(functions)
    body.outputs = [*body.outputs, *(body.captures[t] for t in captures)]
    inputs = (*start, *captures)
    return _call_node(
        name,
        ("While", "StatelessWhile"),
        functions,
        inputs,
        {
            "T": [t.dtype.base_dtype for t in inputs],
            "cond": FuncAttr(cond.name),
            "body": FuncAttr(body.name),
            "output_shapes": shapes + [t.shape for t in captures],
            "parallel_iterations": parallel_iterations,
        },
    )
