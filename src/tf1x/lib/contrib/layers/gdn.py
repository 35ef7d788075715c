"""Generalised divisive normalisation (Ballé, Laparra and Simoncelli, 2016)."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert
from tf1x.core.dtypes import as_dtype
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.custom_gradient import custom_gradient
from tf1x.lib.layers.base import InputSpec, Layer
from tf1x.ops import array, elementary, math
from tf1x.ops.array_diag import eye
from tf1x.ops.nn_functions import bias_add


class GDN(Layer):
    """y[i] = x[i] / sqrt(beta[i] + sum_j gamma[j, i] * x[j]^2) over the channels.

    Args:
        inverse: multiply in place of dividing.
        beta_min: the smallest beta.
        gamma_init: gamma starts as this times the identity matrix.
        reparam_offset: beta and gamma are trained as square roots, with this offset so that their
            gradients do not vanish at zero.
        data_format: "channels_last" or "channels_first".

    Raises:
        ValueError: another `data_format`; when built, an unknown number of channels.
    """

    def __init__(
        self,
        inverse: bool = False,
        beta_min: float = 1e-6,
        gamma_init: float = 0.1,
        reparam_offset: float = 2**-18,
        data_format: str = "channels_last",
        activity_regularizer: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs
        )
        if data_format not in ("channels_first", "channels_last"):
            raise ValueError(f"Unsupported `data_format` for GDN layer: {data_format}.")
        self.inverse = inverse
        self.data_format = data_format
        self.input_spec = InputSpec(min_ndim=3, max_ndim=5)
        self._beta_min = beta_min
        self._gamma_init = gamma_init
        self._offset = reparam_offset

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        axis = 1 if self.data_format == "channels_first" else -1
        channels = shape.as_list()[axis]
        if channels is None:
            raise ValueError("The channel dimension of the inputs to `GDN` must be defined.")
        self.input_spec = InputSpec(ndim=shape.ndims, axes={axis: channels})
        pedestal = self._offset**2
        beta_bound = (self._beta_min + pedestal) ** 0.5

        def initial_beta(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
            value: Tensor = elementary.Sqrt(array.ones(shape, dtype) + pedestal)
            return value

        def initial_gamma(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
            matrix = eye(int(shape[0]), dtype=as_dtype(dtype))
            value: Tensor = elementary.Sqrt(self._gamma_init * matrix + pedestal)
            return value

        root = self.add_weight("reparam_beta", [channels], initializer=initial_beta)
        self.beta = elementary.Square(_at_least(root, beta_bound)) - pedestal
        root = self.add_weight("reparam_gamma", [channels, channels], initializer=initial_gamma)
        self.gamma = elementary.Square(_at_least(root, self._offset)) - pedestal
        self.built = True

    def call(self, inputs: Any) -> Tensor:
        from tf1x.ops.conv_functions import convolution

        inputs = convert.to_tensor(inputs)
        rank = inputs.shape.ndims
        kernel = array.reshape(self.gamma, [*[1] * (rank - 2), *self.gamma.shape.as_list()])
        first = self.data_format == "channels_first"
        letters = "DHW"[5 - rank :] if rank > 3 else "W"
        data_format = f"NC{letters}" if first else f"N{letters}C"
        squares = elementary.Square(inputs)
        pooled = convolution(squares, kernel, padding="VALID", data_format=data_format)
        scale = elementary.Sqrt(bias_add(pooled, self.beta, data_format=data_format))
        outputs: Tensor = inputs * scale if self.inverse else inputs / scale
        outputs.set_shape(inputs.shape)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        return TensorShape(input_shape)


def _at_least(value: Any, bound: float) -> Any:
    """max(value, bound), with a gradient below the bound too where it would push the value up."""

    @custom_gradient
    def limited(x: Any) -> Any:
        def gradient(grad: Any) -> Any:
            passes = math.LogicalOr(x >= bound, grad < 0.0)
            return math.cast(passes, grad.dtype) * grad

        return math.Maximum(x, bound), gradient

    return limited(convert.to_tensor(value))


def gdn(
    inputs: Any,
    inverse: bool = False,
    beta_min: float = 1e-6,
    gamma_init: float = 0.1,
    reparam_offset: float = 2**-18,
    data_format: str = "channels_last",
    activity_regularizer: Any = None,
    trainable: bool = True,
    name: str | None = None,
    reuse: Any = None,
) -> Any:
    """The layer `GDN`, applied."""
    layer = GDN(
        inverse, beta_min, gamma_init, reparam_offset, data_format, activity_regularizer,
        trainable, name, dtype=inputs.dtype.base_dtype, _scope=name, _reuse=reuse,
    )  # fmt: skip
    return layer.apply(inputs)
