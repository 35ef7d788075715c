"""Ops tied together by control edges: `tf.group`, `tf.tuple`, `with_dependencies`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tf1x.api import export
from tf1x.core import convert, nest, scopes
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Operation, Tensor
from tf1x.ops.array import Identity, NoOp


@export("no_op")
def no_op(name: str | None = None) -> Operation:
    """An op that does nothing; something to hang control dependencies on."""
    operation: Operation = NoOp(name=name)
    return operation


@export("group")
def group(*inputs: Any, **kwargs: Any) -> Operation:
    """An op that has run when all of `inputs` (tensors, operations, variables, nests) have.

    Raises:
        TypeError: an input is none of these.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError(f"Unknown keyword arguments: {', '.join(kwargs)}")
    with scopes.name_scope(name, "group_deps", nest.flatten(inputs)) as scope:
        by_device: dict[str, list[Any]] = {}
        for item in nest.flatten(inputs):
            if not hasattr(item, "device"):
                raise TypeError(
                    f"'inputs' should be zero or more (nested) Tensors. Received '{item}' with type '{type(item)}'."
                )
            by_device.setdefault(item.device or "", []).append(item)
        if not by_device:
            return no_op(name=scope)
        if len(by_device) == 1:
            return _after(*by_device.popitem(), name=scope)
        parts = [_after(device, by_device[device]) for device in sorted(by_device)]
        with scopes.control_dependencies(parts):
            return no_op(name=scope)


def _after(device: str, items: list[Any], name: str | None = None) -> Operation:
    with scopes.control_dependencies(items), scopes.device(device):
        return no_op(name=name)


def with_dependencies(
    dependencies: Iterable[Any], output_tensor: Any, name: str | None = None
) -> Any:
    """`output_tensor`, available only when `dependencies` have run."""
    first = list(dependencies)
    with (
        scopes.name_scope(name, "control_dependency", [*first, output_tensor]) as scope,
        scopes.colocate_with(output_tensor),
        scopes.control_dependencies(first),
    ):
        if isinstance(output_tensor, IndexedSlices):
            values = Identity(output_tensor.values, name=scope)
            return IndexedSlices(values, output_tensor.indices, output_tensor.dense_shape)
        return Identity(convert.to_tensor(output_tensor), name=scope)


@export("tuple")
def tuple_(tensors: Any, name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The tensors, each available only when all of them (and `control_inputs`) are computed.

    Args:
        tensors: tensors, IndexedSlices, operations or None.
    """
    with scopes.name_scope(name, "tuple", [t for t in tensors if t is not None]):
        items = [
            t if t is None or isinstance(t, (Operation, IndexedSlices)) else convert.to_tensor(t)
            for t in tensors
        ]
        gates = {t if isinstance(t, Operation) else t.op for t in items if t is not None}
        for item in control_inputs or ():
            if not isinstance(item, (Operation, Tensor)):
                raise TypeError(
                    f"'control_inputs' must only contain Operation or Tensor. Received: {type(item)}"
                )
            gates.add(item if isinstance(item, Operation) else item.op)
        if not gates:
            raise ValueError(f"'tensors' must have at least one Tensor. Received: {tensors}.")
        gate = group(*sorted(gates, key=lambda op: op._id))
        gated: list[Any] = []
        for item in items:
            if isinstance(item, Operation):
                with scopes.control_dependencies([gate]):
                    gated.append(group(item))
            else:
                gated.append(None if item is None else with_dependencies([gate], item))
        return gated
