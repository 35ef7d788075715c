"""`keras.datasets.reuters`: newswires as word ranks, in 46 topics."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.datasets import keras


def load_data(
    path: str = "reuters.npz", num_words: int | None = None, skip_top: int = 0,
    maxlen: int | None = None, test_split: float = 0.2, seed: int = 113,
    start_char: int | None = 1, oov_char: int | None = 2, index_from: int = 3,
    nb_words: int | None = None,
) -> Any:  # fmt: skip
    """`(x_train, y_train), (x_test, y_test)`; see `imdb.load_data`."""
    words = num_words if num_words is not None else nb_words
    return keras("reuters").load_data(
        path, words, skip_top, maxlen, test_split, seed, start_char, oov_char, index_from
    )


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Words and their ranks."""
    return keras("reuters").get_word_index(path)
