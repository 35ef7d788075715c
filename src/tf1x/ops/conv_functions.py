"""The convolutions of `tf.nn`: over one, two and three dimensions, transposed and dilated."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import export, renamed
from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.ops import array, array_blocks, array_moves, conv
from tf1x.ops.conv_blocks import by_blocks, channels_last, padding_attrs

_FORMATS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


# -- arguments -------------------------------------------------------------------------------------


def _for_all(value: Any, count: int, channels_last: bool, what: str) -> list[Any]:
    """A number for each dimension from one number, one a spatial dimension, or one a dimension."""
    if value is None:
        return [1] * (count + 2)
    given = list(value) if np.ndim(value) else [value]
    if len(given) == count + 2:
        return given
    if len(given) == 1:
        given *= count
    if len(given) != count:
        raise ValueError(
            f"{what} should be of length 1, {count} or {count + 2}. "
            f"Received: {what}={given} of length {len(given)}"
        )
    return [1, *given, 1] if channels_last else [1, 1, *given]


# -- over two dimensions ---------------------------------------------------------------------------


@export("nn.conv2d")
@renamed(filters="filter")
def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str | None = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The convolution (cross-correlation) of images with a filter.

    Args:
        input: (batch, height, width, channels), with data_format "NCHW" (batch, channels, height,
            width).
        filter: (height, width, channels in, channels out).
        strides, dilations: one number, two (height, width), or four.
        padding: "SAME", "VALID", or (before, after) for each of the four dimensions.
        use_cudnn_on_gpu: accepted.
    """
    last = channels_last(data_format)
    return conv.Conv2D(
        input,
        filter,
        strides=_for_all(strides, 2, last, "strides"),
        **padding_attrs(padding),
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        data_format=data_format or "NHWC",
        dilations=_for_all(dilations, 2, last, "dilations"),
        name=name,
    )


@export("nn.conv2d_backprop_input")
@renamed(filters="filter")
def conv2d_backprop_input(
    input_sizes: Any,
    filter: Any = None,
    out_backprop: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of `conv2d` for its input, of shape `input_sizes`."""
    return conv.Conv2DBackpropInput(
        input_sizes,
        filter,
        out_backprop,
        strides=strides,
        **padding_attrs(padding),
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


@export("nn.conv2d_backprop_filter")
def conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The gradient of `conv2d` for its filter, of shape `filter_sizes`."""
    return conv.Conv2DBackpropFilter(
        input,
        filter_sizes,
        out_backprop,
        strides=strides,
        **padding_attrs(padding),
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


@export("nn.conv2d_transpose", "nn.deconv2d")
@renamed(input="value", filters="filter")
def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: str | None = "NHWC",
    name: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of `conv2d`, which makes images larger.

    Args:
        value: (batch, height, width, channels in).
        filter: (height, width, channels out, channels in).
        output_shape: the four sizes of the result.
        strides, padding, data_format, dilations: those of the `conv2d` that leads back.
    """
    with scopes.name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as scope:
        last = channels_last(data_format)
        return conv.Conv2DBackpropInput(
            output_shape,
            filter,
            value,
            strides=_for_all(strides, 2, last, "strides"),
            **padding_attrs(padding),
            data_format=data_format or "NHWC",
            dilations=_for_all(dilations, 2, last, "dilations"),
            name=scope,
        )


# -- over one dimension ----------------------------------------------------------------------------


def _one_dimension(data_format: str | None, short: bool = False) -> tuple[str, int]:
    """The format of images of height 1, and where their height stands."""
    if data_format in (None, "NWC") or (data_format == "NHWC" and not short):
        return "NHWC", 1
    if data_format == "NCW" or (data_format == "NCHW" and not short):
        return "NCHW", 2
    raise ValueError(f"`data_format` must be 'NWC' or 'NCW'. Received: data_format={data_format}")


@export("nn.conv1d")
@renamed(input="value")
def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: bool | None = None,
    data_format: str | None = None,
    name: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """The convolution of sequences: `conv2d` with height 1.

    Args:
        value: (batch, width, channels), with data_format "NCW" (batch, channels, width).
        filters: (width, channels in, channels out).
        stride, dilations: a number.
    """
    with scopes.name_scope(name, "conv1d", [value, filters]) as scope:
        layout, height = _one_dimension(data_format)
        steps = [1, *_for_all(stride, 1, height == 1, "stride")]
        gaps = [1, *_for_all(dilations, 1, height == 1, "dilations")]
        images = array.expand_dims(value, height if height == 1 else -2)
        filters = array.expand_dims(filters, 0)
        result = conv.Conv2D(
            images,
            filters,
            strides=steps,
            padding=padding,
            use_cudnn_on_gpu=True if use_cudnn_on_gpu is None else use_cudnn_on_gpu,
            data_format=layout,
            dilations=gaps,
            name=scope,
        )
        return array.squeeze(result, [-3 if height == 1 else -2])


@export("nn.conv1d_transpose")
def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: str = "SAME",
    data_format: str | None = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of `conv1d`: `filters` is (width, channels out, channels in)."""
    with scopes.name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as scope:
        layout, height = _one_dimension(data_format, short=True)
        steps = [1, *_for_all(strides, 1, height == 1, "stride")]
        gaps = [1, *_for_all(dilations, 1, height == 1, "dilations")]
        images = array.expand_dims(input, height)
        filters = array.expand_dims(filters, 0)
        shape = output_shape if isinstance(output_shape, Tensor) else list(output_shape)
        shape = array_moves.concat([shape[:height], [1], shape[height:]], 0)
        result = conv.Conv2DBackpropInput(
            shape,
            filters,
            images,
            strides=steps,
            padding=padding,
            data_format=layout,
            dilations=gaps,
            name=scope,
        )
        return array.squeeze(result, height)


# -- over three dimensions -------------------------------------------------------------------------


@export("nn.conv3d")
@renamed(filters="filter")
def conv3d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    data_format: str = "NDHWC",
    dilations: Any = (1, 1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """The convolution of volumes (batch, depth, height, width, channels) with a filter.

    Args:
        filter: (depth, height, width, channels in, channels out).
        strides, dilations: five numbers.
        padding: "SAME" or "VALID".
        data_format: "NDHWC", or "NCDHW" for channels second.
    """
    return conv.Conv3D(
        input,
        filter,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


@export("nn.conv3d_transpose")
@renamed(input="value", filters="filter")
def conv3d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: str = "SAME",
    data_format: str | None = "NDHWC",
    name: str | None = None,
    dilations: Any = None,
) -> Tensor:
    """The transpose of `conv3d`, which makes volumes larger; see `conv2d_transpose`."""
    with scopes.name_scope(name, "conv3d_transpose", [value, filter, output_shape]) as scope:
        last = channels_last(data_format)
        return conv.Conv3DBackpropInputV2(
            output_shape,
            filter,
            value,
            strides=_for_all(strides, 3, last, "strides"),
            padding=padding,
            data_format=data_format or "NDHWC",
            dilations=_for_all(dilations, 3, last, "dilations"),
            name=scope,
        )


@export("nn.conv_transpose")
def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """The transpose of `convolution` over as many dimensions as `output_shape` says."""
    with scopes.name_scope(name, "conv_transpose", [input, filters, output_shape]) as scope:
        if isinstance(output_shape, Tensor):
            count = output_shape.shape.as_list()[0] - 2
        else:
            count = len(output_shape) - 2
        transposes = {1: conv1d_transpose, 2: conv2d_transpose, 3: conv3d_transpose}
        if count not in transposes:
            raise ValueError(
                f"`output_shape` must be of length 3, 4 or 5. Received: output_shape={output_shape}"
            )
        return transposes[count](
            input,
            filters,
            output_shape,
            strides,
            padding=padding,
            data_format=data_format,
            dilations=dilations,
            name=scope,
        )


# -- over any number of dimensions -----------------------------------------------------------------


@export("nn.convolution")
@renamed(filters="filter", dilations="dilation_rate")
def convolution(
    input: Any,
    filter: Any = None,
    padding: Any = None,
    strides: Any = None,
    dilation_rate: Any = None,
    name: str | None = None,
    data_format: str | None = None,
) -> Tensor:
    """The convolution over one, two or three dimensions, as the filter's rank says.

    Args:
        input: (batch, sizes, channels), with a data_format beginning with "NC" channels second.
        filter: (sizes, channels in, channels out).
        padding: "SAME" or "VALID".
        strides, dilation_rate: one number, or one a spatial dimension; at most one of the two
            arguments above 1.
    """
    if not hasattr(filter, "get_shape"):
        with scopes.name_scope("convolution_internal"):
            filter = convert.to_tensor(filter, name="filters")
    if not hasattr(input, "get_shape"):
        with scopes.name_scope("convolution_internal"):
            input = convert.to_tensor(input, name="input")
    shape = TensorShape(filter.shape)
    rank = shape.ndims or input.shape.ndims
    if rank is None:
        raise ValueError("convolution: the rank of `input` or of `filter` must be known.")
    count = rank - 2
    if count not in _FORMATS:
        raise ValueError(
            f"`num_spatial_dims` must be 1, 2, or 3. Received: num_spatial_dims={count}."
        )
    last = channels_last(data_format)
    gaps = _for_all(dilation_rate, count, last, "dilations")
    steps = _for_all(strides, count, last, "strides")
    with scopes.name_scope(name, "convolution", [input, filter]) as scope:
        if max(gaps) == 1:
            return _undilated(input, filter, steps, padding, data_format, scope)
        return _dilated(input, filter, steps, gaps, padding, data_format, scope)


def _undilated(
    input: Any, filter: Any, strides: list[Any], padding: Any, data_format: Any, name: str
) -> Tensor:
    """The convolution over as many dimensions as there are strides, less two."""
    function = {3: conv1d, 4: conv2d, 5: conv3d}[len(strides)]
    layout = data_format or _FORMATS[len(strides) - 2][0]
    return function(input, filter, strides, padding, data_format=layout, name=name)


def _dilated(
    input: Tensor,
    filter: Any,
    strides: list[Any],
    rates: list[Any],
    padding: Any,
    data_format: str | None,
    name: str,
) -> Tensor:
    last = channels_last(data_format)
    spatial = slice(1, -1) if last else slice(2, None)
    shape = TensorShape(filter.shape)
    if max(strides) > 1:
        raise ValueError(
            f"`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
            f"Received: strides={strides[spatial]} and dilation_rate={rates[spatial]}"
        )
    channels = input.shape.as_list()[-1 if last else 1] if input.shape.ndims is not None else None
    depth = shape.as_list()[-2] if shape.ndims is not None else None
    if channels is not None and depth and channels % depth:
        raise ValueError(
            f"The number of input channels is not divisible by the corresponding number of output "
            f"filters. Received: input.shape={input.shape} and filters.shape={shape}"
        )

    def op(images: Tensor, count: int, padding: Any) -> Tensor:
        return _undilated(images, filter, strides, padding, data_format, name)

    return by_blocks(
        input, rates[spatial], padding, op, shape, None, data_format, lambda: array.shape(filter)
    )


@export("nn.atrous_conv2d")
def atrous_conv2d(
    value: Any, filters: Any, rate: int, padding: Any, name: str | None = None
) -> Tensor:
    """`conv2d` whose windows take every `rate`-th pixel."""
    return convolution(value, filters, padding, dilation_rate=[rate, rate], name=name)


@export("nn.atrous_conv2d_transpose")
def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: str, name: str | None = None
) -> Tensor:
    """The transpose of `atrous_conv2d`: `filters` is (height, width, channels out, channels in)."""
    with scopes.name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]):
        value = convert.to_tensor(value, name="value")
        filters = convert.to_tensor(filters, name="filters")
        if not value.shape.as_list()[3:] or filters.shape.ndims != 4:
            raise ValueError("atrous_conv2d_transpose: `value` and `filters` must be of rank 4.")
        if rate < 1:
            raise ValueError(f"`rate` must be a positive integer. Received: rate={rate}")
        if rate == 1:
            return conv2d_transpose(value, filters, output_shape, [1, 1, 1, 1], padding)
        given = convert.to_tensor(output_shape, name="output_shape")
        if not given.shape.is_compatible_with([4]):
            raise ValueError(f"`output_shape` must have shape (4,). Received: {given.shape}")
        sizes = output_shape if isinstance(output_shape, Tensor) else list(output_shape)
        before, after = _transpose_margins(filters, rate, padding)
        whole = [sizes[1 + i] + before[i] + after[i] for i in range(2)]
        extra = [(rate - size % rate) % rate for size in whole]
        value = array_blocks.space_to_batch(value, [[0, extra[0]], [0, extra[1]]], rate)
        inner = [(size + more) // rate for size, more in zip(whole, extra, strict=True)]
        value = conv.Conv2DBackpropInput(
            [rate * rate * sizes[0], *inner, sizes[3]],
            filters,
            value,
            strides=[1, 1, 1, 1],
            padding="VALID",
        )
        crops = [[before[i], after[i] + extra[i]] for i in range(2)]
        return array_blocks.batch_to_space(value, crops, rate)


def _transpose_margins(filters: Tensor, rate: int, padding: str) -> tuple[list[Any], list[Any]]:
    """How far the windows of `padding` reach before and after the image."""
    if padding == "VALID":
        return [0, 0], [0, 0]
    if padding != "SAME":
        raise ValueError(f"`padding` must be either 'VALID' or 'SAME'. Received: padding={padding}")
    known = filters.shape.is_fully_defined()
    kernel = filters.shape.as_list() if known else array.shape(filters)
    sizes = [kernel[0], kernel[1]]
    margins = [size + (size - 1) * (rate - 1) - 1 for size in sizes]
    before = [margin // 2 for margin in margins]
    return before, [m - b for m, b in zip(margins, before, strict=True)]
