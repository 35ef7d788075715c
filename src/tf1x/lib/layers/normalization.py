"""`tf.layers.batch_normalization`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype, bfloat16, float16, float32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.layers import utils
from tf1x.lib.layers.base import Layer
from tf1x.lib.layers.input_spec import InputSpec
from tf1x.lib.variable_functions import assign, assign_sub
from tf1x.lib.variables import VariableAggregation, VariableSynchronization
from tf1x.ops import array, elementary, moments, nn, normalization, reduce
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import concat

_FUSED_FORMATS = {(1, 4): "NCHW", (3, 4): "NHWC", (1, 5): "NCDHW", (4, 5): "NDHWC"}


class BatchNormalization(Layer):
    """Inputs brought to mean 0 and variance 1 over all axes but `axis`, then scaled and shifted.

    In training with the batch's own moments, else with their moving averages. The ops that update
    the averages join `GraphKeys.UPDATE_OPS`; the program must run them with its training step.

    Args:
        axis: the axis (or axes) whose elements are normalised each by itself; the channels.
        momentum: of the moving averages.
        epsilon: added to the variance.
        center, scale: whether there are the variables `beta` (added) and `gamma` (multiplied).
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
            gamma_constraint: of those variables.
        moving_mean_initializer, moving_variance_initializer: of the averages.
        renorm, renorm_clipping, renorm_momentum: batch renormalisation, which corrects the batch's
            moments towards their averages; limits "rmin", "rmax" and "dmax" of the correction.
        fused: None or True to use the fused op where it applies: inputs of rank 4 or 5 with the
            channels first or last, and none of the options below. It updates the moving variance
            with the unbiased variance, the other way with the population's.
        virtual_batch_size: normalise parts of the batch of this size, each by itself.
        adjustment: a function of the inputs' shape that gives a scale and a bias for training.
        trainable, name: as those of `Layer`; of a layer that is not trainable no updates are kept.

    Raises (some when called):
        ValueError: axes that the inputs do not have or whose size is unknown; other keys in
            `renorm_clipping`; a virtual batch size that is not positive or together with
            `adjustment`.
        TypeError: an axis that is not an int.
    """

    def __init__(
        self,
        axis: Any = -1,
        momentum: Any = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: Any = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Any = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(
                f"Expected an int or a list/tuple of ints for the argument 'axis', but received: {axis!r}"
            )
        self.axis: Any = axis if isinstance(axis, int) else list(axis)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = utils.as_initializer(beta_initializer)
        self.gamma_initializer = utils.as_initializer(gamma_initializer)
        self.moving_mean_initializer = utils.as_initializer(moving_mean_initializer)
        self.moving_variance_initializer = utils.as_initializer(moving_variance_initializer)
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer
        self.beta_constraint = beta_constraint
        self.gamma_constraint = gamma_constraint
        self.renorm = renorm
        self.renorm_clipping = renorm_clipping or {}
        self.renorm_momentum = renorm_momentum
        self.fused = fused
        self.virtual_batch_size = virtual_batch_size
        self.adjustment = adjustment
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None
        if renorm and set(self.renorm_clipping) - {"rmax", "rmin", "dmax"}:
            raise ValueError(
                f"Received invalid keys for `renorm_clipping` argument: {renorm_clipping}. Supported values: "
                "['rmax', 'rmin', 'dmax']."
            )

    # -- variables -----------------------------------------------------------------------------

    @property
    def _param_dtype(self) -> Any:
        dtype = as_dtype(self.dtype or float32)
        return float32 if dtype in (float16, bfloat16) else dtype

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        rank = shape.ndims
        if rank is None:
            raise ValueError("Input has undefined rank.")
        self.axis = _axes(self.axis, rank)
        self._check_virtual_batch()
        self._data_format = self._fused_format(rank)
        self.fused = self._data_format is not None
        sizes = {axis: shape[axis].value for axis in self.axis}
        if None in sizes.values():
            raise ValueError(
                f"Input has undefined `axis` dimension. Received input with shape {shape.tuple} and "
                f"axis={tuple(self.axis)}"
            )
        self.input_spec = InputSpec(ndim=rank, axes=sizes)
        if len(sizes) == 1 and self.virtual_batch_size is None:
            self._param_shape = list(sizes.values())
        else:
            self._param_shape = [sizes.get(axis, 1) for axis in range(rank)]
        if self.virtual_batch_size is not None:
            self._param_shape.insert(1, 1)
            self.axis = [axis + 1 for axis in self.axis]
        if self.scale:
            self.gamma = self._parameter("gamma")
        if self.center:
            self.beta = self._parameter("beta")
        with self._without_partitioner():
            self._add_averages()
        self.built = True

    def _check_virtual_batch(self) -> None:
        size = self.virtual_batch_size
        if size is None:
            return
        if size <= 0:
            raise ValueError(
                "`virtual_batch_size` must be a positive integer that divides the true batch size of the "
                f"input tensor. Received: virtual_batch_size={size}"
            )
        if 0 in self.axis:
            raise ValueError(
                "When using `virtual_batch_size`, the batch dimension must be 0 and thus axis cannot include "
                f"0. Received axis={self.axis}"
            )
        if self.adjustment is not None:
            raise ValueError("When using `virtual_batch_size`, adjustment cannot be specified")

    def _fused_format(self, rank: int) -> str | None:
        """The layout for the fused op, or None where it does not apply or is not wanted."""
        special = self.renorm or self.virtual_batch_size is not None or self.adjustment is not None
        dtype = as_dtype(self.dtype or float32)
        if self.fused is False or special or dtype not in (float16, bfloat16, float32):
            return None
        return _FUSED_FORMATS.get((self.axis[0], rank)) if len(self.axis) == 1 else None

    def _parameter(self, name: str) -> Any:
        return self.add_weight(
            name,
            shape=self._param_shape,
            dtype=self._param_dtype,
            initializer=getattr(self, f"{name}_initializer"),
            regularizer=getattr(self, f"{name}_regularizer"),
            constraint=getattr(self, f"{name}_constraint"),
        )

    def _average(self, name: str, initializer: Any) -> Any:
        return self.add_weight(
            name,
            shape=self._param_shape,
            dtype=self._param_dtype,
            initializer=initializer,
            synchronization=VariableSynchronization.ON_READ,
            trainable=False,
            aggregation=VariableAggregation.MEAN,
        )

    def _add_averages(self) -> None:
        self.moving_mean = self._average("moving_mean", self.moving_mean_initializer)
        self.moving_variance = self._average("moving_variance", self.moving_variance_initializer)
        if self.renorm:
            self.moving_stddev = self._average("moving_stddev", self._initial_stddev)
            self.renorm_mean = self._average("renorm_mean", self.moving_mean_initializer)
            self.renorm_stddev = self._average("renorm_stddev", self._initial_stddev)

    def _initial_stddev(self, *args: Any, **kwargs: Any) -> Tensor:
        return elementary.Sqrt(self.moving_variance_initializer(*args, **kwargs))

    @contextmanager
    def _without_partitioner(self) -> Iterator[None]:
        """The averages are never in parts."""
        assert self._scope is not None
        partitioner = self._scope.partitioner
        self._scope.set_partitioner(None)
        try:
            yield
        finally:
            self._scope.set_partitioner(partitioner)

    # -- computing -----------------------------------------------------------------------------

    def call(self, inputs: Any, training: Any = False) -> Tensor:
        """The inputs normalised, by their own moments where `training`, a bool or a scalar tensor."""
        training = False if training is None else training
        inputs = math_ops.cast(inputs, as_dtype(self.dtype))
        if self._data_format is not None:
            return self._fused(inputs, training)
        if self.virtual_batch_size is None:
            return self._composed(inputs, training)
        whole = concat([array.constant([-1]), array.shape(inputs)[1:]], 0)
        parts = concat([array.constant([self.virtual_batch_size, -1]), whole[1:]], 0)
        return array.reshape(self._composed(array.reshape(inputs, parts), training), whole)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def _fused(self, inputs: Any, training: Any) -> Tensor:
        beta, gamma = self.beta, self.gamma
        if beta is None:
            beta = array.constant(0.0, self._param_dtype, self._param_shape)
        if gamma is None:
            gamma = array.constant(1.0, self._param_dtype, self._param_shape)

        def normalized(is_training: bool) -> Any:
            return normalization.fused_batch_norm(
                inputs,
                gamma,
                beta,
                mean=self.moving_mean,
                variance=self.moving_variance,
                epsilon=self.epsilon,
                is_training=is_training,
                data_format=self._data_format,
            )

        output, mean, variance = utils.smart_cond(
            training, lambda: normalized(True), lambda: normalized(False)
        )
        if utils.constant_value(training) is not False:
            momentum = convert.to_tensor(self._momentum(self.momentum, training))
            self.add_update(_moved(self.moving_mean, mean, momentum))
            self.add_update(_moved(self.moving_variance, variance, momentum))
        result: Tensor = output
        return result

    @staticmethod
    def _momentum(momentum: Any, training: Any) -> Any:
        """The momentum in training; else 1, with which nothing moves."""
        if utils.constant_value(training) is not None:
            return momentum
        return utils.smart_cond(
            training, lambda: convert.to_tensor(momentum), lambda: convert.to_tensor(1.0)
        )

    def _composed(self, inputs: Any, training: Any) -> Tensor:
        """Without the fused op."""
        given = inputs.dtype.base_dtype
        if given in (float16, bfloat16):
            inputs = math_ops.cast(inputs, float32)
        rank = inputs.shape.ndims
        axes = [axis for axis in range(rank) if axis not in self.axis]
        if self.virtual_batch_size is not None:
            del axes[1]  # the parts of the batch

        def spread(value: Any) -> Any:
            """A vector along the axis that is normalised."""
            if value is None or len(value.shape) == rank or axes == list(range(rank - 1)):
                return value
            sizes = [1] * rank
            sizes[self.axis[0]] = inputs.shape[self.axis[0]].value
            return array.reshape(value, sizes)

        scale, offset = spread(self.gamma), spread(self.beta)
        mean, variance = self.moving_mean, self.moving_variance
        if utils.constant_value(training) is not False:
            if self.adjustment:
                by, bias = self.adjustment(array.shape(inputs))
                by = utils.smart_cond(training, lambda: by, lambda: array.ones_like(by))
                bias = utils.smart_cond(training, lambda: bias, lambda: array.zeros_like(bias))
                scale, offset = _composition(by, bias, scale, offset)
            keep = self.virtual_batch_size is not None or len(self.axis) > 1
            mean, variance = moments.moments(
                math_ops.cast(inputs, self._param_dtype), axes, keepdims=keep
            )
            mean = utils.smart_cond(
                training, lambda: mean, lambda: convert.to_tensor(self.moving_mean)
            )
            variance = utils.smart_cond(
                training, lambda: variance, lambda: convert.to_tensor(self.moving_variance)
            )
            new_mean, new_variance = mean, variance
            if self.virtual_batch_size is not None:
                new_mean = reduce.reduce_mean(mean, axis=1, keepdims=True)
                new_variance = reduce.reduce_mean(variance, axis=1, keepdims=True)
            if self.renorm:
                r, d, new_mean, new_variance = self._renormalized(new_mean, new_variance, training)
                r = spread(array.StopGradient(r, name="renorm_r"))
                d = spread(array.StopGradient(d, name="renorm_d"))
                scale, offset = _composition(r, d, scale, offset)
            self._add_updates(new_mean, new_variance, training)
        outputs = moments.batch_normalization(
            inputs,
            *(
                None if v is None else math_ops.cast(v, inputs.dtype)
                for v in (spread(mean), spread(variance), offset, scale)
            ),
            self.epsilon,
        )
        outputs = math_ops.cast(outputs, given)
        outputs.set_shape(inputs.shape)
        return outputs

    def _add_updates(self, mean: Any, variance: Any, training: Any) -> None:
        momentum = self._momentum(self.momentum, training)
        self.add_update(_moved(self.moving_mean, mean, momentum))
        if not self.renorm:
            self.add_update(_moved(self.moving_variance, variance, momentum))
            return
        stddev = _moved(self.moving_stddev, elementary.Sqrt(variance + self.epsilon), momentum)
        moved = nn.Relu(stddev * stddev - self.epsilon)
        moved = utils.smart_cond(
            training, lambda: moved, lambda: convert.to_tensor(self.moving_variance)
        )
        with (
            scopes.name_scope("AssignNewValue") as scope,
            scopes.colocate_with(self.moving_variance),
        ):
            self.add_update(assign(self.moving_variance, moved, name=scope))

    def _renormalized(self, mean: Any, variance: Any, training: Any) -> tuple[Any, Any, Any, Any]:
        """The corrections r and d, and the moments, after which the averages have moved."""
        stddev = elementary.Sqrt(variance + self.epsilon)
        least = elementary.Sqrt(self._param_dtype.as_numpy_dtype(self.epsilon))
        average = math_ops.Maximum(self.renorm_stddev, least)
        r = stddev / average
        d = (mean - self.renorm_mean) / average
        with scopes.control_dependencies([r, d]):
            mean = array.identity(mean)
            stddev = array.identity(stddev)
        limits = self.renorm_clipping
        if limits.get("rmin") is not None:
            r = math_ops.Maximum(r, limits["rmin"])
        if limits.get("rmax") is not None:
            r = math_ops.Minimum(r, limits["rmax"])
        if limits.get("dmax") is not None:
            d = math_ops.Minimum(math_ops.Maximum(d, -limits["dmax"]), limits["dmax"])
        r = utils.smart_cond(training, lambda: r, lambda: array.ones_like(r))
        d = utils.smart_cond(training, lambda: d, lambda: array.zeros_like(d))
        momentum = self._momentum(self.renorm_momentum, training)
        moved = [
            _moved(self.renorm_mean, array.identity(mean), momentum),
            _moved(self.renorm_stddev, array.identity(stddev), momentum),
        ]
        with scopes.control_dependencies(moved):
            return r, d, array.identity(mean), array.identity(variance)


def _axes(axis: Any, rank: int) -> list[int]:
    """Axes as a list, counted from the front."""
    given = [axis] if isinstance(axis, int) else list(axis)
    axes = [a + rank if a < 0 else a for a in given]
    if any(a < 0 or a >= rank for a in axes):
        raise ValueError(
            f"Invalid value for `axis` argument. Expected 0 <= axis < inputs.rank (with inputs.rank={rank}). Received: axis={tuple(given)}"
        )
    if len(set(axes)) != len(axes):
        raise ValueError(f"Duplicate axis: {tuple(given)}")
    return axes


def _composition(scale: Any, offset: Any, then_scale: Any, then_offset: Any) -> tuple[Any, Any]:
    """One scaling and shifting after another, as one."""
    if then_scale is not None:
        scale, offset = scale * then_scale, offset * then_scale
    return scale, offset if then_offset is None else offset + then_offset


def _moved(variable: Any, value: Any, momentum: Any) -> Any:
    """`variable` moved towards `value` by the share `1 - momentum`; the assignment."""
    dtype = variable.dtype.base_dtype
    with scopes.name_scope("AssignMovingAvg") as scope, scopes.colocate_with(variable):
        decay = convert.to_tensor(1.0 - momentum, name="decay")
        delta = (variable - math_ops.cast(value, dtype)) * math_ops.cast(decay, dtype)
        return assign_sub(variable, delta, name=scope)


def batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: Any = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    beta_initializer: Any = "zeros",
    gamma_initializer: Any = "ones",
    moving_mean_initializer: Any = "zeros",
    moving_variance_initializer: Any = "ones",
    beta_regularizer: Any = None,
    gamma_regularizer: Any = None,
    beta_constraint: Any = None,
    gamma_constraint: Any = None,
    training: Any = False,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_momentum: Any = 0.99,
    fused: bool | None = None,
    virtual_batch_size: int | None = None,
    adjustment: Any = None,
) -> Tensor:
    """The inputs brought to mean 0 and variance 1, scaled and shifted; see `BatchNormalization`.

    Args:
        training: a bool or a scalar tensor of bools: whether to use the batch's own moments.
        reuse: whether to use the variables of an earlier layer of this name.

    Example:
        >>> h = tf.layers.batch_normalization(x, training=is_training)
        >>> with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        ...     train = tf.train.AdamOptimizer().minimize(loss)
    """
    layer = BatchNormalization(
        axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer, moving_mean_initializer,
        moving_variance_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint,
        renorm, renorm_clipping, renorm_momentum, fused, trainable, virtual_batch_size, adjustment, name,
        _scope=name, _reuse=reuse,
    )  # fmt: skip
    return layer(inputs, training=training)


# Names of TensorFlow 1.0.
BatchNorm = BatchNormalization
batch_norm = batch_normalization
