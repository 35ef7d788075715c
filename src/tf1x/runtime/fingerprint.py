"""What a compiled segment depends on, as a hash: equal in two processes for equal programs.

The ops and those of the functions that they call are numbered in the plan's order, and written down
with their attributes, the numbers of what they take, and the variables that they read and write.
Names of ops do not count, nor the values of variables and of what is fed.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxlib.version import __version__ as jaxlib_version

from tf1x.core.dtypes import DType
from tf1x.core.func_graph import FuncAttr, FuncGraph
from tf1x.core.operation import Operation, Tensor
from tf1x.core.references import variable_key
from tf1x.core.shapes import TensorShape
from tf1x.native import library
from tf1x.ops.list_value import ListValue
from tf1x.runtime import precision
from tf1x.runtime.counted import Known
from tf1x.runtime.functions import Bounds
from tf1x.runtime.plan import Access, called, inside, plan_of
from tf1x.runtime.trip_count import Trips

if TYPE_CHECKING:
    from tf1x.runtime.compile import Segment

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class NoFingerprint(Exception):
    """Something that decides about the program means nothing in another process."""


class Fingerprint:
    """Of a segment's program for certain inputs.

    Args:
        inputs: values of the segment's inputs; those of `static` count, of others only the form.
        arguments: what the compiled function takes, for its shapes and types.
        known: what was computed beforehand (counted.py).
        bounds: how many iterations room is made for in its loops.
        keep_old: whether it leaves the variables' buffers as they are.

    Attributes:
        number: that of each op, from 0 on.
        digest: the hash, in hexadecimal.

    Raises:
        NoFingerprint: the program depends on a Python object, or on a seed drawn for this session.
    """

    def __init__(
        self,
        segment: Segment,
        inputs: Sequence[Any],
        static: frozenset[Tensor],
        arguments: Sequence[Any],
        known: Known,
        bounds: Bounds,
        keep_old: bool,
    ) -> None:
        self.number = {op: i for i, op in enumerate(dict.fromkeys(inside(segment.ops)))}
        self._segment = segment
        self._inputs = {t: i for i, t in enumerate(segment.inputs)}
        self._functions: dict[FuncGraph, int] = {}
        for op in self.number:
            for function in called(op):
                self._functions.setdefault(function, len(self._functions))
        self._hash = hashlib.blake2b(digest_size=20)
        self._write(_environment(), _settings(), keep_old)
        self._write([bounds.grown(op) for op in self.number])
        self._write([(x.shape, x.dtype.name) for x in arguments])
        self._write([self._known(subject, value) for subject, value in known.items()])
        self._write_interface(inputs, static)
        for op in self.number:
            self._write(self._described(op))
        for function in self._functions:
            self._write_function(function)
        self.digest = self._hash.hexdigest()

    def _write(self, *items: Any) -> None:
        self._hash.update(repr(items).encode())

    def _write_interface(self, inputs: Sequence[Any], static: frozenset[Tensor]) -> None:
        segment = self._segment
        if any(isinstance(x, ListValue) for x in inputs):
            raise NoFingerprint("a list of tensors")
        self._write(
            [(_form(t), _plain(np.asarray(x)) if t in static else None)
             for t, x in zip(segment.inputs, inputs, strict=True)],
            [self._reference(t) for t in segment.outputs],
            segment.reads,
            segment.writes,
            [self.number[op] for op in segment.ops],
            [self.number[op] for op in segment.constants],
        )  # fmt: skip

    def _write_function(self, function: FuncGraph) -> None:
        """Its arguments, some of which stand for variables, and what it gives."""
        args = [(_form(t), self.number.get(t.op), variable_key(t)) for t in function.args]
        outputs = [self._reference(t) for t in function.outputs]
        self._write(args, outputs, [self.number[op] for op in plan_of(function).ops])

    def _described(self, op: Operation) -> Any:
        decisive = [] if op in self._segment.constants else sorted(op.attrs.items())
        if "counter" in op.opdef.injected:
            if not op.graph.is_function:  # the seeds are arguments
                decisive = [(k, v) for k, v in decisive if k in op.opdef.lower_attrs]
            elif not (op.attrs["seed"] or op.attrs["seed2"]):
                raise NoFingerprint("a seed that was drawn for this session")
        access = self._access(op)
        return (
            op.type,
            [(name, self._attribute(value, op)) for name, value in decisive],
            [access.inputs.get(t) or self._reference(t) for t in op.inputs],
            [_form(t) for t in op.outputs],
            sorted(access.reads),
            sorted(access.writes),
            None if op.forward is None else self.number.get(op.forward),
        )

    def _access(self, op: Operation) -> Access:
        found = self._segment.access.get(op)
        if found is None and isinstance(op.graph, FuncGraph):
            found = plan_of(op.graph).access.get(op)
        if found is None:
            raise NoFingerprint(f"{op.name} stands elsewhere")
        return found

    def _known(self, subject: Tensor | Operation, value: Any) -> Any:
        if isinstance(value, Trips):
            value = [value.count, *sorted(value.lengths.items())]
        if isinstance(subject, Tensor):
            return self._reference(subject), _plain(value)
        return self.number[subject], _plain(value)

    def _reference(self, tensor: Tensor) -> Any:
        """What stands for a tensor: a number of an input, that of an op, or a variable's key."""
        if tensor in self._inputs:
            return "input", self._inputs[tensor]
        if tensor.op in self.number:
            return "op", self.number[tensor.op], tensor.value_index
        key = variable_key(tensor)
        if key is None:
            raise NoFingerprint(f"{tensor.name} comes from elsewhere")
        return "variable", key, _form(tensor)

    def _attribute(self, value: Any, op: Operation) -> Any:
        if isinstance(value, (list, tuple)):
            return [self._attribute(item, op) for item in value]
        if not isinstance(value, FuncAttr):
            return _plain(value)
        function = op.graph.outermost._functions.get(value.name)
        name = value.name if function is None else self._functions.get(function, value.name)
        return name, [(k, self._attribute(v, op)) for k, v in sorted(value.attrs.items())]


def _form(tensor: Tensor) -> Any:
    return tensor.dtype.name, tensor.shape._dims


def _plain(value: Any) -> Any:
    """A value as something whose `repr` says all of it.

    Raises:
        NoFingerprint: an object that is known to this process only.
    """
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    if isinstance(value, DType):
        return "type", value.name
    if isinstance(value, TensorShape):
        return "shape", value._dims
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.ascontiguousarray(value)
        if array.dtype.hasobject:
            return "array", array.shape, _plain(array.ravel().tolist())
        content = hashlib.blake2b(array.tobytes(), digest_size=20).hexdigest()
        return "array", np.shape(value), array.dtype.name, content
    raise NoFingerprint(f"a {type(value).__name__}")


def _settings() -> Any:
    """Of JAX and of this process, as far as they decide about programs."""
    values: dict[str, Any] = jax.config.values
    decisive = {k: v for k, v in values.items() if "cache" not in k and "log" not in k}
    return sorted((k, repr(v)) for k, v in decisive.items()), repr(precision.products())


@functools.cache
def _environment() -> str:
    """A hash of the versions of everything, this package's own files, and the machine."""
    own = []
    for folder, _, names in os.walk(_PACKAGE):
        for name in names:
            if not name.endswith(".pyc"):
                stat = os.stat(os.path.join(folder, name))
                own.append((folder, name, stat.st_size, stat.st_mtime_ns))
    variables = [(k, v) for k, v in os.environ.items() if k.startswith(("TF1X_", "XLA_", "JAX_"))]
    found = (
        (jax.__version__, jaxlib_version, np.__version__, sys.version),
        sorted(own),
        sorted((k, v) for k, v in variables if k not in ("TF1X_CACHE", "TF1X_DATA")),
        (platform.platform(), library.cpu(), os.cpu_count()),
        library.library() is not None,
    )
    return hashlib.blake2b(repr(found).encode(), digest_size=20).hexdigest()
