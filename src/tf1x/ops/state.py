"""Variables and the ops that change them.

Most come in two forms, on a reference (`AssignAdd`) and on a resource (`AssignAddVariableOp`);
`update` declares both from one lowering.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import errors
from tf1x.core.dtypes import INDICES, NUMBERS, DType
from tf1x.core.graph import Operation
from tf1x.core.opdef import op
from tf1x.core.shapes import TensorShape
from tf1x.ops import xp
from tf1x.ops.shape_rules import from_attr, nothing, scalar, unchanged

_NAMES = {"container": ("str", ""), "shared_name": ("str", "")}


@op("-> ref: Ref(dtype)", shape=from_attr(), grad=None, stateful=True, attrs=_NAMES)
def VariableV2(*, shape: TensorShape, dtype: DType) -> Any:
    """A reference variable; the session holds its value."""
    raise AssertionError("a variable op stands for its variable; it is never computed")


@op("-> resource: resource", shape=scalar, grad=None, stateful=True, attrs=_NAMES)
def VarHandleOp(*, shape: TensorShape, dtype: DType) -> Any:
    """The handle of a resource variable."""
    raise AssertionError("a variable op stands for its variable; it is never computed")


def _checked_shape(op: Operation, value: Any) -> Any:
    """`value`, unless a static shape that is to be validated forbids it."""
    target = op.inputs[0]
    if op.attrs.get("validate_shape", True) and not target.shape.is_compatible_with(np.shape(value)):
        raise errors.InvalidArgumentError(
            None,
            op,
            f"Assign requires shapes of both tensors to match. lhs shape= {target.shape} rhs shape= {np.shape(value)}",
        )
    return value


def _assign_shape(op: Operation) -> Any:
    shape, value = op.inputs[0].shape, op.inputs[1].shape
    if not op.attrs.get("validate_shape", True):
        return [value]
    if not shape.is_compatible_with(value):
        dims = [str(s) for s in (shape, value)]
        raise ValueError(f"Dimension mismatch: cannot assign a value of shape {dims[1]} to a variable of shape {dims[0]}")
    return [shape.merge_with(value)]


@op("ref: Ref(T), value: T -> output_ref: Ref(T)", shape=_assign_shape, grad=None, stateful=True, writes=("ref",), initializes=True, exact=True, attrs={"validate_shape": ("bool", True), "use_locking": ("bool", True)})
def Assign(ref: Any, value: Any, *, op: Operation) -> Any:
    """Give a reference variable a value."""
    return _checked_shape(op, value)


@op("resource: resource, value: dtype -> ", shape=nothing, grad=None, stateful=True, writes=("resource",), initializes=True, exact=True, attrs={"validate_shape": ("bool", False)})
def AssignVariableOp(resource: Any, value: Any) -> Any:
    """Give a resource variable a value."""
    return value


def _pass_to_handle(op: Operation, grad: Any) -> list[Any]:
    return [grad]


@op("resource: resource -> value: dtype", shape=lambda op: [op.inputs[0].op.attrs.get("shape", TensorShape(None))], grad=_pass_to_handle, stateful=True, exact=True)
def ReadVariableOp(resource: Any, *, dtype: DType) -> Any:
    """The value of a resource variable."""
    return resource


def update(
    name: str,
    resource_name: str,
    signature: str,
    function: Callable[..., Any],
    variables: tuple[str, ...],
    attrs: dict[str, tuple[str, Any]] | None = None,
    **types: Any,
) -> tuple[Any, Any]:
    """Declare an update of variables twice: on references and on resources.

    Args:
        name, resource_name: the two op types.
        signature: the inputs; those in `variables` come first and have type T.
        function: new values of `variables`, in order, from the inputs' values.

    Returns:
        The two endpoints.
    """
    def inputs(kind: str) -> str:
        parts = [p.strip() for p in signature.split(",")]
        return ", ".join(f"{p.partition(':')[0]}: {kind}" if p.partition(":")[0] in variables else p for p in parts)

    options: dict[str, Any] = {"grad": None, "stateful": True, "writes": variables, **types}
    locking = {"use_locking": ("bool", False), **(attrs or {})}
    by_reference = op(f"{inputs('Ref(T)')} -> output: Ref(T)", type=name, shape=unchanged, attrs=locking, **options)(function)
    extra = {} if resource_name.endswith("VariableOp") else locking
    by_resource = op(f"{inputs('resource')} -> ", type=resource_name, shape=nothing, attrs=extra, **options)(function)
    return by_reference, by_resource


def _add(ref: Any, value: Any) -> Any:
    """Add `value` to a variable."""
    return ref + value


def _subtract(ref: Any, value: Any) -> Any:
    """Subtract `value` from a variable."""
    return ref - value


AssignAdd, AssignAddVariableOp = update("AssignAdd", "AssignAddVariableOp", "ref: T, value: T", _add, ("ref",), T=NUMBERS)
AssignSub, AssignSubVariableOp = update("AssignSub", "AssignSubVariableOp", "ref: T, value: T", _subtract, ("ref",), T=NUMBERS)


def _is_initialized(ref: Any, *, op: Operation, session: Any) -> Any:
    """Whether the variable has a value in this session."""
    from tf1x.runtime.state import variable_key

    return np.array(variable_key(op.inputs[0]) in session._state.variables)


IsVariableInitialized = op("ref: Ref(dtype) -> is_initialized: bool", type="IsVariableInitialized", shape=scalar, grad=None, stateful=True, host=True, initializes=True)(_is_initialized)
VarIsInitializedOp = op("resource: resource -> is_initialized: bool", type="VarIsInitializedOp", shape=scalar, grad=None, stateful=True, host=True, initializes=True)(_is_initialized)
