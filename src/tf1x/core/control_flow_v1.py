"""TensorFlow 1's control flow in a `GraphDef` (Switch, Merge, Enter, Exit, ...), raised to functions.

Every tensor stands in a context: the loops (frames) and branches around it. `contexts` finds it
by following the edges; `Raised` then builds, for each Merge that ends a conditional, an `If`, and
for each frame a `While`, from the nodes of that context. TensorArrays become tensor lists, which
flow through loops as values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tf1x.core import convert, dtypes, opdef, scopes
from tf1x.core.dtypes import as_dtype
from tf1x.core.errors import UnsupportedError
from tf1x.core.func_graph import FuncGraph, trace
from tf1x.core.function_calls import allows, branch_node, while_node
from tf1x.core.graph import Graph, Operation, Tensor
from tf1x.core.shapes import TensorShape

SWITCH = frozenset({"Switch", "RefSwitch"})
MERGE = frozenset({"Merge", "RefMerge"})
ENTER = frozenset({"Enter", "RefEnter"})
EXIT = frozenset({"Exit", "RefExit"})
NEXT = frozenset({"NextIteration", "RefNextIteration"})
TYPES = SWITCH | MERGE | ENTER | EXIT | NEXT | {"LoopCond"}
# Handled by `_array_op`.
ARRAYS = frozenset(
    f"TensorArray{kind}V3"
    for kind in "_ Write Read Gather Scatter Size Concat Split Close".replace("_", "").split(" ")
)

Context = tuple[Any, ...]  # ("frame", name) and ("cond", pred, branch), outermost first


def has_control_flow(graph_def: Any) -> bool:
    return any(node.op in TYPES or node.op in ARRAYS for node in graph_def.node)


def source(name: str) -> tuple[str, int]:
    """Node and output index of an input; -1 for a control input."""
    if name.startswith("^"):
        return name[1:], -1
    node, _, index = name.partition(":")
    return node, int(index or 0)


def order(nodes: dict[str, Any]) -> list[str]:
    """Names of nodes after their inputs; the back edges of loops do not count.

    Raises:
        ValueError: an input does not exist, or there is a cycle that is no loop.
    """
    done: dict[str, bool] = {}
    found: list[str] = []
    for root in nodes:
        if root in done:
            continue
        done[root] = False
        stack = [(root, iter(_forward_inputs(nodes, nodes[root])))]
        while stack:
            name, inputs = stack[-1]
            for item in inputs:
                if item not in nodes:
                    raise ValueError(f"Node {name!r}: Unknown input node {item!r}")
                if item not in done:
                    done[item] = False
                    stack.append((item, iter(_forward_inputs(nodes, nodes[item]))))
                    break
                if not done[item]:
                    raise ValueError(f"Node {name!r}: the graph has a cycle through {item!r}.")
            else:
                done[name] = True
                found.append(name)
                stack.pop()
    return found


def _forward_inputs(nodes: dict[str, Any], node: Any) -> list[str]:
    names = [source(item)[0] for item in node.input]
    if node.op in MERGE:
        return [n for n in names if n not in nodes or nodes[n].op not in NEXT]
    return names


class _Contexts:
    """In which context each node's outputs stand."""

    def __init__(self, nodes: dict[str, Any], names: list[str]) -> None:
        self._nodes = nodes
        self._of: dict[str, Context] = {}
        self.loop_switches: set[str] = set()
        for name in names:
            self._of[name] = self._context(nodes[name])

    def node(self, name: str) -> Context:
        return self._of[name]

    def tensor(self, name: str, index: int) -> Context:
        node = self._nodes[name]
        if node.op in SWITCH and name not in self.loop_switches and index >= 0:
            return (*self._of[name], ("cond", self._predicate(node.input[1]), index))
        return self._of[name]

    def _predicate(self, item: str) -> str:
        """The predicate itself: some Switches of a conditional take an identity of it."""
        while (node := self._nodes[source(item)[0]]).op == "Identity":
            item = node.input[0]
        return item

    def _context(self, node: Any) -> Context:
        around = [self.tensor(*source(i)) for i in node.input if source(i)[0] in self._of]
        longest = max(around, key=len, default=())
        if node.op in ENTER:
            return (*longest, ("frame", node.attr["frame_name"].s.decode()))
        if node.op in EXIT:
            return longest[: _innermost(longest, "frame")]
        if node.op in MERGE and not self._is_loop(node):
            return longest[: _innermost(longest, "cond")]
        if node.op in SWITCH and self._nodes[source(node.input[1])[0]].op == "LoopCond":
            self.loop_switches.add(node.name)
        return longest

    def _is_loop(self, node: Any) -> bool:
        return any(self._nodes[source(i)[0]].op in NEXT for i in node.input)


def _innermost(context: Context, kind: str) -> int:
    """Position of the innermost element of that kind."""
    for i in range(len(context) - 1, -1, -1):
        if context[i][0] == kind:
            return i
    raise ValueError("The graph leaves a loop or branch that it is not in.")


@dataclass
class _LoopVariable:
    """The nodes that make up one variable of a frame; the later ones may be absent."""

    enter: str
    merge: str
    switch: str | None = None
    next_iteration: str | None = None


@dataclass
class _Place:
    """A graph that is being built, and what stands in it."""

    graph: Graph
    context: Context
    outer: _Place | None = None
    tensors: dict[tuple[str, int], Tensor] = field(default_factory=dict)
    ops: dict[str, Operation] = field(default_factory=dict)


MakeOp = Callable[[Graph, Any, tuple[Tensor, ...], str], Operation]


class Raised:
    """Builds the nodes of a `GraphDef` that has TensorFlow 1's control flow.

    Args:
        mapped: tensors that replace those of the proto, by (node, index).
        make_op: adds an ordinary op: graph, `NodeDef`, inputs, name.
        prefix: of the names in the outermost graph.
    """

    def __init__(
        self,
        graph: Graph,
        graph_def: Any,
        mapped: dict[tuple[str, int], Tensor],
        make_op: MakeOp,
        prefix: str,
    ) -> None:
        self._nodes = {node.name: node for node in graph_def.node}
        self._order = order(self._nodes)
        self._contexts = _Contexts(self._nodes, self._order)
        self._make_op = make_op
        self._prefix = prefix
        self._root = _Place(graph, (), tensors=dict(mapped))
        self._consumers: dict[str, list[str]] = {name: [] for name in self._nodes}
        for name, node in self._nodes.items():
            for item in node.input:
                self._consumers[source(item)[0]].append(name)

    def build(self) -> dict[str, Operation]:
        """All nodes outside of loops and branches, by name."""
        for name in self._order:
            if not self._contexts.node(name):
                self._make(self._nodes[name], self._root)
        return self._root.ops

    # -- nodes ---------------------------------------------------------------------------------

    def _make(self, node: Any, place: _Place) -> None:
        if node.name in place.ops or (node.name, 0) in place.tensors:
            return
        if node.op in MERGE:
            if not self._contexts._is_loop(node):
                self._conditional(node, place)
        elif node.op in EXIT:
            self._loop(node, place)
        elif node.op in ARRAYS or node.op.startswith("TensorArray"):
            self._array_op(node, place)
        elif node.op not in TYPES:
            self._ordinary(node, place)

    def _ordinary(self, node: Any, place: _Place) -> None:
        data = tuple(self._tensor(*source(i), place) for i in node.input if not i.startswith("^"))
        if node.op == "Identity" and data[0].dtype is dtypes.variant:  # the flow of a TensorArray
            self._named(node, data[0], place)
            return
        with place.graph.as_default(), self._waiting(node, place):
            name = f"{self._prefix}{node.name}/" if place is self._root else f"{node.name}/"
            op = self._make_op(place.graph, node, data, name)
        place.ops[node.name] = op
        for i, tensor in enumerate(op.outputs):
            place.tensors[node.name, i] = tensor

    def _waiting(self, node: Any, place: _Place) -> Any:
        return place.graph.control_dependencies(
            [c for i in node.input if (c := self._control(i, place)) is not None]
        )

    def _control(self, item: str, place: _Place) -> Operation | None:
        name, index = source(item)
        if index != -1:
            return None
        here: _Place | None = place
        while here is not None:
            if name in here.ops:
                return here.ops[name]
            if (name, 0) in here.tensors:
                return here.tensors[name, 0].op
            here = here.outer
        return None  # a Switch, or the like: the place itself is enough

    def _tensor(self, name: str, index: int, place: _Place) -> Tensor:
        here: _Place | None = place
        while here is not None:
            if (name, index) in here.tensors:
                return here.tensors[name, index]
            here = here.outer
        node = self._nodes[name]
        if node.op in SWITCH | ENTER:
            return self._tensor(*source(node.input[0]), place)
        if node.op == "LoopCond":
            with place.graph.as_default():
                return convert.constant(True)
        if node.op in MERGE and index == 1:
            raise UnsupportedError(
                f"Node {name!r}: tf1x does not support the second output of {node.op} "
                "(which branch was taken)."
            )
        raise ValueError(f"Node {name!r} is used outside of the branch or loop that it stands in.")

    # -- inner places --------------------------------------------------------------------------

    def _fill(self, place: _Place, wanted: Iterable[tuple[str, int]]) -> list[Tensor]:
        """Build what the wanted tensors need in a place; returns them."""
        wanted = list(wanted)
        needed = self._needed(wanted, place)
        for name in self._order:
            if name in needed and self._contexts.node(name) == place.context:
                self._make(self._nodes[name], place)
        return [self._tensor(name, index, place) for name, index in wanted]

    def _needed(self, wanted: list[tuple[str, int]], place: _Place) -> set[str]:
        depth = len(place.context)
        found: set[str] = set()
        stack = [name for name, index in wanted if (name, index) not in place.tensors]
        while stack:
            name = stack.pop()
            if name in found or self._contexts.node(name)[:depth] != place.context:
                continue
            found.add(name)
            for item in self._nodes[name].input:
                key = source(item)
                if key not in place.tensors:
                    stack.append(key[0])
        return found

    # -- conditionals --------------------------------------------------------------------------

    def _conditional(self, node: Any, place: _Place) -> None:
        """All Merges of one predicate and name scope: the results of one `tf.cond`."""
        pred = self._branch_of(node.input[0])[1]
        merges = [
            other
            for name in self._order
            if (other := self._nodes[name]).op in MERGE
            and not self._contexts._is_loop(other)
            and self._contexts.node(name) == place.context
            and self._branch_of(other.input[0])[1] == pred
            and _base(name) == _base(node.name)
        ]
        functions = [self._branch(merges, pred, taken, place) for taken in (1, 0)]
        with place.graph.as_default(), place.graph.control_dependencies(None):
            result = branch_node(
                place.graph.unique_name(f"{_base(node.name)}/If") + "/",
                self._tensor(*source(pred), place),
                functions,
            )
        for merge, tensor in zip(merges, result.outputs, strict=True):
            self._named(merge, tensor, place)

    def _branch_of(self, item: str) -> Any:
        context = self._contexts.tensor(*source(item))
        return context[_innermost(context, "cond")]

    def _branch(self, merges: list[Any], pred: str, taken: int, place: _Place) -> FuncGraph:
        def build() -> list[Tensor]:
            inner = _Place(
                scopes.get_default_graph(), (*place.context, ("cond", pred, taken)), place
            )
            wanted = [
                source(next(i for i in m.input if self._branch_of(i)[2] == taken)) for m in merges
            ]
            return self._fill(inner, wanted)

        with place.graph.as_default():
            return trace(build, _function_name(merges[0].name, "true" if taken else "false"), "")

    def _named(self, node: Any, tensor: Tensor, place: _Place) -> None:
        """An identity under the name that the node had."""
        name = f"{self._prefix}{node.name}/" if place is self._root else f"{node.name}/"
        identity = opdef.get("Identity")
        with place.graph.as_default():
            op = identity.node((tensor,), {"T": tensor.dtype.base_dtype}, name, place.graph)
        place.ops[node.name] = op
        place.tensors[node.name, 0] = op.outputs[0]

    # -- loops ---------------------------------------------------------------------------------

    def _loop(self, node: Any, place: _Place) -> None:
        """The frame that an Exit leaves."""
        inside = self._contexts.tensor(*source(node.input[0]))
        frame = inside[len(place.context)]
        context = (*place.context, frame)
        variables = self._variables(context)
        start = [self._tensor(*source(self._nodes[v.enter].input[0]), place) for v in variables]
        start = [_without_reference(t) for t in start]
        condition = next(
            n for n in self._order
            if self._nodes[n].op == "LoopCond" and self._contexts.node(n) == context
        )  # fmt: skip
        shapes = [t.shape for t in start]
        with place.graph.as_default(), place.graph.control_dependencies(None):
            while True:
                functions = self._functions(variables, condition, context, place, start, shapes)
                kept = [
                    s if allows(s, t.shape) else TensorShape.of(None)
                    for s, t in zip(shapes, functions[1].outputs, strict=True)
                ]
                if kept == shapes:
                    break
                shapes = kept
            result = while_node(
                place.graph.unique_name(f"{_base(node.name)}/While") + "/", start, *functions
            )
        for variable, tensor in zip(variables, result.outputs, strict=False):
            for name in self._consumers.get(variable.switch or "", ()):
                if self._nodes[name].op in EXIT:
                    self._named(self._nodes[name], tensor, place)

    def _variables(self, context: Context) -> list[_LoopVariable]:
        found = []
        for name in self._order:
            node = self._nodes[name]
            if node.op not in MERGE or self._contexts.node(name) != context:
                continue
            if not self._contexts._is_loop(node):
                continue
            parts = [source(i)[0] for i in node.input]
            variable = _LoopVariable(
                enter=next(p for p in parts if self._nodes[p].op in ENTER), merge=name
            )
            variable.next_iteration = next(p for p in parts if self._nodes[p].op in NEXT)
            switches = [c for c in self._consumers[name] if c in self._contexts.loop_switches]
            variable.switch = switches[0] if switches else None
            found.append(variable)
        return found

    def _functions(
        self,
        variables: list[_LoopVariable],
        condition: str,
        context: Context,
        place: _Place,
        start: list[Tensor],
        shapes: list[TensorShape],
    ) -> tuple[FuncGraph, FuncGraph]:
        types = [(t.dtype.base_dtype, s) for t, s in zip(start, shapes, strict=True)]

        def inner(args: tuple[Tensor, ...]) -> _Place:
            made = _Place(scopes.get_default_graph(), context, place)
            for variable, arg in zip(variables, args, strict=True):
                made.tensors[variable.merge, 0] = arg
                if variable.switch:
                    made.tensors[variable.switch, 1] = arg
            return made

        def cond(*args: Tensor) -> list[Tensor]:
            return self._fill(inner(args), [source(self._nodes[condition].input[0])])

        def body(*args: Tensor) -> list[Tensor]:
            here = inner(args)
            nodes = [self._nodes[str(v.next_iteration)] for v in variables]
            wanted = [source(n.input[0]) for n in nodes]
            controls = [source(i) for n in nodes for i in n.input[1:]]
            found = self._fill(here, [*wanted, *((name, 0) for name, _ in controls if self._nodes[name].op not in TYPES)])[: len(wanted)]  # fmt: skip
            waiting = [c for n in nodes for i in n.input[1:] if (c := self._control(i, here))]
            if not waiting:
                return found
            with here.graph.control_dependencies(waiting):
                return [opdef.get("Identity").endpoint(t) for t in found]

        name = context[-1][1]
        return (
            trace(cond, _function_name(name, "cond"), "", types),
            trace(body, _function_name(name, "body"), "", types),
        )

    # -- TensorArrays --------------------------------------------------------------------------

    def _array_op(self, node: Any, place: _Place) -> None:
        if node.op not in ARRAYS:
            raise UnsupportedError(
                f"Node {node.name!r}: tf1x does not run {node.op}, which belongs to the gradient "
                "of a TensorFlow 1 loop. Import the graph without its gradient part and call "
                "tf.gradients again."
            )
        data = [source(i) for i in node.input if not i.startswith("^")]
        # The handle (but where the array is made) says nothing that the flow does not.
        values = [
            self._tensor(*key, place) for key in (data if node.op == "TensorArrayV3" else data[1:])
        ]
        with place.graph.as_default(), self._waiting(node, place):
            outputs = self._list_op(node, values)
        for i, tensor in enumerate(outputs):
            place.tensors[node.name, i] = tensor

    def _list_op(self, node: Any, values: list[Tensor]) -> list[Tensor]:
        def call(kind: str, *args: Any, **attrs: Any) -> Any:
            return opdef.get(kind).endpoint(*args, **attrs)

        kind = node.op
        dtype = as_dtype(node.attr["dtype" if "dtype" in node.attr else "T"].type or dtypes.float32)
        if kind == "TensorArrayV3":
            shape = _dims(node.attr["element_shape"])
            flow = call("TensorListReserve", shape, values[0], element_dtype=dtype)
            return [flow, flow]
        if kind == "TensorArrayWriteV3":
            index, value, flow = values
            grows = self._array_node(node).attr["dynamic_size"].b
            return [call("TensorListSetItem", flow, index, value, resize_if_index_out_of_bounds=grows)]  # fmt: skip
        unknown = convert.constant(-1, dtypes.int32)
        if kind == "TensorArrayReadV3":
            index, flow = values
            return [call("TensorListGetItem", flow, index, unknown, element_dtype=dtype)]
        if kind == "TensorArrayGatherV3":
            indices, flow = values
            shape = _dims(node.attr["element_shape"])
            return [call("TensorListGather", flow, indices, shape, element_dtype=dtype)]
        if kind == "TensorArrayScatterV3":
            indices, value, flow = values
            return [call("TensorListScatterIntoExistingList", flow, value, indices)]
        if kind == "TensorArraySizeV3":
            return [call("TensorListLength", values[0])]
        if kind == "TensorArrayConcatV3":
            none = convert.constant([], dtypes.int64)
            return list(call("TensorListConcatV2", values[0], unknown, none, element_dtype=dtype))
        if kind == "TensorArraySplitV3":
            value, lengths, _ = values
            return [call("TensorListSplit", value, unknown, lengths)]
        return []  # TensorArrayCloseV3

    def _array_node(self, node: Any) -> Any:
        """The `TensorArrayV3` that made the array which a node uses."""
        while node.op != "TensorArrayV3":
            node = self._nodes[source(node.input[0])[0]]
        return node


def _dims(attr: Any) -> Any:
    shape = attr.shape
    if shape.unknown_rank or not attr.HasField("shape"):
        return convert.constant(-1, dtypes.int32)
    return convert.constant([int(d.size) for d in shape.dim], dtypes.int32)


def _without_reference(tensor: Tensor) -> Tensor:
    if tensor.dtype._is_ref_dtype:
        value: Tensor = opdef.get("Identity").endpoint(tensor)
        return value
    return tensor


def _base(name: str) -> str:
    return name.rpartition("/")[0] or name


def _function_name(name: str, kind: str) -> str:
    return f"{_base(name).replace('/', '_')}_{kind}"
