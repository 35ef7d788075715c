"""`tf.TensorSpec`."""

from __future__ import annotations

from typing import Any

from tf1x.core.dtypes import as_dtype, float32
from tf1x.core.shapes import as_shape


class TensorSpec:
    """Shape, type and name of a tensor that a function takes."""

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None) -> None:
        self._shape = as_shape(shape)
        self._dtype = as_dtype(dtype).base_dtype
        self._name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """That of a tensor."""
        return cls(tensor.shape, tensor.dtype, name)

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """A copy of another."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @property
    def shape(self) -> Any:
        return self._shape

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def name(self) -> str | None:
        return self._name

    def is_compatible_with(self, value: Any) -> bool:
        """Whether a tensor (or another spec) fits."""
        return self._dtype.is_compatible_with(value.dtype) and self._shape.is_compatible_with(
            value.shape
        )

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"

    def _key(self) -> Any:
        return self._shape.tuple, self._dtype, self._name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and other._key() == self._key()

    def __hash__(self) -> int:
        return hash(self._key())
