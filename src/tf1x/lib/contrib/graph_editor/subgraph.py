"""`SubGraphView`: a part of a graph with its inputs and outputs, seen as a function."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.contrib.graph_editor import select, util


def _check_within_range(mapping: list[int], n: int, repetition: bool) -> None:
    for i in mapping:
        if not 0 <= i < n:
            raise ValueError(f"Out of [0, {n}[ range: {i}")
    if not repetition and len(set(mapping)) != len(mapping):
        raise ValueError(f"Found repetition in mapping: {mapping}")


class SubGraphView:
    """Some ops of a graph, the tensors that enter and those that leave.

    It only looks: making or remapping one changes nothing of the graph. The functions that rewire
    a graph change the views that they are given accordingly.

    Attributes:
        graph: the graph, None for an empty view.
        ops: the ops inside.
        inputs, outputs: the tensors around, in the order that `remap` has given them. Tensors that
            `remap` left out stay as they are when the view is copied or rewired.
        passthroughs: tensors that are both, and that no op inside makes or takes.
    """

    def __init__(self, inside_ops: Any = (), passthrough_ts: Any = ()) -> None:
        self._ops: list[Operation] = util.make_list_of_op(inside_ops)
        passing = util.make_list_of_t(passthrough_ts)
        self._graph: Graph | None = util.get_unique_graph(
            [*self._ops, *passing], none_if_empty=True
        )
        inputs, outputs, inside = select.compute_boundary_ts(self._ops)
        connected = {*inputs, *outputs, *inside}
        self._passthrough_ts: list[Tensor] = [t for t in passing if t not in connected]
        self._input_ts: list[Tensor] = inputs + self._passthrough_ts
        self._output_ts: list[Tensor] = outputs + self._passthrough_ts

    # -- copies and remappings -------------------------------------------------------------------

    def __copy__(self) -> SubGraphView:
        made = self.__class__.__new__(self.__class__)
        made._assign_from(self)
        return made

    copy = __copy__

    def _assign_from(self, other: SubGraphView) -> None:
        if not isinstance(other, SubGraphView):
            raise TypeError(f"Expected SubGraphView, got: {type(other)}")
        self._graph = other._graph
        self._ops = list(other._ops)
        self._passthrough_ts = list(other._passthrough_ts)
        self._input_ts = list(other._input_ts)
        self._output_ts = list(other._output_ts)

    def remap(
        self,
        new_input_indices: Iterable[int] | None = None,
        new_output_indices: Iterable[int] | None = None,
    ) -> SubGraphView:
        """A view whose inputs and outputs are those at the given positions.

        Raises:
            ValueError: a position that there is not, or an input twice.
        """
        made = self.copy()
        if new_input_indices is not None:
            chosen = list(new_input_indices)
            _check_within_range(chosen, len(self._input_ts), repetition=False)
            made._input_ts = [self._input_ts[i] for i in chosen]
        if new_output_indices is not None:
            chosen = list(new_output_indices)
            _check_within_range(chosen, len(self._output_ts), repetition=True)
            made._output_ts = [self._output_ts[i] for i in chosen]
        return made

    def remap_inputs(self, new_input_indices: Iterable[int]) -> SubGraphView:
        return self.remap(new_input_indices=new_input_indices)

    def remap_outputs(self, new_output_indices: Iterable[int]) -> SubGraphView:
        return self.remap(new_output_indices=new_output_indices)

    def remap_default(
        self, remove_input_map: bool = True, remove_output_map: bool = True
    ) -> SubGraphView:
        """A view with all inputs and outputs again."""
        made = self.copy()
        inputs, outputs, _ = select.compute_boundary_ts(self._ops)
        if remove_input_map:
            made._input_ts = inputs + self._passthrough_ts
        if remove_output_map:
            made._output_ts = outputs + self._passthrough_ts
        return made

    def remap_outputs_make_unique(self) -> SubGraphView:
        """A view with each output once."""
        made = self.copy()
        made._output_ts = list(dict.fromkeys(self._output_ts))
        return made

    def remap_outputs_to_consumers(self) -> SubGraphView:
        """A view with each output as often as ops take it."""
        made = self.remap_outputs_make_unique()
        made._output_ts = [t for t in made._output_ts for _ in t.consumers()]
        return made

    def remove_unused_ops(self, control_inputs: bool = True) -> SubGraphView:
        """A view of the ops alone that are connected to an input or an output."""
        made = self.copy()
        used = set(
            select.get_walks_union_ops(
                self.connected_inputs,
                self.connected_outputs,
                within_ops=self._ops,
                control_inputs=control_inputs,
            )
        )
        made._ops = [op for op in self._ops if op in used]
        return made

    # -- what is inside --------------------------------------------------------------------------

    @property
    def graph(self) -> Graph | None:
        return self._graph

    @property
    def ops(self) -> list[Operation]:
        return self._ops

    @property
    def inputs(self) -> util.ListView:
        return util.ListView(self._input_ts)

    @property
    def outputs(self) -> util.ListView:
        return util.ListView(self._output_ts)

    @property
    def passthroughs(self) -> util.ListView:
        return util.ListView(self._passthrough_ts)

    @property
    def connected_inputs(self) -> list[Tensor]:
        return [t for t in self._input_ts if t not in self._passthrough_ts]

    @property
    def connected_outputs(self) -> list[Tensor]:
        return [t for t in self._output_ts if t not in self._passthrough_ts]

    def op(self, op_id: int) -> Operation:
        return self._ops[op_id]

    def is_passthrough(self, t: Tensor) -> bool:
        return t in self._passthrough_ts

    def find_op_by_name(self, op_name: str) -> Operation:
        """The op of that name.

        Raises:
            ValueError: it is not in the view.
        """
        for op in self._ops:
            if op.name == op_name:
                return op
        raise ValueError(f"{op_name} not in subgraph.")

    def input_index(self, t: Tensor) -> int:
        """The position of an input.

        Raises:
            ValueError: it is none.
        """
        return _index(self._input_ts, t, "inputs")

    def output_index(self, t: Tensor) -> int:
        """The (first) position of an output; raises as `input_index` does."""
        return _index(self._output_ts, t, "outputs")

    def consumers(self) -> list[Operation]:
        """The ops that take one of the outputs."""
        return util.get_consuming_ops(list(dict.fromkeys(self._output_ts)))

    def __bool__(self) -> bool:
        return self._graph is not None

    __nonzero__ = __bool__

    def __enter__(self) -> SubGraphView:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        pass

    def __str__(self) -> str:
        if not self:
            return "SubGraphView: empty"
        lines = [f"SubGraphView (graphid={id(self._graph)}):"]
        for title, items in (
            ("ops", self._ops), ("inputs", self._input_ts), ("outputs", self._output_ts)
        ):  # fmt: skip
            lines.append(f"** {title}[{len(items)}]:" if items else f"** {title}: empty")
            lines += [f"{i.name} *" if i in self._passthrough_ts else i.name for i in items]
        return "\n".join(lines) + "\n"


def _index(ts: list[Tensor], t: Tensor, what: str) -> int:
    if t not in ts:
        raise ValueError(f"Can't find {t.name} in {what} of the subgraph.")
    return ts.index(t)


def make_view(*args: Any, **kwargs: Any) -> SubGraphView:
    """A view of ops, with tensors that pass through (`ge.sgv`).

    Args:
        *args: a view (returned as it is), or ops, tensors, lists of these, and regular expressions
            on names.
        graph: where to look for names; what is given must belong to it.

    Raises:
        ValueError: the view is one of another graph.
    """
    graph = kwargs.get("graph")
    if len(args) == 1 and isinstance(args[0], SubGraphView):
        view = args[0]
    else:
        view = SubGraphView(*select.select_ops_and_ts(*args, **kwargs))
    if graph is not None and view.graph is not None and view.graph is not graph:
        raise ValueError("Graph mismatch.")
    return view


def make_view_from_scope(scope: str, graph: Graph) -> SubGraphView:
    """A view of the ops in a name scope (`ge.sgv_scope`)."""
    return SubGraphView(select.get_name_scope_ops(graph, scope))
