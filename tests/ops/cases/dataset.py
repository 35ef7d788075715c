"""Cases of ops/dataset*.py: a dataset cannot be fetched, so each row reads its elements in a batch."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.cases.case import Case, floats
from tf1x.core import opdef
from tf1x.core.dtypes import float32, int64, string
from tf1x.core.func_graph import FuncAttr
from tf1x.lib.data import experimental, structure
from tf1x.lib.data.dataset import Dataset
from tf1x.lib.data.functions import Traced
from tf1x.lib.data.grouping import dense_to_sparse_batch, group_by_window, unique
from tf1x.lib.data.optional import Optional, get_next_as_optional
from tf1x.lib.data.readers import FixedLengthRecordDataset, TextLineDataset, TFRecordDataset
from tf1x.lib.data.structure import Spec
from tf1x.ops import dataset, dataset_batch, dataset_files, dataset_interleave, dataset_map

X = floats(6, 3)
NUMBER = Spec(int64, ())
OUT = {"output_types": [int64], "output_shapes": [()]}


def read(made: Any, count: int = 100) -> Any:
    """All elements in one batch."""
    return structure.flatten(experimental.get_single_element(made.batch(count)))


def rows(op: str, build: Callable[..., Any], *inputs: Any, **more: Any) -> Case:
    """A case of what `build` of a dataset (or of the inputs) gives."""

    def program(*given: Any) -> Any:
        made = build(*given)
        return read(made) if isinstance(made, Dataset) else made

    options = {"dtypes": ("float32",), "data_dependent": True, "grad": False, **more}
    return Case(op, inputs or (np.int64(8),), program=program, **options)


def of(
    node: Callable[..., Any], *args: Any, spec: Any = NUMBER, **attrs: Any
) -> Callable[..., Any]:
    """A dataset op on the numbers below the input."""

    def build(n: Any) -> Dataset:
        given = [a() if callable(a) else a for a in args]
        types = {
            "output_types": structure.flat_types(spec),
            "output_shapes": structure.flat_shapes(spec),
        }
        taken = {k: v for k, v in types.items() if k in _attributes(node)}
        handle = node(Dataset.range(n)._variant_tensor, *given, **{**taken, **attrs})
        return Dataset(handle, spec)

    return build


def _attributes(node: Any) -> Any:
    return node.opdef.attrs


def _function(body: Callable[..., Any], spec: Any = NUMBER) -> FuncAttr:
    return Traced(body, spec, "case").attr


def calling(node: Any, *args: Any, **attrs: Any) -> Callable[..., Any]:
    """An op whose function gives a dataset of each number."""

    def build(n: Any) -> Dataset:
        f = _function(lambda x: Dataset.from_tensors(x).repeat(x))
        return of(node, [], *args, f=f, **attrs)(n)

    return build


def mapped(node: Any, *args: Any, **attrs: Any) -> Callable[..., Any]:
    """An op whose function doubles each number."""
    return lambda n: of(node, [], *args, f=_function(lambda x: x * 2), **attrs)(n)


I = lambda *v: np.array(v[0] if len(v) == 1 else v, np.int64)  # noqa: E731, E741
NEUTRAL = {
    dataset.IgnoreErrorsDataset: (),
    dataset.OptionsDataset: (),
    dataset.PrivateThreadPoolDataset: (I(1),),
    dataset.MaxIntraOpParallelismDataset: (I(1),),
    dataset.RewriteDataset: (np.array("replicate_on_split"),),
    dataset.PrefetchDataset: (I(2),),
}
ALONE = "an op of TensorFlow's own rewriting, which does not run alone"


def _optional(n: Any) -> Any:
    there = Optional.from_value(n)
    nothing = Optional.none_from_structure(NUMBER)
    return [there.has_value(), there.get_value(), nothing.has_value()]


def _next(iterator: Any) -> Any:
    return structure.flatten(iterator.get_next())


def _one_shot(x: Any) -> Any:
    return _next(Dataset.from_tensor_slices(X).batch(4).make_one_shot_iterator())


def _by_handle(x: Any) -> Any:
    """The handle names the iterator: the next element is its."""
    from tf1x.lib.data.iterator import Iterator

    iterator = Dataset.from_tensor_slices(X).make_one_shot_iterator()
    return _next(Iterator.from_string_handle(iterator.string_handle(), float32, [3]))


def _old_handle(x: Any) -> Any:
    iterator = Dataset.from_tensor_slices(X).make_one_shot_iterator()
    node = opdef.get("IteratorFromStringHandle").endpoint
    handle = node(iterator.string_handle(), output_types=[float32], output_shapes=[[3]])
    get_next = opdef.get("IteratorGetNextSync").endpoint
    return get_next(handle, output_types=[float32], output_shapes=[[3]])


def _initialised(kind: str) -> Callable[[Any], Any]:
    def build(n: Any) -> Any:
        made = Dataset.range(n).batch(5)
        types = structure.flat_types(made._spec), structure.flat_shapes(made._spec)
        handle = opdef.get(kind).endpoint(
            shared_name="shared", container="", output_types=types[0], output_shapes=types[1]
        )
        start = opdef.get("MakeIterator").endpoint(made._variant_tensor, handle)
        with handle.graph.control_dependencies([start]):
            return opdef.get("IteratorGetNext").endpoint(
                handle, output_types=types[0], output_shapes=types[1]
            )

    return build


def _as_optional(x: Any) -> Any:
    found = get_next_as_optional(Dataset.from_tensor_slices(X).make_one_shot_iterator())
    return [found.has_value(), found.get_value()]


def _padded(n: Any) -> Any:
    node = dataset_batch.PaddedBatchDataset
    shapes = [I(0)[None][:0]]
    handle = node(Dataset.range(n)._variant_tensor, I(3), shapes, [I(0)], output_shapes=[[None]])
    return Dataset(handle, Spec(int64, [None])).take(2)


def _shuffled(n: Any) -> Any:
    node = dataset.ShuffleDatasetV3
    generator = opdef.get("IteratorV2").endpoint(shared_name="", container="", **OUT)
    handle = node(Dataset.range(n)._variant_tensor, I(3), I(1), I(2), generator, **OUT)
    return Dataset(handle, NUMBER)


def _cached(n: Any) -> Any:
    cache = opdef.get("IteratorV2").endpoint(shared_name="", container="", **OUT)
    node = dataset_batch.CacheDatasetV2
    return Dataset(node(Dataset.range(n)._variant_tensor, np.array(""), cache, **OUT), NUMBER)


def _unbatched(n: Any) -> Any:
    node = dataset_batch.ExperimentalUnbatchDataset
    return Dataset(node(Dataset.range(n).batch(3)._variant_tensor, **OUT), NUMBER)


def _grouped(kind: str) -> Callable[[Any], Any]:
    def build(n: Any) -> Any:
        parts = {
            "key_func": _function(lambda x: x % 3),
            "init_func": _function(lambda k: k),
            "reduce_func": _function(lambda s, x: s + x, (NUMBER, NUMBER)),
            "finalize_func": _function(lambda s: s * 10),
        }
        node = opdef.get(kind).endpoint
        handle = node(Dataset.range(n)._variant_tensor, [], [], [], [], **parts, **OUT)
        return Dataset(handle, NUMBER)

    return build


def _directed(n: Any) -> Any:
    return experimental.choose_from_datasets(
        [Dataset.range(n), Dataset.range(20, 25)], Dataset.range(2).repeat()
    )


def _windows(n: Any) -> Any:
    return Dataset.range(n).window(3, 2, 1, True).flat_map(lambda w: w.batch(3))


def _old_interleave(node: Any) -> Callable[..., Any]:
    return calling(node, I(2), I(2), np.array(False), I(2), I(2))


def _sparse_rows(n: Any) -> Any:
    import tf1x as tf

    sparse = tf.SparseTensor([[0, 1], [1, 0], [1, 2]], [1, 2, 3], [2, 3])
    triples = Dataset.from_sparse_tensor_slices(sparse)
    return triples.map(lambda i, v, s: (v, s)).padded_batch(2, ([None], [None])).take(1)


def _file_rows() -> list[Case]:
    """Over this very file."""
    path = np.array(__file__)
    none, size = np.array(""), I(100)

    def text(_: Any) -> Any:
        return TextLineDataset(__file__).take(3)

    def fixed(_: Any) -> Any:
        rest = os.path.getsize(__file__) % 16
        return FixedLengthRecordDataset(__file__, 16, footer_bytes=rest).take(3)

    def old_fixed(_: Any) -> Any:
        rest = os.path.getsize(__file__) % 16
        node = dataset_files.FixedLengthRecordDataset
        return Dataset(node(path, I(0), I(16), I(rest), size), Spec(string, ())).take(2)

    def records(_: Any) -> Any:
        return Dataset.from_tensor_slices(["x"]).concatenate(TFRecordDataset([]))

    def offsets(_: Any) -> Any:
        node = dataset_files.TFRecordDatasetV2(path, none, size, I(0))
        return Dataset.from_tensor_slices(["x"]).concatenate(
            Dataset(node, Spec(string, ())).take(0)
        )

    def csv(node: Any, *more: Any) -> Callable[[Any], Any]:
        def build(_: Any) -> Any:
            handle = node(
                np.array([__file__]),
                none,
                size,
                np.array(False),
                np.array(","),
                np.array(False),
                none,
                I(0)[None],
                [np.array(["missing"])],
                *more,
                output_shapes=[()],
            )
            return Dataset(handle, Spec(string, ())).take(2)

        return build

    def written(_: Any) -> Any:
        """The written records are read when the writing is over."""
        name = os.path.join(tempfile.gettempdir(), "tf1x-case.tfrecord")
        words = Dataset.from_tensor_slices(["a", "bc"])
        node = dataset_files.DatasetToTFRecord(words._variant_tensor, np.array(name), none)
        with node.graph.control_dependencies([node]):
            return [opdef.get("Identity").endpoint(np.int64(1))]

    return [
        rows("DatasetToTFRecord", written),
        rows("TextLineDataset", text),
        rows("FixedLengthRecordDatasetV2", fixed),
        rows("FixedLengthRecordDataset", old_fixed),
        rows("TFRecordDataset", records),
        rows("TFRecordDatasetV2", offsets),
        rows("CSVDataset", csv(dataset_files.CSVDataset)),
        rows("CSVDatasetV2", csv(dataset_files.CSVDatasetV2, np.zeros(0, np.int64))),
    ]


def _generated(n: Any) -> Any:
    return Dataset.from_generator(lambda: iter(range(4)), int64, [])


def _reduced(n: Any) -> Any:
    return Dataset.range(n).reduce(np.int64(1), lambda s, x: s * 2 + x)


CASES = [
    rows("TensorDataset", Dataset.from_tensors, X),
    rows("TensorSliceDataset", lambda x: Dataset.from_tensor_slices((x, ["a"] * 6)), X),
    rows("SparseTensorSliceDataset", _sparse_rows),
    rows("RangeDataset", lambda n: Dataset.range(n, -3, -2)),
    rows("TakeDataset", lambda n: Dataset.range(n).take(3)),
    rows("SkipDataset", lambda n: Dataset.range(n).skip(3)),
    rows("ShardDataset", lambda n: Dataset.range(n).shard(3, 1)),
    rows("RepeatDataset", lambda n: Dataset.range(n).repeat(2)),
    rows("ZipDataset", lambda n: Dataset.zip((Dataset.range(n), Dataset.range(3)))),
    rows("ConcatenateDataset", lambda n: Dataset.range(n).concatenate(Dataset.range(3))),
    rows("ShuffleDataset", lambda n: Dataset.range(n).shuffle(3, seed=2)),
    rows("ShuffleDatasetV3", _shuffled, oracle=False, why="its seed generator is not made here"),
    rows(
        "ShuffleAndRepeatDataset",
        lambda n: Dataset.range(n).apply(experimental.shuffle_and_repeat(4, 3, seed=5)),
    ),
    rows("RandomDataset", lambda n: experimental.RandomDataset(seed=4).take(5)),
    *[rows(node.opdef.type, of(node, *args)) for node, args in NEUTRAL.items()],
    *[
        rows(node.opdef.type, of(node, *args), oracle=False, why=ALONE)
        for node, args in (
            (dataset.FinalizeDataset, ()),
            (dataset.ModelDataset, ()),
            (dataset.OptimizeDataset, (np.array(["noop_elimination"]),)),
            (dataset.NonSerializableDataset, ()),
            (dataset.AssertNextDataset, (np.array(["Map"]),)),
            (dataset.BytesProducedStatsDataset, (np.array("tag"),)),
            (dataset.LatencyStatsDataset, (np.array("tag"),)),
        )
    ],
    rows("DirectedInterleaveDataset", _directed),
    rows("MapDataset", mapped(dataset_map.MapDataset)),
    rows("MapDataset", lambda x: Dataset.from_tensor_slices(x).map(lambda r: r[:2] + x[0, 1:]), X),
    rows("ParallelMapDataset", mapped(dataset_map.ParallelMapDataset, np.int32(2))),
    rows("ParallelMapDatasetV2", mapped(dataset_map.ParallelMapDatasetV2, I(2))),
    rows("FilterDataset", lambda n: Dataset.range(n).filter(lambda x: x > 3)),
    rows("TakeWhileDataset", lambda n: Dataset.range(n).take_while(lambda x: x < 3)),
    rows("ScanDataset", lambda n: Dataset.range(n).scan(np.int64(1), lambda s, x: (s + x, s * x))),
    rows("ReduceDataset", _reduced),
    rows("DatasetToSingleElement", lambda n: experimental.get_single_element(Dataset.range(1))),
    rows("FlatMapDataset", calling(dataset_interleave.FlatMapDataset)),
    rows("InterleaveDataset", calling(dataset_interleave.InterleaveDataset, I(3), I(2))),
    rows(
        "ParallelInterleaveDatasetV2",
        calling(dataset_interleave.ParallelInterleaveDatasetV2, I(3), I(2), I(2)),
    ),
    rows(
        "ParallelInterleaveDatasetV3",
        calling(dataset_interleave.ParallelInterleaveDatasetV3, I(3), I(2), I(2)),
    ),
    rows(
        "ParallelInterleaveDatasetV4",
        calling(dataset_interleave.ParallelInterleaveDatasetV4, I(3), I(2), I(2), I(2), I(2)),
    ),
    rows(
        "ParallelInterleaveDataset", _old_interleave(dataset_interleave.ParallelInterleaveDataset)
    ),
    rows(
        "LegacyParallelInterleaveDatasetV2",
        calling(dataset_interleave.LegacyParallelInterleaveDatasetV2, I(2), I(2), I(2), I(2)),
    ),
    rows(
        "GroupByWindowDataset",
        lambda n: Dataset.range(n).apply(
            group_by_window(lambda x: x % 2, lambda k, d: d.map(lambda x: x + k * 10), 3)
        ),
    ),
    *[
        rows(kind, _grouped(kind))
        for kind in ("GroupByReducerDataset", "ExperimentalGroupByReducerDataset")
    ],
    rows(
        "GeneratorDataset", _generated, oracle=False, why="calls Python functions of this process"
    ),
    rows("BatchDataset", of(dataset_batch.BatchDataset, I(4), spec=Spec(int64, [None]))),
    rows("BatchDatasetV2", lambda n: Dataset.range(n).batch(3, drop_remainder=True)),
    rows(
        "ParallelBatchDataset",
        of(
            dataset_batch.ParallelBatchDataset,
            I(4),
            I(2),
            np.array(False),
            spec=Spec(int64, [None]),
        ),
    ),
    rows("PaddedBatchDataset", _padded),
    rows("PaddedBatchDatasetV2", lambda n: Dataset.range(n).padded_batch(4, [])),
    rows(
        "MapAndBatchDataset",
        lambda n: Dataset.range(n).apply(experimental.map_and_batch(lambda x: x * 3, 4)),
    ),
    rows(
        "DenseToSparseBatchDataset",
        lambda n: (
            Dataset.from_tensor_slices(X)
            .apply(dense_to_sparse_batch(6, [4]))
            .map(lambda s: (s.values, s.indices))
        ),
    ),
    rows("UnbatchDataset", lambda x: Dataset.from_tensors(x).unbatch(), X),
    rows(
        "ExperimentalUnbatchDataset",
        _unbatched,
    ),
    rows("WindowDataset", _windows),
    rows(
        "SlidingWindowDataset",
        lambda n: Dataset.range(n).apply(experimental.sliding_window_batch(3, window_shift=2)),
    ),
    rows("CacheDataset", lambda n: Dataset.range(n).cache().repeat(2)),
    rows("CacheDatasetV2", _cached, oracle=False, why="its cache is not made here"),
    rows("UniqueDataset", lambda n: Dataset.range(n).repeat(2).apply(unique())),
    *_file_rows(),
    rows("Iterator", _initialised("Iterator")),
    rows("IteratorV2", _initialised("IteratorV2")),
    rows("MakeIterator", _initialised("IteratorV2")),
    rows("IteratorGetNext", _one_shot),
    rows("OneShotIterator", _one_shot),
    rows("IteratorToStringHandle", _by_handle),
    rows("IteratorFromStringHandleV2", _by_handle),
    rows("IteratorFromStringHandle", _old_handle),
    rows("IteratorGetNextSync", _old_handle),
    rows("IteratorGetNextAsOptional", _as_optional),
    rows("OptionalFromValue", _optional),
    rows("OptionalNone", _optional),
    rows("OptionalHasValue", _optional),
    rows("OptionalGetValue", _optional),
]
