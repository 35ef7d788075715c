"""Resources that sessions initialise, other than variables and tables."""

from __future__ import annotations

from typing import NamedTuple

from tf1x.core import convert, dtypes, scopes
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.ops.array_moves import Pack
from tf1x.ops.grouping import group, no_op
from tf1x.ops.math import LogicalNot


class Resource(NamedTuple):
    """A handle, the op that makes the resource, and a tensor that tells whether it was made."""

    handle: Tensor
    create: Operation
    is_initialized: Tensor


def register_resource(
    handle: Tensor, create_op: Operation, is_initialized_op: Tensor, is_shared: bool = True
) -> None:
    """Have monitored sessions make a resource, with the global variables or the local ones."""
    key = GraphKeys.RESOURCES if is_shared else GraphKeys.LOCAL_RESOURCES
    scopes.add_to_collection(key, Resource(handle, create_op, is_initialized_op))


def shared_resources() -> list[Resource]:
    return scopes.get_collection(GraphKeys.RESOURCES)


def local_resources() -> list[Resource]:
    return scopes.get_collection(GraphKeys.LOCAL_RESOURCES)


def initialize_resources(resource_list: list[Resource], name: str = "init") -> Operation:
    """An op that makes the resources."""
    if not resource_list:
        return no_op(name=name)
    made: Operation = group(*[r.create for r in resource_list], name=name)
    return made


def report_uninitialized_resources(
    resource_list: list[Resource] | None = None, name: str = "report_uninitialized_resources"
) -> Tensor:
    """The names (a vector of strings) of those that were not made, by default of all."""
    from tf1x.ops.array_gather import boolean_mask

    if resource_list is None:
        resource_list = shared_resources() + local_resources()
    with scopes.name_scope(name), scopes.device("/cpu:0"):
        if not resource_list:
            return convert.constant([], dtypes.string)
        made = Pack([r.is_initialized for r in resource_list], name="stack")
        names = convert.constant([r.handle.name for r in resource_list])
        missing: Tensor = boolean_mask(names, LogicalNot(made))
        return missing
