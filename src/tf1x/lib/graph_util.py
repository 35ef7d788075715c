"""`tf.graph_util`: parts of graphs, and graphs with their variables frozen to constants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tf1x.core import errors
from tf1x.core.dtypes import as_dtype
from tf1x.core.graph import Graph
from tf1x.core.graphdef import make_tensor_proto
from tf1x.core.references import variable_key
from tf1x.core.shapes import TensorShape
from tf1x.lib import logging

_VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp"})
_READS = frozenset({"ReadVariableOp"})
_PASSES = frozenset({"Identity", "Enter", "Switch"})


def _node_name(item: str) -> str:
    return item.lstrip("^").partition(":")[0]


def _colocated(node: Any) -> list[str]:
    names = node.attr["_class"].list.s if "_class" in node.attr else ()
    return [s.decode().removeprefix("loc:@") for s in names if s.startswith(b"loc:@")]


def _like(graph_def: Any, nodes: Iterable[Any]) -> Any:
    """A `GraphDef` with other nodes, and the same functions and versions."""
    made = type(graph_def)(library=graph_def.library, versions=graph_def.versions)
    made.node.extend(nodes)
    return made


def extract_sub_graph(graph_def: Any, dest_nodes: Iterable[str]) -> Any:
    """The part of a `GraphDef` that the named nodes need.

    Raises:
        TypeError: `dest_nodes` is one string.
        AssertionError: a node is not in the graph.
    """
    if isinstance(dest_nodes, str):
        raise TypeError("dest_nodes must be a list.")
    nodes = {node.name: node for node in graph_def.node}
    stack = list(dest_nodes)
    for name in stack:
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
    kept: set[str] = set()
    while stack:
        name = stack.pop()
        if name in nodes and name not in kept:
            kept.add(name)
            stack += [_node_name(i) for i in nodes[name].input] + _colocated(nodes[name])
    return _like(graph_def, (node for node in graph_def.node if node.name in kept))


def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Whether TensorFlow places a node (an op or a `NodeDef`) on the CPU."""
    node_def = getattr(node, "node_def", node)
    kind = node_def.op
    if pin_variables_on_cpu and kind in _VARIABLES:
        return True
    typed = {"Const": "dtype", "DynamicStitch": "T", "ParallelDynamicStitch": "T", "Cast": "SrcT"}
    if kind not in typed:
        return False
    dtype = as_dtype(node_def.attr[typed[kind]].type).name
    return dtype == "int32" or (kind == "Const" and dtype == "string")


def tensor_shape_from_node_def_name(graph: Graph, input_name: str) -> TensorShape:
    """The static shape of a tensor by the name that a `NodeDef` has for it."""
    return graph.get_tensor_by_name(input_name if ":" in input_name else f"{input_name}:0").shape


# -- freezing ------------------------------------------------------------------------------------


def convert_variables_to_constants(
    sess: Any,
    input_graph_def: Any,
    output_node_names: Iterable[str],
    variable_names_whitelist: Iterable[str] | None = None,
    variable_names_blacklist: Iterable[str] | None = None,
) -> Any:
    """The part of a graph that some nodes need, its variables replaced by their values.

    Args:
        sess: the session that holds the values.
        input_graph_def: the `GraphDef` of its graph.
        output_node_names: names of the nodes that the result must compute.
        variable_names_whitelist, variable_names_blacklist: which variables to replace, by default
            all.

    Raises:
        FailedPreconditionError: a variable has no value.
        UnsupportedError: a branch or loop body reads a variable through its handle.
    """
    part = extract_sub_graph(input_graph_def, output_node_names)
    nodes = {node.name: node for node in part.node}
    chosen = None if variable_names_whitelist is None else set(variable_names_whitelist)
    refused = set(variable_names_blacklist or ())
    frozen = {
        node.name
        for node in part.node
        if node.op in _VARIABLES
        and node.name not in refused
        and (chosen is None or node.name in chosen)
    }
    found = []
    for node in part.node:
        if node.name in frozen:
            found.append(_constant(node, _value(sess, node.name)))
        elif _variable_behind(nodes, node) in frozen:
            found += _frozen_use(nodes, node)
        else:
            found.append(node)
    logging.info("Froze %d variables.", len(frozen))
    logging.info("Converted %d variables to const ops.", len(frozen))
    return _like(part, found)


def _value(sess: Any, name: str) -> np.ndarray:
    tensor = sess.graph.get_operation_by_name(name).outputs[0]
    value = sess._state.variables.get(variable_key(tensor))
    if value is None:
        raise errors.FailedPreconditionError(
            None, tensor.op, f"Attempting to use uninitialized value {name}"
        )
    return np.asarray(value)


def _constant(node: Any, value: np.ndarray) -> Any:
    made = type(node)(name=node.name, op="Const", device=node.device)
    made.attr["dtype"].type = node.attr["dtype"].type
    made.attr["value"].tensor.CopyFrom(make_tensor_proto(value, as_dtype(node.attr["dtype"].type)))
    return made


def _variable_behind(nodes: dict[str, Any], node: Any) -> str | None:
    """The resource variable whose handle a node takes first, or None."""
    while node is not None and node.input:
        node = nodes.get(_node_name(node.input[0]))
        if node is None or node.op == "VarHandleOp":
            return None if node is None else str(node.name)
        if node.op not in _PASSES:
            return None
    return None


def _frozen_use(nodes: dict[str, Any], node: Any) -> list[Any]:
    """What stands for a node that took the handle of a variable, now a constant."""
    made = type(node)(name=node.name, op=node.op, device=node.device, input=node.input)
    if node.op in _READS:
        made.op = "Identity"
        made.attr["T"].CopyFrom(node.attr["dtype"])
        if "_class" in node.attr:
            made.attr["_class"].CopyFrom(node.attr["_class"])
        return [made]
    if node.op in _PASSES:
        made.attr.MergeFrom(node.attr)
        variable = nodes[str(_variable_behind(nodes, node))]
        made.attr["T"].CopyFrom(variable.attr["dtype"])
        return [made]
    if node.op == "ResourceGather":
        axis = type(node)(name=f"{node.name}/axis", op="Const")
        axis.attr["dtype"].type = as_dtype("int32").as_datatype_enum
        axis.attr["value"].tensor.CopyFrom(make_tensor_proto(np.int32(0)))
        made.op = "GatherV2"
        made.input[:] = [*node.input[:2], axis.name, *node.input[2:]]
        made.attr["Tparams"].CopyFrom(node.attr["dtype"])
        made.attr["Tindices"].CopyFrom(node.attr["Tindices"])
        made.attr["Taxis"].type = as_dtype("int32").as_datatype_enum
        if "batch_dims" in node.attr:
            made.attr["batch_dims"].CopyFrom(node.attr["batch_dims"])
        return [axis, made]
    if node.op == "ResourceGatherNd":
        made.op = "GatherNd"
        made.attr["Tparams"].CopyFrom(node.attr["dtype"])
        made.attr["Tindices"].CopyFrom(node.attr["Tindices"])
        return [made]
    if node.op == "VariableShape":
        made.op = "Shape"
        made.attr["T"].CopyFrom(nodes[str(_variable_behind(nodes, node))].attr["dtype"])
        if "out_type" in node.attr:
            made.attr["out_type"].CopyFrom(node.attr["out_type"])
        return [made]
    raise errors.UnsupportedError(
        f"Node {node.name!r} ({node.op}) takes the handle of a variable, which cannot be replaced by "
        "a constant: freeze a graph without it, or leave the variable out with "
        "variable_names_blacklist."
    )


# -- pruning -------------------------------------------------------------------------------------


def remove_training_nodes(input_graph: Any, protected_nodes: Iterable[str] | None = None) -> Any:
    """A `GraphDef` without `CheckNumerics`, and without identities that nothing else depends on.

    Args:
        protected_nodes: names of nodes to keep in any case.
    """
    protected = set(protected_nodes or ())
    removed = {
        n.name: n.input[0]
        for n in input_graph.node
        if n.op == "CheckNumerics" and n.name not in protected
    }
    kept = []
    for node in input_graph.node:
        if node.name in removed:
            continue
        copy = type(node)()
        copy.CopyFrom(node)
        copy.input[:] = [_spliced(i, removed) for i in node.input if i[1:] not in removed]
        kept.append(copy)
    waited_for = {i[1:] for n in kept for i in n.input if i.startswith("^")}
    waiting = {n.name for n in kept for i in n.input if i.startswith("^")}
    beside = {name for n in kept for name in _colocated(n)}
    spliced = {
        n.name: n.input[0]
        for n in kept
        if n.op in ("Identity", "StopGradient")
        and n.name not in protected | waited_for | waiting | beside
    }
    found = []
    for node in kept:
        if node.name not in spliced:
            node.input[:] = [_spliced(item, spliced) for item in node.input]
            found.append(node)
    return _like(input_graph, found)


def _spliced(item: str, spliced: dict[str, str]) -> str:
    while item.removesuffix(":0") in spliced:
        item = spliced[item.removesuffix(":0")]
    return item


def strip_unused(
    input_graph_def: Any,
    input_node_names: Iterable[str],
    output_node_names: Iterable[str],
    placeholder_type_enum: Any,
) -> Any:
    """The part of a `GraphDef` between inputs, which become placeholders, and outputs.

    Args:
        placeholder_type_enum: the type of the placeholders: a number of `DataType`, or a list of
            one for each input.

    Raises:
        KeyError: an input is not in the graph.
    """
    inputs = list(input_node_names)
    types = placeholder_type_enum
    kinds = list(types) if isinstance(types, (list, tuple)) else [types] * len(inputs)
    missing = set(inputs) - {node.name for node in input_graph_def.node}
    for name in sorted(missing):
        raise KeyError(f"The following input nodes were not found: {name}")
    found = []
    for node in input_graph_def.node:
        if node.name not in inputs:
            found.append(node)
            continue
        made = type(node)(name=node.name, op="Placeholder")
        made.attr["dtype"].type = as_dtype(kinds[inputs.index(node.name)]).as_datatype_enum
        if "_output_shapes" in node.attr:
            made.attr["_output_shapes"].CopyFrom(node.attr["_output_shapes"])
        if "shape" in node.attr:
            made.attr["shape"].CopyFrom(node.attr["shape"])
        found.append(made)
    return extract_sub_graph(_like(input_graph_def, found), output_node_names)


def optimize_for_inference(
    input_graph_def: Any,
    input_node_names: Iterable[str],
    output_node_names: Iterable[str],
    placeholder_type_enum: Any,
    toco_compatible: bool = False,
) -> Any:
    """`strip_unused` and `remove_training_nodes`; XLA folds the rest when it compiles."""
    outputs = list(output_node_names)
    part = strip_unused(input_graph_def, input_node_names, outputs, placeholder_type_enum)
    return remove_training_nodes(part, outputs)
