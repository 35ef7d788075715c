"""`tf.keras` and, within `tf1x run`, `keras`: Keras 3 on JAX with the spellings of Keras 1 and 2.

Nothing here is loaded with tf1x. Data sets, `to_categorical`, `pad_sequences` and the tokenizer
work without Keras; everything else loads it (engine.py) and needs `pip install 'tf1x[keras]'`.
docs/decisions/0010-keras.md says how layers and graph tensors meet.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

__version__ = "2.2.4-tf"

# Submodules, and which of them need Keras itself.
_LIGHT = ("datasets", "preprocessing", "utils")
_HEAVY = (
    "activations", "applications", "backend", "callbacks", "constraints", "estimator",
    "initializers", "layers", "losses", "metrics", "models", "optimizers", "regularizers",
    "wrappers",
)  # fmt: skip

# Where standalone Keras kept what it now has elsewhere.
_OLD_PLACES = {
    "objectives": "losses",
    "engine": "layers",
    "legacy": "layers",
    "layers.core": "layers",
    "layers.convolutional": "layers",
    "layers.convolutional_recurrent": "layers",
    "layers.cudnn_recurrent": "layers",
    "layers.pooling": "layers",
    "layers.local": "layers",
    "layers.recurrent": "layers",
    "layers.embeddings": "layers",
    "layers.merge": "layers",
    "layers.advanced_activations": "layers",
    "layers.normalization": "layers",
    "layers.noise": "layers",
    "layers.wrappers": "layers",
    "engine.base_layer": "layers",
    "engine.topology": "layers",
    "engine.input_layer": "layers",
    "engine.network": "models",
    "engine.sequential": "models",
    "engine.training": "models",
    "legacy.layers": "layers",
    "backend.tensorflow_backend": "backend",
    "backend.common": "backend",
    **{
        f"utils.{name}": "utils"
        for name in ("np_utils", "vis_utils", "generic_utils", "data_utils", "io_utils",
                     "layer_utils", "training_utils", "multi_gpu_utils", "conv_utils")
    },
}  # fmt: skip
# Modules in the packages of ours.
_INSIDE = (
    *(f"datasets.{n}" for n in ("boston_housing", "cifar10", "cifar100", "fashion_mnist", "imdb",
                                "mnist", "reuters")),
    "preprocessing.image", "preprocessing.sequence", "preprocessing.text",
    "wrappers.scikit_learn",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _LIGHT or name in _HEAVY or name in _OLD_PLACES:
        return module(name)
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("Model", "Sequential"):
        return getattr(module("models"), name)
    if name == "Input":
        return module("layers").Input
    return getattr(_loaded(), name)


def _loaded() -> ModuleType:
    """Keras itself; what serves `import keras` is done before a module of ours is half imported."""
    from tf1x.lib.keras.engine import genuine

    return genuine()


def __dir__() -> list[str]:
    return sorted([*_LIGHT, *_HEAVY, "Input", "Model", "Sequential", "__version__"])


def module(path: str) -> ModuleType:
    """The module that stands for `keras.<path>`, old places among them.

    Raises:
        ModuleNotFoundError: Keras of the time had none of that name.
    """
    path = _OLD_PLACES.get(path, path)
    top, _, below = path.partition(".")
    if top not in _LIGHT:
        _loaded()
    if top == "applications" and below:
        return getattr(importlib.import_module(f"{__name__}.applications"), below)
    if path not in (*_LIGHT, *_HEAVY, *_INSIDE):
        raise ModuleNotFoundError(f"No module named 'keras.{path}'", name=f"keras.{path}")
    return importlib.import_module(f"{__name__}.{path}")


def paths() -> list[str]:
    """The modules below `keras` that programs of the time import, but for the applications."""
    return [*_LIGHT, *_HEAVY, *_INSIDE, *_OLD_PLACES]


def serve(keras: ModuleType) -> None:
    """Let `import keras` and its submodules mean the Keras of the time in this process."""
    applications = module("applications")
    names = [n for n, item in vars(applications._keras).items() if isinstance(item, ModuleType)]
    for path in (*paths(), *(f"applications.{n}" for n in names)):
        found = module(path)
        sys.modules[f"keras.{path}"] = found
        if "." not in path:
            setattr(keras, path, found)
    keras.Input = module("layers").Input  # type: ignore[attr-defined]
    keras.__version__ = "2.2.4"  # type: ignore[attr-defined]
