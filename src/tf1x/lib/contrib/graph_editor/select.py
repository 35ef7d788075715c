"""Choosing ops and tensors: by name, by a condition, by walking along the edges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from tf1x.core.graph import Graph
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.contrib.graph_editor import util


def can_be_regex(obj: Any) -> bool:
    return isinstance(obj, (str, re.Pattern))


def make_regex(obj: Any) -> re.Pattern[str]:
    """The compiled form of a regular expression.

    Raises:
        ValueError: neither a string nor compiled.
    """
    if not can_be_regex(obj):
        raise ValueError(f"Expected a string or a regex, got: {type(obj)}")
    return re.compile(obj)


def _input_ts(ops: Iterable[Operation]) -> list[Tensor]:
    return list(dict.fromkeys(t for op in ops for t in op.inputs))


def _output_ts(ops: Iterable[Operation]) -> list[Tensor]:
    return [t for op in ops for t in op.outputs]


def filter_ts(ops: Any, positive_filter: Any) -> list[Tensor]:
    """The inputs and outputs of `ops` for which `positive_filter(t)`; all of them for True."""
    ops = util.make_list_of_op(ops)
    ts = util.concatenate_unique(_input_ts(ops), _output_ts(ops))
    return ts if positive_filter is True else [t for t in ts if positive_filter(t)]


def filter_ts_from_regex(ops: Any, regex: Any) -> list[Tensor]:
    """The inputs and outputs of `ops` in whose names `regex` is found."""
    pattern = make_regex(regex)
    return filter_ts(ops, lambda t: pattern.search(t.name))


def filter_ops(ops: Any, positive_filter: Any) -> list[Operation]:
    """The ops for which `positive_filter(op)`; all of them for True."""
    ops = util.make_list_of_op(ops)
    return ops if positive_filter is True else [op for op in ops if positive_filter(op)]


def filter_ops_from_regex(ops: Any, regex: Any) -> list[Operation]:
    """The ops in whose names `regex` is found."""
    pattern = make_regex(regex)
    return filter_ops(ops, lambda op: pattern.search(op.name))


def get_name_scope_ops(ops: Any, scope: str) -> list[Operation]:
    """The ops in a name scope."""
    return filter_ops_from_regex(ops, f"^{scope.removesuffix('/')}(/.*)?$")


# -- along the edges -----------------------------------------------------------------------------


def check_cios(
    control_inputs: bool = False,
    control_outputs: util.ControlOutputs | None = None,
    control_ios: util.ControlOutputs | None = None,
) -> tuple[bool, util.ControlOutputs | None]:
    """Whether to follow control inputs, and by what to follow control outputs.

    Args:
        control_ios: stands for both.

    Raises:
        TypeError: no `ControlOutputs`.
        ValueError: both `control_outputs` and `control_ios`.
    """
    if control_ios is not None and control_outputs is not None:
        raise ValueError("control_outputs should be None when using control_ios.")
    chosen = control_outputs if control_ios is None else control_ios
    if chosen is None:
        return control_inputs, None
    if not isinstance(chosen, util.ControlOutputs):
        raise TypeError(f"Expected a util.ControlOutputs, got: {type(chosen)}")
    return control_inputs or control_ios is not None, chosen.update()


def get_ops_ios(
    ops: Any,
    control_inputs: bool = False,
    control_outputs: util.ControlOutputs | None = None,
    control_ios: util.ControlOutputs | None = None,
) -> list[Operation]:
    """The ops next to one of `ops`, before or behind it."""
    control_inputs, control_outputs = check_cios(control_inputs, control_outputs, control_ios)
    found: dict[Operation, None] = {}
    for op in util.make_list_of_op(ops):
        found.update((t.op, None) for t in op.inputs)
        found.update((user, None) for t in op.outputs for user in t.consumers())
        if control_outputs is not None:
            found.update(dict.fromkeys(control_outputs.get(op)))
        if control_inputs:
            found.update(dict.fromkeys(op.control_inputs))
    return list(found)


def compute_boundary_ts(
    ops: Any, ambiguous_ts_are_outputs: bool = True
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """The tensors around a set of ops: `(inputs, outputs, inside)`.

    Args:
        ambiguous_ts_are_outputs: whether a tensor that is used both in the set and outside counts
            as an output (and so as an input as well) or as inside.
    """
    ops = util.make_list_of_op(ops)
    inputs, outputs = _input_ts(ops), _output_ts(ops)
    made, within = set(outputs), set(ops)
    inside = [
        t
        for t in inputs
        if t in made and not (ambiguous_ts_are_outputs and set(t.consumers()) - within)
    ]
    known = set(inside)
    return (
        [t for t in inputs if t not in known],
        [t for t in outputs if t not in known],
        inside,
    )


def get_within_boundary_ops(
    ops: Any,
    seed_ops: Any,
    boundary_ops: Any = (),
    inclusive: bool = True,
    control_inputs: bool = False,
    control_outputs: util.ControlOutputs | None = None,
    control_ios: util.ControlOutputs | None = None,
) -> list[Operation]:
    """Those of `ops` that can be reached from the seeds, in both directions, within a boundary.

    Args:
        inclusive: whether ops of the boundary that are reached belong to the result.

    Raises:
        ValueError: a seed is in the boundary.
    """
    control_inputs, control_outputs = check_cios(control_inputs, control_outputs, control_ios)
    ops = util.make_list_of_op(ops)
    boundary = set(util.make_list_of_op(boundary_ops))
    found = set(util.make_list_of_op(seed_ops, allow_graph=False))
    if boundary & found:
        raise ValueError("Boundary is intersecting with the seeds.")
    wave = set(found)
    while wave:
        near = set(get_ops_ios(wave, control_inputs, control_outputs)) - found
        wave = near - boundary
        found |= near if inclusive else wave
    return [op for op in ops if op in found]


def _walk(
    seeds: list[Operation],
    within_ops: Any,
    inclusive: bool,
    neighbours: Callable[[Operation], Iterable[Operation]],
) -> list[Operation]:
    within = set(util.make_list_of_op(within_ops, allow_graph=False)) if within_ops else None
    seeds = [op for op in dict.fromkeys(seeds) if within is None or op in within]
    found = dict.fromkeys(seeds)
    wave = seeds
    while wave:
        near = dict.fromkeys(n for op in wave for n in neighbours(op))
        wave = [op for op in near if op not in found and (within is None or op in within)]
        found.update(dict.fromkeys(wave))
    start = set(seeds)
    return list(found) if inclusive else [op for op in found if op not in start]


def _seeds(items: Any, of_tensors: Callable[[Any], list[Operation]]) -> list[Operation]:
    items = list(items) if util.is_iterable(items) else [items]
    if items and isinstance(items[0], Tensor):
        return of_tensors(items)
    return util.make_list_of_op(items, allow_graph=False)


def get_forward_walk_ops(
    seed_ops: Any,
    inclusive: bool = True,
    within_ops: Any = None,
    stop_at_ts: Any = (),
    control_outputs: util.ControlOutputs | None = None,
) -> list[Operation]:
    """The ops that depend on the seeds, nearest first.

    Args:
        seed_ops: ops, or tensors: then the ops that take them.
        inclusive: whether the seeds are part of the result.
        within_ops: the ops that may be visited; None for all.
        stop_at_ts: tensors beyond which not to go.
        control_outputs: follows control edges as well.
    """
    _, control_outputs = check_cios(False, control_outputs)
    stop = set(util.make_list_of_t(stop_at_ts))

    def behind(op: Operation) -> Iterable[Operation]:
        for t in op.outputs:
            if t not in stop:
                yield from t.consumers()
        if control_outputs is not None:
            yield from control_outputs.get(op)

    return _walk(_seeds(seed_ops, util.get_consuming_ops), within_ops, inclusive, behind)


def get_backward_walk_ops(
    seed_ops: Any,
    inclusive: bool = True,
    within_ops: Any = None,
    stop_at_ts: Any = (),
    control_inputs: bool = False,
) -> list[Operation]:
    """The ops that the seeds depend on, nearest first.

    Args:
        seed_ops: ops, or tensors: then the ops that make them.
        control_inputs: whether to follow control edges as well.
    """
    stop = set(util.make_list_of_t(stop_at_ts))

    def before(op: Operation) -> Iterable[Operation]:
        yield from (t.op for t in op.inputs if t not in stop)
        if control_inputs:
            yield from op.control_inputs

    return _walk(_seeds(seed_ops, util.get_generating_ops), within_ops, inclusive, before)


def _both_walks(
    forward_seed_ops: Any,
    backward_seed_ops: Any,
    forward_inclusive: bool = True,
    backward_inclusive: bool = True,
    within_ops: Any = None,
    control_inputs: bool = False,
    control_outputs: util.ControlOutputs | None = None,
    control_ios: util.ControlOutputs | None = None,
) -> tuple[list[Operation], list[Operation]]:
    control_inputs, control_outputs = check_cios(control_inputs, control_outputs, control_ios)
    return (
        get_forward_walk_ops(
            forward_seed_ops, forward_inclusive, within_ops, control_outputs=control_outputs
        ),
        get_backward_walk_ops(
            backward_seed_ops, backward_inclusive, within_ops, control_inputs=control_inputs
        ),
    )


def get_walks_intersection_ops(
    forward_seed_ops: Any, backward_seed_ops: Any, *args: Any, **kwargs: Any
) -> list[Operation]:
    """The ops between the seeds: those of both a forward and a backward walk.

    Takes `forward_inclusive`, `backward_inclusive`, `within_ops`, `control_inputs`,
    `control_outputs` and `control_ios`.
    """
    forward, backward = _both_walks(forward_seed_ops, backward_seed_ops, *args, **kwargs)
    behind = set(backward)
    return [op for op in forward if op in behind]


def get_walks_union_ops(
    forward_seed_ops: Any, backward_seed_ops: Any, *args: Any, **kwargs: Any
) -> list[Operation]:
    """The ops of a forward or a backward walk; see `get_walks_intersection_ops`."""
    forward, backward = _both_walks(forward_seed_ops, backward_seed_ops, *args, **kwargs)
    return util.concatenate_unique(forward, backward)


# -- selections ----------------------------------------------------------------------------------


def _select(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    kind: str,
    by_regex: Callable[[Any, Any], list[Any]],
    listed: Callable[[Any], list[Any]],
) -> list[Any]:
    """`kind` is "ops" or "ts"; a regular expression that begins with "(?#ts)" is for tensors."""
    known = {"graph", "positive_filter", "restrict_ops_regex", "restrict_ts_regex"}
    for key in kwargs:
        if key not in known:
            raise ValueError(f"Wrong keywords argument: {key}.")
    graph = kwargs.get("graph")
    if graph is not None and not isinstance(graph, Graph):
        raise TypeError(f"Expected a tf.Graph, got: {type(graph)}")
    wanted = kwargs.get("positive_filter") or (lambda item: True)
    found: list[Any] = []
    for arg in args:
        if not can_be_regex(arg):
            items = listed(arg)
        else:
            if graph is None:
                raise ValueError("Use the keyword argument 'graph' to use regex.")
            pattern = make_regex(arg)
            other = "(?#ts)" if kind == "ops" else "(?#ops)"
            only = kwargs.get(f"restrict_{kind}_regex", False)
            if pattern.pattern.startswith(other) or (
                only and not pattern.pattern.startswith(f"(?#{kind})")
            ):
                continue
            items = by_regex(graph, pattern)
        util.concatenate_unique(found, [item for item in items if wanted(item)])
    return found


def select_ops(*args: Any, **kwargs: Any) -> list[Operation]:
    """Ops chosen by regular expressions on their names, or given; tensors are ignored.

    Args:
        graph: where to look for names; needed with regular expressions.
        positive_filter: only ops for which it is true.
        restrict_ops_regex: ignore expressions that do not begin with "(?#ops)".
    """
    return _select(
        args,
        kwargs,
        "ops",
        filter_ops_from_regex,
        lambda arg: util.make_list_of_op(arg, ignore_ts=True),
    )


def select_ts(*args: Any, **kwargs: Any) -> list[Tensor]:
    """Tensors chosen by regular expressions on their names, or given; ops are ignored.

    Args:
        graph, positive_filter: see `select_ops`.
        restrict_ts_regex: ignore expressions that do not begin with "(?#ts)".
    """
    return _select(
        args,
        kwargs,
        "ts",
        filter_ts_from_regex,
        lambda arg: util.make_list_of_t(arg, ignore_ops=True),
    )


def select_ops_and_ts(*args: Any, **kwargs: Any) -> tuple[list[Operation], list[Tensor]]:
    """Both; regular expressions for tensors begin with "(?#ts)"."""
    ops = select_ops(*args, restrict_ops_regex=False, **kwargs)
    return ops, select_ts(*args, restrict_ts_regex=True, **kwargs)
