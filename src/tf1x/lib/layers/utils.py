"""What layers share: arguments in one form, lengths of convolutions, functions by name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from tf1x.core import opdef
from tf1x.lib import initializers
from tf1x.ops import clip, nn_functions
from tf1x.ops.control_flow import smart_cond
from tf1x.ops.control_flow import smart_constant_value as constant_value

__all__ = [
    "as_activation",
    "as_initializer",
    "constant_value",
    "conv_input_length",
    "conv_output_length",
    "convert_data_format",
    "deconv_output_length",
    "function_of",
    "normalize_data_format",
    "normalize_padding",
    "normalize_tuple",
    "smart_cond",
]

_FORMATS = {3: ("NWC", "NCW"), 4: ("NHWC", "NCHW"), 5: ("NDHWC", "NCDHW")}


def convert_data_format(data_format: str, ndim: int) -> str:
    """The letters of "channels_last" or "channels_first" for inputs of a rank, e.g. "NHWC".

    Raises:
        ValueError: another format; a rank that is not 3, 4 or 5.
    """
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f'Invalid data_format: {data_format}. We only support "channels_first" or "channels_last"'
        )
    if ndim not in _FORMATS:
        raise ValueError(f"Input rank: {ndim} not supported. We only support input rank 3, 4 or 5.")
    return _FORMATS[ndim][data_format == "channels_first"]


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """An int repeated `n` times, or `n` ints as a tuple.

    Raises:
        ValueError: another count, or something that is not an int; `name` tells which argument.
    """
    if isinstance(value, int):
        return (value,) * n
    problem = f"Argument `{name}` must be a tuple of {n} integers. Received: {value}"
    try:
        values = tuple(value)
    except TypeError:
        raise ValueError(problem) from None
    if len(values) != n:
        raise ValueError(problem)
    for single in values:
        try:
            int(single)
        except (ValueError, TypeError):
            raise ValueError(
                f"{problem} including element {single} of type {type(single)}"
            ) from None
    return tuple(int(single) for single in values)


def normalize_data_format(value: str) -> str:
    """ "channels_first" or "channels_last", in any case of letters.

    Raises:
        ValueError: anything else.
    """
    if value.lower() not in ("channels_first", "channels_last"):
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            f"Received: {value}."
        )
    return value.lower()


def normalize_padding(value: str) -> str:
    """ "valid" or "same", in any case of letters.

    Raises:
        ValueError: anything else.
    """
    if value.lower() not in ("valid", "same"):
        raise ValueError(
            f'The `padding` argument must be one of "valid", "same". Received: {value.lower()}.'
        )
    return value.lower()


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """How long a convolution's output is; `padding` is "same", "causal", "valid" or "full"."""
    if input_length is None:
        return None
    reach = (filter_size - 1) * dilation
    length = input_length + {"same": 0, "causal": 0, "valid": -reach, "full": reach}[padding]
    return (length + stride - 1) // stride


def conv_input_length(
    output_length: int | None, filter_size: int, padding: str, stride: int
) -> int | None:
    """How long the input of a convolution was, by its output."""
    if output_length is None:
        return None
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_output_length(input_length: Any, filter_size: int, padding: str, stride: int) -> Any:
    """How long a transposed convolution's output is: an int or scalar tensor, as the input's is.

    `padding` is "same", "valid" or "full".
    """
    if input_length is None:
        return None
    length = input_length * stride
    if padding == "valid":
        return length + max(filter_size - stride, 0)
    return length - (stride + filter_size - 2) if padding == "full" else length


def function_of(layer: Callable[..., Any], name: str, shared: bool = False) -> Callable[..., Any]:
    """The function `name(inputs, <arguments of the layer's class>)`: the layer made and called.

    Args:
        shared: whether the function has an argument `reuse`, to share variables by layer name.
    """
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [p for p in inspect.signature(layer).parameters.values() if p.kind is kind]
    reuse = [inspect.Parameter("reuse", kind, default=None)] if shared else []
    signature = inspect.Signature([inspect.Parameter("inputs", kind), *own, *reuse])

    def apply(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        inputs = given.pop("inputs")
        if shared:
            given |= {"_reuse": given.pop("reuse", None), "_scope": given.get("name")}
        return layer(**given)(inputs)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"`{layer.__name__}(...)(inputs)`.\n\n{inspect.getdoc(layer)}"
    apply.__signature__ = signature  # type: ignore[attr-defined]
    return apply


# -- functions by name ---------------------------------------------------------------------------


def _hard_sigmoid(x: Any) -> Any:
    return clip.clip_by_value(x * 0.2 + 0.5, 0.0, 1.0)


def _op(name: str) -> Callable[..., Any]:
    endpoint: Callable[..., Any] = opdef.get(name).endpoint
    return endpoint


_ACTIVATIONS: dict[str, Callable[..., Any] | None] = {
    "linear": None,
    "hard_sigmoid": _hard_sigmoid,
    "softmax": functools.partial(nn_functions.softmax, axis=-1),
    **{
        name.lower(): _op(name)
        for name in ("Elu", "Exp", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh")
    },
}
_ACTIVATIONS["exponential"] = _ACTIVATIONS.pop("exp")
_ACTIVATIONS["swish"] = nn_functions.swish

# Keras's names; its plain distributions are narrower than those of `tf.initializers`.
_INITIALIZERS: dict[str, Callable[[], Any]] = {
    "constant": initializers.Zeros,
    "glorotnormal": initializers.GlorotNormal,
    "glorotuniform": initializers.GlorotUniform,
    "henormal": initializers.HeNormal,
    "heuniform": initializers.HeUniform,
    "identity": initializers.Identity,
    "lecunnormal": initializers.LecunNormal,
    "lecununiform": initializers.LecunUniform,
    "ones": initializers.Ones,
    "orthogonal": initializers.Orthogonal,
    "variancescaling": initializers.VarianceScaling,
    "zeros": initializers.Zeros,
    **dict.fromkeys(
        ("randomnormal", "normal"), functools.partial(initializers.RandomNormal, stddev=0.05)
    ),
    **dict.fromkeys(
        ("randomuniform", "uniform"), functools.partial(initializers.RandomUniform, -0.05, 0.05)
    ),
    "truncatednormal": functools.partial(initializers.TruncatedNormal, stddev=0.05),
}


def as_activation(activation: Any) -> Callable[..., Any] | None:
    """A function as it is, or that of a Keras name ("relu"); None for none.

    Raises:
        ValueError: an unknown name.
    """
    if not isinstance(activation, str):
        return activation  # type: ignore[no-any-return]
    if activation not in _ACTIVATIONS:
        raise ValueError(f"Unknown activation function: '{activation}'")
    return _ACTIVATIONS[activation]


def as_initializer(initializer: Any) -> Any:
    """A function as it is, an object of a class, or that of a Keras name ("he_normal").

    Raises:
        ValueError: an unknown name.
    """
    if inspect.isclass(initializer):
        return initializer()
    if not isinstance(initializer, str):
        return initializer
    name = initializer.replace("_", "").lower()
    if name not in _INITIALIZERS:
        raise ValueError(f"Unknown initializer: '{initializer}'")
    return _INITIALIZERS[name]()
