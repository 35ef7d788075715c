"""`slim.data_decoder`: what decoders of records have in common."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any


class DataDecoder(abc.ABC):
    """Makes items (images, labels, ...) out of a record."""

    @abc.abstractmethod
    def decode(self, data: Any, items: Sequence[str]) -> Any:
        """The tensors of the named items, in their order."""

    @abc.abstractmethod
    def list_items(self) -> Sequence[str]:
        """The names of the items that `decode` knows."""
