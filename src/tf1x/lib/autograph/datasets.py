"""`for` over a dataset, in a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tf1x.core import convert
from tf1x.lib.autograph import state as states
from tf1x.lib.autograph.conditionals import staged_if
from tf1x.lib.autograph.state import UNDEFINED, State


def over(
    items: Any,
    test: Callable[[], Any] | None,
    body: Callable[[Any], Any],
    state: State,
    options: Sequence[str],
    completed: Callable[..., Any],
) -> None:
    """The loop as a reduction of the dataset; with `test`, of the part where it holds."""
    from tf1x.lib.data import experimental
    from tf1x.lib.data import structure as forms

    entry = state.read()
    if options or any(v is UNDEFINED for v in entry):
        spec = items._spec

        def once() -> None:
            from tf1x.core import scopes

            graph: Any = scopes.get_default_graph()
            flat = [graph.parameter(leaf.flat[0], leaf.flat[1]) for leaf in forms.flatten(spec)]
            body(forms.from_tensors(spec, flat))

        entry, _ = completed(once, state, entry, options)
    start = [states.lifted(value) for value in entry]
    first = (*states.leaves(start), convert.constant(True))

    def step(old: tuple[Any, ...], item: Any) -> tuple[Any, ...]:
        state.write([states.copied(v) for v in states.packed(start, old[:-1])])
        going: Any = True
        if test is None:
            body(item)
        else:
            going = convert.to_tensor(test())

            def run() -> None:
                body(item)

            staged_if(going, run, lambda: None, state)
        after = [states.lifted(value) for value in state.read()]
        return (*states.leaves(after), convert.to_tensor(going))

    try:
        if test is None:
            found = items.reduce(first, step)
        else:
            scanned = items.apply(experimental.scan(first, lambda s, x: (r := step(s, x), r)))
            kept = scanned.apply(experimental.take_while(lambda *values: values[-1]))
            found = kept.reduce(first, lambda old, new: new)
    except BaseException:
        state.write(entry)
        raise
    state.write(states.packed(start, list(found)[:-1]))
