"""The largest number of every window of a convolution's results, by one native kernel.

The results themselves, the largest arrays of a network for images, are kept nowhere then; so nothing
else may want them (runtime/pooled.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def maxima(
    convolution: dict[str, Any],
    convolved: Sequence[int],
    pooling: dict[str, Any],
    pooled: Sequence[int],
    images: Any,
    filter: Any,
) -> Any:
    """The convolution and the maximum of each window, the same bits as one after the other.

    convolution, pooling: the attributes of the kernels `tf1x_conv_forward` and `tf1x_max_pool`.
    convolved, pooled: the shapes of their results.
    """
    struct: Any = jax.ShapeDtypeStruct
    call: Any = jax.ffi.ffi_call("tf1x_conv_max_pool", struct(tuple(pooled), np.float32))
    attributes = {f"conv_{name}": value for name, value in convolution.items()}
    return call(
        jnp.asarray(images),
        jnp.asarray(filter),
        **attributes,
        **pooling,
        convolved=np.array(convolved, np.int64),
    )
