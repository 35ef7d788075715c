"""Ids of words: tables with buckets for unknown words, and tables in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType, as_dtype, int64, string
from tf1x.core.operation import Operation, Tensor
from tf1x.core.sparse_tensor import SparseTensor
from tf1x.lib.lookup import (
    KeyValueTensorInitializer,
    LookupInterface,
    StaticHashTable,
    TableInitializerBase,
    TextFileIdTableInitializer,
    TextFileIndex,
    TextFileStringTableInitializer,
)
from tf1x.ops import array, array_select, math
from tf1x.ops import strings_hash as hashes
from tf1x.ops.grouping import no_op
from tf1x.ops.math_functions import add
from tf1x.ops.strings_numbers import AsString


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
