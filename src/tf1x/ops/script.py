"""Python inside the graph: `tf.py_func`, `tf.Print` and `tf.print`."""

from __future__ import annotations

import itertools
import logging
import pprint
import sys
import traceback
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import convert, dtypes, nest, scopes
from tf1x.core.dtypes import DType, as_dtype, string
from tf1x.core.errors import (
    InvalidArgumentError,
    OpError,
    OutOfRangeError,
    ResourceExhaustedError,
    UnimplementedError,
    UnknownError,
)
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops.shape_rules import nothing, scalar, unchanged
from tf1x.ops.text import edges, summary

# -- Python functions ----------------------------------------------------------------------------


class PythonFunction:
    """A function that `PyFunc` nodes call, known to them by its token.

    The graph that uses it keeps it alive.
    """

    _numbers = itertools.count()
    _by_token: weakref.WeakValueDictionary[str, PythonFunction] = weakref.WeakValueDictionary()

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.token = f"pyfunc_{next(self._numbers)}"
        self._by_token[self.token] = self

    @classmethod
    def of(cls, token: str) -> PythonFunction:
        """The function with a token.

        Raises:
            InvalidArgumentError: it belongs to a graph of another process, or to one that is gone.
        """
        found = cls._by_token.get(token)
        if found is None:
            raise InvalidArgumentError(
                None,
                None,
                f"callback {token} is not found: a Python function does not travel with a GraphDef",
            )
        return found

    def __call__(self, inputs: list[Any], types: list[DType]) -> list[Any]:
        """Call the function with arrays.

        Raises:
            OpError: the function raised, or its results are not of `types`.
        """
        try:
            results = self.function(*[_argument(x) for x in inputs])
        except Exception as error:
            raise _as_op_error(error) from error
        values = list(results) if isinstance(results, (list, tuple)) else [results]
        if results is None and not types:
            values = []
        if len(values) != len(types):
            raise InvalidArgumentError(
                None,
                None,
                f"{self.token} returns {len(values)} values, but expects to see {len(types)} values.",
            )
        return [
            self._checked(i, value, dtype)
            for i, (value, dtype) in enumerate(zip(values, types, strict=True))
        ]

    def _checked(self, index: int, value: Any, dtype: DType) -> Any:
        array = np.asarray(value, order="C")
        found: Any = string if array.dtype.kind in "SUO" else None
        if found is string:
            array = convert.to_array(array, string)
        else:
            found = as_dtype(array.dtype)
        if found != dtype:
            raise InvalidArgumentError(
                None,
                None,
                f"{index}-th value returned by {self.token} is {found.name}, but expects {dtype.name}",
            )
        return array


def _argument(value: Any) -> Any:
    """What the function is given: an array of its own, which it may keep and change."""
    array = np.array(value)
    return array[()] if array.dtype == object and not array.ndim else array


_CLASSES: tuple[tuple[type[BaseException], type[OpError]], ...] = (
    (ValueError, InvalidArgumentError),
    (TypeError, InvalidArgumentError),
    (StopIteration, OutOfRangeError),
    (MemoryError, ResourceExhaustedError),
    (NotImplementedError, UnimplementedError),
)


def _as_op_error(error: Exception) -> OpError:
    kind = next((ours for theirs, ours in _CLASSES if isinstance(error, theirs)), UnknownError)
    lines = "".join(traceback.format_exception(error))
    return kind(None, None, f"{type(error).__name__}: {error}\n{lines}")


def _py_func(input: list[Any], *, token: str, Tout: list[DType]) -> Any:
    """The results of a Python function of arrays (see `tf.py_func`)."""
    return PythonFunction.of(token)(input, Tout)


_SIGNATURE = "input: *Tin -> output: *Tout"
PyFunc = op(_SIGNATURE, type="PyFunc", grad=None, host=True, blocking=True, stateful=True)(_py_func)
PyFuncStateless = op(_SIGNATURE, type="PyFuncStateless", grad=None, host=True, blocking=True)(
    _py_func
)


@export("py_func", "numpy_function")
def py_func(
    func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: str | None = None
) -> Any:
    """Call a Python function on NumPy arrays when the graph runs.

    The results' shapes are unknown until `set_shape`, and they have no gradient (but see
    `Graph.gradient_override_map`).

    Args:
        func: takes as many arrays as `inp` holds (strings as bytes); returns an array, or a list
            of them.
        inp: tensors.
        Tout: the type of the result, or the list of the results' types. They must be exact:
            NumPy makes float64 of Python floats and int64 of ints.
        stateful: False where equal arguments always give equal results.

    Returns:
        A tensor, or a list where `Tout` is one; the op where it is empty.

    Raises (when run):
        InvalidArgumentError: the function raised ValueError or TypeError, or returned other types.
        UnknownError: it raised something else; the message holds its traceback.
    """
    if not callable(func):
        raise ValueError(
            f"Expected func to be callable. Received func={func} of type {type(func)}."
        )
    listed = isinstance(Tout, (list, tuple))
    types = [as_dtype(t) for t in (Tout if listed else [Tout])]
    inputs = [
        convert.to_tensor(x, name=f"input_{i}") if isinstance(x, Tensor) else x
        for i, x in enumerate(inp)
    ]
    function = PythonFunction(func)
    node = PyFunc if stateful else PyFuncStateless
    graph = scopes.graph_of(inputs)
    graph.python_functions.append(function)
    results = node(inputs, token=function.token, Tout=types, name=name)
    if not types:
        return graph.get_operations()[-1]
    return results if listed else results[0]


# -- printing ------------------------------------------------------------------------------------


def _pass_first(op: Operation, grad: Any) -> list[Any]:
    return [grad] + [None] * (len(op.inputs) - 1)


@op("input: T, data: *U -> output: T", shape=unchanged, grad=_pass_first, host=True, stateful=True)
def Print(
    input: Any,
    data: list[Any],
    *,
    message: str = "",
    first_n: int = -1,
    summarize: int = 3,
    op: Operation,
    session: Any,
) -> Any:
    """`input`; a line with `message` and the first elements of `data` goes to standard error."""
    if first_n >= 0:
        key, counts = f"Print/{op.name}", session._state.resources
        if counts.get(key, 0) >= first_n:
            return input
        counts[key] = counts.get(key, 0) + 1
    print(
        message + "".join(f"[{summary(x, summarize)}]" for x in data), file=sys.stderr, flush=True
    )
    return input


@export("Print")
def Print_(
    input_: Any,
    data: Any,
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """`input_` as it is; when it is computed, `data` is printed to standard error.

    Args:
        data: tensors.
        message: put in front.
        first_n: print only so many times; by default always.
        summarize: how many elements of each tensor to print (3 by default, -1 for all).
    """
    limits = {
        "first_n": -1 if first_n is None else first_n,
        "summarize": 3 if summarize is None else summarize,
    }
    result: Tensor = Print(input_, list(data), message=message or "", **limits, name=name)
    return result


Print_.__name__ = Print_.__qualname__ = "Print"


@op("inputs: *T -> output: string", shape=scalar, grad=None, host=True)
def StringFormat(
    inputs: list[Any], *, template: str = "%s", placeholder: str = "%s", summarize: int = 3
) -> Any:
    """`template` with each `placeholder` replaced by an input, its edges written as NumPy does."""
    parts = template.split(placeholder)
    if len(parts) != len(inputs) + 1:
        raise InvalidArgumentError(
            None,
            None,
            f"num placeholders in template and num inputs must match: {len(parts) - 1} vs. {len(inputs)}",
        )
    text = parts[0] + "".join(
        edges(x, summarize) + part for x, part in zip(inputs, parts[1:], strict=True)
    )
    return np.array(text.encode(), object)


@op("input: string -> ", shape=nothing, grad=None, host=True, stateful=True)
def PrintV2(input: Any, *, output_stream: str = "stderr", end: str = "\n") -> None:
    """Write a string to a stream: "stdout", "stderr", "log(info)" and the like, or "file://PATH"."""
    text = np.asarray(input).item().decode("utf-8", "replace")
    if output_stream in ("stdout", "stderr"):
        print(text, end=end, file=getattr(sys, output_stream), flush=True)
    elif output_stream.startswith("log("):
        logging.getLogger("tensorflow").log(_LEVELS[output_stream[4:-1]], text)
    elif output_stream.startswith("file://"):
        with open(output_stream[len("file://") :], "a", encoding="utf-8") as file:
            file.write(text + end)
    else:
        raise InvalidArgumentError(None, None, f"Unknown output stream: {output_stream}")


_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


@export("strings.format")
def string_format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Tensor:
    """A string scalar: `template` with each `placeholder` replaced by a tensor.

    Args:
        inputs: a tensor or a list of them.
        summarize: how many elements to show at each end of each dimension (-1 for all).

    Raises:
        ValueError: there are not as many placeholders as inputs.
    """
    tensors = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if template.count(placeholder) != len(tensors):
        raise ValueError(
            f"The template expects {template.count(placeholder)} tensors, but the inputs only has {len(tensors)}."
        )
    result: Tensor = StringFormat(
        tensors, template=template, placeholder=placeholder, summarize=summarize, name=name
    )
    return result


def _stream(output_stream: Any) -> str:
    if output_stream is sys.stdout:
        return "stdout"
    if output_stream is sys.stderr:
        return "stderr"
    if isinstance(output_stream, str) and output_stream.startswith("file://"):
        return output_stream
    level = {"warn": "warning"}.get(
        getattr(output_stream, "__name__", ""), getattr(output_stream, "__name__", "")
    )
    if isinstance(output_stream, int):
        level = logging.getLevelName(output_stream).lower()
    if level not in _LEVELS:
        raise ValueError(
            f"Unsupported output stream, logging level, or file.{output_stream}. Supported streams are "
            "sys.stdout, sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error. "
            "File needs to be in the form of 'file://<filepath>'."
        )
    return f"log({level})"


@export("print")
def print_(*inputs: Any, **kwargs: Any) -> Operation:
    """An op that prints its arguments, tensors and anything else, when it runs.

    Args:
        output_stream: sys.stderr (default), sys.stdout, a function of tf.logging, or a string
            "file://PATH".
        summarize: how many elements to show at each end of each dimension (3; -1 for all).
        sep, end: between the arguments, and after them.
        name: the op's name.
    """
    stream = _stream(kwargs.pop("output_stream", sys.stderr))
    name = kwargs.pop("name", None)
    summarize = kwargs.pop("summarize", 3)
    sep, end = kwargs.pop("sep", " "), kwargs.pop("end", "\n")
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {kwargs}")
    only = inputs[0] if len(inputs) == 1 else None
    if (
        isinstance(only, Tensor)
        and only.shape.ndims == 0
        and only.dtype.base_dtype is dtypes.string
    ):
        text: Any = only
    else:
        placeholder = "{}"
        while any(
            placeholder in str(x) for x in nest.flatten(list(inputs)) if not isinstance(x, Tensor)
        ):
            placeholder = f"{{{placeholder}}}"
        pairs = [_template(x, placeholder) for x in inputs]
        template = sep.join(part for part, _ in pairs)
        tensors = [t for _, found in pairs for t in found]
        text = string_format(template, tensors, placeholder, summarize, name and f"{name}_format")
    node: Operation = PrintV2(text, output_stream=stream, end=end, name=name)
    return node


def _template(value: Any, placeholder: str) -> tuple[str, list[Tensor]]:
    """An argument as text with placeholders, and the tensors for them."""
    if isinstance(value, str):
        return value, []
    leaves = nest.flatten(value)
    tensors = [x for x in leaves if isinstance(x, Tensor)]
    shown = [placeholder if isinstance(x, Tensor) else x for x in leaves]
    text = pprint.pformat(nest.pack_sequence_as(value, shown))
    return text.replace(f"'{placeholder}'", placeholder), tensors
