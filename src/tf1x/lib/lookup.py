"""Lookup tables filled once: `tf.lookup.StaticHashTable`, initialisers, `tf.tables_initializer`."""

from __future__ import annotations

import uuid
from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype, int64, string
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.variables import init_scope
from tf1x.ops import lookup
from tf1x.ops.grouping import group, no_op

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
