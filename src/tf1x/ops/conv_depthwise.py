"""Depthwise and separable convolutions of images."""

from __future__ import annotations

from typing import Any

from tf1x.api import export, renamed
from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.ops import array, conv
from tf1x.ops.conv_blocks import padding_attrs, with_space_to_batch
from tf1x.ops.conv_functions import conv2d


@export("nn.depthwise_conv2d_native")
def depthwise_conv2d_native(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Each channel of images convolved with its own filters; see `depthwise_conv2d`."""
    return conv.DepthwiseConv2dNative(
        input,
        filter,
        strides=strides,
        **padding_attrs(padding),
        data_format=data_format or "NHWC",
        dilations=dilations,
        name=name,
    )


@export("nn.depthwise_conv2d_native_backprop_input", "nn.depthwise_conv2d_backprop_input")
def depthwise_conv2d_native_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of `depthwise_conv2d_native` for its input, of shape `input_sizes`."""
    return conv.DepthwiseConv2dNativeBackpropInput(
        input_sizes,
        filter,
        out_backprop,
        strides=strides,
        **padding_attrs(padding),
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


@export("nn.depthwise_conv2d_native_backprop_filter", "nn.depthwise_conv2d_backprop_filter")
def depthwise_conv2d_native_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of `depthwise_conv2d_native` for its filter, of shape `filter_sizes`."""
    return conv.DepthwiseConv2dNativeBackpropFilter(
        input,
        filter_sizes,
        out_backprop,
        strides=strides,
        **padding_attrs(padding),
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


@export("nn.depthwise_conv2d")
@renamed(dilations="rate", filters="filter")
def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Each channel of images convolved with its own filters.

    Args:
        input: (batch, height, width, channels), with data_format "NCHW" channels second.
        filter: (height, width, channels, multiplier).
        strides: four numbers.
        padding: "SAME", "VALID", or (before, after) for each of the four dimensions.
        rate: (height, width): every how manieth pixel a window takes; then all strides must be 1.

    Returns:
        Images with channels * multiplier channels, those of the first input channel first.
    """
    with scopes.name_scope(name, "depthwise", [input, filter]) as scope:
        input = convert.to_tensor(input, name="tensor_in")
        filter = convert.to_tensor(filter, name="filter_in")
        return _depthwise(input, filter, strides, padding, rate, data_format, scope)


def _depthwise(
    input: Tensor,
    filter: Tensor,
    strides: Any,
    padding: Any,
    rate: Any,
    data_format: Any,
    name: str,
) -> Tensor:
    def op(images: Tensor, _: int, padding: Any) -> Tensor:
        return depthwise_conv2d_native(images, filter, strides, padding, data_format, name=name)

    return with_space_to_batch(
        input=input,
        filter_shape=array.shape(filter),
        dilation_rate=[1, 1] if rate is None else rate,
        padding=padding,
        data_format=data_format,
        op=op,
    )


@export("nn.separable_conv2d")
@renamed(dilations="rate")
def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
) -> Tensor:
    """`depthwise_conv2d`, then a convolution of size 1 that mixes the channels.

    Args:
        depthwise_filter: (height, width, channels, multiplier).
        pointwise_filter: (1, 1, channels * multiplier, channels out).
    """
    with scopes.name_scope(
        name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]
    ) as scope:
        input = convert.to_tensor(input, name="tensor_in")
        depthwise = convert.to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise = convert.to_tensor(pointwise_filter, name="pointwise_filter")
        pointwise.shape.assert_is_compatible_with([1, 1, None, None])
        images = _depthwise(input, depthwise, strides, padding, rate, data_format, "depthwise")
        return conv2d(images, pointwise, [1, 1, 1, 1], "VALID", data_format=data_format, name=scope)
