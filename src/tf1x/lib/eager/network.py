"""`tf.contrib.eager.Network`: a layer made of layers."""

from __future__ import annotations

from typing import Any

from tf1x.lib.layers.base import Layer
from tf1x.lib.layers.bookkeeping import distinct


class Network(Layer):
    """A composition of layers: `track_layer` them in the constructor, use them in `call`.

    Example:
        >>> class Model(tf.contrib.eager.Network):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.hidden = self.track_layer(tf.layers.Dense(10))
        ...     def call(self, x):
        ...         return self.hidden(x)
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self._tracked: list[Any] = []

    def track_layer(self, layer: Any) -> Any:
        """Let the network own a layer; returns it.

        Raises:
            TypeError: it is no layer.
        """
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Network.track_layer() passed type {type(layer)}, not a tf.layers.Layer"
            )
        self._tracked.append(layer)
        return layer

    def build(self, input_shape: Any) -> None:
        """Nothing: the layers make their variables when they are called."""
        self.built = True

    @property
    def layers(self) -> list[Any]:
        """The layers that it owns, in order."""
        return list(self._tracked)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer of a name, or at an index.

        Raises:
            ValueError: there is none, or neither is given.
        """
        if index is not None:
            if not -len(self._tracked) <= index < len(self._tracked):
                raise ValueError(f"Was asked to retrieve layer at index {index} but model only has {len(self._tracked)} layers.")  # fmt: skip
            return self._tracked[index]
        if name is None:
            raise ValueError("Provide either a layer name or layer index.")
        for layer in self._tracked:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}")

    @property
    def trainable_weights(self) -> list[Any]:
        own = super().trainable_weights
        return distinct(own + [w for layer in self._tracked for w in layer.trainable_weights])

    @property
    def non_trainable_weights(self) -> list[Any]:
        own = super().non_trainable_weights
        return distinct(own + [w for layer in self._tracked for w in layer.non_trainable_weights])


class Sequential(Network):
    """Layers (or functions) one after another."""

    def __init__(self, layers_funcs: Any = None, name: str | None = None) -> None:
        super().__init__(name=name)
        self._steps: list[Any] = []
        for step in layers_funcs or ():
            self.add(step)

    def add(self, layer_func: Any) -> None:
        """Add a layer or a function at the end."""
        if isinstance(layer_func, Layer):
            self.track_layer(layer_func)
        self._steps.append(layer_func)

    def call(self, inputs: Any, **kwargs: Any) -> Any:
        """The steps applied in turn."""
        for step in self._steps:
            inputs = step(inputs)
        return inputs
