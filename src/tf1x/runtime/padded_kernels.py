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


def _equal(equations: Sequence[Any], *names: str) -> None:
    if any(e.params[n] != equations[0].params[n] for e in equations for n in names):
        raise NotPadded(equations[0].params["target_name"])
