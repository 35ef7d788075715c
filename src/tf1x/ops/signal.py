"""`tf.signal`: frames, windows, short-time transforms, mel spectra."""

from __future__ import annotations

import math as numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype, bool_, float32, int32
from tf1x.core.operation import Tensor
from tf1x.core.static import constant_value
from tf1x.ops import (
    array,
    array_gather,
    array_moves,
    array_pad,
    array_select,
    array_slicing,
    elementary,
    math,
    math_functions,
    nn,
    reduce,
    special_math,
)
from tf1x.ops.control_flow import cond, while_loop
from tf1x.ops.spectral import dct, irfft, rfft

Window = Callable[..., Tensor]


def _scalar(value: Any, name: str) -> Tensor:
    tensor = convert.to_tensor(value, name=name)
    tensor.shape.assert_has_rank(0)
    return tensor


def _or_known(tensor: Tensor) -> Any:
    """The tensor's value where the graph determines it, else the tensor."""
    known = constant_value(tensor)
    return tensor if known is None else known


# -- frames --------------------------------------------------------------------------------------


def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: Any = -1,
    name: str | None = None,
) -> Tensor:
    """Overlapping parts of a signal.

    Args:
        signal: [..., samples, ...], with the samples along `axis`.
        frame_length, frame_step: samples in each frame, and from one's start to the next's.
        pad_end: go on with `pad_value` until every sample starts no more frames; else what does
            not fill a frame is left out.

    Returns:
        [..., frames, frame_length, ...].
    """
    with scopes.name_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        signal = convert.to_tensor(signal, name="signal")
        frame_length = _scalar(frame_length, "frame_length")
        frame_step = _scalar(frame_step, "frame_step")
        axis = _scalar(axis, "axis")
        signal.shape.with_rank_at_least(1)
        result_shape = _framed_shape(signal, frame_length, frame_step, pad_end, axis)
        shape, axis = _or_known(array.shape(signal)), _or_known(axis)
        if isinstance(shape, np.ndarray) and isinstance(axis, np.ndarray):
            axis = range(len(shape))[int(axis)]
            before, (samples,), after = shape[:axis], shape[axis : axis + 1], shape[axis + 1 :]
        else:
            rank = array.rank(signal)
            axis = array.range_(rank)[axis]
            before, samples, after = array_moves.split(shape, [axis, 1, rank - 1 - axis])
            samples = array.Reshape(samples, [])
        outer, inner = array.size(before), array.size(after)
        if pad_end:
            value = _scalar(convert.to_tensor(pad_value, signal.dtype), "pad_value")
            count = -(-samples // frame_step)
            missing = math.Maximum(0, frame_length + frame_step * (count - 1) - samples)
            paddings = array_moves.concat(
                [
                    array.zeros([outer, 2], missing.dtype),
                    convert.to_tensor([[0, missing]]),
                    array.zeros([inner, 2], missing.dtype),
                ],
                0,
            )
            signal = array_pad.pad(signal, paddings, constant_values=value)
            shape = array.shape(signal)
            samples = shape[axis]
        else:
            none = convert.constant(0, frame_length.dtype)
            count = math.Maximum(none, 1 + (samples - frame_length) // frame_step)
        frames = _gathered(signal, shape, before, samples, after, axis, count, frame_length, frame_step)  # fmt: skip
        if result_shape is not None:
            frames.set_shape(result_shape)
        return frames


def _gathered(
    signal: Tensor,
    shape: Any,
    before: Any,
    samples: Any,
    after: Any,
    axis: Any,
    count: Any,
    frame_length: Tensor,
    frame_step: Tensor,
) -> Tensor:
    """The frames, put together of pieces that are as long as length and step allow."""
    piece = _or_known(_greatest_common_divisor(frame_length, frame_step))
    pieces_a_frame, pieces_a_step = frame_length // piece, frame_step // piece
    pieces = samples // piece
    end = array_moves.concat([before, [pieces * piece], after], 0)
    cut = array_moves.concat([before, [pieces, piece], after], 0)
    parts = array.Reshape(array_slicing.strided_slice(signal, array.zeros_like(shape), end), cut)
    starts = array.Reshape(
        array.range_(count, dtype=frame_length.dtype) * pieces_a_step, [count, 1]
    )
    offsets = array.Reshape(
        array.range_(pieces_a_frame, dtype=frame_length.dtype), [1, pieces_a_frame]
    )
    chosen = starts + offsets
    outer = convert.to_tensor(before)
    inner = convert.to_tensor(after, dtype=outer.dtype)
    middle = convert.to_tensor([count, frame_length], dtype=outer.dtype)
    gathered = array_gather.gather(parts, chosen, axis=axis)
    return array.Reshape(gathered, array_moves.concat([outer, middle, inner], 0))


def _framed_shape(
    signal: Tensor, length: Tensor, step: Tensor, pad_end: bool, axis: Tensor
) -> list[int | None] | None:
    shape = signal.shape.as_list() if signal.shape.ndims is not None else None
    if shape is None:
        return None
    size, hop, place = (constant_value(t) for t in (length, step, axis))
    if place is None:
        return [None] * (len(shape) + 1)
    axis_number = int(place) % len(shape)
    samples = shape[axis_number]
    count: int | None = None
    if samples is not None and hop is not None:
        if pad_end:
            count = max(0, -(-samples // int(hop)))
        elif size is not None:
            count = max(0, (samples - int(size) + int(hop)) // int(hop))
    known = None if size is None else int(size)
    return [*shape[:axis_number], count, known, *shape[axis_number + 1 :]]


def _greatest_common_divisor(a: Tensor, b: Tensor) -> Tensor:
    with scopes.name_scope(None, "gcd", [a, b]):
        known_a, known_b = constant_value(a), constant_value(b)
        if known_a is not None and known_b is not None:
            return convert.to_tensor(numbers.gcd(int(known_a), int(known_b)))
        divisor, _ = while_loop(
            lambda _, b: math.Greater(b, array.zeros_like(b)),
            lambda a, b: [b, math.FloorMod(a, b)],
            [a, b],
            back_prop=False,
        )
        result: Tensor = divisor
        return result


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Tensor:
    """The signal of which frames, `frame_step` samples apart, are summed up.

    Args:
        signal: [..., frames, frame_length].

    Returns:
        [..., (frames - 1) * frame_step + frame_length].

    Raises:
        ValueError: `frame_step` is no integer.
    """
    with scopes.name_scope(name, "overlap_and_add", [signal, frame_step]):
        signal = convert.to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(2)
        step = _scalar(frame_step, "frame_step")
        if not step.dtype.is_integer:
            raise ValueError(f"frame_step must be an integer. Got {step.dtype}")
        hop = _or_known(step)
        shape = _or_known(array.shape(signal))
        outer = shape[:-2]
        rank = _or_known(array.size(outer))
        length, frames = shape[-1], shape[-2]
        samples = length + hop * (frames - 1)

        def reshaped(x: Tensor, inner: list[Any], name: str | None = None) -> Tensor:
            return array.Reshape(x, array_moves.concat([outer, inner], 0), name=name)

        if not isinstance(hop, Tensor) and hop == (signal.shape.dims or [None])[-1]:
            return reshaped(signal, [samples], name="fast_path")
        # Each frame is cut into pieces of `hop` samples; piece i of frame j adds to piece i + j of
        # the result. Padding by as many pieces lets a reshape move each row by one.
        pieces = -(-length // hop)
        paddings = array_moves.concat(
            [array.zeros([rank, 2], int32), [[0, pieces], [0, pieces * hop - length]]], 0
        )
        signal = array_pad.pad(signal, paddings)
        signal = reshaped(signal, [frames + pieces, pieces, hop])
        order = array_moves.concat([array.range_(rank), rank + [1, 0, 2]], 0)
        signal = array_moves.transpose(signal, _or_known(order))
        signal = reshaped(signal, [(frames + pieces) * pieces, hop])
        signal = signal[..., : (frames + pieces - 1) * pieces, :]
        signal = reshaped(signal, [pieces, frames + pieces - 1, hop])
        signal = reduce.reduce_sum(signal, -3)
        signal = reshaped(signal, [(frames + pieces - 1) * hop])
        return signal[..., :samples]


# -- windows -------------------------------------------------------------------------------------


def _check_window(dtype: Any) -> Any:
    dtype = as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype}")
    return dtype


def _raised_cosine(default: str, constant: float, factor: float, doc: str) -> Window:
    def window(
        window_length: Any, periodic: Any = True, dtype: Any = float32, name: str | None = None
    ) -> Tensor:
        dtype = _check_window(dtype)
        with scopes.name_scope(name, default, [window_length, periodic]):
            length = convert.to_tensor(window_length, int32, name="window_length")
            length.shape.assert_has_rank(0)
            known = constant_value(length)
            if known == 1:
                return array.ones([1], dtype=dtype)
            wraps = math.cast(convert.to_tensor(periodic, bool_, name="periodic"), int32)
            even = 1 - math.FloorMod(length, 2, name="mod")
            turns = math.cast(length + wraps * even - 1, dtype)
            count = math.cast(array.range_(length), dtype)
            angle = convert.constant(2 * np.pi, dtype) * count / turns

            def values() -> Tensor:
                return math.cast(constant - factor * elementary.Cos(angle), dtype)

            if known is not None:
                return values()
            one = math.Equal(length, 1)
            result: Tensor = cond(one, lambda: array.ones([length], dtype=dtype), values)
            return result

    window.__name__ = window.__qualname__ = default
    window.__doc__ = f"""{doc}

    Args:
        window_length: how many samples.
        periodic: repeat after `window_length` samples (for spectra), else be symmetric.

    Raises:
        ValueError: `dtype` is not of a floating type.
    """
    return window


hann_window = _raised_cosine("hann_window", 0.5, 0.5, "A Hann window: 0.5 - 0.5 cos(2 pi t).")
hamming_window = _raised_cosine(
    "hamming_window", 0.54, 0.46, "A Hamming window: 0.54 - 0.46 cos(2 pi t)."
)


def vorbis_window(window_length: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """The power-complementary window of the Vorbis codec."""
    dtype = _check_window(dtype)
    with scopes.name_scope(name, "vorbis_window"):
        length = convert.to_tensor(window_length, int32)
        count = math.cast(array.range_(length), dtype)
        sine = elementary.Sin(np.pi / math.cast(length, dtype) * (count + 0.5))
        return elementary.Sin(np.pi / 2.0 * math_functions.power(sine, 2.0))


def kaiser_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """A Kaiser window of shape `beta`."""
    dtype = _check_window(dtype)
    with scopes.name_scope(name, "kaiser_window"):
        length = convert.to_tensor(window_length, int32)
        if constant_value(length) == 1:
            return array.ones([1], dtype=dtype)
        half = (math.cast(length, float32) - 1.0) / 2.0
        place = math.cast(array.range_(-half, half + 0.1, dtype=float32), dtype)
        beta, one, half = (math.cast(x, dtype) for x in (beta, 1.0, half))
        bow = beta * elementary.Sqrt(nn.Relu(one - elementary.Square(place / half)))
        ratio = special_math.BesselI0e(bow) / special_math.BesselI0e(beta)
        return elementary.Exp(bow - beta) * ratio


def kaiser_bessel_derived_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """The Kaiser-Bessel derived window: power-complementary, for the MDCT."""
    dtype = _check_window(dtype)
    with scopes.name_scope(name, "kaiser_bessel_derived_window"):
        length = convert.to_tensor(window_length, int32)
        total = reduce.cumsum(kaiser_window(length // 2 + 1, beta, dtype))
        half = elementary.Sqrt(total[:-1] / total[-1])
        return array_moves.concat((half, half[::-1]), axis=0)


# -- short-time transforms -----------------------------------------------------------------------


def _power_of_two(value: Tensor) -> Tensor:
    """The smallest power of two that is not below `value`."""
    known = constant_value(value)
    if known is not None:
        return convert.constant(1 << (int(known) - 1).bit_length(), value.dtype)
    exponent = elementary.Log(math.cast(value, float32)) / elementary.Log(convert.constant(2.0))
    return math.cast(math_functions.power(2.0, math.Ceil(exponent)), value.dtype)


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Tensor:
    """The short-time Fourier transform.

    Args:
        signals: [..., samples].
        frame_length, frame_step, pad_end: see `tf.signal.frame`.
        fft_length: by default the power of two that holds `frame_length`.
        window_fn: (length, dtype=) to the factors of a frame; None for none.

    Returns:
        complex64 or complex128 [..., frames, fft_length // 2 + 1].
    """
    with scopes.name_scope(name, "stft", [signals, frame_length, frame_step]):
        signals = convert.to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        length = _scalar(frame_length, "frame_length")
        step = _scalar(frame_step, "frame_step")
        size = _power_of_two(length) if fft_length is None else convert.to_tensor(fft_length, name="fft_length")  # fmt: skip
        frames = frame(signals, length, step, pad_end=pad_end)
        if window_fn is not None:
            frames = frames * window_fn(length, dtype=frames.dtype)
        return rfft(frames, [size])


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Window = hann_window, name: str | None = None
) -> Window:
    """The window with which `tf.signal.inverse_stft` undoes an STFT of `forward_window_fn`."""

    def window(frame_length: Any, dtype: Any) -> Tensor:
        with scopes.name_scope(name, "inverse_stft_window_fn", [forward_window_fn]):
            step = _scalar(frame_step, "frame_step")
            length = _scalar(frame_length, "frame_length")
            forward = forward_window_fn(length, dtype=dtype)
            squares = elementary.Square(forward)
            overlaps = -(-length // step)
            squares = array_pad.pad(squares, [(0, overlaps * step - length)])
            squares = array.Reshape(squares, [overlaps, step])
            total = reduce.reduce_sum(squares, 0, keepdims=True)
            total = array.Reshape(array_moves.Tile(total, [overlaps, 1]), [overlaps * step])
            total = total[:length]
            return array_select.where(
                math.Equal(total, 0.0), array.zeros_like(forward), forward / total
            )

    return window


def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    name: str | None = None,
) -> Tensor:
    """The signals of which `stfts` are the short-time Fourier transforms.

    Args:
        stfts: complex [..., frames, fft_length // 2 + 1].
        window_fn: see `inverse_stft_window_fn`, which gives the one for exact reconstruction.

    Returns:
        [..., samples].
    """
    with scopes.name_scope(name, "inverse_stft", [stfts]):
        stfts = convert.to_tensor(stfts, name="stfts")
        stfts.shape.with_rank_at_least(2)
        length = _scalar(frame_length, "frame_length")
        step = _scalar(frame_step, "frame_step")
        size = _power_of_two(length) if fft_length is None else _scalar(fft_length, "fft_length")
        frames = _of_length(irfft(stfts, [size]), length)
        if window_fn is not None:
            frames = frames * window_fn(length, dtype=stfts.dtype.real_dtype)
        return overlap_and_add(frames, step)


def _of_length(frames: Tensor, length: Tensor) -> Tensor:
    """Frames cut or padded to a length."""
    known = constant_value(length)
    rank = frames.shape.ndims
    given = None if rank is None else frames.shape.as_list()[-1]
    if known is None or given is None:
        frames = frames[..., :length]
        missing = math.Maximum(0, length - array.shape(frames)[-1])
        outer = array.zeros([array.rank(frames) - 1, 2], dtype=length.dtype)
        frames = array_pad.pad(frames, array_moves.concat([outer, [[0, missing]]], 0))
    elif given > known:
        frames = frames[..., : int(known)]
    elif given < known:
        frames = array_pad.pad(frames, [[0, 0]] * ((rank or 1) - 1) + [[0, int(known) - given]])
    if known is not None and frames.shape.ndims is not None:
        frames.set_shape([None] * (frames.shape.ndims - 1) + [int(known)])
    return frames


def mdct(
    signals: Any,
    frame_length: Any,
    window_fn: Window | None = vorbis_window,
    pad_end: bool = False,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The modified discrete cosine transform: [..., frames, frame_length // 2].

    Raises:
        ValueError: `frame_length` is no multiple of 4.
    """
    with scopes.name_scope(name, "mdct", [signals, frame_length]):
        signals = convert.to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        length = _scalar(frame_length, "frame_length")
        known = constant_value(length)
        if known is not None and known % 4:
            raise ValueError("The frame length must be a multiple of 4.")
        step = length // 2 if known is None else convert.to_tensor(known // 2, length.dtype)
        frames = frame(signals, length, step, pad_end=pad_end)
        frames = frames * (window_fn(length, dtype=frames.dtype) if window_fn else 1.0 / np.sqrt(2))
        a, b, c, d = array_moves.split(frames, 4, axis=-1)
        first = -array_moves.reverse(c, [-1]) - d
        second = a - array_moves.reverse(b, [-1])
        return dct(array_moves.concat((first, second), axis=-1), type=4, norm=norm)


def inverse_mdct(
    mdcts: Any,
    window_fn: Window | None = vorbis_window,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """The signals of which `mdcts` [..., frames, half a frame] are the modified cosine transforms."""
    with scopes.name_scope(name, "inverse_mdct", [mdcts]):
        mdcts = convert.to_tensor(mdcts, name="mdcts")
        mdcts.shape.with_rank_at_least(2)
        half = math.cast(mdcts.shape[-1].value or array.shape(mdcts)[-1], int32)
        if norm is None:
            cosines = 0.5 / math.cast(half, mdcts.dtype) * dct(mdcts, type=4)
        else:
            cosines = dct(mdcts, type=4, norm=norm)
        first, second = array_moves.split(cosines, 2, axis=-1)
        back_first, back_second = (array_moves.reverse(x, [-1]) for x in (first, second))
        frames = array_moves.concat((second, -back_second, -back_first, -first), axis=-1)
        if window_fn is not None:
            frames = frames * window_fn(2 * half, dtype=mdcts.dtype)
        else:
            frames = frames * (1.0 / np.sqrt(2))
        return overlap_and_add(frames, half)


# -- mel spectra ---------------------------------------------------------------------------------


def _to_mel(hertz: Tensor) -> Tensor:
    with scopes.name_scope(None, "hertz_to_mel", [hertz]):
        return 1127.0 * elementary.Log(1.0 + hertz / 700.0)


def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Weights [num_spectrogram_bins, num_mel_bins] that make a mel spectrum of a linear one.

    The bands are triangles on the mel scale, 1127 ln(1 + f / 700), of height 1 and each as wide
    as its two neighbours' centres; the bin of frequency 0 counts for none.

    Args:
        num_spectrogram_bins: bins of the spectrum, from 0 to half of `sample_rate`.
        lower_edge_hertz, upper_edge_hertz: where the bands begin and end.

    Raises:
        ValueError: an argument is negative or out of range.
    """
    dtype = as_dtype(dtype)
    with scopes.name_scope(name, "linear_to_mel_weight_matrix") as scope:
        if isinstance(sample_rate, Tensor):
            sample_rate = _or_known(sample_rate)
        _check_mel(num_mel_bins, sample_rate, lower_edge_hertz, upper_edge_hertz, dtype)
        rate = math.cast(sample_rate, dtype, name="sample_rate")
        lower = convert.to_tensor(lower_edge_hertz, dtype, name="lower_edge_hertz")
        upper = convert.to_tensor(upper_edge_hertz, dtype, name="upper_edge_hertz")
        zero = convert.to_tensor(0.0, dtype)
        hertz = math_functions.LinSpace(zero, rate / 2.0, num_spectrogram_bins)[1:]
        mels = array.expand_dims(_to_mel(hertz), 1)
        edges = frame(
            math_functions.LinSpace(_to_mel(lower), _to_mel(upper), num_mel_bins + 2), 3, 1
        )
        begin, center, end = (
            array.Reshape(part, [1, num_mel_bins]) for part in array_moves.split(edges, 3, axis=1)
        )
        rising = (mels - begin) / (center - begin)
        falling = (end - mels) / (end - center)
        weights = math.Maximum(zero, math.Minimum(rising, falling))
        return array_pad.pad(weights, [[1, 0], [0, 0]], name=scope)


def _check_mel(bins: int, rate: Any, lower: float, upper: float, dtype: Any) -> None:
    if bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {bins}")
    if lower < 0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower}")
    if lower >= upper:
        raise ValueError(f"lower_edge_hertz {lower:.1f} >= upper_edge_hertz {upper:.1f}")
    if not isinstance(rate, Tensor):
        if rate <= 0:
            raise ValueError(f"sample_rate must be positive. Got: {rate}")
        if upper > rate / 2:
            raise ValueError(
                "upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). "
                f"Got {upper} for sample_rate: {rate}"
            )
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {dtype}")


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Tensor:
    """Mel-frequency cepstral coefficients of log mel spectra [..., num_mel_bins], in the same shape.

    Raises:
        ValueError: there are no mel bins.
    """
    with scopes.name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        spectra = convert.to_tensor(log_mel_spectrograms)
        bins: Any = spectra.shape[-1].value if spectra.shape.ndims else None
        if bins == 0:
            raise ValueError(f"num_mel_bins must be positive. Got: {spectra}")
        if bins is None:
            bins = array.shape(spectra)[-1]
        cosines = dct(spectra, type=2)
        return cosines * elementary.Rsqrt(math.cast(bins, cosines.dtype) * 2.0)
