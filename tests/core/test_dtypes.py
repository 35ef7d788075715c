import copy
import pickle

import ml_dtypes
import numpy as np
import pytest

from tf1x.core import dtypes


@pytest.mark.parametrize("dtype", [*dtypes.REALS, *dtypes.COMPLEX, dtypes.bool_, dtypes.string])
def test_every_spelling_of_a_type_is_the_same_object(dtype):
    for spelling in (dtype, dtype.name, dtype.as_datatype_enum, dtype.numpy_dtype):
        assert dtypes.as_dtype(spelling) is dtype
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert copy.deepcopy(dtype) is dtype
    assert dtype._as_ref.base_dtype is dtype
    assert dtype.is_compatible_with(dtype._as_ref)


def test_python_types():
    assert dtypes.as_dtype(float) is dtypes.float32
    assert dtypes.as_dtype(int) is dtypes.int32
    assert dtypes.as_dtype(bool) is dtypes.bool_
    assert dtypes.as_dtype(str) is dtypes.string
    assert dtypes.as_dtype("float") is dtypes.float32
    assert dtypes.float32 == np.float32
    assert dtypes.float32 != "no type at all"
    with pytest.raises(TypeError, match="Cannot convert"):
        dtypes.as_dtype("float31")


def test_properties():
    assert dtypes.bfloat16.is_floating
    assert dtypes.bfloat16.as_numpy_dtype is ml_dtypes.bfloat16
    assert dtypes.uint8.is_unsigned
    assert dtypes.uint8.max == 255
    assert not dtypes.bool_.is_integer
    assert dtypes.complex64.real_dtype is dtypes.float32
    assert dtypes.float32.limits == (0.0, 1.0)
    assert dtypes.float32.min == np.finfo(np.float32).min
    with pytest.raises(TypeError, match="minimum"):
        _ = dtypes.string.min


def test_numbers_equal_tensorflow():
    from tests.oracle import tf1

    for dtype in dtypes._BY_ENUM.values():
        assert tf1.as_dtype(dtype.as_datatype_enum).name == dtype.name
