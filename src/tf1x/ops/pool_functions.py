"""The pooling functions of `tf.nn`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tf1x.api import export, renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import int64
from tf1x.core.operation import Tensor
from tf1x.ops import array, pool
from tf1x.ops.conv_blocks import with_space_to_batch


def per_dimension(value: Any, spatial: int, data_format: str | None, name: str) -> list[int]:
    """Sizes along all dimensions, from one number, one a spatial dimension, or all of them.

    Raises:
        ValueError: another number of sizes.
    """
    if value is None:
        return [1] * (spatial + 2)
    sizes = list(value) if hasattr(value, "__len__") else [value]
    if len(sizes) == spatial + 2:
        return sizes
    if len(sizes) == 1:
        sizes *= spatial
    elif len(sizes) != spatial:
        raise ValueError(
            f"{name} should be of length 1, {spatial} or {spatial + 2}. "
            f"Received: {name}={value} of length {len(sizes)}"
        )
    return [1, 1, *sizes] if (data_format or "").startswith("NC") else [1, *sizes, 1]


def _explicit(padding: Any, rank: int) -> tuple[str, list[int]]:
    """The attributes `padding` and `explicit_paddings` from a name or (before, after) pairs."""
    if isinstance(padding, (str, bytes)):
        if padding in ("EXPLICIT", b"EXPLICIT"):
            raise ValueError(
                "'EXPLICIT' is not a valid value for `padding`. To use explicit padding, "
                "`padding` must be a list."
            )
        return padding, []  # type: ignore[return-value]
    widths = [list(pair) for pair in padding]
    if len(widths) != rank or any(len(pair) != 2 for pair in widths):
        raise ValueError(f"When padding is a list, it must be of shape [{rank}, 2]. Got: {padding}")
    if not any(map(any, widths)):
        return "VALID", []
    return "EXPLICIT", [int(width) for pair in widths for width in pair]


def _max_pool_2d(
    value: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None, name: str
) -> Tensor:
    data_format = data_format or "NHWC"
    sizes = per_dimension(ksize, 2, data_format, "ksize")
    if 0 in sizes:
        raise ValueError(f"`ksize` cannot be zero. Received: ksize={ksize}")
    kind, widths = _explicit(padding, 4)
    pooled: Tensor = pool.MaxPool(
        value,
        ksize=sizes,
        strides=per_dimension(strides, 2, data_format, "strides"),
        padding=kind,
        explicit_paddings=widths,
        data_format=data_format,
        name=name,
    )
    return pooled


@export("nn.max_pool")
@renamed(input="value")
def max_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    name: str | None = None,
) -> Tensor:
    """The maximum of each window of a batch of images.

    Args:
        value: of shape (batch, height, width, channels), or with `data_format="NCHW"`
            (batch, channels, height, width), which runs on every device here.
        ksize, strides: the windows' size and distance: an int, two, or one a dimension.
        padding: "VALID" (windows inside only), "SAME" (ceil(size / stride) windows), or a list of
            (before, after) for each dimension.

    Raises:
        ValueError: sizes that do not fit.
    """
    with scopes.name_scope(name, "MaxPool", [value]) as scope:
        return _max_pool_2d(value, ksize, strides, padding, data_format, scope)


@export("nn.max_pool2d")
def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    name: str | None = None,
) -> Tensor:
    """As `tf.nn.max_pool`, under TensorFlow 2's name."""
    with scopes.name_scope(name, "MaxPool2d", [input]) as scope:
        return _max_pool_2d(input, ksize, strides, padding, data_format, scope)


def _in_rows(
    node: Any,
    input: Any,
    ksize: Any,
    strides: Any,
    data_format: str | None,
    name: str,
    **attrs: Any,
) -> Tensor:
    """A 2-D pooling op on sequences, which count as images of height 1."""
    first = (data_format or "NWC").startswith("NC")
    axis = 2 if first else 1
    pooled = node(
        array.expand_dims(input, axis),
        ksize=[1, *per_dimension(ksize, 1, data_format, "ksize")],
        strides=[1, *per_dimension(strides, 1, data_format, "strides")],
        data_format="NCHW" if first else "NHWC",
        name=name,
        **attrs,
    )
    return array.squeeze(pooled, axis)


@export("nn.max_pool1d")
def max_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NWC",
    name: str | None = None,
) -> Tensor:
    """The maximum of each window of a batch of sequences: (batch, width, channels), or "NCW"."""
    with scopes.name_scope(name, "MaxPool1d", [input]) as scope:
        kind, widths = _explicit(padding, 3)
        widths = [0, 0, *widths] if widths else []
        return _in_rows(
            pool.MaxPool, input, ksize, strides, data_format, scope, padding=kind, explicit_paddings=widths
        )  # fmt: skip


@export("nn.avg_pool1d")
def avg_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of a batch of sequences: (batch, width, channels), or "NCW"."""
    with scopes.name_scope(name, "AvgPool1D", [input]) as scope:
        return _in_rows(pool.AvgPool, input, ksize, strides, data_format, scope, padding=padding)


@export("nn.avg_pool", "nn.avg_pool2d")
@renamed(input="value")
def avg_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NHWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of a batch of images, over the window's cells inside the image.

    The arguments are those of `tf.nn.max_pool`; `padding` is "VALID" or "SAME".
    """
    with scopes.name_scope(name, "AvgPool", [value]) as scope:
        return _pooled(pool.AvgPool, value, ksize, strides, padding, data_format or "NHWC", scope)


@export("nn.max_pool3d")
def max_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The maximum of each window of a batch of volumes: (batch, depth, height, width, channels)."""
    with scopes.name_scope(name, "MaxPool3D", [input]) as scope:
        return _pooled(
            pool.MaxPool3D, input, ksize, strides, padding, data_format or "NDHWC", scope
        )


@export("nn.avg_pool3d")
def avg_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = "NDHWC",
    name: str | None = None,
) -> Tensor:
    """The mean of each window of a batch of volumes, over the window's cells inside the volume."""
    with scopes.name_scope(name, "AvgPool3D", [input]) as scope:
        return _pooled(
            pool.AvgPool3D, input, ksize, strides, padding, data_format or "NDHWC", scope
        )


def _pooled(
    node: Any,
    value: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str,
    name: str | None,
) -> Tensor:
    spatial = len(data_format) - 2
    pooled: Tensor = node(
        value,
        ksize=per_dimension(ksize, spatial, data_format, "ksize"),
        strides=per_dimension(strides, spatial, data_format, "strides"),
        padding=padding,
        data_format=data_format,
        name=name,
    )
    return pooled


def _spatial_rank(input: Tensor, data_format: str | None) -> int:
    rank = input.shape.ndims
    if rank is None and data_format is None:
        raise ValueError("`input` must have a static shape or `data_format` must be given.")
    spatial = (rank or len(data_format or "")) - 2
    if not 1 <= spatial <= 3:
        raise ValueError(f"`input.shape.rank` must be 3, 4 or 5, not {spatial + 2}.")
    return spatial


@export("nn.max_pool_v2")
def max_pool_v2(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """`max_pool1d`, `max_pool2d` or `max_pool3d`, by the rank of `input`."""
    input = convert.to_tensor(input)
    spatial = _spatial_rank(input, data_format)
    if spatial == 3:
        return _pooled(pool.MaxPool3D, input, ksize, strides, padding, data_format or "NDHWC", name)
    function = max_pool1d if spatial == 1 else max_pool2d
    return function(input, ksize, strides, padding, data_format, name)


@export("nn.avg_pool_v2")
def avg_pool_v2(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str | None = None,
    name: str | None = None,
) -> Tensor:
    """`avg_pool1d`, `avg_pool2d` or `avg_pool3d`, by the rank of `input`."""
    input = convert.to_tensor(input)
    spatial = _spatial_rank(input, data_format)
    if spatial == 1:
        return avg_pool1d(input, ksize, strides, padding, data_format, name)
    node, default = (pool.AvgPool, "NHWC") if spatial == 2 else (pool.AvgPool3D, "NDHWC")
    return _pooled(node, input, ksize, strides, padding, data_format or default, name)


@export("nn.max_pool_with_argmax")
@renamed(output_dtype="Targmax")
def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    Targmax: Any = None,
    name: str | None = None,
    include_batch_in_index: bool = False,
) -> Any:
    """The maximum of each window of a batch of images, and where the first one stands.

    Args:
        Targmax: the type of the indices, tf.int64 (default) or tf.int32 (`output_dtype` too).
        include_batch_in_index: count indices through the whole batch, not from each image's start.

    Returns:
        `(output, argmax)`; an index is (row * width + column) * channels + channel.
    """
    if data_format != "NHWC":
        raise ValueError(
            f"`data_format` values other  than 'NHWC' are not supported. Received: {data_format}"
        )
    return pool.MaxPoolWithArgmax(
        input,
        ksize=per_dimension(ksize, 2, data_format, "ksize"),
        strides=per_dimension(strides, 2, data_format, "strides"),
        padding=padding,
        Targmax=Targmax or int64,
        include_batch_in_index=include_batch_in_index,
        name=name,
    )


_BY_KIND = {
    ("MAX", 1): max_pool,
    ("MAX", 2): max_pool,
    ("MAX", 3): max_pool3d,
    ("AVG", 1): avg_pool,
    ("AVG", 2): avg_pool,
    ("AVG", 3): avg_pool3d,
}


@export("nn.pool")
@renamed(dilations="dilation_rate")
def pool_nd(
    input: Any,
    window_shape: Sequence[int],
    pooling_type: str,
    padding: str = "VALID",
    dilation_rate: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
    name: str | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Pooling of sequences, images or volumes: one entry of `window_shape` a spatial dimension.

    Args:
        pooling_type: "MAX" or "AVG".
        padding: "SAME" or "VALID".
        dilation_rate: distance between the elements of a window; excludes strides.
        strides: distance between windows, 1 by default.

    Raises:
        ValueError: arguments that do not fit together.
    """
    with scopes.name_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        value = convert.to_tensor(input, name="input")
        spatial = len(window_shape)
        if (pooling_type, spatial) not in _BY_KIND:
            raise ValueError(f"{spatial}-D {pooling_type} pooling is not supported.")
        value.shape.with_rank(spatial + 2)
        steps = np.asarray([1] * spatial if strides is None else strides)
        rates = np.asarray([1] * spatial if dilation_rate is None else dilation_rate)
        for what, given in (("strides", steps), ("dilation_rate", rates)):
            if given.shape != (spatial,) or (given < 1).any():
                raise ValueError(f"{what} must be {spatial} positive numbers, not {given.tolist()}")
        if (steps > 1).any() and (rates > 1).any():
            raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1.")
        if padding == "SAME" and (rates > 1).any():
            raise ValueError(
                "pooling with 'SAME' padding is not implemented for `dilation_rate` > 1."
            )
        if (steps > np.asarray(window_shape)).any():
            raise ValueError(
                f"`strides` > `window_shape` not supported. Received: strides={steps.tolist()} and "
                f"window_shape={list(window_shape)}"
            )
        axis = 2 if (data_format or "").startswith("NC") else 1

        def pooled(x: Tensor, _: int, padding: str) -> Tensor:
            sizes, distances, layout = list(window_shape), steps.tolist(), data_format
            if spatial == 1:
                x = array.expand_dims(x, axis)
                sizes, distances = [1, *sizes], [1, *distances]
                layout = "NHWC" if axis == 1 else "NCHW"
            function = _BY_KIND[pooling_type, spatial]
            result = function(x, sizes, distances, padding, name=scope, data_format=layout)
            return array.squeeze(result, [axis]) if spatial == 1 else result

        return with_space_to_batch(
            value, rates, padding, pooled, window_shape, range(axis, axis + spatial)
        )
