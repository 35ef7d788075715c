"""`keras.layers` with the arguments, names and defaults of Keras 1 and 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.extend_layers import plain_shape
from tf1x.lib.keras.functions import fill
from tf1x.lib.keras.period import period

_keras: Any = genuine("layers")

Layer = _keras.Layer
InputSpec = _keras.InputSpec
Wrapper = _keras.Wrapper


# What Keras 1 called arguments, wherever a layer has the new one.
_KERAS_1 = {
    "init": "kernel_initializer", "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer", "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint", "bias": "use_bias", "border_mode": "padding",
    "subsample": "strides", "dim_ordering": "data_format", "nb_filter": "filters",
    "atrous_rate": "dilation_rate",
}  # fmt: skip
_DENSE = {**_KERAS_1, "output_dim": "units"}
_RECURRENT = {
    **_DENSE, "inner_init": "recurrent_initializer", "inner_activation": "recurrent_activation",
    "U_regularizer": "recurrent_regularizer", "U_constraint": "recurrent_constraint",
    "dropout_W": "dropout", "dropout_U": "recurrent_dropout", "forget_bias_init": "_forget",
}  # fmt: skip


def _publish(made: Any, *names: str) -> None:
    for name in names or (made.__name__,):
        globals()[name] = made


def _formats(kwargs: dict[str, Any]) -> None:
    """Values that were written in another way."""
    if kwargs.get("data_format") in ("tf", "th", "default"):
        order = kwargs.pop("data_format")
        if order != "default":
            kwargs["data_format"] = "channels_last" if order == "tf" else "channels_first"
    elif "data_format" in kwargs and kwargs["data_format"] is None:
        del kwargs["data_format"]
    if isinstance(kwargs.get("padding"), str):
        kwargs["padding"] = kwargs["padding"].lower()
    for name in ("filters", "units"):
        if name in kwargs:
            kwargs[name] = int(kwargs[name])


# -- dense -------------------------------------------------------------------------------------

_publish(period(_keras.Dense, renames=_DENSE, then=_formats))
_publish(period(_keras.Dropout, renames={"p": "rate"}, then=lambda kw: None))
for _name in ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout"):
    _publish(
        period(
            getattr(_keras, _name), renames={"p": "rate"}, ignored=("data_format", "dim_ordering")
        )
    )
_publish(period(_keras.GaussianNoise, renames={"sigma": "stddev"}))
_publish(period(_keras.RepeatVector))
_publish(period(_keras.ActivityRegularization))


def _reshape(kwargs: dict[str, Any]) -> None:
    shape = plain_shape(kwargs["target_shape"])
    kwargs["target_shape"] = (shape,) if isinstance(shape, int) else shape


_publish(period(_keras.Reshape, renames={"dims": "target_shape"}, then=_reshape))
_publish(period(_keras.Permute))
_publish(period(_keras.Flatten, then=_formats))
_publish(period(_keras.LeakyReLU, renames={"alpha": "negative_slope"}))
_publish(period(_keras.ELU))
_publish(
    period(_keras.PReLU, renames={"init": "alpha_initializer"}, ignored=("weights",)),
)
_publish(period(_keras.BatchNormalization, renames={
    "beta_init": "beta_initializer", "gamma_init": "gamma_initializer",
    "beta_regularizer": "beta_regularizer",
}, ignored=("mode", "fused", "virtual_batch_size"), then=lambda kw: _no_renorm(kw)))  # fmt: skip


def _no_renorm(kwargs: dict[str, Any]) -> None:
    for name in ("renorm", "renorm_clipping", "renorm_momentum"):
        value = kwargs.pop(name, None)
        if name == "renorm" and value:
            raise UnsupportedError(
                "BatchNormalization(renorm=True): Keras 3 has no batch renormalization; "
                "tf.layers.batch_normalization has."
            )
    if isinstance(kwargs.get("axis"), (list, tuple)) and len(kwargs["axis"]) == 1:
        kwargs["axis"] = kwargs["axis"][0]


def _embedding(kwargs: dict[str, Any]) -> None:
    length = kwargs.pop("input_length", None)
    if "input_shape" not in kwargs and "batch_input_shape" not in kwargs:
        shape = (None,) if length is None else tuple(length) if isinstance(length, (list, tuple)) else (length,)  # fmt: skip
        kwargs["input_shape"] = shape
    if isinstance(kwargs.get("input_dim"), float):
        kwargs["input_dim"] = int(kwargs["input_dim"])
    kwargs["input_dim"], kwargs["output_dim"] = int(kwargs["input_dim"]), int(kwargs["output_dim"])
    if kwargs.get("weights") is not None:  # an array of Keras 3, a list of one before
        weights = kwargs.pop("weights")
        found = weights[0] if isinstance(weights, (list, tuple)) else weights
        kwargs["_after"] = lambda layer: _set_embeddings(layer, found)


def _set_embeddings(layer: Any, weights: Any) -> None:
    layer.build(None)
    layer.set_weights([weights])


_publish(period(_keras.Embedding, renames={
    "init": "embeddings_initializer", "W_regularizer": "embeddings_regularizer",
    "W_constraint": "embeddings_constraint",
}, ignored=("dropout",), then=_embedding))  # fmt: skip


def _lambda(kwargs: dict[str, Any]) -> None:
    if callable(kwargs.get("output_shape")):
        shape = kwargs["output_shape"]
        kwargs["output_shape"] = lambda input_shape: tuple(shape(input_shape))[1:]


def _make_lambda() -> Any:
    from tf1x.lib.keras.bridge import on_graph

    made = _keras.Lambda
    call, config = made.call, made.get_config

    def on_tensors(self: Any, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """Apply the function, which sees graph tensors; `mask` and `training` where it takes them."""
        parameters = self._function_parameters
        options = dict(self.arguments)
        if "mask" in parameters:
            options["mask"] = mask
        if "training" in parameters:
            options["training"] = training
        return on_graph(self.function, (inputs,), options, self._tf1x_seed)

    if not hasattr(made, "_function_parameters"):
        import inspect

        def parameters(self: Any) -> Any:
            try:
                return inspect.signature(self.function).parameters
            except (TypeError, ValueError):
                return ()

        made._function_parameters = property(parameters)
        made.call = on_tensors
    del call, config
    return period(made, then=_lambda)


_publish(_make_lambda())

# -- convolutions ------------------------------------------------------------------------------


def _convolution(rank: int) -> Callable[[dict[str, Any]], None]:
    def then(kwargs: dict[str, Any]) -> None:
        _formats(kwargs)
        sizes = [kwargs.pop(k) for k in ("nb_row", "nb_col") if k in kwargs]
        if rank == 3:
            sizes = [
                kwargs.pop(f"kernel_dim{i}") for i in (1, 2, 3) if f"kernel_dim{i}" in kwargs
            ] or sizes
        if sizes:
            kwargs["kernel_size"] = tuple(int(s) for s in sizes)
        if rank == 2 and isinstance(kwargs.get("strides"), int) and isinstance(
            kwargs.get("kernel_size"), int
        ) and isinstance(kwargs.get("padding"), int):  # fmt: skip
            raise TypeError("a convolution takes filters, kernel_size, strides, padding")

    return then


class _OldOrder:
    """`Convolution2D(64, 3, 3)`: Keras 1 gave rows and columns one after the other."""

    def __init__(self, order: str, rank: int) -> None:
        self.order, self.rank = order.split(), rank

    def __call__(self, genuine_class: Any, then: Any, renames: dict[str, str]) -> Any:
        from tf1x.lib.keras.period import translation

        today = translation(genuine_class, renames=renames, then=then)

        def translate(args: Any, kwargs: Any) -> Any:
            old = len(args) > self.rank and all(isinstance(a, int) for a in args[: self.rank + 1])
            if old and (len(args) > 3 or self.rank > 1) and _is_keras_1(args, kwargs, self.rank):
                kwargs.update(zip(self.order, args, strict=False))
                args = ()
            return today(args, kwargs)

        return period(genuine_class, translate)


def _is_keras_1(args: Any, kwargs: dict[str, Any], rank: int) -> bool:
    """Whether three numbers are filters, rows, columns, and not filters, size, strides."""
    if rank == 3:
        return len(args) > 3
    if set(kwargs) & {"border_mode", "subsample", "dim_ordering", "init", "W_regularizer"}:
        return True
    # `Conv2D(32, 3, 2)` of Keras 2 has a stride; `Convolution2D(32, 3, 3)` of Keras 1 has none.
    return "kernel_size" not in kwargs and "strides" not in kwargs and len(args) == 3 and (
        args[2] == args[1]
    )  # fmt: skip


_CONV_1D = {**_KERAS_1, "filter_length": "kernel_size", "subsample_length": "strides"}
for _name in ("Conv1D", "SeparableConv1D", "DepthwiseConv1D", "Conv1DTranspose"):
    _publish(period(getattr(_keras, _name), renames=_CONV_1D, then=_convolution(1)))
_ORDER_2D = "filters nb_row nb_col kernel_initializer activation"
_Conv2D = _OldOrder(_ORDER_2D, 2)(_keras.Conv2D, _convolution(2), _KERAS_1)
_publish(_Conv2D, "Conv2D", "Convolution2D")
for _name in ("SeparableConv2D", "DepthwiseConv2D"):
    _publish(period(getattr(_keras, _name), renames={
        **_KERAS_1, "depthwise_init": "depthwise_initializer",
        "pointwise_init": "pointwise_initializer",
    }, then=_convolution(2)))  # fmt: skip


def _transposed(kwargs: dict[str, Any]) -> None:
    kwargs.pop("output_shape", None)
    _convolution(2)(kwargs)


_publish(period(_keras.Conv2DTranspose, renames=_KERAS_1, then=_transposed))
_publish(_OldOrder("filters kernel_dim1 kernel_dim2 kernel_dim3 kernel_initializer activation", 3)(
    _keras.Conv3D, _convolution(3), _KERAS_1))  # fmt: skip
_publish(period(_keras.Conv3DTranspose, renames=_KERAS_1, then=_transposed))
_publish(globals()["Conv1D"], "Convolution1D")
_publish(globals()["Conv3D"], "Convolution3D")
_publish(globals()["Conv2DTranspose"], "Deconvolution2D", "Convolution2DTranspose")
_publish(globals()["Conv3DTranspose"], "Deconvolution3D")
_publish(globals()["SeparableConv2D"], "SeparableConvolution2D")


def AtrousConvolution2D(*args: Any, atrous_rate: Any = (1, 1), **kwargs: Any) -> Any:
    """A convolution with holes (Keras 1)."""
    return globals()["Conv2D"](*args, dilation_rate=atrous_rate, **kwargs)


_POOL = {
    "border_mode": "padding", "dim_ordering": "data_format", "pool_length": "pool_size",
    "stride": "strides",
}  # fmt: skip
for _name, _short in {"MaxPooling": "MaxPool", "AveragePooling": "AvgPool"}.items():
    for _rank in (1, 2, 3):
        _made = period(
            getattr(_keras, f"{_name}{_rank}D"), renames=_POOL, defaults={"pool_size": 2},
            then=_formats,
        )  # fmt: skip
        _publish(_made, f"{_name}{_rank}D", f"{_short}{_rank}D")
for _name in ("GlobalMaxPooling", "GlobalAveragePooling", "ZeroPadding", "UpSampling", "Cropping"):
    for _rank in (1, 2, 3):
        _made = period(
            getattr(_keras, f"{_name}{_rank}D"),
            renames={"dim_ordering": "data_format", "length": "size"},
            then=_formats,
        )
        _publish(_made, f"{_name}{_rank}D")

# -- recurrent ---------------------------------------------------------------------------------


def _recurrent(kwargs: dict[str, Any]) -> None:
    kwargs.pop("time_major", None)
    forget = kwargs.pop("_forget", None)
    if forget is not None:
        kwargs["unit_forget_bias"] = forget == "one"


_HARD = {"recurrent_activation": "hard_sigmoid"}
_publish(period(_keras.SimpleRNN, renames=_RECURRENT, then=_recurrent))
_publish(period(_keras.SimpleRNNCell, renames=_RECURRENT, then=_recurrent))
for _name in ("LSTM", "LSTMCell", "ConvLSTM2D"):
    _publish(period(getattr(_keras, _name), renames=_RECURRENT, defaults=_HARD, then=_recurrent))
for _name in ("GRU", "GRUCell"):
    _publish(period(
        getattr(_keras, _name), renames=_RECURRENT, defaults={**_HARD, "reset_after": False},
        then=_recurrent,
    ))  # fmt: skip
_CUDNN = {"recurrent_activation": "sigmoid"}
_publish(period(_keras.LSTM, name="CuDNNLSTM", defaults=_CUDNN, then=_recurrent))
_publish(period(_keras.GRU, name="CuDNNGRU", defaults={**_CUDNN, "reset_after": True}, then=_recurrent))  # fmt: skip
_publish(period(_keras.RNN, then=_recurrent))
_publish(period(_keras.Bidirectional))
_publish(period(_keras.TimeDistributed))

# -- inputs and merging ------------------------------------------------------------------------


def Input(
    shape: Any = None, batch_shape: Any = None, name: str | None = None, dtype: Any = None,
    sparse: bool = False, tensor: Any = None, batch_size: int | None = None,
    batch_input_shape: Any = None, input_shape: Any = None,
) -> Any:  # fmt: skip
    """Where data enters a model.

    Args:
        shape: of one sample.
        batch_shape: with the batch dimension.
        tensor: a graph tensor, which is returned: layers may be called on it.
    """
    if tensor is not None:
        return tensor
    batch_shape = batch_shape if batch_shape is not None else batch_input_shape
    shape = shape if shape is not None else input_shape
    options: dict[str, Any] = {"name": name, "dtype": getattr(dtype, "name", dtype)}
    if sparse:
        options["sparse"] = True
    if batch_shape is not None:
        return _keras.Input(batch_shape=plain_shape(batch_shape), **options)
    sizes = plain_shape(shape)
    return _keras.Input(
        shape=(sizes,) if isinstance(sizes, int) else sizes, batch_size=batch_size, **options
    )


class InputLayer(_keras.InputLayer):
    """`InputLayer(input_shape=(4,))`, the first layer of a model."""

    def __new__(cls, input_shape: Any = None, batch_size: Any = None, dtype: Any = None,
                input_tensor: Any = None, sparse: Any = None, name: Any = None,
                **kwargs: Any) -> Any:  # fmt: skip
        batch_shape = kwargs.pop("batch_input_shape", kwargs.pop("batch_shape", None))
        shape = kwargs.pop("shape", input_shape)
        options = {"name": name, "dtype": getattr(dtype, "name", dtype)}
        if batch_shape is not None:
            return _keras.InputLayer(batch_shape=plain_shape(batch_shape), **options)
        return _keras.InputLayer(shape=plain_shape(shape), batch_size=batch_size, **options)


def merge(
    inputs: Any, mode: Any = "sum", concat_axis: int = -1, dot_axes: Any = -1, name: Any = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """`merge([a, b], mode="concat")` of Keras 1."""
    return Merge(mode=mode, concat_axis=concat_axis, dot_axes=dot_axes, name=name)(inputs)


def Merge(
    layers: Any = None, mode: Any = "sum", concat_axis: int = -1, dot_axes: Any = -1,
    name: Any = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """The layer that merges its inputs (Keras 1).

    Args:
        mode: "sum", "mul", "concat", "ave", "max", "dot", "cos", or a function of the inputs.

    Raises:
        UnsupportedError: `layers` are given (branches that are Sequential models).
    """
    if layers is not None:
        raise UnsupportedError(
            "Merge([...]) as the first layer of a Sequential model: build the branches as functional "
            "models (keras.Input) and merge their outputs with keras.layers.concatenate or add."
        )
    if callable(mode):
        return globals()["Lambda"](mode, name=name)
    simple = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum"}
    if mode in simple:
        return getattr(_keras, simple[mode])(name=name)
    if mode == "concat":
        return _keras.Concatenate(axis=concat_axis, name=name)
    if mode in ("dot", "cos"):
        return _keras.Dot(axes=dot_axes, normalize=mode == "cos", name=name)
    raise ValueError(f"Invalid merge mode: {mode!r}")


def _merging(name: str) -> Callable[..., Any]:
    kind = getattr(_keras, {"dot": "Dot"}.get(name, name.capitalize()))

    def function(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return kind(*args, **kwargs)(inputs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`{kind.__name__}(...)(inputs)`."
    return function


for _name in ("add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"):
    globals()[_name] = _merging(_name)

for _name, _what in {
    "Highway": "a Dense layer with a gate of your own",
    "MaxoutDense": "Dense, Reshape and a Lambda that takes the maximum",
    "LocallyConnected1D": "Conv1D, or a layer of your own",
    "LocallyConnected2D": "Conv2D, or a layer of your own",
}.items():

    def _gone(*args: Any, _name: str = _name, _what: str = _what, **kwargs: Any) -> Any:
        raise UnsupportedError(f"keras.layers.{_name}: Keras 3 has none. Use {_what}.")

    _gone.__name__ = _gone.__qualname__ = _name
    globals()[_name] = _gone


def ThresholdedReLU(theta: float = 1.0, **kwargs: Any) -> Any:
    """`x` where it is above `theta`, else 0."""
    return _keras.ReLU(threshold=theta, **kwargs)


def objects() -> dict[str, Any]:
    """What configurations of the time name, by class name."""
    found = {k: v for k, v in globals().items() if isinstance(v, type) and issubclass(v, Layer)}
    return {k: v for k, v in found.items() if k not in ("Layer", "Wrapper")}


def serialize(layer: Any) -> Any:
    """A layer's configuration."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """A layer from a configuration, of today or of the time."""
    from tf1x.lib.keras import models

    return models.from_configuration(config, custom_objects)


fill(globals(), _keras)
