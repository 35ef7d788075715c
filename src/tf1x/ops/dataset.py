"""Datasets without functions: sources, and what picks, joins and orders elements."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.errors import OpError
from tf1x.ops import philox
from tf1x.ops.dataset_value import (
    METADATA,
    OUTPUTS,
    Ahead,
    Context,
    DatasetValue,
    Element,
    Rows,
    Run,
    dataset_op,
    invalid,
    of_rows,
    selecting,
)

# -- sources -------------------------------------------------------------------------------------

_SOURCE = {"output_shapes": OUTPUTS["output_shapes"], **METADATA}


def _frozen(value: Any) -> Any:
    """A view that cannot be written to: what is handed out of it is copied first."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def once(element: Element) -> DatasetValue:
    """A dataset of one element."""

    def start(context: Context) -> Run:
        left = [element]
        return Run(lambda: left.pop() if left else None)

    return DatasetValue(start)


@dataset_op("components: *Toutput_types", stateful=True, attrs=_SOURCE)
def TensorDataset(components: list[Any]) -> DatasetValue:
    """One element: the components."""
    return once([_frozen(c) for c in components])


def in_order(arrays: list[Any], count: int) -> DatasetValue:
    """The first `count` rows of arrays."""

    def start(context: Context) -> Run:
        numbers = iter(range(count))
        return Run(lambda: next(numbers, None))

    return of_rows(Rows(arrays, start, count))


@dataset_op(
    "components: *Toutput_types",
    stateful=True,
    attrs={**_SOURCE, "is_files": ("bool", False), "replicate_on_split": ("bool", False)},
)
def TensorSliceDataset(components: list[Any]) -> DatasetValue:
    """The slices of the components along their first dimension."""
    sizes = {c.shape[0] for c in components}
    if len(sizes) != 1:
        raise invalid("All components of a TensorSliceDataset must have the same first dimension.")
    return in_order([_frozen(c) for c in components], sizes.pop())


@dataset_op("indices: int64, values: Tvalues, dense_shape: int64", stateful=True, attrs={})
def SparseTensorSliceDataset(indices: Any, values: Any, dense_shape: Any) -> DatasetValue:
    """The rows of a sparse tensor as (indices, values, dense shape)."""
    if len(indices) and np.any(np.diff(indices[:, 0]) < 0):
        raise invalid("SparseTensorSliceDataset requires indices in row-major order.")
    starts = np.searchsorted(indices[:, 0], np.arange(int(dense_shape[0]) + 1))

    def start(context: Context) -> Run:
        rows = iter(range(int(dense_shape[0])))

        def next_row() -> Element | None:
            i = next(rows, None)
            if i is None:
                return None
            part = slice(starts[i], starts[i + 1])
            return [indices[part, 1:].copy(), values[part].copy(), dense_shape[1:].copy()]

        return Run(next_row)

    return DatasetValue(start)


@dataset_op(
    "start: int64, stop: int64, step: int64",
    stateful=True,
    attrs={
        "output_shapes": OUTPUTS["output_shapes"],
        **METADATA,
        "replicate_on_split": ("bool", False),
    },
)
def RangeDataset(start: Any, stop: Any, step: Any, *, output_types: list[DType]) -> DatasetValue:
    """The numbers from `start` to before `stop`."""
    first, last, stride = int(start), int(stop), int(step)
    if not stride:
        raise invalid("step must be a non-zero integer.")
    dtype = output_types[0].as_numpy_dtype

    def begin(context: Context) -> Run:
        numbers = iter(range(first, last, stride))

        def next_number() -> Element | None:
            i = next(numbers, None)
            return None if i is None else [np.array(i, dtype)]

        return Run(next_number)

    return DatasetValue(begin)


# -- picking -------------------------------------------------------------------------------------


@dataset_op("input_dataset: variant, count: int64")
def TakeDataset(input_dataset: DatasetValue, count: Any) -> DatasetValue:
    """The first `count` elements; all where it is negative."""
    most = int(count)

    def take(begin: Any, context: Context) -> Run:
        source, taken = begin(context), 0

        def next_element() -> Any:
            nonlocal taken
            if taken == most:
                return None
            element = source.next()
            taken += 1
            return element

        return Run(next_element, source)

    return selecting(input_dataset, take) if most >= 0 else input_dataset


@dataset_op("input_dataset: variant, count: int64")
def SkipDataset(input_dataset: DatasetValue, count: Any) -> DatasetValue:
    """Without the first `count` elements; none where it is negative."""
    number = int(count)

    def skip(begin: Any, context: Context) -> Run:
        source, left = begin(context), number

        def next_element() -> Any:
            nonlocal left
            while left:
                if source.next() is None:
                    left = 0
                    return None
                left -= 1
            return source.next()

        return Run(next_element, source)

    return (
        selecting(input_dataset, skip) if number >= 0 else DatasetValue(lambda context: Run(_end))
    )


def _end() -> None:
    return None


@dataset_op(
    "input_dataset: variant, num_shards: int64, index: int64",
    attrs={**OUTPUTS, **METADATA, "require_non_empty": ("bool", False)},
)
def ShardDataset(input_dataset: DatasetValue, num_shards: Any, index: Any) -> DatasetValue:
    """Every `num_shards`-th element, from the `index`-th on."""
    number, own = int(num_shards), int(index)
    if number < 1:
        raise invalid(
            f"Number of shards must be greater than zero (currently num_shards = {number})."
        )
    if not 0 <= own < number:
        raise invalid(
            f"Index must be between 0 and {number - 1} (currently index = {own}, num_shards = {number})."
        )

    def shard(begin: Any, context: Context) -> Run:
        source, position = begin(context), -1

        def next_element() -> Any:
            nonlocal position
            while True:
                element = source.next()
                position += 1
                if element is None or position % number == own:
                    return element

        return Run(next_element, source)

    return selecting(input_dataset, shard)


@dataset_op("input_dataset: variant, count: int64")
def RepeatDataset(input_dataset: DatasetValue, count: Any) -> DatasetValue:
    """The elements `count` times over; for ever where it is negative."""
    times = int(count)
    return selecting(input_dataset, lambda begin, context: _repeated(begin, context, times))


def _repeated(begin: Any, context: Context, times: int) -> Run:
    source: Any = None
    done, empty = 0, True

    def next_element() -> Any:
        nonlocal source, done, empty
        while done != times:
            if source is None:
                source, empty = begin(context), True
            element = source.next()
            if element is not None:
                empty = False
                return element
            source.close()
            source = None
            done += 1
            if empty and times < 0:  # nothing will come, ever
                done = times
        return None

    def stop() -> None:
        if source is not None:
            source.close()

    return Run(next_element, stop=stop)


# -- joining -------------------------------------------------------------------------------------


@dataset_op("input_datasets: N*variant")
def ZipDataset(input_datasets: list[DatasetValue]) -> DatasetValue:
    """The components of the elements of all datasets side by side, as long as all last."""

    def start(context: Context) -> Run:
        runs = [d.start(context) for d in input_datasets]

        def next_element() -> Element | None:
            joined: Element = []
            failure = None
            ended = False
            for run in runs:  # each gives one, even where another fails
                try:
                    element = run.next()
                except OpError as error:
                    failure = failure or error
                    continue
                if element is None:
                    ended = True
                    break
                joined += element
            if ended:
                return None
            if failure is not None:
                raise failure
            return joined

        return Run(next_element, *runs)

    rows = [d.rows for d in input_datasets if d.rows is not None and d.rows.count is not None]
    if len(rows) == len(input_datasets):  # slices of arrays side by side
        return in_order([a for r in rows for a in r.arrays], min(r.count or 0 for r in rows))
    return DatasetValue(start)


@dataset_op("input_dataset: variant, another_dataset: variant")
def ConcatenateDataset(input_dataset: DatasetValue, another_dataset: DatasetValue) -> DatasetValue:
    """The elements of the first, then those of the second."""

    def start(context: Context) -> Run:
        run = input_dataset.start(context)
        second = False

        def next_element() -> Element | None:
            nonlocal run, second
            element = run.next()
            if element is None and not second:
                run.close()
                second, run = True, another_dataset.start(context)
                element = run.next()
            return element

        return Run(next_element, stop=lambda: run.close())

    return DatasetValue(start)


# -- order ---------------------------------------------------------------------------------------

_BLOCKS = 256


class _Samples:
    """The 32-bit words of TensorFlow's generator, one at a time (`SingleSampleAdapter`)."""

    def __init__(self, seed: int, seed2: int) -> None:
        self._seeds = seed, seed2
        self._position = 0
        self._size = 4
        self._ready: list[int] = []

    def __call__(self) -> int:
        if not self._ready:
            found = philox.words(*self._seeds, self._position, self._size)
            self._position += self._size
            self._size = _BLOCKS
            self._ready = np.asarray(found).reshape(-1)[::-1].tolist()
        return self._ready.pop()


def chosen_seeds(seed: Any, seed2: Any) -> tuple[int, int]:
    """Two seeds; two random ones where both are 0."""
    first, second = int(seed), int(seed2)
    if first or second:
        return first, second
    return secrets.randbits(63), secrets.randbits(63)


class SeedGenerator:
    """Seeds for one epoch after the other; always the same two where nothing is reshuffled."""

    def __init__(self, seeds: tuple[int, int], reshuffle: bool) -> None:
        self._seeds = seeds
        self._samples = _Samples(*seeds) if reshuffle else None

    def __call__(self) -> tuple[int, int]:
        if self._samples is None:
            return self._seeds
        return self._samples(), self._samples()


def shuffled(dataset: DatasetValue, size: int, seeds: SeedGenerator) -> DatasetValue:
    """Elements drawn from a buffer of `size` that the input refills, in TensorFlow's order.

    The buffer is a ring: the drawn element changes places with the first, whose place is then
    free for the next of the input.
    """
    if size < 1:
        raise invalid("buffer_size must be greater than zero or UNKNOWN_CARDINALITY")

    def shuffle(begin: Any, context: Context) -> Run:
        source = begin(context)
        sample = _Samples(*seeds())
        ring: list[Any] = []
        first, filled, full, ended = 0, 0, False, False

        def fill() -> None:
            nonlocal filled, full, ended
            while not full and not ended:
                element = source.next()
                if element is None:
                    ended = True
                    return
                ring.append(element)
                filled += 1
                full = filled == size

        def next_element() -> Any:
            nonlocal first, filled, ended
            if not full:
                fill()
            elif not ended:
                element = source.next()
                if element is None:
                    ended = True
                else:
                    ring[(first + filled) % size] = element
                    filled += 1
            if not filled:
                return None
            length = len(ring)
            place = (first + sample() % filled) % length
            start = first % length
            chosen = ring[place]
            ring[place], ring[start] = ring[start], None
            first += 1
            filled -= 1
            return chosen

        return Run(next_element, source)

    return selecting(dataset, shuffle)


def _seeds(seed: Any, seed2: Any, reshuffle: bool) -> SeedGenerator:
    return SeedGenerator(chosen_seeds(seed, seed2), reshuffle)


@dataset_op("input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64")
def ShuffleDataset(
    input_dataset: DatasetValue,
    buffer_size: Any,
    seed: Any,
    seed2: Any,
    *,
    reshuffle_each_iteration: bool = True,
) -> DatasetValue:
    """The elements in a random order: each is drawn from a buffer of `buffer_size`."""
    return shuffled(input_dataset, int(buffer_size), _seeds(seed, seed2, reshuffle_each_iteration))


@dataset_op(
    "input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64, seed_generator: resource",
    stateful=True,
)
def ShuffleDatasetV3(
    input_dataset: DatasetValue,
    buffer_size: Any,
    seed: Any,
    seed2: Any,
    seed_generator: Any,
    *,
    reshuffle_each_iteration: bool = True,
) -> DatasetValue:
    """As `ShuffleDataset`; the seeds come from `seed_generator` where it is one."""
    given = seed_generator if isinstance(seed_generator, SeedGenerator) else None
    return shuffled(
        input_dataset,
        int(buffer_size),
        given or _seeds(seed, seed2, reshuffle_each_iteration),
    )


@dataset_op("input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64, count: int64")
def ShuffleAndRepeatDataset(
    input_dataset: DatasetValue,
    buffer_size: Any,
    seed: Any,
    seed2: Any,
    count: Any,
    *,
    reshuffle_each_iteration: bool = True,
) -> DatasetValue:
    """`ShuffleDataset`, then `RepeatDataset`."""
    seeds = _seeds(seed, seed2, reshuffle_each_iteration)
    once_over = shuffled(input_dataset, int(buffer_size), seeds)
    return selecting(once_over, lambda begin, context: _repeated(begin, context, int(count)))


@dataset_op("seed: int64, seed2: int64", stateful=True)
def RandomDataset(seed: Any, seed2: Any) -> DatasetValue:
    """Random int64 numbers below 2**32, without end."""
    seeds = chosen_seeds(seed, seed2)

    def start(context: Context) -> Run:
        sample = _Samples(*seeds)
        return Run(lambda: [np.array(sample(), np.int64)])

    return DatasetValue(start)


# -- working ahead, and what changes nothing -----------------------------------------------------


@dataset_op(
    "input_dataset: variant, buffer_size: int64",
    attrs={
        **OUTPUTS,
        **METADATA,
        "slack_period": ("int", 0),
        "legacy_autotune": ("bool", True),
        "buffer_size_min": ("int", 0),
    },
)
def PrefetchDataset(input_dataset: DatasetValue, buffer_size: Any) -> DatasetValue:
    """The same elements, up to `buffer_size` of them computed ahead by a thread (-1: 2)."""
    size = int(buffer_size)
    if size < -1:
        raise invalid("buffer_size must be >= 0 or set buffer_size to be -1 for auto-tuning")
    ahead = 2 if size == -1 else size
    if not ahead:
        return input_dataset

    def start(context: Context) -> Run:
        return Ahead(context, input_dataset.start(context), None, 1, ahead).run()

    return DatasetValue(start)


@dataset_op(
    "input_dataset: variant",
    attrs={**OUTPUTS, "log_warning": ("bool", False)},
)
def IgnoreErrorsDataset(input_dataset: DatasetValue) -> DatasetValue:
    """Without the elements that cannot be computed."""

    def start(context: Context) -> Run:
        source = input_dataset.start(context)

        def next_element() -> Element | None:
            while True:
                try:
                    return source.next()  # type: ignore[no-any-return]
                except OpError:
                    if context.cancelled:
                        raise

        return Run(next_element, source)

    return DatasetValue(start)


def _same(input_dataset: DatasetValue, *_: Any) -> DatasetValue:
    """The same elements."""
    return input_dataset


def _neutral(type: str, inputs: str = "", **attrs: tuple[str, Any]) -> Any:
    """Declare an op that changes nothing about the elements."""
    return dataset_op(f"input_dataset: variant{inputs}", attrs={**OUTPUTS, **attrs}, type=type)(
        _same
    )


_ZERO = ("int", 0)

OptionsDataset = _neutral("OptionsDataset", serialized_options=("bytes", b""), **METADATA)
ModelDataset = _neutral("ModelDataset", algorithm=_ZERO, cpu_budget=_ZERO, ram_budget=_ZERO)
FinalizeDataset = _neutral("FinalizeDataset", has_captured_ref=("bool", False))
NonSerializableDataset = _neutral("NonSerializableDataset")
OptimizeDataset = _neutral(
    "OptimizeDataset", ", optimizations: string", optimization_configs=("list[bytes]", [])
)
RewriteDataset = _neutral("RewriteDataset", ", rewrite_name: string")
AssertNextDataset = _neutral("AssertNextDataset", ", transformations: string")
PrivateThreadPoolDataset = _neutral("PrivateThreadPoolDataset", ", num_threads: int64")
MaxIntraOpParallelismDataset = _neutral(
    "MaxIntraOpParallelismDataset", ", max_intra_op_parallelism: int64"
)
BytesProducedStatsDataset = _neutral("BytesProducedStatsDataset", ", tag: string")
LatencyStatsDataset = _neutral("LatencyStatsDataset", ", tag: string")


@dataset_op("selector_input_dataset: variant, data_input_datasets: N*variant", attrs=OUTPUTS)
def DirectedInterleaveDataset(
    selector_input_dataset: DatasetValue,
    data_input_datasets: list[DatasetValue],
    *,
    stop_on_empty_dataset: bool = False,
) -> DatasetValue:
    """The next element of the dataset whose number the selector gives.

    Numbers of datasets that have ended are skipped, unless the first to end shall end it all.
    """
    number = len(data_input_datasets)

    def start(context: Context) -> Run:
        selector = selector_input_dataset.start(context)
        runs: list[Run | None] = [d.start(context) for d in data_input_datasets]
        ended = False

        def next_element() -> Element | None:
            nonlocal ended
            while not ended and any(runs):
                choice = selector.next()
                if choice is None:
                    break
                index = int(choice[0])
                if not 0 <= index < number:
                    raise invalid(f"Selector index out of range: {index} >= {number}")
                run = runs[index]
                element = run.next() if run else None
                if element is not None:
                    return element
                ended = stop_on_empty_dataset
                runs[index] = None
            ended = True
            return None

        return Run(next_element, selector, *(r for r in runs if r))

    return DatasetValue(start)
