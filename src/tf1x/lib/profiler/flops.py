"""How many float operations an op needs, counted as `tf.profiler` counts them.

From static shapes: an op some of whose shapes are unknown counts as nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tf1x.core.operation import Operation, Tensor


def _size(tensor: Tensor) -> int:
    count = tensor.shape.num_elements()
    if count is None:
        raise ValueError(f"the shape of {tensor.name} is not known")
    return count


def _per_input(each: int) -> Callable[[Operation], int]:
    return lambda op: each * _size(op.inputs[0])


def _per_output(op: Operation) -> int:
    return _size(op.outputs[0])


def _reduction(finish: int, each: int = 1) -> Callable[[Operation], int]:
    return lambda op: each * _size(op.inputs[0]) + (finish - each) * _size(op.outputs[0])


def _window(op: Operation) -> int:
    return math.prod(op.attrs["ksize"])


def _pool(op: Operation) -> int:
    return _window(op) * _size(op.outputs[0])


def _avg_pool_grad(op: Operation) -> int:
    return _window(op) * _size(op.inputs[1]) * 2


def _max_pool_grad(op: Operation) -> int:
    return _window(op) * _size(op.inputs[1]) + _size(op.inputs[0])


def _matmul(op: Operation) -> int:
    rows, columns = op.inputs[0].shape.as_list()[-2:]
    adjoint = op.attrs.get("transpose_a") or op.attrs.get("adj_x")
    return 2 * int(rows if adjoint else columns) * _size(op.outputs[0])


def _conv(op: Operation) -> int:
    filter_shape = op.inputs[1].shape.as_list()
    return 2 * math.prod(filter_shape[:-1]) * _size(op.outputs[0])


def _depthwise(op: Operation) -> int:
    return 2 * math.prod(op.inputs[1].shape.as_list()[:2]) * _size(op.outputs[0])


def _backprop_input(op: Operation) -> int:
    filter_shape, strides = op.inputs[1].shape.as_list(), op.attrs["strides"]
    return 2 * math.prod(filter_shape[:2]) * filter_shape[3] * _size(op.outputs[0]) // math.prod(
        strides
    )  # fmt: skip


def _backprop_filter(op: Operation) -> int:
    return 2 * math.prod(op.outputs[0].shape.as_list()[:2]) * op.inputs[0].shape.as_list()[3] * (
        _size(op.inputs[2])
    )  # fmt: skip


_UNARY = "Reciprocal Square Log Neg AssignSub AssignAdd"
_BINARY = (
    "Add AddV2 Sub Mul RealDiv Maximum Minimum Pow RsqrtGrad GreaterEqual Greater LessEqual Less "
    "Equal NotEqual SquaredDifference"
)
_COUNTS: dict[str, Callable[[Operation], int]] = {
    **dict.fromkeys(_UNARY.split(), _per_input(1)),
    **dict.fromkeys(_BINARY.split(), _per_output),
    "Rsqrt": _per_input(2),
    "L2Loss": lambda op: 3 * _size(op.inputs[0]) - 1,
    "Softmax": _per_input(5),
    "Mean": _reduction(1),
    **dict.fromkeys(("Sum", "ArgMax", "ArgMin", "BiasAddGrad"), _reduction(0)),
    **dict.fromkeys(("AvgPool", "MaxPool"), _pool),
    "AvgPoolGrad": _avg_pool_grad,
    "MaxPoolGrad": _max_pool_grad,
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _matmul),
    **dict.fromkeys(("Conv2D", "Conv3D"), _conv),
    "DepthwiseConv2dNative": _depthwise,
    "Dilation2D": lambda op: 2 * math.prod(op.inputs[1].shape.as_list()[:2]) * _size(op.outputs[0]),
    "Conv2DBackpropInput": _backprop_input,
    "Conv2DBackpropFilter": _backprop_filter,
    "BiasAdd": _per_input(1),
    "AddN": lambda op: (len(op.inputs) - 1) * _size(op.inputs[0]),
}


def float_operations(op: Operation) -> int:
    """Multiplications, additions and the like; 0 for ops that are not counted."""
    count: Any = _COUNTS.get(op.type)
    if count is None:
        return 0
    try:
        return int(count(op))
    except (ValueError, TypeError):
        return 0
