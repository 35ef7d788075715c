"""`keras.applications`: the models of Keras 3; their weights are downloaded by Keras."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.functions import on_either

_keras: Any = genuine("applications")
__path__: list[str] = []  # `import keras.applications.vgg16`


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    found = getattr(_keras, name)
    if isinstance(found, ModuleType):
        return _with_graph_tensors(found)
    return found


def _with_graph_tensors(module: ModuleType) -> ModuleType:
    """The module with a `preprocess_input` that also takes graph tensors."""
    made = ModuleType(f"{__name__}.{module.__name__.rpartition('.')[2]}")
    made.__dict__.update({k: v for k, v in vars(module).items() if not k.startswith("__")})
    if hasattr(module, "preprocess_input"):
        made.preprocess_input = on_either(module.preprocess_input)  # type: ignore[attr-defined]
    return sys.modules.setdefault(made.__name__, made)
