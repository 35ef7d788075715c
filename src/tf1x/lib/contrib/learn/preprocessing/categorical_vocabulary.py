"""Categories to ids and back: `tf.contrib.learn.preprocessing.CategoricalVocabulary`."""

from __future__ import annotations

import collections
from typing import Any


class CategoricalVocabulary:
    """Gives each new category the next id; 0 is for unknown ones.

    Args:
        unknown_token: the category of id 0.
        support_reverse: keep the categories by id, for `reverse`.
    """

    def __init__(self, unknown_token: Any = "<UNK>", support_reverse: bool = True) -> None:
        self._unknown_token = unknown_token
        self._mapping: dict[Any, int] = {unknown_token: 0}
        self._support_reverse = support_reverse
        self._reverse_mapping = [unknown_token] if support_reverse else []
        self._freq: dict[Any, int] = collections.defaultdict(int)
        self._freeze = False

    def __len__(self) -> int:
        return len(self._mapping)

    def freeze(self, freeze: bool = True) -> None:
        """From now on new categories are unknown (or, if false, no longer)."""
        self._freeze = freeze

    def get(self, category: Any) -> int:
        """The id of a category; a new one gets the next, unless frozen."""
        if category not in self._mapping:
            if self._freeze:
                return 0
            self._mapping[category] = len(self._mapping)
            if self._support_reverse:
                self._reverse_mapping.append(category)
        return self._mapping[category]

    def add(self, category: Any, count: int = 1) -> None:
        """Count a category."""
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency: int, max_frequency: int = -1) -> None:
        """Forget categories counted `min_frequency` times or less, or `max_frequency` or more.

        Ids are given anew, by falling frequency, then by name.
        """
        by_name = sorted(self._freq.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        by_count = sorted(by_name, key=lambda item: item[1], reverse=True)
        kept = {
            category: count
            for category, count in by_count
            if count > min_frequency and not 0 < max_frequency <= count
        }
        self._freq = collections.defaultdict(int, kept)
        self._mapping = {self._unknown_token: 0}
        self._mapping.update({category: i for i, category in enumerate(kept, 1)})
        if self._support_reverse:
            self._reverse_mapping = list(self._mapping)

    def reverse(self, class_id: int) -> Any:
        """The category of an id.

        Raises:
            ValueError: the categories are not kept by id.
        """
        if not self._support_reverse:
            raise ValueError(
                "This vocabulary wasn't initialized with support_reverse to support reverse() function."
            )
        return self._reverse_mapping[class_id]
