"""What TensorFlow 1's loops keep outside of the graph's edges: TensorArrays and stacks.

A TensorArray becomes a tensor list that flows along the array's "flow" tensors. In the gradient
of a loop, the flow of the gradient array runs backwards, and what flows is the list of gradients:
where an array is read, a list that is zero elsewhere; where several arrive, their sum. So no
array has to be shared by name.

A stack, on which a loop puts values for its gradient loop, becomes a list that the first loop
carries and makes longer, and a position in it that the second one counts down. `Stacks` says
which of these the functions of a loop or branch have to carry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from tf1x.core import convert, dtypes, opdef
from tf1x.core.dtypes import as_dtype
from tf1x.core.errors import UnsupportedError
from tf1x.core.operation import Tensor

ARRAYS = frozenset(
    f"TensorArray{kind}V3"
    for kind in (
        "",
        "Write",
        "Read",
        "Gather",
        "Scatter",
        "Size",
        "Concat",
        "Split",
        "Close",
        "Grad",
    )
)
PUSH, POP = "StackPushV2", "StackPopV2"
STACKS = frozenset({"StackV2", PUSH, POP, "StackCloseV2"})

# Ops whose outputs are an array's flow where one of their inputs is, and the other way around.
_ALIKE = frozenset(
    f"{prefix}{kind}"
    for kind in ("Switch", "Merge", "Enter", "Exit", "NextIteration", "Identity")
    for prefix in ("", "Ref")
) | {"Add", "AddV2", "AddN", "ZerosLike"}
_ZEROS = frozenset({"Const", "Fill", "ZerosLike"})
_FLOW_OUTPUT = {f"TensorArray{kind}V3": 0 for kind in ("Write", "Scatter", "Split")}
_FLOW_OUTPUT |= {"TensorArrayV3": 1, "TensorArrayGradV3": 1}
_WITHOUT_FLOW = frozenset({"TensorArrayV3", "TensorArrayCloseV3"})

Key = tuple[str, int]  # node and output


def source(name: str) -> Key:
    """Node and output index of an input; -1 for a control input."""
    if name.startswith("^"):
        return name[1:], -1
    node, _, index = name.partition(":")
    return node, int(index or 0)


def made_by(nodes: dict[str, Any], node: Any, kinds: Iterable[str]) -> Any:
    """The node that made the handle which a node takes as its first input; None: it is unknown."""
    pushed = None
    if node.op in (PUSH, POP):
        node = nodes[source(node.input[0])[0]]
    while node.op not in kinds:
        if node.op == POP:  # a handle that was put on a stack
            pushed = pushed or _pushes(nodes)
            stack = made_by(nodes, nodes[source(node.input[0])[0]], ("StackV2",))
            node = nodes[source(pushed[stack.name].input[1])[0]]
        elif node.input:
            node = nodes[source(node.input[0])[0]]
        else:
            return None
    return node


def _pushes(nodes: dict[str, Any]) -> dict[str, Any]:
    """For each stack the node that puts values on it."""
    return {
        made_by(nodes, nodes[source(n.input[0])[0]], ("StackV2",)).name: n
        for n in nodes.values()
        if n.op == PUSH
    }


# -- arrays --------------------------------------------------------------------------------------


class Flows:
    """Which tensors are flows of TensorArrays, and of which array."""

    def __init__(self, nodes: dict[str, Any]) -> None:
        self._nodes = nodes
        self._parent: dict[Key, Key] = {}
        self._arrays: dict[Key, str] = {}
        array_nodes = [n for n in nodes.values() if n.op in ARRAYS]
        if not array_nodes:
            return
        for node in nodes.values():
            self._unite(node)
        for node in array_nodes:
            for key in self._flows_of(node):
                self._arrays.setdefault(self._root(key), self.array(node).name)

    def array(self, node: Any) -> Any:
        """The `TensorArrayV3` behind the handle of a node."""
        made = made_by(self._nodes, node, ("TensorArrayV3",))
        if made is None:
            raise ValueError(f"Node {node.name!r}: its TensorArray is not in the graph.")
        return made

    def of_gradient(self, node: Any) -> bool:
        """Whether a node's handle is that of a gradient array."""
        made = made_by(self._nodes, node, ("TensorArrayV3", "TensorArrayGradV3"))
        return bool(made is not None and made.op != "TensorArrayV3")

    def array_of(self, key: Key) -> Any:
        """The `TensorArrayV3` whose flow a tensor is; None: it is none."""
        name = self._arrays.get(self._root(key)) if self._arrays else None
        return None if name is None else self._nodes[name]

    def _flows_of(self, node: Any) -> list[Key]:
        keys = [(node.name, _FLOW_OUTPUT[node.op])] if node.op in _FLOW_OUTPUT else []
        data = [i for i in node.input if not i.startswith("^")]
        return keys if node.op in _WITHOUT_FLOW else [*keys, source(data[-1])]

    def _unite(self, node: Any) -> None:
        keys = [source(i) for i in node.input if not i.startswith("^")]
        if node.op in _ALIKE:
            keys = keys[:1] if node.op in ("Switch", "RefSwitch") else keys
            keys += [(node.name, 0)] + ([(node.name, 1)] if "Switch" in node.op else [])
        elif node.op == PUSH and keys:
            stack = made_by(self._nodes, node, ("StackV2",))
            keys = [keys[1]] + ([] if stack is None else [(stack.name, 0)])
        elif node.op == POP:
            stack = made_by(self._nodes, node, ("StackV2",))
            keys = [(node.name, 0)] + ([] if stack is None else [(stack.name, 0)])
        else:
            return
        for key in keys[1:]:
            self._parent[self._root(key)] = self._root(keys[0])

    def _root(self, key: Key) -> Key:
        path = []
        while (parent := self._parent.get(key, key)) != key:
            path.append(key)
            key = parent
        for item in path:
            self._parent[item] = key
        return key


def call(kind: str, *args: Any, **attrs: Any) -> Any:
    return opdef.get(kind).endpoint(*args, **attrs)


def unknown_shape() -> Tensor:
    return convert.constant(-1, dtypes.int32)


def array_type(node: Any) -> Any:
    return as_dtype(node.attr["dtype" if "dtype" in node.attr else "T"].type or dtypes.float32)


def array_outputs(
    node: Any, values: list[Tensor], grows: bool, empty: Callable[[Tensor], Tensor] | None
) -> list[Tensor]:
    """What a TensorArray node gives, its flows as lists.

    Args:
        values: its inputs without the handle (of `TensorArrayV3` all).
        grows: whether writing makes the array longer where that is needed.
        empty: for a gradient array, makes the list that gradients are written to from the flow.
    """
    kind, dtype = node.op, array_type(node)
    if kind == "TensorArrayV3":
        flow = call("TensorListReserve", _dims(node.attr["element_shape"]), values[0], element_dtype=dtype)  # fmt: skip
        return [flow, flow]
    if kind == "TensorArrayGradV3":
        return [values[0], values[0]]
    if kind == "TensorArrayWriteV3":
        index, value, flow = values
        flow = empty(flow) if empty is not None else flow
        return [call("TensorListSetItem", flow, index, value, resize_if_index_out_of_bounds=grows)]
    if kind == "TensorArrayScatterV3":
        indices, value, flow = values
        flow = empty(flow) if empty is not None else flow
        return [call("TensorListScatterIntoExistingList", flow, value, indices)]
    if kind == "TensorArraySplitV3":
        value, lengths, _ = values
        return [call("TensorListSplit", value, unknown_shape(), lengths)]
    if kind == "TensorArrayReadV3":
        index, flow = values
        return [call("TensorListGetItem", flow, index, unknown_shape(), element_dtype=dtype)]
    if kind == "TensorArrayGatherV3":
        indices, flow = values
        shape = _dims(node.attr["element_shape"])
        return [call("TensorListGather", flow, indices, shape, element_dtype=dtype)]
    if kind == "TensorArraySizeV3":
        return [call("TensorListLength", values[0])]
    if kind == "TensorArrayConcatV3":
        none = convert.constant([], dtypes.int64)
        return list(call("TensorListConcatV2", values[0], unknown_shape(), none, element_dtype=dtype))  # fmt: skip
    if kind == "TensorArrayCloseV3":
        return []
    raise UnsupportedError(
        f"Node {node.name!r}: tf1x does not run {kind}, which is of an older or newer TensorFlow "
        "than its kin with V3."
    )


def flow_outputs(
    node: Any, inputs: list[Tensor], empty: Callable[[], Tensor]
) -> list[Tensor] | None:
    """What an ordinary node gives whose result is a flow; None: nothing but its input."""
    if node.op in _ZEROS:
        return [call("ZerosLike", inputs[0])] if node.op == "ZerosLike" else [empty()]
    if node.op in ("Add", "AddV2", "AddN"):
        return [call("AddN", inputs)]
    return None


def _dims(attr: Any) -> Any:
    shape = attr.shape
    if shape.unknown_rank or not attr.HasField("shape"):
        return unknown_shape()
    return convert.constant([int(d.size) for d in shape.dim], dtypes.int32)


# -- stacks --------------------------------------------------------------------------------------


class State(NamedTuple):
    """Something that changes from step to step beside the loop's variables.

    Attributes:
        kind: "list", what is on a stack; "count", how many steps have pushed or passed by;
            "position", how many values are yet to be popped.
        stack: the name of the `StackV2` node.
    """

    kind: str
    stack: str


@dataclass
class _Stack:
    push: str
    pops: list[str]


class Stacks:
    """Where the graph pushes and pops.

    Each stack has one node that pushes, and in TensorFlow's gradients one that pops, each once a
    step. Where the push stands in a branch, the value goes to the place of the step's number, and
    steps that took the other branch leave theirs empty.

    Args:
        context: the loops and branches around a node, outermost first.
    """

    def __init__(
        self, nodes: dict[str, Any], context: Callable[[str], tuple[Any, ...]], flows: Flows
    ) -> None:
        self._context = context
        self._of: dict[str, str] = {}
        self._stacks: dict[str, _Stack] = {}
        for node in nodes.values():
            if node.op not in (PUSH, POP):
                continue
            made = made_by(nodes, node, ("StackV2",))
            if made is None:
                raise ValueError(f"Node {node.name!r}: its stack is not in the graph.")
            self._of[node.name] = made.name
            stack = self._stacks.setdefault(made.name, _Stack("", []))
            if node.op == POP:
                stack.pops.append(node.name)
            elif stack.push:
                raise UnsupportedError(
                    f"Nodes {stack.push!r} and {node.name!r} push on one stack: tf1x runs the "
                    "stacks of TensorFlow's gradients, which have one such node each."
                )
            else:
                stack.push = node.name
        # Handles and flows need no stack: the arrays behind them are known.
        self._idle = {
            name
            for name in self._stacks
            if as_dtype(nodes[name].attr["elem_type"].type) is dtypes.resource
            or flows.array_of((name, 0)) is not None
        }

    def of(self, node: str) -> str | None:
        """The stack that a node pushes on or pops from; None: one that is not needed."""
        stack = self._of[node]
        return None if stack in self._idle or not self._stacks[stack].push else stack

    def conditional(self, stack: str) -> bool:
        """Whether its push stands in a branch inside the loop."""
        context = self._context(self._stacks[stack].push)
        return bool(context) and context[-1][0] == "cond"

    def pushes(self, context: tuple[Any, ...]) -> list[str]:
        """The nodes that push directly in a context."""
        found = [s.push for n, s in self._stacks.items() if n not in self._idle and s.push]
        return [name for name in found if self._context(name) == context]

    def steps(self, context: tuple[Any, ...]) -> dict[State, int]:
        """What the end of a step of the loop `context` adds to counts and positions."""
        found: dict[State, int] = {}
        for name, stack in self._live():
            if _frame(self._context(stack.push)) == context and self.conditional(name):
                found[State("count", name)] = 1
            if any(_frame(self._context(pop)) == context for pop in stack.pops):
                found[State("position", name)] = -1
        return found

    def changed(self, context: tuple[Any, ...]) -> list[State]:
        """What changes in a context, or in those inside of it."""
        depth = len(context)
        found: list[State] = []
        for name, stack in self._live():
            push = self._context(stack.push)
            if push[:depth] == context:
                found.append(State("list", name))
            if self.conditional(name) and _frame(push)[:depth] == context:
                found.append(State("count", name))
            if any(_frame(self._context(pop))[:depth] == context for pop in stack.pops):
                found.append(State("position", name))
        return found

    def node_of(self, state: State) -> list[str]:
        """The nodes through which a state changes."""
        stack = self._stacks[state.stack]
        return stack.pops if state.kind == "position" else [stack.push]

    def _live(self) -> list[tuple[str, _Stack]]:
        return [(n, s) for n, s in self._stacks.items() if n not in self._idle and s.push]


def _frame(context: tuple[Any, ...]) -> tuple[Any, ...]:
    """The innermost loop of a context, with what is around it."""
    depth = len(context)
    while depth and context[depth - 1][0] != "frame":
        depth -= 1
    return context[:depth]
