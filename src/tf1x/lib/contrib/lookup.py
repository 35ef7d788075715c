"""`tf.contrib.lookup`: the older forms of the tables of `tf.lookup`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import string
from tf1x.core.operation import Tensor
from tf1x.lib import vocabulary
from tf1x.lib.lookup import StaticHashTable, TableInitializerBase
from tf1x.lib.vocabulary import FastHashSpec, HasherSpec


@export("contrib.lookup.HashTable")
class HashTable(StaticHashTable):
    """A table filled once, by an initialiser.

    Args:
        initializer: says which entries.
        default_value: what unknown keys give.
        shared_name: tables of one session with the same are one.
    """

    def __init__(
        self,
        initializer: TableInitializerBase,
        default_value: Any,
        shared_name: str | None = None,
        name: str | None = None,
    ) -> None:
        self._shared_name = shared_name or ""
        self._name = name or "hash_table"
        super(StaticHashTable, self).__init__(default_value, initializer)


@export("contrib.lookup.index_table_from_tensor")
def index_table_from_tensor(
    mapping: Any = None,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    dtype: Any = string,
    name: str | None = None,
    vocabulary_list: Any = None,
) -> Any:
    """A table from the elements of a vector to their numbers.

    Args:
        mapping: the vector, of strings or ints.
        num_oov_buckets: into how many buckets behind them unknown keys fall.
        default_value: what unknown keys give where there are no buckets.
        dtype: of the keys that are looked up.
    """
    mapping = vocabulary_list if mapping is None else mapping
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return vocabulary.index_table_from_tensor(
        mapping, num_oov_buckets, default_value, hasher_spec, dtype, name
    )


@export("contrib.lookup.index_to_string_table_from_tensor")
def index_to_string_table_from_tensor(
    mapping: Any = None,
    default_value: str = "UNK",
    name: str | None = None,
    vocabulary_list: Any = None,
) -> StaticHashTable:
    """A table from numbers to the strings of a vector; unknown numbers give `default_value`."""
    mapping = vocabulary_list if mapping is None else mapping
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return vocabulary.index_to_string_table_from_tensor(mapping, default_value, name)


@export("contrib.lookup.string_to_index_table_from_file")
def string_to_index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    name: str | None = None,
) -> Any:
    """As `index_table_from_file`."""
    return vocabulary.index_table_from_file(
        vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec, name=name
    )


@export("contrib.lookup.string_to_index_table_from_tensor")
def string_to_index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    name: str | None = None,
) -> Any:
    """As `index_table_from_tensor`, of strings.

    Raises:
        ValueError: `mapping` is not of strings.
    """
    with scopes.name_scope(name, "string_to_index") as scope:
        mapping = convert.to_tensor(mapping)
    if mapping.dtype.base_dtype != string:
        raise ValueError("string_to_index_table_from_tensor requires string.")
    return index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec, name=scope)


@export("contrib.lookup.string_to_index")
def string_to_index(
    tensor: Any, mapping: Any, default_value: int = -1, name: str | None = None
) -> Any:
    """The numbers that the strings of `tensor` have in `mapping`, `default_value` for unknown ones."""
    table = index_table_from_tensor(mapping, default_value=default_value, name=name)
    return table.lookup(convert.to_tensor(tensor))


@export("contrib.lookup.index_to_string")
def index_to_string(
    tensor: Any, mapping: Any, default_value: str = "UNK", name: str | None = None
) -> Tensor:
    """The strings of `mapping` with the numbers of `tensor` (int64)."""
    table = index_to_string_table_from_tensor(mapping, default_value, name)
    result: Tensor = table.lookup(convert.to_tensor(tensor))
    return result
