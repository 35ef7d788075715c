"""`tf.import_graph_def`: graphs from protos.

Functions of the proto's library are made anew for each node that calls them. The control flow of
TensorFlow 1 (Switch, Merge, Enter, ...) is raised to functional form (control_flow_v1.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import control_flow_v1, dtypes, errors, opdef, scopes
from tf1x.core.control_flow_v1_contexts import HANDLED, has_control_flow, order
from tf1x.core.control_flow_v1_state import source
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.func_graph import FuncAttr, FuncGraph
from tf1x.core.graph import Graph
from tf1x.core.graphdef import attr_from_proto, output_names
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.signature import check_attr


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
    library = Library(graph_def.library.function, _defaults(producer_op_list))
    _check_known(graph_def, library)
    graph = scopes.get_default_graph()
    mapped = {_tensor_name(key): value for key, value in (input_map or {}).items()}
    prefix = "import" if name is None else name
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


def _check_known(graph_def: Any, library: Library) -> None:
    """Raise an error that names every op of a graph that tf1x does not have."""
    used = [node.op for node in graph_def.node]
    used += [node.op for proto in library.called(graph_def.node) for node in proto.node_def]
    missing = sorted({op for op in used if op not in HANDLED and not library.knows(op)})
    if missing:
        raise errors.UnsupportedError(
            f"The graph has ops that tf1x does not have: {', '.join(missing)}."
        )


def _defaults(op_list: Any) -> dict[tuple[str, str], Any]:
    """The default values of attributes as the graph's producer knew them."""
    ops = () if op_list is None else op_list.op
    return {
        (op.name, attr.name): attr_from_proto(attr.default_value)
        for op in ops
        for attr in op.attr
        if attr.HasField("default_value")
    }


def _built(
    graph: Graph, graph_def: Any, mapped: dict[str, Tensor], scope: str, library: Library
) -> dict[str, Operation]:
    """The ops of a `GraphDef` by its names."""
    taken = sorted(n.name for n in graph_def.node if scope + n.name in graph._by_name)
    if taken:
        raise ValueError(
            f"Node name {scope + taken[0]!r} already exists in the Graph. Import under another "
            "`name` (of a MetaGraph: `import_scope`), or into a new graph."
        )

    def make(graph: Graph, node: Any, inputs: tuple[Tensor, ...], name: str) -> Operation:
        return library.make(graph, node, inputs, name)

    nodes = {node.name: node for node in graph_def.node}
    if len(nodes) < len(graph_def.node):
        raise ValueError("The GraphDef has several nodes of one name.")
    absent = {source(key)[0] for key in mapped} - nodes.keys()
    if absent:  # inputs of a part of a graph
        graph_def = type(graph_def)(node=graph_def.node)
        nodes.update((name, graph_def.node.add(name=name, op="NoOp")) for name in sorted(absent))
    if has_control_flow(graph_def):
        given = {source(key): value for key, value in mapped.items()}
        made = control_flow_v1.Raised(graph, graph_def, given, make, scope).build()
    else:
        made = {}
        for name in order(nodes):
            if name in absent:
                continue
            node = nodes[name]
            keys = [_tensor_name(item) for item in node.input if not item.startswith("^")]
            inputs = tuple(mapped[k] if k in mapped else _output(made, k, name) for k in keys)
            made[name] = op = make(graph, node, inputs, f"{scope}{name}/")
            op._add_control_inputs([made[i[1:]] for i in node.input if i.startswith("^")])
    for op in made.values():
        graph._names_in_use.setdefault(op.name.lower(), 1)
    return made


def _output(made: dict[str, Operation], key: str, user: str) -> Tensor:
    name, index = source(key)
    if index >= len(made[name].outputs):
        raise ValueError(
            f"Node {user!r}: its input {key!r} does not exist; {name!r} has "
            f"{len(made[name].outputs)} outputs."
        )
    return made[name].outputs[index]


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


def _attr_names(definition: opdef.OpDef) -> set[str | None]:
    args = (*definition.inputs, *definition.outputs)
    return {a.type_attr for a in args} | {a.number_attr for a in args} | set(definition.attrs)


def _check_inputs(
    definition: opdef.OpDef, name: str, attrs: dict[str, Any], inputs: tuple[Tensor, ...]
) -> None:
    """Raise ValueError where number or types of the inputs are not what the attributes say."""
    types: list[dtypes.DType] = []
    for arg in (*definition.inputs, *definition.outputs):
        for attr, kind in ((arg.type_attr, (DType, list)), (arg.number_attr, int)):
            if attr and not isinstance(attrs.get(attr), kind):
                raise ValueError(f"Node {name!r} ({definition.type}) lacks the attribute {attr!r}.")
        if arg not in definition.inputs:
            if arg.number_attr and not 0 <= attrs[arg.number_attr] <= _MOST_OUTPUTS:
                raise ValueError(
                    f"Node {name!r} ({definition.type}) says it has {attrs[arg.number_attr]} outputs."
                )
            continue
        if arg.is_type_list:
            types += attrs[str(arg.type_attr)]
            continue
        count = attrs[arg.number_attr] if arg.number_attr else 1
        if count > len(inputs):
            break
        types += [arg.dtype or attrs[str(arg.type_attr)]] * count
    given = [t.dtype.base_dtype for t in inputs]
    if len(types) != len(given):
        raise ValueError(
            f"Node {name!r} ({definition.type}) has {len(given)} inputs; its attributes say otherwise."
        )
    for i, (dtype, wanted) in enumerate(zip(given, types, strict=True)):
        if dtype is not wanted and dtype is not dtypes.variant:
            raise ValueError(
                f"Node {name!r} ({definition.type}): input {i} has type {dtype.name}, "
                f"its attributes say {wanted.name}."
            )


def _add_shapes(op: Operation, shapes: list[Any]) -> None:
    """What the producer of the graph knew of the shapes, where it fits."""
    for tensor, shape in zip(op.outputs, shapes, strict=False):
        if isinstance(shape, TensorShape) and tensor.shape.is_compatible_with(shape):
            tensor.set_shape(shape)


def checked_attrs(definition: opdef.OpDef, name: str, attrs: dict[str, Any]) -> dict[str, Any]:
    known = _attr_names(definition)
    unknown = sorted(key for key in attrs if key not in known and not key.startswith("_"))
    if unknown:
        raise ValueError(
            f"Node {name!r} ({definition.type}) has attributes that tf1x does not know: {', '.join(unknown)}."
        )
    beside = attrs.get("_class", [])
    if not isinstance(beside, list) or not all(isinstance(group, bytes) for group in beside):
        raise ValueError(f"Node {name!r} ({definition.type}): _class is no list of strings.")
    for attr in definition.attrs.values():
        if attr.name in attrs:
            attrs[attr.name] = check_attr(definition.type, attr, attrs[attr.name])
        elif attr.required:
            raise ValueError(
                f"Node {name!r} ({definition.type}) lacks the attribute {attr.name!r}."
            )
        else:
            attrs[attr.name] = attr.default
    return attrs


# -- functions ---------------------------------------------------------------------------------


# Attributes that say nothing of what an op computes.
_IGNORED = frozenset({"allowed_devices", "debug_name"})
_MISFITS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RecursionError, TypeError,
)  # fmt: skip
_MOST_OUTPUTS = 1 << 20


class Library:
    """The functions of a `GraphDef`, made anew for each node that calls them."""

    def __init__(self, protos: Any, defaults: dict[tuple[str, str], Any] | None = None) -> None:
        self._protos = {p.signature.name: p for p in protos}
        self._defaults = defaults or {}
        self._consumers: dict[Tensor, list[Operation]] = {}

    def knows(self, op_type: str) -> bool:
        return op_type in self._protos or opdef.is_registered(op_type)

    def called(self, nodes: Any) -> list[Any]:
        """The functions that nodes call, directly or not."""
        found: dict[str, Any] = {}
        stack = list(nodes)
        while stack:
            node = stack.pop()
            for name in {node.op, *_names(node.attr.values())}:
                if name in self._protos and name not in found:
                    found[name] = self._protos[name]
                    stack += found[name].node_def
        return list(found.values())

    def make(self, graph: Graph, node: Any, inputs: tuple[Tensor, ...], name: str) -> Operation:
        """Add the op of a node.

        Raises:
            ValueError: what the node says of it does not fit the op.
        """
        try:
            if node.op in self._protos:
                return self._call(graph, node, inputs, name)
            return self._made_op(graph, node, inputs, name)
        except _MISFITS as error:  # attributes that an op's shape rule, say, does not expect
            raise ValueError(
                f"Node {node.name!r} ({node.op}): {type(error).__name__}: {error}"
            ) from error

    def _made_op(self, graph: Graph, node: Any, inputs: tuple[Tensor, ...], name: str) -> Operation:
        definition = opdef.get(node.op)
        try:
            attrs = {key: attr_from_proto(value) for key, value in node.attr.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"Node {node.name!r} ({node.op}): {error}") from error
        for key in attrs.keys() - _attr_names(definition):
            if key in _IGNORED or self._is_default(node.op, key, attrs[key]):
                del attrs[key]
        shapes = attrs.pop("_output_shapes", None)
        attrs = checked_attrs(definition, node.name, attrs)
        _check_inputs(definition, node.name, attrs, inputs)
        forward = self._differentiated(attrs, inputs) if node.op == "SymbolicGradient" else None
        if forward is not None:
            attrs["f"] = FuncAttr(forward.type, forward.attrs)
        op = definition.node(
            inputs, self.instantiate(definition, graph, attrs, inputs), name, graph=graph
        )
        op.forward = forward
        op.device = node.device
        if isinstance(shapes, list):
            _add_shapes(op, shapes)
        if inputs:
            self._consumers.setdefault(inputs[0], []).append(op)
        return op

    def _differentiated(
        self, attrs: dict[str, Any], inputs: tuple[Tensor, ...]
    ) -> Operation | None:
        """The op that a `SymbolicGradient` differentiates: both are then computed together."""
        count = len(attrs["Tout"])
        for op in self._consumers.get(inputs[0], ()) if count else ():
            if op.type == attrs["f"].name and op.inputs == inputs[:count]:
                return op
        return None

    def _is_default(self, op_type: str, attr: str, value: Any) -> bool:
        return (op_type, attr) in self._defaults and bool(
            np.array_equal(self._defaults[op_type, attr], value)
        )

    def _call(self, graph: Graph, node: Any, inputs: tuple[Tensor, ...], name: str) -> Operation:
        """A node whose type is the name of a function, as TensorFlow 1 wrote calls."""
        signature = self._protos[node.op].signature
        attrs = {
            "Tin": [t.dtype.base_dtype for t in inputs],
            "Tout": [as_dtype(out.type) for out in signature.output_arg],
            "f": FuncAttr(node.op),
        }
        definition = opdef.get("StatefulPartitionedCall")
        attrs = checked_attrs(definition, node.name, attrs)
        return definition.node(
            inputs, self.instantiate(definition, graph, attrs, inputs), name, graph=graph
        )

    def instantiate(
        self,
        definition: opdef.OpDef,
        graph: Graph,
        attrs: dict[str, Any],
        inputs: tuple[Tensor, ...],
    ) -> dict[str, Any]:
        """The attributes of a call with its functions made and their names put in."""
        return {
            key: self._replaced(graph, value, _passed(definition, key, attrs, inputs))
            for key, value in attrs.items()
        }

    def _replaced(self, graph: Graph, value: Any, inputs: tuple[Tensor, ...]) -> Any:
        if isinstance(value, list):
            return [self._replaced(graph, item, inputs) for item in value]
        if not isinstance(value, FuncAttr) or value.name not in self._protos:
            return value
        return FuncAttr(self._made(graph, self._protos[value.name], inputs).name, value.attrs)

    def _made(self, graph: Graph, proto: Any, inputs: tuple[Tensor, ...]) -> FuncGraph:
        outermost, name = graph.outermost, proto.signature.name
        if name in outermost._functions:
            name = outermost.unique_function_name(name)
        function = FuncGraph(name, graph)
        outermost.add_function(function)
        args = proto.signature.input_arg
        passed = [None] * (len(args) - len(inputs)) + list(inputs)[
            max(0, len(inputs) - len(args)) :
        ]
        made: dict[str, Tensor] = {}
        with function.building():
            for arg, given in zip(args, passed, strict=True):
                is_handle = given is not None and (
                    given.dtype is dtypes.resource or given.dtype._is_ref_dtype
                )
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
        inputs = tuple(made[item] for item in node.input if not item.startswith("^"))
        op = self.make(function, node, inputs, f"{node.name}/")
        op._add_control_inputs([ops[c[1:]] for c in node.input if c.startswith("^") and c[1:] in ops])  # fmt: skip
        made.update(zip(output_names(op), op.outputs, strict=True))
        return op


def _passed(
    definition: opdef.OpDef, key: str, attrs: dict[str, Any], inputs: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """The inputs that become the last arguments of the function that is the attribute `key`.

    A dataset op names those of each of its functions: `other_arguments`, `key_func_other_arguments`,
    `init_func_other_args`. Others pass all their inputs, or all but the first (the predicate of `If`).
    """
    names = (f"{key}_other_arguments", f"{key}_other_args", "other_arguments")
    parts = zip(definition.inputs, definition.input_slices(attrs), strict=True)
    found = {arg.name: part for arg, part in parts if arg.name in names}
    return inputs[next(iter(found.values()))] if found else inputs


def _names(values: Any) -> list[str]:
    """The names of functions among attributes of a node."""
    found: list[str] = []
    for value in values:
        for func in (value.func, *value.list.func):
            found += [func.name, *_names(func.attr.values())] if func.name else []
    return found


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
