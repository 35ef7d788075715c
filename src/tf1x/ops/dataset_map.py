"""Datasets that call a function on each element."""

from __future__ import annotations

import os
from collections import deque
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.func_graph import FuncAttr
from tf1x.core.graph import Operation
from tf1x.core.opdef import op
from tf1x.ops.dataset_calls import Function
from tf1x.ops.dataset_value import (
    METADATA,
    OUTPUTS,
    Ahead,
    Context,
    DatasetValue,
    Element,
    Run,
    dataset_op,
    invalid,
)

_KEEPS_COUNT = {"preserve_cardinality": ("bool", False)}
_CALLS = {**OUTPUTS, **METADATA}


def _threads(number: Any) -> int:
    """Of `num_parallel_calls`: -1 leaves the choice to us."""
    count = int(number)
    if count == -1:
        return max(2, os.cpu_count() or 2)
    if count < 1:
        raise invalid("num_parallel_calls must be greater than zero.")
    return count


# -- map -----------------------------------------------------------------------------------------


def _mapped(input_dataset: DatasetValue, function: Function) -> DatasetValue:
    def start(context: Context) -> Run:
        source = input_dataset.start(context)

        def next_element() -> Element | None:
            element = source.next()
            return None if element is None else function(context, element)

        return Run(next_element, source)

    return DatasetValue(start)


def _mapped_ahead(
    input_dataset: DatasetValue, function: Function, threads: int, ordered: bool
) -> DatasetValue:
    """By several threads, in order. Random numbers are drawn by one, to be those of each run."""

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        count = 1 if function.is_random else threads
        call = lambda element: function(context, element)  # noqa: E731
        return Ahead(context, source, call, count, max(count, threads), ordered).run()

    return DatasetValue(start)


@dataset_op(
    "input_dataset: variant, other_arguments: *Targuments",
    attrs={
        **_CALLS,
        **_KEEPS_COUNT,
        "use_inter_op_parallelism": ("bool", True),
        "force_synchronous": ("bool", False),
    },
)
def MapDataset(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    *,
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """`f` of each element."""
    return _mapped(input_dataset, Function(op, f, other_arguments, functions))


@dataset_op(
    "input_dataset: variant, other_arguments: *Targuments, num_parallel_calls: int64",
    attrs={
        **_CALLS,
        **_KEEPS_COUNT,
        "use_inter_op_parallelism": ("bool", True),
        "use_unbounded_threadpool": ("bool", False),
    },
)
def ParallelMapDatasetV2(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    num_parallel_calls: Any,
    *,
    f: FuncAttr,
    deterministic: str = "default",
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """`f` of each element, computed ahead by `num_parallel_calls` threads."""
    function = Function(op, f, other_arguments, functions)
    ordered = deterministic != "false"
    return _mapped_ahead(input_dataset, function, _threads(num_parallel_calls), ordered)


@dataset_op(
    "input_dataset: variant, other_arguments: *Targuments, num_parallel_calls: int32",
    attrs={**_CALLS, **_KEEPS_COUNT, "use_inter_op_parallelism": ("bool", True)},
)
def ParallelMapDataset(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    num_parallel_calls: Any,
    *,
    f: FuncAttr,
    sloppy: bool = False,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """As `ParallelMapDatasetV2`, TensorFlow 1's form."""
    function = Function(op, f, other_arguments, functions)
    return _mapped_ahead(input_dataset, function, _threads(num_parallel_calls), not sloppy)


@dataset_op("input_dataset: variant, other_arguments: *Targuments")
def FilterDataset(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    *,
    predicate: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """The elements for which `predicate` holds."""
    holds = Function(op, predicate, other_arguments, functions)

    def start(context: Context) -> Run:
        source = input_dataset.start(context)

        def next_element() -> Element | None:
            while True:
                element: Element | None = source.next()
                if element is None or _truth(holds(context, element)):
                    return element

        return Run(next_element, source)

    return DatasetValue(start)


def _truth(results: Element) -> bool:
    """A predicate's result."""
    if len(results) != 1 or results[0].dtype != bool or results[0].ndim:
        raise invalid("Filter predicate `f` must return a scalar bool.")
    return bool(results[0])


@dataset_op("input_dataset: variant, other_arguments: *Targuments")
def TakeWhileDataset(
    input_dataset: DatasetValue,
    other_arguments: list[Any],
    *,
    predicate: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """The elements before the first for which `predicate` does not hold."""
    holds = Function(op, predicate, other_arguments, functions)

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        ended = False

        def next_element() -> Element | None:
            nonlocal ended
            element = None if ended else source.next()
            if element is None or not _truth(holds(context, element)):
                ended = True
                return None
            return element  # type: ignore[no-any-return]

        return Run(next_element, source)

    return DatasetValue(start)


# -- state ---------------------------------------------------------------------------------------


@dataset_op(
    "input_dataset: variant, initial_state: *Tstate, other_arguments: *Targuments",
    attrs={**_CALLS, **_KEEPS_COUNT, "use_default_device": ("bool", True)},
)
def ScanDataset(
    input_dataset: DatasetValue,
    initial_state: list[Any],
    other_arguments: list[Any],
    *,
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> DatasetValue:
    """What `f(state, element)` gives beside the next state."""
    function = Function(op, f, other_arguments, functions)
    size = len(initial_state)

    def start(context: Context) -> Run:
        source, state = input_dataset.start(context), initial_state

        def next_element() -> Element | None:
            nonlocal state
            element = source.next()
            if element is None:
                return None
            results = function(context, state + element)
            state = results[:size]
            return results[size:]

        return Run(next_element, source)

    return DatasetValue(start)


@op(
    "input_dataset: variant, initial_state: *Tstate, other_arguments: *Targuments -> components: *output_types",
    shape=lambda op: op.attrs["output_shapes"],
    grad=None,
    host=True,
    stateful=True,
    blocking=True,
    attrs={
        "output_shapes": OUTPUTS["output_shapes"],
        **METADATA,
        "use_inter_op_parallelism": ("bool", True),
    },
)
def ReduceDataset(
    input_dataset: DatasetValue,
    initial_state: list[Any],
    other_arguments: list[Any],
    *,
    output_types: list[DType],
    f: FuncAttr,
    op: Operation,
    functions: Any,
) -> list[Any]:
    """The state after `f(state, element)` of all elements."""
    function = Function(op, f, other_arguments, functions)
    context, state = Context(), initial_state
    source = input_dataset.start(context)
    try:
        while (element := source.next()) is not None:
            state = function(context, state + element)
    finally:
        context.cancel()
    return state


@op(
    "dataset: variant -> components: *output_types",
    shape=lambda op: op.attrs["output_shapes"],
    grad=None,
    host=True,
    stateful=True,
    blocking=True,
    attrs={"output_shapes": OUTPUTS["output_shapes"], **METADATA},
)
def DatasetToSingleElement(dataset: DatasetValue, *, output_types: list[DType]) -> list[Any]:
    """The only element."""
    context = Context()
    source = dataset.start(context)
    try:
        element: Element | None = source.next()
        if element is None:
            raise invalid("Dataset was empty.")
        if source.next() is not None:
            raise invalid("Dataset had more than one element.")
    finally:
        context.cancel()
    return element


# -- datasets from elements ----------------------------------------------------------------------


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
    threads = 1 if function.is_random else _threads(num_parallel_calls)
    return _interleaved(input_dataset, function, int(cycle_length), int(block_length), threads)


for _type, _attr in (
    ("ParallelInterleaveDatasetV2", {"sloppy": ("bool", False)}),
    ("ParallelInterleaveDatasetV3", {"deterministic": ("str", "default")}),
):
    dataset_op(f"{_INTERLEAVE}, num_parallel_calls: int64", attrs={**_CALLS, **_attr}, type=_type)(
        _parallel_interleave
    )


@dataset_op(
    f"{_INTERLEAVE}, buffer_output_elements: int64, prefetch_input_elements: int64, num_parallel_calls: int64",
    attrs={**_CALLS, "deterministic": ("str", "default")},
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


@dataset_op(f"{_INTERLEAVE}, {_BUFFERS}", attrs={**_CALLS, "deterministic": ("str", "default")})
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
                        raise invalid("Window size must be greater than zero, but got %d." % size)
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


@dataset_op(
    "input_dataset: variant, key_func_other_arguments: *Tkey_func_other_arguments, "
    "init_func_other_arguments: *Tinit_func_other_arguments, "
    "reduce_func_other_arguments: *Treduce_func_other_arguments, "
    "finalize_func_other_arguments: *Tfinalize_func_other_arguments",
    stateful=True,
    attrs=OUTPUTS,
)
def GroupByReducerDataset(
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
    from tf1x.core.errors import OutOfRangeError

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
