"""Sums of products over named axes: Einsum and tensordot."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import int32
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import array, array_gather, array_moves, array_select, reduce, xp
from tf1x.ops.matmul import matmul
from tf1x.ops.shape_rules import broadcast_dims, dims

Sizes = tuple[int | None, ...]


def _einsum_shape(op: Operation) -> Any:
    left, _, right = op.attrs["equation"].partition("->")
    labels = left.split(",")
    if len(labels) != len(op.inputs):
        raise ValueError(f"Expected {len(labels)} inputs for equation {op.attrs['equation']!r}")
    sizes: dict[str, Sizes | None] = {"...": ()}
    for index, text in enumerate(labels):
        shape = dims(op, index)
        if shape is None:
            return [None]
        for label, part in _named_parts(text, shape):
            sizes[label] = broadcast_dims(sizes.get(label, ()), part)
    result: list[int | None] = []
    for label in _labels(right):
        result += sizes.get(label) or ()
    return [tuple(result)]


def _labels(text: str) -> list[str]:
    return re.findall(r"\.\.\.|\w", text)


def _named_parts(text: str, shape: Sizes) -> list[tuple[str, Sizes]]:
    """For each label of one operand, the sizes that it stands for."""
    labels = _labels(text)
    more = len(shape) - len(labels) + 1 if "..." in labels else 0
    if more < 0 or ("..." not in labels and len(labels) != len(shape)):
        raise ValueError(
            f"Expected input of rank {len(labels) - ('...' in labels)} for {text!r}, got rank {len(shape)}"
        )
    parts: list[tuple[str, Sizes]] = []
    position = 0
    for label in labels:
        width = more if label == "..." else 1
        parts.append((label, shape[position : position + width]))
        position += width
    return parts


@op("inputs: N*T -> output: T", shape=_einsum_shape)
def Einsum(inputs: list[Any], *, equation: str) -> Any:
    """The sum of products that `equation` describes, e.g. "ij,jk->ik"; see `numpy.einsum`."""
    return xp.einsum(equation, *inputs)


@export("einsum", "linalg.einsum")
def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """The sum of products over the axes that `equation` names.

    Args:
        equation: labels of each input's axes, and after "->" those of the result, in order; by
            default the labels that occur once, sorted. "..." stands for axes that broadcast.
        inputs: one tensor for each group of labels.
        name, optimize: the name; how more than two inputs are paired ("greedy" by default).

    Raises:
        ValueError: an equation that is not well formed or does not fit the inputs.
        TypeError: another keyword argument.
    """
    name = kwargs.pop("name", None)
    optimize = kwargs.pop("optimize", "greedy")
    if kwargs:
        raise TypeError(
            f"Invalid keyword arguments for einsum: {', '.join(kwargs)}. Valid arguments: name, optimize."
        )
    with scopes.name_scope(name, "einsum", list(inputs)):
        resolved = _resolved(equation, len(inputs))
        if len(inputs) <= 2:
            return Einsum(list(inputs), equation=resolved)
        operands = [convert.to_tensor(x) for x in inputs]
        for chosen, part in _pairs(resolved, operands, optimize):
            pair = [operands.pop(i) for i in chosen]
            operands.append(Einsum(pair, equation=part))
        return operands[0]


def _resolved(equation: str, count: int) -> str:
    """The equation without spaces and with the result's labels."""
    text = equation.replace(" ", "")
    if not re.match(r"^([a-zA-Z,]|\.\.\.)*(->([a-zA-Z]|\.\.\.)*)?$", text):
        raise ValueError(f"Subscripts have incorrect format: {equation}")
    left, arrow, right = text.partition("->")
    if len(left.split(",")) != count:
        raise ValueError(
            f'Got {count} inputs for equation "{equation}", expecting {len(left.split(","))}'
        )
    if not arrow:
        seen = Counter(label for label in _labels(left.replace(",", " ")))
        once = sorted(label for label, times in seen.items() if times == 1 and label != "...")
        right = "".join((["..."] if "..." in seen else []) + once)
    found = _labels(right)
    if len(set(found)) != len(found):
        raise ValueError(f"Output subscripts contain a label appearing more than once: {equation}")
    unknown = set(found) - set(_labels(left.replace(",", " "))) - {"..."}
    if unknown:
        raise ValueError(
            f"Output subscripts contain the label {unknown.pop()} not present in the input subscripts."
        )
    return f"{left}->{right}"


def _pairs(
    equation: str, operands: list[Tensor], optimize: Any
) -> list[tuple[tuple[int, ...], str]]:
    """In which order to multiply: positions of the operands, and the equation of each product."""
    import opt_einsum

    sizes: dict[str, int] = {}
    for text, tensor in zip(equation.partition("->")[0].split(","), operands, strict=True):
        shape = tensor.shape.tuple
        for label, part in _named_parts(text, shape) if shape is not None else ():
            known = int(np.prod([d for d in part if d is not None], dtype=np.int64))
            sizes[label] = max(sizes.get(label, 1), known)
    plain = equation.replace("...", "\u03b1")  # one label of its own, while the order is chosen
    shapes = [
        tuple(sizes.get("..." if label == "\u03b1" else label, 1) for label in text)
        for text in plain.partition("->")[0].split(",")
    ]
    _, path = opt_einsum.contract_path(plain, *shapes, optimize=optimize, shapes=True)
    return [(step[0], step[2].replace("\u03b1", "...")) for step in path.contraction_list]


# -- tensordot -----------------------------------------------------------------------------------


@export("tensordot", "linalg.tensordot")
def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The product of `a` and `b` summed over `axes`.

    Args:
        axes: an int n for the last n axes of `a` and the first n of `b`; or two lists of axes
            that are paired; or an int32 tensor [2, n] of them.

    Raises:
        ValueError: lists of different lengths, or n larger than the rank of `a`.
    """
    with scopes.name_scope(name, "Tensordot", [a, b, axes]) as scope:
        a = convert.to_tensor(a, name="a")
        b = convert.to_tensor(b, name="b")
        a_axes, b_axes = _paired_axes(a, axes)
        left, a_free, a_static = _as_matrix(a, a_axes, flipped=False)
        right, b_free, b_static = _as_matrix(b, b_axes, flipped=True)
        product = matmul(left, right)
        if isinstance(a_free, list) and isinstance(b_free, list):
            if product.shape.is_fully_defined() and product.shape.as_list() == a_free + b_free:
                return product
            return array.Reshape(product, a_free + b_free, name=scope)
        free = [convert.to_tensor(f, int32) for f in (a_free, b_free)]
        result = array.Reshape(product, array_moves.concat(free, 0), name=scope)
        if a_static is not None and b_static is not None:
            result.set_shape(a_static + b_static)
        return result


def _paired_axes(a: Tensor, axes: Any) -> tuple[Any, Any]:
    if isinstance(axes, (int, np.integer)):
        rank = a.shape.ndims
        if axes < 0:
            raise ValueError(f"`axes` must be at least 0. Received: {axes}.")
        if rank is None:
            size = array.rank(a)
            return array.range_(size - axes, size, dtype=int32), array.range_(axes, dtype=int32)
        if axes > rank:
            raise ValueError(
                f"`axes` must not be larger than the number of dimensions of tensor {a}.  Received {axes}."
            )
        return list(range(rank - axes, rank)), list(range(axes))
    if isinstance(axes, (list, tuple)):
        if len(axes) != 2:
            raise ValueError(f"`axes` must be an integer or have length 2. Received {axes}.")
        first, second = ([x] if isinstance(x, (int, np.integer)) else x for x in axes)
        if len(first) != len(second):
            raise ValueError(
                f"Different number of contraction axes `a` and `b`, {len(first)} != {len(second)}."
            )
        return first, second
    axes = convert.to_tensor(axes, int32, name="axes")
    return axes[0], axes[1]


def _as_matrix(x: Tensor, axes: Any, flipped: bool) -> tuple[Tensor, Any, list[int | None] | None]:
    """`x` as a matrix with the summed axes in its columns (`flipped`: rows).

    Returns:
        The matrix; the sizes of the other axes, a list or a tensor; and what is known of them.
    """
    listed = isinstance(axes, (list, tuple))
    if not listed or x.shape.ndims is None:
        return _as_matrix_dynamic(x, axes, None, flipped)
    sizes = x.shape.as_list()
    axes = [int(i) % len(sizes) for i in axes]
    free = [i for i in range(len(sizes)) if i not in axes]
    free_sizes = [sizes[i] for i in free]
    if not x.shape.is_fully_defined():
        return _as_matrix_dynamic(x, axes, (free, free_sizes), flipped)
    order = axes + free if flipped else free + axes
    products = [int(np.prod(free_sizes)), int(np.prod([sizes[i] for i in axes]))]
    target = products[::-1] if flipped else products
    if order != list(range(len(sizes))):
        x = array_moves.transpose(x, order)
    if x.shape.as_list() != target:
        x = array.Reshape(x, target)
    return x, free_sizes, free_sizes


def _as_matrix_dynamic(x: Tensor, axes: Any, known: Any, flipped: bool) -> Any:
    if known is not None:
        axes = convert.to_tensor(axes, int32, name="axes")
        free, free_sizes = convert.to_tensor(known[0], int32, name="free"), known[1]
        shape = array.shape(x)
    else:
        free_sizes = None
        shape, rank = array.shape(x), array.rank(x)
        axes = convert.to_tensor(axes, int32, name="axes")
        axes = array_select.where(axes >= 0, axes, axes + rank)
        free = array_select.setdiff1d(array.range_(rank), axes)[0]
    free_dims = array_gather.gather(shape, free)
    summed_dims = array_gather.gather(shape, axes)
    products = [reduce.reduce_prod(free_dims), reduce.reduce_prod(summed_dims)]
    order = array_moves.concat([axes, free] if flipped else [free, axes], 0)
    target = array_moves.stack(products[::-1] if flipped else products)
    return array.Reshape(array_moves.transpose(x, order), target), free_dims, free_sizes
