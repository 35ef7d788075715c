"""`tf.test.compute_gradient`: symbolic gradients beside differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.lib.gradients import gradients


@export("test.compute_gradient")
def compute_gradient(
    x: Any,
    x_shape: Any,
    y: Tensor,
    y_shape: Any,
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: Any = None,
) -> Any:
    """The Jacobian of `y` by `x`, by `tf.gradients` and by central differences.

    Args:
        x: a tensor or a list of tensors, of which each is fed.
        x_shape: its shape, or the list of theirs.
        y: a tensor of shape `y_shape`.
        x_init_value: where; from NumPy's generator, in [0, 1), by default.
        delta: half the width of a difference.
        init_targets: ops to run first.
        extra_feed_dict: what else to feed.

    Returns:
        Two arrays of shape [elements of x, elements of y] (complex numbers count twice): the
        symbolic and the numeric Jacobian; a list of such pairs where `x` is a list.

    Raises:
        ValueError: there is no default session, or a value does not fit its shape.
        AssertionError: `y` has no gradient by `x`.
    """
    several = isinstance(x, (list, tuple))
    tensors = list(x) if several else [x]
    shapes = list(x_shape) if several else [x_shape]
    given = list(x_init_value) if several and x_init_value is not None else [x_init_value]
    given = given if len(given) == len(tensors) else [None] * len(tensors)
    session = scopes.require_default_session("compute_gradient")
    if init_targets is not None:
        session.run(init_targets)
    values = [
        _start(tensor, shape, value)
        for tensor, shape, value in zip(tensors, shapes, given, strict=True)
    ]
    feeds = dict(extra_feed_dict or {})
    feeds.update(zip(tensors, values, strict=True))
    size = int(np.prod(y_shape, dtype=np.int64))
    pairs = [
        (
            _symbolic(session, tensor, value, y, y_shape, feeds),
            _numeric(session, tensor, value, y, size, delta, feeds),
        )
        for tensor, value in zip(tensors, values, strict=True)
    ]
    return pairs if several else pairs[0]


@export("test.compute_gradient_error")
def compute_gradient_error(
    x: Any,
    x_shape: Any,
    y: Tensor,
    y_shape: Any,
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Any = None,
    extra_feed_dict: Any = None,
) -> float:
    """The largest difference between the two Jacobians of `compute_gradient` (0 without elements)."""
    found = compute_gradient(
        x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict
    )
    pairs = found if isinstance(found, list) else [found]
    return max((float(np.max(np.abs(a - b), initial=0)) for a, b in pairs), default=0.0)


def _start(tensor: Tensor, shape: Any, value: Any) -> np.ndarray[Any, Any]:
    dtype = tensor.dtype.base_dtype.as_numpy_dtype
    if value is None:
        value = np.random.random_sample(shape).astype(dtype)
        if tensor.dtype.is_complex:
            value = value + 1j * np.random.random_sample(shape).astype(dtype)
    value = np.array(value, dtype)
    if list(value.shape) != list(shape):
        raise ValueError(f"x_init_value has the shape {value.shape}, x_shape is {tuple(shape)}.")
    return value


def _reals(array: Any) -> np.ndarray[Any, Any]:
    """The elements as one row of real numbers, parts of complex ones beside each other."""
    array = np.asarray(array)
    if array.dtype.kind == "c":
        return np.stack([array.real, array.imag], -1).reshape(-1)
    return array.reshape(-1)


def _symbolic(
    session: Any, x: Tensor, value: Any, y: Tensor, y_shape: Any, feeds: Any
) -> np.ndarray[Any, Any]:
    direction = np.zeros(y_shape, y.dtype.base_dtype.as_numpy_dtype)
    seed = _placeholder_like(y, y_shape)
    gradient = gradients(y, x, grad_ys=seed)[0]
    if gradient is None:
        raise AssertionError(f"{y.name} has no gradient by {x.name}.")
    parts = (1, 1j) if y.dtype.is_complex else (1,)
    columns = []
    for i in range(direction.size):
        for part in parts:
            direction.reshape(-1)[i] = part
            found = session.run(gradient, {**feeds, seed: direction})
            columns.append(_reals(_dense(found, x)))
        direction.reshape(-1)[i] = 0
    if not columns:
        return np.zeros([_reals(value).size, 0])
    return np.stack(columns, 1)


def _placeholder_like(y: Tensor, shape: Any) -> Tensor:
    from tf1x.ops.array import placeholder

    with y.graph.as_default():
        return placeholder(y.dtype.base_dtype, shape)


def _dense(value: Any, x: Tensor) -> Any:
    if not hasattr(value, "indices"):
        return value
    dense = np.zeros(x.shape.as_list(), np.asarray(value.values).dtype)
    np.add.at(dense, value.indices, value.values)
    return dense


def _numeric(
    session: Any, x: Tensor, value: Any, y: Tensor, size: int, delta: float, feeds: Any
) -> np.ndarray[Any, Any]:
    rows = []
    parts = (1, 1j) if x.dtype.is_complex else (1,)
    for i in range(value.size):
        for part in parts:
            sides = []
            for sign in (1, -1):
                moved = value.copy()
                moved.reshape(-1)[i] += sign * delta * part
                sides.append(_reals(session.run(y, {**feeds, x: moved})))
            rows.append((sides[0] - sides[1]) / (2 * delta))
    if not rows:
        return np.zeros([0, size * (2 if y.dtype.is_complex else 1)])
    return np.stack(rows)
