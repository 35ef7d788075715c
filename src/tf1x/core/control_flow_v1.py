"""TensorFlow 1's control flow in a `GraphDef` (Switch, Merge, Enter, Exit, ...), raised to functions.

Every tensor stands in a context: the loops (frames) and branches around it. `contexts` finds it
by following the edges; `Raised` then builds, for each Merge that ends a conditional, an `If`, and
for each frame a `While`, from the nodes of that context. TensorArrays and stacks become tensor
lists, which flow through loops as values (control_flow_v1_state.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tf1x.core import convert, dtypes, opdef, scopes
from tf1x.core.control_flow_v1_contexts import (
    ENTER,
    EXIT,
    MERGE,
    NEXT,
    SWITCH,
    TYPES,
    Context,
    Contexts,
    base,
    innermost,
    merge_groups,
    order,
)
from tf1x.core.control_flow_v1_state import (
    POP,
    PUSH,
    STACKS,
    Flows,
    Key,
    Stacks,
    State,
    array_outputs,
    array_type,
    call,
    flow_outputs,
    source,
    unknown_shape,
)
from tf1x.core.dtypes import as_dtype
from tf1x.core.errors import UnsupportedError
from tf1x.core.func_graph import FuncGraph, trace
from tf1x.core.function_calls import allows, branch_node, while_node
from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape


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
    tensors: dict[Key, Tensor] = field(default_factory=dict)
    ops: dict[str, Operation] = field(default_factory=dict)
    state: dict[State, Tensor] = field(default_factory=dict)


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
        mapped: dict[Key, Tensor],
        make_op: MakeOp,
        prefix: str,
    ) -> None:
        self._nodes = {node.name: node for node in graph_def.node}
        self._order = order(self._nodes)
        self._rank = {name: i for i, name in enumerate(self._order)}
        self._contexts = Contexts(self._nodes, self._order)
        self._flows = Flows(self._nodes)
        self._stacks = Stacks(self._nodes, self._contexts.node, self._flows)
        self._groups = merge_groups(self._nodes, self._order, self._contexts)
        self._make_op = make_op
        self._prefix = prefix
        self._root = _Place(graph, (), tensors=dict(mapped))
        self._exits: dict[str, list[str]] = {}
        self._consumers: dict[str, list[str]] = {name: [] for name in self._nodes}
        for name, node in self._nodes.items():
            for item in node.input:
                self._consumers[source(item)[0]].append(name)
            if node.op in EXIT:
                while node.op not in SWITCH and node.input:
                    node = self._nodes[source(node.input[0])[0]]
                self._exits.setdefault(node.name, []).append(name)

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
            if not self._contexts.is_loop(node):
                self._conditional(node, place)
        elif node.op in EXIT:
            self._loop(node, place)
        elif node.op in STACKS:
            self._stack_op(node, place)
        elif node.op.startswith("TensorArray"):
            self._array_op(node, place)
        elif node.op not in TYPES:
            self._ordinary(node, place)

    def _ordinary(self, node: Any, place: _Place) -> None:
        flow_of = self._flows.array_of((node.name, 0))
        keys = [source(i) for i in node.input if not i.startswith("^")]
        data = [self._tensor(*key, place) for key in keys]
        if flow_of is not None:
            with place.graph.as_default():
                found = flow_outputs(node, data, lambda: self._empty(flow_of, place))
            if found is not None:
                place.tensors[node.name, 0] = found[0]
                return
        if data and data[0].dtype is dtypes.variant and node.op == "Identity":
            self._named(node, data[0], place)
            return
        if data and self._flows.array_of(keys[0]) is not None and node.op == "Shape":
            with place.graph.as_default():  # TensorFlow's flows are scalars
                place.tensors[node.name, 0] = convert.constant([], dtypes.int32)
            return
        with place.graph.as_default(), self._waiting(node, place):
            name = f"{self._prefix}{node.name}/" if place is self._root else f"{node.name}/"
            op = self._make_op(place.graph, node, tuple(data), name)
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
        found = self._found((name, index), place)
        if found is not None:
            return found
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

    def _prepare(self, inside: Iterable[str], place: _Place) -> None:
        """Make what nodes further inside take from a place."""
        found: set[str] = set()
        inner = set(inside)
        stack = [source(i)[0] for name in inner for i in self._nodes[name].input]
        while stack:
            name = stack.pop()
            if name in found or name in inner or self._contexts.node(name) != place.context:
                continue
            found.add(name)
            if name not in place.ops and (name, 0) not in place.tensors:
                stack += [source(i)[0] for i in self._nodes[name].input]
        for name in sorted(found, key=self._rank.__getitem__):
            self._make(self._nodes[name], place)

    def _fill(self, place: _Place, wanted: Iterable[Key], ops: Iterable[str] = ()) -> list[Tensor]:
        """Build what the wanted tensors, and some ops, need in a place; returns the tensors."""
        wanted = list(wanted)
        needed = self._needed([*wanted, *((name, -1) for name in ops)], place)
        for name in sorted(needed, key=self._rank.__getitem__):
            if self._contexts.node(name) == place.context:
                self._make(self._nodes[name], place)
        wanted = [key for key in wanted if self._nodes[key[0]].op != PUSH]
        return [self._tensor(name, index, place) for name, index in wanted]

    def _needed(self, wanted: list[Key], place: _Place) -> set[str]:
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
        """All Merges of one predicate that can be found together, as one `If`."""
        merges = self._groups[node.name]
        pred = self._branch_of(node.input[0])[1]
        inside, states = self._of_group(merges, pred, place)
        self._prepare([*inside, *(m.name for m in merges)], place)
        functions = [self._branch(merges, states, pred, taken, place) for taken in (1, 0)]
        with place.graph.as_default(), place.graph.control_dependencies(None):
            result = branch_node(
                place.graph.unique_name(f"{base(node.name)}/If") + "/",
                self._tensor(*source(pred), place),
                functions,
            )
        for merge, tensor in zip(merges, result.outputs, strict=False):
            self._named(merge, tensor, place)
        for state, tensor in zip(states, result.outputs[len(merges) :], strict=True):
            place.state[state] = tensor

    def _of_group(
        self, merges: list[Any], pred: str, place: _Place
    ) -> tuple[set[str], list[State]]:
        """The nodes in the branches of some Merges, and the states that change there.

        Where a predicate has several groups of Merges, a state belongs to the first that has
        nodes in common with those that change it: the values must be the same ones.
        """
        groups: list[tuple[list[Any], set[str]]] = []
        for other in self._order:
            group = self._groups.get(other)
            if group is None or any(group is g for g, _ in groups):
                continue
            if self._contexts.node(other) != place.context:
                continue
            if self._branch_of(self._nodes[other].input[0])[1] == pred:
                groups.append((group, self._branches(group, place)))
        mine = next(inside for group, inside in groups if group is merges)
        states: dict[State, None] = {}
        for taken in (1, 0):
            context = (*place.context, ("cond", pred, taken))
            for state in self._stacks.changed(context):
                changing = self._inside(self._stacks.node_of(state), context)
                owner = next((n for _, n in groups if n & changing), groups[0][1])
                if owner is mine:
                    states[state] = None
                    mine |= changing
        return mine, list(states)

    def _branches(self, merges: list[Any], place: _Place) -> set[str]:
        found: set[str] = set()
        for merge in merges:
            for item in merge.input:
                context = (*place.context, self._branch_of(item))
                found |= self._inside([source(item)[0]], context)
        return found

    def _inside(self, names: Iterable[str], context: Context) -> set[str]:
        """The nodes that some nodes need, themselves among them, in a context or further inside."""
        found: set[str] = set()
        stack = list(names)
        while stack:
            name = stack.pop()
            if name not in found and self._contexts.node(name)[: len(context)] == context:
                found.add(name)
                stack += [source(i)[0] for i in self._nodes[name].input]
        return found

    def _branch_of(self, item: str) -> Any:
        context = self._contexts.tensor(*source(item))
        return context[innermost(context, "cond")]

    def _branch(
        self, merges: list[Any], states: list[State], pred: str, taken: int, place: _Place
    ) -> FuncGraph:
        def build() -> list[Tensor]:
            context = (*place.context, ("cond", pred, taken))
            inner = _Place(scopes.get_default_graph(), context, place)
            wanted = [
                source(next(i for i in m.input if self._branch_of(i)[2] == taken)) for m in merges
            ]
            pushes = [n for s in states if s.kind == "list" for n in self._stacks.node_of(s)]
            here = [n for n in pushes if self._contexts.node(n)[: len(context)] == context]
            found = self._fill(inner, [*wanted, *((n, 0) for n in here)])[: len(wanted)]
            return [*found, *(self._state(state, inner) for state in states)]

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
        around = self._contexts.tensor(*source(node.input[0]))
        context = around[: len(place.context) + 1]
        variables = self._variables(context)
        inside = [n for n in self._order if self._contexts.node(n)[: len(context)] == context]
        enters = [n for n in inside if self._nodes[n].op in ENTER]
        self._prepare([*enters, *inside], place)
        start = [self._tensor(*source(self._nodes[v.enter].input[0]), place) for v in variables]
        start = [_without_reference(t) for t in start]
        states = self._stacks.changed(context)
        start += [self._state(state, place) for state in states]
        condition = next(
            n
            for n in self._order
            if self._nodes[n].op == "LoopCond" and self._contexts.node(n) == context
        )
        shapes = [t.shape for t in start]
        with place.graph.as_default(), place.graph.control_dependencies(None):
            while True:
                functions = self._functions(
                    variables, states, condition, context, place, start, shapes
                )
                kept = [
                    s if allows(s, t.shape) else TensorShape.of(None)
                    for s, t in zip(shapes, functions[1].outputs, strict=True)
                ]
                if kept == shapes:
                    break
                shapes = kept
            result = while_node(
                place.graph.unique_name(f"{base(node.name)}/While") + "/", start, *functions
            )
        for variable, tensor in zip(variables, result.outputs, strict=False):
            for name in self._exits.get(variable.switch or "", ()):
                self._named(self._nodes[name], tensor, place)
        for state, tensor in zip(states, result.outputs[len(variables) :], strict=False):
            place.state[state] = tensor

    def _variables(self, context: Context) -> list[_LoopVariable]:
        found = []
        for name in self._order:
            node = self._nodes[name]
            if node.op not in MERGE or self._contexts.node(name) != context:
                continue
            if not self._contexts.is_loop(node):
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
        states: list[State],
        condition: str,
        context: Context,
        place: _Place,
        start: list[Tensor],
        shapes: list[TensorShape],
    ) -> tuple[FuncGraph, FuncGraph]:
        types = [(t.dtype.base_dtype, s) for t, s in zip(start, shapes, strict=True)]

        def inner(args: tuple[Tensor, ...]) -> _Place:
            made = _Place(scopes.get_default_graph(), context, place)
            made.state.update(zip(states, args[len(variables) :], strict=True))
            for variable, arg in zip(variables, args, strict=False):
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
            controls = [i for n in nodes for i in n.input[1:] if self._is_awaited(i)]
            pushes = self._stacks.pushes(context)
            self._fill(here, [(name, 0) for name in pushes], [source(i)[0] for i in controls])
            found = self._fill(here, wanted)
            found += [self._after_step(state, context, here) for state in states]
            waiting = [c for i in controls if (c := self._control(i, here)) is not None]
            if not waiting:
                return found
            with here.graph.control_dependencies(waiting):
                return [opdef.get("Identity").endpoint(t) for t in found]

        name = context[-1][1]
        return (
            trace(cond, _function_name(name, "cond"), "", types),
            trace(body, _function_name(name, "body"), "", types),
        )

    def _is_awaited(self, item: str) -> bool:
        """Whether a step has to wait for a node: not for those that order stacks."""
        return self._nodes[source(item)[0]].op not in TYPES | STACKS | {"ControlTrigger"}

    # -- TensorArrays and stacks ---------------------------------------------------------------

    def _array_op(self, node: Any, place: _Place) -> None:
        array = self._flows.array(node)
        data = [source(i) for i in node.input if not i.startswith("^")]
        # The handle (but where the array is made) says nothing that the flow does not.
        data = data if node.op == "TensorArrayV3" else data[1:]
        values = [self._tensor(*key, place) for key in data]
        of_gradient = node.op != "TensorArrayV3" and self._flows.of_gradient(node)
        empty = (lambda flow: self._empty(array, place, flow)) if of_gradient else None
        grows = array.attr["dynamic_size"].b
        grows = grows or (of_gradient and self._size(array, place) is None)
        with place.graph.as_default(), self._waiting(node, place):
            outputs = array_outputs(node, values, grows, empty)
        for i, tensor in enumerate(outputs):
            place.tensors[node.name, i] = tensor

    def _empty(self, array: Any, place: _Place, like: Tensor | None = None) -> Tensor:
        """A list for the gradients of an array, as long as that (or as `like`) is."""
        size = self._size(array, place)
        if size is None:
            size = convert.constant(0, dtypes.int32) if like is None else call("TensorListLength", like)  # fmt: skip
        made: Tensor = call("TensorListReserve", unknown_shape(), size, element_dtype=array_type(array))  # fmt: skip
        return made

    def _size(self, array: Any, place: _Place) -> Tensor | None:
        if array.attr["dynamic_size"].b:
            return None
        return self._found(source(array.input[0]), place)

    def _found(self, key: Key, place: _Place) -> Tensor | None:
        """A tensor that has been made in a place or around it."""
        here: _Place | None = place
        while here is not None:
            if key in here.tensors:
                return here.tensors[key]
            here = here.outer
        return None

    def _stack_op(self, node: Any, place: _Place) -> None:
        if node.op not in (PUSH, POP):
            return
        stack = self._stacks.of(node.name)
        if node.op == PUSH:
            value = self._tensor(*source(node.input[1]), place)
            place.tensors[node.name, 0] = value
            if stack is not None:
                self._push(stack, value, place)
            return
        with place.graph.as_default():
            if stack is None:  # a flow, or a handle, that nothing reads
                dtype = as_dtype(node.attr["elem_type"].type)
                dtype = dtypes.float32 if dtype is dtypes.resource else dtype
                flow = call("TensorListReserve", unknown_shape(), 0, element_dtype=dtype)
                place.tensors[node.name, 0] = flow
                return
            values = self._state(State("list", stack), place)
            index = call("Sub", self._state(State("position", stack), place), 1)
            item = call(
                "TensorListGetItem",
                values,
                index,
                unknown_shape(),
                element_dtype=as_dtype(node.attr["elem_type"].type),
            )
            shapes = node.attr["_output_shapes"].list.shape
            if shapes:
                item.set_shape(TensorShape(shapes[0]))
        place.tensors[node.name, 0] = item

    def _push(self, stack: str, value: Tensor, place: _Place) -> None:
        state = State("list", stack)
        values = self._state(state, place)
        with place.graph.as_default():
            value = _without_reference(value)
            if self._stacks.conditional(stack):
                count = self._state(State("count", stack), place)
                place.state[state] = call(
                    "TensorListSetItem", values, count, value, resize_if_index_out_of_bounds=True
                )
            else:
                place.state[state] = call("TensorListPushBack", values, value)

    def _state(self, state: State, place: _Place) -> Tensor:
        """The tensor that a state is in a place; made where the stack is, if there is none yet."""
        here = place
        home = self._contexts.node(state.stack)
        while True:
            if state in here.state:
                return here.state[state]
            if here.outer is None or (here.context == home and state.kind != "position"):
                break
            here = here.outer
        if state.kind == "position":
            return self._first_position(state, place)
        with here.graph.as_default(), here.graph.control_dependencies(None):
            if state.kind == "count":
                made = convert.constant(0, dtypes.int32)
            else:
                dtype = as_dtype(self._nodes[state.stack].attr["elem_type"].type)
                none = convert.constant(-1, dtypes.int32)
                made = call("EmptyTensorList", unknown_shape(), none, element_dtype=dtype)
        here.state[state] = made
        return made

    def _first_position(self, state: State, place: _Place) -> Tensor:
        """Behind all that was pushed: where a gradient loop begins to pop."""
        if self._stacks.conditional(state.stack):
            return self._state(State("count", state.stack), place)
        with place.graph.as_default():
            found: Tensor = call("TensorListLength", self._state(State("list", state.stack), place))
        return found

    def _after_step(self, state: State, context: Context, place: _Place) -> Tensor:
        tensor = self._state(state, place)
        added = self._stacks.steps(context).get(state)
        if added is None:
            return tensor
        with place.graph.as_default():
            found: Tensor = call("AddV2", tensor, added)
        return found


def _without_reference(tensor: Tensor) -> Tensor:
    if tensor.dtype._is_ref_dtype:
        value: Tensor = opdef.get("Identity").endpoint(tensor)
        return value
    return tensor


def _function_name(name: str, kind: str) -> str:
    return f"{base(name).replace('/', '_')}_{kind}"
