"""`Session.partial_run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tf1x.core import errors
from tf1x.core.operation import Operation, Tensor
from tf1x.runtime import feeds as feeding
from tf1x.runtime.execute import Runner
from tf1x.runtime.fetched import fetched_values
from tf1x.runtime.fetches import Fetches

if TYPE_CHECKING:
    from tf1x.runtime.session import BaseSession


class PartialRun:
    """The state of `Session.partial_run` between its calls: everything computed so far."""

    def __init__(self, session: BaseSession, fetches: Fetches, feeds: list[Any]) -> None:
        self._session = session
        self._allowed = set(feeds)
        self._expected = set(fetches.elements)
        self._values: dict[Tensor, Any] = {}
        self._done: set[Operation] = set()

    def run(self, fetches: Fetches, fed: list[tuple[Tensor, Any]]) -> Any:
        """Feed, then compute what `fetches` still need; every op runs once in all."""
        for tensor, value in fed:
            if tensor not in self._allowed:
                raise errors.InvalidArgumentError(
                    None, None, f"The feed {tensor.name} was not specified in partial_run_setup."
                )
            if tensor in self._values:
                raise errors.InvalidArgumentError(
                    None, None, f"The feed {tensor.name} has already been fed."
                )
            self._values[tensor] = value
        for element in fetches.elements:
            if element not in self._expected:
                raise errors.InvalidArgumentError(
                    None, None, f"The fetch {element.name} was not specified in partial_run_setup."
                )
        runner = Runner(self._session, list(fetches.elements), list(self._values))
        runner.interpret_pending(self._values, self._done)
        getters = fetched_values(fetches, feeding.Feeds())
        return fetches.result([get(self._values, self._session._state) for get in getters])
