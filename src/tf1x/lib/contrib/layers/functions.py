"""Layers with few variables or none: dropout, bias, one-hot codes, shapes, softmax, maxout, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int32, int64
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.contrib.framework.arg_scope import add_arg_scope
from tf1x.lib.contrib.layers import common, utils
from tf1x.lib.custom_gradient import custom_gradient
from tf1x.lib.initializers import Constant, Ones, Zeros
from tf1x.lib.layers import core
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, math, reduce
from tf1x.ops.array_broadcast import meshgrid
from tf1x.ops.array_gather import gather_nd
from tf1x.ops.array_moves import concat, transpose
from tf1x.ops.array_select import one_hot, where
from tf1x.ops.math_functions import LinSpace
from tf1x.ops.nn_functions import bias_add as add_bias
from tf1x.ops.nn_functions import softmax as softmax_function

Function = Callable[..., Any]


@add_arg_scope
def bias_add(
    inputs: Any,
    activation_fn: Function | None = None,
    initializer: Any = Zeros(),  # noqa: B008
    regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Any:
    """Add a variable `biases` along the channels; the default scope is `BiasAdd`.

    Raises:
        ValueError: unknown rank or channels, another `data_format`, or NCHW with a rank other
            than 4.
    """
    common.check_data_format(data_format)
    with variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        inputs = convert.to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("Dims of shape must be known but is None")
        if rank != 4 and data_format == "NCHW":
            raise ValueError("Data format NCHW only supports 4D Tensor")
        channels = inputs.shape.as_list()[1 if data_format == "NCHW" else -1]
        if channels is None:
            raise ValueError("`C` dimension must be known but is None")
        biases = common.parameter(
            "biases", [channels], inputs.dtype.base_dtype, initializer, variables_collections,
            regularizer=regularizer, trainable=trainable,
        )  # fmt: skip
        outputs = add_bias(inputs, biases, data_format=data_format)
        return common.activated(outputs, activation_fn, outputs_collections, sc.name)


@add_arg_scope
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: int | None = None,
) -> Any:
    """`tf.nn.dropout` in training, the inputs otherwise.

    Args:
        is_training: a Python bool or a scalar tensor.
    """
    getter = common.variable_getter()
    with variable_scope(scope, "Dropout", [inputs], custom_getter=getter) as sc:
        inputs = convert.to_tensor(inputs)
        layer = core.Dropout(
            rate=1 - keep_prob, noise_shape=noise_shape, seed=seed, name=sc.name, _scope=sc
        )
        outputs = layer.apply(inputs, training=is_training)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


# -- shapes ----------------------------------------------------------------------------------------


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Any:
    """All dimensions but the first as one."""
    with scopes.name_scope(scope, "Flatten", [inputs]) as sc:
        outputs = core.flatten(convert.to_tensor(inputs))
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def images_to_sequence(
    inputs: Any,
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """[images, height, width, depth] as sequences [width, images * height, depth]."""
    common.check_data_format(data_format)
    with scopes.name_scope(scope, "ImagesToSequence", [inputs]) as sc:
        inputs = convert.to_tensor(inputs)
        if data_format == "NCHW":
            inputs = transpose(inputs, [0, 2, 3, 1])
        width, depth = inputs.shape.as_list()[2:]
        shape = array.shape(inputs)
        moved = transpose(inputs, [2, 0, 1, 3])
        outputs = array.reshape(moved, [width, shape[0] * shape[1], depth])
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def sequence_to_images(
    inputs: Any,
    height: int,
    output_data_format: str = "channels_last",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """Sequences [width, images * height, depth] as images, the reverse of `images_to_sequence`."""
    with scopes.name_scope(scope, "SequenceToImages", [inputs]) as sc:
        inputs = convert.to_tensor(inputs)
        width, rows, depth = inputs.shape.as_list()
        images = -1 if rows is None else rows // height
        lines = array.reshape(inputs, [width, images, height, depth])
        order = [1, 3, 2, 0] if output_data_format == "channels_first" else [1, 2, 0, 3]
        return utils.collect_named_outputs(outputs_collections, sc, transpose(lines, order))


# -- values ----------------------------------------------------------------------------------------


@add_arg_scope
def one_hot_encoding(
    labels: Any,
    num_classes: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """`on_value` at each label and `off_value` elsewhere, in a new last dimension."""
    with scopes.name_scope(scope, "OneHotEncoding", [labels, num_classes]) as sc:
        labels = convert.to_tensor(labels)
        if labels.dtype == int32:
            labels = math.cast(labels, int64, name="ToInt64")
        outputs = one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def dense_to_sparse(
    tensor: Any, eos_token: int = 0, outputs_collections: Any = None, scope: Any = None
) -> Any:
    """A sparse tensor of the elements that differ from `eos_token`."""
    with variable_scope(scope, "dense_to_sparse", [tensor]) as sc:
        tensor = convert.to_tensor(tensor)
        indices = where(math.NotEqual(tensor, convert.constant(eos_token, tensor.dtype)))
        shape = array.shape(tensor, out_type=int64)
        outputs = SparseTensor(indices, gather_nd(tensor, indices), shape)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def softmax(logits: Any, scope: Any = None) -> Any:
    """Softmax over the last dimension, whose size must be known.

    Raises:
        ValueError: it is not, or the rank is below 2.
    """
    with variable_scope(scope, "softmax", [logits]):
        logits = convert.to_tensor(logits)
        rows = array.reshape(logits, [-1, utils.last_dimension(logits.shape, min_rank=2)])
        predictions = array.reshape(softmax_function(rows), array.shape(logits))
        predictions.set_shape(logits.shape)
        return predictions


@add_arg_scope
def spatial_softmax(
    features: Any,
    temperature: Any = None,
    name: str | None = None,
    variables_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
) -> Any:
    """The expected position of each channel's maximum (Finn et al., 2015).

    Args:
        features: images, of a known number of channels.
        temperature: the start of the variable `temperature`, which divides the features; by
            default 1.

    Returns:
        [batch, 2 * channels]: for each channel its position along the height and the width, each
        from -1 to 1.

    Raises:
        ValueError: another `data_format`, or the number of channels is unknown.
    """
    common.check_data_format(data_format)
    with variable_scope(name, "spatial_softmax"):
        features = convert.to_tensor(features)
        first = data_format == "NCHW"
        channels = features.shape.as_list()[1 if first else 3]
        if channels is None:
            raise ValueError(
                "The num_channels dimension of the inputs to `spatial_softmax` should be defined. "
                "Found `None`."
            )
        shape = array.shape(features)
        height, width = (shape[2], shape[3]) if first else (shape[1], shape[2])
        with scopes.name_scope("spatial_softmax_op", "spatial_softmax_op", [features]):
            rows, columns = LinSpace(-1.0, 1.0, height), LinSpace(-1.0, 1.0, width)
            positions = [
                array.reshape(grid, [height * width])
                for grid in meshgrid(rows, columns, indexing="ij")
            ]
            factor = common.parameter(
                "temperature", (), float32,
                Ones() if temperature is None else Constant(temperature),
                variables_collections if trainable else None, trainable=trainable,
            )  # fmt: skip
            planes = features if first else transpose(features, [0, 3, 1, 2])
            attention = softmax_function(array.reshape(planes, [-1, height * width]) / factor)
            expected = [reduce.reduce_sum(p * attention, [1], True) for p in positions]
            return array.reshape(concat(expected, 1), [-1, channels * 2])


@add_arg_scope
def maxout(inputs: Any, num_units: int, axis: int = -1, scope: Any = None) -> Any:
    """The largest of each group of features along `axis`, `num_units` groups (Goodfellow, 2013).

    Raises:
        ValueError: `num_units` does not divide the number of features.
    """
    with variable_scope(scope, "MaxOut", [inputs]):
        inputs = convert.to_tensor(inputs)
        shape: list[Any] = inputs.shape.as_list()
        features = shape[axis]
        if features % num_units:
            raise ValueError(
                f"number of features({features}) is not a multiple of num_units({num_units})"
            )
        shape[axis] = num_units
        static = list(shape)
        shape.append(features // num_units)
        dims = [array.shape(inputs)[i] if d is None else d for i, d in enumerate(shape)]
        outputs = reduce.reduce_max(array.reshape(inputs, dims), -1)
        outputs.set_shape(static)
        return outputs


def scale_gradient(inputs: Any, gradient_multiplier: Any) -> Any:
    """`inputs`; its gradient is multiplied by `gradient_multiplier`, which gets none."""

    @custom_gradient
    def identity(x: Any, multiplier: Any) -> Any:
        return array.identity(x), lambda grad: (grad * multiplier, None)

    return identity(inputs, gradient_multiplier)
