"""Fourier transforms over the last one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType, complex64, complex128, float32, float64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value
from tf1x.ops import xp
from tf1x.ops.shape_rules import dims

_COMPLEX = ((complex128, complex64), complex64)
_REAL = ((float32, float64), float32)
_BASE_NAMES = {1: "", 2: "2D", 3: "3D"}


def _rank_at_least(op: Operation, rank: int) -> Any:
    shape = dims(op)
    if shape is not None and len(shape) < rank:
        raise ValueError(f"Shape must be at least rank {rank} but is rank {len(shape)}")
    return shape


def _last_axes(x: Any, rank: int) -> tuple[int, ...]:
    if np.ndim(x) < rank:
        raise InvalidArgumentError(
            None, None, f"Input must have rank of at least {rank} but got: {np.shape(x)}"
        )
    return tuple(range(-rank, 0))


# -- complex to complex --------------------------------------------------------------------------


def _complex_transform(rank: int, inverse: bool) -> Any:
    name = f"{'IFFT' if inverse else 'FFT'}{_BASE_NAMES[rank]}"
    public = name.lower()
    function = xp.fft.ifftn if inverse else xp.fft.fftn

    def lower(input: Any) -> Any:
        axes = _last_axes(input, rank)
        if 0 in input.shape:
            return input
        return function(input, axes=axes).astype(input.dtype)

    lower.__doc__ = (
        f"The {'inverse ' if inverse else ''}discrete Fourier transform over the last "
        f"{'dimension' if rank == 1 else f'{rank} dimensions'}"
        f"{', divided by their size' if inverse else ''}."
    )
    return op(
        "input: Tcomplex -> output: Tcomplex",
        type=name,
        Tcomplex=_COMPLEX,
        shape=lambda op: [_rank_at_least(op, rank)],
        export=(public, f"spectral.{public}", f"signal.{public}"),
    )(lower)


FFT, FFT2D, FFT3D = (_complex_transform(rank, False) for rank in (1, 2, 3))
IFFT, IFFT2D, IFFT3D = (_complex_transform(rank, True) for rank in (1, 2, 3))


# -- real to half of the spectrum, and back ------------------------------------------------------


def _lengths(fft_length: Any, rank: int) -> tuple[int, ...]:
    lengths = xp.static_shape(fft_length)
    if len(lengths) != rank:
        raise InvalidArgumentError(
            None, None, f"fft_length must have shape [{rank}]: got [{len(lengths)}]"
        )
    if min(lengths) < 0:
        raise InvalidArgumentError(None, None, f"fft_length[..] must >= 0, but got: {lengths}")
    return lengths


def _cut(x: Any, sizes: tuple[int, ...], lengths: tuple[int, ...]) -> Any:
    """The first elements of the last dimensions.

    Raises:
        InvalidArgumentError: there are fewer; the Python functions pad before.
    """
    for axis, size in zip(range(-len(sizes), 0), sizes, strict=True):
        if x.shape[axis] < size:
            raise InvalidArgumentError(
                None,
                None,
                f"Input dimension {x.ndim + axis} must have length of at least {size} but got: {x.shape[axis]}"
                f" (fft_length {list(lengths)})",
            )
    return x[(..., *(slice(size) for size in sizes))]


def _half(lengths: tuple[Any, ...]) -> tuple[Any, ...]:
    last = lengths[-1]
    return (*lengths[:-1], last if not last else last // 2 + 1)


def _known_lengths(op: Operation, rank: int) -> tuple[int | None, ...]:
    known = constant_value(op.inputs[1])
    if known is None:
        return (None,) * rank
    if known.shape != (rank,):
        raise ValueError(f"fft_length must have shape [{rank}], got {list(known.shape)}")
    return tuple(int(n) for n in known)


def _real_shape(rank: int, inverse: bool) -> Callable[[Operation], Any]:
    def rule(op: Operation) -> Any:
        shape = _rank_at_least(op, rank)
        if shape is None:
            return [None]
        lengths = _known_lengths(op, rank)
        if not inverse:
            lengths = (*lengths[:-1], None) if lengths[-1] is None else _half(lengths)
        return [(*shape[:-rank], *lengths)]

    return rule


def _real_transform(rank: int) -> Any:
    def lower(input: Any, fft_length: Any, *, Tcomplex: DType) -> Any:
        axes = _last_axes(input, rank)
        lengths = _lengths(fft_length, rank)
        dtype = Tcomplex.as_numpy_dtype
        if 0 in input.shape or 0 in lengths:
            return xp.zeros((*input.shape[:-rank], *_half(lengths)), dtype)
        return xp.fft.rfftn(_cut(input, lengths, lengths), axes=axes).astype(dtype)

    lower.__doc__ = (
        "Half of the discrete Fourier transform of real values over the last "
        f"{'dimension' if rank == 1 else f'{rank} dimensions'}: the other half is its conjugate.\n\n"
        "    `fft_length` says how many elements of each dimension are used; the last dimension of\n"
        "    the result has fft_length[-1] // 2 + 1."
    )
    return op(
        "input: Treal, fft_length: int32 -> output: Tcomplex",
        type=f"RFFT{_BASE_NAMES[rank]}",
        Treal=_REAL,
        Tcomplex=_COMPLEX,
        shape=_real_shape(rank, inverse=False),
    )(lower)


def _inverse_real_transform(rank: int) -> Any:
    def lower(input: Any, fft_length: Any, *, Treal: DType) -> Any:
        axes = _last_axes(input, rank)
        lengths = _lengths(fft_length, rank)
        dtype = Treal.as_numpy_dtype
        if 0 in input.shape or 0 in lengths:
            return xp.zeros((*input.shape[:-rank], *lengths), dtype)
        used = _cut(input, _half(lengths), lengths)
        return xp.fft.irfftn(used, s=lengths, axes=axes).astype(dtype)

    lower.__doc__ = (
        "The real values of which `input` is half of the discrete Fourier transform, over the last "
        f"{'dimension' if rank == 1 else f'{rank} dimensions'}; the result has `fft_length` of each."
    )
    return op(
        "input: Tcomplex, fft_length: int32 -> output: Treal",
        type=f"IRFFT{_BASE_NAMES[rank]}",
        Treal=_REAL,
        Tcomplex=_COMPLEX,
        shape=_real_shape(rank, inverse=True),
    )(lower)


RFFT, RFFT2D, RFFT3D = map(_real_transform, (1, 2, 3))
IRFFT, IRFFT2D, IRFFT3D = map(_inverse_real_transform, (1, 2, 3))
