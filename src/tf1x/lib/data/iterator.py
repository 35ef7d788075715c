"""`tf.data.Iterator`."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import string
from tf1x.core.operation import Operation, Tensor
from tf1x.lib.data import structure
from tf1x.ops import dataset_iterator as ops


class Iterator:
    """Gives the elements of a dataset, one a run of `get_next()`.

    It is made by a dataset's `make_one_shot_iterator` or `make_initializable_iterator`, or by
    `from_structure` and `from_string_handle`.
    """

    def __init__(self, resource: Tensor, initializer: Operation | None, spec: Any) -> None:
        self._iterator_resource = resource
        self._initializer = initializer
        self._spec = spec
        self._string_handle = ops.IteratorToStringHandle(resource)

    @staticmethod
    def from_structure(
        output_types: Any,
        output_shapes: Any = None,
        shared_name: str | None = None,
        output_classes: Any = None,
    ) -> Iterator:
        """An iterator that `make_initializer(dataset)` gives its dataset, now and again another.

        Args:
            output_types, output_shapes, output_classes: nests: what the elements will be.
            shared_name: sessions share nothing, so it only names the iterator.
        """
        spec = structure.spec_from(output_types, output_shapes, output_classes)
        return Iterator(_resource(spec, shared_name), None, spec)

    @staticmethod
    def from_string_handle(
        string_handle: Any,
        output_types: Any,
        output_shapes: Any = None,
        output_classes: Any = None,
    ) -> Iterator:
        """The iterator that a string names (the value of its `string_handle()`)."""
        spec = structure.spec_from(output_types, output_shapes, output_classes)
        resource = ops.IteratorFromStringHandleV2(
            convert.to_tensor(string_handle, string),
            output_types=structure.flat_types(spec),
            output_shapes=structure.flat_shapes(spec),
        )
        return Iterator(resource, None, spec)

    @property
    def initializer(self) -> Operation:
        """The op that makes the iterator begin (again) at the first element.

        Raises:
            ValueError: the iterator has none.
        """
        if self._initializer is None:
            raise ValueError("The iterator does not have an initializer.")
        return self._initializer

    def make_initializer(self, dataset: Any, name: str | None = None) -> Operation:
        """An op that makes the iterator begin at the first element of `dataset`.

        Raises:
            TypeError, ValueError: its elements are not those that the iterator was made for.
        """
        with scopes.name_scope(name, "make_initializer") as scope:
            _check_fits(dataset._spec, self._spec)
            with scopes.colocate_with(self._iterator_resource.op):
                made: Operation = ops.MakeIterator(
                    dataset._variant_tensor, self._iterator_resource, name=scope
                )
        return made

    def get_next(self, name: str | None = None) -> Any:
        """The next element, a nest of tensors; after the last, runs raise OutOfRangeError.

        Every run that needs it takes one element. Call this once, not in the training loop: each
        call adds to the graph.
        """
        with scopes.colocate_with(self._iterator_resource.op):
            tensors = ops.IteratorGetNext(
                self._iterator_resource,
                output_types=structure.flat_types(self._spec),
                output_shapes=structure.flat_shapes(self._spec),
                name=name,
            )
            return structure.from_tensors(self._spec, tensors)

    def string_handle(self, name: str | None = None) -> Tensor:
        """A string scalar that names the iterator, to be fed to `from_string_handle`."""
        if name is None:
            return self._string_handle  # type: ignore[no-any-return]
        return ops.IteratorToStringHandle(self._iterator_resource, name=name)  # type: ignore[no-any-return]

    @property
    def output_types(self) -> Any:
        return structure.types_of(self._spec)

    @property
    def output_shapes(self) -> Any:
        return structure.shapes_of(self._spec)

    @property
    def output_classes(self) -> Any:
        return structure.classes_of(self._spec)

    @property
    def element_spec(self) -> Any:
        return self._spec


def _resource(spec: Any, shared_name: str | None = None) -> Tensor:
    made: Tensor = ops.IteratorV2(
        container="",
        shared_name=shared_name or "",
        output_types=structure.flat_types(spec),
        output_shapes=structure.flat_shapes(spec),
    )
    return made


def initializable(dataset: Any, shared_name: str | None = None) -> Iterator:
    """An iterator over a dataset that `iterator.initializer` starts."""
    with scopes.colocate_with(dataset._variant_tensor.op):
        resource = _resource(dataset._spec, shared_name)
        initializer = ops.MakeIterator(dataset._variant_tensor, resource)
        return Iterator(resource, initializer, dataset._spec)


def one_shot(dataset: Any) -> Iterator:
    """An iterator over a dataset that needs no initialisation."""
    from tf1x.core.func_graph import FuncAttr
    from tf1x.core.random_seed import get_seed
    from tf1x.lib.data.functions import by_value

    get_seed(None)  # TensorFlow takes one here, so later ops have the seeds that they have there
    tensor = dataset._variant_tensor
    try:
        factory = by_value(tensor, "_make_dataset")
    except ValueError as error:
        if "Cannot capture a stateful node" in str(error):
            raise ValueError(
                f"{error} Failed to create a one-shot iterator for a dataset. "
                "`Dataset.make_one_shot_iterator()` does not support datasets that capture "
                "stateful objects, such as a `Variable` or `LookupTable`. In these cases, use "
                "`Dataset.make_initializable_iterator()`."
            ) from None
        raise
    with scopes.colocate_with(tensor.op):
        resource = ops.OneShotIterator(
            dataset_factory=FuncAttr(factory.name),
            output_types=structure.flat_types(dataset._spec),
            output_shapes=structure.flat_shapes(dataset._spec),
        )
        return Iterator(resource, None, dataset._spec)


def _check_fits(given: Any, wanted: Any) -> None:
    structure.assert_same(wanted, given)
    for have, want in zip(structure.flatten(given), structure.flatten(wanted), strict=True):
        if have.kind is not want.kind:
            raise TypeError(
                f"Expected output classes {want.kind!r} but got dataset with {have.kind!r}."
            )
        if have.dtype is not want.dtype:
            raise TypeError(
                f"Expected output types {want.dtype!r} but got dataset with output types {have.dtype!r}."
            )
        if not _is_more_specific(have.shape, want.shape):
            raise TypeError(
                f"Expected output shapes compatible with {want.shape!r} but got dataset with "
                f"output shapes {have.shape!r}."
            )


def _is_more_specific(have: Any, want: Any) -> bool:
    if want.ndims is None:
        return True
    if have.ndims != want.ndims:
        return False
    return all(w is None or h == w for h, w in zip(have.tuple, want.tuple, strict=True))
