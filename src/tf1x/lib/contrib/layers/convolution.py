"""Convolutions: of one to three dimensions, transposed, separable, and in each plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert
from tf1x.lib.contrib.framework.arg_scope import add_arg_scope
from tf1x.lib.contrib.layers import common, utils
from tf1x.lib.initializers import Zeros
from tf1x.lib.layers import convolutional as layers
from tf1x.lib.regularizers import xavier_initializer
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import nn
from tf1x.ops.array_moves import Tile
from tf1x.ops.nn_functions import bias_add

Function = Callable[..., Any]

_KINDS = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}
_FORMATS = (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")


def _finish(
    layer: Any,
    outputs: Any,
    variables_collections: Any,
    normalizer_fn: Function | None,
    normalizer_params: Any,
    activation_fn: Function | None,
    outputs_collections: Any,
    alias: str,
) -> Any:
    """What follows a layer of `tf.layers`: collections, normaliser, activation."""
    if layer.bias is not None:
        common.add_to_collections(layer.bias, variables_collections, "biases")
    outputs = common.normalized(outputs, normalizer_fn, normalizer_params)
    return common.activated(outputs, activation_fn, outputs_collections, alias)


@add_arg_scope
def convolution(
    inputs: Any,
    num_outputs: int,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: Any = 1,
    activation_fn: Function | None = nn.Relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008
    weights_regularizer: Any = None,
    biases_initializer: Any = Zeros(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    conv_dims: int | None = None,
) -> Any:
    """A convolution over all dimensions but the first (batch) and that of the channels.

    Args:
        kernel_size, stride, rate (dilation): an int, or one for each dimension.
        data_format: None or "N...C" for channels last, "NC..." for channels first.
        activation_fn: by default relu; None for none.
        normalizer_fn: used in place of biases, called with `normalizer_params`.
        biases_initializer: None for no biases.
        variables_collections: collections for all variables, or a dict "weights"/"biases" to them.
        outputs_collections: collections for the result.
        scope: of the variables `weights` and `biases`; by default `Conv`, made unique.
        conv_dims: the number of dimensions that the inputs must have for it.

    Raises:
        ValueError: a `data_format` or rank that is not supported.
    """
    if data_format not in _FORMATS:
        raise ValueError(f"Invalid data_format: {data_format!r}")
    getter = common.variable_getter(bias="biases", kernel="weights")
    with variable_scope(scope, "Conv", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = convert.to_tensor(inputs)
        rank = inputs.shape.ndims
        if conv_dims is not None and conv_dims + 2 != rank:
            raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
        if rank is None or rank - 2 not in _KINDS:
            raise ValueError("Convolution not supported for input with rank", rank)
        layer = _KINDS[rank - 2](
            filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
            data_format=common.layer_data_format(data_format), dilation_rate=rate,
            activation=None, use_bias=not normalizer_fn and biases_initializer,
            kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            trainable=trainable, name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc,
            _reuse=reuse,
        )  # fmt: skip
        outputs = layer.apply(inputs)
        common.add_to_collections(layer.kernel, variables_collections, "weights")
        return _finish(
            layer, outputs, variables_collections, normalizer_fn, normalizer_params,
            activation_fn, outputs_collections, sc.name,
        )  # fmt: skip


def _of_dimension(name: int, dims: int | None) -> Function:
    def function(
        inputs: Any,
        num_outputs: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: str = "SAME",
        data_format: str | None = None,
        rate: Any = 1,
        activation_fn: Function | None = nn.Relu,
        normalizer_fn: Function | None = None,
        normalizer_params: Any = None,
        weights_initializer: Any = xavier_initializer(),  # noqa: B008
        weights_regularizer: Any = None,
        biases_initializer: Any = Zeros(),  # noqa: B008
        biases_regularizer: Any = None,
        reuse: Any = None,
        variables_collections: Any = None,
        outputs_collections: Any = None,
        trainable: bool = True,
        scope: Any = None,
    ) -> Any:
        return convolution(
            inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn,
            normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
            biases_initializer, biases_regularizer, reuse, variables_collections,
            outputs_collections, trainable, scope, conv_dims=dims,
        )  # fmt: skip

    function.__name__ = function.__qualname__ = f"convolution{name}d"
    of = f"rank {dims + 2}" if dims else "any rank, as TensorFlow 1.0 to 1.3 had it"
    function.__doc__ = f"`convolution` of inputs of {of}."
    return add_arg_scope(function)


convolution1d = conv1d = _of_dimension(1, 1)
convolution2d = conv2d = _of_dimension(2, None)
convolution3d = conv3d = _of_dimension(3, 3)


def _transposed(
    name: str, layer_class: Function, default: str, formats: tuple[str, ...]
) -> Function:
    def function(
        inputs: Any,
        num_outputs: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: str = "SAME",
        data_format: str = formats[0],
        activation_fn: Function | None = nn.Relu,
        normalizer_fn: Function | None = None,
        normalizer_params: Any = None,
        weights_initializer: Any = xavier_initializer(),  # noqa: B008
        weights_regularizer: Any = None,
        biases_initializer: Any = Zeros(),  # noqa: B008
        biases_regularizer: Any = None,
        reuse: Any = None,
        variables_collections: Any = None,
        outputs_collections: Any = None,
        trainable: bool = True,
        scope: Any = None,
    ) -> Any:
        getter = common.variable_getter(bias="biases", kernel="weights")
        with variable_scope(scope, default, [inputs], reuse=reuse, custom_getter=getter) as sc:
            common.check_data_format(data_format, formats)
            inputs = convert.to_tensor(inputs)
            layer = layer_class(
                filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
                data_format=common.layer_data_format(data_format), activation=None,
                use_bias=not normalizer_fn and biases_initializer,
                kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
                kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
                trainable=trainable, name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc,
                _reuse=reuse,
            )  # fmt: skip
            outputs = layer.apply(inputs)
            common.add_to_collections(layer.kernel, variables_collections, "weights")
            return _finish(
                layer, outputs, variables_collections, normalizer_fn, normalizer_params,
                activation_fn, outputs_collections, sc.name,
            )  # fmt: skip

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"A transposed convolution; the arguments are those of `convolution`, without `rate`, and "
        f"`data_format` is {' or '.join(formats)}. The default scope is `{default}`."
    )
    return add_arg_scope(function)


convolution2d_transpose = conv2d_transpose = _transposed(
    "convolution2d_transpose", layers.Conv2DTranspose, "Conv2d_transpose", common.NHWC
)
convolution3d_transpose = conv3d_transpose = _transposed(
    "convolution3d_transpose", layers.Conv3DTranspose, "Conv3d_transpose", common.NDHWC
)


@add_arg_scope
def convolution2d_in_plane(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    activation_fn: Function | None = nn.Relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008
    weights_regularizer: Any = None,
    biases_initializer: Any = Zeros(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """The same convolution of each channel by itself, with one kernel [height, width, 1, 1].

    The arguments are those of `convolution`; the default scope is `ConvInPlane`.
    """
    with variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        inputs = convert.to_tensor(inputs)
        channels = utils.last_dimension(inputs.shape, min_rank=4)
        weights = common.parameter(
            "weights", [*utils.two_element_tuple(kernel_size), 1, 1], inputs.dtype.base_dtype,
            weights_initializer, variables_collections, regularizer=weights_regularizer,
            trainable=trainable,
        )  # fmt: skip
        return _depthwise(
            inputs, Tile(weights, [1, 1, channels, 1]), channels, stride, padding, 1, "NHWC",
            (biases_initializer, biases_regularizer, trainable), variables_collections,
            normalizer_fn, normalizer_params, activation_fn, outputs_collections, sc.name,
        )  # fmt: skip


conv2d_in_plane = convolution2d_in_plane


def _depthwise(
    inputs: Any,
    weights: Any,
    num_outputs: int,
    stride: Any,
    padding: str,
    rate: Any,
    data_format: str,
    biases_options: tuple[Any, Any, bool],
    variables_collections: Any,
    normalizer_fn: Function | None,
    normalizer_params: Any,
    activation_fn: Function | None,
    outputs_collections: Any,
    alias: str,
) -> Any:
    """A depthwise convolution and what follows a layer."""
    from tf1x.ops.conv_depthwise import depthwise_conv2d

    steps = utils.two_element_tuple(stride)
    strides = [1, 1, *steps] if data_format == "NCHW" else [1, *steps, 1]
    rates = utils.two_element_tuple(rate)
    outputs = depthwise_conv2d(
        inputs, weights, strides, padding, rate=rates, data_format=data_format
    )
    initializer, regularizer, trainable = biases_options
    if normalizer_fn is None and initializer is not None:
        biases = common.parameter(
            "biases", [num_outputs], inputs.dtype.base_dtype, initializer, variables_collections,
            regularizer=regularizer, trainable=trainable,
        )  # fmt: skip
        outputs = bias_add(outputs, biases, data_format=data_format)
    outputs = common.normalized(outputs, normalizer_fn, normalizer_params)
    return common.activated(outputs, activation_fn, outputs_collections, alias)


@add_arg_scope
def separable_convolution2d(
    inputs: Any,
    num_outputs: int | None,
    kernel_size: Any,
    depth_multiplier: int = 1,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: Any = 1,
    activation_fn: Function | None = nn.Relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Any = None,
    weights_initializer: Any = xavier_initializer(),  # noqa: B008
    pointwise_initializer: Any = None,
    weights_regularizer: Any = None,
    biases_initializer: Any = Zeros(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """A convolution of each channel by itself, then one of size 1 that mixes the channels.

    Args:
        num_outputs: None for no second convolution.
        depth_multiplier: outputs of the first for each channel.
        pointwise_initializer: of `pointwise_weights`; by default `weights_initializer`, which is
            that of `depthwise_weights`.
        stride, rate: at most one of them above 1.

    The other arguments are those of `convolution`; the default scope is `SeparableConv2d`.
    """
    common.check_data_format(data_format)
    getter = common.variable_getter(
        bias="biases",
        depthwise_kernel="depthwise_weights",
        pointwise_kernel="pointwise_weights",
    )
    with variable_scope(
        scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=getter
    ) as sc:
        inputs = convert.to_tensor(inputs)
        layout = common.layer_data_format(data_format)
        if num_outputs is None:
            channels = utils.channel_dimension(inputs.shape, layout, min_rank=4)
            collections = utils.get_variable_collections(variables_collections, "weights")
            weights = common.parameter(
                "depthwise_weights",
                [*utils.two_element_tuple(kernel_size), channels, depth_multiplier],
                inputs.dtype.base_dtype, weights_initializer, collections,
                regularizer=weights_regularizer, trainable=trainable,
            )  # fmt: skip
            return _depthwise(
                inputs, weights, channels * depth_multiplier, stride, padding, rate, data_format,
                (biases_initializer, biases_regularizer, trainable), variables_collections,
                normalizer_fn, normalizer_params, activation_fn, outputs_collections, sc.name,
            )  # fmt: skip
        layer = layers.SeparableConv2D(
            filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
            data_format=layout, dilation_rate=utils.two_element_tuple(rate), activation=None,
            depth_multiplier=depth_multiplier,
            use_bias=not normalizer_fn and biases_initializer,
            depthwise_initializer=weights_initializer,
            pointwise_initializer=pointwise_initializer or weights_initializer,
            bias_initializer=biases_initializer, depthwise_regularizer=weights_regularizer,
            pointwise_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            trainable=trainable, name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc,
            _reuse=reuse,
        )  # fmt: skip
        outputs = layer.apply(inputs)
        for kernel in (layer.depthwise_kernel, layer.pointwise_kernel):
            common.add_to_collections(kernel, variables_collections, "weights")
        return _finish(
            layer, outputs, variables_collections, normalizer_fn, normalizer_params,
            activation_fn, outputs_collections, sc.name,
        )  # fmt: skip


separable_conv2d = separable_convolution2d
