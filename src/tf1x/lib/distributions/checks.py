"""Checks of parameters and values, made where a distribution has `validate_args`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, bool_, float16, float32, float64, int16, int32, int64, uint8
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import array, checks, math
from tf1x.ops.array_moves import matrix_transpose
from tf1x.ops.grouping import no_op, with_dependencies

_INTEGERS = {float16: int16, float32: int32, float64: int64}


def assert_integer_form(
    x: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    int_dtype: DType | None = None,
    name: str = "assert_integer_form",
) -> Operation:
    """An op that fails unless all of `x` are whole numbers.

    Raises:
        TypeError: `x` is neither integers nor floats.
    """
    with scopes.name_scope(name, None, [x, data]):
        x = convert.to_tensor(x, name="x")
        if x.dtype.is_integer:
            return no_op()
        if int_dtype is None:
            if x.dtype.base_dtype not in _INTEGERS:
                raise TypeError(f"Unrecognized type {x.dtype.name}")
            int_dtype = _INTEGERS[x.dtype.base_dtype]
        whole = math.cast(math.cast(x, int_dtype), x.dtype)
        message = message or f"{x} has non-integer components"
        return checks.assert_equal(
            x, whole, data=data, summarize=summarize, message=message, name=name
        )


def embed_check_nonnegative_integer_form(
    x: Any, name: str = "embed_check_nonnegative_integer_form"
) -> Tensor:
    """`x`, checked to be whole numbers that are not negative."""
    with scopes.name_scope(name, None, [x]):
        x = convert.to_tensor(x, name="x")
        assertions = [checks.assert_non_negative(x, message=f"'{x}' must be non-negative.")]
        if not x.dtype.is_integer:
            message = f"'{x}' cannot contain fractional components."
            assertions.append(assert_integer_form(x, message=message))
        return with_dependencies(assertions, x)


def embed_check_categorical_event_shape(
    categorical_param: Any, name: str = "embed_check_categorical_event_shape"
) -> Tensor:
    """Parameters of classes, checked to have at least two, and no more than their type can count.

    Raises:
        TypeError: they are not floats.
        ValueError: it is known that there are too few or too many.
    """
    with scopes.name_scope(name, None, [categorical_param]):
        x = convert.to_tensor(categorical_param, name="categorical_param")
        if not x.dtype.is_floating:
            raise TypeError(f"Unable to validate size of unrecognized dtype ({x.dtype.name}).")
        most = _largest_whole(x.dtype)
        scalar = "A categorical-distribution parameter must have at least 1 dimension."
        few = "A categorical-distribution parameter must have at least 2 events."
        many = f"Number of classes exceeds `dtype` precision, {most} of {x.dtype.name}."
        if x.shape.ndims == 0:
            raise ValueError(scalar)
        known = None if x.shape.ndims is None else x.shape.as_list()[-1]
        if known is not None:
            if not 2 <= known <= most:
                raise ValueError(few if known < 2 else many)
            return x
        size = array.shape(x, name="x_shape")[-1]
        assertions = [
            checks.assert_rank_at_least(x, 1, message=scalar),
            checks.assert_greater_equal(size, 2, message=few),
            checks.assert_less_equal(size, most, message=many),
        ]
        return with_dependencies(assertions, x)


def _largest_whole(dtype: DType) -> int:
    """The largest whole number up to which the type holds all whole numbers."""
    dtype = dtype.base_dtype
    if dtype.is_floating:
        return int(2 ** (np.finfo(dtype.as_numpy_dtype).nmant + 1))
    return 1 if dtype == bool_ else int(np.iinfo(dtype.as_numpy_dtype).max)


def embed_check_integer_casting_closed(
    x: Any,
    target_dtype: DType,
    assert_nonnegative: bool = True,
    name: str = "embed_check_casting_closed",
) -> Tensor:
    """`x`, checked to be whole numbers that `target_dtype` can hold.

    Raises:
        TypeError: neither type is of integers or bools.
    """
    with scopes.name_scope(name, None, [x]):
        x = convert.to_tensor(x, name="x")
        if x.dtype.is_floating and target_dtype.is_floating:
            raise TypeError(
                f"At least one of {x}.dtype ({x.dtype.name}) and target_dtype "
                f"({target_dtype.name}) must be integer-type."
            )
        assertions = []
        if assert_nonnegative:
            message = "Elements must be non-negative."
            assertions.append(checks.assert_non_negative(x, message=message))
        if x.dtype.is_floating:
            message = f"Elements must be {target_dtype.name}-equivalent."
            assertions.append(assert_integer_form(x, int_dtype=target_dtype, message=message))
        else:
            most = _largest_whole(target_dtype)
            least = 0 if target_dtype in (bool_, uint8) else -most
            if _largest_whole(x.dtype) > most:
                message = f"Elements cannot exceed {most}."
                assertions.append(checks.assert_less_equal(x, most, message=message))
            if not assert_nonnegative and -_largest_whole(x.dtype) < least:
                message = f"Elements cannot be smaller than {least}."
                assertions.append(checks.assert_greater_equal(x, least, message=message))
        return with_dependencies(assertions, x) if assertions else x


def assert_symmetric(matrix: Any) -> Tensor:
    """Matrices, checked to equal their transposes."""
    return with_dependencies([checks.assert_equal(matrix, matrix_transpose(matrix))], matrix)
