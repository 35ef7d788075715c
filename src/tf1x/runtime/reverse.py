"""Ops inside a function that JAX differentiates as a whole: the body of a loop, a branch.

There `jax.vjp` meets every op's lowering. Where TensorFlow's derivative is another (ties, stopped
gradients, gradients that the program registered), the op is wrapped so that JAX uses that one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from tf1x.core import convert
from tf1x.core.func_graph import FuncGraph, trace
from tf1x.core.gradient_registry import gradient_function
from tf1x.core.operation import Operation
from tf1x.ops import xp
from tf1x.ops.pullback import custom, stopped
from tf1x.runtime.evaluate import Evaluator
from tf1x.runtime.plan import SILENT, plan_of

# Ops whose gradient function says what JAX does anyway.
_AS_JAX = frozenset({"Identity", "IdentityN", "Reshape", "Snapshot"})

# The gradient of an op as a function, and which inputs get one.
_built: WeakKeyDictionary[Operation, tuple[FuncGraph, list[bool]]] = WeakKeyDictionary()


def reversible(evaluator: Evaluator, op: Operation, inputs: list[Any]) -> list[Any]:
    """The op's outputs; JAX differentiates them as TensorFlow would."""
    definition = op.opdef

    def lower(values: list[Any]) -> tuple[list[Any], Any]:
        return evaluator.lower(op, definition, op.attrs, values), ()

    if not xp.is_jax(*inputs) or definition.calls_functions:
        return lower(inputs)[0]
    how = gradient_function(op)
    if how is None or definition.writes or definition.injected:
        return lower(stopped(inputs))[0]
    if how != "vjp":
        if op.type in _AS_JAX and "_gradient_op_type" not in op.attrs:
            return lower(inputs)[0]
        return custom(lower, inputs, _graph_rule(evaluator, op, how))
    rule = definition.rule(op.attrs)
    return lower(inputs)[0] if rule is None else custom(lower, inputs, rule)


def _graph_rule(evaluator: Evaluator, op: Operation, gradient: Any) -> Callable[..., list[Any]]:
    """The rule that evaluates the ops which a gradient function builds."""

    def rule(inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        if op not in _built:
            _built[op] = _built_gradient(op, gradient)
        function, present = _built[op]
        inner = evaluator.nested(dict(evaluator.variables), plan_of(function).access, False)
        known = dict(zip((*op.inputs, *op.outputs), (*inputs, *outputs), strict=True))
        inner.values.update(zip(function.args, cotangents))
        inner.values.update(
            (arg, known[tensor]) for tensor, arg in function.captures.items() if tensor in known
        )
        for tensor, arg in function.captures.items():
            if tensor not in known:
                inner.values[arg] = evaluator.values[tensor]
        inner.run(item for item in plan_of(function).ops if item.type not in SILENT)
        found = iter(function.outputs)
        return [inner.values[next(found)] if there else None for there in present]

    return rule


def _built_gradient(op: Operation, gradient: Any) -> tuple[FuncGraph, list[bool]]:
    """The op's gradient as a function of the gradients of its outputs."""
    present: list[bool] = []

    def build(*grads: Any) -> list[Any]:
        found = gradient(op, *grads)
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        present[:] = [g is not None for g in found]
        return [convert.to_tensor(g) for g in found if g is not None]

    with op.graph.as_default():
        function = trace(
            build, f"{op.name.replace('/', '_')}_grad", f"{op.name}_grad",
            [(t.dtype.base_dtype, t.shape) for t in op.outputs],
        )  # fmt: skip
    return function, present
