"""Recognising patterns of ops: `ge.matcher("Add").input_ops("Const", ge.matcher("Mul"))`."""

from __future__ import annotations

from typing import Any

from tf1x.core.operation import Operation
from tf1x.lib.contrib.graph_editor import select


class OpMatcher:
    """Whether an op fits: `matcher(op)`.

    Args:
        positive_filter: True, a regular expression to find in the name, or a function of the op.
    """

    def __init__(self, positive_filter: Any) -> None:
        self.positive_filters: list[Any] = []
        self.input_op_matches: list[Any] | None = None
        self.control_input_op_matches: list[Any] | None = None
        self.output_op_matches: list[list[Any]] | None = None
        self._finalize_positive_filter(positive_filter)

    def _finalize_positive_filter(self, elem: Any) -> None:
        if elem is True:
            return
        if select.can_be_regex(elem):
            pattern = select.make_regex(elem)
            self.positive_filters.append(lambda op: bool(pattern.search(op.name)))
        elif callable(elem):
            self.positive_filters.append(elem)
        else:
            raise TypeError(f"Expected True, a regex or a function, got: {type(elem)}")

    def __call__(self, op: Any) -> bool:
        if not isinstance(op, Operation):
            raise TypeError(f"Expected a tf.Operation, got: {type(op)}")
        if not all(wanted(op) for wanted in self.positive_filters):
            return False
        if not _match(self.input_op_matches, [t.op for t in op.inputs]):
            return False
        if not _match(self.control_input_op_matches, op.control_inputs):
            return False
        if self.output_op_matches is None:
            return True
        return len(op.outputs) == len(self.output_op_matches) and all(
            _match(wanted, t.consumers())
            for wanted, t in zip(self.output_op_matches, op.outputs, strict=True)
        )

    def input_ops(self, *args: Any) -> OpMatcher:
        """Also ask of the ops behind the inputs, one argument each."""
        self.input_op_matches = [_matcher(arg) for arg in args]
        return self

    def control_input_ops(self, *args: Any) -> OpMatcher:
        """Also ask of the control inputs, one argument each."""
        self.control_input_op_matches = [_matcher(arg) for arg in args]
        return self

    def output_ops(self, *args: Any) -> OpMatcher:
        """Also ask of what takes the outputs: an argument (or list of such) an output."""
        self.output_op_matches = [
            [_matcher(item) for item in (arg if isinstance(arg, (list, tuple)) else [arg])]
            for arg in args
        ]
        return self


def _matcher(item: Any) -> Any:
    return item if isinstance(item, OpMatcher) else OpMatcher(item)


def _match(wanted: list[Any] | None, ops: list[Operation]) -> bool:
    if wanted is None:
        return True
    return len(wanted) == len(ops) and all(w(op) for w, op in zip(wanted, ops, strict=True))


matcher = OpMatcher
