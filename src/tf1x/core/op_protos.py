"""Declared ops as `OpDef` messages, which MetaGraphs carry along (`stripped_op_list`)."""

from __future__ import annotations

from typing import Any

from tf1x.core import opdef
from tf1x.core.graphdef import attr_to_proto

_KINDS = {
    "bool": "bool", "int": "int", "float": "float", "str": "string", "bytes": "string",
    "DType": "type", "TensorShape": "shape", "ndarray": "tensor", "func": "func",
}  # fmt: skip


def op_def_to_proto(definition: opdef.OpDef) -> Any:
    """The `OpDef` of a declared op, without descriptions."""
    from tensorboard.compat.proto import op_def_pb2

    proto = op_def_pb2.OpDef(
        name=definition.type, is_stateful=bool(definition.stateful or definition.writes)
    )
    for args, target in (
        (definition.inputs, proto.input_arg),
        (definition.outputs, proto.output_arg),
    ):
        for arg in args:
            added = target.add(name=arg.name, is_ref=arg.is_ref, number_attr=arg.number_attr or "")
            if arg.is_type_list:
                added.type_list_attr = arg.type_attr
            elif arg.type_attr:
                added.type_attr = arg.type_attr
            elif arg.dtype is not None:
                added.type = arg.dtype.as_datatype_enum
    lists = {a.type_attr for a in (*definition.inputs, *definition.outputs) if a.is_type_list}
    for name, (allowed, default) in definition.types.items():
        attr = proto.attr.add(name=name, type="list(type)" if name in lists else "type")
        if allowed is not None:
            attr.allowed_values.list.type.extend(d.as_datatype_enum for d in allowed)
        if default is not None:
            attr.default_value.CopyFrom(attr_to_proto(default))
    numbers = {a.number_attr for a in (*definition.inputs, *definition.outputs) if a.number_attr}
    for name in sorted(numbers):
        proto.attr.add(name=name, type="int", has_minimum=True, minimum=0)
    for item in definition.attrs.values():
        if item.name in definition.types or item.name in numbers:
            continue
        attr = proto.attr.add(name=item.name, type=_attr_type(item.kind))
        if not item.required and item.default is not None:
            attr.default_value.CopyFrom(attr_to_proto(item.default))
    return proto


def _attr_type(kind: str) -> str:
    kind = kind.removesuffix(" | None")
    if kind.startswith("list["):
        return f"list({_attr_type(kind[5:-1])})"
    return _KINDS.get(kind, "string")


def op_types(graph_def: Any) -> list[str]:
    """The op types in a `GraphDef` and its functions, sorted."""
    functions = {f.signature.name for f in graph_def.library.function}
    nodes = [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]
    return sorted({node.op for node in nodes} - functions)


def op_list(graph_def: Any) -> Any:
    """An `OpList` of the ops in a `GraphDef`, those left out that tf1x does not have."""
    from tensorboard.compat.proto import op_def_pb2

    known = [name for name in op_types(graph_def) if opdef.is_registered(name)]
    return op_def_pb2.OpList(op=[op_def_to_proto(opdef.get(name)) for name in known])
