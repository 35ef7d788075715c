"""Properties that every op must have, checked over the whole case table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import tf1x as tf
from tests.ops import graphs
from tests.ops.cases import all_cases
from tests.ops.cases.case import Case, Const, Var
from tf1x.core import opdef
from tf1x.core.graph_import import import_graph_def
from tf1x.core.operation import Operation
from tf1x.runtime import saved_programs
from tf1x.runtime.evaluate import Counter, Evaluator
from tf1x.runtime.functions import Bounds, Traced
from tf1x.runtime.plan import SILENT
from tf1x.runtime.session import Session


def _rows(wanted: Callable[[Case], bool], types: int | None = None) -> Any:
    rows = []
    for i, case in enumerate(all_cases()):
        if not wanted(case):
            continue
        floating = any(_has_float(v) for v in case.inputs) or "float32" in map(
            str, case.attrs.values()
        )
        for dtype in case.dtypes[:types] if floating else case.dtypes[:1]:
            group = pytest.mark.xdist_group(f"case{i % 64}")  # a case's properties share its graph
            rows.append(pytest.param(case, dtype, id=f"{case}-{dtype}-{i}", marks=group))
    return pytest.mark.parametrize(("case", "dtype"), rows)


def _has_float(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_has_float(v) for v in value)
    return np.asarray(getattr(value, "value", value)).dtype.kind in "fc"


def _differentiated(case: Case) -> bool:
    """Whether TensorFlow and tf1x can be asked for a gradient."""
    definition = opdef.get(case.op)
    fed = [v for v in case.inputs if not isinstance(v, (Const, Var))]
    floats_out = case.program is not None or any(
        a.dtype is None or a.dtype.is_floating for a in definition.outputs
    )
    single = case.oracle and case.runs == 1 and not definition.writes and not definition.injected
    return case.grad and single and floats_out and any(map(_has_float, fed))


every_case = _rows(lambda case: True)


def _close(case: Case, dtype: str, ours: object, theirs: object) -> None:
    a, b = np.asarray(ours), np.asarray(theirs)
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    if a.dtype.kind in "fc" or a.dtype.name == "bfloat16":
        wide = dtype == "float64"
        kind = np.complex128 if a.dtype.kind == "c" else np.float64
        np.testing.assert_allclose(
            a.astype(kind),
            b.astype(kind),
            rtol=case.rtol64 if wide else case.rtol,
            atol=case.atol64 if wide else case.atol,
        )
    else:
        np.testing.assert_array_equal(a, b)
        # An array of no dimensions in an array of objects is equal to its element.
        assert [type(x) for x in a.flat] == [type(x) for x in b.flat]


@_rows(lambda case: case.oracle)
def test_values_equal_tensorflow(case: Case, dtype: str) -> None:
    """The exported graph gives the same numbers in TensorFlow."""
    computed = graphs.Computed.of(case, dtype)
    ours, theirs = computed.values, graphs.run_in_tensorflow(computed.built, case.runs)
    for our_run, their_run in zip(ours, theirs, strict=True):
        for a, b in zip(our_run, their_run, strict=True):
            _close(case, dtype, a, b)


@_rows(_differentiated)
def test_gradients_equal_tensorflow(case: Case, dtype: str) -> None:
    """`tf.gradients` of the float outputs, from random output gradients."""
    computed = graphs.Computed.of(case, dtype)
    built = graphs.build(case, dtype)
    outputs = built.op.outputs if case.program is None else built.outputs
    ys = [t for t in outputs if t.dtype.is_floating or t.dtype.is_complex]
    rng = np.random.RandomState(0)
    values = dict(zip(built.outputs, computed.values[0], strict=False))
    grads = [np.asarray(rng.randn(*np.shape(values[y]))).astype(y.dtype.as_numpy_dtype) for y in ys]
    theirs = graphs.gradients_in_tensorflow(built, ys, grads)
    ours = graphs.gradients_in_tf1x(built, ys, grads)
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None), "one side has no gradient"
        if a is not None:
            _close(case, dtype, a, b)


@every_case
def test_shape_rule_equals_the_computed_shape(case: Case, dtype: str) -> None:
    computed = graphs.Computed.of(case, dtype)
    values = computed.values[0]
    for tensor, value in zip(computed.built.outputs, values, strict=True):
        if not case.data_dependent:
            assert tensor.shape.is_fully_defined()
        assert tensor.shape.is_compatible_with(np.shape(value))
    open_dims = graphs.build(case, dtype, unknown_shapes=True)
    for tensor, value in zip(open_dims.outputs, values, strict=True):
        assert tensor.shape.is_compatible_with(np.shape(value))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the programs of all cases: none may be taken for another's."""
    return tmp_path_factory.mktemp("programs")


@_rows(lambda case: not opdef.get(case.op).host, types=1)
def test_saved_programs_give_the_same(case: Case, dtype: str, programs: Path) -> None:
    """A program on the disk serves the same graph built anew."""
    expected = graphs.Computed.of(case, dtype).values
    saved_programs.keep_in(programs)
    try:
        for built in (graphs.build(case, dtype) for _ in range(2)):
            for ours, theirs in zip(built.run(case.runs), expected, strict=True):
                for a, b in zip(ours, theirs, strict=True):
                    np.testing.assert_array_equal(a, b)
    finally:
        saved_programs.keep_in(None)


def _interpretable(case: Case) -> bool:
    """Whether the op computes something from values alone, without a session."""
    definition = opdef.get(case.op)
    needs_session = definition.host or any(isinstance(v, Var) for v in case.inputs)
    return not needs_session and definition.type not in SILENT


@_rows(_interpretable)
def test_interpreted_equals_compiled(case: Case, dtype: str) -> None:
    """Op by op on NumPy values, as eager execution and one-off plans run it."""
    computed = graphs.Computed.of(case, dtype)
    built = computed.built

    def counter(op: Operation, position: Any) -> Counter:
        key = np.uint64(op.attrs["seed"]), np.uint64(op.attrs["seed2"])
        return Counter(key, np.uint64(0) if position is None else position)

    with jax.enable_x64(True):
        evaluator = Evaluator({}, counter, lambda inner, op: Traced(inner, op, Bounds()))
        evaluator.values.update(built.feeds)
        evaluator.run(op for op in built.graph.get_operations() if op.type != "Placeholder")
    for tensor, value in zip(built.outputs, computed.values[0], strict=True):
        _close(case, dtype, np.asarray(evaluator.values[tensor]), value)


@_rows(lambda case: case.oracle)
def test_graphdef_round_trip(case: Case, dtype: str) -> None:
    computed = graphs.Computed.of(case, dtype)
    built = computed.built
    proto = built.graph.as_graph_def()
    again = tf.Graph()
    with again.as_default():
        import_graph_def(type(proto).FromString(proto.SerializeToString()), name="")
    assert again.as_graph_def() == proto
    with Session(graph=again) as session:
        session.run([op.name for op in built.init])
        names = [t.name for t in built.outputs]
        values = session.run([built.op.name, *names], built.named_feeds)[1:]
    for a, b in zip(values, computed.values[0], strict=True):
        _close(case, dtype, a, b)


def test_every_op_has_a_case() -> None:
    described = {case.op for case in all_cases()}
    described |= {"Placeholder", "_Arg"}  # which are in most cases, and in every function
    described |= {"KerasCall", "KerasValue"}  # tests/lib/keras
    assert sorted(set(opdef.all_ops()) - described) == []
