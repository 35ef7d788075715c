"""`tf.signal` and `tf.spectral`: real Fourier and cosine transforms, of any length."""

from __future__ import annotations

import math as numbers
from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import complex64, complex128, float32, float64, int32
from tf1x.core.operation import Tensor
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import (
    array,
    array_gather,
    array_moves,
    array_pad,
    array_select,
    complex_math,
    elementary,
    fft,
    math,
)

# -- transforms of real values -------------------------------------------------------------------


def _inferred_length(x: Tensor, rank: int, inverse: bool) -> Tensor:
    """The transform's lengths from the shape of its input."""
    known = x.shape[-rank:]
    if known.is_fully_defined():
        lengths = known.as_list()
        if inverse and lengths:
            lengths[-1] = max(0, 2 * (lengths[-1] - 1))
        return convert.to_tensor(lengths, int32)
    found = array.shape(x)[-rank:]
    if not inverse:
        return found
    parts = array_moves.unstack(found)
    parts[-1] = math.Maximum(0, 2 * (parts[-1] - 1))
    return array_moves.stack(parts)


def _padded(x: Tensor, rank: int, lengths: Tensor, inverse: bool) -> Tensor:
    """`x` with zeros at the ends of its last dimensions, if it is shorter than the transform."""
    wanted = constant_value_as_shape(lengths)
    if x.shape.ndims is not None and any(size == 0 for size in x.shape.as_list()):
        return x
    if wanted.is_fully_defined() and x.shape.ndims is not None:
        given = x.shape[-rank:]
        if given.is_fully_defined():
            sizes = wanted.as_list()
            if inverse:
                sizes[-1] = sizes[-1] // 2 + 1
            ends = [max(n - m, 0) for n, m in zip(sizes, given.as_list(), strict=True)]
            if not any(ends):
                return x
            outer = [[0, 0]] * (x.shape.ndims - rank)
            return array_pad.pad(x, outer + [[0, end] for end in ends])
    total = array.rank(x)
    given = array.shape(x)[-rank:]
    outer = array.zeros([math.Maximum(0, total - rank)], lengths.dtype)
    if inverse:
        lengths = array_moves.concat([lengths[:-1], lengths[-1:] // 2 + 1], 0)
    ends = array_moves.concat([outer, math.Maximum(0, lengths - given)], 0)
    return array_pad.pad(x, array_moves.stack([array.zeros_like(ends), ends], axis=1))


def _of_real(node: Callable[..., Tensor], rank: int, name: str) -> Callable[..., Tensor]:
    inverse = name.startswith("i")
    default = name

    def transform(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        with scopes.name_scope(name, default, [input_tensor, fft_length]) as scope:
            preferred = complex64 if inverse else float32
            x = convert.to_tensor(input_tensor, preferred_dtype=preferred)
            allowed = (complex64, complex128) if inverse else (float32, float64)
            if x.dtype not in allowed:
                kinds = " or ".join(f"tf.{dtype.name}" for dtype in allowed)
                raise ValueError(f"{default.upper()} requires {kinds} inputs, got: {x}")
            x.shape.with_rank_at_least(rank)
            if fft_length is None:
                lengths = _inferred_length(x, rank, inverse)
            else:
                lengths = convert.to_tensor(fft_length, int32)
            x = _padded(x, rank, lengths, inverse)
            known = constant_value(lengths)
            lengths = lengths if known is None else known
            if inverse:
                return node(x, lengths, Treal=x.dtype.real_dtype, name=scope)
            wide = complex64 if x.dtype == float32 else complex128
            return node(x, lengths, Tcomplex=wide, name=scope)

    dimensions = "dimension" if rank == 1 else f"{rank} dimensions"
    transform.__name__ = transform.__qualname__ = name
    transform.__doc__ = (
        f"The real values whose discrete Fourier transform over the last {dimensions} has "
        "`input_tensor` as its first half.\n\n    `fft_length` (by default twice the size of the "
        "last dimension, less 2) is the result's size."
        if inverse
        else f"The first half of the discrete Fourier transform of real values over the last "
        f"{dimensions};\n    the other half is its conjugate. `fft_length` cuts the input or pads it "
        "with zeros."
    )
    return transform


rfft = _of_real(fft.RFFT, 1, "rfft")
rfft2d = _of_real(fft.RFFT2D, 2, "rfft2d")
rfft3d = _of_real(fft.RFFT3D, 3, "rfft3d")
irfft = _of_real(fft.IRFFT, 1, "irfft")
irfft2d = _of_real(fft.IRFFT2D, 2, "irfft2d")
irfft3d = _of_real(fft.IRFFT3D, 3, "irfft3d")

# -- cosine transforms ---------------------------------------------------------------------------


def dct(
    input: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The discrete cosine transform over the last dimension, as scipy.fftpack.dct defines it.

    Args:
        type: 1, 2, 3 or 4.
        n: cut the signals to this length, or pad them with zeros.
        norm: "ortho" for an orthonormal transform (not of type 1).

    Raises:
        ValueError: another `type` or `norm`, or `n` below 1.
        NotImplementedError: `axis` is not -1, as in TensorFlow.
    """
    _check_dct(input, type, n, axis, norm)
    return _dct(input, type, n, norm, name)


def idct(
    input: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The inverse of `tf.signal.dct`, but for a factor of twice the length without `norm`."""
    _check_dct(input, type, n, axis, norm)
    return _dct(input, {1: 1, 2: 3, 3: 2, 4: 4}[type], n, norm, name)


def _check_dct(x: Any, type: int, n: int | None, axis: int, norm: str | None) -> None:
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if type not in (1, 2, 3, 4):
        raise ValueError("Types I, II, III and IV (I)DCT are supported.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")
    if type == 1:
        if norm == "ortho":
            raise ValueError("Normalization is not supported for the Type-I DCT.")
        size = x.shape[-1]
        if size is not None and size < 2:
            raise ValueError("Type-I DCT requires the dimension to be greater than one.")


def _last_size(x: Tensor) -> Any:
    return x.shape[-1].value or array.shape(x)[-1]


def _dct(x: Any, type: int, n: Any, norm: str | None, name: str | None) -> Tensor:
    with scopes.name_scope(name, "dct", [x]):
        x = convert.to_tensor(x)
        zero = convert.to_tensor(0.0, x.dtype)
        size = _last_size(x)
        if n is not None:
            x = _resized(x, n, size)
        size = _last_size(x)
        length = math.cast(size, x.dtype)
        if type == 1:
            mirrored = array_moves.concat([x, x[..., -2:0:-1]], axis=-1)
            return complex_math.real(rfft(mirrored))
        if type == 2:
            scale = 2.0 * _quarter_turns(zero, length, -1)
            half = rfft(x, fft_length=[2 * size])[..., :size]
            result = complex_math.real(half * scale)
            if norm == "ortho":
                first = 0.5 * elementary.Rsqrt(length)
                result = result * _first_and_rest(first, first * numbers.sqrt(2.0), size)
            return result
        if type == 3:
            if norm == "ortho":
                first = elementary.Sqrt(length)
                x = x * _first_and_rest(first, first * numbers.sqrt(0.5), size)
            else:
                x = x * length
            scale = 2.0 * _quarter_turns(zero, length, 1)
            spectrum = scale * complex_math.complex_(x, zero)
            return irfft(spectrum, fft_length=[2 * size])[..., :size]
        result = _dct(x, 2, 2 * size, None, None)[..., 1::2]
        if norm == "ortho":
            result = result * (numbers.sqrt(0.5) * elementary.Rsqrt(length))
        return result


def _resized(x: Tensor, n: Any, size: Any) -> Tensor:
    """The first `n` elements of the last dimension, after zeros were put at its end."""
    rank = len(x.shape)
    known = isinstance(n, int) and isinstance(size, int)
    if known and n <= size:
        return x[..., 0:n]
    missing = n - size if known else math.Maximum(0, n - size)
    paddings = convert.to_tensor([[0, 0]] * (rank - 1) + [[0, missing]], int32)
    padded = array_pad.pad(x, paddings)
    return padded if known else padded[..., :n]


def _quarter_turns(zero: Tensor, length: Tensor, sign: int) -> Tensor:
    """exp(sign i pi k / (2 length)) for k from 0 to length - 1."""
    angles = array.range_(length)
    angles = -angles if sign < 0 else angles
    return elementary.Exp(complex_math.complex_(zero, angles * numbers.pi * 0.5 / length))


def _first_and_rest(first: Tensor, rest: Tensor, size: Any) -> Tensor:
    """A vector of `size` elements."""
    return array_pad.pad(array.expand_dims(first, 0), [[0, size - 1]], constant_values=rest)


# -- shifts --------------------------------------------------------------------------------------


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Move the zero frequency to the middle, along `axes` (all by default)."""
    return _shifted(x, axes, name, "fftshift", 1)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """The inverse of `tf.signal.fftshift`."""
    return _shifted(x, axes, name, "ifftshift", -1)


def _shifted(x: Any, axes: Any, name: str | None, default: str, sign: int) -> Tensor:
    with scopes.name_scope(name, default) as scope:
        x = convert.to_tensor(x)
        if axes is None:
            axes = tuple(range(x.shape.ndims or 0))
            shift = array.shape(x) // 2
        elif isinstance(axes, int):
            shift = array.shape(x)[axes] // 2
        else:
            rank = array.rank(x)
            axes = array_select.where(math.Less(axes, 0), axes + rank, axes)
            shift = array_gather.gather(array.shape(x), axes) // 2
        return array_moves.Roll(x, -shift if sign < 0 else shift, axes, scope)
