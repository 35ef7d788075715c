"""Summaries of single tensors or many, with a prefix and, where wanted, printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x import api
from tf1x.core import scopes
from tf1x.core.scopes import GraphKeys
from tf1x.ops.nn_functions import zero_fraction


def _public(path: str) -> Callable[..., Any]:
    found = api.symbols().get(path)
    return found if found is not None else api.missing(path)  # type: ignore[no-any-return]


def _tag(tensor: Any, name: str | None, prefix: str | None, postfix: str | None = None) -> str:
    tag: str = name or tensor.op.name
    return "/".join(part for part in (prefix, tag, postfix) if part)


def _adder(kind: str, doc: str) -> Callable[..., Any]:
    def add(
        tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
    ) -> Any:
        tag = _tag(tensor, name, prefix)
        collections: list[str] | None = [] if print_summary else None
        summary = _public(f"summary.{kind}")(tag, tensor, collections=collections)
        if print_summary:
            summary = _public("Print")(summary, [tensor], tag)
            scopes.add_to_collection(GraphKeys.SUMMARIES, summary)
        return summary

    add.__name__ = add.__qualname__ = f"add_{kind}_summary"
    add.__doc__ = f"{doc}\n\nArgs:\n    name: by default the tensor's.\n    prefix: put before it."
    return add


add_histogram_summary = _adder("histogram", "A histogram of a tensor.")
add_image_summary = _adder("image", "Images [batch, height, width, channels].")
add_scalar_summary = _adder("scalar", "A scalar.")


def add_zero_fraction_summary(
    tensor: Any, name: str | None = None, prefix: str | None = None, print_summary: bool = False
) -> Any:
    """The fraction of zeros of a tensor, as a scalar."""
    tag = _tag(tensor, name, prefix, "Fraction of Zero Values")
    return add_scalar_summary(zero_fraction(tensor), tag, print_summary=print_summary)


def add_histogram_summaries(tensors: Any, prefix: str | None = None) -> list[Any]:
    """Histograms of several tensors."""
    return [add_histogram_summary(tensor, prefix=prefix) for tensor in tensors]


def add_image_summaries(tensors: Any, prefix: str | None = None) -> list[Any]:
    """Images of several tensors."""
    return [add_image_summary(tensor, prefix=prefix) for tensor in tensors]


def add_scalar_summaries(
    tensors: Any, prefix: str | None = None, print_summary: bool = False
) -> list[Any]:
    """Several scalars."""
    return [add_scalar_summary(t, prefix=prefix, print_summary=print_summary) for t in tensors]


def add_zero_fraction_summaries(tensors: Any, prefix: str | None = None) -> list[Any]:
    """The fractions of zeros of several tensors."""
    return [add_zero_fraction_summary(tensor, prefix=prefix) for tensor in tensors]
