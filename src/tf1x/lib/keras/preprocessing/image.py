"""`keras.preprocessing.image`: `ImageDataGenerator`, `load_img`, `img_to_array`, ..."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.engine import genuine
from tf1x.lib.keras.period import period
from tf1x.lib.keras.preprocessing import legacy


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    if name == "ImageDataGenerator":
        made = globals()[name] = _generator()
        return made
    for module in (genuine("utils"), legacy("image")):
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _generator() -> Any:
    def formats(kwargs: dict[str, Any]) -> None:
        order = kwargs.pop("dim_ordering", None) or kwargs.get("data_format")
        named = {"tf": "channels_last", "th": "channels_first", None: None}.get(order, order)
        kwargs.pop("data_format", None)
        if named not in (None, "default"):
            kwargs["data_format"] = named

    return period(
        legacy("image").ImageDataGenerator,
        renames={"featurewise_standardize": "featurewise_std_normalization"},
        then=formats,
    )
