"""`tf.layers.dense`, `dropout` and `flatten`."""

from __future__ import annotations

import math
import numbers
from typing import Any

from tf1x.core import convert
from tf1x.core.dtypes import as_dtype
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.layers import utils
from tf1x.lib.layers.base import Layer
from tf1x.lib.layers.input_spec import InputSpec
from tf1x.ops import array, nn_functions
from tf1x.ops import math as math_ops
from tf1x.ops.array_moves import transpose
from tf1x.ops.einsum import tensordot
from tf1x.ops.matmul import matmul
from tf1x.ops.sparse_functions import sparse_tensor_dense_matmul


class Dense(Layer):
    """`activation(inputs @ kernel + bias)`; the inputs may be sparse.

    Args:
        units: size of the output's last dimension.
        activation: a function, or a Keras name such as "relu"; none by default.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: of the variables `kernel` [inputs, units] and `bias`
            [units]; Glorot's uniform distribution (or what the scope says) and zeros by default.
        kernel_regularizer, bias_regularizer, activity_regularizer: functions of the variables and of
            the output, whose values join `GraphKeys.REGULARIZATION_LOSSES`.
        kernel_constraint, bias_constraint: functions that optimizers apply after an update.
        trainable, name: as those of `Layer`.

    Raises (when called):
        ValueError: a last dimension of unknown size, or inputs of rank below 2.
        TypeError: inputs of integers.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs
        )
        self.units = int(units)
        if self.units < 0:
            raise ValueError(
                f"Received an invalid value for `units`, expected a positive integer. Received: units={units}"
            )
        self.activation = utils.as_activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = utils.as_initializer(kernel_initializer)
        self.bias_initializer = utils.as_initializer(bias_initializer)
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self.bias: Any = None
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        dtype = as_dtype(self.dtype or "float32")
        if not (dtype.is_floating or dtype.is_complex):
            raise TypeError(
                f"A Dense layer can only be built with a floating-point dtype. Received: dtype={dtype}"
            )
        shape = TensorShape(input_shape)
        size = shape[-1].value
        if size is None:
            raise ValueError(
                "The last dimension of the inputs to a Dense layer should be defined. Found None. "
                f"Full input shape received: {shape}"
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})
        self.kernel = self.add_weight(
            "kernel",
            shape=[size, self.units],
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            dtype=self.dtype,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                shape=[self.units],
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                dtype=self.dtype,
            )
        self.built = True

    def call(self, inputs: Any) -> Tensor:
        dtype = as_dtype(self.dtype)
        if inputs.dtype.base_dtype is not dtype:
            inputs = math_ops.cast(inputs, dtype)
        rank = inputs.shape.ndims
        if isinstance(inputs, SparseTensor):
            outputs = sparse_tensor_dense_matmul(inputs, self.kernel)
        elif rank in (2, None):
            outputs = matmul(inputs, self.kernel)
        else:
            outputs = tensordot(inputs, self.kernel, [[rank - 1], [0]])
            outputs.set_shape(inputs.shape[:-1].concatenate(self.units))
        if self.use_bias:
            outputs = nn_functions.bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).with_rank_at_least(2)
        if shape[-1].value is None:
            raise ValueError(
                "The last dimension of the input shape of a Dense layer should be defined. Found None. "
                f"Received: input_shape={shape}"
            )
        return shape[:-1].concatenate(self.units)


def dense(
    inputs: Any,
    units: int,
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = "zeros",
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """`activation(inputs @ kernel + bias)`; see `Dense`.

    Args:
        name: the variables' scope; "dense", made unique, by default.
        reuse: whether to use the variables of an earlier layer of this name.

    Example:
        >>> hidden = tf.layers.dense(x, 256, tf.nn.relu)
    """
    layer = Dense(
        units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        activity_regularizer, kernel_constraint, bias_constraint, trainable, name, _scope=name, _reuse=reuse,
    )  # fmt: skip
    return layer(inputs)


class Dropout(Layer):
    """In training, sets random elements to 0 and scales the others by `1 / (1 - rate)`.

    Args:
        rate: probability that an element is dropped: a number or a scalar tensor.
        noise_shape: shape of the random choice, broadcast to that of the inputs; None in it stands
            for the inputs' own size.
        seed: of the random numbers.

    Raises:
        ValueError: a rate that is not between 0 and 1.
    """

    def __init__(
        self,
        rate: Any = 0.5,
        noise_shape: Any = None,
        seed: int | None = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if isinstance(rate, numbers.Real) and not 0 <= rate <= 1:
            raise ValueError(
                f"Invalid value {rate} received for `rate`, expected a value between 0 and 1."
            )
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self.supports_masking = True

    def _noise_shape(self, inputs: Any) -> Any:
        if self.noise_shape is None:
            return None
        dims = array.shape(inputs)
        sizes = [dims[i] if size is None else size for i, size in enumerate(self.noise_shape)]
        return convert.to_tensor(sizes)

    def call(self, inputs: Any, training: Any = False) -> Tensor:
        """The inputs with elements dropped where `training`, a bool or a scalar tensor."""
        if isinstance(self.rate, numbers.Real) and self.rate == 0:
            return array.identity(inputs)

        def dropped() -> Tensor:
            noise_shape = self._noise_shape(inputs)
            return nn_functions.dropout(
                inputs, noise_shape=noise_shape, seed=self.seed, rate=self.rate
            )

        result: Tensor = utils.smart_cond(training, dropped, lambda: array.identity(inputs))
        return result

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: Any = None,
) -> Tensor:
    """The inputs, in training with random elements set to 0; see `Dropout`.

    Args:
        rate: probability that an element is dropped (not that it is kept, as `tf.nn.dropout`'s).
        training: a bool or a scalar tensor of bools; False by default.
    """
    layer = Dropout(rate, noise_shape=noise_shape, seed=seed, name=name)
    return layer(inputs, training=training)


class Flatten(Layer):
    """All dimensions but the first as one.

    Args:
        data_format: "channels_first" if dimension 1 is to become the last before.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = utils.normalize_data_format(data_format or "channels_last")
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Tensor:
        rank = inputs.shape.ndims
        if self.data_format == "channels_first" and rank is not None and rank > 1:
            inputs = transpose(inputs, [0, *range(2, rank), 1])
        if rank == 1:
            return array.expand_dims(inputs, axis=1)
        dims = inputs.shape.tuple
        new_shape: Any = None
        if dims is not None and None not in dims[1:]:
            new_shape = array.constant([-1, math.prod(dims[1:])])
        elif dims is not None and dims[0] is not None:
            new_shape = array.constant([dims[0], -1])
        else:
            new_shape = [array.shape(inputs)[0], -1]
        return array.reshape(inputs, new_shape)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        dims = TensorShape(input_shape).as_list()
        if not dims:
            return TensorShape([1, 1])
        return TensorShape([dims[0], None if None in dims[1:] else math.prod(dims[1:])])


def flatten(inputs: Any, name: Any = None, data_format: str = "channels_last") -> Tensor:
    """The inputs as a matrix: the first dimension stays, the others become one; see `Flatten`."""
    layer = Flatten(name=name, data_format=data_format)
    return layer(inputs)


# Names of TensorFlow 1.0.
FullyConnected = Dense
fully_connected = dense
