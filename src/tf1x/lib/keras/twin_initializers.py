"""Keras's initializers as those of tf1x: `tf.get_variable(initializer=tf.keras.initializers...)`."""

from __future__ import annotations

from typing import Any

from tf1x.core.errors import UnsupportedError
from tf1x.lib import initializers

# Keras's class: ours, and our arguments by Keras's attributes.
_KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "Zeros": ("Zeros", {}),
    "Ones": ("Ones", {}),
    "Constant": ("Constant", {"value": "value"}),
    "RandomNormal": ("RandomNormal", {"mean": "mean", "stddev": "stddev", "seed": "seed"}),
    "TruncatedNormal": ("TruncatedNormal", {"mean": "mean", "stddev": "stddev", "seed": "seed"}),
    "RandomUniform": ("RandomUniform", {"minval": "minval", "maxval": "maxval", "seed": "seed"}),
    "Orthogonal": ("Orthogonal", {"gain": "gain", "seed": "seed"}),
    "Identity": ("Identity", {"gain": "gain"}),
    "VarianceScaling": (
        "VarianceScaling",
        {"scale": "scale", "mode": "mode", "distribution": "distribution", "seed": "seed"},
    ),
}


def of_keras(initializer: Any) -> Any:
    """Ours for one of Keras's.

    Raises:
        UnsupportedError: there is none.
    """
    for ancestor in type(initializer).__mro__:
        if ancestor.__name__ in _KINDS:
            name, attributes = _KINDS[ancestor.__name__]
            options = {ours: getattr(initializer, theirs) for theirs, ours in attributes.items()}
            if "seed" in options:  # Keras has drawn one where none was given
                options["seed"] = getattr(initializer, "_init_seed", None)
            return getattr(initializers, name)(**options)
    raise UnsupportedError(
        f"{type(initializer).__name__} for a tf.Variable: use one of tf.initializers."
    )
