"""Convolutional layers of `tf.layers`."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.lib.layers import utils
from tf1x.lib.layers.base import Layer
from tf1x.lib.layers.input_spec import InputSpec
from tf1x.ops import array, conv_depthwise, conv_functions, nn_functions
from tf1x.ops.array_moves import stack
from tf1x.ops.array_pad import pad


class _Convolution(Layer):
    """What convolutions over `rank` dimensions share: their arguments, shapes and bias."""

    rank: int
    paddings: tuple[str, ...] = ("valid", "same")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        bias_regularizer: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = int(filters)
        if self.filters <= 0:
            raise ValueError(
                "Invalid value for argument `filters`. Expected a strictly positive value. "
                f"Received filters={filters}."
            )
        self.kernel_size = utils.normalize_tuple(kernel_size, self.rank, "kernel_size")
        self.strides = utils.normalize_tuple(strides, self.rank, "strides")
        self.dilation_rate = utils.normalize_tuple(dilation_rate, self.rank, "dilation_rate")
        self.padding = padding.lower()
        self.data_format = utils.normalize_data_format(data_format or "channels_last")
        self.activation = utils.as_activation(activation)
        self.use_bias = use_bias
        self.bias_initializer = utils.as_initializer(bias_initializer)
        self.bias_regularizer = bias_regularizer
        self.bias_constraint = bias_constraint
        self.bias: Any = None
        self.input_spec = InputSpec(min_ndim=self.rank + 2)
        self._check_arguments()

    def _check_arguments(self) -> None:
        if self.padding not in self.paddings:
            raise ValueError(
                f"The `padding` argument must be one of {', '.join(self.paddings)}. Received: {self.padding}."
            )
        for name in ("kernel_size", "strides"):
            if not all(getattr(self, name)):
                raise ValueError(
                    f"The argument `{name}` cannot contain 0(s). Received: {getattr(self, name)}"
                )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}"
            )

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else -1 - self.rank

    def _letters(self, ndim: int | None = None) -> str:
        return utils.convert_data_format(self.data_format, ndim or self.rank + 2)

    def _with_channels(self, spatial: Any, around: Any = 1) -> tuple[Any, ...]:
        """One value a dimension: those of the spatial dimensions, and `around` for the others."""
        if self.data_format == "channels_last":
            return (around, *spatial, around)
        return (around, around, *spatial)

    def _channels(self, input_shape: TensorShape) -> int:
        channels = input_shape[self._channel_axis].value
        if channels is None:
            raise ValueError(
                "The channel dimension of the inputs should be defined. The input_shape received is "
                f"{input_shape}, where axis {self._channel_axis} (0-based) is the channel dimension, which "
                "found to be `None`."
            )
        return int(channels)

    def _add_bias(self) -> None:
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                shape=(self.filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                dtype=self.dtype,
            )

    def _biased(self, outputs: Tensor) -> Tensor:
        if not self.use_bias:
            return outputs
        if self.rank == 1 and self.data_format == "channels_first":
            return outputs + array.reshape(self.bias, (1, self.filters, 1))
        return nn_functions.bias_add(outputs, self.bias, data_format=self._letters())

    def _activated(self, outputs: Tensor) -> Tensor:
        return outputs if self.activation is None else self.activation(outputs)

    def _padded(self, inputs: Any) -> Any:
        """The inputs with zeros before them, so that outputs depend on the past only."""
        if self.padding != "causal":
            return inputs
        before = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        return pad(inputs, self._with_channels([[before, 0]], [0, 0]))

    @property
    def _op_padding(self) -> str:
        return "VALID" if self.padding == "causal" else self.padding.upper()

    def _output_length(self, length: int | None, i: int) -> int | None:
        return utils.conv_output_length(
            length, self.kernel_size[i], self.padding, self.strides[i], self.dilation_rate[i]
        )

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The output's shape.

        Raises:
            ValueError: the inputs are smaller than the kernel.
        """
        dims = TensorShape(input_shape).as_list()
        first = len(dims) - self.rank - (self.data_format == "channels_last")
        lengths = [self._output_length(dims[first + i], i) for i in range(self.rank)]
        if any(length is not None and length < 0 for length in lengths):
            raise ValueError(
                f"One of the dimensions in the output is <= 0 due to downsampling in {self.name}. Consider "
                f"increasing the input size. Received input shape {dims} which would produce output shape "
                "with a zero or negative value in a dimension."
            )
        if self.data_format == "channels_last":
            return TensorShape([*dims[:first], *lengths, self.filters])
        return TensorShape([*dims[: first - 1], self.filters, *lengths])


class _Conv(_Convolution):
    """A convolution over `rank` dimensions.

    Args:
        filters: number of output channels.
        kernel_size, strides, dilation_rate: an int, or one a dimension; of strides and dilations
            only one may be above 1.
        padding: "valid" or "same"; for one dimension also "causal".
        data_format: "channels_last" or "channels_first".
        activation: a function, or a Keras name such as "relu"; none by default.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: of the variables `kernel` [size..., inputs, filters]
            and `bias` [filters]; Glorot's uniform distribution and zeros by default.
        kernel_regularizer, bias_regularizer, activity_regularizer: functions of the variables and of
            the output, whose values join `GraphKeys.REGULARIZATION_LOSSES`.
        kernel_constraint, bias_constraint: functions that optimizers apply after an update.
        trainable, name: as those of `tf.layers.Layer`.

    Raises (some when called):
        ValueError: an argument out of range; inputs of another rank, with an unknown number of
            channels, or smaller than the kernel.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
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
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer, bias_regularizer, bias_constraint,
            activity_regularizer=activity_regularizer, trainable=trainable, name=name, **kwargs,
        )  # fmt: skip
        self.kernel_initializer = utils.as_initializer(kernel_initializer)
        self.kernel_regularizer = kernel_regularizer
        self.kernel_constraint = kernel_constraint

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, channels, self.filters)

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        channels = self._channels(shape)
        self.compute_output_shape(shape)
        self.kernel = self.add_weight(
            "kernel",
            shape=self._kernel_shape(channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            dtype=self.dtype,
        )
        self._add_bias()
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={self._channel_axis: channels})
        self.built = True

    def call(self, inputs: Any) -> Tensor:
        outputs = conv_functions.convolution(
            self._padded(inputs),
            self.kernel,
            padding=self._op_padding,
            strides=list(self.strides),
            dilation_rate=list(self.dilation_rate),
            data_format=self._letters(),
            name=type(self).__name__,
        )
        outputs = self._biased(outputs)
        if inputs.shape.ndims:
            outputs.set_shape(self.compute_output_shape(inputs.shape))
        return self._activated(outputs)


class Conv1D(_Conv):
    """A convolution of sequences [batch, length, channels]; arguments as in `_Conv`."""

    rank = 1
    paddings = ("valid", "same", "causal")


class Conv2D(_Conv):
    """A convolution of images [batch, height, width, channels]; arguments as in `_Conv`."""

    rank = 2


class Conv3D(_Conv):
    """A convolution of volumes [batch, depth, height, width, channels]; arguments as in `_Conv`."""

    rank = 3


class _ConvTranspose(_Conv):
    """The transpose of a convolution over `rank` dimensions, which enlarges by the strides.

    Args:
        filters: number of output channels.
        kernel_size, strides: an int, or one a dimension.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        activation, use_bias, ...: as those of a convolution; `kernel` has the shape
            [size..., filters, inputs].

    Raises (some when called):
        ValueError: an argument out of range; inputs of another rank or with an unknown number of
            channels.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
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
            filters, kernel_size, strides, padding, data_format, 1, activation, use_bias, kernel_initializer,
            bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
            bias_constraint, trainable, name, **kwargs,
        )  # fmt: skip
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, self.filters, channels)

    def _output_length(self, length: Any, i: int) -> Any:
        return utils.deconv_output_length(
            length, self.kernel_size[i], self.padding, self.strides[i]
        )

    def _output_shape(self, inputs: Any) -> Tensor:
        """The shape of the outputs as a tensor: the batch size, and often more, is not known."""
        shape = array.shape(inputs)
        batch = shape[0]
        first = 1 if self.data_format == "channels_last" else 2
        known = inputs.shape.tuple if self.rank == 2 else None
        axes = range(first, first + self.rank)
        lengths = [known[axis] if known and known[axis] else shape[axis] for axis in axes]
        spatial = [self._output_length(length, i) for i, length in enumerate(lengths)]
        if self.data_format == "channels_last":
            return stack([batch, *spatial, self.filters])
        return stack([batch, self.filters, *spatial])

    def call(self, inputs: Any) -> Tensor:
        transpose = (
            conv_functions.conv2d_transpose if self.rank == 2 else conv_functions.conv3d_transpose
        )
        outputs = transpose(
            inputs,
            self.kernel,
            self._output_shape(inputs),
            self._with_channels(self.strides),
            padding=self.padding.upper(),
            data_format=self._letters(),
        )
        if inputs.shape.ndims:
            outputs.set_shape(self.compute_output_shape(inputs.shape))
        return self._activated(self._biased(outputs))


class Conv2DTranspose(_ConvTranspose):
    """The transpose of a convolution of images; arguments as in `_ConvTranspose`."""

    rank = 2


class Conv3DTranspose(_ConvTranspose):
    """The transpose of a convolution of volumes; arguments as in `_ConvTranspose`."""

    rank = 3


class _SeparableConv(_Convolution):
    """A convolution of each channel by itself, followed by one of size 1 that mixes them.

    Args:
        filters: number of output channels.
        kernel_size, strides, dilation_rate: an int, or one a dimension; of strides and dilations
            only one may be above 1.
        padding: "valid" or "same"; for one dimension also "causal".
        data_format: "channels_last" or "channels_first".
        depth_multiplier: number of channels that each input channel becomes before the mixing.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: of the variable
            `depthwise_kernel` [size..., inputs, depth_multiplier].
        pointwise_initializer, pointwise_regularizer, pointwise_constraint: of the variable
            `pointwise_kernel` [1..., inputs * depth_multiplier, filters].
        activation, use_bias, ...: as those of a convolution.

    Raises (some when called):
        ValueError: an argument out of range; inputs of another rank, with an unknown number of
            channels, or smaller than the kernel.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer, bias_regularizer, bias_constraint,
            activity_regularizer=activity_regularizer, trainable=trainable, name=name, **kwargs,
        )  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = utils.as_initializer(depthwise_initializer)
        self.pointwise_initializer = utils.as_initializer(pointwise_initializer)
        self.depthwise_regularizer = depthwise_regularizer
        self.pointwise_regularizer = pointwise_regularizer
        self.depthwise_constraint = depthwise_constraint
        self.pointwise_constraint = pointwise_constraint

    def build(self, input_shape: Any) -> None:
        channels = self._channels(TensorShape(input_shape))
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            dtype=self.dtype,
        )
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            shape=(*(1,) * self.rank, self.depth_multiplier * channels, self.filters),
            initializer=self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
            dtype=self.dtype,
        )
        self._add_bias()
        self.built = True


class SeparableConv1D(_SeparableConv):
    """A depthwise separable convolution of sequences; arguments as in `_SeparableConv`."""

    rank = 1
    paddings = ("valid", "same", "causal")

    def call(self, inputs: Any) -> Tensor:
        inputs = self._padded(inputs)
        # As an image of height 1: there is no depthwise convolution of sequences.
        axis = 1 if self.data_format == "channels_last" else 2
        inputs = array.expand_dims(inputs, axis)
        depthwise = array.expand_dims(self.depthwise_kernel, 0)
        pointwise = array.expand_dims(self.pointwise_kernel, 0)
        outputs = conv_depthwise.separable_conv2d(
            inputs,
            depthwise,
            pointwise,
            strides=self._with_channels(self.strides * 2),
            padding=self._op_padding,
            rate=(1, *self.dilation_rate),
            data_format=self._letters(4),
        )
        if self.use_bias:
            outputs = nn_functions.bias_add(outputs, self.bias, data_format=self._letters(4))
        return self._activated(array.squeeze(outputs, [axis]))


class SeparableConv2D(_SeparableConv):
    """A depthwise separable convolution of images; arguments as in `_SeparableConv`."""

    rank = 2

    def call(self, inputs: Any) -> Tensor:
        outputs = conv_depthwise.separable_conv2d(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            strides=self._with_channels(self.strides),
            padding=self._op_padding,
            rate=self.dilation_rate,
            data_format=self._letters(),
        )
        return self._activated(self._biased(outputs))


conv1d = utils.function_of(Conv1D, "conv1d", shared=True)
conv2d = utils.function_of(Conv2D, "conv2d", shared=True)
conv3d = utils.function_of(Conv3D, "conv3d", shared=True)
conv2d_transpose = utils.function_of(Conv2DTranspose, "conv2d_transpose", shared=True)
conv3d_transpose = utils.function_of(Conv3DTranspose, "conv3d_transpose", shared=True)
separable_conv1d = utils.function_of(SeparableConv1D, "separable_conv1d", shared=True)
separable_conv2d = utils.function_of(SeparableConv2D, "separable_conv2d", shared=True)

# Names of TensorFlow 1.0.
Convolution1D, convolution1d = Conv1D, conv1d
Convolution2D, convolution2d = Conv2D, conv2d
Convolution3D, convolution3d = Conv3D, conv3d
SeparableConvolution2D, separable_convolution2d = SeparableConv2D, separable_conv2d
Convolution2DTranspose = Deconvolution2D = Deconv2D = Conv2DTranspose
convolution2d_transpose = deconvolution2d = deconv2d = conv2d_transpose
Convolution3DTranspose = Deconvolution3D = Deconv3D = Conv3DTranspose
convolution3d_transpose = deconvolution3d = deconv3d = conv3d_transpose
