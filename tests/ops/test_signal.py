"""`tf.signal` and `tf.spectral`: the same graphs and values as TensorFlow's."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.ops.both import Program, assert_same, error_of, run
from tests.ops.cases.case import complexes, floats

_WAVE = floats(2, 50)
_SHORT = floats(3, 8)
_SPECTRUM = complexes(3, 5)


def _open(tf: Any, value: Any, rank: bool = True) -> Any:
    return tf.placeholder_with_default(
        tf.constant(value), [None] * np.ndim(value) if rank else None
    )


SAME: dict[str, Program] = {
    "fft": lambda tf: [tf.fft(complexes(2, 3)), tf.spectral.ifft(complexes(2, 3)), tf.signal.fft2d(complexes(2, 3), name="f")],
    "rfft": lambda tf: tf.signal.rfft(tf.constant(_SHORT)),
    "rfft longer": lambda tf: tf.spectral.rfft(tf.constant(_SHORT), [11], name="r"),
    "rfft shorter": lambda tf: tf.spectral.rfft(tf.constant(_SHORT), [4]),
    "rfft open": lambda tf: tf.spectral.rfft(_open(tf, _SHORT)),
    "rfft2d": lambda tf: tf.spectral.rfft2d(_SHORT, [4, 9]),
    "rfft3d": lambda tf: tf.spectral.rfft3d(floats(2, 3, 4)),
    "irfft": lambda tf: tf.spectral.irfft(tf.constant(_SPECTRUM)),
    "irfft odd": lambda tf: tf.spectral.irfft(tf.constant(_SPECTRUM), [9]),
    "irfft longer": lambda tf: tf.spectral.irfft(tf.constant(_SPECTRUM), [12]),
    "irfft open": lambda tf: tf.spectral.irfft(_open(tf, _SPECTRUM), [12]),
    "irfft2d": lambda tf: tf.spectral.irfft2d(_SPECTRUM),
    "irfft3d": lambda tf: tf.spectral.irfft3d(complexes(2, 3, 3)),
    **{
        f"dct {kind} {norm}": lambda tf, kind=kind, norm=norm: tf.spectral.dct(tf.constant(_SHORT), kind, norm=norm)
        for kind in (1, 2, 3, 4) for norm in (None, "ortho") if (kind, norm) != (1, "ortho")
    },
    **{f"idct {kind}": lambda tf, kind=kind: tf.signal.idct(tf.constant(_SHORT), kind, name="i") for kind in (1, 2, 3, 4)},
    "dct n": lambda tf: [tf.spectral.dct(tf.constant(_SHORT), n=n) for n in (3, 8, 11)],
    "shifts": lambda tf: [tf.signal.fftshift(tf.constant(_WAVE)), tf.signal.ifftshift(tf.constant(_WAVE), 1), tf.signal.fftshift(tf.constant(_WAVE), axes=[-1])],
    "frame": lambda tf: tf.signal.frame(tf.constant(_WAVE), 12, 5),
    "frame pad": lambda tf: tf.signal.frame(tf.constant(_WAVE), 12, 8, pad_end=True, pad_value=1.5),
    "frame axis": lambda tf: tf.signal.frame(tf.constant(_WAVE.T.copy()), 12, 6, axis=0, name="f"),
    "overlap": lambda tf: tf.signal.overlap_and_add(tf.constant(floats(2, 4, 6)), 4),
    "overlap fast": lambda tf: tf.signal.overlap_and_add(tf.constant(floats(2, 4, 6)), 6),
    "windows": lambda tf: [tf.signal.hann_window(8), tf.signal.hann_window(7, periodic=False, dtype=tf.float64), tf.signal.hamming_window(1), tf.signal.hamming_window(9, name="h")],
    "stft": lambda tf: tf.signal.stft(tf.constant(_WAVE), 12, 5),
    "stft length": lambda tf: tf.signal.stft(tf.constant(_WAVE), 12, 6, 20, partial(tf.signal.hamming_window, periodic=False), pad_end=True),
    "istft": lambda tf: tf.signal.inverse_stft(tf.constant(complexes(2, 4, 9)), 12, 5),
    "istft window": lambda tf: tf.signal.inverse_stft(tf.constant(complexes(2, 4, 9)), 16, 4, window_fn=tf.signal.inverse_stft_window_fn(4)),
    "istft longer": lambda tf: tf.signal.inverse_stft(tf.constant(complexes(2, 4, 5)), 12, 5, fft_length=8),
    "mfcc": lambda tf: tf.signal.mfccs_from_log_mel_spectrograms(tf.constant(_SHORT)),
}  # fmt: skip

# Values only: TensorFlow builds loops or a cond here, and TensorFlow 2 a linspace of seventy nodes.
SAME_VALUES: dict[str, Program] = {
    "other windows": lambda tf: [tf.signal.vorbis_window(8), tf.signal.kaiser_window(7), tf.signal.kaiser_bessel_derived_window(8)],
    "mel": lambda tf: tf.signal.linear_to_mel_weight_matrix(),
    "mel name": lambda tf: tf.signal.linear_to_mel_weight_matrix(8, 33, 16000.0, 80.0, 7600.0, name="mel"),
    "mdct": lambda tf: tf.signal.mdct(tf.constant(_WAVE), 8),
    "mdct ortho": lambda tf: tf.signal.inverse_mdct(tf.signal.mdct(tf.constant(_WAVE), 8, norm="ortho"), norm="ortho"),
    "imdct": lambda tf: tf.signal.inverse_mdct(tf.constant(floats(2, 5, 4)), window_fn=None),
    "frame open": lambda tf: tf.signal.frame(_open(tf, _WAVE), 12, 5),
    "frame open pad": lambda tf: tf.signal.frame(_open(tf, _WAVE, rank=False), 12, 8, pad_end=True),
    "frame fed": lambda tf: tf.signal.frame(_open(tf, _WAVE), _open(tf, 12), _open(tf, 8)),
    "stft open": lambda tf: tf.signal.stft(_open(tf, _WAVE), _open(tf, 12), 4),
    "overlap open": lambda tf: tf.signal.overlap_and_add(_open(tf, floats(2, 4, 6)), _open(tf, 4)),
    "istft open": lambda tf: tf.signal.inverse_stft(_open(tf, complexes(2, 4, 9)), 12, 5),
    "hann fed": lambda tf: [tf.signal.hann_window(_open(tf, 8)), tf.signal.hann_window(_open(tf, 1))],
    **{
        f"{name} gradient": lambda tf, name=name: (lambda x: tf.gradients(tf.abs(getattr(tf.signal, name)(x, 12, 5)), x))(tf.constant(_WAVE))
        for name in ("stft", "frame")
    },
    "dct gradient": lambda tf: (lambda x: tf.gradients(tf.spectral.dct(x) ** 2, x))(tf.constant(_SHORT)),
    "istft gradient": lambda tf: (lambda x: tf.gradients(tf.signal.inverse_stft(x, 12, 5), x))(tf.constant(complexes(2, 4, 9))),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_graph_and_values(name: str) -> None:
    assert_same(SAME[name], rtol=1e-4)


@pytest.mark.parametrize("name", SAME_VALUES)
def test_values(name: str) -> None:
    assert_same(SAME_VALUES[name], nodes=False, rtol=1e-4)


def test_contrib_names() -> None:
    assert tf1x.contrib.signal.stft is tf1x.signal.stft


def test_inverse_stft_gives_the_signal_back() -> None:
    def program(tf: Any) -> Any:
        spectra = tf.signal.stft(_WAVE, 16, 4)
        window = tf.signal.inverse_stft_window_fn(4)
        return tf.signal.inverse_stft(spectra, 16, 4, window_fn=window)

    (back,) = run(tf1x, program)[1]
    np.testing.assert_allclose(back[:, 16:-16], _WAVE[:, 16 : back.shape[1] - 16], atol=1e-5)


ERRORS: dict[str, Program] = {
    "dct type": lambda tf: tf.spectral.dct(tf.constant(_SHORT), 5),
    "dct norm": lambda tf: tf.spectral.dct(tf.constant(_SHORT), norm="l2"),
    "dct first ortho": lambda tf: tf.spectral.dct(tf.constant(_SHORT), 1, norm="ortho"),
    "dct axis": lambda tf: tf.spectral.dct(tf.constant(_SHORT), axis=0),
    "rfft type": lambda tf: tf.spectral.rfft(tf.constant([1, 2])),
    "irfft type": lambda tf: tf.spectral.irfft(tf.constant([1.0, 2.0])),
    "fft rank": lambda tf: tf.fft2d(complexes(2)),
    "step": lambda tf: tf.signal.overlap_and_add(_WAVE, 1.5),
    "mdct": lambda tf: tf.signal.mdct(_WAVE, 6),
    "nyquist": lambda tf: tf.signal.linear_to_mel_weight_matrix(upper_edge_hertz=5000.0),
    "edges": lambda tf: tf.signal.linear_to_mel_weight_matrix(lower_edge_hertz=3900.0),
    "window": lambda tf: tf.signal.hann_window(8, dtype=tf.int32),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    from tests.oracle import tf1

    assert error_of(tf1x, ERRORS[name])[0] == error_of(tf1, ERRORS[name])[0]
