"""Where the nodes of a TensorFlow 1 graph stand: the loops (frames) and branches around each."""

from __future__ import annotations

from typing import Any

from tf1x.core.control_flow_v1_state import ARRAYS, STACKS, source

SWITCH = frozenset({"Switch", "RefSwitch"})
MERGE = frozenset({"Merge", "RefMerge"})
ENTER = frozenset({"Enter", "RefEnter"})
EXIT = frozenset({"Exit", "RefExit"})
NEXT = frozenset({"NextIteration", "RefNextIteration"})
TYPES = SWITCH | MERGE | ENTER | EXIT | NEXT | {"LoopCond"}
HANDLED = TYPES | ARRAYS | STACKS
Context = tuple[Any, ...]  # ("frame", name) and ("cond", pred, branch), outermost first


def has_control_flow(graph_def: Any) -> bool:
    return any(node.op in HANDLED for node in graph_def.node)


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
        stack = [(root, iter(forward_inputs(nodes, nodes[root])))]
        while stack:
            name, inputs = stack[-1]
            for item in inputs:
                if item not in nodes:
                    raise ValueError(f"Node {name!r}: Unknown input node {item!r}")
                if item not in done:
                    done[item] = False
                    stack.append((item, iter(forward_inputs(nodes, nodes[item]))))
                    break
                if not done[item]:
                    raise ValueError(f"Node {name!r}: the graph has a cycle through {item!r}.")
            else:
                done[name] = True
                found.append(name)
                stack.pop()
    return found


def forward_inputs(nodes: dict[str, Any], node: Any) -> list[str]:
    names = [source(item)[0] for item in node.input]
    if node.op in MERGE:
        return [n for n in names if n not in nodes or nodes[n].op not in NEXT]
    return names


class Contexts:
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
            return longest[: innermost(longest, "frame")]
        if node.op in MERGE and not self.is_loop(node):
            return longest[: innermost(longest, "cond")]
        if node.op in SWITCH and self._nodes[source(node.input[1])[0]].op == "LoopCond":
            self.loop_switches.add(node.name)
        return longest

    def is_loop(self, node: Any) -> bool:
        return any(self._nodes[source(i)[0]].op in NEXT for i in node.input)


def innermost(context: Context, kind: str) -> int:
    """Position of the innermost element of that kind."""
    for i in range(len(context) - 1, -1, -1):
        if context[i][0] == kind:
            return i
    raise ValueError("The graph leaves a loop or branch that it is not in.")


def merge_groups(
    nodes: dict[str, Any], names: list[str], contexts: Contexts
) -> dict[str, list[Any]]:
    """For each Merge that ends a conditional, those that are found together with it.

    They are the results of one `tf.cond`, or such gradients at the same place and of the same
    predicate as do not depend on one another: those with the same number of Merges before them.
    """
    units: dict[str, Any] = {}
    for name in names:
        node = nodes[name]
        if node.op in MERGE and not contexts.is_loop(node):
            branch = contexts.tensor(*source(node.input[0]))
            pred = branch[innermost(branch, "cond")][1]
            last = name.rpartition("/")[2]
            one = base(name) if last.startswith("Merge") else name
            units[name] = (contexts.node(name), pred, one)
    levels: dict[str, int] = {}
    of_unit: dict[Any, int] = {}
    while True:
        before = dict(of_unit)
        for name in names:
            level = max((levels[i] for i in forward_inputs(nodes, nodes[name])), default=0)
            unit = units.get(name)
            if unit is not None:
                level = of_unit[unit] = max(of_unit.get(unit, 0), level + 1)
            levels[name] = level
        if of_unit == before:
            break
    found: dict[Any, list[Any]] = {}
    for name, unit in units.items():
        context, pred, one = unit
        is_gradient = one == name
        key = (context, pred, of_unit[unit]) if is_gradient else unit
        found.setdefault(key, []).append(nodes[name])
    return {node.name: group for group in found.values() for node in group}


def base(name: str) -> str:
    return name.rpartition("/")[0] or name
