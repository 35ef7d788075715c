"""`keras.preprocessing.text`: `Tokenizer`, `one_hot`, `text_to_word_sequence`, ..."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.preprocessing import legacy


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    if name == "Tokenizer":
        return _tokenizer()
    return getattr(legacy("text"), name)


def _tokenizer() -> Any:
    kind = legacy("text").Tokenizer

    class Tokenizer(kind):
        """Counts words and turns texts into lists of numbers; see Keras's Tokenizer."""

        def __init__(self, num_words: Any = None, *args: Any, nb_words: Any = None,
                     **kwargs: Any) -> None:  # fmt: skip
            super().__init__(nb_words if num_words is None else num_words, *args, **kwargs)

    globals()["Tokenizer"] = Tokenizer
    return Tokenizer
