"""`tf.profiler.profile`: parameters and float operations of a graph, by scope or by op type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tf1x.core import scopes
from tf1x.core.errors import UnsupportedError
from tf1x.core.files import replacing
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation
from tf1x.lib.profiler.flops import float_operations
from tf1x.lib.profiler.options import ProfileOptionBuilder, check

_VARIABLE = "_trainable_variables"


@dataclass
class Node:
    """A scope, node or op type, with what it counts itself and what it holds.

    Attributes:
        graph_node_count: how many nodes.
        children: of a scope.
        shape: of a variable, as text ("3x4").
    """

    name: str
    parameters: int = 0
    float_ops: int = 0
    graph_node_count: int = 0
    total_parameters: int = 0
    total_float_ops: int = 0
    total_run_count: int = 0
    children: list[Node] = field(default_factory=list)
    shape: str = ""

    def sum_up(self) -> None:
        """Make the totals of the tree."""
        for child in self.children:
            child.sum_up()
        self.total_parameters = self.parameters + sum(c.total_parameters for c in self.children)
        self.total_float_ops = self.float_ops + sum(c.total_float_ops for c in self.children)
        self.graph_node_count += sum(c.graph_node_count for c in self.children)


def profile(
    graph: Graph | None = None,
    run_meta: Any = None,
    op_log: Any = None,
    cmd: str = "scope",
    options: dict[str, Any] | None = None,
) -> Node:
    """Count parameters and float operations, and print them unless told otherwise.

    Args:
        graph: by default the default graph.
        run_meta, op_log: accepted: shapes are the graph's, times are not counted.
        cmd: "scope" (a tree of name scopes) or "op" (by op type).
        options: made by `ProfileOptionBuilder`.

    Raises:
        UnsupportedError: another `cmd`, or a measure that is not known (time, memory).
    """
    graph = graph or scopes.get_default_graph()
    options = {**ProfileOptionBuilder().build(), **(options or {})}
    check(options)
    if cmd not in ("scope", "graph", "op"):
        raise UnsupportedError(f"tf.profiler.profile(cmd={cmd!r}): tf1x has 'scope' and 'op'.")
    counted = list(_counted(graph, options))
    root = _by_type(counted) if cmd == "op" else _by_scope(counted)
    root.sum_up()
    _put_out(_text(root, options), options["output"])
    return root


def _counted(graph: Graph, options: dict[str, Any]) -> Iterator[tuple[Operation, int, int]]:
    """The accounted ops with their parameters and float operations."""
    trainable = {
        variable.op: variable.shape.num_elements() or 0
        for variable in graph.get_collection(scopes.GraphKeys.TRAINABLE_VARIABLES)
    }
    accounted = options["account_type_regexes"]
    hidden, shown = options["hide_name_regexes"], options["show_name_regexes"]
    for op in graph.get_operations():
        types = [op.type, _VARIABLE] if op in trainable else [op.type]
        if not any(re.fullmatch(pattern, kind) for pattern in accounted for kind in types):
            continue
        if options["account_displayed_op_only"] and (
            any(re.fullmatch(p, op.name) for p in hidden)
            or not any(re.fullmatch(p, op.name) for p in shown)
        ):
            continue
        selected = options["select"]
        yield (
            op,
            trainable.get(op, 0) if "params" in selected else 0,
            float_operations(op) if "float_ops" in selected else 0,
        )


def _by_scope(counted: list[tuple[Operation, int, int]]) -> Node:
    root = Node("_TFProfRoot")
    nodes: dict[str, Node] = {"": root}

    def node(path: str) -> Node:
        if path not in nodes:
            made = nodes[path] = Node(path)
            node(path.rpartition("/")[0]).children.append(made)
        return nodes[path]

    for op, parameters, operations in counted:
        found = node(op.name)
        found.parameters += parameters
        found.float_ops += operations
        found.graph_node_count += 1
        if parameters:
            found.shape = "x".join(map(str, op.attrs["shape"].as_list())) or "1"
    return root


def _by_type(counted: list[tuple[Operation, int, int]]) -> Node:
    types: dict[str, Node] = {}
    for op, parameters, operations in counted:
        found = types.setdefault(op.type, Node(op.type))
        found.parameters += parameters
        found.float_ops += operations
        found.graph_node_count += 1
    return Node("_TFProfRoot", children=list(types.values()))


# -- text --------------------------------------------------------------------------------------


def _text(root: Node, options: dict[str, Any]) -> str:
    return "\n".join(_line(node, depth, options) for node, depth in _shown(root, 0, options))


def _shown(node: Node, depth: int, options: dict[str, Any]) -> Iterator[tuple[Node, int]]:
    if depth > options["max_depth"]:
        return
    yield node, depth
    keys = {
        "params": lambda n: -n.total_parameters,
        "float_ops": lambda n: -n.total_float_ops,
        "occurrence": lambda n: -n.graph_node_count,
    }
    for child in sorted(node.children, key=keys.get(options["order_by"], lambda n: n.name)):
        if _is_shown(child, options):
            yield from _shown(child, depth + 1, options)


def _is_shown(node: Node, options: dict[str, Any]) -> bool:
    enough = (
        node.total_parameters >= options["min_params"]
        and node.total_float_ops >= options["min_float_ops"]
        and node.graph_node_count >= options["min_occurrence"]
    )
    # What has none of what is asked for tells nothing.
    values = {"params": node.total_parameters, "float_ops": node.total_float_ops}
    return enough and any(values.get(what, 1) for what in options["select"])


def _line(node: Node, depth: int, options: dict[str, Any]) -> str:
    parts = []
    for what in options["select"]:
        if what == "params":
            parts += [node.shape] if node.shape else []
            parts.append(f"{_pair(node.parameters, node.total_parameters)} params")
        elif what == "float_ops":
            parts.append(f"{_pair(node.float_ops, node.total_float_ops)} flops")
        elif what == "occurrence":
            parts.append(f"{node.graph_node_count} nodes")
    return f"{'  ' * depth}{node.name} ({', '.join(parts)})"


def _pair(own: int, total: int) -> str:
    return f"{_number(own) if own else '--'}/{_number(total)}"


def _number(value: int) -> str:
    for limit, unit in ((10**9, "b"), (10**6, "m"), (10**3, "k")):
        if value >= limit:
            return f"{value / limit:.2f}{unit}"
    return str(value)


def _put_out(text: str, output: str) -> None:
    kind, _, rest = output.partition(":")
    if kind == "stdout":
        print("\n==================Model Analysis Report======================")
        print(text)
        print("======================End of Report==========================")
    elif kind == "file":
        with replacing(rest.removeprefix("outfile=")) as file:
            file.write(f"{text}\n".encode())


# -- tf.contrib.tfprof -------------------------------------------------------------------------

TRAINABLE_VARS_PARAMS_STAT_OPTIONS = ProfileOptionBuilder.trainable_variables_parameter()
FLOAT_OPS_OPTIONS = ProfileOptionBuilder.float_operation()


def print_model_analysis(
    graph: Graph,
    run_meta: Any = None,
    op_log: Any = None,
    tfprof_cmd: str = "scope",
    tfprof_options: dict[str, Any] | None = None,
) -> Node:
    """`tf.contrib.tfprof.model_analyzer.print_model_analysis`, which became `tf.profiler.profile`.

    `output_type`, `dump_to_file` and `viz` of the options say where the text goes.
    """
    options = dict(TRAINABLE_VARS_PARAMS_STAT_OPTIONS if tfprof_options is None else tfprof_options)
    target = options.pop("dump_to_file", "")
    options.pop("viz", None)
    if target:
        options["output"] = f"file:outfile={target}"
    return profile(graph, run_meta, op_log, tfprof_cmd, options)
