"""Initial values of variables: `tf.zeros_initializer`, `tf.glorot_uniform_initializer`, ..."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

from tf1x.api import define, export
from tf1x.core import opdef
from tf1x.core.dtypes import DType, as_dtype, float32
from tf1x.core.operation import Tensor
from tf1x.ops import array, array_diag, linalg, random
from tf1x.ops.array_moves import matrix_transpose
from tf1x.ops.complex_math import sign

# The standard deviation of a normal distribution cut off at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer:
    """A function `(shape, dtype=None, partition_info=None)` that gives a tensor.

    `get_config` gives the constructor's arguments, `from_config` an equal object.
    """

    dtype: DType = float32

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return self._value(
            shape, as_dtype(dtype) if dtype is not None else self.dtype, partition_info
        )

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} must define __call__")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        config = {name: getattr(self, name) for name in names if hasattr(self, name)}
        if "dtype" in config:
            config["dtype"] = self.dtype.name
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An initializer from what `get_config` gave."""
        return cls(**config)


def _float_type(dtype: Any) -> DType:
    dtype = as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(
            f"Argument `dtype` is expected to be floating point. Received: {dtype.name}."
        )
    return dtype


def _full_shape(shape: Any, partition_info: Any) -> Any:
    """The shape of the whole variable of which a part is made."""
    return shape if partition_info is None else partition_info.full_shape


@export("zeros_initializer", "initializers.zeros")
class Zeros(Initializer):
    """Zeros (false, empty strings)."""

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        return array.zeros(shape, dtype)


@export("ones_initializer", "initializers.ones")
class Ones(Initializer):
    """Ones."""

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        return array.ones(shape, dtype)


@export("constant_initializer", "initializers.constant")
class Constant(Initializer):
    """A given value.

    Args:
        value: a number, or a list or array whose last element fills up the variable.
        verify_shape: raise TypeError unless the value has the variable's shape.
    """

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                f"Invalid type for initial value={value} of type: {type(value).__name__}. Expected Python "
                "scalar, list or tuple of values, or numpy.ndarray."
            )
        self.value = value
        self.dtype = as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(
        self,
        shape: Any,
        dtype: Any = None,
        partition_info: Any = None,
        verify_shape: bool | None = None,
    ) -> Tensor:
        verify = self._verify_shape if verify_shape is None else verify_shape
        chosen = self.dtype if dtype is None else as_dtype(dtype)
        return array.constant(self.value, chosen, shape, verify_shape=verify)


@export("random_uniform_initializer", "initializers.random_uniform")
class RandomUniform(Initializer):
    """Uniform values in [minval, maxval)."""

    def __init__(
        self, minval: Any = 0.0, maxval: Any = None, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.minval = minval
        self.maxval = maxval
        self.seed = seed
        self.dtype = as_dtype(dtype)

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        return random.random_uniform(shape, self.minval, self.maxval, dtype, seed=self.seed)


class _Normal(Initializer):
    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = float32
    ) -> None:
        self.mean = mean
        self.stddev = stddev
        self.seed = seed
        self.dtype = _float_type(dtype)


@export("random_normal_initializer", "initializers.random_normal")
class RandomNormal(_Normal):
    """Normal values of a given mean and standard deviation."""

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        values: Tensor = random.random_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)
        return values


@export("truncated_normal_initializer", "initializers.truncated_normal")
class TruncatedNormal(_Normal):
    """Normal values, drawn again where they lie beyond two standard deviations."""

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        values: Tensor = random.truncated_normal(
            shape, self.mean, self.stddev, dtype, seed=self.seed
        )
        return values


@export("uniform_unit_scaling_initializer", "initializers.uniform_unit_scaling")
class UniformUnitScaling(Initializer):
    """Uniform values scaled so that a product with the variable keeps its input's variance."""

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.factor = factor
        self.seed = seed
        self.dtype = _float_type(dtype)

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        input_size = 1.0
        for dim in _full_shape(shape, partition_info)[:-1]:
            input_size *= float(dim)
        limit = math.sqrt(3 / max(input_size, 1.0)) * self.factor
        return random.random_uniform(shape, -limit, limit, dtype, seed=self.seed)


@export("variance_scaling_initializer", "initializers.variance_scaling")
class VarianceScaling(Initializer):
    """Random values whose variance is `scale` over the number of inputs or outputs.

    Args:
        scale: positive.
        mode: "fan_in", "fan_out" or "fan_avg" (their mean).
        distribution: "truncated_normal" (also "normal"), "untruncated_normal" or "uniform".
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = float32,
    ) -> None:
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be a positive float. Received: {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                f"Argument `mode` should be one of ('fan_in', 'fan_out', 'fan_avg'). Received: {mode}"
            )
        distribution = distribution.lower()
        if distribution not in ("normal", "uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                "Argument `distribution` should be one of ('normal', 'uniform', 'truncated_normal', "
                f"'untruncated_normal'). Received: {distribution}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed
        self.dtype = _float_type(dtype)

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        fan_in, fan_out = compute_fans(_full_shape(shape, partition_info))
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        scale = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * scale)
            return random.random_uniform(shape, -limit, limit, dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            draw, stddev = random.random_normal, math.sqrt(scale)
        else:
            draw, stddev = random.truncated_normal, math.sqrt(scale) / _TRUNCATED_STDDEV
        values: Tensor = draw(shape, 0.0, stddev, dtype, seed=self.seed)
        return values


def compute_fans(shape: Any) -> tuple[float, float]:
    """How many inputs and outputs one unit of a weight of this shape has."""
    dims = [int(d) for d in shape]
    if len(dims) < 2:
        return (dims[0], dims[0]) if dims else (1, 1)
    receptive = math.prod(dims[:-2])
    return dims[-2] * receptive, dims[-1] * receptive


def _scaled(name: str, scale: float, mode: str, distribution: str, *names: str) -> Any:
    class Scaled(VarianceScaling):
        def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
            super().__init__(scale, mode, distribution, seed, dtype)

    Scaled.__name__ = Scaled.__qualname__ = name
    Scaled.__doc__ = (
        f"VarianceScaling with scale={scale}, mode={mode!r}, distribution={distribution!r}."
    )
    define(Scaled, *names)
    return Scaled


GlorotUniform = _scaled("GlorotUniform", 1.0, "fan_avg", "uniform", "glorot_uniform_initializer", "initializers.glorot_uniform")  # fmt: skip
GlorotNormal = _scaled("GlorotNormal", 1.0, "fan_avg", "truncated_normal", "glorot_normal_initializer", "initializers.glorot_normal")  # fmt: skip
HeUniform = _scaled("HeUniform", 2.0, "fan_in", "uniform", "initializers.he_uniform")
HeNormal = _scaled("HeNormal", 2.0, "fan_in", "truncated_normal", "initializers.he_normal")
LecunUniform = _scaled("LecunUniform", 1.0, "fan_in", "uniform", "initializers.lecun_uniform")
LecunNormal = _scaled("LecunNormal", 1.0, "fan_in", "truncated_normal", "initializers.lecun_normal")


@export("orthogonal_initializer", "initializers.orthogonal")
class Orthogonal(Initializer):
    """`gain` times a matrix with orthonormal rows or columns; further dimensions count as rows."""

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.gain = gain
        self.seed = seed
        self.dtype = _float_type(dtype)

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        if len(shape) < 2:
            raise ValueError(
                f"The tensor to initialize, specified by argument `shape` must be at least "
                f"two-dimensional. Received shape={shape}"
            )
        columns = int(shape[-1])
        rows = math.prod(int(d) for d in shape[:-1])
        q = _orthonormal((max(rows, columns), min(rows, columns)), dtype, self.seed)
        if rows < columns:
            q = matrix_transpose(q)
        return self.gain * array.reshape(q, shape)


def _orthonormal(shape: tuple[int, int], dtype: DType, seed: int | None) -> Tensor:
    """A matrix with orthonormal columns, uniformly distributed: signs are those of R's diagonal."""
    q, r = linalg.Qr(random.random_normal(shape, dtype=dtype, seed=seed), full_matrices=False)
    product: Tensor = q * sign(opdef.get("DiagPart").endpoint(r))
    return product


@export("initializers.identity")
class Identity(Initializer):
    """`gain` times the identity matrix; for two-dimensional variables."""

    def __init__(self, gain: float = 1.0, dtype: Any = float32) -> None:
        self.gain = gain
        self.dtype = _float_type(dtype)

    def _value(self, shape: Any, dtype: DType, partition_info: Any) -> Tensor:
        full = _full_shape(shape, partition_info)
        if len(full) != 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at least two-dimensional. "
                f"Received shape={shape}"
            )
        matrix = array_diag.eye(*full, dtype=dtype)
        if partition_info is not None:
            from tf1x.ops.array_slicing import slice_

            matrix = slice_(matrix, partition_info.var_offset, shape)
        return self.gain * matrix
