"""Copying parts of a graph, with changes on the way: `Transformer` and what is built on it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from tf1x.core.func_graph import FuncAttr, function_names
from tf1x.core.graph import Graph
from tf1x.core.graph_import import Library
from tf1x.core.operation import Operation, Tensor, merge_devices
from tf1x.lib.contrib.graph_editor import edit, select, util
from tf1x.lib.contrib.graph_editor.subgraph import SubGraphView, make_view

# -- handlers ------------------------------------------------------------------------------------


def replace_t_with_placeholder_handler(info: Any, t: Tensor) -> Tensor:
    """A placeholder for `t` in the new graph."""
    with info.graph_.as_default():
        return util.make_placeholder_from_tensor(t, scope=info.scope_)


def keep_t_if_possible_handler(info: Any, t: Tensor) -> Tensor:
    """`t` itself where the copy goes into the same graph, else a placeholder."""
    return t if info.graph is info.graph_ else replace_t_with_placeholder_handler(info, t)


def assign_renamed_collections_handler(info: Any, elem: Any, elem_: Any) -> None:
    """Put `elem_` into the collections of `elem`, renamed as ops are."""
    for name, collection in list(elem.graph._collections.items()):
        if any(item is elem for item in collection):
            info.graph_.add_to_collection(info.transformer.new_name(name), elem_)


def transform_op_if_inside_handler(
    info: Any, op: Operation | None, keep_if_possible: bool = True
) -> Operation | None:
    """The copy of an op of the view; others are kept within one graph, or None."""
    if op is None:
        return None
    if op in info.ops:
        made: Operation = info.transformer._transform_op(op)
        return made
    return op if keep_if_possible and info.graph is info.graph_ else None


def copy_op_handler(info: Any, op: Operation, copy_shape: bool = True) -> Operation:
    """A copy of `op` that takes the transformed inputs.

    Args:
        copy_shape: whether its outputs have the static shapes of those of `op`; else they are
            inferred anew.
    """
    return copied(info, op, info.transformer.new_name(op.name), copy_shape)


def copied(info: Any, op: Operation, name: str, copy_shape: bool = True) -> Operation:
    """A copy of `op` under a name, which is made unique unless it ends with "/"."""
    transformer, graph = info.transformer, info.graph_
    controls = [transformer.transform_control_input_handler(info, c) for c in op.control_inputs]
    inputs = tuple(transformer._transform_t(t) for t in op.inputs)
    attrs = dict(op.attrs)
    if "_class" in attrs:
        attrs["_class"] = _colocation(info, op)
    if graph is not info.graph and function_names(attrs):
        # The functions that the op calls, in the library of the other graph.
        attrs = info.library.instantiate(op.opdef, graph, attrs, inputs)
    forward = info.transformed_ops.get(op.forward, op.forward)
    if forward is not op.forward:
        attrs["f"] = FuncAttr(forward.type, forward.attrs)
    # As TensorFlow does: the surrounding `control_dependencies` does not concern copies.
    with graph.control_dependencies(None), graph.colocate_with(None):
        made = graph.add_op(
            op.opdef,
            inputs,
            [t.dtype for t in op.outputs],
            attrs,
            name,
            [t.shape for t in op.outputs] if copy_shape else None,
        )
    made.forward = forward
    made.device = merge_devices(made.device, op.device)
    made._add_control_inputs([c for c in controls if c is not None])
    if graph is not info.graph:
        known = {id(function) for function in graph.python_functions}
        graph.python_functions += [f for f in info.graph.python_functions if id(f) not in known]
    return made


def _colocation(info: Any, op: Operation) -> list[bytes]:
    """The groups of a copy: beside the copy of an op, or beside the op itself."""
    renamed = {old.name: new.name for old, new in info.transformed_ops.items()}
    found = []
    for group in op.attrs["_class"]:
        name = group.decode().removeprefix("loc:@")
        if name in renamed:
            found.append(f"loc:@{renamed[name]}".encode())
        elif info.graph is info.graph_:
            found.append(group)
    return found


def transform_op_in_place(info: Any, op: Operation, detach_outputs: bool = False) -> Operation:
    """Connect `op` itself to the transformed inputs.

    Args:
        detach_outputs: whether to put placeholders in place of its outputs.
    """
    before = info.inputs.get(op, op.inputs)  # placeholders may stand there by now
    inputs = [info.transformer._transform_t(t) for t in before]
    for i, (new, old) in enumerate(zip(inputs, op.inputs, strict=True)):
        if new is not old:
            op._update_input(i, new)
    if detach_outputs:
        edit.detach_outputs(op)
    return op


# -- the transformer -----------------------------------------------------------------------------


class _Info:
    """What handlers know of a transformation.

    Attributes:
        transformer, sgv: what is called, and with which view.
        ops, sgv_inputs_set: the ops and the inputs of the view.
        graph, scope: where from. graph_, scope_: where to.
        transformed_ops, transformed_ts: what has been done.
        inputs: of the ops that were come to, the inputs that they had then.
    """

    def __init__(
        self, transformer: Transformer, sgv: Any, dst_graph: Graph, dst_scope: str, src_scope: str
    ) -> None:
        self.transformer = transformer
        self.sgv = sgv
        self.sgv_inputs_set = frozenset(sgv.inputs)
        self.ops = frozenset(sgv.ops)
        self.control_outputs = util.ControlOutputs(sgv.graph)
        self.graph = sgv.graph
        self.scope = src_scope
        self.graph_ = dst_graph
        self.scope_ = dst_scope
        self.transformed_ops: dict[Operation, Operation] = {}
        self.transformed_ts: dict[Tensor, Tensor] = {}
        self.inputs: dict[Operation, tuple[Tensor, ...]] = {}

    @functools.cached_property
    def library(self) -> Library:
        """The functions of the old graph."""
        return Library(self.graph.as_graph_def().library.function)


class _ResultInfo:
    """Which op or tensor became which."""

    def __init__(self, info: _Info) -> None:
        self._graph = info.graph
        self._scope = info.scope
        self._graph_ = info.graph_
        self._scope_ = info.scope_
        self._transformed_ops = info.transformed_ops
        self._transformed_ts = info.transformed_ts

    def transformed(self, original: Any, missing_fn: Any = None) -> Any:
        """What an op or tensor (or its name, or each of a nest) became.

        Args:
            missing_fn: a function of those that were not transformed; by default they give None.
        """
        pairs = {**self._transformed_ops, **self._transformed_ts}
        return _looked_up(original, pairs, missing_fn)

    def original(self, transformed: Any, missing_fn: Any = None) -> Any:
        """What an op or tensor was made of; see `transformed`."""
        pairs = {**self._transformed_ops, **self._transformed_ts}
        return _looked_up(transformed, {new: old for old, new in pairs.items()}, missing_fn)

    def __str__(self) -> str:
        same = self._graph is self._graph_
        where = f"graph[{id(self._graph)}]"
        lines = [
            "Transform result info:",
            f"  Within {where}{'' if self._scope_ else ' IN-PLACE'}"
            if same
            else f"  {where} => graph[{id(self._graph_)}]",
        ]
        if self._scope:
            lines.append(f"  Relative to source scope: {self._scope}")
        if self._scope_:
            lines.append(f"  Scope destination: {self._scope_}")
        lines.append("Operations mapping:")
        lines += [f"  {op.name} => {made.name}" for op, made in self._transformed_ops.items()]
        return "\n".join(lines) + "\n"


def _looked_up(tree: Any, pairs: dict[Any, Any], missing_fn: Any) -> Any:
    names = {item.name: item for item in pairs}

    def found(item: Any) -> Any:
        if not isinstance(item, (Operation, Tensor, str)):
            raise TypeError(f"Expected a tf.Tensor or a tf.Operation, got a {type(item)}")
        key = names.get(item) if isinstance(item, str) else item
        if key in pairs:
            return pairs[key]
        return None if missing_fn is None else missing_fn(item)

    return util.transform_tree(tree, found)


class Transformer:
    """Makes a part of a graph from another: by default a copy, with placeholders as inputs.

    Attributes (functions that may be replaced; `info` says what is being done):
        transform_op_handler: (info, op) -> the new op.
        transform_control_input_handler: (info, op) -> the control input, or None for none.
        assign_collections_handler: (info, old, new), puts the new one into collections.
        transform_external_input_handler: (info, t) -> what stands for an input of the view.
        transform_external_hidden_input_handler: the same for inputs that the view leaves out.
        transform_original_op_handler: accepted; ops have no original ones here.
    """

    _Info = _Info
    ResultInfo = _ResultInfo

    def __init__(self) -> None:
        self.transform_op_handler: Any = copy_op_handler
        self.transform_control_input_handler: Any = transform_op_if_inside_handler
        self.assign_collections_handler: Any = assign_renamed_collections_handler
        self.transform_external_input_handler: Any = replace_t_with_placeholder_handler
        self.transform_external_hidden_input_handler: Any = keep_t_if_possible_handler
        self.transform_original_op_handler: Any = transform_op_if_inside_handler
        self._info: Any = None

    def __call__(
        self,
        sgv: Any,
        dst_graph: Graph,
        dst_scope: str,
        src_scope: str = "",
        reuse_dst_scope: bool = False,
    ) -> tuple[SubGraphView, _ResultInfo]:
        """Transform a view.

        Args:
            sgv: a view, or what `make_view` takes.
            dst_graph: where to put the new ops.
            dst_scope: before the new names.
            src_scope: taken off the old names first.
            reuse_dst_scope: whether the scope may exist already; else it is made unique.

        Returns:
            The new view, and `ResultInfo`: `transformed(old)` and `original(new)`.

        Raises:
            TypeError: `dst_graph` is no graph.
            ValueError: an op outside of `src_scope`.
        """
        sgv = make_view(sgv)
        if not isinstance(dst_graph, Graph):
            raise TypeError(f"Expected a tf.Graph, got: {type(dst_graph)}")
        dst_scope = util.scope_finalize(dst_scope)
        if dst_scope and not reuse_dst_scope:
            dst_scope = util.scope_finalize(dst_graph.unique_name(dst_scope[:-1]))
        self._info = _Info(self, sgv, dst_graph, dst_scope, util.scope_finalize(src_scope))
        for t in sgv.outputs:
            self._transform_in_order(t)
            self._transform_t(t)
        # What leads to no output: from the ends.
        controls = self._info.control_outputs
        for op in sgv.ops:
            if op not in self._info.transformed_ops and not op.outputs and not controls.get(op):
                self._transform_in_order(op)
                self._transform_op(op)
        made = self._view_of(sgv)
        result = _ResultInfo(self._info)
        self._info = None
        return made, result

    def _transform_in_order(self, start: Any) -> None:
        """Transform what `start` needs, each after its own inputs: no deep recursion then."""
        info = self._info
        seen = {start}
        stack: list[tuple[Any, Iterator[Any]]] = [(start, self._needs(start))]
        while stack:
            item, needs = stack[-1]
            for need in needs:
                if need not in seen:
                    seen.add(need)
                    stack.append((need, self._needs(need)))
                    break
            else:
                stack.pop()
                if item is start:
                    continue
                if isinstance(item, Tensor):
                    self._transform_t(item)
                elif item not in info.transformed_ops:
                    self._transform_op(item)

    def _needs(self, item: Any) -> Iterator[Any]:
        info = self._info
        if isinstance(item, Tensor):
            return iter([item.op] if item.op in info.ops else [])
        if item in info.transformed_ops:
            return iter(())
        info.inputs[item] = item.inputs
        return iter([*(c for c in item.control_inputs if c in info.ops), *item.inputs])

    def _view_of(self, sgv: SubGraphView) -> SubGraphView:
        """A view of what was made, with inputs and outputs in the order of the old ones."""
        info = self._info
        made = SubGraphView(list(dict.fromkeys(info.transformed_ops.values())))

        def order(old: Any, new: list[Tensor]) -> list[int]:
            found = (info.transformed_ts.get(t) for t in old)
            return [new.index(t) for t in found if t in new]

        return made.remap(
            list(dict.fromkeys(order(sgv.inputs, list(made.inputs)))),
            order(sgv.outputs, list(made.outputs)),
        )

    def _transform_t(self, t: Tensor) -> Tensor:
        info = self._info
        if t in info.transformed_ts:
            return info.transformed_ts[t]
        if t.op in info.ops:
            made = self._transform_op(t.op).outputs[t.value_index]
        elif t in info.sgv_inputs_set:
            made = self.transform_external_input_handler(info, t)
        else:
            made = self.transform_external_hidden_input_handler(info, t)
        if made is not t:
            self.assign_collections_handler(info, t, made)
        info.transformed_ts[t] = made
        return made

    def _transform_op(self, op: Operation) -> Operation:
        info = self._info
        if op in info.transformed_ops:
            return info.transformed_ops[op]
        made: Operation = self.transform_op_handler(info, op)
        if made is not op:
            self.assign_collections_handler(info, op, made)
        info.transformed_ops[op] = made
        return made

    def new_name(self, name: str) -> str:
        """The new name of what is called `name`.

        Raises:
            ValueError: it is not in the source scope.
        """
        scope = self._info.scope
        if not name.startswith(scope):
            raise ValueError(f"{name} does not belong to source scope: {scope}.")
        return self._info.scope_ + name[len(scope) :]


# -- copies --------------------------------------------------------------------------------------


def copy(
    sgv: Any,
    dst_graph: Graph | None = None,
    dst_scope: str = "",
    src_scope: str = "",
    reuse_dst_scope: bool = False,
) -> tuple[SubGraphView, _ResultInfo]:
    """Copy a part of a graph; placeholders take the place of its inputs.

    Arguments and result are those of `Transformer.__call__`; the graph is by default the same.
    """
    sgv = make_view(sgv)
    graph = sgv.graph if dst_graph is None else dst_graph
    return Transformer()(sgv, graph, dst_scope, src_scope, reuse_dst_scope)


def copy_with_input_replacements(
    sgv: Any,
    replacement_ts: dict[Tensor, Tensor],
    dst_graph: Graph | None = None,
    dst_scope: str = "",
    src_scope: str = "",
    reuse_dst_scope: bool = False,
) -> tuple[SubGraphView, _ResultInfo]:
    """Copy a part of a graph with other inputs.

    Args:
        replacement_ts: inputs of the view to what the copy takes instead; it takes the other
            inputs as they are (placeholders for them in another graph).
    """

    def replaced(info: Any, t: Tensor) -> Tensor:
        return replacement_ts[t] if t in replacement_ts else keep_t_if_possible_handler(info, t)

    sgv = make_view(sgv)
    copier = Transformer()
    copier.transform_external_input_handler = replaced
    graph = sgv.graph if dst_graph is None else dst_graph
    return copier(sgv, graph, dst_scope, src_scope, reuse_dst_scope)


def graph_replace(
    target_ts: Any,
    replacement_ts: dict[Tensor, Tensor],
    dst_scope: str = "",
    src_scope: str = "",
    reuse_dst_scope: bool = False,
) -> Any:
    """The targets as they would be with other tensors in place of some that they depend on.

    The ops between are copied; nothing else changes.

    Args:
        target_ts: a tensor, or a nest of such.
        replacement_ts: tensors to what to take instead.

    Returns:
        The new targets in the form of `target_ts`; those that depend on none of the replaced
        tensors are the old ones.

    Raises:
        ValueError: no target depends on a replaced tensor.
    """
    targets = util.flatten_tree(target_ts)
    graph = util.get_unique_graph(targets, check_types=Tensor)
    assert graph is not None
    ops = select.get_walks_intersection_ops(
        list(replacement_ts), targets, control_ios=util.ControlOutputs(graph)
    )
    if not ops:
        raise ValueError("Targets and replacements are not connected!")
    _, info = copy_with_input_replacements(
        ops, replacement_ts, None, dst_scope, src_scope, reuse_dst_scope
    )
    return info.transformed(target_ts, lambda original: original)
