"""The native bilinear resizing against NumPy's: the same bits."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf1x.native import resize
from tf1x.ops import image_resize

pytestmark = pytest.mark.usefixtures("kernels")

SIZES = st.integers(1, 20)


@settings(max_examples=150)
@given(
    st.tuples(st.integers(0, 3), SIZES, SIZES, st.integers(0, 4)),
    SIZES, SIZES, st.sampled_from([(False, False), (True, False), (False, True)]),
    st.sampled_from([np.uint8, np.float32]), st.booleans(),
)  # fmt: skip
def test_same_bits(
    shape: tuple[int, ...],
    height: int,
    width: int,
    centers: tuple[bool, bool],
    dtype: type,
    transposed: bool,
) -> None:
    images = (np.random.default_rng(0).random(shape) * 255).astype(dtype)
    if transposed:  # not contiguous
        images = images.transpose(0, 2, 1, 3)
    native = image_resize._bilinear(images, height, width, *centers)
    with mock.patch.object(image_resize, "bilinear", return_value=None):
        pure = image_resize._bilinear(images, height, width, *centers)
    assert native.dtype == np.float32
    np.testing.assert_array_equal(native.view(np.uint32), pure.view(np.uint32))


def test_what_has_no_kernel() -> None:
    place = resize.Between(np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.float32))
    assert resize.bilinear(np.zeros((1, 2, 2, 1)), place, place) is None  # float64
    assert resize.bilinear(np.zeros((1, 2, 2, 1), np.uint8), place, place).shape == (1, 1, 1, 1)
