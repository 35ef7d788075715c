"""Batch normalisation, updating its moving averages in the run's update ops or at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32
from tf1x.core.scopes import GraphKeys
from tf1x.core.shapes import TensorShape
from tf1x.lib.contrib.framework.arg_scope import add_arg_scope
from tf1x.lib.contrib.layers import common, utils
from tf1x.lib.initializers import Ones, Zeros
from tf1x.lib.layers.normalization import BatchNormalization
from tf1x.lib.train.moving_averages import assign_moving_average
from tf1x.lib.variable_scope import get_variable_scope, variable_scope
from tf1x.ops import array, moments
from tf1x.ops.normalization import fused_batch_norm

_INITIAL = {"beta": Zeros, "gamma": Ones, "moving_mean": Zeros, "moving_variance": Ones}


@add_arg_scope
def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Callable[[Any], Any] | None = None,
    param_initializers: Any = None,
    param_regularizers: Any = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> Any:
    """Normalise each channel over the other dimensions, by the batch's statistics in training.

    Args:
        decay: of the moving averages, which are used when not training.
        center, scale: whether there are `beta` (added) and `gamma` (a factor).
        param_initializers, param_regularizers: dicts "beta", "gamma", ("moving_mean",
            "moving_variance") to functions.
        updates_collections: collections of the updates, which the program must run; None to make
            the output depend on them.
        is_training: a Python bool or a scalar tensor.
        batch_weights: a weight for each row of the batch.
        fused: if false, the variance of the batch that goes into the average is not corrected
            for the sample size.
        zero_debias_moving_mean: correct the moving mean for its start at zero.
        scope: of the variables; by default `BatchNorm`, made unique.
        renorm, renorm_clipping, renorm_decay, adjustment: see `tf.layers.batch_normalization`.

    Raises:
        ValueError: unknown rank or channels, another `data_format`, or `renorm` together with
            `batch_weights`, `zero_debias_moving_mean` or other `updates_collections`.
    """
    common.check_data_format(data_format)
    inputs = convert.to_tensor(inputs)
    initializers = {name: make() for name, make in _INITIAL.items()} | (param_initializers or {})
    rank = inputs.shape.ndims
    plain = updates_collections == GraphKeys.UPDATE_OPS and not zero_debias_moving_mean
    fused = fused is None or fused
    can_fuse = batch_weights is None and not renorm and rank in (2, 4) and adjustment is None
    own = _Statistics(
        decay, epsilon, is_training, updates_collections, variables_collections, data_format,
        zero_debias_moving_mean, batch_weights,
    )  # fmt: skip
    if fused and can_fuse and (not plain or rank == 2):
        with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse) as sc:
            regularizers = param_regularizers or {}
            outputs = own.fused(inputs, center, scale, initializers, regularizers, trainable)
            return common.activated(outputs, activation_fn, outputs_collections, sc.name)
    getter = common.variable_getter()
    with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=getter) as sc:
        if batch_weights is not None or not plain:
            if renorm:
                raise ValueError(
                    "renorm is not supported with batch_weights, updates_collections or "
                    "zero_debias_moving_mean"
                )
            outputs = own.plain(inputs, center, scale, initializers, trainable)
            return common.activated(outputs, activation_fn, outputs_collections, sc.name)
        regularizers = param_regularizers or {}
        layer = BatchNormalization(
            axis=1 if data_format == "NCHW" else -1, momentum=decay, epsilon=epsilon,
            center=center, scale=scale, beta_regularizer=regularizers.get("beta"),
            gamma_regularizer=regularizers.get("gamma"), trainable=trainable, renorm=renorm,
            renorm_clipping=renorm_clipping, renorm_momentum=renorm_decay, adjustment=adjustment,
            name=sc.name, _scope=sc, _reuse=reuse, fused=fused,
            **{f"{name}_initializer": initializers[name] for name in _INITIAL},
        )  # fmt: skip
        outputs = layer.apply(inputs, training=is_training)
        for name in ("moving_mean", "moving_variance", "beta", "gamma"):
            variable = getattr(layer, name)
            if variable is not None:
                common.add_to_collections(variable, variables_collections, name)
        return common.activated(outputs, activation_fn, outputs_collections, sc.name)


class _Statistics:
    """Normalisation by moments that this module computes and averages itself."""

    def __init__(
        self,
        decay: float,
        epsilon: float,
        is_training: Any,
        updates_collections: Any,
        variables_collections: Any,
        data_format: str,
        zero_debias: bool,
        batch_weights: Any,
    ) -> None:
        self.decay = decay
        self.epsilon = epsilon
        self.is_training = is_training
        self.updates_collections = updates_collections
        self.variables_collections = variables_collections
        self.data_format = data_format
        self.zero_debias = zero_debias
        self.batch_weights = batch_weights

    def _parameters(
        self,
        shape: TensorShape,
        dtype: Any,
        used: dict[str, bool],
        initializers: Any,
        regularizers: Any,
        trainable: bool,
    ) -> tuple[Any, Any]:
        """`beta` and `gamma`, None for what is not used; and the moving averages."""
        made = {
            name: common.parameter(
                name, shape, dtype, initializers[name], self.variables_collections,
                regularizer=regularizers.get(name), trainable=trainable,
            )
            for name, wanted in used.items() if wanted
        }  # fmt: skip
        # Moving averages are not partitioned: their updates are made for whole variables.
        with variable_scope(get_variable_scope()) as unpartitioned:
            unpartitioned.set_partitioner(None)
            self.mean, self.variance = (
                common.parameter(
                    name, shape, dtype, initializers[name], self.variables_collections,
                    trainable=False,
                )
                for name in ("moving_mean", "moving_variance")
            )  # fmt: skip
        return made.get("beta"), made.get("gamma")

    def _updated(self, mean: Any, variance: Any) -> tuple[Any, Any]:
        return (
            assign_moving_average(self.mean, mean, self.decay, zero_debias=self.zero_debias),
            assign_moving_average(self.variance, variance, self.decay, zero_debias=False),
        )

    def _collect_updates(self, mean: Any, variance: Any) -> None:
        updates = utils.smart_cond(
            self.is_training,
            lambda: self._updated(mean, variance),
            lambda: (self.mean.value(), self.variance.value()),
        )
        for update in updates:
            scopes.add_to_collections(self.updates_collections, update)

    def _channels(self, inputs: Any) -> TensorShape:
        shape: TensorShape = inputs.shape
        channels: TensorShape = shape[1:2] if self.data_format == "NCHW" else shape[-1:]
        if not channels.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {channels}.")
        return channels

    def _may_train(self) -> bool:
        known = utils.constant_value(self.is_training)
        return known is None or bool(known)

    # -- by the fused op -----------------------------------------------------------------------

    def fused(
        self,
        original: Any,
        center: bool,
        scale: bool,
        initializers: Any,
        regularizers: Any,
        trainable: bool,
    ) -> Any:
        """Of rank 4, or of rank 2 as images of one pixel."""
        inputs = original
        if original.shape.ndims == 2:
            channels = utils.last_dimension(original.shape)
            wide = [-1, channels, 1, 1] if self.data_format == "NCHW" else [-1, 1, 1, channels]
            inputs = array.reshape(original, wide)
        shape = self._channels(inputs)
        beta, gamma = self._parameters(
            shape, float32, {"beta": center, "gamma": scale}, initializers, regularizers, trainable
        )
        beta = array.constant(0.0, float32, shape.as_list()) if beta is None else beta
        gamma = array.constant(1.0, float32, shape.as_list()) if gamma is None else gamma
        options = {"epsilon": self.epsilon, "data_format": self.data_format}
        outputs, mean, variance = utils.smart_cond(
            self.is_training,
            lambda: fused_batch_norm(inputs, gamma, beta, **options),
            lambda: fused_batch_norm(
                inputs, gamma, beta, mean=self.mean, variance=self.variance, is_training=False,
                **options,
            ),
        )  # fmt: skip
        if self._may_train():
            outputs = self._with_updates(outputs, mean, variance)
        outputs.set_shape(inputs.shape)
        if original.shape.ndims == 2:
            outputs = array.reshape(outputs, array.shape(original))
            outputs.set_shape(original.shape)
        return outputs

    def _with_updates(self, outputs: Any, mean: Any, variance: Any) -> Any:
        if self.updates_collections is not None:
            self._collect_updates(mean, variance)
            return outputs

        def after_updates() -> Any:
            with scopes.control_dependencies(self._updated(mean, variance)):
                return array.identity(outputs)

        return utils.smart_cond(self.is_training, after_updates, lambda: outputs)

    # -- by moments ----------------------------------------------------------------------------

    def plain(
        self, inputs: Any, center: bool, scale: bool, initializers: Any, trainable: bool
    ) -> Any:
        """Of any rank."""
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        shape = self._channels(inputs)
        # The regularizers are not used on this path, in TensorFlow either.
        beta, gamma = self._parameters(
            shape, inputs.dtype.base_dtype, {"beta": center, "gamma": scale}, initializers, {},
            trainable,
        )  # fmt: skip
        mean: Any = self.mean
        variance: Any = self.variance
        if self._may_train():
            mean, variance = self._training_moments(*self._moments(inputs))
        if self.data_format == "NCHW":
            wide = [1, shape.as_list()[0], *[1] * (rank - 2)]
            mean, variance = array.reshape(mean, wide), array.reshape(variance, wide)
            beta = None if beta is None else array.reshape(beta, wide)
            gamma = None if gamma is None else array.reshape(gamma, wide)
        outputs = moments.batch_normalization(inputs, mean, variance, beta, gamma, self.epsilon)
        outputs.set_shape(inputs.shape)
        return outputs

    def _moments(self, inputs: Any) -> tuple[Any, Any]:
        """Mean and variance of each channel of the batch."""
        rank = inputs.shape.ndims
        first = self.data_format == "NCHW"
        axes = [0, *range(2, rank)] if first else list(range(rank - 1))
        if self.batch_weights is None:
            found = moments.moments(inputs, axes, keepdims=first)
        else:
            weights = convert.to_tensor(self.batch_weights)
            inputs.shape[0:1].assert_is_compatible_with(weights.shape)
            weights = array.reshape(weights, [-1, *[1] * (rank - 1)])
            found = moments.weighted_moments(inputs, axes, weights, keepdims=first)
        if first:
            return array.reshape(found[0], [-1]), array.reshape(found[1], [-1])
        return found

    def _training_moments(self, mean: Any, variance: Any) -> Any:
        """The batch's moments in training and the averages otherwise; the averages are updated."""

        def averages() -> tuple[Any, Any]:
            return self.mean.value(), self.variance.value()

        if self.updates_collections is not None:
            self._collect_updates(mean, variance)
            return utils.smart_cond(self.is_training, lambda: (mean, variance), averages)

        def after_updates() -> tuple[Any, Any]:
            with scopes.control_dependencies(self._updated(mean, variance)):
                return array.identity(mean), array.identity(variance)

        return utils.smart_cond(self.is_training, after_updates, averages)
