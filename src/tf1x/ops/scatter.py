"""Updates and reads of some rows of a variable: `Scatter*`, `ScatterNd*`, `ResourceGather*`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core import errors, opdef
from tf1x.core.dtypes import (
    INDICES,
    NUMBERS,
    DType,
    bfloat16,
    float16,
    float32,
    float64,
    int32,
    int64,
)
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import xp
from tf1x.ops.shape_rules import dims
from tf1x.ops.state import VariableShape, update, variable_shape

Rule = Callable[[Any, Any], Any]


def check_indices(indices: Any, size: int, message: Callable[[int, Any], str]) -> Any:
    """`indices`, which must lie in [0, size); `message(i, indices)` describes the first that does not."""
    ok = (indices >= 0) & (indices < size)

    def text() -> str:
        return message(int(np.argmin(np.asarray(ok).reshape(-1))), np.asarray(indices))

    xp.check(ok, errors.InvalidArgumentError, text)
    return indices


def _not_in_range(size: int) -> Callable[[int, Any], str]:
    def message(position: int, indices: Any) -> str:
        where = ",".join(str(i) for i in np.unravel_index(position, indices.shape))
        return f"indices[{where}] = {indices.reshape(-1)[position]} is not in [0, {size})"

    return message


def by_rows(
    function: Callable[..., Any], tables: tuple[Any, ...], indices: Any, *updates: Any
) -> list[Any]:
    """Tables with the rows `indices` replaced by `function(*rows, *updates)`, one after the other.

    A row that occurs several times is updated several times, in order, as TensorFlow's CPU
    kernels do. All first occurrences are computed at once, then all second ones, and so on, so
    distinct indices take one round.
    """
    flat = indices.reshape(-1)
    size = np.shape(tables[0])[0]
    if not flat.shape[0]:
        return list(tables)
    order = xp.argsort(flat, stable=True)
    ordered = flat[order]
    nth = xp.arange(0, flat.shape[0], 1) - xp.searchsorted(ordered, ordered)  # occurrence of each
    picked = [xp.take(u, order, axis=0) for u in updates]
    rounds = xp.max(nth) + 1

    def rows_of(current: list[Any]) -> list[Any]:
        rows = [t[ordered] for t in current]
        new = function(*rows, *picked)
        return list(new) if isinstance(new, tuple) else [new]

    if not xp.is_jax(flat, *tables, *updates):
        result = [np.array(t) for t in tables]
        for i in range(int(rounds)):
            new = rows_of(result)
            for table, rows in zip(result, new, strict=True):
                table[ordered[nth == i]] = rows[nth == i]
        return result

    def one_round(i: Any, current: list[Any]) -> list[Any]:
        where = jnp.where(nth == i, ordered, size)  # the others fall outside and are dropped
        return [
            t.at[where].set(rows, mode="drop")
            for t, rows in zip(current, rows_of(current), strict=True)
        ]

    first = [jnp.asarray(t) for t in tables]
    if not xp.is_jax(rounds) and rounds == 1:
        return one_round(0, first)
    result: list[Any] = jax.lax.fori_loop(0, rounds, one_round, first)
    return result


def _rows(ref: Any, indices: Any, updates: Any) -> tuple[Any, Any]:
    """Checked indices as a vector, and one update for each; a scalar stands for all.

    Raises:
        InvalidArgumentError: indices or updates do not fit the variable.
    """
    shape, wanted = np.shape(ref), np.shape(indices) + np.shape(ref)[1:]
    if np.shape(updates) not in (wanted, ()):
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got "
            f"updates.shape {list(np.shape(updates))}, indices.shape {list(np.shape(indices))}, "
            f"params.shape {list(shape)}",
        )
    check_indices(indices, shape[0], _not_in_range(shape[0]))
    flat = xp.remember_rows(indices, ref).reshape(-1)
    return flat, xp.broadcast_to(updates, wanted).reshape(flat.shape + shape[1:])


def _scattered(ref: Any, where: Any, updates: Any, numpy_function: Any, method: str) -> Any:
    if xp.is_jax(ref, updates, *(where if isinstance(where, tuple) else (where,))):
        result = getattr(jnp.asarray(ref).at[where], method)(updates)
        return result.astype(ref.dtype)
    result = np.array(ref)
    numpy_function.at(result, where, updates)
    return result


def _scatter(name: str, rule: Rule, doc: str, types: Any, locking: bool = False) -> tuple[Any, Any]:
    def lower(ref: Any, indices: Any, updates: Any) -> Any:
        flat, rows = _rows(ref, indices, updates)
        return rule(ref, flat, rows)

    lower.__doc__ = (
        f"{doc} the rows `indices` of a variable; of several updates of a row each counts."
    )
    return update(
        f"Scatter{name}",
        f"ResourceScatter{name}",
        "ref: T, indices: Tindices, updates: T",
        lower,
        attrs={"use_locking": ("bool", locking)},
        resource_attrs={},
        resource_argument="resource",
        resource_type="dtype",
        T=types,
        Tindices=INDICES,
    )


def _divide(ref: Any, indices: Any, divisors: Any) -> Any:
    whole = np.dtype(ref.dtype).kind in "iu"
    if whole:
        xp.check(divisors != 0, errors.InvalidArgumentError, "Integer division by zero")
        divisors = xp.where(divisors == 0, xp.asarray(1, divisors.dtype), divisors)

    def divided(rows: Any, by: Any) -> Any:
        if not whole:
            return rows / by
        if xp.is_jax(rows, by):
            return jax.lax.div(rows, by)
        return np.trunc(rows / by).astype(rows.dtype)

    return by_rows(divided, (ref,), indices, divisors)[0]


_COMPARED = (float16, bfloat16, float32, float64, int32, int64)
ScatterAdd, ResourceScatterAdd = _scatter(
    "Add", lambda r, i, u: _scattered(r, i, u, np.add, "add"), "Add to", NUMBERS
)
ScatterSub, ResourceScatterSub = _scatter(
    "Sub", lambda r, i, u: _scattered(r, i, u, np.subtract, "subtract"), "Subtract from", NUMBERS
)
ScatterMul, ResourceScatterMul = _scatter(
    "Mul", lambda r, i, u: _scattered(r, i, u, np.multiply, "multiply"), "Multiply", NUMBERS
)
ScatterDiv, ResourceScatterDiv = _scatter("Div", _divide, "Divide", NUMBERS)
ScatterMin, ResourceScatterMin = _scatter(
    "Min",
    lambda r, i, u: _scattered(r, i, u, np.minimum, "min"),
    "Take the minimum with",
    _COMPARED,
)
ScatterMax, ResourceScatterMax = _scatter(
    "Max",
    lambda r, i, u: _scattered(r, i, u, np.maximum, "max"),
    "Take the maximum with",
    _COMPARED,
)
ScatterUpdate, ResourceScatterUpdate = _scatter(
    "Update",
    lambda r, i, u: by_rows(lambda row, new: new, (r,), i, u)[0],
    "Replace",
    None,
    locking=True,
)


# -- by multi-dimensional indices ------------------------------------------------------------------


def _places(ref: Any, indices: Any) -> tuple[Any, ...]:
    """The last dimension of `indices` as a tuple of index arrays, checked."""
    depth = np.shape(indices)[-1]
    shape = np.shape(ref)[:depth]
    ok = (indices >= 0) & (indices < np.array(shape, indices.dtype))

    def message() -> str:
        bad = np.asarray(indices).reshape(-1, depth)
        position = int(np.argmin(np.all(np.asarray(ok).reshape(-1, depth), axis=1)))
        where = ",".join(str(i) for i in np.unravel_index(position, np.shape(indices)[:-1]))
        return f"indices[{where}] = {bad[position].tolist()} does not index into shape {list(np.shape(ref))}"

    xp.check(ok, errors.InvalidArgumentError, message)
    return tuple(indices[..., i] for i in range(depth))


def _scatter_nd(
    name: str, rule: Rule, doc: str, types: Any, locking: bool = False
) -> tuple[Any, Any]:
    def lower(ref: Any, indices: Any, updates: Any) -> Any:
        shape, depth = np.shape(ref), np.shape(indices)[-1]
        if np.shape(updates) != np.shape(indices)[:-1] + shape[depth:]:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Dimensions of updates {list(np.shape(updates))} do not fit indices "
                f"{list(np.shape(indices))} into shape {list(shape)}",
            )
        return rule(ref, _places(ref, indices), updates)

    lower.__doc__ = f"{doc} the slices of a variable at `indices[..., :]`."
    extra: dict[str, tuple[str, Any]] = {"bad_indices_policy": ("str", "")}
    return update(
        f"ScatterNd{name}",
        f"ResourceScatterNd{name}",
        "ref: T, indices: Tindices, updates: T",
        lower,
        attrs={"use_locking": ("bool", locking), **extra},
        resource_attrs={"use_locking": ("bool", True), **extra},
        T=types,
        Tindices=INDICES,
    )


def _replaced(ref: Any, where: tuple[Any, ...], updates: Any) -> Any:
    depth = len(where)
    shape = np.shape(ref)
    table = ref.reshape((-1, *shape[depth:]))
    flat = xp.zeros((), np.int64)
    for index, size in zip(where, shape[:depth], strict=True):
        flat = flat * size + index.astype(np.int64)
    rows = updates.reshape((-1, *shape[depth:]))
    new = by_rows(lambda row, value: value, (table,), xp.asarray(flat), rows)[0]
    return new.reshape(shape)


ScatterNdAdd, ResourceScatterNdAdd = _scatter_nd(
    "Add", lambda r, i, u: _scattered(r, i, u, np.add, "add"), "Add to", NUMBERS
)
ScatterNdSub, ResourceScatterNdSub = _scatter_nd(
    "Sub", lambda r, i, u: _scattered(r, i, u, np.subtract, "subtract"), "Subtract from", NUMBERS
)
ScatterNdMin, ResourceScatterNdMin = _scatter_nd(
    "Min", lambda r, i, u: _scattered(r, i, u, np.minimum, "min"), "Take the minimum with", NUMBERS
)
ScatterNdMax, ResourceScatterNdMax = _scatter_nd(
    "Max", lambda r, i, u: _scattered(r, i, u, np.maximum, "max"), "Take the maximum with", NUMBERS
)
ScatterNdUpdate, ResourceScatterNdUpdate = _scatter_nd(
    "Update", _replaced, "Replace", None, locking=True
)


# -- reading rows ----------------------------------------------------------------------------------


def _gather_shape(op: Operation) -> Any:
    shape, indices = variable_shape(op).tuple, dims(op, 1)
    batch = op.attrs["batch_dims"]
    if shape is None or indices is None:
        return [None]
    return [(*shape[:batch], *indices[batch:], *shape[batch + 1 :])]


def _slices_gradient(op: Operation, grad: Tensor) -> list[Any]:
    if op.attrs["batch_dims"]:
        raise errors.UnsupportedError(
            "tf1x has no gradient of ResourceGather with batch_dims; use tf.gather."
        )
    handle, indices = op.inputs
    shape = VariableShape(handle)
    count = _new("ExpandDims", _new("Size", indices), 0)
    values = _new("Reshape", grad, _new("ConcatV2", [count, shape[1:]], 0))
    return [IndexedSlices(values, _new("Reshape", indices, count), shape), None]


def _new(op_type: str, *args: Any) -> Any:
    return opdef.get(op_type).endpoint(*args)


@op(
    "resource: resource, indices: Tindices -> output: dtype",
    shape=_gather_shape,
    grad=_slices_gradient,
    stateful=True,
    exact=True,
    Tindices=INDICES,
    attrs={"validate_indices": ("bool", True)},
)
def ResourceGather(resource: Any, indices: Any, *, dtype: DType, batch_dims: int = 0) -> Any:
    """The rows `indices` of a resource variable; in each batch where `batch_dims` is set."""
    size = np.shape(resource)[batch_dims]
    check_indices(indices, size, _not_in_range(size))
    safe = xp.clip(indices, 0, max(size - 1, 0)) if xp.is_jax(indices) else indices
    if not batch_dims:
        return xp.take(resource, safe, axis=0)
    lead = np.shape(indices)[:batch_dims]
    grid = np.meshgrid(*(np.arange(n) for n in lead), indexing="ij", sparse=True)
    extra = (1,) * (np.ndim(indices) - batch_dims)
    return resource[(*(g.reshape(g.shape + extra) for g in grid), safe)]


def _gather_nd_shape(op: Operation) -> Any:
    shape, indices = variable_shape(op).tuple, dims(op, 1)
    if shape is None or indices is None or indices[-1] is None:
        return [None]
    return [(*indices[:-1], *shape[indices[-1] :])]


def _gather_nd_gradient(op: Operation, grad: Tensor) -> list[Any]:
    handle, indices = op.inputs
    shape = VariableShape(handle, out_type=indices.dtype)
    if indices.shape.ndims == 2 and indices.shape.tuple[-1] == 1:
        return [IndexedSlices(grad, _new("Squeeze", indices), shape), None]
    return [_new("ScatterNd", indices, grad, shape), None]


@op(
    "resource: resource, indices: Tindices -> output: dtype",
    shape=_gather_nd_shape,
    grad=_gather_nd_gradient,
    stateful=True,
    exact=True,
    Tindices=INDICES,
)
def ResourceGatherNd(resource: Any, indices: Any, *, dtype: DType) -> Any:
    """The slices of a resource variable at `indices[..., :]`."""
    return resource[_places(resource, indices)]
