"""`tf.map_fn`, `tf.scan`, `tf.foldl`, `tf.foldr`: a function applied along the first dimension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.api import export
from tf1x.core import convert, dtypes, nest, scopes
from tf1x.core.operation import Tensor
from tf1x.ops import math
from tf1x.ops.array_slicing import strided_slice
from tf1x.ops.control_flow import while_loop
from tf1x.ops.tensor_array import TensorArray


def _elements(elems: Any) -> tuple[list[Tensor], Any]:
    """The tensors of a nest, and how many rows they have."""
    tensors = [convert.to_tensor(e, name="elem") for e in nest.flatten(elems)]
    dims = tensors[0].shape.tuple
    if dims is not None and not dims:
        raise ValueError("elements in elems must be 1+ dimensional Tensors, not scalars")
    rows = next((t.shape.tuple[0] for t in tensors if t.shape.tuple and t.shape.tuple[0] is not None), None)  # fmt: skip
    if rows is not None:
        return tensors, rows
    from tf1x.ops.array import shape

    whole: Any = shape(tensors[0])
    return tensors, strided_slice(whole, [0], [1], [1], shrink_axis_mask=1)


def _unstacked(tensors: list[Tensor], rows: Any) -> list[TensorArray]:
    return [
        TensorArray(t.dtype, size=rows, dynamic_size=False, infer_shape=True).unstack(t)
        for t in tensors
    ]


def _row(arrays: list[TensorArray], index: Any, like: Any) -> Any:
    values = [a.read(index) for a in arrays]
    return nest.pack_sequence_as(like, values) if nest.is_nested(like) else values[0]


def _stacked(arrays: list[TensorArray], rows: Any) -> list[Tensor]:
    results = [a.stack() for a in arrays]
    if isinstance(rows, int):
        for value in results:
            dims = value.shape.tuple
            value.set_shape((rows, *(dims[1:] if dims is not None else ()))) if dims else None
    return results


def _function(fn: Any) -> None:
    if not callable(fn):
        raise TypeError("fn must be callable.")


@export("map_fn")
def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """`fn` of each row of `elems`, stacked.

    Args:
        fn: takes a row (in the structure of `elems`) and returns a nest of tensors.
        elems: a nest of tensors with the same first dimension.
        dtype: types of what `fn` returns, in its structure; those of `elems` by default.
        infer_shape: whether all results have the same shape.

    Raises:
        TypeError: `fn` is not callable, or returns another structure than `dtype`.
        ValueError: `elems` are scalars.
    """
    _function(fn)
    dtype = fn_output_signature if dtype is None else dtype
    with scopes.name_scope(name, "map", nest.flatten(elems)):
        tensors, rows = _elements(elems)
        types = [t.dtype.base_dtype for t in tensors] if dtype is None else nest.flatten(dtype)
        like = elems if dtype is None else dtype
        inputs = _unstacked(tensors, rows)
        outputs = [
            TensorArray(t, size=rows, dynamic_size=False, infer_shape=infer_shape) for t in types
        ]

        def body(i: Any, arrays: Any) -> Any:
            found = fn(_row(inputs, i, elems))
            nest.assert_same_structure(like, found, check_types=False)
            values = nest.flatten(found)
            written = [a.write(i, v) for a, v in zip(arrays, values, strict=True)]
            return math.Add(i, 1), written

        _, outputs = while_loop(
            lambda i, _: math.Less(i, rows),
            body,
            (convert.constant(0), outputs),
            parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop,
            swap_memory=swap_memory,
        )
        results = _stacked(outputs, rows)
        return nest.pack_sequence_as(like, results) if nest.is_nested(like) else results[0]


@export("vectorized_map")
def vectorized_map(fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True) -> Any:
    """`map_fn` whose result types are found by themselves."""
    _function(fn)
    probe: list[Any] = []

    def types(row: Any) -> Any:
        found = fn(row)
        probe.append(nest.map_structure(lambda t: convert.to_tensor(t).dtype, found))
        return found

    from tf1x.core.func_graph import FuncGraph

    outer = scopes.get_default_graph()
    with FuncGraph("vectorized_map_probe", outer).building():
        tensors, rows = _elements(elems)
        types(_row(_unstacked(tensors, rows), 0, elems))
    return map_fn(fn, elems, dtype=probe[0])


def _loop(rows: Any, reverse: bool) -> tuple[Any, Any, Any]:
    """Start, continuation and step of an index that runs over all rows."""
    if reverse:
        start = rows - 1 if isinstance(rows, int) else math.Sub(rows, 1)
        return start, lambda i: math.GreaterEqual(i, 0), -1
    return 0, lambda i: math.Less(i, rows), 1


@export("scan")
def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All values of an accumulator to which `fn(accumulator, row)` is applied row by row.

    Args:
        initializer: the first accumulator, a nest; by default the first row of `elems`.
        reverse: from the last row to the first.

    Returns:
        The accumulators after each row, stacked along a new first dimension, in the structure
        of `initializer` (or `elems`).
    """
    _function(fn)
    with scopes.name_scope(name, "scan", nest.flatten(elems)):
        tensors, rows = _elements(elems)
        inputs = _unstacked(tensors, rows)
        like = elems if initializer is None else initializer
        start, more, step = _loop(rows, reverse)
        index = convert.to_tensor(start, dtypes.int32)
        if initializer is None:
            first = [a.read(index) for a in inputs]
        else:
            first = [convert.to_tensor(v, name="init") for v in nest.flatten(initializer)]
        arrays = [
            TensorArray(t.dtype.base_dtype, size=rows, dynamic_size=False,
                        element_shape=t.shape if infer_shape else None, infer_shape=infer_shape)
            for t in first
        ]  # fmt: skip
        if initializer is None:
            arrays = [a.write(index, v) for a, v in zip(arrays, first, strict=True)]
            index = math.Add(index, step)

        def body(i: Any, accumulator: Any, arrays: Any) -> Any:
            packed = _as(like, accumulator)
            found = fn(packed, _row(inputs, i, elems))
            nest.assert_same_structure(packed, found, check_types=False)
            values = [convert.to_tensor(v) for v in nest.flatten(found)]
            written = [a.write(i, v) for a, v in zip(arrays, values, strict=True)]
            return math.Add(i, step), values, written

        _, _, arrays = while_loop(
            lambda i, _a, _b: more(i),
            body,
            (index, first, arrays),
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=rows,
        )
        return _as(like, _stacked(arrays, rows))


def _as(like: Any, values: list[Any]) -> Any:
    return nest.pack_sequence_as(like, values) if nest.is_nested(like) else values[0]


def _fold(
    fn: Any, elems: Any, initializer: Any, reverse: bool, name: str | None, default: str,
    parallel_iterations: int, back_prop: bool, swap_memory: bool,
) -> Any:  # fmt: skip
    _function(fn)
    with scopes.name_scope(name, default, nest.flatten(elems)):
        tensors, rows = _elements(elems)
        inputs = _unstacked(tensors, rows)
        start, more, step = _loop(rows, reverse)
        index = convert.to_tensor(start, dtypes.int32)
        like = elems if initializer is None else initializer
        if initializer is None:
            first = [a.read(index) for a in inputs]
            index = math.Add(index, step)
        else:
            first = [convert.to_tensor(v) for v in nest.flatten(initializer)]

        def body(i: Any, accumulator: Any) -> Any:
            found = fn(_as(like, accumulator), _row(inputs, i, elems))
            return math.Add(i, step), [convert.to_tensor(v) for v in nest.flatten(found)]

        _, result = while_loop(
            lambda i, _a: more(i),
            body,
            (index, first),
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=rows,
        )
        return _as(like, result)


@export("foldl")
def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """The last accumulator of `fn(accumulator, row)`, applied from the first row to the last."""
    return _fold(fn, elems, initializer, False, name, "foldl",
                 parallel_iterations, back_prop, swap_memory)  # fmt: skip


@export("foldr")
def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """As `foldl`, from the last row to the first."""
    return _fold(fn, elems, initializer, True, name, "foldr",
                 parallel_iterations, back_prop, swap_memory)  # fmt: skip
