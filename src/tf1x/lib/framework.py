"""The public names of the core: `tf.Graph`, `tf.float32`, `tf.name_scope`, `tf.errors`, ..."""

from __future__ import annotations

from collections import namedtuple
from types import ModuleType

from tf1x.api import define
from tf1x.core import (
    convert,
    dtypes,
    errors,
    graph,
    graph_import,
    graphdef,
    indexed_slices,
    nest,
    scopes,
    shapes,
    sparse_tensor,
    static,
)
from tf1x.runtime import feeds, fetches, session

IndexedSlicesValue = namedtuple("IndexedSlicesValue", ["values", "indices", "dense_shape"])


def _parts(slices: indexed_slices.IndexedSlices) -> list[graph.Tensor]:
    return [t for t in (slices.values, slices.indices, slices.dense_shape) if t is not None]


def _slices_value(slices: indexed_slices.IndexedSlices, values: list[object]) -> IndexedSlicesValue:
    return IndexedSlicesValue(*values, *([None] if slices.dense_shape is None else []))


fetches.register_fetch_conversion(indexed_slices.IndexedSlices, _parts, _slices_value)
feeds.register_feed_conversion(
    indexed_slices.IndexedSlices, _parts, lambda slices, value: list(value)[: len(_parts(slices))]
)
fetches.register_fetch_conversion(
    sparse_tensor.SparseTensor,
    sparse_tensor.parts,
    lambda sparse, values: sparse_tensor.SparseTensorValue(*values),
)
feeds.register_feed_conversion(
    sparse_tensor.SparseTensor, sparse_tensor.parts, lambda sparse, value: list(value)
)


def _define_all() -> None:
    for dtype in dtypes._BY_NAME.values():
        if not dtype._is_ref_dtype:
            define(dtype, dtype.name if dtype is not dtypes.bool_ else "bool")
    for alias, dtype in (("half", dtypes.float16), ("double", dtypes.float64)):
        define(dtype, alias)
    for item in (graph.Graph, graph.Operation, graph.Tensor, dtypes.DType):
        define(item, item.__name__)
    for item in (
        shapes.TensorShape,
        shapes.Dimension,
        indexed_slices.IndexedSlices,
        scopes.GraphKeys,
    ):
        define(item, item.__name__)
    for item in (session.Session, session.InteractiveSession):
        define(item, item.__name__)
    for function in (
        scopes.get_default_graph, scopes.reset_default_graph, scopes.get_default_session,
        scopes.name_scope, scopes.control_dependencies, scopes.device, scopes.colocate_with,
        scopes.container, scopes.add_to_collection, scopes.add_to_collections,
        scopes.get_collection, scopes.get_collection_ref, dtypes.as_dtype,
        convert.register_tensor_conversion_function, graph_import.import_graph_def,
        graphdef.make_tensor_proto, graphdef.make_ndarray,
    ):  # fmt: skip
        define(function, function.__name__)
    define(IndexedSlicesValue, "IndexedSlicesValue")
    define(convert.to_tensor, "convert_to_tensor")
    define(static.constant_value, "contrib.util.constant_value")
    _define_members(errors, "errors")
    _define_members(nest, "nest", "contrib.framework.nest")


def _define_members(module: ModuleType, *prefixes: str) -> None:
    for name, item in vars(module).items():
        own = getattr(item, "__module__", module.__name__) == module.__name__
        if not name.startswith("_") and own and (callable(item) or isinstance(item, int)):
            define(item, *(f"{prefix}.{name}" for prefix in prefixes))


_define_all()
