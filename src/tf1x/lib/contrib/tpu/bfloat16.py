"""`tf.contrib.tpu.bfloat16_scope`: variables in float32, used as bfloat16."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tf1x.core.dtypes import bfloat16, float32
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops.math import cast


def _getter(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if kwargs.get("dtype") != bfloat16:
        return getter(*args, **kwargs)
    return cast(getter(*args, **{**kwargs, "dtype": float32}), bfloat16)


@contextmanager
def bfloat16_scope(name: str | None = None) -> Iterator[Any]:
    """A variable scope in which bfloat16 variables are kept as float32 and cast when they are read."""
    with variable_scope(name or "", custom_getter=_getter) as scope:
        yield scope
