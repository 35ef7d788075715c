"""What the kernels of native/ do with padded arrays (padded.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf1x.runtime.padded import Axes, Axis, NotPadded, Padded, Value, bind, constant_axes, joined


def kernel(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    """A call of a kernel: those that multiply matrices take padded ones, those of an LSTM's step rows."""
    _equal(equations, "target_name", "attributes")
    target = equations[0].params["target_name"]
    shapes = [v.aval.shape for v in equations[0].outvars]
    arrays, axes = [v.array for v in inputs], [constant_axes(shape) for shape in shapes]
    if not any(v.varies for v in inputs):
        _equal(equations, "result_avals")
    elif target == "tf1x_multiply" and not inputs[0].axes[1].varies:
        axes = [(inputs[0].axes[0], axes[0][1])]
    elif target == "tf1x_matmul":
        attributes = dict(equations[0].params["attributes"])
        i, j = 1 - int(attributes["transpose_a"]), int(attributes["transpose_b"])
        left, right = inputs
        joined((left.axes[i],), (right.axes[j],), padded.traces)
        arrays = [padded.filled(left, (i,), 0), padded.filled(right, (j,), 0)]
        axes = [(left.axes[1 - i], right.axes[1 - j])]
    elif target in ("tf1x_lstm", "tf1x_lstm_gradient"):
        rows = _rows(padded, inputs)
        axes = [(rows, a[1]) if len(a) == 2 and a[0].factors != (0,) else a for a in axes]
        if target == "tf1x_lstm_gradient":  # it sums over the rows
            arrays = [padded.filled(v, (0,), 0) for v in inputs]
    elif target in ("tf1x_lstm_layer", "tf1x_lstm_layer_gradient"):
        arrays, axes = _layer(padded, inputs, axes, gradient=target == "tf1x_lstm_layer_gradient")
    else:
        raise NotPadded(target)
    return [Value(x, a) for x, a in zip(bind(equations[0], arrays), axes, strict=True)]


def _rows(padded: Padded, inputs: list[Value]) -> Axis:
    """The axis of rows that all matrices of a call have, but for those without numbers."""
    matrices: list[Axes] = [v.axes for v in inputs if len(v.axes) == 2 and v.array.shape[0]]
    if any(width.varies for _, width in matrices):
        raise NotPadded("tf1x_lstm")
    found: Axes = matrices[0][:1]
    for axes in matrices[1:]:
        found = joined(found, axes[:1], padded.traces)
    return Axis(found[0].factors)


def _layer(
    padded: Padded, inputs: list[Value], axes: list[Axes], gradient: bool
) -> tuple[list[Any], list[Axes]]:
    """Arrays of a call that takes [steps, rows, numbers] and of rows, and axes of its results.

    How many steps there are is an argument.
    """
    steps, rows, width = inputs[0].axes
    state, ended = (inputs[3:5], inputs[5]) if gradient else (inputs[4:6], inputs[6])
    sequences: list[Axes] = [v.axes[:2] for v in inputs[1:] if len(v.axes) == 3]
    if ended.axes[0].factors != (0,):
        sequences.append(ended.axes)
    for axes_of in sequences:
        steps, rows = joined((steps, rows), axes_of, padded.traces)
    for value in (*state, *(inputs[9:] if gradient else [])):
        (rows,) = joined((rows,), value.axes[:1], padded.traces)
    if width.varies or any(a.varies for a in inputs[2].axes):
        raise NotPadded("tf1x_lstm_layer")
    steps, rows = Axis(steps.factors), Axis(rows.factors)
    arrays = [v.array for v in inputs]
    if gradient:  # it sums over the rows
        arrays = [
            v.array if i in (1, 2, 5) else padded.filled(v, (len(v.axes) - 2,), 0)
            for i, v in enumerate(inputs)
        ]
        return arrays, [(steps, rows, width), *axes[1:3], *((rows, a[1]) for a in axes[3:])]
    outputs, memory, output, states, memories, gates = axes
    kept = gates[0].factors != (0,)
    lengths = [
        *(steps, states[0] if states[0].factors == (0,) else steps),
        *((steps, steps) if kept else (memories[0], gates[0])),
    ]
    found = [
        (length, rows, a[2])
        for length, a in zip(lengths, (outputs, states, memories, gates), strict=True)
    ]
    return arrays, [found[0], (rows, memory[1]), (rows, output[1]), *found[1:]]


def _equal(equations: Sequence[Any], *names: str) -> None:
    if any(e.params[n] != equations[0].params[n] for e in equations for n in names):
        raise NotPadded(equations[0].params["target_name"])
