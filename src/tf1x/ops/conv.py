"""Convolution ops and their gradients: dense over two and three dimensions, and depthwise.

As in TensorFlow the gradients are ops themselves: those of the forward op, of `...BackpropInput`
and of `...BackpropFilter` are each built from the two others. Channels-first images, which
TensorFlow convolves on GPUs only, work everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import opdef
from tf1x.core.dtypes import FLOATS, INDICES, int32
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value_as_shape
from tf1x.ops import array, conv_arrays, xp
from tf1x.ops.conv_arrays import Geometry
from tf1x.ops.shape_rules import dims, with_rank
from tf1x.ops.windows import PADDINGS

_ATTRS = (
    "strides",
    "padding",
    "explicit_paddings",
    "data_format",
    "dilations",
    "use_cudnn_on_gpu",
)


def _geometry(op_type: str, attrs: dict[str, Any]) -> Geometry:
    paddings = PADDINGS if "explicit_paddings" in attrs else PADDINGS[:2]
    explicit = attrs.get("explicit_paddings", ())
    layout = (attrs["data_format"], attrs["dilations"])
    return Geometry.of(op_type, attrs["strides"], attrs["padding"], explicit, *layout, paddings)


# -- shapes ----------------------------------------------------------------------------------------


def _forward_shape(compute: Callable[..., Any]) -> Callable[[Operation], Any]:
    """The rule of a convolution whose result's shape `compute` gives."""

    def rule(op: Operation) -> Any:
        geometry = _geometry(op.type, op.attrs)
        rank = len(op.attrs["data_format"])
        return [compute(geometry, with_rank(dims(op, 0), rank), with_rank(dims(op, 1), rank))]

    return rule


def _sizes_shape(index: int) -> Callable[[Operation], Any]:
    """The rule of an op whose input `index` is the shape of its result."""

    def rule(op: Operation) -> Any:
        _geometry(op.type, op.attrs)
        rank = len(op.attrs["data_format"])
        return [with_rank(constant_value_as_shape(op.inputs[index]).tuple, rank)]

    return rule


# -- gradients -------------------------------------------------------------------------------------


class _Family:
    """A convolution and its two transposes, which are each other's gradients."""

    def __init__(self, forward: str, to_input: str, to_filter: str, shapes_apart: bool) -> None:
        self._types = forward, to_input, to_filter
        self._shapes_apart = shapes_apart

    def _node(self, which: int, op: Operation, *inputs: Any) -> Any:
        attrs = {name: op.attrs[name] for name in _ATTRS if name in op.attrs}
        return opdef.get(self._types[which]).endpoint(*inputs, **attrs)

    def forward_gradient(self, op: Operation, grad: Tensor) -> list[Any]:
        x, w = op.inputs
        if self._shapes_apart:
            to_input = self._node(1, op, array.shape(x), w, grad)
            return [to_input, self._node(2, op, x, array.shape(w), grad)]
        sizes = array.ShapeN([x, w])
        return [self._node(1, op, sizes[0], w, grad), self._node(2, op, x, sizes[1], grad)]

    def input_gradient(self, op: Operation, grad: Tensor) -> list[Any]:
        _, w, g = op.inputs
        return [None, self._node(2, op, grad, array.shape(w), g), self._node(0, op, grad, w)]

    def filter_gradient(self, op: Operation, grad: Tensor) -> list[Any]:
        x, _, g = op.inputs
        return [self._node(1, op, array.shape(x), grad, g), None, self._node(0, op, x, grad)]


_CONV_2D = _Family("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", False)
_CONV_3D = _Family("Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2", False)
_DEPTHWISE = _Family(
    "DepthwiseConv2dNative",
    "DepthwiseConv2dNativeBackpropInput",
    "DepthwiseConv2dNativeBackpropFilter",
    True,
)


def _rule(
    to_input: Callable[..., Any], to_filter: Callable[..., Any]
) -> Callable[[Any, Any, Any, Any], list[Any]]:
    """The same gradients on values, for functions that are differentiated as a whole (loops)."""

    def rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
        (x, w), (g,) = inputs, cotangents
        geometry = _geometry("Convolution", attrs)
        return [to_input(geometry, x.shape, w, g), to_filter(geometry, x, w.shape, g)]

    return rule


# -- declarations ----------------------------------------------------------------------------------

_INPUT_SIGNATURE = "input_sizes: int32, filter: T, out_backprop: T -> output: T"
_FILTER_SIGNATURE = "input: T, filter_sizes: int32, out_backprop: T -> output: T"


def _sized_input(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda geometry, sizes, w, g: compute(geometry, xp.static_shape(sizes), w, g)


def _sized_filter(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda geometry, x, sizes, g: compute(geometry, x, xp.static_shape(sizes), g)


def images(
    name: str, signature: str, compute: Callable[..., Any], doc: str, **options: Any
) -> Callable[..., Any]:
    """Declare an op on images: `compute` takes its geometry and its inputs."""

    def lower(
        *inputs: Any,
        strides: list[int],
        padding: str,
        explicit_paddings: list[int] = (),  # type: ignore[assignment]
        data_format: str = "NHWC",
        dilations: list[int] = (1, 1, 1, 1),  # type: ignore[assignment]
    ) -> Any:
        layout = (data_format, dilations)
        return compute(Geometry.of(name, strides, padding, explicit_paddings, *layout), *inputs)

    lower.__doc__ = doc
    return op(signature, type=name, needs_jax=True, **options)(lower)


def volumes(
    name: str, signature: str, compute: Callable[..., Any], doc: str, **options: Any
) -> Callable[..., Any]:
    """Declare an op on volumes: `compute` takes its geometry and its inputs."""

    def lower(
        *inputs: Any,
        strides: list[int],
        padding: str,
        data_format: str = "NDHWC",
        dilations: list[int] = (1, 1, 1, 1, 1),  # type: ignore[assignment]
    ) -> Any:
        layout = (data_format, dilations, PADDINGS[:2])
        return compute(Geometry.of(name, strides, padding, (), *layout), *inputs)

    lower.__doc__ = doc
    return op(signature, type=name, T=FLOATS, needs_jax=True, **options)(lower)


_CUDNN = {"use_cudnn_on_gpu": ("bool", True)}

Conv2D = images(
    "Conv2D",
    "input: T, filter: T -> output: T",
    conv_arrays.convolve,
    """The convolution (cross-correlation) of images with a filter.

    Args:
        input: (batch, height, width, channels), or with data_format "NCHW" channels second.
        filter: (height, width, channels in, channels out). Where the images have a multiple of
            its input channels, they are convolved in as many groups.
        strides, dilations: for all four dimensions, 1 for batch and channels.
        padding: "VALID" (windows inside only), "SAME" (as many as there are strides in the image)
            or "EXPLICIT" with `explicit_paddings`, (before, after) for each dimension in one list.
    """,
    T=(*FLOATS, int32),
    shape=_forward_shape(conv_arrays.output_dims),
    grad=_CONV_2D.forward_gradient,
    vjp=_rule(conv_arrays.to_input, conv_arrays.to_filter),
    attrs=_CUDNN,
)
Conv2DBackpropInput = images(
    "Conv2DBackpropInput",
    _INPUT_SIGNATURE,
    _sized_input(conv_arrays.to_input),
    "The gradient of `Conv2D` for its input, whose shape is given; also the transposed convolution.",
    T=(*FLOATS, int32),
    shape=_sizes_shape(0),
    grad=_CONV_2D.input_gradient,
    attrs=_CUDNN,
)
Conv2DBackpropFilter = images(
    "Conv2DBackpropFilter",
    _FILTER_SIGNATURE,
    _sized_filter(conv_arrays.to_filter),
    "The gradient of `Conv2D` for its filter, whose shape is given.",
    T=FLOATS,
    shape=_sizes_shape(1),
    grad=_CONV_2D.filter_gradient,
    attrs=_CUDNN,
)
Conv3D = volumes(
    "Conv3D",
    "input: T, filter: T -> output: T",
    conv_arrays.convolve,
    """The convolution of volumes (batch, depth, height, width, channels) with a filter.

    With data_format "NCDHW" the channels are second. The filter is (depth, height, width, channels
    in, channels out); see `Conv2D` for the rest.
    """,
    shape=_forward_shape(conv_arrays.output_dims),
    grad=_CONV_3D.forward_gradient,
    vjp=_rule(conv_arrays.to_input, conv_arrays.to_filter),
)
Conv3DBackpropInputV2 = volumes(
    "Conv3DBackpropInputV2",
    "input_sizes: Tshape, filter: T, out_backprop: T -> output: T",
    _sized_input(conv_arrays.to_input),
    "The gradient of `Conv3D` for its input, whose shape is given; also the transposed convolution.",
    Tshape=(INDICES, int32),
    shape=_sizes_shape(0),
    grad=_CONV_3D.input_gradient,
)
Conv3DBackpropFilterV2 = volumes(
    "Conv3DBackpropFilterV2",
    _FILTER_SIGNATURE,
    _sized_filter(conv_arrays.to_filter),
    "The gradient of `Conv3D` for its filter, whose shape is given.",
    shape=_sizes_shape(1),
    grad=_CONV_3D.filter_gradient,
    export=("nn.conv3d_backprop_filter", "nn.conv3d_backprop_filter_v2"),
)
DepthwiseConv2dNative = images(
    "DepthwiseConv2dNative",
    "input: T, filter: T -> output: T",
    conv_arrays.depthwise,
    """Each channel of the images convolved with its own filters.

    `filter` is (height, width, channels, multiplier); the result has channels * multiplier
    channels, those of the first input channel first. See `Conv2D` for the attributes.
    """,
    T=FLOATS,
    shape=_forward_shape(conv_arrays.depthwise_dims),
    grad=_DEPTHWISE.forward_gradient,
    vjp=_rule(conv_arrays.depthwise_to_input, conv_arrays.depthwise_to_filter),
)
DepthwiseConv2dNativeBackpropInput = images(
    "DepthwiseConv2dNativeBackpropInput",
    _INPUT_SIGNATURE,
    _sized_input(conv_arrays.depthwise_to_input),
    "The gradient of `DepthwiseConv2dNative` for its input, whose shape is given.",
    T=FLOATS,
    shape=_sizes_shape(0),
    grad=_DEPTHWISE.input_gradient,
)
DepthwiseConv2dNativeBackpropFilter = images(
    "DepthwiseConv2dNativeBackpropFilter",
    _FILTER_SIGNATURE,
    _sized_filter(conv_arrays.depthwise_to_filter),
    "The gradient of `DepthwiseConv2dNative` for its filter, whose shape is given.",
    T=FLOATS,
    shape=_sizes_shape(1),
    grad=_DEPTHWISE.filter_gradient,
)
