"""TensorFlow 1 on JAX: `import tf1x as tf`."""

import gc as _gc
import sys as _sys
from typing import Any as _Any

# What is imported stays: to look through it for garbage takes a fifth of the time (measured). Nor is
# it looked through as soon as that is allowed again: it goes to the oldest generation, by way of the
# permanent one.
_collecting = _gc.isenabled()
_gc.disable()
try:
    from tf1x import jax_import as _jax_import

    _jax_import.run()
    from tf1x import api as _api
    from tf1x import surface as _surface
    from tf1x._version import __version__ as __version__

    _surface.load()
    _api.build("tf1x", _sys.modules["tf1x"])
finally:
    if _collecting:
        _gc.freeze()
        _gc.unfreeze()
        _gc.enable()


def __getattr__(name: str) -> _Any:
    return _api.missing(name)
