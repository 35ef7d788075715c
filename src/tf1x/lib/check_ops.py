"""`tf.add_check_numerics_ops` and `tf.op_scope`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from tf1x.core import opdef, scopes
from tf1x.core.operation import Operation
from tf1x.ops.grouping import group

_CHECKED = ("float16", "float32", "float64", "bfloat16")


def add_check_numerics_ops() -> Operation:
    """An op that fails when a tensor of floats in the graph is not finite, and says which.

    Every tensor is checked after those before it, so that the first one is reported.
    """
    check = opdef.get("CheckNumerics")
    checks: list[Any] = []
    for op in scopes.get_default_graph().get_operations():
        for i, output in enumerate(op.outputs):
            if output.dtype.base_dtype.name in _CHECKED:
                with scopes.control_dependencies(checks[-1:]):
                    checks.append(check(output, message=f"{op.name}:{i}"))
    return group(*checks)


def op_scope(
    values: Any, name: str | None, default_name: str | None = None
) -> AbstractContextManager[str]:
    """`tf.name_scope` with the arguments in the order of TensorFlow 0.x."""
    return scopes.name_scope(name, default_name, values)
