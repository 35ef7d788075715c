"""Which variable a reference or a handle stands for."""

from __future__ import annotations

from typing import Any

from tf1x.core import dtypes
from tf1x.core.operation import Operation, Tensor

_VARIABLE_OPS = frozenset({"VariableV2", "Variable", "VarHandleOp", "TemporaryVariable"})
_PASSES_HANDLE = frozenset({"Identity", "RefIdentity", "Enter", "RefEnter", "Switch", "RefSwitch"})


def as_variable(item: Any) -> Any:
    """The `tf.Variable` that stands for another library's variable (Keras's); else the item itself."""
    twin = getattr(item, "_tf1x_variable", None)
    return item if twin is None else twin()


def variable_op(tensor: Tensor) -> Operation | None:
    """The variable op that `tensor` (a reference or a handle) comes from.

    It may have been handed on by `Assign` and the like, or into a function; None for anything else.
    """
    while tensor.dtype._is_ref_dtype or tensor.dtype is dtypes.resource:
        op = tensor.op
        if op.type == "_Arg":
            bound = op.graph.bound(tensor)  # type: ignore[attr-defined]
            if bound is None:
                return None
            tensor = bound
            continue
        if op.type in _VARIABLE_OPS:
            return op
        if not op.inputs or not (op.opdef.writes or op.type in _PASSES_HANDLE):
            return None
        tensor = op.inputs[0]
    return None


def read_variable_op(tensor: Tensor) -> Operation | None:
    """The variable op whose reference, handle or value `tensor` is, if `Identity` hands it on."""
    made = variable_op(tensor)
    while made is None and tensor.op.type == "Identity" and tensor.op.inputs:
        tensor = tensor.op.inputs[0]
        made = variable_op(tensor)
    return made


def variable_key(tensor: Tensor) -> str | None:
    """The name under which a session keeps the variable that `tensor` refers to, or None."""
    if not (tensor.dtype._is_ref_dtype or tensor.dtype is dtypes.resource):
        return None
    op = variable_op(tensor)
    if op is None:
        return None
    shared: str = op.attrs.get("shared_name") or op.name
    prefix = op.attrs.get("container") or ""
    return f"{prefix}/{shared}" if prefix else shared
