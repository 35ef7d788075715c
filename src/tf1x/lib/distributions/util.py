"""Functions of tensors that distributions are made with."""

from __future__ import annotations

import hashlib
import math as python_math
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, int32
from tf1x.core.operation import Tensor
from tf1x.lib.distributions.checks import embed_check_categorical_event_shape
from tf1x.ops import array, array_diag, array_moves, checks, elementary, math, nn_functions, reduce
from tf1x.ops.array_select import where_v2
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.math_functions import sigmoid
from tf1x.ops.special_math import Lgamma


def get_logits_and_probs(
    logits: Any = None,
    probs: Any = None,
    multidimensional: bool = False,
    validate_args: bool = False,
    name: str = "get_logits_and_probs",
    dtype: Any = None,
) -> tuple[Tensor, Tensor]:
    """Logits and probabilities, from the one of them that is given.

    Args:
        multidimensional: the last dimension is of classes, so that logits are log-probabilities
            up to a constant; otherwise those of one outcome of two.

    Raises:
        ValueError: both are given, or none.
        TypeError: they are not floats.
    """
    with scopes.name_scope(name, None, [probs, logits]):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if probs is None:
            logits = _floats(logits, "logits", dtype)
            if not multidimensional:
                return logits, sigmoid(logits, name="probs")
            if validate_args:
                logits = embed_check_categorical_event_shape(logits)
            return logits, nn_functions.softmax(logits, name="probs")
        probs = _floats(probs, "probs", dtype)
        if validate_args:
            probs = _checked_probabilities(probs, multidimensional)
        with scopes.name_scope("logits"):
            if multidimensional:
                return elementary.Log(probs), probs
            return elementary.Log(probs) - elementary.Log1p(-1.0 * probs), probs


def _floats(value: Any, name: str, dtype: Any) -> Tensor:
    value = convert.to_tensor(value, dtype, name=name)
    if not value.dtype.is_floating:
        raise TypeError(f"{name} must having floating type.")
    return value


def _checked_probabilities(probs: Tensor, multidimensional: bool) -> Tensor:
    with scopes.name_scope("validate_probs"):
        one = convert.constant(1.0, probs.dtype)
        conditions = [checks.assert_non_negative(probs)]
        if multidimensional:
            probs = embed_check_categorical_event_shape(probs)
            total = reduce.reduce_sum(probs, -1)
            message = "probs does not sum to 1."
            conditions.append(checks.assert_near(total, one, message=message))
        else:
            message = "probs has components greater than 1."
            conditions.append(checks.assert_less_equal(probs, one, message=message))
        return with_dependencies(conditions, probs)


def gen_new_seed(seed: int | None, salt: str) -> int | None:
    """Another seed made from `seed`; None from None."""
    if seed is None:
        return None
    digest = hashlib.md5(f"{seed}{salt}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) & 0x7FFFFFFF


def log_combinations(n: Any, counts: Any, name: str = "log_combinations") -> Tensor:
    """The logarithm of `n! / (counts[0]! counts[1]! ...)` along the last axis."""
    with scopes.name_scope(name, None, [n, counts]):
        n = convert.to_tensor(n, name="n")
        counts = convert.to_tensor(counts, name="counts")
        total = Lgamma(n + 1)
        return total - reduce.reduce_sum(Lgamma(counts + 1), axis=[-1])


def softplus_inverse(x: Any, name: str | None = None) -> Tensor:
    """The inverse of `tf.nn.softplus`: `log(exp(x) - 1)`, for positive `x` without overflow."""
    with scopes.name_scope(name, "softplus_inverse", [x]):
        x = convert.to_tensor(x, name="x")
        # Beyond these bounds the result rounds to log(x) and to x.
        edge = np.log(np.finfo(x.dtype.as_numpy_dtype).eps) + 2.0
        small, large = math.Less(x, np.exp(edge)), math.Greater(x, -edge)
        log_x = elementary.Log(x)
        safe = where_v2(math.LogicalOr(small, large), array.ones_like(x), x)
        middle = safe + elementary.Log(-elementary.Expm1(-safe))
        return where_v2(small, log_x, where_v2(large, x, middle))


def reduce_weighted_logsumexp(
    logx: Any,
    w: Any = None,
    axis: Any = None,
    keep_dims: bool = False,
    return_sign: bool = False,
    name: str | None = None,
) -> Any:
    """`log(abs(sum(w * exp(logx))))` along `axis`, and the sum's sign where `return_sign`."""
    with scopes.name_scope(name, "reduce_weighted_logsumexp", [logx, w]):
        logx = convert.to_tensor(logx, name="logx")
        if w is None:
            total = reduce.reduce_logsumexp(logx, axis=axis, keepdims=keep_dims)
            return (total, array.ones_like(total)) if return_sign else total
        w = convert.to_tensor(w, logx.dtype, name="w")
        log_terms = logx + elementary.Log(math.Abs(w))
        highest = reduce.reduce_max(log_terms, axis=axis, keepdims=True)
        highest = where_v2(math.IsInf(highest), array.zeros_like(highest), highest)
        terms = math.Sign(w) * elementary.Exp(log_terms - highest)
        total = reduce.reduce_sum(terms, axis=axis, keepdims=keep_dims)
        if not keep_dims:
            highest = array.squeeze(highest, axis)
        sign = math.Sign(total)
        log_total = highest + elementary.Log(sign * total)
        return (log_total, sign) if return_sign else log_total


# -- matrices ------------------------------------------------------------------------------------


def matrix_diag_transform(
    matrix: Any, transform: Callable[[Any], Any] | None = None, name: str | None = None
) -> Tensor:
    """Matrices with `transform` applied to their diagonals, e.g. `tf.nn.softplus`."""
    with scopes.name_scope(name, "matrix_diag_transform", [matrix]):
        matrix = convert.to_tensor(matrix, name="matrix")
        if transform is None:
            return matrix
        diagonal = transform(array_diag.matrix_diag_part(matrix))
        return array_diag.matrix_set_diag(matrix, diagonal)


def fill_triangular(x: Any, upper: bool = False, name: str | None = None) -> Tensor:
    """Vectors [..., n (n + 1) / 2] as lower (or upper) triangular matrices [..., n, n].

    The elements go along a clockwise spiral: of [1, 2, 3, 4, 5, 6] the lower one is
    [[4, 0, 0], [6, 5, 0], [3, 2, 1]] and the upper one [[1, 2, 3], [0, 5, 6], [0, 0, 4]].

    Raises:
        ValueError: the vectors' length is known and not that of a triangle.
    """
    with scopes.name_scope(name, "fill_triangular", [x]):
        x = convert.to_tensor(x, name="x")
        batch, m = x.shape.with_rank_at_least(1)[:-1], _last(x)
        if m is not None:
            n = (python_math.isqrt(8 * m + 1) - 1) // 2
            if n * (n + 1) != 2 * m:
                raise ValueError(
                    f"Input right-most shape ({m}) does not correspond to a triangular matrix."
                )
        else:
            root = elementary.Sqrt(0.25 + math.cast(2 * array.shape(x)[-1], float32))
            n = math.cast(root, int32)
        if upper:
            parts = [x, array_moves.reverse(x[..., n:], axis=[-1])]
        else:
            parts = [x[..., n:], array_moves.reverse(x, axis=[-1])]
        if m is None:
            sizes = array_moves.concat([array.shape(x)[:-1], [n, n]], 0)
        else:
            sizes = _sizes(x, [n, n])
        square = array.Reshape(array_moves.concat(parts, -1), sizes)
        low, high = (0, -1) if upper else (-1, 0)
        result = array_diag.MatrixBandPart(square, low, high)
        known = n if m is not None else None
        result.set_shape(batch.concatenate([known, known]))
        return result


def fill_triangular_inverse(x: Any, upper: bool = False, name: str | None = None) -> Tensor:
    """The vectors of which `fill_triangular` makes the matrices `x`."""
    with scopes.name_scope(name, "fill_triangular_inverse", [x]):
        x = convert.to_tensor(x, name="x")
        batch = x.shape.with_rank_at_least(2)[:-2]
        known = _last(x)
        n = array.shape(x)[-1] if known is None else known
        m = n * (n + 1) // 2
        if upper:
            first, rest = x[..., 0, :], x[..., 1:, :]
        else:
            first, rest = array_moves.reverse(x[..., -1, :], axis=[-1]), x[..., :-1, :]
        # One half of the rest is 0, and the spiral goes back through the other, turned around.
        both = rest + array_moves.reverse(rest, axis=[-1, -2])
        sizes = array_moves.concat([array.shape(x)[:-2], [n * (n - 1)]], 0)
        tail = array.Reshape(both, sizes)[..., : m - n]
        result = array_moves.concat([first, tail], -1)
        result.set_shape(batch.concatenate([None if known is None else m]))
        return result


def _last(x: Tensor) -> int | None:
    return None if x.shape.ndims is None else x.shape.as_list()[-1]


def _sizes(x: Tensor, last: list[int]) -> Any:
    """The shape of `x` with its last dimension replaced."""
    batch = x.shape[:-1]
    if batch.is_fully_defined():
        return [*batch.as_list(), *last]
    return array_moves.concat([array.shape(x)[:-1], last], 0)


def tridiag(
    below: Any = None, diag: Any = None, above: Any = None, name: str | None = None
) -> Tensor:
    """Matrices with the given diagonals (one shorter beside the middle one), 0 elsewhere.

    Raises:
        ValueError: none is given.
    """
    with scopes.name_scope(name, "tridiag", [below, diag, above]):
        parts = []
        for part, band in (("below", below), ("diag", diag), ("above", above)):
            if band is None:
                continue
            band = convert.to_tensor(band, name=part)
            offset = {"below": -1, "diag": 0, "above": 1}[part]
            parts.append(array_diag.matrix_diag(band, k=offset))
        if not parts:
            raise ValueError("Must specify at least one of `below`, `diag`, `above`.")
        result = parts[0]
        for part in parts[1:]:
            result = result + part
        return result
