"""Datasets that put elements together or take them apart, and that keep them."""

from __future__ import annotations

import os
from collections import deque
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.errors import DataLossError
from tf1x.core.files import local_path, replacing
from tf1x.core.func_graph import FuncAttr
from tf1x.core.operation import Operation
from tf1x.ops.dataset_calls import Function
from tf1x.ops.dataset_interleave import of_elements
from tf1x.ops.dataset_map import KEEPS_COUNT, mapped, mapped_ahead, threads_of
from tf1x.ops.dataset_value import (
    METADATA,
    OUTPUTS,
    Context,
    DatasetValue,
    Element,
    Rows,
    Run,
    dataset_op,
    invalid,
    selecting,
)

# -- batches -------------------------------------------------------------------------------------


def _taken(source: Run, size: int) -> list[Any]:
    """The next elements, `size` of them at most."""
    pull = source.next
    found: list[Any] = []
    while len(found) < size:
        element = pull()
        if element is None:
            break
        found.append(element)
    return found


def _shape(value: Any) -> str:
    return "[" + ",".join(map(str, np.shape(value))) + "]"


def stacked(elements: list[Element]) -> Element:
    """The components of several elements, each stacked along a new first dimension.

    Raises:
        InvalidArgumentError: a component has different shapes.
    """
    batch = []
    for index, first in enumerate(elements[0]):
        values = [element[index] for element in elements]
        dtype = getattr(first, "dtype", None)
        if dtype is None:  # datasets
            made = np.empty(len(values), object)
            made[:] = values
            batch.append(made)
            continue
        shape = first.shape
        made = np.empty((len(values), *shape), dtype)
        for i, value in enumerate(values):
            if value.shape != shape:
                raise invalid(
                    f"Cannot batch tensors with different shapes in component {index}. First "
                    f"element had shape {_shape(first)} and element {i} had shape {_shape(value)}."
                )
            made[i] = value if shape or dtype.kind != "O" else value.item()
        batch.append(made)
    return batch


def _gathered(rows: Rows, numbers: list[int]) -> Element:
    """The rows of arrays with these numbers."""
    first, count = numbers[0], len(numbers)
    if numbers[-1] - first == count - 1 and numbers == list(range(first, first + count)):
        return [a[first : first + count].copy() for a in rows.arrays]
    return [a.take(numbers, axis=0) for a in rows.arrays]


def _batched(dataset: DatasetValue, size: int, drop: bool) -> DatasetValue:
    if size < 1:
        raise invalid("Batch size must be greater than zero.")
    rows = dataset.rows
    begin = dataset.start if rows is None else rows.start

    def start(context: Context) -> Run:
        source = begin(context)
        ended = False

        def next_element() -> Element | None:
            nonlocal ended
            if ended:
                return None
            elements = _taken(source, size)
            ended = len(elements) < size
            if not elements or (ended and drop):
                return None
            return stacked(elements) if rows is None else _gathered(rows, elements)

        return Run(next_element, source)

    return DatasetValue(start)


@dataset_op(
    "input_dataset: variant, batch_size: int64, drop_remainder: bool",
    attrs={**OUTPUTS, **METADATA, "parallel_copy": ("bool", False)},
)
def BatchDatasetV2(
    input_dataset: DatasetValue, batch_size: Any, drop_remainder: Any
) -> DatasetValue:
    """`batch_size` elements as one, with a new first dimension; the last may be smaller."""
    return _batched(input_dataset, int(batch_size), bool(drop_remainder))


@dataset_op("input_dataset: variant, batch_size: int64")
def BatchDataset(input_dataset: DatasetValue, batch_size: Any) -> DatasetValue:
    """As `BatchDatasetV2`; the last batch may be smaller."""
    return _batched(input_dataset, int(batch_size), False)


@dataset_op(
    "input_dataset: variant, batch_size: int64, num_parallel_calls: int64, drop_remainder: bool",
    attrs={
        **OUTPUTS,
        **METADATA,
        "parallel_copy": ("bool", False),
        "deterministic": ("str", "default"),
    },
)
def ParallelBatchDataset(
    input_dataset: DatasetValue, batch_size: Any, num_parallel_calls: Any, drop_remainder: Any
) -> DatasetValue:
    """As `BatchDatasetV2`."""
    return _batched(input_dataset, int(batch_size), bool(drop_remainder))


@dataset_op(
    "input_dataset: variant, other_arguments: *Targuments, batch_size: int64, "
    "num_parallel_calls: int64, drop_remainder: bool",
    attrs={**OUTPUTS, **METADATA, **KEEPS_COUNT},
)
def MapAndBatchDataset(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    batch_size: Any,
    num_parallel_calls: Any,
    drop_remainder: Any,
    *,
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """`f` of each element by `num_parallel_calls` threads, then batches."""
    function = Function(op, f, other_arguments, functions)
    threads = threads_of(num_parallel_calls)
    if threads == 1:
        dataset = mapped(input_dataset, function)
    else:
        dataset = mapped_ahead(input_dataset, function, min(threads, 64), True)
    return _batched(dataset, int(batch_size), bool(drop_remainder))


def _padded_batch(
    input_dataset: DatasetValue,
    size: int,
    shapes: list[Any],
    fillers: list[Any],
    drop: bool,
) -> DatasetValue:
    if size < 1:
        raise invalid("Batch size must be greater than zero.")
    if any(f.ndim for f in fillers):
        raise invalid("All padding values must be scalars")

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        ended = False

        def next_element() -> Element | None:
            nonlocal ended
            if ended:
                return None
            elements = _taken(source, size)
            ended = len(elements) < size
            if not elements or (ended and drop):
                return None
            return [
                _padded([e[i] for e in elements], [int(d) for d in shape], filler, i)
                for i, (shape, filler) in enumerate(zip(shapes, fillers, strict=True))
            ]

        return Run(next_element, source)

    return DatasetValue(start)


def _padded(values: list[Any], shape: list[int], filler: Any, index: int) -> Any:
    """Arrays in one of the shape `shape` (-1: that of the largest), filled up with `filler`."""
    rank = len(shape)
    for value in values:
        if value.ndim != rank:
            raise invalid(
                "All elements in a batch must have the same rank as the padded shape for "
                f"component{index}: expected rank {rank} but got element with rank {value.ndim}"
            )
    largest = [max(v.shape[d] for v in values) for d in range(rank)]
    for d in range(rank):
        if shape[d] != -1 and largest[d] > shape[d]:
            raise DataLossError(
                None, None, "Attempted to pad to a smaller size than the input element."
            )
    dims = [n if s == -1 else s for s, n in zip(shape, largest, strict=True)]
    made = np.full((len(values), *dims), filler.item() if filler.dtype == object else filler)
    made = made.astype(values[0].dtype, copy=False)
    for i, value in enumerate(values):
        made[(i, *map(slice, value.shape))] = value if rank else value.item()
    return made


_PADDED = (
    "input_dataset: variant, batch_size: int64, padded_shapes: N*int64, "
    "padding_values: *Toutput_types"
)


@dataset_op(
    f"{_PADDED}, drop_remainder: bool",
    attrs={"output_shapes": OUTPUTS["output_shapes"], **METADATA, "parallel_copy": ("bool", False)},
)
def PaddedBatchDatasetV2(
    input_dataset: DatasetValue,
    batch_size: Any,
    padded_shapes: list[Any],
    padding_values: list[Any],
    drop_remainder: Any,
) -> DatasetValue:
    """`batch_size` elements as one, each padded to a common shape."""
    return _padded_batch(
        input_dataset, int(batch_size), padded_shapes, padding_values, bool(drop_remainder)
    )


@dataset_op(_PADDED, attrs={"output_shapes": OUTPUTS["output_shapes"], **METADATA})
def PaddedBatchDataset(
    input_dataset: DatasetValue,
    batch_size: Any,
    padded_shapes: list[Any],
    padding_values: list[Any],
) -> DatasetValue:
    """As `PaddedBatchDatasetV2`; the last batch may be smaller."""
    return _padded_batch(input_dataset, int(batch_size), padded_shapes, padding_values, False)


@dataset_op("input_dataset: variant, batch_size: int64, row_shape: int64", attrs=OUTPUTS)
def DenseToSparseBatchDataset(
    input_dataset: DatasetValue, batch_size: Any, row_shape: Any
) -> DatasetValue:
    """`batch_size` elements of shapes up to `row_shape` as one sparse tensor."""
    size, limits = int(batch_size), [int(d) for d in row_shape]

    def start(context: Context) -> Run:
        source = input_dataset.start(context)

        def next_element() -> Element | None:
            values = [element[0] for element in _taken(source, size)]
            return [_sparse_batch(values, limits)] if values else None

        return Run(next_element, source)

    return DatasetValue(start)


def _sparse_batch(values: list[Any], limits: list[int]) -> Any:
    """Arrays as the three parts of a sparse tensor with one row each."""
    for value in values:
        if value.ndim != len(limits):
            raise invalid(
                f"Input element had shape ({_shape(value)}) that is incompatible with the row "
                f"shape ({limits})."
            )
    largest = [max(v.shape[d] for v in values) for d in range(len(limits))]
    for d, limit in enumerate(limits):
        if limit != -1 and largest[d] > limit:
            raise DataLossError(
                None, None, f"Input element is larger than the row shape {limits}: {largest}."
            )
    places = [
        np.concatenate([np.full((v.size, 1), i), np.argwhere(np.ones(v.shape, bool))], axis=1)
        for i, v in enumerate(values)
    ]
    dense = [n if s == -1 else s for s, n in zip(limits, largest, strict=True)]
    return variants(
        np.concatenate(places).astype(np.int64),
        np.concatenate([v.reshape(-1) for v in values]),
        np.array([len(values), *dense], np.int64),
    )


def variants(*items: Any) -> Any:
    """A vector of variants, such as the three parts of a sparse tensor."""
    made = np.empty(len(items), object)
    for i, item in enumerate(items):
        made[i] = item
    return made


# -- taking apart --------------------------------------------------------------------------------


def _unbatched(input_dataset: DatasetValue) -> DatasetValue:
    """The rows of all components, one by one."""

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        element: Element | None = None
        row = 0

        def next_element() -> Element | None:
            nonlocal element, row
            while element is None or row >= len(element[0]):
                element, row = source.next(), 0
                if element is None:
                    return None
                if any(not c.ndim for c in element):
                    raise invalid("Cannot unbatch an element that is a scalar.")
                if len({len(c) for c in element}) > 1:
                    sizes = [len(c) for c in element]
                    element = None
                    raise invalid(f"Input element must have the same batch size in each component: {sizes}")  # fmt: skip
            row += 1
            return [c[row - 1, ...] for c in element]

        return Run(next_element, source)

    return DatasetValue(start)


UnbatchDataset, ExperimentalUnbatchDataset = (
    dataset_op("input_dataset: variant", attrs=attrs, type=name)(_unbatched)
    for name, attrs in (
        ("UnbatchDataset", {**OUTPUTS, **METADATA}),
        ("ExperimentalUnbatchDataset", OUTPUTS),
    )
)


# -- windows -------------------------------------------------------------------------------------


def _windows(
    input_dataset: DatasetValue, size: int, shift: int, stride: int, drop: bool, made: Any
) -> DatasetValue:
    """Of each window over the elements, what `made` makes of its elements."""
    for name, value in (("size", size), ("shift", shift), ("stride", stride)):
        if value < 1:
            raise invalid(f"Window {name} must be greater than zero.")
    span = (size - 1) * stride + 1

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        buffer: deque[Element] = deque()
        ended = False

        def pull() -> Element | None:
            nonlocal ended
            element = None if ended else source.next()
            ended = element is None
            return element

        def next_element() -> Element | None:
            while len(buffer) < span and (element := pull()) is not None:
                buffer.append(element)
            if not buffer or (drop and len(buffer) < span):
                return None
            window = list(buffer)[::stride]
            for _ in range(shift):
                if buffer:
                    buffer.popleft()
                elif pull() is None:
                    break
            return made(window)  # type: ignore[no-any-return]

        return Run(next_element, source)

    return DatasetValue(start)


def _as_datasets(window: list[Element]) -> Element:
    return [of_elements([[e[i]] for e in window]) for i in range(len(window[0]))]


@dataset_op(
    "input_dataset: variant, size: int64, shift: int64, stride: int64, drop_remainder: bool"
)
def WindowDataset(
    input_dataset: DatasetValue, size: Any, shift: Any, stride: Any, drop_remainder: Any
) -> DatasetValue:
    """Datasets of `size` elements, `stride` apart; the next begins `shift` elements later."""
    sizes = int(size), int(shift), int(stride)
    return _windows(input_dataset, *sizes, bool(drop_remainder), _as_datasets)


@dataset_op(
    "input_dataset: variant, window_size: int64, window_shift: int64, window_stride: int64",
    attrs=OUTPUTS,
)
def SlidingWindowDataset(
    input_dataset: DatasetValue,
    window_size: Any,
    window_shift: Any,
    window_stride: Any,
    *,
    drop_remainder: bool = True,
) -> DatasetValue:
    """As `WindowDataset`, each window stacked into one element."""
    sizes = int(window_size), int(window_shift), int(window_stride)
    return _windows(input_dataset, *sizes, drop_remainder, stacked)


# -- caches --------------------------------------------------------------------------------------


def _in_memory(dataset: DatasetValue) -> DatasetValue:
    """The elements of the first whole epoch, again in each later one."""
    key = object()

    def keep(begin: Any, context: Context) -> Run:
        known = context.memory.get(key)
        if known is not None:
            left = iter(known)
            return Run(lambda: next(left, None))
        source = begin(context)
        kept: list[Any] = []

        def next_element() -> Any:
            element = source.next()
            if element is None:
                context.memory.setdefault(key, kept)
                return None
            kept.append(_read_only(element))
            return element

        return Run(next_element, source)

    return selecting(dataset, keep)


def _read_only(element: Any) -> Any:
    """The element, whose arrays are no one's to change now."""
    for component in element if isinstance(element, list) else ():
        if isinstance(component, np.ndarray):
            component.flags.writeable = False
    return element


def _in_file(dataset: DatasetValue, path: str, types: list[DType]) -> DatasetValue:
    """The elements of the first whole epoch, in a record file: a tensor proto for each component."""
    from tensorboard.compat.proto.tensor_pb2 import TensorProto

    from tf1x.core import graphdef
    from tf1x.core.records import RecordReader, masked_crc  # noqa: F401

    name = f"{local_path(path)}.tfrecord"

    def read() -> Run:
        records = RecordReader(name)

        def next_element() -> Element | None:
            element: Element = []
            for _ in types:
                data = next(records, None)
                if data is None:
                    return None
                element.append(np.asarray(graphdef.make_ndarray(TensorProto.FromString(data))))
            return element

        return Run(next_element, stop=records.close)

    def start(context: Context) -> Run:
        if os.path.exists(name):
            return read()
        source = dataset.start(context)
        kept: list[bytes] = []

        def next_element() -> Element | None:
            element = source.next()
            if element is None:
                _write_records(name, kept)
                return None
            for component, dtype in zip(element, types, strict=True):
                kept.append(graphdef.make_tensor_proto(component, dtype).SerializeToString())
            return element  # type: ignore[no-any-return]

        return Run(next_element, source)

    return DatasetValue(start)


def _write_records(path: str, records: list[bytes]) -> None:
    import struct

    from tf1x.core.records import masked_crc

    with replacing(path) as file:
        for record in records:
            length = struct.pack("<Q", len(record))
            file.write(length + struct.pack("<I", masked_crc(length)))
            file.write(record + struct.pack("<I", masked_crc(record)))
    records.clear()


def _cached(dataset: DatasetValue, filename: Any, types: list[DType]) -> DatasetValue:
    path = np.asarray(filename).item().decode()
    return _in_file(dataset, path, types) if path else _in_memory(dataset)


_SHAPES = {"output_shapes": OUTPUTS["output_shapes"], **METADATA}


@dataset_op("input_dataset: variant, filename: string", attrs=_SHAPES)
def CacheDataset(
    input_dataset: DatasetValue, filename: Any, *, output_types: list[DType]
) -> DatasetValue:
    """The elements of the first epoch again in all others; kept in memory, or in a file."""
    return _cached(input_dataset, filename, output_types)


@dataset_op(
    "input_dataset: variant, filename: string, cache: resource", stateful=True, attrs=_SHAPES
)
def CacheDatasetV2(
    input_dataset: DatasetValue, filename: Any, cache: Any, *, output_types: list[DType]
) -> DatasetValue:
    """As `CacheDataset`."""
    return _cached(input_dataset, filename, output_types)


@dataset_op("input_dataset: variant")
def UniqueDataset(input_dataset: DatasetValue) -> DatasetValue:
    """Without elements that were there before."""

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        seen: set[Any] = set()

        def next_element() -> Element | None:
            while True:
                element: Element | None = source.next()
                if element is None:
                    return None
                mark = tuple((c.shape, *c.reshape(-1).tolist()) for c in element)
                if mark not in seen:
                    seen.add(mark)
                    return element

        return Run(next_element, source)

    return DatasetValue(start)
