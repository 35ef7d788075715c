"""Single ops compiled by XLA: what eager execution runs large arrays with.

A kernel is made once for an op type, its attributes and the number of its inputs; JAX compiles it
for each combination of shapes. Inputs whose values a lowering must know (shapes, axes) become
part of the kernel's signature when it asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core.dtypes import DType
from tf1x.core.func_graph import FuncAttr
from tf1x.core.operation import Operation
from tf1x.core.shapes import TensorShape
from tf1x.ops import xp

enable_x64: Callable[..., Any] = jax.enable_x64

Lowering = Callable[[list[Any]], list[Any]]

# Beyond so many elements an integer input is data, no shape.
_MAX_STATIC = 64


class NotCompilable(Exception):
    """The op depends on values in a way that XLA cannot express; run it on concrete ones."""


class CheckFailed(Exception):
    """A condition on values that the op checks does not hold."""


class Kernel:
    """One op, compiled.

    Args:
        lower: from the inputs' values to the outputs'; pure.
    """

    def __init__(self, lower: Lowering) -> None:
        self._lower = lower
        self._static: set[int] = set()
        self._compiled: dict[Any, _Compiled] = {}
        self._hopeless = False

    def __call__(self, inputs: list[Any]) -> list[Any]:
        """The outputs.

        Raises:
            NotCompilable, CheckFailed: see there.
        """
        while not self._hopeless:
            static = {i: np.asarray(inputs[i]) for i in sorted(self._static)}
            key = tuple((x.dtype.str, x.shape, x.tobytes()) for x in static.values())
            compiled = self._compiled.get(key)
            if compiled is None:
                compiled = self._compiled[key] = _Compiled(self._lower, static)
            try:
                return compiled(inputs)
            except xp.StaticValueNeeded as needed:
                del self._compiled[key]
                self._learn(needed, compiled, inputs)
        raise NotCompilable

    def _learn(self, needed: xp.StaticValueNeeded, compiled: _Compiled, inputs: list[Any]) -> None:
        """Note which inputs have to be known."""
        found = {i for i, x in compiled.tracers.items() if x is needed.value}
        if not found:
            found = {i for i, x in enumerate(inputs) if _may_be_shape(x)} - self._static
        if any(np.size(inputs[i]) > _MAX_STATIC for i in found):
            found = set()
        self._static |= found
        self._hopeless = not found


def _may_be_shape(value: Any) -> bool:
    return value.dtype.kind in "iub" and np.size(value) <= _MAX_STATIC


class _Compiled:
    """A kernel for certain values of its static inputs."""

    def __init__(self, lower: Lowering, static: dict[int, Any]) -> None:
        self._static = static
        self.tracers: dict[int, Any] = {}
        self._names_checks = False

        def run(dynamic: dict[int, Any]) -> tuple[list[Any], Any]:
            self.tracers = dynamic
            values = {**dynamic, **static}
            with xp.tracing(), xp.collecting_checks() as checks:
                outputs = lower([values[i] for i in range(len(values))])
            flags = list(checks.combined().values())
            failed = jnp.stack(flags).any() if flags else None
            return [jnp.asarray(x) if isinstance(x, np.ndarray) else x for x in outputs], failed

        self._run: Callable[..., Any] = jax.jit(run)

    def __call__(self, inputs: list[Any]) -> list[Any]:
        dynamic = {i: x for i, x in enumerate(inputs) if i not in self._static}
        with enable_x64(True):
            outputs, failed = self._run(dynamic)
        if failed is not None and bool(failed):
            raise CheckFailed
        found: list[Any] = outputs
        return found


_kernels: dict[Any, Kernel] = {}


def kernel(op: Operation, lower: Lowering) -> Kernel:
    """The kernel of an op that is like `op`; `lower` is used where there is none yet.

    Raises:
        NotCompilable: an attribute cannot be compared.
    """
    definition = op.opdef
    attrs = tuple(_hashable(op.attrs[name]) for name in definition.lower_attrs)
    key = op.type, attrs, tuple(t.dtype for t in op.inputs)
    found = _kernels.get(key)
    if found is None:
        found = _kernels[key] = Kernel(lower)
    return found


def _hashable(value: Any) -> Any:
    if isinstance(value, (int, float, str, bytes, DType, type(None))):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(_hashable(item) for item in value)
    if isinstance(value, TensorShape):
        return value.tuple
    if isinstance(value, FuncAttr):
        return value.name, tuple((k, _hashable(v)) for k, v in sorted(value.attrs.items()))
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.dtype.str, value.shape, value.tobytes()
    raise NotCompilable
