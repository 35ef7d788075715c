"""Rewiring: which tensors the ops of a graph take as inputs.

The pictures show tensors A, and the ops B that take them.
"""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Operation, Tensor
from tf1x.lib.contrib.graph_editor import util
from tf1x.lib.contrib.graph_editor.subgraph import SubGraphView, make_view


def _check_compatibility(ts0: list[Tensor], ts1: list[Tensor]) -> None:
    if len(ts0) != len(ts1):
        raise ValueError(f"ts0 and ts1 have different sizes: {len(ts0)} != {len(ts1)}")
    for t0, t1 in zip(ts0, ts1, strict=True):
        if not t0.dtype.is_compatible_with(t1.dtype):
            raise ValueError(f"Dtypes {t0.dtype} and {t1.dtype} are not compatible.")
        if not t0.get_shape().is_compatible_with(t1.get_shape()):
            raise ValueError(f"Shapes {t0.get_shape()} and {t1.get_shape()} are not compatible.")


def _reroute(
    ts0: Any, ts1: Any, swap: bool, can_modify: Any = None, cannot_modify: Any = None
) -> int:
    """Make the consumers of each of `ts1` take that of `ts0`, and the other way round if `swap`."""
    ts0, ts1 = util.make_list_of_t(ts0), util.make_list_of_t(ts1)
    _check_compatibility(ts0, ts1)
    allowed = None if can_modify is None else set(util.make_list_of_op(can_modify))
    forbidden = set() if cannot_modify is None else set(util.make_list_of_op(cannot_modify))
    # All that changes is found first: a tensor may stand in several pairs.
    found: list[tuple[Operation, int, Tensor]] = []
    for t0, t1 in zip(ts0, ts1, strict=True):
        if t0 is t1:
            continue
        for new, old in ((t0, t1), (t1, t0)) if swap else ((t0, t1),):
            for op in old.consumers():
                if op not in forbidden and (allowed is None or op in allowed):
                    found += [(op, i, new) for i, t in enumerate(op.inputs) if t is old]
    for op, i, new in found:
        op._update_input(i, new)
    return len(found)


def swap_ts(ts0: Any, ts1: Any, can_modify: Any = None, cannot_modify: Any = None) -> int:
    """For each pair of tensors: what takes one takes the other.

        B0 B1     B0 B1
        |  |   =>   X
        A0 A1     A0 A1

    Args:
        can_modify: the ops that may be changed, by default all.
        cannot_modify: ops that may not.

    Returns:
        The number of inputs changed.

    Raises:
        ValueError: lists of different lengths, or tensors of different types or static shapes.
    """
    return _reroute(ts0, ts1, True, can_modify, cannot_modify)


def reroute_ts(ts0: Any, ts1: Any, can_modify: Any = None, cannot_modify: Any = None) -> int:
    """For each pair of tensors: what takes that of `ts1` takes that of `ts0`.

        B0 B1     B0 B1
        |  |   => | /
        A0 A1     A0 A1

    Arguments, result and errors are those of `swap_ts`.
    """
    return _reroute(ts0, ts1, False, can_modify, cannot_modify)


def _views(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    views = make_view(sgv0), make_view(sgv1)
    util.check_graphs(*views)
    return views


def _reroute_inputs(sgv0: Any, sgv1: Any, swap: bool) -> tuple[SubGraphView, SubGraphView]:
    sgv0, sgv1 = _views(sgv0, sgv1)
    # What takes a tensor that passes through a view stands outside of it.
    can_modify = [
        *sgv0.ops,
        *sgv1.ops,
        *util.get_consuming_ops(sgv0.passthroughs),
        *util.get_consuming_ops(sgv1.passthroughs),
    ]
    _reroute(sgv0.inputs, sgv1.inputs, swap, can_modify)
    old0, old1 = sgv0.copy(), sgv1.copy()
    _take_inputs(sgv1, old0)
    if swap:
        _take_inputs(sgv0, old1)
    return sgv0, sgv1


def _take_inputs(view: SubGraphView, other: SubGraphView) -> None:
    """Enter in `view` that its inputs are now those of `other`."""
    view._input_ts = list(other._input_ts)
    view._passthrough_ts = list(other._passthrough_ts)
    view._output_ts = [
        view._input_ts[other._input_ts.index(t)] if t in other._passthrough_ts else t
        for t in view._output_ts
    ]


def _reroute_outputs(sgv0: Any, sgv1: Any, swap: bool) -> tuple[SubGraphView, SubGraphView]:
    sgv0, sgv1 = _views(sgv0, sgv1)
    _reroute(sgv0.outputs, sgv1.outputs, swap, cannot_modify=[*sgv0.ops, *sgv1.ops])
    return sgv0, sgv1


def swap_inputs(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """Swap all inputs of two views, which are changed in place; returns them."""
    return _reroute_inputs(sgv0, sgv1, True)


def reroute_inputs(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """Give `sgv1` the inputs of `sgv0`; both views are returned."""
    return _reroute_inputs(sgv0, sgv1, False)


def swap_outputs(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """Swap what takes the outputs of two views; both are returned."""
    return _reroute_outputs(sgv0, sgv1, True)


def reroute_outputs(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """Give what takes the outputs of `sgv1` those of `sgv0`; both views are returned."""
    return _reroute_outputs(sgv0, sgv1, False)


def swap_ios(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """`swap_outputs` and `swap_inputs`."""
    sgv0, sgv1 = swap_outputs(sgv0, sgv1)
    return swap_inputs(sgv0, sgv1)


def reroute_ios(sgv0: Any, sgv1: Any) -> tuple[SubGraphView, SubGraphView]:
    """`reroute_outputs` and `reroute_inputs`."""
    sgv0, sgv1 = reroute_outputs(sgv0, sgv1)
    return reroute_inputs(sgv0, sgv1)


def remove_control_inputs(op: Operation, cops: Any) -> None:
    """Let `op` no longer wait for `cops`.

    Raises:
        TypeError: `op` is no operation.
        ValueError: it does not wait for one of them.
    """
    cops = _controls(op, cops)
    for cop in cops:
        if cop not in op.control_inputs:
            raise ValueError(f"{cop.name} is not a control_input of {op.name}")
    op._remove_control_inputs(cops)


def add_control_inputs(op: Operation, cops: Any) -> None:
    """Let `op` wait for `cops`.

    Raises:
        TypeError: `op` is no operation.
        ValueError: it waits for one of them already.
    """
    cops = _controls(op, cops)
    for cop in cops:
        if cop in op.control_inputs:
            raise ValueError(f"{cop.name} is already a control_input of {op.name}")
    op._add_control_inputs(cops)


def _controls(op: Operation, cops: Any) -> list[Operation]:
    if not isinstance(op, Operation):
        raise TypeError(f"Expected a tf.Operation, got: {type(op)}")
    return util.make_list_of_op(cops, allow_graph=False)
