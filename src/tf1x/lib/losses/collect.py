"""The losses of a graph: those that losses add themselves, those of regularizers, their total."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.ops.math_functions import add_n


def add_loss(loss: Any, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Add a loss to a collection (to none, where that is None)."""
    if loss_collection:
        scopes.add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """The losses added so far; with `scope`, those whose names match it."""
    return scopes.get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The penalties of regularizers; with `scope`, those whose names match it."""
    return scopes.get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(
    scope: str | None = None, name: str = "total_regularization_loss"
) -> Tensor:
    """The sum of the regularizers' penalties; a constant 0 where there are none."""
    losses = get_regularization_losses(scope)
    return add_n(losses, name=name) if losses else convert.constant(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """The sum of all losses of the graph and, unless told otherwise, of the regularizers.

    Raises:
        ValueError: there are none.
    """
    losses = get_losses(scope)
    if add_regularization_losses:
        losses = losses + get_regularization_losses(scope)
    return add_n(losses, name=name)
