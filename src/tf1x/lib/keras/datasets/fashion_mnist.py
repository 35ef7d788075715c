"""`keras.datasets.fashion_mnist`."""

from __future__ import annotations

from typing import Any

from tf1x.lib.keras.datasets import arrays


def load_data() -> Any:
    """`(x_train, y_train), (x_test, y_test)`: uint8 pictures (N, 28, 28) and classes 0 to 9."""
    return arrays("fashion_mnist.npz", "fashion_mnist")
