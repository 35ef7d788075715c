"""Going through a dataset while TensorFlow executes eagerly."""

from __future__ import annotations

from typing import Any

from tf1x.core import scopes
from tf1x.core.errors import OutOfRangeError
from tf1x.lib.data import iterator
from tf1x.ops import dataset_iterator as ops


class EagerIterator(iterator.Iterator):
    """The elements of a dataset as values (`tfe.Iterator`): `for element in iterator`.

    Raises:
        RuntimeError: TensorFlow does not execute eagerly.
    """

    def __init__(self, dataset: Any) -> None:
        if not scopes.executing_eagerly():
            raise RuntimeError(
                "Iterator.__init__() objects can only be used when eager execution is enabled, use "
                "tf.data.Dataset.make_initializable_iterator or "
                "tf.data.Dataset.make_one_shot_iterator for graph construction"
            )
        resource = iterator._resource(dataset._spec)
        ops.MakeIterator(dataset._variant_tensor, resource)
        super().__init__(resource, None, dataset._spec)

    def __iter__(self) -> EagerIterator:
        return self

    def __next__(self) -> Any:
        try:
            return self.get_next()
        except OutOfRangeError:
            raise StopIteration from None

    def next(self) -> Any:
        """The next element; StopIteration after the last."""
        return self.__next__()
