"""`keras.datasets.mnist`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.datasets import arrays


def load_data(path: str = "mnist.npz") -> Any:
    """`(x_train, y_train), (x_test, y_test)`: uint8 pictures (N, 28, 28) and digits."""
    return arrays(path, "mnist")
