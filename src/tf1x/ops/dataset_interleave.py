"""Datasets that open datasets: those that a function makes of each element."""

from __future__ import annotations

import os
from collections import deque
from typing import Any

import numpy as np

from tf1x.core.errors import OutOfRangeError
from tf1x.core.func_graph import FuncAttr
from tf1x.core.operation import Operation
from tf1x.ops.dataset_calls import Function
from tf1x.ops.dataset_map import CALLS, threads_of
from tf1x.ops.dataset_value import (
    OUTPUTS,
    Ahead,
    Context,
    DatasetValue,
    Element,
    Run,
    dataset_op,
    invalid,
)


def _opened(function: Function, context: Context, element: Element) -> Run:
    """A run through the dataset that `function` makes of an element."""
    found = function(context, element)
    if len(found) != 1 or not isinstance(found[0], DatasetValue):
        raise invalid("Function must return a single scalar of dtype DT_VARIANT, a dataset.")
    return found[0].start(context)


@dataset_op("input_dataset: variant, other_arguments: *Targuments")
def FlatMapDataset(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    *,
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """The elements of the datasets that `f` makes of the elements, one dataset after the other."""
    function = Function(op, f, other_arguments, functions)

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        inner: Run | None = None

        def next_element() -> Element | None:
            nonlocal inner
            while True:
                if inner is None:
                    element = source.next()
                    if element is None:
                        return None
                    inner = _opened(function, context, element)
                found: Element | None = inner.next()
                if found is not None:
                    return found
                inner.close()
                inner = None

        return Run(next_element, source, stop=lambda: inner.close() if inner else None)

    return DatasetValue(start)


def _interleaved(
    input_dataset: DatasetValue, function: Function, cycle: int, block: int, threads: int
) -> DatasetValue:
    """`block` elements of each of `cycle` open datasets in turn.

    With `threads`, each open dataset is read ahead by a thread of its own; the order is the same.
    """
    if cycle == -1:
        cycle = max(2, os.cpu_count() or 2)
    if cycle < 1:
        raise invalid("cycle_length must be greater than zero.")
    if block < 1:
        raise invalid("block_length must be greater than zero.")

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        current: list[Run | None] = [None] * cycle
        index = taken = 0
        ended = False

        def advance() -> None:
            nonlocal index, taken
            index, taken = (index + 1) % cycle, 0

        def next_element() -> Element | None:
            nonlocal taken, ended
            while not ended or any(current):
                run = current[index]
                if run is not None:
                    found: Element | None = run.next()
                    if found is not None:
                        taken += 1
                        if taken == block:
                            advance()
                        return found
                    run.close()
                    current[index] = None
                    advance()
                elif not ended:
                    element = source.next()
                    if element is None:
                        ended = True
                    else:
                        inner = _opened(function, context, element)
                        if threads > 1:
                            inner = Ahead(context, inner, None, 1, block + 1).run()
                        current[index] = inner
                else:
                    advance()
            return None

        return Run(next_element, source, stop=lambda: _close(current))

    return DatasetValue(start)


def _close(runs: Any) -> None:
    for run in runs:
        if run is not None:
            run.close()


@dataset_op(
    "input_dataset: variant, other_arguments: *Targuments, cycle_length: int64, block_length: int64"
)
def InterleaveDataset(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    cycle_length: Any,
    block_length: Any,
    *,
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """`block_length` elements of each of `cycle_length` datasets, made by `f`, in turn."""
    function = Function(op, f, other_arguments, functions)
    return _interleaved(input_dataset, function, int(cycle_length), int(block_length), 1)


_INTERLEAVE = (
    "input_dataset: variant, other_arguments: *Targuments, cycle_length: int64, block_length: int64"
)


def _parallel_interleave(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    cycle_length: Any,
    block_length: Any,
    num_parallel_calls: Any,
    *,
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """As `InterleaveDataset`, with a thread for each open dataset."""
    function = Function(op, f, other_arguments, functions)
    threads = 1 if function.is_random else threads_of(num_parallel_calls)
    return _interleaved(input_dataset, function, int(cycle_length), int(block_length), threads)


ParallelInterleaveDatasetV2, ParallelInterleaveDatasetV3 = (
    dataset_op(f"{_INTERLEAVE}, num_parallel_calls: int64", attrs={**CALLS, **attrs}, type=name)(
        _parallel_interleave
    )
    for name, attrs in (
        ("ParallelInterleaveDatasetV2", {"sloppy": ("bool", False)}),
        ("ParallelInterleaveDatasetV3", {"deterministic": ("str", "default")}),
    )
)


@dataset_op(
    f"{_INTERLEAVE}, buffer_output_elements: int64, prefetch_input_elements: int64, num_parallel_calls: int64",
    attrs={**CALLS, "deterministic": ("str", "default")},
)
def ParallelInterleaveDatasetV4(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    cycle_length: Any,
    block_length: Any,
    buffer_output_elements: Any,
    prefetch_input_elements: Any,
    num_parallel_calls: Any,
    *,
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """As `InterleaveDataset`, with a thread for each open dataset."""
    return _parallel_interleave(
        input_dataset,
        other_arguments,
        cycle_length,
        block_length,
        num_parallel_calls,
        f=f,
        op=op,
        functions=functions,
    )


def _legacy_interleaved(
    input_dataset: DatasetValue, function: Function, cycle: int, block: int
) -> DatasetValue:
    """As `_interleaved`, but a dataset that takes the place of an ended one waits for its turn.

    So TensorFlow's `contrib.data.parallel_interleave` works (measured; where its elements are
    ready in time: otherwise it starts a new block there).
    """
    if cycle < 1:
        raise invalid("`cycle_length` must be > 0")
    if block < 1:
        raise invalid("`block_length` must be > 0")

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        current: deque[Any] = deque()
        index = taken = 0

        def opened() -> Run | None:
            element = source.next()
            if element is None:
                return None
            inner = _opened(function, context, element)
            return inner if function.is_random else Ahead(context, inner, None, 1, block + 1).run()

        def next_element() -> Element | None:
            nonlocal index, taken
            while not current or (len(current) < cycle and current[-1] is not None):
                run = opened()
                current.append(run)
                if run is None:
                    break
            while any(run is not None for run in current):
                number = len(current)
                run = current[index]
                if run is None:
                    index = (index + 1) % number
                    continue
                found: Element | None = run.next()
                if found is not None:
                    taken += 1
                    if taken == block:
                        index, taken = (index + 1) % number, 0
                    return found
                run.close()
                current[index] = opened()
                if current[index] is not None:
                    taken = 0
                index = (index + 1) % number
            return None

        return Run(next_element, source, stop=lambda: _close(current))

    return DatasetValue(start)


_BUFFERS = "buffer_output_elements: int64, prefetch_input_elements: int64"


@dataset_op(f"{_INTERLEAVE}, sloppy: bool, {_BUFFERS}")
def ParallelInterleaveDataset(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    cycle_length: Any,
    block_length: Any,
    sloppy: Any,
    buffer_output_elements: Any,
    prefetch_input_elements: Any,
    *,
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """`contrib.data.parallel_interleave` of TensorFlow 1."""
    function = Function(op, f, other_arguments, functions)
    return _legacy_interleaved(input_dataset, function, int(cycle_length), int(block_length))


@dataset_op(f"{_INTERLEAVE}, {_BUFFERS}", attrs={**CALLS, "deterministic": ("str", "default")})
def LegacyParallelInterleaveDatasetV2(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    cycle_length: Any,
    block_length: Any,
    buffer_output_elements: Any,
    prefetch_input_elements: Any,
    *,
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """`contrib.data.parallel_interleave`."""
    function = Function(op, f, other_arguments, functions)
    return _legacy_interleaved(input_dataset, function, int(cycle_length), int(block_length))


def of_elements(elements: list[Element]) -> DatasetValue:
    """A dataset of these elements."""

    def start(context: Context) -> Run:
        left = iter(elements)
        return Run(lambda: next(left, None))

    return DatasetValue(start)


@dataset_op(
    "input_dataset: variant, key_func_other_arguments: *Tkey_func_other_arguments, "
    "reduce_func_other_arguments: *Treduce_func_other_arguments, "
    "window_size_func_other_arguments: *Twindow_size_func_other_arguments"
)
def GroupByWindowDataset(
    input_dataset: DatasetValue,
    key_func_other_arguments: list[Any],
    reduce_func_other_arguments: list[Any],
    window_size_func_other_arguments: list[Any],
    *,
    key_func: FuncAttr,
    reduce_func: FuncAttr,
    window_size_func: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """Elements gathered by key; of each full window the dataset that `reduce_func` makes of it."""
    key_of = Function(op, key_func, key_func_other_arguments, functions)
    reduced = Function(op, reduce_func, reduce_func_other_arguments, functions)
    size_of = Function(op, window_size_func, window_size_func_other_arguments, functions)

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        groups: dict[int, list[Element]] = {}
        sizes: dict[int, int] = {}
        inner: Run | None = None
        ended = False

        def flush(key: int) -> Run:
            window = of_elements(groups.pop(key))
            return _opened(reduced, context, [np.array(key, np.int64), window])

        def gather() -> Run | None:
            """The next full window; at the end those that are not full, by key."""
            nonlocal ended
            while not ended:
                element = source.next()
                if element is None:
                    ended = True
                    break
                key = int(_scalar(key_of(context, element), "key"))
                if key not in groups:
                    size = int(_scalar(size_of(context, [np.array(key, np.int64)]), "window size"))
                    if size <= 0:
                        raise invalid(f"Window size must be greater than zero, but got {size}.")
                    groups[key], sizes[key] = [], size
                groups[key].append(element)
                if len(groups[key]) == sizes[key]:
                    return flush(key)
            return flush(min(groups)) if groups else None

        def next_element() -> Element | None:
            nonlocal inner
            while True:
                if inner is None:
                    inner = gather()
                    if inner is None:
                        return None
                found: Element | None = inner.next()
                if found is not None:
                    return found
                inner.close()
                inner = None

        return Run(next_element, source, stop=lambda: inner.close() if inner else None)

    return DatasetValue(start)


def _scalar(results: Element, what: str) -> Any:
    if len(results) != 1 or results[0].dtype != np.int64 or results[0].ndim:
        raise invalid(f"`{what}` function must return a scalar int64.")
    return results[0]


def _grouped_by_reducer(
    input_dataset: DatasetValue,
    key_func_other_arguments: list[Any],
    init_func_other_arguments: list[Any],
    reduce_func_other_arguments: list[Any],
    finalize_func_other_arguments: list[Any],
    *,
    key_func: FuncAttr,
    init_func: FuncAttr,
    reduce_func: FuncAttr,
    finalize_func: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """One element for each key, by rising keys: the elements of the key reduced to it."""
    key_of = Function(op, key_func, key_func_other_arguments, functions)
    initial = Function(op, init_func, init_func_other_arguments, functions)
    reduced = Function(op, reduce_func, reduce_func_other_arguments, functions)
    final = Function(op, finalize_func, finalize_func_other_arguments, functions)

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        states: dict[int, Element] = {}
        keys: list[int] | None = None

        def next_element() -> Element | None:
            nonlocal keys
            while keys is None:
                element = source.next()
                if element is None:
                    keys = sorted(states, reverse=True)
                    break
                key = int(_scalar(key_of(context, element), "key"))
                if key not in states:
                    states[key] = initial(context, [np.array(key, np.int64)])
                states[key] = reduced(context, states[key] + element)
            return final(context, states[keys.pop()]) if keys else None

        return Run(next_element, source)

    return DatasetValue(start)


GroupByReducerDataset, ExperimentalGroupByReducerDataset = (
    dataset_op(
        "input_dataset: variant, key_func_other_arguments: *Tkey_func_other_arguments, "
        "init_func_other_arguments: *Tinit_func_other_arguments, "
        "reduce_func_other_arguments: *Treduce_func_other_arguments, "
        "finalize_func_other_arguments: *Tfinalize_func_other_arguments",
        stateful=True,
        attrs=OUTPUTS,
        type=name,
    )(_grouped_by_reducer)
    for name in ("GroupByReducerDataset", "ExperimentalGroupByReducerDataset")
)


# -- Python generators ---------------------------------------------------------------------------


@dataset_op(
    "init_func_other_args: *Tinit_func_args, next_func_other_args: *Tnext_func_args, "
    "finalize_func_other_args: *Tfinalize_func_args",
    stateful=True,
)
def GeneratorDataset(
    init_func_other_args: list[Any],
    next_func_other_args: list[Any],
    finalize_func_other_args: list[Any],
    *,
    init_func: FuncAttr,
    next_func: FuncAttr,
    finalize_func: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """What `next_func` of the state that `init_func` made gives, until it raises OutOfRangeError."""
    begin = Function(op, init_func, init_func_other_args, functions)
    advance = Function(op, next_func, next_func_other_args, functions)
    finish = Function(op, finalize_func, finalize_func_other_args, functions)

    def start(context: Context) -> Run:
        state: list[Any] | None = None
        ended = False

        def end() -> None:
            nonlocal ended
            if state is not None and not ended:
                finish(context, state)
            ended = True

        def next_element() -> Element | None:
            nonlocal state
            if ended:
                return None
            if state is None:
                state = begin(context, [])
            try:
                return advance(context, state)
            except OutOfRangeError:
                end()
                return None

        return Run(next_element, stop=end)

    return DatasetValue(start)
