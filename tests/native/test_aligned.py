"""Arrays where XLA can read them in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf1x.native import aligned as module
from tf1x.native.aligned import aligned


@pytest.fixture(params=["kernels", "NumPy"])
def copier(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "kernels":
        request.getfixturevalue("kernels")
    else:
        monkeypatch.setattr(module, "library", lambda: None)


def _at(offset: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array whose memory begins `offset` bytes after a multiple of 64."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.random.RandomState(0).randint(0, 100, size + 128).astype(np.uint8)
    start = -memory.ctypes.data % 64 + offset
    return memory[start : start + size].view(dtype).reshape(shape)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_, np.complex64])
@pytest.mark.parametrize("shape", [(300, 1001), (1 << 20,)], ids=str)
def test_copies(copier: None, shape: tuple[int, ...], dtype: Any) -> None:
    given = _at(16, shape, dtype)
    found = aligned(given)
    assert found.ctypes.data % 64 == 0
    assert (found.shape, found.dtype) == (given.shape, given.dtype)
    np.testing.assert_array_equal(found.view(np.uint8), given.view(np.uint8))
    assert not np.shares_memory(found, given)


def test_other_orders(copier: None) -> None:
    given = _at(0, (200, 300), np.float32)
    for view in (given.T, given[::2], given[:, ::-1]):
        found = aligned(view)
        np.testing.assert_array_equal(found, view)
        assert found.ctypes.data % 64 == 0
        assert found.flags.c_contiguous


def test_what_is_aligned_stays() -> None:
    given = _at(0, (200, 300), np.float32)
    assert aligned(given) is given
