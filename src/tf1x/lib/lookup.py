"""Lookup tables: `tf.lookup`, `tf.contrib.lookup`, `tf.tables_initializer`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype, int64, string
from tf1x.core.graph import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.variables import init_scope
from tf1x.ops import array, array_select, lookup, math
from tf1x.ops import strings_hash as hashes
from tf1x.ops.grouping import group, no_op
from tf1x.ops.math_functions import add
from tf1x.ops.strings_numbers import AsString

# -- initialisers --------------------------------------------------------------------------------


@export("tables_initializer", "initializers.tables_initializer")
def tables_initializer(name: str = "init_all_tables") -> Operation:
    """An op that fills all tables of the graph."""
    initializers = scopes.get_default_graph().get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(*initializers, name=name) if initializers else no_op(name=name)


@export("initialize_all_tables")
def initialize_all_tables(name: str = "init_all_tables") -> Operation:
    """As `tf.tables_initializer`."""
    return tables_initializer(name)


class TableInitializerBase:
    """Says which entries a table gets."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype, self._value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        return self._value_dtype

    @property
    def _shared_name(self) -> str:
        return ""

    def initialize(self, table: Any) -> Operation:
        """An op that fills `table`, added to the graph's collection of those."""
        raise NotImplementedError


def _check_types(table: Any, key: DType, value: DType) -> None:
    if key != table.key_dtype:
        raise TypeError(f"Invalid key dtype for table, expected {table.key_dtype} but got {key}.")
    if value != table.value_dtype:
        raise TypeError(
            f"Invalid value dtype for table, expected {table.value_dtype} but got {value}."
        )


@export("lookup.KeyValueTensorInitializer")
class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table with keys and values from two tensors of one shape."""

    def __init__(
        self,
        keys: Any,
        values: Any,
        key_dtype: Any = None,
        value_dtype: Any = None,
        name: str | None = None,
    ) -> None:
        self._keys = convert.to_tensor(keys, key_dtype, name="keys")
        self._values = convert.to_tensor(values, value_dtype, name="values")
        self._name = "key_value_init" if name is None else name
        super().__init__(self._keys.dtype, self._values.dtype)

    def initialize(self, table: Any) -> Operation:
        _check_types(table, self._key_dtype, self._value_dtype)
        inputs = [table.resource_handle, self._keys, self._values]
        with scopes.name_scope(self._name, values=inputs):
            op: Operation = lookup.LookupTableImportV2(*inputs)
        scopes.get_default_graph().add_to_collection(GraphKeys.TABLE_INITIALIZERS, op)
        return op


@export("lookup.TextFileIndex")
class TextFileIndex:
    """What of a line of a text file is taken, if not a column."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


def _check_column(what: str, index: int, dtype: DType) -> None:
    if index < -2:
        raise ValueError(f"`{what}_index` should be >= -2, received: {index}.")
    if index == TextFileIndex.LINE_NUMBER and dtype != int64:
        raise ValueError(
            f"`{what}_dtype` must be int64 if `{what}_index` is {index}, received: {dtype}"
        )
    if index == TextFileIndex.WHOLE_LINE and not dtype.is_integer and dtype != string:
        raise ValueError(
            f"`{what}_dtype` should be either integer or string for `{what}_index` {index}, "
            f"received: {dtype}"
        )


@export("lookup.TextFileInitializer")
class TextFileInitializer(TableInitializerBase):
    """Fills a table with the lines of a text file.

    Args:
        filename: a path, or a scalar tensor of strings.
        key_index, value_index: the column, or a `TextFileIndex`.
        vocab_size: how many lines the file has (None: any number).
        delimiter: what separates columns.
        value_index_offset: added to line numbers.
    """

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: int,
        value_dtype: Any,
        value_index: int,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = None,
        value_index_offset: int = 0,
    ) -> None:
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError("`filename` argument required for tf.lookup.TextFileInitializer")
        super().__init__(key_dtype, value_dtype)
        _check_column("key", key_index, self._key_dtype)
        _check_column("value", value_index, self._value_dtype)
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"`vocab_size` should be > 0, received: {vocab_size}")
        self._given = filename
        self._key_index, self._value_index = key_index, value_index
        self._vocab_size = vocab_size
        self._delimiter = delimiter
        self._name = name
        self._offset = value_index_offset
        with init_scope():
            self._filename = convert.to_tensor(filename, string, name="asset_path")

    def initialize(self, table: Any) -> Operation:
        _check_types(table, self._key_dtype, self._value_dtype)
        with scopes.name_scope(self._name, "text_file_init", [table.resource_handle]):
            op: Operation = lookup.InitializeTableFromTextFileV2(
                table.resource_handle,
                self._filename,
                key_index=self._key_index,
                value_index=self._value_index,
                vocab_size=-1 if self._vocab_size is None else self._vocab_size,
                delimiter=self._delimiter,
                offset=self._offset,
            )
        graph = scopes.get_default_graph()
        graph.add_to_collection(GraphKeys.TABLE_INITIALIZERS, op)
        if self._filename.op.type == "Const":
            graph.add_to_collection(GraphKeys.ASSET_FILEPATHS, self._filename)
        return op

    @property
    def _shared_name(self) -> str:
        """Tables from the same columns of the same file are one."""
        parts = ["hash_table", self._given]
        parts += [self._vocab_size] if self._vocab_size else []
        parts += [self._key_index, self._value_index]
        parts += [self._offset] if self._offset else []
        return "_".join(map(str, parts))


@export("contrib.lookup.TextFileStringTableInitializer")
class TextFileStringTableInitializer(TextFileInitializer):
    """From line numbers (int64) to lines."""

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.LINE_NUMBER,
        value_column_index: int = TextFileIndex.WHOLE_LINE,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_string_table_init",
    ) -> None:
        super().__init__(
            filename,
            int64,
            key_column_index,
            string,
            value_column_index,
            vocab_size=vocab_size,
            delimiter=delimiter,
            name=name,
        )


@export("contrib.lookup.TextFileIdTableInitializer")
class TextFileIdTableInitializer(TextFileInitializer):
    """From lines to line numbers (int64)."""

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.WHOLE_LINE,
        value_column_index: int = TextFileIndex.LINE_NUMBER,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_id_table_init",
        key_dtype: Any = string,
    ) -> None:
        super().__init__(
            filename,
            key_dtype,
            key_column_index,
            int64,
            value_column_index,
            vocab_size=vocab_size,
            delimiter=delimiter,
            name=name,
        )


# -- tables --------------------------------------------------------------------------------------


class LookupInterface:
    """A table from keys to values."""

    _table_name: str

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype, self._value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        return self._value_dtype

    @property
    def name(self) -> str:
        return self._table_name

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of the keys in a tensor or SparseTensor."""
        raise NotImplementedError

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)

    def _check_keys(self, keys: Any) -> None:
        if keys.dtype.base_dtype != self._key_dtype:
            raise TypeError(
                f"Dtype of argument `keys` must be {self._key_dtype}, received: {keys.dtype}"
            )


def _last(tensor: Tensor) -> str:
    return tensor.op.name.rpartition("/")[2]


class InitializableLookupTableBase(LookupInterface):
    """A table that an initialiser fills."""

    def __init__(self, default_value: Any, initializer: TableInitializerBase) -> None:
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._initializer = initializer
        self._default_value = convert.to_tensor(default_value, self._value_dtype)
        self._default_value.shape.merge_with([])
        with init_scope():
            self.resource_handle: Tensor = self._create_resource()
        self._table_name = _last(self.resource_handle)
        self._init_op = initializer.initialize(self)

    def _create_resource(self) -> Tensor:
        raise NotImplementedError

    @property
    def default_value(self) -> Tensor:
        return self._default_value

    @property
    def initializer(self) -> Operation:
        """The op that fills the table."""
        return self._init_op

    @property
    def init(self) -> Operation:
        return self._init_op

    @property
    def table_ref(self) -> Tensor:
        return self.resource_handle

    def size(self, name: str | None = None) -> Tensor:
        """The number of entries, int64."""
        with scopes.name_scope(name, f"{self.name}_Size", [self.resource_handle]):
            size: Tensor = lookup.LookupTableSizeV2(self.resource_handle)
            return size

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of `keys` (a tensor or SparseTensor), the default for unknown ones.

        Raises:
            TypeError: the keys are of another type.
            FailedPreconditionError (when run): the table has not been initialised.
        """
        self._check_keys(keys)
        given = keys.values if isinstance(keys, SparseTensor) else keys
        inputs = [self.resource_handle, given, self._default_value]
        with scopes.name_scope(name, f"{self.name}_Lookup", inputs):
            values = lookup.LookupTableFindV2(*inputs)
        values.set_shape(given.shape)
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, values, keys.dense_shape)
        return values


@export("lookup.StaticHashTable")
class StaticHashTable(InitializableLookupTableBase):
    """A table filled once, by an initialiser.

    Args:
        initializer: says which entries.
        default_value: what unknown keys give.
    """

    def __init__(
        self,
        initializer: TableInitializerBase,
        default_value: Any,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:
        self._shared_name = initializer._shared_name or f"hash_table_{uuid.uuid4()}"
        self._name = name or "hash_table"
        super().__init__(default_value, initializer)

    def _create_resource(self) -> Tensor:
        table: Tensor = lookup.HashTableV2(
            shared_name=self._shared_name,
            key_dtype=self._key_dtype,
            value_dtype=self._value_dtype,
            name=self._name,
        )
        return table

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """All keys and all values."""
        with scopes.name_scope(name, f"{self.name}_Export", [self.resource_handle]):
            keys, values = lookup.LookupTableExportV2(
                self.resource_handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype
            )
        if keys.shape.ndims is not None:
            values.set_shape(keys.shape.concatenate(self._default_value.shape))
        return keys, values


class HasherSpec(NamedTuple):
    """How strings outside of a vocabulary are hashed."""

    hasher: str
    key: Any


FastHashSpec = HasherSpec("fasthash", None)


def StrongHashSpec(key: Any) -> HasherSpec:
    """Hashing by SipHash with a key of two ints."""
    if len(key) != 2:
        raise ValueError(f"`key` must have size 2, received {len(key)}")
    if not all(hasattr(part, "__index__") for part in key):
        raise TypeError(f"Invalid key {key}. Must be unsigned integer values.")
    return HasherSpec("stronghash", key)


def _hash_function(spec: HasherSpec) -> Callable[..., Tensor]:
    if spec.hasher == "fasthash":
        return hashes.StringToHashBucketFast
    if spec.hasher == "legacy":
        return hashes.StringToHashBucket
    if spec.hasher == "stronghash":
        return lambda values, **attrs: hashes.StringToHashBucketStrong(
            values, key=list(spec.key), **attrs
        )
    raise ValueError(f"Found unknown hasher {spec.hasher} in `hasher_spec`")


class IdTableWithHashBuckets(LookupInterface):
    """A table of ids where unknown strings (or ints) fall into buckets behind the known ones.

    Args:
        table: the known ids, or None for buckets alone.
        num_oov_buckets: how many buckets.
        hasher_spec: which hash says the bucket.
    """

    def __init__(
        self,
        table: Any,
        num_oov_buckets: int,
        hasher_spec: HasherSpec = FastHashSpec,
        name: str | None = None,
        key_dtype: Any = None,
    ) -> None:
        name = name.rstrip("/") if name else None
        if table is not None:
            key_dtype = as_dtype(key_dtype or table.key_dtype)
            if table.key_dtype not in (int64, string):
                raise TypeError(f"Invalid `key_dtype`, expected int64 or string, got {key_dtype}.")
            if table.key_dtype.is_integer != key_dtype.is_integer:
                kind = "integer" if key_dtype.is_integer else "non-integer"
                raise TypeError(f"Invalid `key dtype`, expected {kind} but got {table.key_dtype}.")
            if table.value_dtype != int64:
                raise TypeError(
                    f"Invalid `value_dtype`: expected int64 but got {table.value_dtype}."
                )
            name = name or table.name
        else:
            if num_oov_buckets <= 0:
                raise ValueError("`oov_buckets` must be > 0 if no `table` is supplied.")
            key_dtype = as_dtype(key_dtype or string)
            name = name or "hash_bucket"
        if not key_dtype.is_integer and key_dtype != string:
            raise TypeError(f"Invalid `key_dtype`, expected integer or string, got {key_dtype}.")
        if not isinstance(hasher_spec, HasherSpec):
            raise TypeError(
                f"`hasher_spec` must be of type HasherSpec, got {type(hasher_spec).__name__}."
            )
        super().__init__(key_dtype, int64)
        self._table = table
        self._buckets = num_oov_buckets
        self._spec = hasher_spec
        self._table_name = name.rpartition("/")[2]

    @property
    def initializer(self) -> Operation:
        """The op that fills the table."""
        if self._table is not None:
            return self._table.initializer
        with scopes.name_scope(None, "init"):
            return no_op()

    @property
    def init(self) -> Operation:
        return self.initializer

    @property
    def resource_handle(self) -> Tensor | None:
        return self._table.resource_handle if self._table is not None else None

    def size(self, name: str | None = None) -> Tensor:
        """The number of ids, buckets included."""
        with scopes.name_scope(name, f"{self.name}_Size"):
            known = convert.to_tensor(0, int64) if self._table is None else self._table.size()
            return known + self._buckets

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The ids of `keys`, a tensor or SparseTensor."""
        self._check_keys(keys)
        values = keys.values if isinstance(keys, SparseTensor) else keys
        table = self._table
        if table is not None and table.key_dtype == int64:
            values = math.cast(values, int64)
        if not self._buckets:
            ids = table.lookup(values, name=name)
        else:
            with scopes.name_scope(name, f"{self.name}_Lookup"):
                text = values if values.dtype.base_dtype == string else AsString(values)
                bucket = _hash_function(self._spec)
                ids = bucket(text, num_buckets=self._buckets, name="hash_bucket")
                if table is not None:
                    known = table.lookup(values)
                    ids = add(ids, table.size())
                    found = math.NotEqual(known, table.default_value)
                    ids = array_select.where_v2(found, known, ids)
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, ids, keys.dense_shape)
        return ids


@export("lookup.StaticVocabularyTable")
class StaticVocabularyTable(IdTableWithHashBuckets):
    """Ids of strings (or ints), with buckets for the unknown ones.

    Args:
        initializer: the known ids, or None for buckets alone.
        num_oov_buckets: how many buckets, at least one.
    """

    def __init__(
        self,
        initializer: TableInitializerBase | None,
        num_oov_buckets: int,
        lookup_key_dtype: Any = None,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:
        if num_oov_buckets <= 0:
            raise ValueError("`num_oov_buckets` must be > 0; use StaticHashTable.")
        table = None if initializer is None else StaticHashTable(initializer, -1)
        super().__init__(table, num_oov_buckets, name=name, key_dtype=lookup_key_dtype)


# -- tables in one call --------------------------------------------------------------------------


def _check_vocabulary(given: Any, vocab_size: int | None) -> None:
    if given is None or (isinstance(given, str) and not given):
        raise ValueError("`vocabulary_file` must be specified and must not be empty.")
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(f"`vocab_size` must be greater than 0, got {vocab_size}.")


def _check_buckets(count: int) -> None:
    if count < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {count}.")


def _with_buckets(table: Any, count: int, spec: HasherSpec, key_dtype: DType) -> Any:
    if not count:
        return table
    return IdTableWithHashBuckets(table, count, hasher_spec=spec, key_dtype=key_dtype)


@export("contrib.lookup.index_table_from_file")
def index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    key_dtype: Any = string,
    name: str | None = None,
    key_column_index: int = TextFileIndex.WHOLE_LINE,
    value_column_index: int = TextFileIndex.LINE_NUMBER,
    delimiter: str = "\t",
) -> Any:
    """A table from the lines of a file to their numbers.

    Args:
        num_oov_buckets: into how many buckets behind the lines unknown keys fall.
        vocab_size: how many lines the file has.
        default_value: what unknown keys give where there are no buckets.
    """
    _check_vocabulary(vocabulary_file, vocab_size)
    _check_buckets(num_oov_buckets)
    key_dtype = as_dtype(key_dtype)
    if not key_dtype.is_integer and key_dtype != string:
        raise TypeError("Dtype for `keys` should be either integer or string.")
    with scopes.name_scope(name, "string_to_index"):
        with scopes.name_scope(None, "hash_table"):
            init = TextFileIdTableInitializer(
                vocabulary_file,
                vocab_size=vocab_size,
                key_dtype=int64 if key_dtype.is_integer else key_dtype,
                name="table_init",
                key_column_index=key_column_index,
                value_column_index=value_column_index,
                delimiter=delimiter,
            )
            table = StaticHashTable(init, default_value)
        return _with_buckets(table, num_oov_buckets, hasher_spec, key_dtype)


def index_table_from_tensor(
    vocabulary_list: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    dtype: Any = string,
    name: str | None = None,
) -> Any:
    """A table from the elements of a vector to their numbers; see `index_table_from_file`."""
    if vocabulary_list is None:
        raise ValueError("`vocabulary_list` must be specified.")
    _check_buckets(num_oov_buckets)
    dtype = as_dtype(dtype)
    if not dtype.is_integer and dtype != string:
        raise TypeError("`dtype` must either be integer or string.")
    with scopes.name_scope(name, "string_to_index"):
        keys = convert.to_tensor(vocabulary_list)
        if keys.dtype.is_integer != dtype.is_integer or (
            not dtype.is_integer and keys.dtype.base_dtype != dtype
        ):
            raise ValueError(f"Invalid `dtype`: Expected {dtype}, got {keys.dtype}.")
        values = math.cast(array.range_(array.size(keys)), int64)
        with scopes.name_scope(None, "hash_table"):
            keys = math.cast(keys, int64) if keys.dtype.is_integer else keys
            own = keys.dtype.base_dtype
            init = KeyValueTensorInitializer(keys, values, own, int64, name="table_init")
            table = StaticHashTable(init, default_value)
        return _with_buckets(table, num_oov_buckets, hasher_spec, dtype)


@export("contrib.lookup.index_to_string_table_from_file")
def index_to_string_table_from_file(
    vocabulary_file: Any,
    vocab_size: int | None = None,
    default_value: str = "UNK",
    name: str | None = None,
    key_column_index: int = TextFileIndex.LINE_NUMBER,
    value_column_index: int = TextFileIndex.WHOLE_LINE,
    delimiter: str = "\t",
) -> StaticHashTable:
    """A table from numbers to the lines of a file; unknown numbers give `default_value`."""
    _check_vocabulary(vocabulary_file, vocab_size)
    with scopes.name_scope(name, "index_to_string"):
        init = TextFileStringTableInitializer(
            vocabulary_file,
            vocab_size=vocab_size,
            name="table_init",
            key_column_index=key_column_index,
            value_column_index=value_column_index,
            delimiter=delimiter,
        )
        return StaticHashTable(init, default_value)


def index_to_string_table_from_tensor(
    vocabulary_list: Any, default_value: str = "UNK", name: str | None = None
) -> StaticHashTable:
    """A table from numbers to the strings of a vector; unknown numbers give `default_value`."""
    if vocabulary_list is None:
        raise ValueError("`vocabulary_list` argument must be specified.")
    with scopes.name_scope(name, "index_to_string"):
        words = convert.to_tensor(vocabulary_list, string)
        keys = math.cast(array.range_(array.size(words)), int64)
        init = KeyValueTensorInitializer(keys, words, int64, string, name="table_init")
        return StaticHashTable(init, default_value)
