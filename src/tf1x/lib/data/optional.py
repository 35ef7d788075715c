"""`tf.data.experimental.Optional`: an element that may be missing."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.operation import Tensor
from tf1x.lib.data import structure
from tf1x.ops import dataset_iterator as ops


class Optional:
    """An element, or nothing."""

    def __init__(self, variant_tensor: Tensor, spec: Any) -> None:
        self._variant_tensor, self._optional_element = variant_tensor, spec

    @staticmethod
    def from_value(value: Any) -> Optional:
        """One that holds `value`, a nest of tensors."""
        with scopes.name_scope(None, "optional"):
            element = structure.normalized(value)
        spec = structure.spec_of(element)
        return Optional(ops.OptionalFromValue(structure.to_tensors(spec, element)), spec)

    @staticmethod
    def none_from_structure(value_structure: Any) -> Optional:
        """One that holds nothing."""
        return Optional(ops.OptionalNone(), value_structure)

    def has_value(self, name: str | None = None) -> Tensor:
        """A bool scalar: whether there is an element."""
        found: Tensor = ops.OptionalHasValue(self._variant_tensor, name=name)
        return found

    def get_value(self, name: str | None = None) -> Any:
        """The element; InvalidArgumentError where there is none."""
        spec = self._optional_element
        with scopes.name_scope(name, "OptionalGetValue", [self._variant_tensor]) as scope:
            tensors = ops.OptionalGetValue(
                self._variant_tensor,
                output_types=structure.flat_types(spec),
                output_shapes=structure.flat_shapes(spec),
                name=scope,
            )
        return structure.from_tensors(spec, tensors)

    @property
    def value_structure(self) -> Any:
        return self._optional_element


def get_next_as_optional(iterator: Any) -> Optional:
    """The iterator's next element, or nothing at its end, where `get_next` would raise."""
    spec = iterator._spec
    with scopes.colocate_with(iterator._iterator_resource.op):
        made = ops.IteratorGetNextAsOptional(
            iterator._iterator_resource,
            output_types=structure.flat_types(spec),
            output_shapes=structure.flat_shapes(spec),
        )
    return Optional(made, spec)
