"""Slots: variables that an optimizer keeps beside each variable that it trains."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from tf1x.core import scopes
from tf1x.core.shapes import TensorShape
from tf1x.lib import initializers
from tf1x.lib.partitioned import SaveSliceInfo
from tf1x.lib.variable_scope import get_variable, get_variable_scope, variable_scope
from tf1x.lib.variables import RefVariable, ResourceVariable, Variable
from tf1x.ops import array


def create_slot(primary: Any, val: Any, name: str, colocate_with_primary: bool = True) -> Any:
    """A slot `<primary>/<name>` that starts as the tensor `val`."""
    return _slot(primary, val, None, None, name, colocate_with_primary)


def create_slot_with_initializer(
    primary: Any,
    initializer: Any,
    shape: Any,
    dtype: Any,
    name: str,
    colocate_with_primary: bool = True,
) -> Any:
    """A slot `<primary>/<name>` of a given shape and type."""
    return _slot(primary, initializer, shape, dtype, name, colocate_with_primary)


def create_zeros_slot(
    primary: Any, name: str, dtype: Any = None, colocate_with_primary: bool = True
) -> Any:
    """A slot of the shape of `primary` that starts as zeros."""
    dtype = dtype or primary.dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        return _slot(primary, initializers.Zeros(), shape, dtype, name, colocate_with_primary)
    value = primary.initialized_value() if isinstance(primary, Variable) else primary
    return _slot(
        primary, array.zeros(array.shape(value), dtype), None, None, name, colocate_with_primary
    )


def _slot(primary: Any, val: Any, shape: Any, dtype: Any, name: str, colocate: bool) -> Any:
    prefix = primary._shared_name if isinstance(primary, Variable) else primary.op.name
    beside = scopes.colocate_with(primary) if colocate else nullcontext()
    with variable_scope(None, f"{prefix}/{name}"), beside:
        return _slot_variable(primary, val, shape, dtype)


def _slot_variable(primary: Any, val: Any, shape: Any, dtype: Any) -> Any:
    scope = get_variable_scope()
    partitioner = scope.partitioner
    scope.set_partitioner(None)
    known = (
        TensorShape(shape)
        if shape is not None
        else val.get_shape()
        if hasattr(val, "get_shape")
        else None
    )
    use_resource = None
    if isinstance(primary, ResourceVariable):
        use_resource = True
    elif isinstance(primary, RefVariable):
        use_resource = False
    slot = get_variable(
        "",
        initializer=val,
        trainable=False,
        use_resource=use_resource,
        shape=shape if callable(val) else None,
        dtype=dtype,
        validate_shape=known is not None and known.is_fully_defined(),
    )
    scope.set_partitioner(partitioner)
    info = primary._get_save_slice_info() if isinstance(primary, Variable) else None
    if info is not None and slot.shape.ndims != 0:
        own_name = slot.op.name[len(primary.op.name) + 1 :]
        slot._set_save_slice_info(
            SaveSliceInfo(
                f"{info.full_name}/{own_name}", info.full_shape, info.var_offset, info.var_shape
            )
        )
    return slot
