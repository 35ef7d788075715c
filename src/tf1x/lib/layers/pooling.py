"""Pooling layers of `tf.layers`: the largest value or the mean of each window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.layers import utils
from tf1x.lib.layers.base import Layer
from tf1x.lib.layers.input_spec import InputSpec
from tf1x.ops import array, pool_functions
from tf1x.ops.array_moves import transpose


class _Pooling(Layer):
    """Pooling over `rank` dimensions.

    Args:
        pool_size: the window: an int, or one a dimension.
        strides: from one window to the next: an int, or one a dimension; None for the window's size.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        name: as that of `tf.layers.Layer`.

    Raises:
        ValueError: another padding or format.
    """

    rank: int
    pool_function: Callable[..., Tensor]

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = utils.normalize_tuple(pool_size, self.rank, "pool_size")
        self.strides = (
            self.pool_size
            if strides is None
            else utils.normalize_tuple(strides, self.rank, "strides")
        )
        self.padding = utils.normalize_padding(padding)
        self.data_format = utils.normalize_data_format(data_format or "channels_last")
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _channels_first(self) -> bool:
        return self.data_format == "channels_first"

    def _pooled(
        self, inputs: Any, size: tuple[int, ...], strides: tuple[int, ...], letters: str
    ) -> Tensor:
        first = letters.startswith("NC")
        window = (1, 1, *size) if first else (1, *size, 1)
        steps = (1, 1, *strides) if first else (1, *strides, 1)
        return type(self).pool_function(
            inputs, window, steps, self.padding.upper(), data_format=letters
        )

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        dims = TensorShape(input_shape).as_list()
        first = 2 if self._channels_first else 1
        for i, (size, stride) in enumerate(zip(self.pool_size, self.strides, strict=True)):
            dims[first + i] = utils.conv_output_length(dims[first + i], size, self.padding, stride)
        return TensorShape(dims)


class _Pooling1D(_Pooling):
    rank = 1

    def call(self, inputs: Any) -> Tensor:
        """The inputs pooled, as an image of width 1."""
        axis = 3 if self._channels_first else 2
        image = array.expand_dims(inputs, axis)
        if self._channels_first:
            image = transpose(image, (0, 2, 3, 1))
        pooled = self._pooled(image, (*self.pool_size, 1), (*self.strides, 1), "NHWC")
        if self._channels_first:
            pooled = transpose(pooled, (0, 3, 1, 2))
        return array.squeeze(pooled, [axis])


class _Pooling2D(_Pooling):
    rank = 2

    def call(self, inputs: Any) -> Tensor:
        letters = utils.convert_data_format(self.data_format, 4)
        return self._pooled(inputs, self.pool_size, self.strides, letters)


class _Pooling3D(_Pooling):
    rank = 3

    def call(self, inputs: Any) -> Tensor:
        if self._channels_first:
            inputs = transpose(inputs, (0, 2, 3, 4, 1))
        pooled = self._pooled(inputs, self.pool_size, self.strides, "NDHWC")
        return transpose(pooled, (0, 4, 1, 2, 3)) if self._channels_first else pooled


class MaxPooling1D(_Pooling1D):
    """The largest values in windows of sequences [batch, length, channels]; arguments as in `_Pooling`."""

    pool_function = staticmethod(pool_functions.max_pool)


class AveragePooling1D(_Pooling1D):
    """Means of windows of sequences [batch, length, channels]; arguments as in `_Pooling`."""

    pool_function = staticmethod(pool_functions.avg_pool)


class MaxPooling2D(_Pooling2D):
    """The largest values in windows of images [batch, height, width, channels]; arguments as in `_Pooling`."""

    pool_function = staticmethod(pool_functions.max_pool)


class AveragePooling2D(_Pooling2D):
    """Means of windows of images [batch, height, width, channels]; arguments as in `_Pooling`."""

    pool_function = staticmethod(pool_functions.avg_pool)


class MaxPooling3D(_Pooling3D):
    """The largest values in windows of volumes [batch, depth, height, width, channels]; arguments as in `_Pooling`."""

    pool_function = staticmethod(pool_functions.max_pool3d)


class AveragePooling3D(_Pooling3D):
    """Means of windows of volumes [batch, depth, height, width, channels]; arguments as in `_Pooling`."""

    pool_function = staticmethod(pool_functions.avg_pool3d)


max_pooling1d = utils.function_of(MaxPooling1D, "max_pooling1d")
max_pooling2d = utils.function_of(MaxPooling2D, "max_pooling2d")
max_pooling3d = utils.function_of(MaxPooling3D, "max_pooling3d")
average_pooling1d = utils.function_of(AveragePooling1D, "average_pooling1d")
average_pooling2d = utils.function_of(AveragePooling2D, "average_pooling2d")
average_pooling3d = utils.function_of(AveragePooling3D, "average_pooling3d")

# Names of TensorFlow 1.0.
MaxPool1D, max_pool1d = MaxPooling1D, max_pooling1d
MaxPool2D, max_pool2d = MaxPooling2D, max_pooling2d
MaxPool3D, max_pool3d = MaxPooling3D, max_pooling3d
AvgPool2D, avg_pool2d = AveragePooling2D, average_pooling2d
AvgPool3D, avg_pool3d = AveragePooling3D, average_pooling3d
