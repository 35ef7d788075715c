"""Reductions over axes, arg-reductions, cumulative sums and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from tf1x.api import export, renamed
from tf1x.core import convert, opdef, scopes
from tf1x.core.dtypes import (
    FLOATS,
    INDICES,
    NUMBERS,
    REALS,
    DType,
    as_dtype,
    bool_,
    int16,
    int32,
    int64,
    uint16,
)
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, complex_math, math, math_functions, xp
from tf1x.ops.elementwise import conjugate, is_integer
from tf1x.ops.shape_rules import dims, reduced_dims, reduction, unchanged

# -- reductions ----------------------------------------------------------------------------------


def _axes(x: Any, indices: Any) -> tuple[int, ...]:
    """The reduced axes, non-negative and sorted."""
    rank = np.ndim(x)
    found = xp.static(indices).reshape(-1).tolist()
    for axis in found:
        if not -rank <= axis < rank:
            raise InvalidArgumentError(
                None,
                None,
                f"Invalid reduction dimension ({axis} for input with {rank} dimension(s)",
            )
    axes = sorted(axis % rank for axis in found)
    if len(set(axes)) != len(axes):
        raise InvalidArgumentError(
            None, None, f"Invalid reduction arguments: Axes contains duplicate dimension in {found}"
        )
    return tuple(axes)


def _kept(x: Any, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of `x` with ones in place of the reduced sizes."""
    return tuple(1 if i in axes else d for i, d in enumerate(np.shape(x)))


def _count(x: Any, axes: tuple[int, ...]) -> int:
    """How many elements make one element of the result."""
    return int(np.prod([np.shape(x)[a] for a in axes], dtype=np.int64))


Reducer = Callable[[Any, tuple[int, ...], bool], Any]
Pullback = Callable[[Any, Any, Any, tuple[int, ...]], Any]


def reducing(
    name: str,
    function: Reducer,
    types: Any,
    doc: str,
    pullback: Pullback | None = None,
    **options: Any,
) -> Any:
    """Declare a reduction.

    Args:
        function: the result from the input, the axes and `keep_dims`.
        pullback: the input's gradient from (x, y, g, axes), where the result `y` and its gradient
            `g` have ones in place of the reduced axes.
    """

    def lower(input: Any, reduction_indices: Any, *, keep_dims: bool = False) -> Any:
        return function(input, _axes(input, reduction_indices), keep_dims)

    def rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
        assert pullback is not None
        x, axes = inputs[0], _axes(*inputs)
        kept = _kept(x, axes)
        y, g = outputs[0].reshape(kept), cotangents[0].reshape(kept)
        return [pullback(x, y, g, axes), None]

    lower.__doc__ = f"{doc} over the axes `reduction_indices`; `keep_dims` leaves them with size 1."
    typed = "T" if types else "bool"
    return op(
        f"input: {typed}, reduction_indices: Tidx -> output: {typed}",
        type=name,
        shape=reduction,
        vjp=rule if pullback else None,
        Tidx=(INDICES, int32),
        **({"T": types} if types else {}),
        **options,
    )(lower)


def _sum(x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    return xp.sum(x, axis=axes, keepdims=keep, dtype=x.dtype)


def _mean(x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    total = _sum(x, axes, keep)
    count = xp.asarray(_count(x, axes), x.dtype)
    return math._truncate_div(total, count) if is_integer(x) else xp.divide(total, count)


def _prod(x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    return xp.prod(x, axis=axes, keepdims=keep, dtype=x.dtype)


def _extreme(function: Callable[..., Any], of_nothing: Callable[[DType], Any]) -> Reducer:
    def reduce(x: Any, axes: tuple[int, ...], keep: bool) -> Any:
        if axes and not _count(x, axes):
            shape = reduced_dims(np.shape(x), axes, keep)
            return xp.full(shape, of_nothing(as_dtype(x.dtype)), x.dtype)
        return function(x, axis=axes, keepdims=keep)

    return reduce


def _lowest(dtype: DType) -> Any:
    return -np.inf if dtype.is_floating else dtype.min


def _highest(dtype: DType) -> Any:
    return np.inf if dtype.is_floating else dtype.max


def _euclidean_norm(x: Any, axes: tuple[int, ...], keep: bool) -> Any:
    squares = xp.abs(x) ** 2 if np.dtype(x.dtype).kind == "c" else x * x
    return xp.sqrt(xp.sum(squares, axis=axes, keepdims=keep)).astype(x.dtype)


def _spread(x: Any, y: Any, g: Any, axes: tuple[int, ...]) -> Any:
    return xp.broadcast_to(g, np.shape(x))


def _spread_mean(x: Any, y: Any, g: Any, axes: tuple[int, ...]) -> Any:
    return xp.broadcast_to(xp.divide(g, xp.asarray(max(_count(x, axes), 1), g.dtype)), np.shape(x))


def _share_among_equals(x: Any, y: Any, g: Any, axes: tuple[int, ...]) -> Any:
    chosen = xp.equal(x, y).astype(g.dtype)
    return xp.divide(chosen, xp.sum(chosen, axis=axes, keepdims=True, dtype=g.dtype)) * g


def _norm_pullback(x: Any, y: Any, g: Any, axes: tuple[int, ...]) -> Any:
    return xp.divide(x, xp.divide(y, g))


Sum = reducing("Sum", _sum, NUMBERS, "The sum", _spread)
Mean = reducing("Mean", _mean, NUMBERS, "The mean (of integers, truncated)", _spread_mean)
Prod = reducing("Prod", _prod, NUMBERS, "The product")
Max = reducing("Max", _extreme(xp.max, _lowest), REALS, "The largest element", _share_among_equals)
Min = reducing(
    "Min", _extreme(xp.min, _highest), REALS, "The smallest element", _share_among_equals
)
All = reducing(
    "All",
    lambda x, axes, keep: xp.all(x, axis=axes, keepdims=keep),
    (),
    "Whether all are true",
    grad=None,
    exact=True,
)
Any_ = reducing(
    "Any",
    lambda x, axes, keep: xp.any(x, axis=axes, keepdims=keep),
    (),
    "Whether any is true",
    grad=None,
    exact=True,
)
EuclideanNorm = reducing(
    "EuclideanNorm",
    _euclidean_norm,
    NUMBERS,
    "The square root of the sum of squares",
    _norm_pullback,
)


# -- the position of the largest and smallest ----------------------------------------------------


def _without_axis(op: Any) -> Any:
    axis = constant_value(op.inputs[1])
    shape = dims(op)
    if shape is not None and axis is None:
        return [(None,) * max(len(shape) - 1, 0)]
    return [reduced_dims(shape, axis, keep=False)]


def _arg_extreme(
    name: str, function: Callable[..., Any], word: str, indices: Any, results: Any
) -> Any:
    def lower(input: Any, dimension: Any, *, output_type: DType) -> Any:
        axis = int(xp.static(dimension))
        if not -np.ndim(input) <= axis < np.ndim(input):
            raise InvalidArgumentError(
                None,
                None,
                f"Expected dimension in the range [{-np.ndim(input)}, {np.ndim(input)}), but got {axis}",
            )
        if not np.shape(input)[axis]:
            raise InvalidArgumentError(
                None, None, f"Reduction axis {axis} is empty in shape {list(np.shape(input))}"
            )
        return xp.asarray(function(input, axis=axis)).astype(output_type.as_numpy_dtype)

    lower.__doc__ = (
        f"The index of the {word} element along `dimension`; the first one where several are equal."
    )
    return op(
        "input: T, dimension: Tidx -> output: output_type",
        type=name,
        T=(*REALS, bool_),
        Tidx=(indices, int32),
        output_type=(results, int64),
        shape=_without_axis,
        grad=None,
        exact=True,
    )(lower)


ArgMax = _arg_extreme("ArgMax", xp.argmax, "largest", (int16, *INDICES), (int16, uint16, *INDICES))
ArgMin = _arg_extreme("ArgMin", xp.argmin, "smallest", INDICES, INDICES)


# -- cumulative ----------------------------------------------------------------------------------


def _cumulate(
    function: Callable[..., Any], start: Any, x: Any, axis: int, exclusive: bool, reverse: bool
) -> Any:
    """`function` along `axis`; `exclusive` shifts the result by one, beginning with `start`."""
    if reverse:
        x = xp.flip(x, axis)
    if exclusive:
        first = xp.full(
            tuple(min(d, 1) if i == axis else d for i, d in enumerate(np.shape(x))), start, x.dtype
        )
        rest = x[tuple(slice(0, -1) if i == axis else slice(None) for i in range(np.ndim(x)))]
        x = xp.concatenate([first, rest], axis)
    y = function(x, axis)
    return xp.flip(y, axis) if reverse else y


def _axis(x: Any, axis: Any) -> int:
    position, rank = int(xp.static(axis)), np.ndim(x)
    if not -rank <= position < rank:
        raise InvalidArgumentError(
            None, None, f"Expected scan axis in the range [{-rank}, {rank}), but got {position}"
        )
    return position % rank


def _cumsum(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    return _cumulate(
        lambda v, a: xp.cumsum(v, axis=a, dtype=v.dtype), 0, x, axis, exclusive, reverse
    )


def _cumprod(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    return _cumulate(
        lambda v, a: xp.cumprod(v, axis=a, dtype=v.dtype), 1, x, axis, exclusive, reverse
    )


def _cumlogsumexp(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    return _cumulate(
        lambda v, a: jax.lax.cumlogsumexp(v, axis=a), -np.inf, x, axis, exclusive, reverse
    )


def _cumsum_pullback(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    x, axis = inputs
    return [_cumsum(cotangents[0], _axis(x, axis), attrs["exclusive"], not attrs["reverse"]), None]


def _cumprod_pullback(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    """TensorFlow's: it divides by `x`, so at a zero its gradient is zero."""
    x = conjugate(inputs[0])
    weighted = conjugate(outputs[0]) * cotangents[0]
    total = _cumsum(weighted, _axis(x, inputs[1]), attrs["exclusive"], not attrs["reverse"])
    return [math._div_no_nan(total, x), None]


def cumulative(
    name: str, function: Callable[..., Any], types: Any, doc: str, **options: Any
) -> Any:
    """Declare a cumulative reduction along one axis."""

    def lower(x: Any, axis: Any, *, exclusive: bool = False, reverse: bool = False) -> Any:
        return function(x, _axis(x, axis), exclusive, reverse)

    lower.__doc__ = f"{doc} along `axis`; `exclusive` leaves out the element itself, `reverse` goes from the end."
    return op(
        "x: T, axis: Tidx -> out: T",
        type=name,
        T=types,
        Tidx=(INDICES, int32),
        shape=unchanged,
        **options,
    )(lower)


Cumsum = cumulative("Cumsum", _cumsum, NUMBERS, "The cumulative sum", vjp=_cumsum_pullback)
Cumprod = cumulative("Cumprod", _cumprod, NUMBERS, "The cumulative product", vjp=_cumprod_pullback)
CumulativeLogsumexp = cumulative(
    "CumulativeLogsumexp",
    _cumlogsumexp,
    FLOATS,
    "The cumulative log of the sum of exponentials",
    needs_jax=True,
)


# -- functions over them -------------------------------------------------------------------------


def all_axes(x: Any) -> Tensor:
    """What TensorFlow reduces over when no axis is given: a constant, or a `Range` of the rank."""
    rank = getattr(getattr(x, "shape", None), "ndims", None)
    if rank:
        return convert.constant(np.arange(rank, dtype=np.int32))
    return array.range_(0, array.rank(x))


def reduce(
    node: Callable[..., Any], x: Any, axis: Any, keepdims: Any, name: str | None = None
) -> Tensor:
    """Build a reduction as TensorFlow's functions do; axis None means all axes."""
    keep = bool(keepdims)
    result: Tensor = node(x, all_axes(x) if axis is None else axis, keep_dims=keep, name=name)
    if axis is None and not keep:
        result.set_shape(())
    return result


_OLD_NAMES = renamed(reduction_indices="axis", keep_dims="keepdims")


def _reduction(node: Callable[..., Any], public: str, doc: str) -> Callable[..., Tensor]:
    """Publish `tf.reduce_*`."""

    def function(
        input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None
    ) -> Tensor:
        return reduce(node, input_tensor, axis, keepdims, name)

    function.__name__ = function.__qualname__ = public
    function.__doc__ = f"""{doc}

    Args:
        input_tensor: the tensor to reduce.
        axis: an axis or a list of axes, negative ones from the end; None for all
            (`reduction_indices` is the old name).
        keepdims: leave the reduced axes in place with size 1 (`keep_dims` is the old name).
    """
    return export(public, f"math.{public}")(_OLD_NAMES(function))


reduce_sum = _reduction(Sum, "reduce_sum", "The sum of the elements over axes.")
reduce_mean = _reduction(
    Mean, "reduce_mean", "The mean of the elements over axes; of integers it is truncated."
)
reduce_prod = _reduction(Prod, "reduce_prod", "The product of the elements over axes.")
reduce_max = _reduction(Max, "reduce_max", "The largest of the elements over axes.")
reduce_min = _reduction(Min, "reduce_min", "The smallest of the elements over axes.")
reduce_all = _reduction(All, "reduce_all", "Whether all elements are true, over axes.")
reduce_any = _reduction(Any_, "reduce_any", "Whether any element is true, over axes.")
reduce_euclidean_norm = _reduction(
    EuclideanNorm, "reduce_euclidean_norm", "The square root of the sum of squares over axes."
)


def _arg_function(node: Callable[..., Any], public: str, word: str) -> Callable[..., Tensor]:
    @renamed(dimension="axis")
    def function(
        input: Any, axis: Any = None, name: str | None = None, output_type: Any = int64
    ) -> Tensor:
        if isinstance(axis, Tensor) and axis.dtype.base_dtype.size < 4:
            axis = math.cast(axis, int32)
        found: Tensor = node(input, 0 if axis is None else axis, output_type=output_type, name=name)
        return found

    function.__name__ = function.__qualname__ = public
    function.__doc__ = f"""The index of the {word} element along an axis.

    Args:
        axis: the axis, 0 by default (`dimension` is the old name).
        output_type: tf.int64 or tf.int32.
    """
    return export(public, f"math.{public}")(function)


argmax = _arg_function(ArgMax, "argmax", "largest")
argmin = _arg_function(ArgMin, "argmin", "smallest")


@export("arg_max")
def arg_max(
    input: Any, dimension: Any, output_type: Any = int64, name: str | None = None
) -> Tensor:
    """The older name of `tf.argmax`."""
    return argmax(input, dimension, name, output_type)


@export("arg_min")
def arg_min(
    input: Any, dimension: Any, output_type: Any = int64, name: str | None = None
) -> Tensor:
    """The older name of `tf.argmin`."""
    return argmin(input, dimension, name, output_type)


@export("reduce_logsumexp", "math.reduce_logsumexp")
@_OLD_NAMES
def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None
) -> Tensor:
    """`log(sum(exp(x)))` over axes, computed without overflow."""
    with scopes.name_scope(name, "ReduceLogSumExp", [input_tensor]) as scope:
        raw = reduce_max(input_tensor, axis=axis, keepdims=True)
        finite = opdef.get("SelectV2").endpoint(math.IsFinite(raw), raw, 0)
        largest = array.StopGradient(finite)
        total = reduce_sum(math.Exp(math.Sub(input_tensor, largest)), axis=axis, keepdims=keepdims)
        result = math.Log(total)
        if not keepdims:
            largest = array.Reshape(largest, array.Shape(result))
        result = math_functions.add(result, largest, name=scope)
        if axis is None and not keepdims:
            result.set_shape(())
        return result


@export("math.reduce_variance")
def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None
) -> Tensor:
    """The population variance over axes.

    Raises:
        TypeError: integers.
    """
    with scopes.name_scope(name or "reduce_variance"):
        x = convert.to_tensor(input_tensor)
        means = reduce_mean(x, axis=axis, keepdims=True)
        if means.dtype.is_integer:
            raise TypeError(
                f"Input must be either real or complex. Received integer type {means.dtype}."
            )
        off = x - means
        if off.dtype.is_complex:
            product = math.Mul(complex_math.Conj(off), off)
            squares = complex_math.Real(product, Tout=off.dtype.real_dtype)
        else:
            squares = math.Square(off)
        return reduce_mean(squares, axis=axis, keepdims=keepdims)


@export("math.reduce_std")
def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None
) -> Tensor:
    """The population standard deviation over axes."""
    with scopes.name_scope(name or "reduce_std"):
        variance = reduce_variance(convert.to_tensor(input_tensor), axis=axis, keepdims=keepdims)
        return math.Sqrt(variance)


@export("count_nonzero", "math.count_nonzero")
@renamed(input="input_tensor", reduction_indices="axis", keep_dims="keepdims")
def count_nonzero(
    input_tensor: Any,
    axis: Any = None,
    keepdims: Any = None,
    dtype: Any = int64,
    name: str | None = None,
) -> Tensor:
    """How many elements are not zero (or not the empty string), over axes, as `dtype`."""
    with scopes.name_scope(name, "count_nonzero", [input_tensor]):
        x = convert.to_tensor(input_tensor, name="input")
        if not x.dtype.is_bool:
            x = math.NotEqual(x, array.zeros([], x.dtype.base_dtype))
        return math.cast(reduce_sum(math.cast(x, int64), axis=axis, keepdims=keepdims), dtype)


def _scan(node: Callable[..., Any], public: str, *names: str) -> Callable[..., Tensor]:
    """Publish a cumulative function; the result has the type and shape of `x`."""

    def function(
        x: Any,
        axis: Any = 0,
        exclusive: bool = False,
        reverse: bool = False,
        name: str | None = None,
    ) -> Tensor:
        with scopes.name_scope(name, node.opdef.type, [x]) as scope:
            x = convert.to_tensor(x, name="x")
            return node(x, axis, exclusive=exclusive, reverse=reverse, name=scope)

    function.__name__ = function.__qualname__ = public
    function.__doc__ = node.__doc__
    return export(f"math.{public}", *names)(function)


cumsum = _scan(Cumsum, "cumsum", "cumsum")
cumprod = _scan(Cumprod, "cumprod", "cumprod")
cumulative_logsumexp = _scan(CumulativeLogsumexp, "cumulative_logsumexp")
