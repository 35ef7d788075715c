"""Lists of ops and tensors, trees of them, and placeholders, for the graph editor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.ops.array import placeholder


def concatenate_unique(first: list[Any], second: Iterable[Any]) -> list[Any]:
    """Append to `first` what it lacks of `second`, in that order; returns `first`."""
    known = set(first)
    for item in second:
        if item not in known:
            known.add(item)
            first.append(item)
    return first


class ListView(Sequence[Any]):
    """A list that cannot be changed; `view + iterable` is a list."""

    def __init__(self, list_: list[Any]) -> None:
        if not isinstance(list_, list):
            raise TypeError(f"Expected a list, got: {type(list_)}.")
        self._list = list_

    def __getitem__(self, i: Any) -> Any:
        return self._list[i]

    def __len__(self) -> int:
        return len(self._list)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._list)

    def __add__(self, other: Iterable[Any]) -> list[Any]:
        return [*self._list, *other]


def is_iterable(obj: Any) -> bool:
    """Whether `iter(obj)` works (a tensor of a graph cannot be iterated)."""
    try:
        iter(obj)
    except Exception:
        return False
    return True


def flatten_tree(tree: Any, leaves: list[Any] | None = None) -> list[Any]:
    """The leaves of nested dictionaries and iterables, in order."""
    leaves = [] if leaves is None else leaves
    if is_iterable(tree):
        for child in tree.values() if isinstance(tree, dict) else tree:
            flatten_tree(child, leaves)
    else:
        leaves.append(tree)
    return leaves


def transform_tree(
    tree: Any, fn: Callable[[Any], Any], iterable_type: Callable[..., Any] = tuple
) -> Any:
    """The same nest with `fn(leaf)` in place of each leaf; unknown iterables become tuples."""
    if isinstance(tree, str) or not is_iterable(tree):
        return fn(tree)
    if isinstance(tree, dict):
        return type(tree)((key, transform_tree(child, fn)) for key, child in tree.items())
    made = [transform_tree(child, fn) for child in tree]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*made)
    if isinstance(tree, ListView):
        return made
    return type(tree)(made) if isinstance(tree, Sequence) else iterable_type(made)  # type: ignore[call-arg]


def check_graphs(*args: Any) -> None:
    """Raise ValueError unless all arguments have the same graph; those with None fit any."""
    graphs = [item.graph for item in args if item.graph is not None]
    for i, item in enumerate(args):
        if item.graph is not None and item.graph is not graphs[0]:
            raise ValueError(f"Argument[{i}]: Wrong graph!")


def get_unique_graph(
    tops: Any, check_types: Any = None, none_if_empty: bool = False
) -> Graph | None:
    """The graph that all of `tops` (ops and tensors, or a graph itself) belong to.

    Raises:
        TypeError: an element that is none of `check_types`, by default ops and tensors.
        ValueError: several graphs, or an empty list without `none_if_empty`.
    """
    if isinstance(tops, Graph):
        return tops
    if not is_iterable(tops):
        raise TypeError(f"{type(tops)} is not iterable")
    types = (Operation, Tensor) if check_types is None else check_types
    types = tuple(types) if is_iterable(types) else (types,)
    graph: Graph | None = None
    for item in tops:
        if not isinstance(item, types):
            names = ", ".join(str(t) for t in types)
            raise TypeError(f"Expected a type in ({names}), got: {type(item)}")
        if graph is None:
            graph = item.graph
        elif graph is not item.graph:
            raise ValueError(f"Operation {item} does not belong to given graph")
    if graph is None and not none_if_empty:
        raise ValueError("Can't find the unique graph of an empty list")
    return graph


def _listed(
    items: Any, kind: type, all_of: Callable[[Graph], list[Any]], checks: tuple[bool, bool, bool]
) -> list[Any]:
    check_graph, allow_graph, ignore_others = checks
    if isinstance(items, Graph):
        if not allow_graph:
            raise TypeError("allow_graph is False: cannot convert a tf.Graph.")
        return all_of(items)
    items = list(items) if is_iterable(items) else [items]
    if items and check_graph:
        get_unique_graph(items, check_types=None if ignore_others else kind)
    return [item for item in items if isinstance(item, kind)]


def make_list_of_op(
    ops: Any, check_graph: bool = True, allow_graph: bool = True, ignore_ts: bool = False
) -> list[Operation]:
    """The ops that `ops` stands for: one, an iterable of them, or a graph (all its ops).

    Args:
        check_graph: raise where they belong to several graphs, or are no ops.
        allow_graph: whether a graph may be given.
        ignore_ts: leave tensors out silently.

    Raises:
        TypeError: something that is no op.
        ValueError: ops of several graphs.
    """
    return _listed(ops, Operation, Graph.get_operations, (check_graph, allow_graph, ignore_ts))


def make_list_of_t(
    ts: Any, check_graph: bool = True, allow_graph: bool = True, ignore_ops: bool = False
) -> list[Tensor]:
    """The tensors that `ts` stands for; see `make_list_of_op`."""
    return _listed(ts, Tensor, get_tensors, (check_graph, allow_graph, ignore_ops))


def get_tensors(graph: Graph) -> list[Tensor]:
    """All outputs of the ops of a graph."""
    if not isinstance(graph, Graph):
        raise TypeError(f"Expected a graph, got: {type(graph)}")
    return [t for op in graph.get_operations() for t in op.outputs]


def get_generating_ops(ts: Any) -> list[Operation]:
    """The ops that make the tensors, one a tensor."""
    return [t.op for t in make_list_of_t(ts, allow_graph=False)]


def get_consuming_ops(ts: Any) -> list[Operation]:
    """The ops that take one of the tensors, each once."""
    ops: list[Operation] = []
    for t in make_list_of_t(ts, allow_graph=False):
        concatenate_unique(ops, t.consumers())
    return ops


class ControlOutputs:
    """Which ops have an op among their control inputs.

    `update()` brings it up to date with the graph; the functions that take one call it.
    """

    def __init__(self, graph: Graph) -> None:
        if not isinstance(graph, Graph):
            raise TypeError(f"Expected a tf.Graph, got: {type(graph)}")
        self._graph = graph
        self._control_outputs: dict[Operation, list[Operation]] = {}
        self._state: tuple[int, int] | None = None
        self.update()

    def update(self) -> ControlOutputs:
        state = (self._graph.version, self._graph._mutations)
        if state != self._state:
            self._state = state
            self._control_outputs.clear()
            for op in self._graph.get_operations():
                for control_input in op.control_inputs:
                    self._control_outputs.setdefault(control_input, []).append(op)
        return self

    def get_all(self) -> dict[Operation, list[Operation]]:
        return self._control_outputs

    def get(self, op: Operation) -> Sequence[Operation]:
        """The ops that wait for `op`."""
        return self._control_outputs.get(op, ())

    @property
    def graph(self) -> Graph:
        return self._graph


def scope_finalize(scope: str) -> str:
    return f"{scope}/" if scope and not scope.endswith("/") else scope


def scope_dirname(scope: str) -> str:
    return scope[: scope.rfind("/") + 1]


def scope_basename(scope: str) -> str:
    return scope[scope.rfind("/") + 1 :]


def placeholder_name(t: Tensor | None = None, scope: str | None = None) -> str:
    """The name of the graph editor's placeholder for `t`: `<scope>geph__<op>_<index>`.

    Args:
        scope: where to put it; None for the scope of `t`.
    """
    if t is None:
        return scope_finalize(scope or "") + "geph"
    if not isinstance(t, Tensor):
        raise TypeError(f"Expected a tf.Tensor, got: {type(t)}")
    prefix = scope_dirname(t.op.name) if scope is None else scope_finalize(scope)
    name = scope_basename(t.op.name)
    return prefix + (name if name.startswith("geph__") else f"geph__{name}_{t.value_index}")


def make_placeholder_from_tensor(t: Tensor, scope: str | None = None) -> Tensor:
    """A placeholder with the type and static shape of `t`."""
    return placeholder(t.dtype.base_dtype, t.get_shape(), placeholder_name(t, scope))


def make_placeholder_from_dtype_and_shape(
    dtype: Any, shape: Any = None, scope: str | None = None
) -> Tensor:
    """A placeholder named `geph` (`ge.ph`)."""
    return placeholder(dtype, shape, placeholder_name(scope=scope))


def find_corresponding_elem(
    target: Any, dst_graph: Graph, dst_scope: str = "", src_scope: str = ""
) -> Any:
    """The op or tensor of `dst_graph` that has the name of `target` in the other scope.

    Raises:
        ValueError: `target` is not in `src_scope`.
        KeyError: there is none of that name.
    """
    name = target.name
    source = scope_finalize(src_scope)
    if not name.startswith(source):
        raise ValueError(f"{name} does not start with {source}")
    name = scope_finalize(dst_scope) + name[len(source) :]
    if isinstance(target, Tensor):
        return dst_graph.get_tensor_by_name(name)
    if isinstance(target, Operation):
        return dst_graph.get_operation_by_name(name)
    raise TypeError(f"Expected tf.Tensor or tf.Operation, got: {type(target)}")


def find_corresponding(
    targets: Any, dst_graph: Graph, dst_scope: str = "", src_scope: str = ""
) -> Any:
    """`find_corresponding_elem` of each leaf of a nest; a graph stands for all its ops."""
    if isinstance(targets, Graph):
        targets = targets.get_operations()
    return transform_tree(
        targets, lambda item: find_corresponding_elem(item, dst_graph, dst_scope, src_scope)
    )
