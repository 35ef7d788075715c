"""Texts as ids and back, for both levels: tokens with spaces between, or characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from data2vis import source, spec
from data2vis.spec import END, PAD, START

UNKNOWN: Final = "<unknown>"
PAD_ID: Final = spec.IDS[PAD]
START_ID: Final = spec.IDS[START]
END_ID: Final = spec.IDS[END]


@dataclass(frozen=True)
class Vocabulary:
    """The tokens in the order of their ids; the first are those for padding, start and end."""

    tokens: tuple[str, ...]
    delimiter: str = " "

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: i for i, token in enumerate(self.tokens)}

    def ids(self, text: str) -> list[int]:
        """The ids of a text, `<end>` last.

        Raises:
            KeyError: a token that is not in the vocabulary, which has none for the unknown.
        """
        parts: Iterable[str] = text.split() if self.delimiter else text
        unknown = self._ids.get(UNKNOWN)
        if unknown is None:
            return [*(self._ids[part] for part in parts), END_ID]
        return [*(self._ids.get(part, unknown) for part in parts), END_ID]

    def words(self, ids: Sequence[int]) -> list[str]:
        """The tokens up to `<end>`, that one left out."""
        found: list[str] = []
        for i in ids:
            if i == END_ID:
                break
            found.append(self.tokens[i])
        return found

    def text(self, ids: Sequence[int]) -> str:
        """The text of ids, up to `<end>`."""
        return self.delimiter.join(self.words(ids))


SOURCE: Final = Vocabulary(source.VOCABULARY)
TARGET: Final = Vocabulary(spec.VOCABULARY)


def of_characters(texts: Iterable[str]) -> Vocabulary:
    """A vocabulary of the characters that occur, in their order in Unicode."""
    found: set[str] = set()
    for text in texts:
        found.update(text)
    return Vocabulary((PAD, START, END, UNKNOWN, *sorted(found)), delimiter="")
