"""Pooling layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.lib.contrib.framework.arg_scope import add_arg_scope
from tf1x.lib.contrib.layers import common, utils
from tf1x.lib.layers import pooling as layers
from tf1x.ops.pool_functions import pool_nd


def _pooled(
    layer_class: Callable[..., Any],
    default: str,
    inputs: Any,
    kernel_size: Any,
    stride: Any,
    padding: str,
    data_format: str,
    outputs_collections: Any,
    scope: str | None,
) -> Any:
    with scopes.name_scope(scope, default, [inputs]) as sc:
        inputs = convert.to_tensor(inputs)
        layer = layer_class(
            pool_size=kernel_size, strides=stride, padding=padding,
            data_format=common.layer_data_format(data_format), _scope=sc,
        )  # fmt: skip
        return utils.collect_named_outputs(outputs_collections, sc, layer.apply(inputs))


@add_arg_scope
def max_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """The largest values of windows of images, a channel at a time.

    Args:
        kernel_size, stride: an int or a pair (height, width).
        data_format: "NHWC" or "NCHW".
    """
    common.check_data_format(data_format)
    return _pooled(
        layers.MaxPooling2D, "MaxPool2D", inputs, kernel_size, stride, padding, data_format,
        outputs_collections, scope,
    )  # fmt: skip


@add_arg_scope
def avg_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """The means of windows of images; the arguments are those of `max_pool2d`."""
    common.check_data_format(data_format)
    return _pooled(
        layers.AveragePooling2D, "AvgPool2D", inputs, kernel_size, stride, padding, data_format,
        outputs_collections, scope,
    )  # fmt: skip


@add_arg_scope
def max_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """The largest values of windows of volumes.

    Args:
        kernel_size, stride: an int or three of them (depth, height, width).
        data_format: "NDHWC" or "NCDHW".
    """
    common.check_data_format(data_format, common.NDHWC)
    return _pooled(
        layers.MaxPooling3D, "MaxPool3D", inputs, kernel_size, stride, padding, data_format,
        outputs_collections, scope,
    )  # fmt: skip


@add_arg_scope
def avg_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """The means of windows of volumes; the arguments are those of `max_pool3d`."""
    common.check_data_format(data_format, common.NDHWC)
    return _pooled(
        layers.AveragePooling3D, "AvgPool3D", inputs, kernel_size, stride, padding, data_format,
        outputs_collections, scope,
    )  # fmt: skip


@add_arg_scope
def pool(
    inputs: Any,
    kernel_size: Any,
    pooling_type: str,
    padding: str = "VALID",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    stride: Any = 1,
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Any:
    """`tf.nn.pool` of a tensor of known rank 3 to 5.

    Args:
        pooling_type: "AVG" or "MAX".

    Raises:
        ValueError: the rank is not known or too small.
    """
    with scopes.name_scope(scope, f"{pooling_type.lower()}_pool", [inputs]) as sc:
        inputs = convert.to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("Rank of inputs must be known")
        if rank < 3:
            raise ValueError("Rank of inputs must be >= 3")
        outputs = pool_nd(
            input=inputs, window_shape=utils.n_positive_integers(rank - 2, kernel_size),
            pooling_type=pooling_type, padding=padding, data_format=data_format,
            dilation_rate=utils.n_positive_integers(rank - 2, dilation_rate),
            strides=utils.n_positive_integers(rank - 2, stride), name=sc,
        )  # fmt: skip
        return utils.collect_named_outputs(outputs_collections, sc, outputs)
