"""One piece of program, executed eagerly by tf1x and by TensorFlow 2.21 in the same process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tf1x as tf
from tests.oracle import tf1
from tf1x.core import nest
from tf1x.runtime import eager


def ours(program: Callable[..., Any]) -> Any:
    """What `program(tf)` returns under tf1x, as arrays."""
    with eager.graph().as_default():
        return _arrays(program(tf))


def theirs(program: Callable[..., Any]) -> Any:
    """What `program(tf)` returns under TensorFlow, as arrays."""
    from tensorflow.python.eager import context

    with context.eager_mode():
        return _arrays(program(tf1))


def _arrays(result: Any) -> Any:
    if hasattr(result, "indices") and hasattr(result, "values") and not isinstance(result, dict):
        return {"indices": _arrays(result.indices), "values": _arrays(result.values)}
    if nest.is_nested(result):
        items = (
            [(k, result[k]) for k in sorted(result)]
            if isinstance(result, dict)
            else enumerate(result)
        )
        return {str(k): _arrays(v) for k, v in items}
    return result.numpy() if hasattr(result, "numpy") else result


def check(program: Callable[..., Any], rtol: float = 1e-5) -> None:
    """Both give the same values (of the same types)."""
    _same(ours(program), theirs(program), rtol)


def _same(found: Any, wanted: Any, rtol: float) -> None:
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        for key in wanted:
            _same(found[key], wanted[key], rtol)
    elif isinstance(wanted, (np.ndarray, np.generic)) and wanted.dtype.kind in "fiubc":
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=1e-6)
    elif isinstance(wanted, np.ndarray):
        assert np.array_equal(found, wanted)
    else:
        assert found == wanted
