"""The network behind the page, and its queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import current_app

from data2vis.recommend import COUNT, Recommender
from data2vis.web.gate import Gate


@dataclass
class Model:
    """A network that answers so many requests at once; the others wait their turn."""

    recommender: Recommender
    beam_width: int = COUNT  # charts an answer has, unless asked for otherwise
    gate: Gate = field(default_factory=Gate)

    @contextmanager
    def turn(self) -> Iterator[Recommender]:
        """The network, when it is one's turn."""
        with self.gate.turn():
            yield self.recommender


def model() -> Model:
    """That of the application which is answering."""
    found: Model = current_app.extensions["data2vis"]
    return found
