"""Lookup tables that programs change: `MutableHashTable`, `MutableDenseHashTable`."""

from __future__ import annotations

from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.operation import Operation, Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.lookup import LookupInterface, _last
from tf1x.lib.train.saveables import SaveableObject, SaveSpec
from tf1x.ops import lookup


class _Saveable(SaveableObject):
    """A table's keys and values, as a Saver writes them."""

    def __init__(self, table: _MutableTable, name: str) -> None:
        keys, values = table.export()
        specs = [SaveSpec(keys, "", f"{name}-keys"), SaveSpec(values, "", f"{name}-values")]
        super().__init__(table, specs, name)

    def restore(self, restored_tensors: list[Any], restored_shapes: Any) -> Any:
        handle = self.op.resource_handle
        with scopes.name_scope(f"{self.name}_table_restore"), scopes.colocate_with(handle):
            return lookup.LookupTableImportV2(handle, restored_tensors[0], restored_tensors[1])


class _MutableTable(LookupInterface):
    """What both kinds share.

    Args:
        default_value: what unknown keys give; its shape is that of all values.
        checkpoint: whether a Saver of all variables saves the table too.
    """

    def __init__(
        self, key_dtype: Any, value_dtype: Any, default_value: Tensor, name: str, checkpoint: bool
    ) -> None:
        super().__init__(key_dtype, value_dtype)
        self._default_value = default_value
        self._name, self._checkpoint = name, checkpoint
        self.resource_handle: Tensor = self._create_resource()
        self._table_name = _last(self.resource_handle)
        if checkpoint:
            saveable = _Saveable(self, name)
            scopes.get_default_graph().add_to_collection(GraphKeys.SAVEABLE_OBJECTS, saveable)

    def _create_resource(self) -> Tensor:
        raise NotImplementedError

    @property
    def table_ref(self) -> Tensor:
        return self.resource_handle

    def size(self, name: str | None = None) -> Tensor:
        """The number of entries, int64."""
        with (
            scopes.name_scope(name, f"{self.name}_Size", [self.resource_handle]),
            scopes.colocate_with(self.resource_handle),
        ):
            size: Tensor = lookup.LookupTableSizeV2(self.resource_handle)
            return size

    def _find(self, keys: Any, default: Any, name: str | None) -> Tensor:
        with scopes.name_scope(name, f"{self.name}_lookup_table_find", [self.resource_handle]):
            keys = convert.to_tensor(keys, self._key_dtype, name="keys")
            with scopes.colocate_with(self.resource_handle):
                found: Tensor = lookup.LookupTableFindV2(self.resource_handle, keys, default)
                return found

    def insert(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        """An op that sets the values of keys."""
        with scopes.name_scope(name, f"{self.name}_lookup_table_insert", [self.resource_handle]):
            keys = convert.to_tensor(keys, self._key_dtype, name="keys")
            values = convert.to_tensor(values, self._value_dtype, name="values")
            with scopes.colocate_with(self.resource_handle):
                op: Operation = lookup.LookupTableInsertV2(self.resource_handle, keys, values)
                return op

    def remove(self, keys: Any, name: str | None = None) -> Operation:
        """An op that takes keys (a tensor) out; unknown ones do no harm."""
        self._check_keys(keys)
        with scopes.name_scope(name, f"{self.name}_lookup_table_remove", [self.resource_handle]):
            op: Operation = lookup.LookupTableRemoveV2(self.resource_handle, keys)
            return op

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """All keys and all values."""
        with (
            scopes.name_scope(
                name, f"{self.name}_lookup_table_export_values", [self.resource_handle]
            ),
            scopes.colocate_with(self.resource_handle),
        ):
            keys, values = lookup.LookupTableExportV2(
                self.resource_handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype
            )
            return keys, values


@export("contrib.lookup.MutableHashTable", "lookup.experimental.MutableHashTable")
class MutableHashTable(_MutableTable):
    """A table that can change.

    Args:
        default_value: what unknown keys give: a scalar, or a tensor of the values' shape.
        checkpoint: whether a Saver of all variables saves the table too.
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        shared_name: str | None = None,
        name: str = "MutableHashTable",
        checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:
        self._shared_name = shared_name
        default = convert.to_tensor(default_value, value_dtype)
        super().__init__(key_dtype, value_dtype, default, name, checkpoint)

    def _create_resource(self) -> Tensor:
        attrs: dict[str, Any] = {
            "shared_name": self._shared_name or "",
            "use_node_name_sharing": self._checkpoint and self._shared_name is None,
            "key_dtype": self._key_dtype,
            "value_dtype": self._value_dtype,
            "name": self._name,
        }
        shape = self._default_value.shape
        table: Tensor
        if shape.ndims == 0:
            table = lookup.MutableHashTableV2(**attrs)
        else:
            table = lookup.MutableHashTableOfTensorsV2(value_shape=shape, **attrs)
        return table

    def lookup(
        self, keys: Any, dynamic_default_values: Any = None, name: str | None = None
    ) -> Tensor:
        """The values of `keys`; unknown ones give the default, or their own of those given."""
        default = dynamic_default_values
        return self._find(keys, self._default_value if default is None else default, name)


@export("contrib.lookup.MutableDenseHashTable", "lookup.experimental.DenseHashTable")
class MutableDenseHashTable(_MutableTable):
    """A table that can change, with two keys that may not be used.

    Args:
        default_value: what unknown keys give; its shape is that of all values.
        empty_key, deleted_key: the keys that mark free places; their shape is that of all keys.
        initial_num_buckets: kept in the graph.
        checkpoint: whether a Saver of all variables saves the table too.
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        empty_key: Any,
        deleted_key: Any,
        initial_num_buckets: int | None = None,
        shared_name: str | None = None,
        name: str = "MutableDenseHashTable",
        checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:
        self._shared_name = shared_name
        self._marks = empty_key, deleted_key
        self._size = {} if initial_num_buckets is None else {"initial_num_buckets": initial_num_buckets}  # fmt: skip
        default = convert.to_tensor(default_value, value_dtype, name="default_value")
        super().__init__(key_dtype, value_dtype, default, name, checkpoint)

    def _create_resource(self) -> Tensor:
        empty, deleted = (
            convert.to_tensor(mark, self._key_dtype, name=name)
            for mark, name in zip(self._marks, ("empty_key", "deleted_key"), strict=True)
        )
        table: Tensor = lookup.MutableDenseHashTableV2(
            empty,
            deleted,
            shared_name=self._shared_name or "",
            use_node_name_sharing=self._checkpoint and self._shared_name is None,
            value_dtype=self._value_dtype,
            value_shape=self._default_value.shape,
            name=self._name,
            **self._size,
        )
        return table

    def lookup(self, keys: Any, name: str | None = None) -> Tensor:
        """The values of `keys`, the default for unknown ones."""
        return self._find(keys, self._default_value, name)

    def insert_or_assign(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        """As `insert`."""
        return self.insert(keys, values, name)

    def erase(self, keys: Any, name: str | None = None) -> Operation:
        """As `remove`."""
        return self.remove(keys, name)
