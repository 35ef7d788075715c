"""TensorFlow 1 on JAX: `import tf1x as tf`."""

import sys as _sys
from typing import Any as _Any

from tf1x import api as _api
from tf1x import surface as _surface
from tf1x._version import __version__ as __version__

_surface.load()
_api.build("tf1x", _sys.modules["tf1x"])


def __getattr__(name: str) -> _Any:
    return _api.missing(name)
