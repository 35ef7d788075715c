"""Columns of categories to columns of ids: `tf.contrib.learn.preprocessing.CategoricalProcessor`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from tf1x.lib.contrib.learn.preprocessing.categorical_vocabulary import CategoricalVocabulary


class CategoricalProcessor:
    """Maps each column's categories to ids.

    Args:
        min_frequency: rarer categories get id 0.
        share: one vocabulary for all columns.
        vocabularies: vocabularies to start from, one a column.
    """

    def __init__(
        self, min_frequency: int = 0, share: bool = False, vocabularies: Any = None
    ) -> None:
        self.min_frequency = min_frequency
        self.share = share
        self.vocabularies_: list[CategoricalVocabulary] | None = vocabularies

    def freeze(self, freeze: bool = True) -> None:
        """From now on new categories get id 0."""
        for vocabulary in self.vocabularies_ or ():
            vocabulary.freeze(freeze)

    def _make_vocabularies(self, row: Any) -> list[CategoricalVocabulary]:
        if self.vocabularies_ is None:
            if self.share:
                self.vocabularies_ = [CategoricalVocabulary()] * len(row)
            else:
                self.vocabularies_ = [CategoricalVocabulary() for _ in row]
        return self.vocabularies_

    def fit(self, x: Iterable[Any], unused_y: Any = None) -> CategoricalProcessor:
        """Learn the categories of rows."""
        for row in x:
            for vocabulary, value in zip(self._make_vocabularies(row), row, strict=True):
                if not _missing(value):
                    vocabulary.add(value)
        if self.min_frequency > 0:
            for vocabulary in self.vocabularies_ or ():
                vocabulary.trim(self.min_frequency)
        self.freeze()
        return self

    def fit_transform(self, x: Iterable[Any], unused_y: Any = None) -> Iterator[np.ndarray]:
        """Learn the categories, and yield the ids of each row."""
        first, second = itertools.tee(x)
        self.fit(first)
        return self.transform(second)

    def transform(self, x: Iterable[Any]) -> Iterator[np.ndarray]:
        """Yield the ids of each row, int64; 0 for missing values."""
        self.freeze()
        for row in x:
            vocabularies = self._make_vocabularies(row)
            yield np.array(
                [0 if _missing(v) else vocabularies[i].get(v) for i, v in enumerate(row)], np.int64
            )


def _missing(value: Any) -> bool:
    return value == "" or (isinstance(value, float) and math.isnan(value))
