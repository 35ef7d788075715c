"""`keras.datasets.boston_housing`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.datasets import keras


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Any:
    """`(x_train, y_train), (x_test, y_test)`: 13 numbers of a suburb, and its house prices."""
    return keras("boston_housing").load_data(path, test_split, seed)
