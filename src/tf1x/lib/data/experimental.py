"""`tf.data.experimental` and `tf.contrib.data`: transformations for `Dataset.apply`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tf1x.core import convert, opdef
from tf1x.core.dtypes import bool_, int64
from tf1x.core.errors import UnsupportedError
from tf1x.lib.data import structure
from tf1x.lib.data.arguments import AUTOTUNE, int64_tensor, seed_tensors
from tf1x.lib.data.batching import batched_spec
from tf1x.lib.data.dataset import Dataset
from tf1x.lib.data.functions import Traced
from tf1x.lib.data.grouping import Transformation
from tf1x.lib.data.structure import Spec
from tf1x.ops import dataset as ops
from tf1x.ops import dataset_batch, dataset_interleave, dataset_map

UNKNOWN_CARDINALITY = -2
INFINITE_CARDINALITY = -1


def shuffle_and_repeat(
    buffer_size: Any, count: Any = None, seed: int | None = None
) -> Transformation:
    """`shuffle(buffer_size, seed)`, then `repeat(count)`."""

    def transform(dataset: Dataset) -> Dataset:
        size = int64_tensor(buffer_size, "buffer_size")
        times = int64_tensor(-1 if count is None else count, "count")
        first, second = seed_tensors(seed)
        return dataset._same(ops.ShuffleAndRepeatDataset, size, first, second, times)

    return transform


def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """`map(map_func)` by several threads, then `batch(batch_size, drop_remainder)`.

    Raises:
        ValueError: both `num_parallel_batches` and `num_parallel_calls` are given.
    """
    if num_parallel_batches is not None and num_parallel_calls is not None:
        raise ValueError(
            "`map_and_batch` allows only one of `num_parallel_batches` and `num_parallel_calls`."
        )

    def transform(dataset: Dataset) -> Dataset:
        calls: Any = 1 if num_parallel_calls is None else num_parallel_calls
        if num_parallel_batches is not None:
            calls = batch_size * num_parallel_batches
        function = Traced(map_func, dataset._spec, "tf_data_experimental_map_and_batch")
        size = int64_tensor(batch_size, "batch_size")
        number = int64_tensor(calls, "num_parallel_calls")
        drop = convert.to_tensor(drop_remainder, bool_, name="drop_remainder")
        spec = batched_spec(function.spec, size, drop)
        return dataset._calling(
            spec,
            function,
            dataset_batch.MapAndBatchDataset,
            size,
            number,
            drop,
            f=function.attr,
            preserve_cardinality=True,
        )

    return transform


map_and_batch_with_legacy_function = map_and_batch


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """`batch(batch_size, drop_remainder=True)`."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(
    batch_size: Any, padded_shapes: Any, padding_values: Any = None
) -> Transformation:
    """`padded_batch(..., drop_remainder=True)`."""
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values, True)


def assert_element_shape(expected_shapes: Any) -> Transformation:
    """Add the components' shapes to what is known of them.

    Raises (when applied):
        ValueError: what is known contradicts them.
    """

    def transform(dataset: Dataset) -> Dataset:
        leaves = structure.flatten(dataset._spec)
        shapes = structure.leaves_like(dataset._spec, expected_shapes)
        merged = [
            leaf.with_shape(leaf.shape.merge_with(shape))
            for leaf, shape in zip(leaves, shapes, strict=True)
        ]
        return Dataset(dataset._variant_tensor, structure.pack(dataset._spec, merged))

    return transform


def parallel_interleave(
    map_func: Callable[..., Any],
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: Any = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Transformation:
    """As `Dataset.interleave`, the open datasets read ahead by threads.

    A dataset that takes an ended one's place waits for its turn. `sloppy` is accepted: the order
    is the same in every run.
    """

    def transform(dataset: Dataset) -> Dataset:
        function = Traced(map_func, dataset._spec, "tf_data_experimental_parallel_interleave")
        if not isinstance(function.spec, structure.DatasetSpec):
            raise TypeError("`map_func` must return a `Dataset` object.")

        buffered = 2 * block_length if buffer_output_elements is None else buffer_output_elements
        waiting = 2 * cycle_length if prefetch_input_elements is None else prefetch_input_elements
        return dataset._calling(
            function.spec.element,
            function,
            dataset_interleave.LegacyParallelInterleaveDatasetV2,
            int64_tensor(cycle_length, "cycle_length"),
            int64_tensor(block_length, "block_length"),
            int64_tensor(buffered, "buffer_output_elements"),
            int64_tensor(waiting, "prefetch_input_elements"),
            f=function.attr,
            deterministic="false" if sloppy else "true",
        )

    return transform


sloppy_interleave = parallel_interleave


def unbatch() -> Transformation:
    """`Dataset.unbatch`."""
    return lambda dataset: dataset.unbatch()


def ignore_errors(log_warning: bool = False) -> Transformation:
    """Without the elements that fail."""
    return lambda dataset: dataset._same(ops.IgnoreErrorsDataset, log_warning=log_warning)


def enumerate_dataset(start: Any = 0) -> Transformation:
    """`Dataset.enumerate`."""
    return lambda dataset: dataset.enumerate(start)


def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Transformation:
    """`Dataset.scan`."""
    return lambda dataset: dataset.scan(initial_state, scan_func)


def take_while(predicate: Callable[..., Any]) -> Transformation:
    """`Dataset.take_while`."""
    return lambda dataset: dataset.take_while(predicate)


def prefetch_to_device(device: str, buffer_size: Any = None) -> Transformation:
    """`prefetch(buffer_size)`: XLA takes the arrays to its device."""
    return lambda dataset: dataset.prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def copy_to_device(target_device: str, source_device: str = "/cpu:0") -> Transformation:
    """The same dataset: XLA takes the arrays to its device."""
    return lambda dataset: dataset


def sliding_window_batch(
    window_size: Any,
    stride: Any = None,
    window_shift: Any = None,
    window_stride: Any = 1,
) -> Transformation:
    """Each window of `window_size` elements, `window_stride` apart, as one element.

    Args:
        window_shift: how many elements later the next begins, by default 1. `stride` is its older
            name.
    """
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`")
    shift = stride if stride is not None else 1 if window_shift is None else window_shift

    def transform(dataset: Dataset) -> Dataset:
        sizes = [
            int64_tensor(window_size, "window_size"),
            int64_tensor(shift, "window_shift"),
            int64_tensor(window_stride, "window_stride"),
        ]
        known = window_size if isinstance(window_size, int) else None
        spec = structure.map_leaves(lambda leaf: leaf.batched(known), dataset._spec)
        return dataset._other(spec, dataset_batch.SlidingWindowDataset, *sizes)

    return transform


def get_single_element(dataset: Dataset) -> Any:
    """The only element of a dataset, a nest of tensors.

    Raises (when run):
        InvalidArgumentError: it has none, or more.
    """
    if not isinstance(dataset, Dataset):
        raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
    tensors = dataset_map.DatasetToSingleElement(
        dataset._variant_tensor, **dataset._outputs(dataset._spec)
    )
    return structure.from_tensors(dataset._spec, tensors)


def reduce_dataset(dataset: Dataset, reducer: Any) -> Any:
    """`reducer` (a `Reducer`) over all elements."""
    state = reducer.init_func(np.int64(0))
    return reducer.finalize_func(dataset.reduce(state, reducer.reduce_func))


def Counter(start: Any = 0, step: Any = 1, dtype: Any = int64) -> Dataset:
    """Numbers from `start` on, `step` apart, without end."""
    cast = opdef.get("Cast").endpoint
    first, stride = (convert.to_tensor(v, int64) for v in (start, step))
    numbers = Dataset.from_tensors(0).repeat(None).scan(first, lambda s, _: (s + stride, s))
    return numbers if dtype is int64 else numbers.map(lambda n: cast(n, dtype))


def RandomDataset(seed: int | None = None) -> Dataset:
    """Random int64 numbers below 2**32, without end."""
    first, second = seed_tensors(seed)
    spec = Spec(int64, ())
    node = ops.RandomDataset(first, second, output_types=[int64], output_shapes=[()])
    return Dataset(node, spec)


def choose_from_datasets(
    datasets: Sequence[Dataset], choice_dataset: Dataset, stop_on_empty_dataset: bool = False
) -> Dataset:
    """Elements of `datasets`, each of the one whose number (int64) `choice_dataset` gives."""
    label = convert.to_tensor("replicate_on_split", name="RewriteDataset/rewrite_name")
    chosen = choice_dataset._same(ops.RewriteDataset, label)
    return _directed(chosen, datasets, stop_on_empty_dataset)


def _directed(selector: Dataset, datasets: Sequence[Dataset], stop: bool) -> Dataset:
    spec = datasets[0]._spec
    for other in datasets[1:]:
        spec = structure.map_leaves(Spec.common, spec, other._spec)
    node = ops.DirectedInterleaveDataset(
        selector._variant_tensor,
        [d._variant_tensor for d in datasets],
        stop_on_empty_dataset=stop,
        output_types=structure.flat_types(spec),
        output_shapes=structure.flat_shapes(spec),
    )
    return Dataset(node, spec)


def sample_from_datasets(
    datasets: Sequence[Dataset],
    weights: Any = None,
    seed: int | None = None,
    stop_on_empty_dataset: bool = False,
) -> Dataset:
    """Elements of `datasets` in a random order, each of dataset i with the weight `weights[i]`.

    Args:
        weights: numbers, a tensor or a dataset of such vectors; by default all equal.
        seed: with the graph's seed it fixes the order (another one than TensorFlow's).
    """
    if not isinstance(weights, Dataset):
        if weights is None:
            weights = [1.0 / len(datasets)] * len(datasets)
        weights = Dataset.from_tensors(convert.to_tensor(weights, name="weights")).repeat()
    numbers = Dataset.zip((weights, RandomDataset(seed)))

    def choose(weight: Any, number: Any) -> Any:
        """The first class at which the running sum of the weights exceeds a random share."""
        cast, less = opdef.get("Cast").endpoint, opdef.get("LessEqual").endpoint
        total = opdef.get("Cumsum").endpoint(cast(weight, np.float64), 0)
        share = cast(number, np.float64) / 2.0**32 * total[-1]
        passed = cast(less(total, share), int64)
        return opdef.get("Sum").endpoint(passed, [0])

    return _directed(numbers.map(choose), datasets, stop_on_empty_dataset)


def rejection_resample(
    class_func: Callable[..., Any],
    target_dist: Any,
    initial_dist: Any = None,
    seed: int | None = None,
) -> Transformation:
    """Drop elements so that classes come as often as `target_dist` says; elements are (class, element).

    Args:
        class_func: an element to its class, an int32 scalar.
        target_dist: a vector of shares.
        initial_dist: the shares before; where it is None they are estimated as elements come.
        seed: with the graph's seed it fixes which are dropped (others than in TensorFlow).
    """

    def op(kind: str, *args: Any, **kwargs: Any) -> Any:
        return opdef.get(kind).endpoint(*args, **kwargs)

    def transform(dataset: Dataset) -> Dataset:
        target = convert.to_tensor(target_dist, name="target_dist")
        count = target.shape.num_elements()
        if count is None:
            raise UnsupportedError("rejection_resample needs a target_dist of known length.")
        kind = target.dtype
        labelled = dataset.map(lambda *e: (class_func(*e), e if len(e) > 1 else e[0]))
        if initial_dist is None:
            seen = np.zeros(count, np.int64)

            def estimate(counts: Any, pair: Any) -> Any:
                label, element = pair
                counts = counts + op("OneHot", op("Cast", label, int64), count, np.int64(1), np.int64(0))  # fmt: skip
                share = op("Cast", counts, kind) / op("Cast", op("Sum", counts, [0]), kind)
                return counts, (label, element, share)

            weighed = labelled.scan(seen, estimate)
        else:
            initial = convert.to_tensor(initial_dist, kind)
            weighed = labelled.map(lambda label, element: (label, element, initial))
        numbers = RandomDataset(seed)

        def kept(triple: Any, number: Any) -> Any:
            label, _, share = triple
            tiny = np.array(np.finfo(kind.as_numpy_dtype).tiny, kind.as_numpy_dtype)
            ratio = target / op("Maximum", share, tiny)
            chance = op("GatherV2", ratio / op("Max", ratio, [0]), label, 0)
            return op("Cast", number, np.float64) / 2.0**32 < op("Cast", chance, np.float64)

        both = Dataset.zip((weighed, numbers)).filter(kept)
        return both.map(lambda triple, _: (triple[0], triple[1]))

    return transform


def assert_cardinality(expected_cardinality: Any) -> Transformation:
    """The same dataset; the number of elements is taken on trust."""
    return lambda dataset: dataset


def cardinality(dataset: Dataset) -> Any:
    """How many elements there are, as far as is known without running: an int64 scalar."""
    return convert.to_tensor(_cardinality(dataset._variant_tensor.op), int64)


_KEEPING = frozenset(
    [
        "MapDataset",
        "ParallelMapDatasetV2",
        "ShuffleDataset",
        "PrefetchDataset",
        "CacheDataset",
        "OptionsDataset",
        "ScanDataset",
        "RewriteDataset",
    ]
)


def _cardinality(op: Any) -> int:
    from tf1x.core.static import constant_value

    def number(index: int) -> int | None:
        value = constant_value(op.inputs[index])
        return None if value is None else int(value)

    if op.type == "TensorDataset":
        return 1
    if op.type == "TensorSliceDataset":
        first = op.inputs[0].shape.tuple
        return UNKNOWN_CARDINALITY if not first or first[0] is None else first[0]
    if op.type == "RangeDataset":
        bounds = [number(i) for i in range(3)]
        return UNKNOWN_CARDINALITY if None in bounds else len(range(*bounds))  # type: ignore[arg-type]
    if not op.inputs:
        return UNKNOWN_CARDINALITY
    if op.type == "ZipDataset":
        all_of = [_cardinality(t.op) for t in op.inputs]
        if UNKNOWN_CARDINALITY in all_of:
            return UNKNOWN_CARDINALITY
        return min((n for n in all_of if n >= 0), default=INFINITE_CARDINALITY)
    inner = _cardinality(op.inputs[0].op)
    if op.type in _KEEPING:
        return inner
    if op.type == "RepeatDataset":
        times = number(1)
        if times is None or inner == UNKNOWN_CARDINALITY:
            return UNKNOWN_CARDINALITY
        return INFINITE_CARDINALITY if times < 0 or inner < 0 else times * inner
    if op.type in ("TakeDataset", "SkipDataset") and inner != UNKNOWN_CARDINALITY:
        count = number(1)
        if count is None:
            return UNKNOWN_CARDINALITY
        if op.type == "TakeDataset":
            return inner if count < 0 else count if inner < 0 else min(inner, count)
        return 0 if count < 0 else inner if inner < 0 else max(inner - count, 0)
    if op.type == "BatchDatasetV2" and inner >= 0 and number(1) is not None:
        size, drop = number(1) or 1, bool(number(2))
        return inner // size if drop else -(-inner // size)
    return UNKNOWN_CARDINALITY


def get_structure(dataset_or_iterator: Any) -> Any:
    return dataset_or_iterator._spec


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The types of an element's components."""
    return dataset_or_iterator.output_types


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The shapes of an element's components."""
    return dataset_or_iterator.output_shapes


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """The classes of an element's components."""
    return dataset_or_iterator.output_classes


def make_initializable_iterator(dataset: Dataset, shared_name: str | None = None) -> Any:
    """`dataset.make_initializable_iterator()`."""
    return dataset.make_initializable_iterator(shared_name)


def make_one_shot_iterator(dataset: Dataset) -> Any:
    """`dataset.make_one_shot_iterator()`."""
    return dataset.make_one_shot_iterator()
