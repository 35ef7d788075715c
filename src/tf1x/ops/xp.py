"""The array namespace of the lowerings: NumPy where all values are NumPy's, JAX otherwise.

`xp.add(a, b)` is `np.add` when `a` and `b` are NumPy arrays and `jnp.add` as soon as one is a
JAX array or tracer. So one lowering serves three purposes: compiled, it builds XLA code; on the
NumPy values of shapes and constants it folds them while tracing (DESIGN.md, static values); and
a plan that runs once is interpreted without compiling anything.

Functions that blow up their operands (`zeros`, `full`, `arange`, `broadcast_to`, `tile`, ...) go
to JAX while tracing when their result is large, so that it does not become a literal of the
compiled program.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core.errors import OpError
from tf1x.native import table as native_table

_LARGE = 4096


class _Tracing(threading.local):
    depth = 0


_tracing = _Tracing()


@contextmanager
def tracing() -> Iterator[None]:
    """Within, large results of creation functions are JAX's."""
    _tracing.depth += 1
    try:
        yield
    finally:
        _tracing.depth -= 1


def is_tracing() -> bool:
    return _tracing.depth > 0


def is_jax(*values: Any) -> bool:
    """Whether any value (or item of a list of values) is a JAX array or tracer."""
    for value in values:
        if isinstance(value, (list, tuple)):
            if is_jax(*value):
                return True
        elif isinstance(value, jax.Array):
            return True
    return False


class StaticValueNeeded(Exception):
    """A lowering needs the value of a tensor that is only known when the segment runs.

    Attributes:
        value: the tracer.
        op: the op whose lowering it was (set by the evaluator).
        tensor: that input of the op whose value it is, if it is one as it stands.
    """

    def __init__(self, value: Any, op: Any = None) -> None:
        super().__init__()
        self.value = value
        self.op = op
        self.tensor: Any = None


def static(value: Any) -> np.ndarray[Any, Any]:
    """`value` as a NumPy array, for shapes, axes and counts.

    Raises:
        StaticValueNeeded: it is traced; the compiler then makes it known (see runtime/compile.py).
    """
    if isinstance(value, jax.core.Tracer):
        raise StaticValueNeeded(value)
    return np.asarray(value)


def static_shape(value: Any) -> tuple[int, ...]:
    """A shape vector as a tuple of ints; raises as `static` does."""
    return tuple(int(d) for d in static(value).reshape(-1))


# -- checks --------------------------------------------------------------------------------------


class Rows(NamedTuple):
    """Rows of one or more tables as they are before a lowering changes them."""

    indices: Any
    old: tuple[Any, ...]


class Checks:
    """Conditions that a traced segment tests; the runtime acts when one fails.

    Attributes:
        failed: traced bools, each with its tag: None for a check of values, whose failure ends
            the run; anything else the runtime knows what to do about.
        rows: what `remember_rows` noted since it was last looked at.
    """

    def __init__(self) -> None:
        self.failed: list[tuple[Any, Any]] = []
        self.rows: list[Rows] = []
        self._kept: list[tuple[Any, Any, int]] = []

    def note_kept(self, values: Sequence[Any], old: Sequence[Any]) -> None:
        """`values` are `old` where one of the checks so far fails."""
        self._kept += [(*pair, len(self.failed)) for pair in zip(values, old, strict=True)]

    def keep(self, value: Any, old: Any) -> bool:
        """Whether `value` is known to be `old` where any check fails."""
        count = len(self.failed)
        return any(v is value and o is old and n == count for v, o, n in self._kept)

    def combined(self) -> dict[Any, Any]:
        """One bool for each tag."""
        found: dict[Any, Any] = {}
        for tag, flag in self.failed:
            found[tag] = jnp.logical_or(found[tag], flag) if tag in found else flag
        return found


class Flags:
    """Flags by tag as a pytree: the tags are part of the structure."""

    def __init__(self, flags: dict[Any, Any]) -> None:
        self.flags = flags


jax.tree_util.register_pytree_node(
    Flags,
    lambda item: (list(item.flags.values()), tuple(item.flags)),
    lambda tags, flags: Flags(dict(zip(tags, flags, strict=True))),
)


class _CurrentChecks(threading.local):
    value: Checks | None = None


_checks = _CurrentChecks()


@contextmanager
def collecting_checks() -> Iterator[Checks]:
    """Collect the checks of the lowerings traced inside."""
    saved, _checks.value = _checks.value, Checks()
    try:
        yield _checks.value
    finally:
        _checks.value = saved


def rows(table: Any, indices: Any) -> Any:
    """`table[indices]` by JAX; the first or the last row for an index outside."""
    by_kernel = native_table.suits(table, indices)
    return (native_table.rows if by_kernel else native_table.taken)(table, indices)


def remember_rows(indices: Any, *tables: Any) -> Any:
    """Note the rows that a lowering is about to change, and that it changes no others.

    Where a run fails, they are put back, and nothing needs to keep a copy of the whole table.
    Returns the indices, to be used from here on: they depend on the old rows, so that these are
    read first and XLA changes the table in place. (It drops an `optimization_barrier` before it
    decides about copies: measured, 9 ms for 25 MB where this takes 0.07.)
    """
    if _checks.value is None or not is_jax(indices, *tables) or not np.size(indices):
        return indices
    flat = indices.reshape(-1)
    old = tuple(rows(jnp.asarray(t), flat) for t in tables)
    never = jnp.zeros((), bool)
    for before in old:
        if before.size:
            first = jnp.real(before.reshape(-1)[0])
            never |= (first > 0) & (first < 0)
    flat += never.astype(flat.dtype)
    _checks.value.rows.append(Rows(flat, old))
    return flat.reshape(indices.shape)


def remembered_rows() -> list[Rows]:
    """What was noted since the last call."""
    if _checks.value is None:
        return []
    noted, _checks.value.rows = _checks.value.rows, []
    return noted


def unless_failed(update: Callable[[Any], Sequence[Any]], old: Sequence[Any]) -> Sequence[Any]:
    """New values of variables: `update(failed)`, which gives `old` where the bool `failed` holds.

    So nothing needs to choose between old and new values afterwards, which takes one more pass over
    all of them.
    """
    checks = _checks.value
    flags = [flag for _, flag in checks.failed] if checks is not None else []
    values = update(functools.reduce(jnp.logical_or, flags, np.bool_(False)))
    if checks is not None:
        checks.note_kept(values, old)
    return values


def flag(flags: dict[Any, Any]) -> bool:
    """Add bools by tag to the checks that are being collected; False where none are."""
    if _checks.value is None:
        return False
    _checks.value.failed += flags.items()
    return True


def check(ok: Any, error: type[OpError], message: str | Callable[[], str]) -> None:
    """Fail the run with `error(message)` unless `ok` (a bool array) holds everywhere.

    Traced, the condition becomes a hidden output of the segment. When it fails, the run's writes
    are dropped and the segment is interpreted once more to say which op and value it was; so
    `message` may be a function that formats concrete values.
    """
    if is_jax(ok):
        if isinstance(ok, jax.core.Tracer):
            flag({None: jnp.logical_not(jnp.all(ok))})
            return
        ok = np.asarray(ok)
    if not np.all(ok):
        raise error(None, None, message if isinstance(message, str) else message())


# -- the namespace -------------------------------------------------------------------------------


def _dispatching(name: str, numpy_function: Any, jax_function: Any) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        if is_jax(*args) or (kwargs and is_jax(*kwargs.values())):
            return jax_function(*args, **kwargs)
        with np.errstate(all="ignore"):
            return numpy_function(*args, **kwargs)

    function.__name__ = name
    return function


def _creating(name: str, size: Callable[..., int]) -> Callable[..., Any]:
    numpy_function, jax_function = getattr(np, name), getattr(jnp, name)

    def function(*args: Any, **kwargs: Any) -> Any:
        traced = is_jax(*args, *kwargs.values())
        if traced or (_tracing.depth and size(*args, **kwargs) > _LARGE):
            return jax_function(*args, **kwargs)
        return numpy_function(*args, **kwargs)

    function.__name__ = name
    return function


def _shape_size(shape: Any, *_: Any, **__: Any) -> int:
    return int(np.prod(shape, dtype=np.int64))


zeros = _creating("zeros", _shape_size)
ones = _creating("ones", _shape_size)
full = _creating("full", _shape_size)
broadcast_to = _creating("broadcast_to", lambda x, shape: _shape_size(shape))
tile = _creating("tile", lambda x, reps: int(np.size(x)) * _shape_size(reps))
eye = _creating("eye", lambda n, m=None, **_: int(n) * int(m or n))
arange = _creating("arange", lambda start, stop, step, **_: int(abs((stop - start) / step)) + 1)
linspace = _creating("linspace", lambda start, stop, num, **_: int(num))


def asarray(value: Any, dtype: Any = None) -> Any:
    """`value` with the given dtype, staying on its side."""
    if isinstance(value, jax.Array):
        return value if dtype is None else value.astype(dtype)
    return np.asarray(value, dtype)


def astype(value: Any, dtype: Any) -> Any:
    return value.astype(dtype)


class _Submodule:
    """`xp.linalg` and the like."""

    def __init__(self, numpy_module: Any, jax_module: Any) -> None:
        self._modules = numpy_module, jax_module

    def __getattr__(self, name: str) -> Any:
        numpy_module, jax_module = self._modules
        function = _dispatching(name, getattr(numpy_module, name), getattr(jax_module, name))
        setattr(self, name, function)
        return function


linalg = _Submodule(np.linalg, jnp.linalg)
fft = _Submodule(np.fft, jnp.fft)


@functools.cache  # not put in globals(), where `any` would hide Python's from this module
def __getattr__(name: str) -> Any:
    numpy_value = getattr(np, name)  # AttributeError for what neither has
    if not callable(numpy_value) or isinstance(numpy_value, type):
        return numpy_value
    return _dispatching(name, numpy_value, getattr(jnp, name))
