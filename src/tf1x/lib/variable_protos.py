"""Variables as `VariableDef` messages and back: how MetaGraphs name them."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.dtypes import as_dtype
from tf1x.core.scopes import prepend_name_scope, strip_name_scope
from tf1x.core.shapes import TensorShape
from tf1x.lib import variables


def to_proto(variable: variables.Variable, export_scope: str | None = None) -> Any:
    """The `VariableDef` of a variable, or None where it is not in `export_scope`."""
    from tensorboard.compat.proto import variable_pb2

    if export_scope is not None and not variable.name.startswith(export_scope):
        return None
    proto = variable_pb2.VariableDef(
        variable_name=strip_name_scope(variable.name, export_scope),
        initializer_name=strip_name_scope(variable.initializer.name, export_scope),
        snapshot_name=strip_name_scope(_snapshot(variable).name, export_scope),
        is_resource=isinstance(variable, variables.ResourceVariable),
        trainable=variable.trainable,
        synchronization=variable.synchronization.value,
        aggregation=variable.aggregation.value,
    )
    if variable._initial_value is not None:
        proto.initial_value_name = strip_name_scope(variable._initial_value.name, export_scope)
    if variable._save_slice_info is not None:
        proto.save_slice_info_def.CopyFrom(variable._save_slice_info.to_proto(export_scope))
    return proto


def _snapshot(variable: Any) -> Any:
    if not isinstance(variable, variables.ResourceVariable):
        return variable._snapshot
    cached = variable._cached_value
    return variable._graph_element if cached is None else cached


def from_proto(variable_def: Any, import_scope: str | None = None) -> Any:
    """The variable that a `VariableDef` describes; its ops stand in the default graph.

    Raises:
        KeyError: one of them does not.
    """
    kind = variables.ResourceVariable if variable_def.is_resource else variables.RefVariable
    made: Any = object.__new__(kind)
    element = scopes.get_default_graph().as_graph_element

    def named(name: str) -> Any:
        return element(prepend_name_scope(name, import_scope))

    made._initializer_op = named(variable_def.initializer_name)
    initial = variable_def.initial_value_name
    made._initial_value = named(initial) if initial else None
    made._trainable = variable_def.trainable
    made._synchronization = variables.VariableSynchronization(variable_def.synchronization)
    made._aggregation = variables.VariableAggregation(variable_def.aggregation)
    made._constraint = made._caching_device = made._save_slice_info = None
    made._validate_shape = True
    if variable_def.HasField("save_slice_info_def"):
        from tf1x.lib.partitioned import SaveSliceInfo

        made._save_slice_info = SaveSliceInfo.from_proto(
            variable_def.save_slice_info_def, import_scope
        )
    variable = named(variable_def.variable_name)
    if not variable_def.is_resource:
        made._variable = variable
        made._snapshot = named(variable_def.snapshot_name)
        return made
    made.handle = variable
    made._shape = TensorShape(variable.op.get_attr("shape"))
    made._dtype = as_dtype(variable.op.get_attr("dtype"))
    snapshot = named(variable_def.snapshot_name or f"{variable.op.name}/Read/ReadVariableOp:0")
    made._cached_value = None if snapshot.op.type == "ReadVariableOp" else snapshot
    while snapshot.op.type != "ReadVariableOp":
        snapshot = snapshot.op.inputs[0]
    made._graph_element = snapshot
    return made
