"""`tf.Assert` and the assertions built on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import ml_dtypes
import numpy as np

from tf1x.api import define, export
from tf1x.core import convert, dtypes, scopes
from tf1x.core.dtypes import as_dtype, int32, string
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, complex_math, math, reduce, xp
from tf1x.ops.shape_rules import nothing
from tf1x.ops.text import summary


def _assert(condition: Any, data: list[Any], *, summarize: int = 3) -> None:
    """Fail with InvalidArgumentError unless `condition`; the message shows `data`.

    Args:
        summarize: how many elements of each tensor are shown; -1 for all.
    """
    if np.ndim(condition):
        raise InvalidArgumentError(
            None, None, f"In[0] should be a scalar: {list(np.shape(condition))}"
        )

    def message() -> str:
        return "assertion failed: " + " ".join(
            f"[{summary(xp.static(x), summarize)}]" for x in data
        )

    xp.check(condition, InvalidArgumentError, message)


_AssertNode = op(
    "condition: bool, data: *T -> ",
    type="Assert",
    shape=nothing,
    grad=None,
    exact=True,
    stateful=True,
)(_assert)


@export("Assert", "debugging.Assert")
def Assert(
    condition: Any, data: Any, summarize: int | None = None, name: str | None = None
) -> Operation:
    """An op that fails with InvalidArgumentError, showing `data`, unless `condition` holds.

    Args:
        condition: a bool scalar.
        data: a list of tensors and strings.
        summarize: how many elements of each tensor to show (3 by default, -1 for all).
    """
    with scopes.name_scope(name, "Assert", [condition, *data]):
        items = [convert.to_tensor(x) for x in data]
        if all(x.dtype.base_dtype in (string, int32) for x in items):
            items = list(data)  # made again below, under names of their own, as in TensorFlow
        else:
            condition = convert.to_tensor(condition, name="Condition")
        checked: Operation = _AssertNode(
            condition, items, summarize=3 if summarize is None else summarize, name="Assert"
        )
        return checked


def _no_op(name: str) -> Operation:
    made: Operation = array.NoOp(name=name)
    return made


def _prefix(message: str | None) -> str:
    return f"{message}.  " if message else ""


def _raise_if_known(holds: Any, data: Iterable[Any]) -> None:
    """Raise InvalidArgumentError with what is known of `data` unless `holds`."""
    if np.all(holds):
        return
    texts = []
    for item in data:
        value = constant_value(item) if isinstance(item, Tensor) else item
        texts.append(str(item if value is None else value))
    raise InvalidArgumentError(None, None, "\n".join(texts))


# -- comparisons ---------------------------------------------------------------------------------


def _compared(
    symbol: str, default: str, node: Callable[..., Tensor], known: Callable[..., Any],
    x: Any, y: Any, data: Any, summarize: int | None, message: str | None, name: str | None,
) -> Operation:  # fmt: skip
    with scopes.name_scope(name, default, [x, y]):
        x = convert.to_tensor(x, name="x")
        y = convert.to_tensor(y, name="y")
        if data is None:
            data = [
                f"Condition x {symbol} y did not hold element-wise:",
                f"x ({x.name}) = ",
                x,
                f"y ({y.name}) = ",
                y,
            ]
        if message is not None:
            data = [message, *data]
        condition = reduce.reduce_all(node(x, y))
        values = constant_value(x), constant_value(y)
        if values[0] is not None and values[1] is not None:
            _raise_if_known(known(*values), data)
        return Assert(condition, data, summarize=summarize)


def _comparison(
    name: str, symbol: str, node: Callable[..., Tensor], known: Callable[..., Any]
) -> Any:
    """Define and export the assertion that `x symbol y` holds for all elements."""
    default = name

    def check(
        x: Any,
        y: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        if default == "assert_equal":
            with scopes.name_scope(name, default, [x, y]):
                if x is y:
                    return _no_op("NoOp")
        return _compared(symbol, default, node, known, x, y, data, summarize, message, name)

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"""An op that fails unless `x {symbol} y` for all elements (with broadcasting).

    Args:
        data: what to show instead of `x` and `y`.
        summarize: how many elements of each tensor to show.
        message: put in front.

    Raises:
        InvalidArgumentError: at once where both are known while the graph is built and it does
            not hold; otherwise when the op runs.
    """
    define(check, name, f"debugging.{name}")
    return check


assert_equal = _comparison("assert_equal", "==", math.Equal, np.equal)
assert_none_equal = _comparison("assert_none_equal", "!=", math.NotEqual, np.not_equal)
assert_less = _comparison("assert_less", "<", math.Less, np.less)
assert_less_equal = _comparison("assert_less_equal", "<=", math.LessEqual, np.less_equal)
assert_greater = _comparison("assert_greater", ">", math.Greater, np.greater)
assert_greater_equal = _comparison(
    "assert_greater_equal", ">=", math.GreaterEqual, np.greater_equal
)


def _sign(name: str, symbol: str, compare: Callable[..., Operation], zero_first: bool) -> Any:
    """Define and export the assertion that `x symbol 0` holds for all elements."""
    default = name

    def check(
        x: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        with scopes.name_scope(name, default, [x]):
            x = convert.to_tensor(x, name="x")
            if data is None:
                text = f"Condition x {symbol} 0 did not hold element-wise:"
                data = [_prefix(message), text, f"x ({x.name}) = ", x]
            zero = convert.to_tensor(0, x.dtype.base_dtype)
            pair = (zero, x) if zero_first else (x, zero)
            return compare(*pair, data=data, summarize=summarize)

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"An op that fails unless `x {symbol} 0` for all elements; see `assert_equal`."
    define(check, name, f"debugging.{name}")
    return check


assert_negative = _sign("assert_negative", "<", assert_less, zero_first=False)
assert_positive = _sign("assert_positive", ">", assert_less, zero_first=True)
assert_non_negative = _sign("assert_non_negative", ">=", assert_less_equal, zero_first=True)
assert_non_positive = _sign("assert_non_positive", "<=", assert_less_equal, zero_first=False)


@export("assert_near", "debugging.assert_near")
def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """An op that fails unless |x - y| < atol + rtol * |y| for all elements.

    Args:
        rtol, atol: by default ten times the precision of the type.
    """
    with scopes.name_scope(name, "assert_near", [x, y, rtol, atol]):
        x = convert.to_tensor(x, name="x")
        y = convert.to_tensor(y, x.dtype.base_dtype, name="y")
        dtype = x.dtype.real_dtype if x.dtype.is_complex else x.dtype.base_dtype
        precision = float(ml_dtypes.finfo(dtype.as_numpy_dtype).eps)
        rtol = convert.to_tensor(10 * precision if rtol is None else rtol, dtype, name="rtol")
        atol = convert.to_tensor(10 * precision if atol is None else atol, dtype, name="atol")
        if data is None:
            text = f"x and y not equal to tolerance rtol = {rtol}, atol = {atol}"
            data = [_prefix(message), text, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
        tolerance = atol + rtol * complex_math.absolute(y)
        distance = complex_math.absolute(x - y)
        return Assert(reduce.reduce_all(math.Less(distance, tolerance)), data, summarize=summarize)


# -- ranks ---------------------------------------------------------------------------------------


def _ranked(
    default: str, words: str, static: Callable[[int, tuple[int, ...]], bool], dynamic: Callable[..., Tensor],
    x: Any, ranks: list[Any], data: Any, summarize: int | None, message: str | None, name: str | None,
) -> Operation:  # fmt: skip
    with scopes.name_scope(name, default, [x, *ranks, *(data or [])]):
        if not hasattr(x, "dense_shape"):
            x = convert.to_tensor(x, name="x")
        tensors = [convert.to_tensor(rank, name="rank") for rank in ranks]
        label = x.name if isinstance(x, Tensor) else ""
        if data is None:
            data = [
                _prefix(message),
                f"Tensor {label} must have {words}",
                *tensors,
                "Received shape: ",
                array.shape(x),
            ]
        for rank in tensors:
            assert_type(rank, int32)
        values = [constant_value(rank) for rank in tensors]
        known = tuple(int(v.reshape(())) for v in values if v is not None and _is_scalar(v))
        if len(known) == len(tensors) and x.shape.ndims is not None:
            if not static(x.shape.ndims, known):
                wanted = known[0] if default != "assert_rank_in" else known
                raise ValueError(
                    f"{_prefix(message)}Tensor {label} must have {words} {wanted}.  "
                    f"Received rank {x.shape.ndims}, shape {x.shape}"
                )
            return _no_op("static_checks_determined_all_ok")
        condition = dynamic(array.rank(x), tensors)
        for rank, value in zip(tensors, values, strict=True):
            if value is None:
                check = assert_rank(rank, 0, data=["Rank must be a scalar. Received rank: ", rank])
                with scopes.control_dependencies([check]):
                    condition = array.Identity(condition)
        return Assert(condition, data, summarize=summarize)


def _is_scalar(value: Any) -> bool:
    if value.ndim:
        raise ValueError("Rank must be a scalar.")
    return True


@export("assert_rank", "debugging.assert_rank")
def assert_rank(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """An op that fails unless `x` has the given rank.

    Raises:
        ValueError: at once, where the static rank is another.
    """
    return _ranked(
        "assert_rank", "rank", lambda own, ranks: own == ranks[0], lambda own, ranks: math.Equal(own, ranks[0]),
        x, [rank], data, summarize, message, name,
    )  # fmt: skip


@export("assert_rank_at_least", "debugging.assert_rank_at_least")
def assert_rank_at_least(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """An op that fails unless `x` has the given rank or a higher one; see `assert_rank`."""
    return _ranked(
        "assert_rank_at_least", "rank at least", lambda own, ranks: own >= ranks[0],
        lambda own, ranks: math.GreaterEqual(own, ranks[0]), x, [rank], data, summarize, message, name,
    )  # fmt: skip


def _one_of(own: Tensor, ranks: list[Tensor]) -> Tensor:
    if not ranks:
        return convert.to_tensor(False)
    found: Tensor = math.Equal(ranks[0], own)
    for rank in ranks[1:]:
        found = math.LogicalOr(found, math.Equal(rank, own))
    return found


@export("assert_rank_in", "debugging.assert_rank_in")
def assert_rank_in(
    x: Any,
    ranks: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """An op that fails unless the rank of `x` is among `ranks`; see `assert_rank`."""
    return _ranked(
        "assert_rank_in", "rank in", lambda own, allowed: own in allowed, _one_of,
        x, list(ranks), data, summarize, message, name,
    )  # fmt: skip


@export("assert_scalar", "debugging.assert_scalar")
def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Tensor:
    """`tensor`, which must be known to be a scalar.

    Raises:
        ValueError: its static shape is another or unknown.
    """
    with scopes.name_scope(name, "assert_scalar", [tensor]) as scope:
        tensor = convert.to_tensor(tensor, name=scope)
        if tensor.shape.ndims != 0:
            raise ValueError(
                f"{_prefix(message)}Expected scalar shape for {tensor.name}, saw shape: {tensor.shape}."
            )
        return tensor


# -- types ---------------------------------------------------------------------------------------


@export("assert_type", "debugging.assert_type")
def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> Operation:
    """Check, at once, that a tensor has the given type; returns a NoOp.

    Raises:
        TypeError: it has another.
    """
    wanted = as_dtype(tf_type)
    with scopes.name_scope(name, "assert_type", [tensor]):
        if not hasattr(tensor, "dense_shape"):
            tensor = convert.to_tensor(tensor, name="tensor")
        if tensor.dtype != wanted:
            raise TypeError(
                f"{_prefix(message)}{tensor.name} must be of type {wanted!r}; got {tensor.dtype!r}"
            )
        return _no_op("statically_determined_correct_type")


@export("assert_integer", "debugging.assert_integer")
def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Check, at once, that a tensor is of an integer type; returns a NoOp.

    Raises:
        TypeError: it is not.
    """
    with scopes.name_scope(name, "assert_integer", [x]):
        x = convert.to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError(
                f'{_prefix(message)}Expected "x" to be integer type.  Found: {x.name} of dtype {x.dtype!r}'
            )
        return _no_op("statically_determined_was_integer")


@export("assert_proper_iterable", "debugging.assert_proper_iterable")
def assert_proper_iterable(values: Any) -> None:
    """Check that `values` is iterable and neither a tensor, an array nor a string.

    Raises:
        TypeError: it is not.
    """
    if isinstance(values, (Tensor, np.ndarray, str, bytes)) or hasattr(values, "dense_shape"):
        raise TypeError(
            f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}'
        )
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


@export("assert_same_float_dtype", "debugging.assert_same_float_dtype")
def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The one floating type of all `tensors` (Nones apart) and `dtype`; float32 for none.

    Raises:
        ValueError: the types differ, or are not floating.
    """
    found = None if dtype is None else as_dtype(dtype)
    for tensor in tensors or []:
        if tensor is None:
            continue
        own = tensor.dtype.base_dtype
        if found is not None and own != found:
            raise ValueError(f"{tensor.name}, type={own}, must be of the same type ({found}).")
        found = own
    if found is None:
        return dtypes.float32
    if not found.is_floating:
        raise ValueError(f"Expected floating point type, got {found}.")
    return found


@export("is_numeric_tensor", "debugging.is_numeric_tensor")
def is_numeric_tensor(tensor: Any) -> bool:
    """Whether `tensor` is a tensor of numbers (bools, strings and handles are not)."""
    if not isinstance(tensor, Tensor):
        return False
    dtype = tensor.dtype.base_dtype
    return dtype in dtypes.NUMBERS or dtype.is_quantized


# -- order ---------------------------------------------------------------------------------------


def _monotonic(x: Any, node: Callable[..., Tensor]) -> Tensor:
    x = array.Reshape(convert.to_tensor(x), [-1])
    if not is_numeric_tensor(x):
        raise TypeError(f"Expected x to be numeric, instead found: {x}")
    # Neighbours compared; of fewer than two elements none are left.
    return reduce.reduce_all(node(x[1:], x[:-1]))


@export("is_non_decreasing", "math.is_non_decreasing", "debugging.is_non_decreasing")
def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether no element of the flattened `x` is smaller than the one before (a bool scalar)."""
    with scopes.name_scope(name, "is_non_decreasing", [x]):
        return _monotonic(x, math.GreaterEqual)


@export("is_strictly_increasing", "math.is_strictly_increasing", "debugging.is_strictly_increasing")
def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether each element of the flattened `x` is larger than the one before (a bool scalar)."""
    with scopes.name_scope(name, "is_strictly_increasing", [x]):
        return _monotonic(x, math.Greater)
