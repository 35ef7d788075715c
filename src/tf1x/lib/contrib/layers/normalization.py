"""Normalisation of each example by itself: layer, instance and group normalisation, unit length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float16
from tf1x.lib.contrib.framework.arg_scope import add_arg_scope
from tf1x.lib.contrib.layers import common
from tf1x.lib.initializers import Ones, Zeros
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, elementary, math, reduce
from tf1x.ops.array_moves import Tile, concat
from tf1x.ops.math_functions import divide
from tf1x.ops.moments import batch_normalization, moments

Function = Callable[..., Any]


def _beta_and_gamma(
    center: bool,
    scale: bool,
    shape: Any,
    dtype: Any,
    variables_collections: Any,
    trainable: bool,
    initializers: Any = None,
    wide: Any = None,
) -> list[Any]:
    """The two parameters (None for one that is not wanted), in the shape `wide` if that is given."""
    found = []
    for name, wanted, default in (("beta", center, Zeros), ("gamma", scale, Ones)):
        if not wanted:
            found.append(None)
            continue
        initializer = (initializers or {}).get(name, default())
        made = common.parameter(
            name, shape, dtype, initializer, variables_collections, trainable=trainable
        )
        found.append(made if wide is None else array.reshape(made, wide))
    return found


@add_arg_scope
def layer_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    activation_fn: Function | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,
) -> Any:
    """Normalise each example over its dimensions from `begin_norm_axis` on (Ba et al., 2016).

    Args:
        center, scale: whether there are `beta` (added) and `gamma` (a factor), of the shape of
            the dimensions from `begin_params_axis` on.
        scope: of the variables; by default `LayerNorm`, made unique.

    Raises:
        ValueError: unknown rank or dimensions of the parameters, or axes beyond the rank.
    """
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = convert.to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        if begin_norm_axis < 0:
            begin_norm_axis += rank
        if begin_params_axis >= rank or begin_norm_axis >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({begin_norm_axis}) "
                f"must be < rank(inputs) ({rank})"
            )
        shape = inputs.shape[begin_params_axis:]
        if not shape.is_fully_defined():
            raise ValueError(
                f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: "
                f"{inputs.shape}"
            )
        dtype = inputs.dtype.base_dtype
        beta, gamma = _beta_and_gamma(center, scale, shape, dtype, variables_collections, trainable)
        mean, variance = moments(inputs, list(range(begin_norm_axis, rank)), keepdims=True)
        epsilon = 1e-3 if dtype == float16 else 1e-12
        outputs = batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        outputs.set_shape(inputs.shape)
        return common.activated(outputs, activation_fn, outputs_collections, sc.name)


@add_arg_scope
def instance_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Function | None = None,
    param_initializers: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Any:
    """Normalise each channel of each example by itself (Ulyanov et al., 2016).

    Args:
        center, scale: whether there are `beta` (added) and `gamma` (a factor).
        param_initializers: a dict "beta", "gamma" to initializers.
        scope: of the variables; by default `InstanceNorm`, made unique.

    Raises:
        ValueError: unknown rank or channels, or another `data_format`.
    """
    inputs = convert.to_tensor(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    common.check_data_format(data_format)
    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        axis = 1 if data_format == "NCHW" else rank - 1
        shape = inputs.shape[axis : axis + 1]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        wide = [1, *shape.as_list(), *[1] * (rank - 2)] if data_format == "NCHW" else None
        beta, gamma = _beta_and_gamma(
            center, scale, shape, inputs.dtype.base_dtype, variables_collections, trainable,
            param_initializers, wide,
        )  # fmt: skip
        axes = [a for a in range(1, rank) if a != axis]
        mean, variance = moments(inputs, axes, keepdims=True)
        outputs = batch_normalization(
            inputs, mean, variance, beta, gamma, epsilon, name="instancenorm"
        )
        return common.activated(outputs, activation_fn, outputs_collections, sc.name)


@add_arg_scope
def group_norm(
    inputs: Any,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Any = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Function | None = None,
    param_initializers: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    mean_close_to_zero: bool = False,
) -> Any:
    """Normalise groups of channels together (Wu and He, 2018).

    Args:
        groups: into how many the channels are divided.
        reduction_axes: the other dimensions over which the statistics are taken.
        center, scale: whether there are `beta` (added) and `gamma` (a factor), one a channel.
        mean_close_to_zero: compute the variance from the mean square, which loses precision where
            the mean is large.
        scope: of the variables; by default `GroupNorm`, made unique.

    Raises:
        ValueError: unknown rank or dimensions, axes out of range or not distinct, or channels
            that `groups` does not divide.
    """
    inputs = convert.to_tensor(inputs)
    original_shape = array.shape(inputs)
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if channels_axis > rank - 1:
        raise ValueError("Axis is out of bounds.")
    channels_axis %= rank
    sizes = inputs.shape.as_list()
    channels = sizes[channels_axis]
    if channels is None:
        raise ValueError(f"Inputs {inputs.name} has undefined channel dimension: {channels_axis}.")
    axes = [axis + rank if axis < 0 else axis for axis in reduction_axes]
    for axis in axes:
        if axis >= rank:
            raise ValueError("Axis is out of bounds.")
        if sizes[axis] is None:
            raise ValueError(f"Inputs {inputs.name} has undefined dimensions {axis}.")
        if axis == channels_axis:
            raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels.")
    if channels % groups:
        raise ValueError(f"{channels} channels is not commensurate with {groups} groups.")
    split = [groups, channels // groups]
    before, after = list(range(channels_axis)), list(range(channels_axis + 1, rank))
    grouped = array.reshape(
        inputs, [*[original_shape[i] for i in before], *split, *[original_shape[i] for i in after]]
    )
    grouped.set_shape([*sizes[:channels_axis], *split, *sizes[channels_axis + 1 :]])
    wide = [*[1 for _ in before], *split, *[1 for _ in after]]
    over = [channels_axis + 1, *[a + 1 if a > channels_axis else a for a in axes]]
    with variable_scope(scope, "GroupNorm", [grouped], reuse=reuse) as sc:
        beta, gamma = _beta_and_gamma(
            center, scale, [channels], grouped.dtype.base_dtype, variables_collections,
            trainable, param_initializers, wide,
        )  # fmt: skip
        mean, variance = _group_moments(grouped, over, mean_close_to_zero)
        gain = elementary.Rsqrt(variance + epsilon)
        offset = -mean * gain
        if gamma is not None:
            gain, offset = gain * gamma, offset * gamma
        if beta is not None:
            offset = offset + beta
        outputs = array.reshape(grouped * gain + offset, original_shape)
        outputs.set_shape(inputs.shape)
        return common.activated(outputs, activation_fn, outputs_collections, sc.name)


def _group_moments(inputs: Any, axes: list[int], mean_close_to_zero: bool) -> tuple[Any, Any]:
    if not mean_close_to_zero:
        return moments(inputs, axes, keepdims=True)
    mean = reduce.reduce_mean(inputs, axes, True)
    return mean, reduce.reduce_mean(elementary.Square(inputs), axes, True) - elementary.Square(mean)


@add_arg_scope
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: Any = None) -> Any:
    """Vectors along dimension `dim`, divided by their length.

    Raises:
        ValueError: the rank is unknown, or there is no such dimension.
    """
    with variable_scope(scope, "UnitNorm", [inputs]):
        inputs = convert.to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("The input rank must be known.")
        if not 0 <= dim < rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        squares = reduce.reduce_sum(elementary.Square(inputs), dim, True)
        lengths = elementary.Sqrt(epsilon + squares)
        size = array.shape(inputs)[dim : dim + 1]
        multiples = concat([[1] * dim, size, [1] * (rank - 1 - dim)], 0)
        return divide(inputs, Tile(lengths, multiples))


def poincare_normalize(
    x: Any, axis: Any = 1, epsilon: float = 1e-5, name: str | None = None
) -> Any:
    """Vectors along `axis`, shortened to the length 1 - `epsilon` where they are longer."""
    with scopes.name_scope(name, "poincare_normalize", [x]) as own:
        x = convert.to_tensor(x, name="x")
        inverse = elementary.Rsqrt(reduce.reduce_sum(elementary.Square(x), axis, True))
        return math.Mul(x, math.Minimum((1.0 - epsilon) * inverse, 1.0), name=own)
