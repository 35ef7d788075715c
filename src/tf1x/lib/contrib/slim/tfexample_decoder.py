"""`slim.tfexample_decoder`: images, boxes and tensors out of serialized `tf.train.Example`s."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tf1x.core import dtypes
from tf1x.core.sparse_tensor import SparseTensor as _SparseTensor
from tf1x.lib.contrib.slim.data_decoder import DataDecoder
from tf1x.ops.array import expand_dims, reshape, squeeze
from tf1x.ops.array_moves import concat, stack, transpose
from tf1x.ops.control_flow import cond
from tf1x.ops.image_files import decode_image
from tf1x.ops.map_functions import map_fn
from tf1x.ops.math import Equal, LogicalOr, cast
from tf1x.ops.parsing_bytes import decode_raw
from tf1x.ops.parsing_functions import parse_single_example
from tf1x.ops.sparse_functions import sparse_reshape, sparse_tensor_to_dense


class ItemHandler(abc.ABC):
    """Makes one item of the tensors of some keys.

    Args:
        keys: a feature's name, or several.
    """

    def __init__(self, keys: str | Sequence[str]) -> None:
        self._keys = [keys] if isinstance(keys, str) else list(keys)

    @property
    def keys(self) -> list[str]:
        return self._keys

    @abc.abstractmethod
    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        """The item, of the tensors by key."""


class ItemHandlerCallback(ItemHandler):
    """An item that a function makes of the tensors by key."""

    def __init__(self, keys: str | Sequence[str], func: Callable[[Mapping[str, Any]], Any]) -> None:
        super().__init__(keys)
        self._func = func

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        return self._func(keys_to_tensors)


class BoundingBox(ItemHandler):
    """Boxes [number, 4] of four features of corners; by default (ymin, xmin, ymax, xmax).

    Raises:
        ValueError: there are not four keys.
    """

    def __init__(self, keys: Sequence[str] | None = None, prefix: str = "") -> None:
        names = ("ymin", "xmin", "ymax", "xmax") if keys is None else tuple(keys)
        if len(names) != 4:
            raise ValueError(f"BoundingBox expects 4 keys but got {len(names)}")
        super().__init__([prefix + name for name in names])

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        sides = []
        for key in self._keys:
            side = keys_to_tensors[key]
            if isinstance(side, _SparseTensor):
                side = side.values
            sides.append(expand_dims(reshape(side, [-1]), 0))
        return transpose(concat(sides, 0))


class Tensor(ItemHandler):
    """The tensor of one feature; a sparse one becomes dense.

    Args:
        shape_keys: features that hold the shape, together.
        shape: the shape, if it is known.
        default_value: for what a sparse tensor lacks.

    Raises:
        ValueError: both `shape_keys` and `shape` are given.
    """

    def __init__(
        self,
        tensor_key: str,
        shape_keys: str | Sequence[str] | None = None,
        shape: Any = None,
        default_value: Any = 0,
    ) -> None:
        if shape_keys and shape is not None:
            raise ValueError("Cannot specify both shape_keys and shape parameters.")
        self._shape_keys = [shape_keys] if isinstance(shape_keys, str) else list(shape_keys or ())
        self._tensor_key = tensor_key
        self._shape = shape
        self._default_value = default_value
        super().__init__([tensor_key, *self._shape_keys])

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        tensor = keys_to_tensors[self._tensor_key]
        shape = self._shape
        if self._shape_keys:
            parts = [keys_to_tensors[key] for key in self._shape_keys]
            parts = [
                sparse_tensor_to_dense(p) if isinstance(p, _SparseTensor) else p for p in parts
            ]
            shape = cast(reshape(stack(parts), [-1]), dtypes.int32)
        if isinstance(tensor, _SparseTensor):
            if shape is not None:
                tensor = sparse_reshape(tensor, shape)
            return sparse_tensor_to_dense(tensor, self._default_value)
        return tensor if shape is None else reshape(tensor, shape)


class LookupTensor(Tensor):
    """What a table has for the tensor of a feature."""

    def __init__(
        self,
        tensor_key: str,
        table: Any,
        shape_keys: str | Sequence[str] | None = None,
        shape: Any = None,
        default_value: Any = "",
    ) -> None:
        self._table = table
        super().__init__(tensor_key, shape_keys, shape, default_value)

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        return self._table.lookup(super().tensors_to_item(keys_to_tensors))


class BackupHandler(ItemHandler):
    """The item of one handler, or where that has no elements, of another.

    Raises:
        ValueError: one of them is no handler.
    """

    def __init__(self, handler: ItemHandler, backup: ItemHandler) -> None:
        for item in (handler, backup):
            if not isinstance(item, ItemHandler):
                raise ValueError(f"Handler is of type {type(item)} instead of ItemHandler")
        self._handler = handler
        self._backup = backup
        super().__init__(handler.keys + backup.keys)

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        from tf1x.ops.array import size

        item = self._handler.tensors_to_item(keys_to_tensors)
        return cond(
            Equal(x=size(item), y=0),
            lambda: self._backup.tensors_to_item(keys_to_tensors),
            lambda: item,
        )


class SparseTensor(ItemHandler):
    """A sparse tensor of a feature of indices and one of values.

    Args:
        shape_key, shape: its dense shape, from a feature or as numbers.
        densify: give the dense tensor, with `default_value` in the gaps.
    """

    def __init__(
        self,
        indices_key: str | None = None,
        values_key: str | None = None,
        shape_key: str | None = None,
        shape: Any = None,
        densify: bool = False,
        default_value: Any = 0,
    ) -> None:
        self._indices_key = indices_key or "indices"
        self._values_key = values_key or "values"
        self._shape_key = shape_key
        self._shape = shape
        self._densify = densify
        self._default_value = default_value
        keys = [self._indices_key, self._values_key]
        super().__init__(keys + ([shape_key] if shape_key else []))

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        indices, values = keys_to_tensors[self._indices_key], keys_to_tensors[self._values_key]
        shape = keys_to_tensors[self._shape_key] if self._shape_key else self._shape
        places = indices.values if isinstance(indices, _SparseTensor) else indices
        numbers = values.values if isinstance(values, _SparseTensor) else values
        places = cast(places, dtypes.int64)
        if places.shape.ndims == 1:
            places = expand_dims(places, 1)
        found = _SparseTensor(places, numbers, cast(shape, dtypes.int64))
        return sparse_tensor_to_dense(found, self._default_value) if self._densify else found


class Image(ItemHandler):
    """A decoded image [height, width, channels], or with `repeated` several, stacked.

    Args:
        image_key: the feature with the encoded bytes.
        format_key: the feature with the format; "raw" means undecoded values.
        shape: of the result, if all images have the same.
        channels: 0 (as the file has), 1, 3 or 4.
        dtype: of the result; the values are not scaled.
        dct_method: accepted.
    """

    def __init__(
        self,
        image_key: str | None = None,
        format_key: str | None = None,
        shape: Any = None,
        channels: int = 3,
        dtype: Any = dtypes.uint8,
        repeated: bool = False,
        dct_method: str = "",
    ) -> None:
        self._image_key = image_key or "image/encoded"
        self._format_key = format_key or "image/format"
        self._shape = shape
        self._channels = channels
        self._dtype = dtypes.as_dtype(dtype)
        self._repeated = repeated
        super().__init__([self._image_key, self._format_key])

    def tensors_to_item(self, keys_to_tensors: Mapping[str, Any]) -> Any:
        encoded, kind = keys_to_tensors[self._image_key], keys_to_tensors[self._format_key]
        if isinstance(encoded, _SparseTensor):
            encoded = sparse_tensor_to_dense(encoded, "")
        if not self._repeated:
            return self._decode(encoded, kind)
        return map_fn(lambda x: self._decode(x, kind), encoded, dtype=self._dtype)

    def _decode(self, encoded: Any, kind: Any) -> Any:
        if encoded.shape.ndims == 1:
            encoded = squeeze(encoded)
        image = cond(
            reshape(LogicalOr(x=Equal(x=kind, y="raw"), y=Equal(x=kind, y="RAW")), []),
            lambda: decode_raw(encoded, out_type=self._dtype),
            lambda: cast(decode_image(encoded, channels=self._channels), self._dtype),
        )
        if self._shape is not None:
            return reshape(image, self._shape)
        image.set_shape([None, None, self._channels or None])
        return image


class TFExampleDecoder(DataDecoder):
    """Parses an `Example` and hands the features to handlers.

    Args:
        keys_to_features: as `tf.parse_single_example` takes them.
        items_to_handlers: for each item its `ItemHandler`.
    """

    def __init__(
        self, keys_to_features: Mapping[str, Any], items_to_handlers: Mapping[str, ItemHandler]
    ) -> None:
        self._keys_to_features = keys_to_features
        self._items_to_handlers = items_to_handlers

    def list_items(self) -> list[str]:
        return list(self._items_to_handlers)

    def decode(self, serialized_example: Any, items: Sequence[str] | None = None) -> list[Any]:
        """The items (by default all) of a serialized example."""
        example = parse_single_example(serialized_example, self._keys_to_features)
        for key in sorted(self._keys_to_features):
            feature = self._keys_to_features[key]
            shape = getattr(feature, "shape", None)
            if shape is not None and type(feature).__name__ == "FixedLenFeature":
                example[key] = reshape(example[key], shape)
        return [self._decode_item(item, example) for item in items or self._items_to_handlers]

    def _decode_item(self, item: str, example: Mapping[str, Any]) -> Any:
        handler = self._items_to_handlers[item]
        return handler.tensors_to_item({key: example[key] for key in handler.keys})
