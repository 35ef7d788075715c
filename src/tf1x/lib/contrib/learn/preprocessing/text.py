"""Texts to sequences of word ids or bytes: `tf.contrib.learn.preprocessing.VocabularyProcessor`."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tf1x.core.errors import DataLossError
from tf1x.core.files import local_path, replacing
from tf1x.lib.contrib.learn.preprocessing.categorical_vocabulary import CategoricalVocabulary

# Words in capitals, the words of CamelCase, and runs of letters, digits, "'" and "-".
TOKENIZER_RE = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)


def tokenizer(iterator: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of each text."""
    for text in iterator:
        yield TOKENIZER_RE.findall(text)


class ByteProcessor:
    """Maps texts to their UTF-8 bytes, cut or filled with 0 to `max_document_length`."""

    def __init__(self, max_document_length: int) -> None:
        self.max_document_length = max_document_length

    def fit(self, x: Iterable[Any]) -> ByteProcessor:
        """There is nothing to learn."""
        return self

    def fit_transform(self, x: Iterable[Any]) -> Iterator[np.ndarray]:
        return self.transform(x)

    def transform(self, x: Iterable[Any]) -> Iterator[np.ndarray]:
        """Yield the bytes of each text, uint8 [max_document_length]."""
        for document in x:
            found = document.encode() if isinstance(document, str) else bytes(document)
            found = found[: self.max_document_length]
            buffer = np.zeros(self.max_document_length, np.uint8)
            buffer[: len(found)] = np.frombuffer(found, np.uint8)
            yield buffer

    def reverse(self, x: Iterable[Any]) -> Iterator[str]:
        """Yield the text of each row of bytes."""
        for data in x:
            yield bytes(bytearray(np.trim_zeros(np.asarray(data), "b").tolist())).decode()


class VocabularyProcessor:
    """Maps texts to sequences of word ids; 0 is for unknown words and what is missing.

    Args:
        max_document_length: longer texts are cut, shorter ones filled with 0.
        min_frequency: words as rare as that are unknown.
        vocabulary: a `CategoricalVocabulary` to start from.
        tokenizer_fn: a function from texts to lists of words, one text after the other.
    """

    def __init__(
        self,
        max_document_length: int,
        min_frequency: int = 0,
        vocabulary: CategoricalVocabulary | None = None,
        tokenizer_fn: Callable[[Any], Any] | None = None,
    ) -> None:
        self.max_document_length = max_document_length
        self.min_frequency = min_frequency
        self.vocabulary_ = CategoricalVocabulary() if vocabulary is None else vocabulary
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents: Iterable[Any], unused_y: Any = None) -> VocabularyProcessor:
        """Learn the words of the texts."""
        for tokens in self._tokenizer(raw_documents):
            for token in tokens:
                self.vocabulary_.add(token)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def fit_transform(
        self, raw_documents: Iterable[Any], unused_y: Any = None
    ) -> Iterator[np.ndarray]:
        """Learn the words, and yield the ids of each text."""
        first, second = itertools.tee(raw_documents)
        self.fit(first)
        return self.transform(second)

    def transform(self, raw_documents: Iterable[Any]) -> Iterator[np.ndarray]:
        """Yield the ids of each text, int64 [max_document_length]."""
        for tokens in self._tokenizer(raw_documents):
            ids = np.zeros(self.max_document_length, np.int64)
            for i, token in enumerate(tokens):
                if i >= self.max_document_length:
                    break
                ids[i] = self.vocabulary_.get(token)
            yield ids

    def reverse(self, documents: Iterable[Any]) -> Iterator[str]:
        """Yield the words of each sequence of ids, joined by spaces."""
        for document in documents:
            yield " ".join(str(self.vocabulary_.reverse(class_id)) for class_id in document)

    def save(self, filename: str) -> None:
        """Write the words and settings to a JSON file; a function `tokenizer_fn` is not kept."""
        words = self.vocabulary_
        content = {
            "max_document_length": self.max_document_length,
            "min_frequency": self.min_frequency,
            "words": list(words._mapping),
            "counts": dict(words._freq),
            "frozen": words._freeze,
        }
        with replacing(local_path(filename)) as file:
            file.write(json.dumps(content).encode())

    @classmethod
    def restore(
        cls, filename: str, tokenizer_fn: Callable[[Any], Any] | None = None
    ) -> VocabularyProcessor:
        """The processor that `save` wrote.

        Raises:
            DataLossError: the file is none of those. TensorFlow 1 wrote pickles, which could run
                any code, so they are not read.
        """
        with open(local_path(filename), "rb") as file:
            content = file.read()
        try:
            found = json.loads(content.decode("utf-8"))
            words, counts = found["words"], found["counts"]
            vocabulary = CategoricalVocabulary(unknown_token=words[0])
            for word in words[1:]:
                vocabulary.get(word)
            vocabulary._freq.update({word: int(count) for word, count in counts.items()})
            vocabulary.freeze(bool(found["frozen"]))
            length, frequency = int(found["max_document_length"]), int(found["min_frequency"])
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise DataLossError(
                None, None,
                f"{filename} is no vocabulary that tf1x has saved ({error}). TensorFlow 1's own are "
                "pickles, which tf1x does not read: fit a VocabularyProcessor anew.",
            ) from error  # fmt: skip
        return cls(length, frequency, vocabulary, tokenizer_fn)
