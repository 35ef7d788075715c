"""`tf.data.Dataset`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype, bool_, int64, string
from tf1x.core.operation import Tensor
from tf1x.core.sparse_tensor import SparseTensor, parts
from tf1x.lib.data import iterator, structure
from tf1x.lib.data.arguments import AUTOTUNE, determinism, int64_tensor, seed_tensors
from tf1x.lib.data.batching import batched_spec, padded_shape, padding_tensors, static_shape
from tf1x.lib.data.functions import Traced, dataset_spec, traced_predicate, traced_with_state
from tf1x.lib.data.options import Options
from tf1x.lib.data.structure import DatasetSpec, SparseSpec, Spec
from tf1x.ops import dataset as ops
from tf1x.ops import dataset_batch, dataset_interleave, dataset_map


class Dataset:
    """A sequence of elements, each a nest of tensors, as a description of where they come from.

    Elements flow when a session runs the `get_next()` of one of its iterators.

    Example:
        >>> dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1000).batch(32).repeat()
        >>> features, labels = dataset.make_one_shot_iterator().get_next()
    """

    def __init__(self, variant_tensor: Tensor, spec: Any) -> None:
        self._variant_tensor = variant_tensor
        self._spec = spec

    # -- what elements look like ---------------------------------------------------------------

    @property
    def output_types(self) -> Any:
        """The types of an element's components."""
        return structure.types_of(self._spec)

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element's components, as far as they are known."""
        return structure.shapes_of(self._spec)

    @property
    def output_classes(self) -> Any:
        """The classes of an element's components: tf.Tensor, tf.SparseTensor, tf.data.Dataset."""
        return structure.classes_of(self._spec)

    @property
    def element_spec(self) -> Any:
        return self._spec

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} shapes: {self.output_shapes}, "
            f"types: {structure.map_leaves(lambda t: t, self.output_types)}>"
        )

    def __iter__(self) -> Any:
        if scopes.executing_eagerly():
            from tf1x.lib.eager.iterator import EagerIterator

            return EagerIterator(self)
        raise RuntimeError("__iter__() is only supported when eager execution is enabled.")

    def __bool__(self) -> bool:
        return True

    def _as_variant_tensor(self) -> Tensor:
        return self._variant_tensor

    def _outputs(self, spec: Any) -> dict[str, Any]:
        """The attributes that most dataset ops have."""
        return {
            "output_types": structure.flat_types(spec),
            "output_shapes": structure.flat_shapes(spec),
        }

    def _same(self, node: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Dataset:
        """A dataset op that keeps what elements look like."""
        return self._other(self._spec, node, *args, **kwargs)

    def _other(self, spec: Any, node: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Dataset:
        """A dataset op on this one, with elements of `spec`."""
        return Dataset(node(self._variant_tensor, *args, **kwargs, **self._outputs(spec)), spec)

    def _calling(
        self, spec: Any, function: Traced, node: Callable[..., Tensor], *args: Any, **kwargs: Any
    ) -> Dataset:
        with function.waited_for():
            return self._other(spec, node, function.captures, *args, **kwargs)

    # -- iterators -----------------------------------------------------------------------------

    def make_one_shot_iterator(self) -> iterator.Iterator:
        """An iterator that needs no initialisation and goes once through the dataset.

        Raises:
            ValueError: the dataset depends on a placeholder or a variable.
        """
        if scopes.executing_eagerly():
            return iter(self)  # type: ignore[no-any-return]
        return iterator.one_shot(self)

    def make_initializable_iterator(self, shared_name: str | None = None) -> iterator.Iterator:
        """An iterator whose `initializer` has to run first; each run of it starts anew."""
        if scopes.executing_eagerly():
            raise RuntimeError(
                "dataset.make_initializable_iterator is not supported when eager execution is "
                "enabled. Use `for element in dataset` instead."
            )
        return iterator.initializable(self, shared_name)

    # -- sources -------------------------------------------------------------------------------

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element: `tensors`, a nest of what can be made tensors."""
        element = structure.normalized(tensors)
        spec = structure.spec_of(element)
        node = ops.TensorDataset(
            structure.to_tensors(spec, element), output_shapes=structure.flat_shapes(spec)
        )
        return Dataset(node, spec)

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """The slices of a nest of tensors along their first dimension, which is of one size.

        Raises:
            ValueError: a component is a scalar, or the first dimensions differ.
        """
        element = structure.normalized(tensors)
        spec = structure.spec_of(element)
        leaves = structure.flatten(spec)
        if not leaves:
            raise ValueError("Invalid `tensors`. `tensors` should not be empty.")
        size: int | None = None
        for leaf in leaves:
            if leaf.shape.ndims == 0:
                raise ValueError("Unbatching a tensor is only supported for rank >= 1")
            first = leaf.shape.tuple[0] if leaf.shape.tuple else None
            if size is not None and first is not None and first != size:
                raise ValueError(f"Dimensions {size} and {first} are not compatible")
            size = first if size is None else size
        unbatched = structure.map_leaves(Spec.unbatched, spec)
        node = ops.TensorSliceDataset(
            structure.row_tensors(spec, element), output_shapes=structure.flat_shapes(unbatched)
        )
        return Dataset(node, unbatched)

    @staticmethod
    def from_sparse_tensor_slices(sparse_tensor: Any) -> Dataset:
        """The rows of a sparse tensor as (indices, values, dense shape)."""
        made = SparseTensor.from_value(sparse_tensor) if not isinstance(sparse_tensor, SparseTensor) else sparse_tensor  # fmt: skip
        rank = made.shape.ndims
        inner = None if rank is None else rank - 1
        spec = (
            Spec(int64, [None, inner]),
            Spec(made.dtype, [None]),
            Spec(int64, [inner]),
        )
        return Dataset(ops.SparseTensorSliceDataset(*parts(made)), spec)

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """What a Python generator yields.

        Args:
            generator: a function that returns something to iterate over; called anew for each
                epoch, in this process.
            output_types: nest of the types of what it yields.
            output_shapes: nest of the shapes, by default unknown.
            args: tensors whose values it is called with, as NumPy arrays.

        Raises (when run):
            InvalidArgumentError: it yielded something of another structure, type or shape.
        """
        from tf1x.lib.data.generator import from_generator

        return from_generator(generator, output_types, output_shapes, args, output_signature)

    @staticmethod
    def range(*args: Any, **kwargs: Any) -> Dataset:
        """The numbers of Python's `range(*args)`, as int64 scalars (or `output_type`)."""
        kind = as_dtype(kwargs.pop("output_type", int64))
        kwargs.pop("name", None)
        if kwargs:
            raise TypeError(f"Dataset.range got unexpected arguments {sorted(kwargs)}.")
        if not 1 <= len(args) <= 3:
            raise ValueError(f"Invalid `args`. The length of `args` should be between 1 and 3 but was {len(args)}.")  # fmt: skip
        start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
        node = ops.RangeDataset(
            int64_tensor(start, "start"),
            int64_tensor(stop, "stop"),
            int64_tensor(step, "step"),
            output_types=[kind],
            output_shapes=[()],
        )
        return Dataset(node, Spec(kind, ()))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """The elements of a nest of datasets side by side, as long as all of them last."""
        nested = datasets if datasets is not None else args[0] if len(args) == 1 else args
        leaves = structure.flatten(nested)
        for leaf in leaves:
            if not isinstance(leaf, Dataset):
                if isinstance(leaf, list):
                    raise TypeError(
                        "The argument to `Dataset.zip()` must be a (nested) structure of `Dataset` "
                        "objects. Python `list` is not supported, please use a `tuple` instead."
                    )
                raise TypeError(f"The argument to `Dataset.zip()` must be a nest of datasets, got {type(leaf)}.")  # fmt: skip
        spec = structure.pack(nested, [leaf._spec for leaf in leaves])
        node = ops.ZipDataset(
            [leaf._variant_tensor for leaf in leaves],
            output_types=structure.flat_types(spec),
            output_shapes=structure.flat_shapes(spec),
        )
        return Dataset(node, spec)

    @staticmethod
    def list_files(
        file_pattern: Any, shuffle: bool | None = None, seed: int | None = None
    ) -> Dataset:
        """The names of the files that match the pattern(s), shuffled unless `shuffle` is False.

        Raises (when run):
            InvalidArgumentError: no file does.
        """
        from tf1x.lib.data.readers import list_files

        return list_files(file_pattern, shuffle, seed)

    # -- order and number ----------------------------------------------------------------------

    def repeat(self, count: Any = None, name: str | None = None) -> Dataset:
        """The elements `count` times over; for ever where it is None or -1."""
        return self._same(ops.RepeatDataset, int64_tensor(-1 if count is None else count, "count"))

    def shuffle(
        self,
        buffer_size: Any,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """A random order: each element is drawn from a buffer of the next `buffer_size`.

        Args:
            seed: with the graph's seed it fixes the order.
            reshuffle_each_iteration: another order in each epoch of `repeat` (by default).
        """
        size = int64_tensor(buffer_size, "buffer_size")
        first, second = seed_tensors(seed)
        again = True if reshuffle_each_iteration is None else reshuffle_each_iteration
        return self._same(
            ops.ShuffleDataset, size, first, second, reshuffle_each_iteration=bool(again)
        )

    def take(self, count: Any, name: str | None = None) -> Dataset:
        """The first `count` elements (all where it is -1)."""
        return self._same(ops.TakeDataset, int64_tensor(count, "count"))

    def skip(self, count: Any, name: str | None = None) -> Dataset:
        """All but the first `count` elements (none where it is -1)."""
        return self._same(ops.SkipDataset, int64_tensor(count, "count"))

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element from the one with number `index` on."""
        for value in (num_shards, index):
            if isinstance(value, float):
                raise TypeError("num_shards and index must be integers.")
        return self._same(
            ops.ShardDataset,
            int64_tensor(num_shards, "num_shards"),
            int64_tensor(index, "index"),
        )

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """The elements of this dataset, then those of another of the same types.

        Raises:
            TypeError, ValueError: its elements are of other types.
        """
        try:
            spec = structure.map_leaves(Spec.common, self._spec, dataset._spec)
        except TypeError as error:
            raise TypeError(
                f"Two datasets to concatenate have different types {self.output_types} and "
                f"{dataset.output_types}"
            ) from error
        return self._other(spec, ops.ConcatenateDataset, dataset._variant_tensor)

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Dataset:
        """The same, `buffer_size` elements computed ahead by a thread."""
        if buffer_size is None:
            buffer_size = AUTOTUNE
        with scopes.colocate_with(self._variant_tensor.op):
            return self._same(
                ops.PrefetchDataset, int64_tensor(buffer_size, "buffer_size"), legacy_autotune=False
            )

    def cache(self, filename: Any = "", name: str | None = None) -> Dataset:
        """The elements of the first epoch kept, in memory or in files named `filename`.

        The file is ours, not TensorFlow's; a later run of the program reads it.
        """
        return self._same(
            dataset_batch.CacheDataset, convert.to_tensor(filename, string, name="filename")
        )

    def enumerate(self, start: Any = 0, name: str | None = None) -> Dataset:
        """Pairs of a number, counted from `start`, and an element."""
        numbers = Dataset.range(start, np.iinfo(np.int64).max)
        label = convert.to_tensor("replicate_on_split", string, name="RewriteDataset/rewrite_name")
        return Dataset.zip((numbers._same(ops.RewriteDataset, label), self))

    # -- functions of elements -----------------------------------------------------------------

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
        **_unused: Any,
    ) -> Dataset:
        """`map_func` of each element; its result, a nest of tensors, is the new element.

        Args:
            map_func: takes the components of a tuple as arguments, any other element as one.
            num_parallel_calls: how many elements to compute at the same time, ahead of their use;
                the order stays. -1 (AUTOTUNE) leaves the number to tf1x.
            deterministic: False allows another order.
        """
        function = Traced(map_func, self._spec, "Dataset_map")
        if num_parallel_calls is None:
            return self._calling(function.spec, function, dataset_map.MapDataset, f=function.attr)
        return self._calling(
            function.spec,
            function,
            dataset_map.ParallelMapDatasetV2,
            int64_tensor(num_parallel_calls, "num_parallel_calls"),
            f=function.attr,
            deterministic=determinism(deterministic),
        )

    def map_with_legacy_function(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
    ) -> Dataset:
        """As `map`."""
        return self.map(map_func, num_parallel_calls, deterministic)

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements of the datasets that `map_func` makes of the elements, one after another.

        Raises:
            TypeError: `map_func` does not return a dataset.
        """
        function = Traced(map_func, self._spec, "Dataset_flat_map")
        spec = dataset_spec(function)
        return self._calling(spec, function, dataset_interleave.FlatMapDataset, f=function.attr)

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = None,
        block_length: Any = None,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """As `flat_map`, from `cycle_length` datasets at a time, `block_length` elements in turn.

        Args:
            num_parallel_calls: where given, the open datasets are read ahead by threads; the order
                stays.

        Raises:
            TypeError: `map_func` does not return a dataset.
        """
        function = Traced(map_func, self._spec, "Dataset_interleave")
        spec = dataset_spec(function)
        block = 1 if block_length is None else block_length
        if cycle_length is None:
            cycle_length = AUTOTUNE
        lengths = [
            int64_tensor(cycle_length, "cycle_length"),
            int64_tensor(block, "block_length"),
        ]
        if num_parallel_calls is None:
            node = dataset_interleave.InterleaveDataset
            return self._calling(spec, function, node, *lengths, f=function.attr)
        return self._calling(
            spec,
            function,
            dataset_interleave.ParallelInterleaveDatasetV4,
            *lengths,
            int64_tensor(AUTOTUNE, "buffer_output_elements"),
            int64_tensor(AUTOTUNE, "prefetch_input_elements"),
            int64_tensor(num_parallel_calls, "num_parallel_calls"),
            f=function.attr,
            deterministic=determinism(deterministic),
        )

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements for which `predicate`, a scalar bool tensor, holds.

        Raises:
            ValueError: it is something else.
        """
        function = traced_predicate(predicate, self._spec, "Dataset_filter")
        node = dataset_map.FilterDataset
        return self._calling(self._spec, function, node, predicate=function.attr)

    filter_with_legacy_function = filter

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements before the first for which `predicate` does not hold."""
        function = traced_predicate(predicate, self._spec, "Dataset_take_while")
        node = dataset_map.TakeWhileDataset
        return self._calling(self._spec, function, node, predicate=function.attr)

    def scan(
        self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None
    ) -> Dataset:
        """`scan_func(state, element)` gives (next state, new element)."""
        state = structure.normalized(initial_state)
        function, spec = traced_with_state(
            lambda s: Traced(scan_func, (s, self._spec), "Dataset_scan"), structure.spec_of(state)
        )
        if not isinstance(function.spec, tuple) or len(function.spec) != 2:
            raise TypeError("The scan function must return a pair comprising the new state and the output value.")  # fmt: skip
        with function.waited_for():
            return self._other(
                function.spec[1],
                dataset_map.ScanDataset,
                structure.to_tensors(spec, state),
                function.captures,
                f=function.attr,
                preserve_cardinality=True,
            )

    def reduce(
        self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None
    ) -> Any:
        """The last state, a nest of tensors, of `state = reduce_func(state, element)`."""
        with scopes.name_scope("initial_state"):
            state = structure.normalized(initial_state)
        function, spec = traced_with_state(
            lambda s: Traced(reduce_func, (s, self._spec), "reduce"),
            structure.spec_of(state),
            lambda result: result,
        )
        with function.waited_for():
            tensors = dataset_map.ReduceDataset(
                self._variant_tensor,
                structure.to_tensors(spec, state),
                function.captures,
                f=function.attr,
                **self._outputs(spec),
            )
        return structure.from_tensors(spec, tensors)

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """`transformation_func` of this dataset.

        Raises:
            TypeError: it does not give a dataset.
        """
        made = transformation_func(self)
        if not isinstance(made, Dataset):
            raise TypeError(f"`transformation_func` must return a Dataset, got {made!r}.")
        return made

    # -- batches -------------------------------------------------------------------------------

    def batch(
        self,
        batch_size: Any,
        drop_remainder: Any = False,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """`batch_size` elements as one, each component with a new first dimension.

        Args:
            drop_remainder: leave out the last batch where it is smaller.
        """
        size = int64_tensor(batch_size, "batch_size")
        drop = convert.to_tensor(drop_remainder, bool_, name="drop_remainder")
        spec = batched_spec(self._spec, size, drop)
        return self._other(spec, dataset_batch.BatchDatasetV2, size, drop)

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: Any = False,
        name: str | None = None,
    ) -> Dataset:
        """As `batch`, of elements of different shapes, which are padded.

        Args:
            padded_shapes: nest of shapes; -1 or None in one: the largest in the batch. By default
                the elements' own shapes.
            padding_values: nest of scalars, by default zeros and empty strings.

        Raises:
            ValueError, TypeError: the nests do not fit the elements.
            DataLossError (when run): an element is larger than its padded shape.
        """
        if any(isinstance(leaf, (SparseSpec, DatasetSpec)) for leaf in structure.flatten(self._spec)):  # fmt: skip
            raise TypeError("`padded_batch` is only supported for datasets that produce tensors.")
        if padded_shapes is None:
            padded_shapes = self.output_shapes
            if any(leaf.shape.ndims is None for leaf in structure.flatten(self._spec)):
                raise ValueError("You must provide `padded_shapes` argument because component(s) have unknown rank.")  # fmt: skip
        size = int64_tensor(batch_size, "batch_size")
        leaves = structure.flatten(self._spec)
        shapes = structure.leaves_like(self._spec, padded_shapes)
        sizes = [padded_shape(shape, leaf) for shape, leaf in zip(shapes, leaves, strict=True)]
        fillers = padding_tensors(self._spec, padding_values)
        drop = convert.to_tensor(drop_remainder, bool_, name="drop_remainder")
        padded = structure.pack(
            self._spec,
            [leaf.with_shape(static_shape(s)) for leaf, s in zip(leaves, sizes, strict=True)],
        )
        spec = batched_spec(padded, size, drop)
        node = dataset_batch.PaddedBatchDatasetV2(
            self._variant_tensor,
            size,
            sizes,
            fillers,
            drop,
            output_shapes=structure.flat_shapes(spec),
        )
        return Dataset(node, spec)

    def unbatch(self, name: str | None = None) -> Dataset:
        """The rows of the elements' components as elements."""
        spec = structure.map_leaves(Spec.unbatched, self._spec)
        return self._other(spec, dataset_batch.UnbatchDataset)

    def window(
        self,
        size: Any,
        shift: Any = None,
        stride: Any = 1,
        drop_remainder: Any = False,
        name: str | None = None,
    ) -> Dataset:
        """Datasets of `size` elements each (a nest of them, one for each component).

        Args:
            shift: how many elements later the next window begins, by default `size`.
            stride: how far apart the elements of a window are.
        """
        sizes = [
            int64_tensor(size, "size"),
            int64_tensor(size if shift is None else shift, "shift"),
            int64_tensor(stride, "stride"),
        ]
        drop = convert.to_tensor(drop_remainder, bool_, name="drop_remainder")
        spec = structure.map_leaves(DatasetSpec, self._spec)
        return self._other(spec, dataset_batch.WindowDataset, *sizes, drop)

    def group_by_window(
        self,
        key_func: Callable[..., Any],
        reduce_func: Callable[..., Any],
        window_size: Any = None,
        window_size_func: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Dataset:
        """See `tf.data.experimental.group_by_window`."""
        from tf1x.lib.data.grouping import group_by_window

        return group_by_window(key_func, reduce_func, window_size, window_size_func)(self)

    # -- options -------------------------------------------------------------------------------

    def options(self) -> Options:
        """The options set by `with_options`, of this dataset and those it is made of."""
        return getattr(self, "_options", None) or Options()

    def with_options(self, options: Options, name: str | None = None) -> Dataset:
        """The same with options, which tf1x keeps but does not need."""
        made = self._same(ops.OptionsDataset, serialized_options=b"")
        made._options = self.options().merge(options)  # type: ignore[attr-defined]
        return made
