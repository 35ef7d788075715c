"""An op's signature, in the notation of TensorFlow's op definitions, and its attributes.

Signature notation, for each argument:
    x: T            a tensor of the type that the type attribute `T` stands for
    x: int32        a tensor of that type
    x: N*T          a list of N tensors of type T (`N` becomes an int attribute)
    x: *Ts          a list of tensors of any types (`Ts` becomes a list of types)
    x: Ref(T)       a reference to a variable
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from tf1x.core import dtypes
from tf1x.core.dtypes import DType, as_dtype
from tf1x.core.shapes import as_shape


@dataclass(frozen=True)
class Arg:
    """One input or output of a signature."""

    name: str
    type_attr: str | None = None
    dtype: DType | None = None
    number_attr: str | None = None
    is_ref: bool = False
    is_type_list: bool = False

    @property
    def is_list(self) -> bool:
        return self.number_attr is not None or self.is_type_list


@dataclass(frozen=True)
class Attr:
    """One attribute that is not inferred from the inputs."""

    name: str
    kind: str
    default: Any = None
    required: bool = True


_ARG = re.compile(r"^(\w+): (?:(\w+)\*(\w+)|\*(\w+)|Ref\((\w+)\)|(\w+))$")


def parse_signature(signature: str) -> tuple[tuple[Arg, ...], tuple[Arg, ...]]:
    """Inputs and outputs of a signature such as `"x: T, y: T -> z: T"`."""
    left, _, right = signature.partition("->")
    return _parse_args(left), _parse_args(right)


def _parse_args(text: str) -> tuple[Arg, ...]:
    return tuple(_parse_arg(part.strip()) for part in text.split(",") if part.strip())


@functools.cache  # most arguments are `x: T`, and there are a thousand ops
def _parse_arg(text: str) -> Arg:
    match = _ARG.match(text)
    if not match:
        raise ValueError(f"malformed argument {text!r} in an op's signature")
    name, number, of_type, type_list, ref, plain = match.groups()
    type_name = of_type or ref or plain
    if type_list:
        return Arg(name, type_attr=type_list, is_type_list=True)
    if type_name in dtypes._BY_NAME:
        return Arg(name, None, as_dtype(type_name), number, bool(ref))
    return Arg(name, type_name, None, number, bool(ref))


def slices(args: tuple[Arg, ...], attrs: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    position = 0
    for arg in args:
        if arg.is_type_list:
            size = len(attrs[str(arg.type_attr)])
        elif arg.number_attr:
            size = attrs[arg.number_attr]
        else:
            found.append(position)
            position += 1
            continue
        found.append(slice(position, position + size))
        position += size
    return found


# -- attributes --------------------------------------------------------------------------------


def check_attr(op_type: str, attr: Attr, value: Any) -> Any:
    """`value` as the attribute's kind.

    Raises:
        TypeError: it is not of that kind; the message names op, attribute and value.
    """
    try:
        return coerce(attr.kind, value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Attribute {attr.name!r} of '{op_type}' wants {attr.kind}, got {value!r}."
        ) from error


def coerce(kind: str, value: Any) -> Any:
    """`value` as an attribute of that kind; TypeError or ValueError where it is none."""
    if kind.endswith(" | None"):
        return None if value is None else coerce(kind[:-7], value)
    if kind.startswith("list["):
        if isinstance(value, (str, bytes)):
            raise TypeError
        return [coerce(kind[5:-1], item) for item in value]
    if kind == "int":
        if isinstance(value, (bool, float, str)):
            raise TypeError
        return int(value)
    if kind == "float":
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(np.float32(value))  # as the GraphDef holds it
    if kind == "bool":
        if value not in (True, False):
            raise TypeError
        return bool(value)
    if kind == "str":
        if isinstance(value, bytes):
            return value.decode()
        if not isinstance(value, str):
            raise TypeError
        return value
    if kind == "bytes":
        return value.encode() if isinstance(value, str) else bytes(value)
    if kind == "DType":
        return as_dtype(value).base_dtype
    if kind == "TensorShape":
        return as_shape(value)
    if kind == "ndarray":
        return np.asarray(value)
    if kind in ("func", "object"):
        return value
    raise TypeError(f"unknown kind {kind}")


def kind_of(annotation: Any) -> str:
    name: str = annotation if isinstance(annotation, str) else annotation.__name__
    return name.replace("np.ndarray", "ndarray").replace("FuncAttr", "func")
