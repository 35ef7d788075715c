"""`tf.import_graph_def`: graphs from protos.

Functions of the proto's library are made anew for each node that calls them. The control flow of
TensorFlow 1 (Switch, Merge, Enter, ...) is raised to functional form (control_flow_v1.py).
"""

from __future__ import annotations

from typing import Any

from tf1x.core import control_flow_v1, dtypes, errors, opdef, scopes
from tf1x.core.dtypes import as_dtype
from tf1x.core.func_graph import FuncAttr, FuncGraph
from tf1x.core.graph import Graph, Operation, Tensor
from tf1x.core.graphdef import attr_from_proto, output_names
from tf1x.core.shapes import TensorShape


def import_graph_def(
    graph_def: Any,
    input_map: dict[str, Any] | None = None,
    return_elements: list[str] | None = None,
    name: str | None = None,
    op_dict: Any = None,
    producer_op_list: Any = None,
) -> list[Any] | None:
    """Add the nodes of a `GraphDef` to the default graph (`tf.import_graph_def`).

    Args:
        graph_def: the proto.
        input_map: names of tensors of `graph_def` to tensors of the graph that replace them.
        return_elements: names of the ops and tensors to return.
        name: prefix of the new names; "import" by default, "" for none.

    Raises:
        UnsupportedError: ops that tf1x does not have; the message names every one.
        ValueError: an input that is not in `graph_def`, or unknown attributes.
    """
    missing = sorted({n.op for n in graph_def.node if not _known(n.op)})
    if missing:
        raise errors.UnsupportedError(
            f"The graph has ops that tf1x does not have: {', '.join(missing)}."
        )
    graph = scopes.get_default_graph()
    mapped = {_tensor_name(key): value for key, value in (input_map or {}).items()}
    prefix = "import" if name is None else name
    library = Library(graph_def.library.function)
    with graph.name_scope(prefix or None) as scope:
        if not prefix:
            scope = f"{graph.get_name_scope()}/" if graph.get_name_scope() else ""
        made = _built(graph, graph_def, mapped, scope, library)
    unused = sorted(key for key in mapped if key not in _used(graph_def))
    if unused:
        raise ValueError(
            f"Attempted to map inputs that were not found in graph_def: [{', '.join(unused)}]"
        )
    if return_elements is None:
        return None
    return [_element(made, item) for item in return_elements]


def _known(op_type: str) -> bool:
    v1 = control_flow_v1.TYPES | control_flow_v1.ARRAYS
    return opdef.is_registered(op_type) or op_type in v1 or op_type.startswith("TensorArrayGrad")


def _built(
    graph: Graph, graph_def: Any, mapped: dict[str, Tensor], scope: str, library: Library
) -> dict[str, Operation]:
    """The ops of a `GraphDef` by its names."""

    def make(graph: Graph, node: Any, inputs: tuple[Tensor, ...], name: str) -> Operation:
        definition = opdef.get(node.op)
        attrs = {key: attr_from_proto(value) for key, value in node.attr.items()}
        attrs = library.instantiate(graph, checked_attrs(definition, node.name, attrs), inputs)
        op = definition.node(inputs, attrs, name, graph=graph)
        op.device = node.device
        return op

    if control_flow_v1.has_control_flow(graph_def):
        given = {control_flow_v1.source(key): value for key, value in mapped.items()}
        return control_flow_v1.Raised(graph, graph_def, given, make, scope).build()
    nodes = {node.name: node for node in graph_def.node}
    made: dict[str, Operation] = {}
    for name in control_flow_v1.order(nodes):
        node = nodes[name]
        keys = [_tensor_name(item) for item in node.input if not item.startswith("^")]
        inputs = []
        for key in keys:
            source, index = control_flow_v1.source(key)
            inputs.append(mapped[key] if key in mapped else made[source].outputs[index])
        made[name] = op = make(graph, node, tuple(inputs), f"{scope}{name}/")
        op._add_control_inputs([made[i[1:]] for i in node.input if i.startswith("^")])
    return made


def _tensor_name(name: str) -> str:
    return name if ":" in name or name.startswith("^") else f"{name}:0"


def _used(graph_def: Any) -> set[str]:
    names = {_tensor_name(item) for node in graph_def.node for item in node.input}
    return names | {f"{node.name}:0" for node in graph_def.node}


def _element(made: dict[str, Operation], name: str) -> Any:
    op_name, colon, index = name.partition(":")
    if op_name not in made:
        raise ValueError(f"Requested return_element {name!r} not found in graph_def.")
    return made[op_name].outputs[int(index)] if colon else made[op_name]


def checked_attrs(definition: opdef.OpDef, name: str, attrs: dict[str, Any]) -> dict[str, Any]:
    args = (*definition.inputs, *definition.outputs)
    known = {a.type_attr for a in args} | {a.number_attr for a in args} | set(definition.attrs)
    unknown = sorted(key for key in attrs if key not in known and not key.startswith("_"))
    if unknown:
        raise ValueError(
            f"Node {name!r} ({definition.type}) has attributes that tf1x does not know: {', '.join(unknown)}."
        )
    for attr in definition.attrs.values():
        if attr.name in attrs:
            attrs[attr.name] = opdef.check_attr(definition.type, attr, attrs[attr.name])
        elif attr.required:
            raise ValueError(
                f"Node {name!r} ({definition.type}) lacks the attribute {attr.name!r}."
            )
        else:
            attrs[attr.name] = attr.default
    return attrs


# -- functions ---------------------------------------------------------------------------------


class Library:
    """The functions of a `GraphDef`, made anew for each node that calls them."""

    def __init__(self, protos: Any) -> None:
        self._protos = {p.signature.name: p for p in protos}

    def instantiate(
        self, graph: Graph, attrs: dict[str, Any], inputs: tuple[Tensor, ...]
    ) -> dict[str, Any]:
        """The attributes of a call with its functions made and their names put in."""
        return {key: self._replaced(graph, value, inputs) for key, value in attrs.items()}

    def _replaced(self, graph: Graph, value: Any, inputs: tuple[Tensor, ...]) -> Any:
        if isinstance(value, list):
            return [self._replaced(graph, item, inputs) for item in value]
        if not isinstance(value, FuncAttr) or value.name not in self._protos:
            return value
        return FuncAttr(self._made(graph, self._protos[value.name], inputs).name, value.attrs)

    def _made(self, graph: Graph, proto: Any, inputs: tuple[Tensor, ...]) -> FuncGraph:
        missing = sorted({n.op for n in proto.node_def if not opdef.is_registered(n.op)})
        if missing:
            raise errors.UnsupportedError(
                f"The function {proto.signature.name!r} has ops that tf1x does not have: "
                f"{', '.join(missing)}."
            )
        outermost, name = graph.outermost, proto.signature.name
        if name in outermost._functions:
            name = outermost.unique_function_name(name)
        function = FuncGraph(name, graph)
        outermost.add_function(function)
        passed = inputs[len(inputs) - len(proto.signature.input_arg) :]
        made: dict[str, Tensor] = {}
        with function.building():
            for arg, given in zip(proto.signature.input_arg, passed, strict=True):
                is_handle = given.dtype is dtypes.resource or given.dtype._is_ref_dtype
                made[arg.name] = function.parameter(
                    as_dtype(arg.type), TensorShape.of(None), bound=given if is_handle else None
                )
            ops: dict[str, Operation] = {}
            for node in _function_order(proto):
                ops[node.name] = self._node(function, node, made, ops)
            function.outputs = [made[proto.ret[out.name]] for out in proto.signature.output_arg]
        return function

    def _node(
        self, function: FuncGraph, node: Any, made: dict[str, Tensor], ops: dict[str, Operation]
    ) -> Operation:
        definition = opdef.get(node.op)
        inputs = tuple(made[item] for item in node.input if not item.startswith("^"))
        attrs = {key: attr_from_proto(value) for key, value in node.attr.items()}
        attrs = self.instantiate(function, checked_attrs(definition, node.name, attrs), inputs)
        op = definition.node(inputs, attrs, f"{node.name}/", graph=function)
        op._add_control_inputs([ops[c[1:]] for c in node.input if c.startswith("^") and c[1:] in ops])  # fmt: skip
        made.update(zip(output_names(op), op.outputs, strict=True))
        return op


def _function_order(proto: Any) -> list[Any]:
    """The nodes of a function after their inputs."""
    nodes = {node.name: node for node in proto.node_def}
    order: dict[str, Any] = {}

    def visit(node: Any) -> None:
        stack = [(node, iter(node.input))]
        seen = {node.name}
        while stack:
            current, inputs = stack[-1]
            for item in inputs:
                source = item.lstrip("^").partition(":")[0]
                if source in nodes and source not in order and source not in seen:
                    seen.add(source)
                    stack.append((nodes[source], iter(nodes[source].input)))
                    break
            else:
                order[current.name] = current
                stack.pop()

    for node in proto.node_def:
        if node.name not in order:
            visit(node)
    return list(order.values())
