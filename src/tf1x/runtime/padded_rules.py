"""What each of XLA's operations does with padded arrays (padded.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr

from tf1x.runtime.padded import (
    Axes,
    Axis,
    NotPadded,
    Padded,
    Symbol,
    Value,
    bind,
    factor_size,
    joined,
    shaped_like,
)
from tf1x.runtime.padded_kernels import kernel

Rule = Callable[[Padded, Sequence[Any], list[Value]], list[Value]]

RULES: dict[str, Rule] = {}


def _rule(*names: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, rule))
        return rule

    return register


def _params(equations: Sequence[Any], name: str) -> list[Any]:
    return [e.params[name] for e in equations]


def _equal(equations: Sequence[Any], *names: str) -> None:
    if any(e.params[n] != equations[0].params[n] for e in equations for n in names):
        raise NotPadded(equations[0].primitive.name)


# -- elementwise ---------------------------------------------------------------------------------

_ELEMENTWISE = """\
    add add_any sub mul div rem neg sign abs max min pow integer_pow square sqrt rsqrt cbrt exp exp2
    log log1p expm1 tanh logistic sin cos tan asin acos atan sinh cosh asinh acosh atanh atan2 erf
    erfc erf_inv lgamma digamma floor ceil round is_finite nextafter eq ne lt le gt ge and or not xor
    shift_left shift_right_logical shift_right_arithmetic population_count clz select_n clamp
    convert_element_type bitcast_convert_type reduce_precision stop_gradient copy copy_p real
    imag conj complex
"""


@_rule(*_ELEMENTWISE.split())
def _elementwise(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    axes: Axes | None = None
    for value in inputs:
        if value.axes:
            axes = value.axes if axes is None else _broadcasted(axes, value.axes, padded)
    (result,) = bind(equations[0], [v.array for v in inputs])
    return [Value(result, axes or ())]


def _broadcasted(first: Axes, second: Axes, padded: Padded) -> Axes:
    """As `joined`, but an axis of one goes with any other."""
    one = (1,)
    kept = tuple(b if a.factors == one else a for a, b in zip(first, second, strict=True))
    other = tuple(a if b.factors == one else b for a, b in zip(first, second, strict=True))
    return joined(kept, other, padded.traces)


@_rule("optimization_barrier")
def _barrier(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    results = bind(equations[0], [v.array for v in inputs])
    return [Value(x, v.axes) for x, v in zip(results, inputs, strict=True)]


# -- moving --------------------------------------------------------------------------------------


@_rule("broadcast_in_dim")
def _broadcast(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    (value, *_) = inputs
    axes = list(padded.axes_of(equations))
    for i, j in enumerate(equations[0].params["broadcast_dimensions"]):
        if value.axes[i].factors != (1,):
            axes[j] = value.axes[i]
    (result,) = bind(equations[0], [value.array])
    return [Value(result, tuple(axes))]


@_rule("squeeze")
def _squeeze(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    gone = equations[0].params["dimensions"]
    axes = tuple(a for i, a in enumerate(inputs[0].axes) if i not in gone)
    return [Value(bind(equations[0], [inputs[0].array])[0], axes)]


@_rule("transpose")
def _transpose(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    order = equations[0].params["permutation"]
    axes = tuple(inputs[0].axes[i] for i in order)
    return [Value(bind(equations[0], [inputs[0].array])[0], axes)]


@_rule("reshape")
def _reshape(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    (value,) = inputs[:1]
    shapes = list(zip(*(e.outvars[0].aval.shape for e in equations), strict=True))
    axes = _divided(value.axes, shapes, padded)
    if axes is None:
        if not all(a.free or a.factors == (1,) for a in value.axes):
            raise NotPadded("reshape")
        axes = padded.axes_of(equations)
    return [Value(bind(equations[0], [value.array])[0], axes)]


def _divided(axes: Axes, shapes: list[Any], padded: Padded) -> Axes | None:
    """The factors of some axes, in order, as axes of other sizes; None where they do not fit."""
    sizes = padded.traces.sizes
    rest: list[Any] = [f for axis in axes for f in axis.factors if f != 1]
    free = all(axis.free or not axis.varies for axis in axes) and any(a.free for a in axes)
    found: list[Axis] = []
    for wanted in shapes:
        factors: list[Any] = []
        product = [1] * len(sizes)
        while product != list(wanted):
            if not rest:
                return None
            factor = rest.pop(0)
            grown = [p * factor_size(factor, s) for p, s in zip(product, sizes, strict=True)]
            part = wanted[0] // product[0]
            if grown[0] > wanted[0]:
                if isinstance(factor, Symbol) or part == 0 or factor % part:
                    return None
                rest.insert(0, factor // part)
                factor = part
                grown = [p * factor for p in product]
            product = grown
            factors.append(factor)
        found.append(Axis(tuple(factors) or (1,), free and bool(factors)))
    return None if rest else tuple(_merged(axis) for axis in found)


def _merged(axis: Axis) -> Axis:
    """With neighbouring constant factors as one."""
    factors: list[Any] = []
    for factor in axis.factors:
        if factors and isinstance(factor, int) and isinstance(factors[-1], int):
            factors[-1] *= factor
        else:
            factors.append(factor)
    return Axis(tuple(factors), axis.free)


@_rule("rev")
def _reverse(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    (value,) = inputs
    array = value.array
    for i in equations[0].params["dimensions"]:
        axis = value.axes[i]
        if axis.varies:
            last = padded.true_size(Axis((axis.symbol,))) - 1
            places = jnp.maximum(last - jnp.arange(array.shape[i]), 0)
            array = jnp.take(array, places, axis=i)
        else:
            array = jnp.flip(array, i)
    return [Value(array, value.axes)]


@_rule("iota")
def _iota(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    axes = list(padded.axes_of(equations))
    i = equations[0].params["dimension"]
    if axes[i].varies:
        axes[i] = Axis((axes[i].symbol,))
    else:
        axes[i] = Axis(axes[i].factors)
    return [Value(bind(equations[0], [])[0], tuple(axes))]


@_rule("split")
def _split(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    (value,) = inputs
    _equal(equations, "axis")
    i = equations[0].params["axis"]
    first = {sizes[:-1] for sizes in _params(equations, "sizes")}
    if len(first) > 1 or (value.axes[i].varies and len(value.axes[i].factors) > 1):
        raise NotPadded("split")  # only the last part may vary, which has all of the padding
    results = []
    for part, x in enumerate(bind(equations[0], [value.array])):
        axis = padded.axes_of(equations, part, free=False)[i]
        axis = Axis((axis.symbol,)) if axis.varies else axis
        results.append(Value(x, (*value.axes[:i], axis, *value.axes[i + 1 :])))
    return results


@_rule("concatenate")
def _concatenate(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    i = equations[0].params["dimension"]
    others = inputs[0].axes
    for value in inputs[1:]:
        kept = (*value.axes[:i], others[i], *value.axes[i + 1 :])
        others = joined(others, kept, padded.traces)
    axis = padded.axes_of(equations, free=False)[i]
    axes = (*others[:i], Axis((axis.symbol,)) if axis.varies else axis, *others[i + 1 :])
    if not any(v.axes[i].varies for v in inputs[:-1]):
        return [Value(bind(equations[0], [v.array for v in inputs])[0], axes)]
    result = jnp.zeros(equations[0].outvars[0].aval.shape, inputs[0].array.dtype)
    start: Any = jnp.int32(0)
    for value in inputs:  # each over the padding of the one before
        result = lax.dynamic_update_slice_in_dim(result, value.array, start, i)
        start = start + padded.true_size(value.axes[i])
    return [Value(result, axes)]


@_rule("slice")
def _slice(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    (value,) = inputs
    params = equations[0].params
    array, axes = value.array, []
    sizes = padded.axes_of(equations, free=False)
    for i, axis in enumerate(value.axes):
        starts = [p[i] for p in _params(equations, "start_indices")]
        limits = [p[i] for p in _params(equations, "limit_indices")]
        stride = 1 if params["strides"] is None else params["strides"][i]
        count = limits[0] - starts[0]
        if (
            limits == [axis.size(s) for s in padded.traces.sizes]
            and not any(starts)
            and stride == 1
        ):
            axes.append(axis)
            continue
        if not axis.varies or (not any(starts) and set(limits) == {1}):  # the first of all is that
            if len(set(zip(starts, limits, strict=True))) > 1:
                raise NotPadded("slice")
            array = lax.slice_in_dim(array, starts[0], limits[0], stride, i)
            axes.append(Axis(sizes[i].factors, axis.free))
            continue
        symbol, start = axis.symbol, padded.traces.axis(starts)
        if stride != 1:
            raise NotPadded("slice")
        if start.varies:
            if sizes[i].varies or start.symbol.which != symbol.which:
                raise NotPadded("slice")
            array = lax.dynamic_slice_in_dim(array, padded.true_size(start), count, i)
        else:
            array = lax.slice_in_dim(array, starts[0], limits[0], axis=i)
        axes.append(sizes[i])
    return [Value(array, tuple(axes))]


@_rule("pad")
def _pad(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    value, fill = inputs
    sizes = padded.axes_of(equations, free=False)
    array = padded.filled(value, range(len(value.axes)), fill.array)
    axes = []
    for i, axis in enumerate(value.axes):
        configs = [p[i] for p in _params(equations, "padding_config")]
        if all(c == (0, 0, 0) for c in configs):
            axes.append(axis)
            continue
        if axis.varies:
            axis = Axis((axis.symbol,))
        low = padded.traces.axis([c[0] + 1 for c in configs])  # at least 1, as a size is
        low_pad, high, interior = configs[0]
        if low.varies:
            if axis.varies or interior or any(c[0] < 0 for c in configs):
                raise NotPadded("pad")
            shape = (*array.shape[:i], equations[0].outvars[0].aval.shape[i], *array.shape[i + 1 :])
            whole = jnp.broadcast_to(jnp.asarray(fill.array, array.dtype), shape)
            array = lax.dynamic_update_slice_in_dim(whole, array, padded.true_size(low) - 1, i)
        else:
            if interior and (axis.varies or sizes[i].varies):
                raise NotPadded("pad")
            config = [(0, 0, 0)] * array.ndim
            config[i] = (low_pad, high, interior)
            array = lax.pad(array, jnp.asarray(fill.array, array.dtype), config)
        axes.append(sizes[i])
    return [Value(array, tuple(axes))]


# -- reductions and products ---------------------------------------------------------------------


def _extreme(dtype: Any, least: bool) -> Any:
    if np.dtype(dtype).kind == "b":
        return not least
    if jnp.issubdtype(dtype, jnp.inexact):
        return -np.inf if least else np.inf
    info = np.iinfo(dtype)
    return info.min if least else info.max


def _reduction(name: str, neutral: Callable[[Any], Any]) -> None:
    @_rule(name)
    def rule(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
        (value,) = inputs
        _equal(equations, "axes")
        gone = equations[0].params["axes"]
        array = padded.filled(value, gone, neutral(value.array.dtype))
        axes = tuple(a for i, a in enumerate(value.axes) if i not in gone)
        (result,) = bind(equations[0], [array])
        return [Value(result, axes)]


_reduction("reduce_sum", lambda dtype: 0)
_reduction("reduce_prod", lambda dtype: 1)
_reduction("reduce_or", lambda dtype: 0)
_reduction("reduce_and", lambda dtype: -1 if np.dtype(dtype).kind in "iu" else True)
_reduction("reduce_max", lambda dtype: _extreme(dtype, least=True))
_reduction("reduce_min", lambda dtype: _extreme(dtype, least=False))
_reduction("argmax", lambda dtype: _extreme(dtype, least=True))
_reduction("argmin", lambda dtype: _extreme(dtype, least=False))


def _cumulative(name: str, neutral: Callable[[Any], Any]) -> None:
    @_rule(name)
    def rule(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
        (value,) = inputs
        _equal(equations, "axis", "reverse")
        i = equations[0].params["axis"]
        array, axes = value.array, list(value.axes)
        if axes[i].varies:
            axes[i] = Axis((axes[i].symbol,))
            array = padded.filled(value, [i], neutral(array.dtype))
        elif axes[i].free:
            axes[i] = Axis(axes[i].factors)
        return [Value(bind(equations[0], [array])[0], tuple(axes))]


_cumulative("cumsum", lambda dtype: 0)
_cumulative("cumprod", lambda dtype: 1)
_cumulative("cummax", lambda dtype: _extreme(dtype, least=True))


@_rule("dot_general")
def _dot(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    (left_sum, right_sum), (left_batch, right_batch) = equations[0].params["dimension_numbers"]
    left, right = inputs
    for i, j in zip((*left_sum, *left_batch), (*right_sum, *right_batch), strict=True):
        joined((left.axes[i],), (right.axes[j],), padded.traces)
    arrays = [padded.filled(left, left_sum, 0), padded.filled(right, right_sum, 0)]
    axes = [
        *(left.axes[i] for i in left_batch),
        *(a for i, a in enumerate(left.axes) if i not in (*left_sum, *left_batch)),
        *(a for i, a in enumerate(right.axes) if i not in (*right_sum, *right_batch)),
    ]
    return [Value(bind(equations[0], arrays)[0], tuple(axes))]


@_rule("sort")
def _sort(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    _equal(equations, "dimension", "num_keys", "is_stable")
    i = equations[0].params["dimension"]
    if any(v.axes[i].varies for v in inputs):
        raise NotPadded("sort")
    axes = inputs[0].axes
    for value in inputs[1:]:
        axes = joined(axes, value.axes, padded.traces)
    results = bind(equations[0], [v.array for v in inputs])
    return [Value(x, axes) for x in results]


# -- indices -------------------------------------------------------------------------------------


@_rule("gather")
def _gather(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    value, indices = inputs
    numbers, mode = (equations[0].params[name] for name in ("dimension_numbers", "mode"))
    sliced = list(zip(*_params(equations, "slice_sizes"), strict=True))
    absent = (*numbers.collapsed_slice_dims, *numbers.operand_batching_dims)
    places = indices.array
    for column, i in enumerate(numbers.start_index_map):
        if value.axes[i].varies:
            if len(set(sliced[i])) > 1:
                raise NotPadded("gather")
            last = padded.true_size(Axis((value.axes[i].symbol,))) - sliced[i][0]
            at, last = places[..., column], last.astype(places.dtype)
            outside = value.array.shape[i] if mode == lax.GatherScatterMode.FILL_OR_DROP else last
            places = places.at[..., column].set(jnp.where(at > last, outside, at))
    window = []
    for i, axis in enumerate(value.axes):
        if i in absent:
            continue
        whole = [axis.size(s) for s in padded.traces.sizes] == list(sliced[i])
        if axis.varies and not whole and len(set(sliced[i])) > 1:
            raise NotPadded("gather")
        window.append(axis if whole else Axis((sliced[i][0],)))
    batch = list(indices.axes[:-1])
    for i, j in zip(
        numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True
    ):
        joined((value.axes[i],), (indices.axes[j],), padded.traces)
    if any(a.free for a in window):
        window = [Axis(a.factors) if a.free and not a.varies else a for a in window]
    rank = len(window) + len(batch)
    axes = tuple(window.pop(0) if i in numbers.offset_dims else batch.pop(0) for i in range(rank))
    (result,) = bind(equations[0], [value.array, places])
    return [Value(result, axes)]


@_rule("scatter-add", "scatter-sub")
def _scatter_add(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    value, indices, updates = inputs
    _equal(equations, "dimension_numbers", "mode")
    targets = equations[0].params["dimension_numbers"].scatter_dims_to_operand_dims
    clips = equations[0].params["mode"] == lax.GatherScatterMode.CLIP
    if clips and any(value.axes[i].varies for i in targets):
        raise NotPadded("scatter_add")
    array = padded.filled(updates, range(len(updates.axes)), 0)
    (result,) = bind(equations[0], [value.array, indices.array, array])
    return [Value(result, tuple(Axis(a.factors) for a in value.axes))]


@_rule("dynamic_slice")
def _dynamic_slice(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    value, *starts = inputs
    taken = list(zip(*_params(equations, "slice_sizes"), strict=True))
    begin, axes = [], []
    for i, (axis, start) in enumerate(zip(value.axes, starts, strict=True)):
        whole = [axis.size(s) for s in padded.traces.sizes] == list(taken[i])
        at = start.array
        if axis.varies and not whole:
            if len(set(taken[i])) > 1:
                raise NotPadded("dynamic_slice")
            last = padded.true_size(Axis((axis.symbol,))) - taken[i][0]
            at = jnp.minimum(at, last.astype(at.dtype))
        elif axis.varies:
            at = jnp.zeros_like(at)
        elif len(set(taken[i])) > 1:
            raise NotPadded("dynamic_slice")
        begin.append(at)
        axes.append(axis if whole else Axis((taken[i][0],), axis.free))
    (result,) = bind(equations[0], [value.array, *begin])
    return [Value(result, tuple(axes))]


@_rule("dynamic_update_slice")
def _dynamic_update(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    value, update, *starts = inputs
    begin, axes = [], []
    for axis, part, start in zip(value.axes, update.axes, starts, strict=True):
        whole = all(axis.size(s) == part.size(s) for s in padded.traces.sizes)
        at = start.array
        if whole:
            axes.append(joined((axis,), (part,), padded.traces)[0])
            at = jnp.zeros_like(at)
        elif part.varies:
            raise NotPadded("dynamic_update_slice")
        else:
            if axis.varies:
                last = padded.true_size(Axis((axis.symbol,))) - update.array.shape[len(axes)]
                at = jnp.minimum(at, last.astype(at.dtype))
            axes.append(Axis((axis.symbol,)) if axis.varies else Axis(axis.factors))
        begin.append(at)
    (result,) = bind(equations[0], [value.array, update.array, *begin])
    return [Value(result, tuple(axes))]


# -- functions -----------------------------------------------------------------------------------


def _called(name: str) -> Rule:
    def rule(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
        programs = [_closed(p) for p in _params(equations, name)]
        return padded.run(programs, inputs)

    return rule


def _closed(program: Any) -> Any:
    return program if hasattr(program, "consts") else ClosedJaxpr(program, ())


RULES.update(dict.fromkeys(("jit", "pjit", "remat2", "checkpoint"), _called("jaxpr")))
_CALLS = ("closed_call", "core_call", "custom_jvp_call", "custom_vjp_call")
RULES.update(dict.fromkeys(_CALLS, _called("call_jaxpr")))
RULES["ffi_call"] = kernel


def _settled(
    padded: Padded, step: Callable[[list[Value]], list[Value]], start: list[Value]
) -> list[Value]:
    """Start values of a loop with the axes that they keep in it."""
    for _ in range(4):
        after = shaped_like(step, start)
        axes = [joined(a.axes, b.axes, padded.traces) for a, b in zip(start, after, strict=True)]
        if axes == [v.axes for v in start]:
            return start
        start = [Value(v.array, a) for v, a in zip(start, axes, strict=True)]
    raise NotPadded("a loop that changes sizes")


def _parts(values: list[Value], *counts: int) -> list[list[Value]]:
    found, position = [], 0
    for count in counts:
        found.append(values[position : position + count])
        position += count
    return [*found, values[position:]]


def _arrays(values: Sequence[Value]) -> list[Any]:
    return [v.array for v in values]


def _with(arrays: Sequence[Any], like: Sequence[Value]) -> list[Value]:
    return [Value(x, v.axes) for x, v in zip(arrays, like, strict=True)]


@_rule("scan")
def _scan(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    params = equations[0].params
    count = params["num_carry"]
    consts, start, sequences = _parts(inputs, params["num_consts"], count)
    length = padded.traces.axis(_params(equations, "length"))
    for value in sequences:
        joined((value.axes[0],), (length,), padded.traces)
    bodies = _params(equations, "jaxpr")
    rows = [Value(x.array[0], x.axes[1:]) for x in sequences]

    def step(carry: list[Value], row: list[Value]) -> list[Value]:
        return padded.run(bodies, [*consts, *carry, *row])

    start = _settled(padded, lambda carry: step(carry, rows)[:count], start)
    shapes = shaped_like(lambda carry: step(carry, rows), start)
    blank = [jnp.zeros(v.array.shape, v.array.dtype) for v in shapes[count:]]
    steps = padded.true_size(length) if length.varies else None

    def advance(carry: Any, row: Any) -> Any:
        found = _arrays(step(_with(carry, start), _with(row, rows)))
        return found[:count], found[count:]

    def iterate(carry: Any, item: Any) -> Any:
        index, row = item
        if steps is None:
            return advance(carry, row)
        return lax.cond(index < steps, advance, lambda same, _: (same, blank), carry, row)

    places = jnp.arange(params["length"], dtype=jnp.int32)
    end, collected = lax.scan(
        iterate,
        _arrays(start),
        (places, _arrays(sequences)),
        length=params["length"],
        reverse=params["reverse"],
        unroll=params["unroll"],
    )
    results = _with(end, start)
    for x, value in zip(collected, shapes[count:], strict=True):
        results.append(Value(x, (length, *(Axis(a.factors) for a in value.axes))))
    return results


@_rule("while")
def _while(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    params = equations[0].params
    of_cond, of_body, start = _parts(inputs, params["cond_nconsts"], params["body_nconsts"])
    conditions, bodies = _params(equations, "cond_jaxpr"), _params(equations, "body_jaxpr")
    start = _settled(padded, lambda carry: padded.run(bodies, [*of_body, *carry]), start)

    def holds(carry: Any) -> Any:
        return padded.run(conditions, [*of_cond, *_with(carry, start)])[0].array

    def step(carry: Any) -> Any:
        return _arrays(padded.run(bodies, [*of_body, *_with(carry, start)]))

    return _with(lax.while_loop(holds, step, _arrays(start)), start)


@_rule("cond")
def _cond(padded: Padded, equations: Sequence[Any], inputs: list[Value]) -> list[Value]:
    index, *operands = inputs
    branches = list(zip(*_params(equations, "branches"), strict=True))

    def taken(programs: Any) -> Callable[[list[Value]], list[Value]]:
        return lambda values: padded.run(list(programs), values)

    shapes = [shaped_like(taken(b), operands) for b in branches]
    axes = [v.axes for v in shapes[0]]
    for found in shapes[1:]:
        axes = [joined(a, v.axes, padded.traces) for a, v in zip(axes, found, strict=True)]

    def run(programs: Any) -> Callable[..., list[Any]]:
        return lambda *arrays: _arrays(taken(programs)(_with(arrays, operands)))

    results = lax.switch(index.array, [run(b) for b in branches], *_arrays(operands))
    return [Value(x, a) for x, a in zip(results, axes, strict=True)]
