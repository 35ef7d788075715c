"""What elements of a dataset look like: nests of tensors, sparse tensors and datasets.

Tuples, named tuples and dicts are structure; a list is a leaf, one tensor. In the graph an element
is a flat list of tensors; a sparse tensor or a dataset in it is one tensor of type variant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tf1x.core import convert, nest, opdef, scopes
from tf1x.core.dtypes import DType, as_dtype, variant
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.core.sparse_tensor import SparseTensor, is_sparse, parts, to_sparse

# -- nests ---------------------------------------------------------------------------------------


def is_structure(value: Any) -> bool:
    return isinstance(value, (tuple, Mapping)) and not is_sparse(value)


def _items(value: Any) -> list[Any]:
    return [value[k] for k in sorted(value)] if isinstance(value, Mapping) else list(value)


def flatten(structure: Any) -> list[Any]:
    """The leaves; those of dicts by sorted key."""
    if not is_structure(structure):
        return [structure]
    return [leaf for item in _items(structure) for leaf in flatten(item)]


def pack(structure: Any, leaves: Any) -> Any:
    """`leaves` in the form of `structure`."""
    left = iter(leaves)

    def build(part: Any) -> Any:
        if not is_structure(part):
            return next(left)
        items = [build(item) for item in _items(part)]
        rebuilt: Any = nest._rebuild(part, items)
        return rebuilt

    return build(structure)


def map_leaves(function: Callable[..., Any], *structures: Any) -> Any:
    """`function` of the leaves of structures of one form.

    Raises:
        ValueError, TypeError: the structures differ.
    """
    for other in structures[1:]:
        assert_same(structures[0], other)
    flat = zip(*(flatten(s) for s in structures), strict=True)
    return pack(structures[0], [function(*leaves) for leaves in flat])


def assert_same(one: Any, other: Any) -> None:
    """Raise ValueError or TypeError unless both have the same form."""
    if is_structure(one) != is_structure(other):
        raise ValueError(
            f"The two structures don't have the same nested structure: {one!r} and {other!r}."
        )
    if not is_structure(one):
        return
    if isinstance(one, Mapping) != isinstance(other, Mapping):
        raise TypeError(
            f"The two structures don't have the same sequence type: {type(one)} and {type(other)}."
        )
    if isinstance(one, Mapping) and set(one) != set(other):
        raise ValueError(
            f"The two dictionaries don't have the same set of keys: {sorted(one)}, {sorted(other)}."
        )
    if len(one) != len(other):
        raise ValueError(
            "The two structures don't have the same number of elements: "
            f"{len(one)} and {len(other)}."
        )
    for a, b in zip(_items(one), _items(other), strict=True):
        assert_same(a, b)


# -- leaves --------------------------------------------------------------------------------------


class Spec:
    """What is known of one leaf: a tensor.

    Attributes:
        dtype, shape: of the leaf.
        kind: its class.
    """

    kind: type = Tensor

    def __init__(self, dtype: Any, shape: Any) -> None:
        self.dtype: DType = as_dtype(dtype).base_dtype
        self.shape: TensorShape = as_shape(shape)

    @property
    def flat(self) -> tuple[DType, TensorShape]:
        """Type and shape of the tensor that stands for it."""
        return self.dtype, self.shape

    def to_tensor(self, value: Any) -> Tensor:
        """The tensor that stands for a leaf."""
        return value  # type: ignore[no-any-return]

    def to_rows(self, value: Any) -> Tensor:
        """The tensor whose rows stand for leaves."""
        return value  # type: ignore[no-any-return]

    def from_tensor(self, tensor: Tensor) -> Any:
        """The leaf that a tensor stands for."""
        tensor.set_shape(self.shape)
        return tensor

    def with_shape(self, shape: Any) -> Spec:
        return type(self)(self.dtype, shape)

    def batched(self, size: int | None) -> Spec:
        """With one more dimension in front."""
        return self.with_shape(TensorShape.of((size,)).concatenate(self.shape))

    def unbatched(self) -> Spec:
        """Without the first dimension."""
        return self.with_shape(self.shape[1:] if self.shape.ndims is not None else None)

    def common(self, other: Spec) -> Spec:
        """What holds for both.

        Raises:
            TypeError: they are of different classes or types.
        """
        if self.kind is not other.kind or self.dtype is not other.dtype:
            raise TypeError(f"{self} and {other} are incompatible.")
        return self.with_shape(common_shape(self.shape, other.shape))

    def __repr__(self) -> str:
        return f"{self.kind.__name__}({self.dtype.name}, {self.shape})"


class SparseSpec(Spec):
    """A sparse tensor."""

    kind = SparseTensor

    @property
    def flat(self) -> tuple[DType, TensorShape]:
        return variant, TensorShape.of(None)

    def to_tensor(self, value: Any) -> Tensor:
        made: Tensor = opdef.get("SerializeSparse").endpoint(*parts(value), out_type=variant)
        return made

    def to_rows(self, value: Any) -> Tensor:
        made: Tensor = opdef.get("SerializeManySparse").endpoint(*parts(value), out_type=variant)
        return made

    def from_tensor(self, tensor: Tensor) -> SparseTensor:
        node = opdef.get("DeserializeSparse").endpoint
        indices, values, shape = node(tensor, dtype=self.dtype)
        rank = self.shape.ndims
        indices.set_shape([None, rank])
        values.set_shape([None])
        shape.set_shape([rank])
        made = SparseTensor(indices, values, shape)
        made.set_shape(self.shape)
        return made


def common_shape(a: TensorShape, b: TensorShape) -> TensorShape:
    """The most specific shape that both fit."""
    if a.tuple is None or b.tuple is None or len(a.tuple) != len(b.tuple):
        return TensorShape.of(None)
    return TensorShape.of(tuple(m if m == n else None for m, n in zip(a.tuple, b.tuple)))


class DatasetSpec(Spec):
    """A dataset as an element of another (`window`, `group_by_window`)."""

    def __init__(self, element: Any) -> None:
        super().__init__(variant, ())
        self.element = element

    @property
    def kind(self) -> type:  # type: ignore[override]
        from tf1x.lib.data.dataset import Dataset

        return Dataset

    def to_tensor(self, value: Any) -> Tensor:
        return value._variant_tensor  # type: ignore[no-any-return]

    def from_tensor(self, tensor: Tensor) -> Any:
        from tf1x.lib.data.dataset import Dataset

        return Dataset(tensor, self.element)

    def with_shape(self, shape: Any) -> Spec:
        return self

    def common(self, other: Spec) -> Spec:
        if not isinstance(other, DatasetSpec):
            raise TypeError(f"{self} and {other} are incompatible.")
        return DatasetSpec(map_leaves(Spec.common, self.element, other.element))

    def __repr__(self) -> str:
        return f"Dataset({self.element!r})"


class OptionalSpec(Spec):
    """An element that may be missing (`get_next_as_optional`)."""

    def __init__(self, element: Any) -> None:
        super().__init__(variant, ())
        self.element = element

    @property
    def kind(self) -> type:  # type: ignore[override]
        from tf1x.lib.data.optional import Optional

        return Optional

    def to_tensor(self, value: Any) -> Tensor:
        return value._variant_tensor  # type: ignore[no-any-return]

    def from_tensor(self, tensor: Tensor) -> Any:
        from tf1x.lib.data.optional import Optional

        return Optional(tensor, self.element)

    def with_shape(self, shape: Any) -> Spec:
        return self


# -- elements ------------------------------------------------------------------------------------


def spec_of(element: Any) -> Any:
    """The specs of an element's leaves."""
    return pack(element, [_leaf_spec(leaf) for leaf in flatten(element)])


def _leaf_spec(leaf: Any) -> Spec:
    from tf1x.lib.data.dataset import Dataset

    if isinstance(leaf, SparseTensor):
        return SparseSpec(leaf.dtype, leaf.shape)
    if isinstance(leaf, Dataset):
        return DatasetSpec(leaf._spec)
    if hasattr(leaf, "_optional_element"):
        return OptionalSpec(leaf._optional_element)
    return Spec(leaf.dtype, leaf.shape)


def converted(element: Any, name: str | None = None) -> Any:
    """An element whose leaves are tensors, sparse tensors or datasets."""
    from tf1x.lib.data.dataset import Dataset

    def convert_leaf(index: int, leaf: Any) -> Any:
        if is_sparse(leaf):
            return to_sparse(leaf)
        if isinstance(leaf, Dataset) or hasattr(leaf, "_optional_element"):
            return leaf
        label = f"{name}_{index}" if name else None
        tensor = convert.to_tensor(leaf, name=label)
        if tensor.dtype._is_ref_dtype:
            tensor = opdef.get("Identity").endpoint(tensor)
        return tensor

    return pack(element, [convert_leaf(i, leaf) for i, leaf in enumerate(flatten(element))])


def normalized(element: Any) -> Any:
    """As `converted`, under the names that TensorFlow gives an element's constants."""
    with scopes.name_scope(None, "normalize_element"):
        return converted(element, "component")


def to_tensors(spec: Any, element: Any) -> list[Tensor]:
    """The flat tensors that stand for an element."""
    pairs = zip(flatten(spec), flatten(element), strict=True)
    return [leaf.to_tensor(value) for leaf, value in pairs]


def row_tensors(spec: Any, element: Any) -> list[Tensor]:
    """The flat tensors whose rows stand for elements."""
    pairs = zip(flatten(spec), flatten(element), strict=True)
    return [leaf.to_rows(value) for leaf, value in pairs]


def from_tensors(spec: Any, tensors: Any) -> Any:
    """The element that flat tensors stand for."""
    pairs = zip(flatten(spec), tensors, strict=True)
    return pack(spec, [leaf.from_tensor(tensor) for leaf, tensor in pairs])


def flat_types(spec: Any) -> list[DType]:
    return [leaf.flat[0] for leaf in flatten(spec)]


def flat_shapes(spec: Any) -> list[TensorShape]:
    return [leaf.flat[1] for leaf in flatten(spec)]


def types_of(spec: Any) -> Any:
    return map_leaves(lambda leaf: types_of(leaf.element) if isinstance(leaf, DatasetSpec) else leaf.dtype, spec)  # fmt: skip


def shapes_of(spec: Any) -> Any:
    return map_leaves(lambda leaf: shapes_of(leaf.element) if isinstance(leaf, DatasetSpec) else leaf.shape, spec)  # fmt: skip


def classes_of(spec: Any) -> Any:
    return map_leaves(lambda leaf: leaf.kind, spec)


def spec_from(types: Any, shapes: Any = None, classes: Any = None) -> Any:
    """Specs from nests of types, shapes and classes.

    Raises:
        TypeError, ValueError: the nests differ.
    """
    flat = [as_dtype(t) for t in flatten(types)]
    if shapes is None:
        sizes: list[Any] = [None] * len(flat)
    else:
        sizes = leaves_like(types, shapes)
    kinds = [Tensor] * len(flat) if classes is None else flatten(classes)
    leaves = [
        (SparseSpec if kind is SparseTensor else Spec)(t, s)
        for t, s, kind in zip(flat, sizes, kinds, strict=True)
    ]
    return pack(types, leaves)


def leaves_like(spec: Any, shapes: Any) -> list[Any]:
    """The shapes in the places of the leaves of `spec`; a tuple of numbers there is a shape.

    Raises:
        TypeError, ValueError: the nests differ.
    """
    if not is_structure(spec):
        return [shapes]
    if not is_structure(shapes) or isinstance(spec, Mapping) != isinstance(shapes, Mapping):
        raise TypeError(
            f"The shapes {shapes!r} do not have the structure of the elements: {spec!r}."
        )
    if len(shapes) != len(spec):
        raise ValueError(f"The shapes {shapes!r} do not have the structure of the elements: {spec!r}.")  # fmt: skip
    pairs = zip(_items(spec), _items(shapes), strict=True)
    return [leaf for part, shape in pairs for leaf in leaves_like(part, shape)]
