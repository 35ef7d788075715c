"""`tf.custom_gradient` while TensorFlow executes eagerly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, nest, recording
from tf1x.core.operation import Tensor
from tf1x.lib import custom_gradient, gradients
from tf1x.lib.eager.concrete import Accessed
from tf1x.lib.eager.tape import Call


def call(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of `f`, whose derivative the tapes take from the function that it also returns."""
    inputs = [convert.to_tensor(x) for x in args]
    watcher = Accessed()
    outer = recording.active()
    with recording.paused():
        recording.push(watcher)
        result, grad_fn = f(*inputs, **kwargs)
    variables = [v for v in watcher.variables.values() if v.trainable]
    for recorder in outer:
        for variable in variables:
            recorder.accessed(variable)
    outputs = [_own(convert.to_tensor(x), inputs) for x in nest.flatten(result)]

    def backward(grads: list[Any]) -> list[Any]:
        given = [gradients._zeros_if_none(g, t) for g, t in zip(grads, outputs, strict=True)]
        return custom_gradient._call(grad_fn, given, variables, len(inputs))

    handles: list[Tensor] = [v.handle for v in variables]
    recording.note(Call([*inputs, *handles], outputs, backward))
    return nest.pack_sequence_as(result, outputs) if nest.is_nested(result) else outputs[0]


def _own(tensor: Tensor, inputs: list[Tensor]) -> Tensor:
    """An output that is an input, as a tensor of its own."""
    from tf1x.ops.array import Identity

    with recording.paused():
        made: Tensor = Identity(tensor) if any(tensor is x for x in inputs) else tensor
    return made
