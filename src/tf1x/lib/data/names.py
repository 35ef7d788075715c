"""Where the public names of `tf.data` and `tf.contrib.data` are defined; all imported at first use."""

from __future__ import annotations

from tf1x.api import lazy
from tf1x.core.opdef import provide

_HERE = "tf1x.lib.data"

_OPS = {
    "dataset": (
        "AssertNextDataset BytesProducedStatsDataset ConcatenateDataset DirectedInterleaveDataset "
        "FinalizeDataset IgnoreErrorsDataset LatencyStatsDataset MaxIntraOpParallelismDataset "
        "ModelDataset NonSerializableDataset OptimizeDataset OptionsDataset PrefetchDataset "
        "PrivateThreadPoolDataset RandomDataset RangeDataset RepeatDataset RewriteDataset "
        "ShardDataset ShuffleAndRepeatDataset ShuffleDataset ShuffleDatasetV3 SkipDataset "
        "SparseTensorSliceDataset TakeDataset TensorDataset TensorSliceDataset ZipDataset"
    ),
    "dataset_map": (
        "DatasetToSingleElement FilterDataset MapDataset ParallelMapDataset ParallelMapDatasetV2 "
        "ReduceDataset ScanDataset TakeWhileDataset"
    ),
    "dataset_interleave": (
        "ExperimentalGroupByReducerDataset FlatMapDataset GeneratorDataset GroupByReducerDataset GroupByWindowDataset "
        "InterleaveDataset LegacyParallelInterleaveDatasetV2 ParallelInterleaveDataset "
        "ParallelInterleaveDatasetV2 ParallelInterleaveDatasetV3 ParallelInterleaveDatasetV4"
    ),
    "dataset_batch": (
        "BatchDataset BatchDatasetV2 CacheDataset CacheDatasetV2 DenseToSparseBatchDataset "
        "ExperimentalUnbatchDataset MapAndBatchDataset PaddedBatchDataset PaddedBatchDatasetV2 "
        "ParallelBatchDataset SlidingWindowDataset UnbatchDataset UniqueDataset WindowDataset"
    ),
    "dataset_files": (
        "CSVDataset CSVDatasetV2 DatasetToTFRecord FixedLengthRecordDataset FixedLengthRecordDatasetV2 "
        "TFRecordDataset TFRecordDatasetV2 TextLineDataset"
    ),
    "dataset_iterator": (
        "Iterator IteratorFromStringHandle IteratorFromStringHandleV2 IteratorGetNext "
        "IteratorGetNextAsOptional IteratorGetNextSync IteratorToStringHandle IteratorV2 "
        "MakeIterator OneShotIterator OptionalFromValue OptionalGetValue OptionalHasValue "
        "OptionalNone"
    ),
}
for _module, _types in _OPS.items():
    provide(f"tf1x.ops.{_module}", *_types.split())

lazy(f"{_HERE}.dataset", "data.Dataset", "contrib.data.Dataset")
lazy(f"{_HERE}.arguments", "data.AUTOTUNE", "data.experimental.AUTOTUNE", "contrib.data.AUTOTUNE")
lazy(f"{_HERE}.dataset", "data.DatasetV1", attribute="Dataset")
lazy(f"{_HERE}.iterator", "data.Iterator", "contrib.data.Iterator")
for _name in ("TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset"):
    lazy(f"{_HERE}.readers", f"data.{_name}", f"contrib.data.{_name}")
lazy(f"{_HERE}.readers", "data.experimental.CsvDataset", "contrib.data.CsvDataset")
lazy(f"{_HERE}.options", "data.Options")
for _name in ("OptimizationOptions", "ThreadingOptions", "DistributeOptions", "StatsOptions"):
    lazy(f"{_HERE}.options", f"data.experimental.{_name}")

for _name in (
    "get_output_classes",
    "get_output_shapes",
    "get_output_types",
    "make_initializable_iterator",
    "make_one_shot_iterator",
):
    lazy(f"{_HERE}.experimental", f"data.{_name}")

# In both `data.experimental` and `contrib.data`.
_SHARED = {
    "experimental": (
        "Counter RandomDataset choose_from_datasets copy_to_device enumerate_dataset "
        "get_single_element ignore_errors map_and_batch parallel_interleave prefetch_to_device "
        "rejection_resample sample_from_datasets scan shuffle_and_repeat unbatch"
    ),
    "grouping": (
        "Reducer bucket_by_sequence_length dense_to_sparse_batch group_by_reducer group_by_window "
        "unique"
    ),
    "optional": "Optional get_next_as_optional",
    "parsing": "make_batched_features_dataset make_csv_dataset parse_example_dataset",
}
for _module, _names in _SHARED.items():
    for _name in _names.split():
        lazy(f"{_HERE}.{_module}", f"data.experimental.{_name}", f"contrib.data.{_name}")
for _name in (
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "assert_cardinality",
    "cardinality",
    "get_structure",
    "map_and_batch_with_legacy_function",
    "take_while",
):
    lazy(f"{_HERE}.experimental", f"data.experimental.{_name}")
for _name in (
    "assert_element_shape",
    "batch_and_drop_remainder",
    "padded_batch_and_drop_remainder",
    "reduce_dataset",
    "sliding_window_batch",
    "sloppy_interleave",
):
    lazy(f"{_HERE}.experimental", f"contrib.data.{_name}")
lazy(f"{_HERE}.parsing", "contrib.data.read_batch_features")
lazy(f"{_HERE}.parsing", "data.experimental.TFRecordWriter")
