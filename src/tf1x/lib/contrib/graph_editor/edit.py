"""Taking parts out of a graph, and putting them in."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.lib.contrib.graph_editor import reroute, select, util
from tf1x.lib.contrib.graph_editor.subgraph import SubGraphView, make_view
from tf1x.ops.array import placeholder


def detach_control_inputs(sgv: Any) -> None:
    """Let the ops of a view wait for no op outside of it."""
    sgv = make_view(sgv)
    for op in sgv.ops:
        reroute.remove_control_inputs(op, [c for c in op.control_inputs if c not in sgv.ops])


def detach_control_outputs(sgv: Any, control_outputs: util.ControlOutputs) -> None:
    """Let no op outside of a view wait for one of its ops."""
    if not isinstance(control_outputs, util.ControlOutputs):
        raise TypeError(f"Expected a util.ControlOutputs, got: {type(control_outputs)}")
    control_outputs.update()
    sgv = make_view(sgv)
    for op in sgv.ops:
        for waiting in control_outputs.get(op):
            if waiting not in sgv.ops:
                reroute.remove_control_inputs(waiting, op)


def detach_inputs(sgv: Any, control_inputs: bool = False) -> tuple[SubGraphView, list[Tensor]]:
    """Put placeholders in place of the inputs of a view.

    Args:
        control_inputs: whether to cut its control inputs as well.

    Returns:
        The view (changed in place if one was given) and the placeholders.
    """
    sgv = make_view(sgv)
    with sgv.graph.as_default():
        made = [placeholder(t.dtype.base_dtype, name=util.placeholder_name(t)) for t in sgv.inputs]
    reroute.swap_inputs(sgv, made)
    if control_inputs:
        detach_control_inputs(sgv)
    return sgv, made


def detach_outputs(
    sgv: Any, control_outputs: util.ControlOutputs | None = None
) -> tuple[SubGraphView, list[Tensor]]:
    """Put placeholders in place of the outputs of a view, where ops take them.

    Args:
        control_outputs: given, its control outputs are cut as well.

    Returns:
        A view whose outputs are those that were taken, and the placeholders.
    """
    sgv = make_view(sgv)
    sgv = sgv.remap_outputs([i for i, t in enumerate(sgv.outputs) if t.consumers()])
    with sgv.graph.as_default():
        made = [util.make_placeholder_from_tensor(t) for t in sgv.outputs]
    reroute.swap_outputs(sgv, made)
    if control_outputs is not None:
        detach_control_outputs(sgv, control_outputs)
    return sgv, made


def detach(
    sgv: Any,
    control_inputs: bool = False,
    control_outputs: util.ControlOutputs | None = None,
    control_ios: util.ControlOutputs | None = None,
) -> tuple[Any, list[Tensor], list[Tensor]]:
    """Both `detach_inputs` and `detach_outputs`: the view and both lists of placeholders."""
    control_inputs, control_outputs = select.check_cios(
        control_inputs, control_outputs, control_ios
    )
    sgv = make_view(sgv)
    _, inputs = detach_inputs(sgv, control_inputs)
    _, outputs = detach_outputs(sgv, control_outputs)
    return sgv, inputs, outputs


def connect(
    sgv0: Any, sgv1: Any, disconnect_first: bool = False
) -> tuple[SubGraphView, SubGraphView]:
    """Make the outputs of `sgv0` the inputs of `sgv1`; both views are returned.

    Args:
        disconnect_first: whether to cut the outputs of `sgv0` from what takes them now.
    """
    sgv0, sgv1 = make_view(sgv0), make_view(sgv1)
    util.check_graphs(sgv0, sgv1)
    if disconnect_first:
        detach_outputs(sgv0)
    reroute.reroute_inputs(SubGraphView(passthrough_ts=sgv0.outputs), sgv1)
    return sgv0, sgv1


def bypass(sgv: Any) -> tuple[SubGraphView, list[Tensor]]:
    """Lead the inputs of a view to what takes its outputs.

    Returns:
        The view, which is cut off, and the placeholders that are its inputs now.
    """
    sgv = make_view(sgv)
    inputs = list(sgv.inputs)
    sgv, made = detach_inputs(sgv)
    reroute.reroute_ts(inputs, sgv.outputs)
    return sgv, made
