"""Datasets that call a function on each element."""

from __future__ import annotations

import os
import time
from typing import Any

from tf1x.core.dtypes import DType
from tf1x.core.func_graph import FuncAttr
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
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

# A function is given to threads when so many more calls took longer (of processor time) than not.
_QUICK_SECONDS, _SLOW_CALLS = 100e-6, 16

KEEPS_COUNT = {"preserve_cardinality": ("bool", False)}
CALLS = {**OUTPUTS, **METADATA}


def threads_of(number: Any) -> int:
    """Of `num_parallel_calls`: -1 leaves the choice to us."""
    count = int(number)
    if count == -1:
        return max(2, os.cpu_count() or 2)
    if count < 1:
        raise invalid("num_parallel_calls must be greater than zero.")
    return count


# -- map -----------------------------------------------------------------------------------------


def mapped(input_dataset: DatasetValue, function: Function) -> DatasetValue:
    def start(context: Context) -> Run:
        source = input_dataset.start(context)

        def next_element() -> Element | None:
            element = source.next()
            return None if element is None else function(context, element)

        return Run(next_element, source)

    return DatasetValue(start)


def mapped_ahead(
    input_dataset: DatasetValue, function: Function, threads: int, ordered: bool
) -> DatasetValue:
    """By several threads, in order. Random numbers are drawn by one, to be those of each run.

    More results wait than threads are at work: Python's threads seldom change places. A function
    that takes microseconds is called by who asks: handing its results from thread to thread would
    take longer (measured: 104 against 25 us an element).
    """

    def start(context: Context) -> Run:
        source = input_dataset.start(context)
        count = 1 if function.is_random else threads
        call = lambda element: function(context, element)  # noqa: E731
        ahead = Ahead(context, source, call, count, max(8, 4 * threads), ordered)
        if not function.is_numpy:
            return ahead.run()
        slow = 0  # calls, less the quick ones

        def next_element() -> Element | None:
            nonlocal slow
            if slow >= _SLOW_CALLS:
                return ahead.next()  # type: ignore[no-any-return]
            element = source.next()
            if element is None:
                return None
            begin = time.thread_time()  # not the clock: others may have the processor
            try:
                return call(element)
            finally:
                quick = time.thread_time() - begin < _QUICK_SECONDS
                slow = max(0, slow - 1) if quick else slow + 1

        return Run(next_element, source, stop=ahead.stop)

    return DatasetValue(start)


@dataset_op(
    "input_dataset: variant, other_arguments: *Targuments",
    attrs={
        **CALLS,
        **KEEPS_COUNT,
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
    return mapped(input_dataset, Function(op, f, other_arguments, functions))


@dataset_op(
    "input_dataset: variant, other_arguments: *Targuments, num_parallel_calls: int64",
    attrs={
        **CALLS,
        **KEEPS_COUNT,
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
    return mapped_ahead(input_dataset, function, threads_of(num_parallel_calls), ordered)


@dataset_op(
    "input_dataset: variant, other_arguments: *Targuments, num_parallel_calls: int32",
    attrs={**CALLS, **KEEPS_COUNT, "use_inter_op_parallelism": ("bool", True)},
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
    return mapped_ahead(input_dataset, function, threads_of(num_parallel_calls), not sloppy)


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
    attrs={**CALLS, **KEEPS_COUNT, "use_default_device": ("bool", True)},
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
