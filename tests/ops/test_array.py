"""The array functions: the same graphs, static shapes and values as TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tf1x
from tests.ops.both import Program, assert_same, error_of
from tests.ops.cases.case import floats

_X = floats(2, 3)
_CUBE = floats(2, 3, 4)
_IMAGE = floats(1, 4, 4, 1)
_MASK = np.array([True, False, True])


def _open(tf: Any, value: Any, rank: bool = True) -> Any:
    """A tensor with that value whose dimensions (and rank) are not known while building."""
    shape = [None] * np.ndim(value) if rank else None
    return tf.placeholder_with_default(tf.constant(value), shape)


def _batch(tf: Any, value: Any) -> Any:
    """A tensor with that value of which only the first dimension is not known."""
    return tf.placeholder_with_default(tf.constant(value), [None, *np.shape(value)[1:]])


MADE: dict[str, Program] = {
    "constant": lambda tf: [tf.constant(1.5), tf.constant([1, 2], tf.int64, name="c"), tf.constant(3, shape=[2, 2])],
    "constant types": lambda tf: [tf.constant(2**40), tf.constant(True), tf.constant([[1.0], [2]]), tf.constant("a")],
    "default": lambda tf: tf.placeholder_with_default([1.0, 2.0], [None], name="d"),
    "zeros": lambda tf: [tf.zeros([2, 3]), tf.zeros((), tf.int32), tf.zeros(4, tf.bool, name="z"), tf.zeros([0, 3])],
    "zeros large": lambda tf: tf.zeros([40, 50], tf.float64, name="z"),
    "zeros of a shape": lambda tf: tf.zeros(tf.shape(_open(tf, _X)), tf.int32),
    "zeros of a list": lambda tf: tf.zeros([tf.shape(_open(tf, _X))[0], 4]),
    "zeros of dimensions": lambda tf: tf.zeros([tf.constant(_X).shape[1], 2]),
    "zeros of strings": lambda tf: tf.zeros([2], tf.string),
    "ones": lambda tf: [tf.ones([2, 3]), tf.ones((), tf.int32), tf.ones([2], tf.bool), tf.ones(np.int64([1, 2]))],
    "ones large": lambda tf: tf.ones([1000], tf.int64),
    "ones of a scalar": lambda tf: tf.ones(_open(tf, np.int32(3))),
    "zeros_like": lambda tf: [tf.zeros_like(_X), tf.zeros_like(tf.constant(_X), tf.int32, name="z")],
    "zeros_like open": lambda tf: [tf.zeros_like(_open(tf, _X)), tf.zeros_like(_open(tf, _X), tf.int32)],
    "zeros_like large": lambda tf: tf.zeros_like(tf.ones([50, 50])),
    "zeros_like slow": lambda tf: tf.zeros_like(tf.constant(_X), optimize=False),
    "ones_like": lambda tf: [tf.ones_like(_X), tf.ones_like(_open(tf, _X), name="o"), tf.ones_like(tf.constant(_X), tf.bool)],
    "fill": lambda tf: [tf.fill([2, 2], 3.0), tf.fill(tf.shape(_batch(tf, _X)), 1, name="f")],
    "range": lambda tf: [tf.range(5), tf.range(2, 8, 3), tf.range(0.0, 1.0, 0.25, name="r"), tf.range(3, dtype=tf.int64)],
    "range mixed": lambda tf: [tf.range(1, 3, 0.5), tf.range(tf.constant(4, tf.int64)), tf.range(5, 0, -2)],
    "range open": lambda tf: tf.range(_open(tf, np.int32(4))),
    "eye": lambda tf: [tf.eye(3), tf.eye(2, 3, dtype=tf.int32), tf.eye(2, batch_shape=[2], name="i"), tf.eye(3, 2)],
    "eye open": lambda tf: [tf.eye(_open(tf, np.int32(3))), tf.eye(_open(tf, np.int32(2)), 4), tf.eye(2, batch_shape=_open(tf, np.int32([3])))],
    "meshgrid": lambda tf: [*tf.meshgrid([1, 2, 3], [4, 5]), *tf.meshgrid([1.0, 2.0], [3.0], indexing="ij", name="m")],
    "meshgrid of three": lambda tf: tf.meshgrid([1, 2, 3], [4, 5], tf.constant([6])),
    "one_hot": lambda tf: [tf.one_hot([0, 2], 3), tf.one_hot([1], 2, dtype=tf.int32), tf.one_hot([1], 3, on_value=5, off_value=-1, axis=0, name="h")],
    "one_hot partial": lambda tf: [tf.one_hot([1], 3, on_value=2.0), tf.one_hot([1], 3, off_value=2)],
    "one_hot open": lambda tf: tf.one_hot(_open(tf, np.int32([0, 2])), 3),
    "sequence_mask": lambda tf: [tf.sequence_mask([1, 3, 2], 5), tf.sequence_mask([[1, 2]]), tf.sequence_mask([1, 2], 3, tf.float32, name="s")],
    "matrix_diag": lambda tf: [tf.matrix_diag([1.0, 2.0]), tf.linalg.diag(_X, k=1, name="d"), tf.matrix_diag(np.array([True]))],
    "diag": lambda tf: [tf.diag([1.0, 2.0]), tf.diag_part(tf.constant(np.eye(2, dtype="f"))), tf.linalg.tensor_diag([1, 2])],
    "diag parts": lambda tf: [tf.matrix_diag_part(_CUBE), tf.matrix_set_diag(_CUBE, _CUBE[:, :, 0]), tf.linalg.diag_part(_CUBE, k=(-1, 1))],
    "band": lambda tf: [tf.matrix_band_part(_CUBE, 1, -1), tf.linalg.band_part(_CUBE, 0, 0)],
}  # fmt: skip

SHAPES: dict[str, Program] = {
    "shape": lambda tf: [tf.shape(_X), tf.shape(_open(tf, _X)), tf.shape(_batch(tf, _X), name="s", out_type=tf.int64)],
    "size": lambda tf: [tf.size(_X), tf.size(_open(tf, _X)), tf.size(_X, out_type=tf.int64)],
    "rank": lambda tf: [tf.rank(_X), tf.rank(_open(tf, _X, rank=False)), tf.rank(_open(tf, _X), name="r")],
    "shape_n": lambda tf: tf.shape_n([tf.constant(_X), tf.constant(_CUBE)]),
    "reshape": lambda tf: [tf.reshape(_X, [3, 2]), tf.reshape(_X, [-1]), tf.reshape(_X, (3, -1), name="r"), tf.reshape([[1]], tf.constant([], tf.int32))],
    "reshape batch": lambda tf: [tf.reshape(_batch(tf, _CUBE), [-1, 12]), tf.reshape(_batch(tf, _CUBE), [2, -1])],
    "reshape by shape": lambda tf: tf.reshape(_batch(tf, _CUBE), [tf.shape(_batch(tf, _CUBE))[0], -1]),
    "reshape by two": lambda tf: tf.reshape(_batch(tf, _CUBE), tf.stack([tf.shape(_batch(tf, _CUBE))[0], 12])),
    "reshape by slices": lambda tf: tf.reshape(_batch(tf, _CUBE), tf.concat([tf.shape(_batch(tf, _CUBE))[:1], [12]], 0)),
    "expand_dims": lambda tf: [tf.expand_dims(_X, 0), tf.expand_dims(_X, axis=-1), tf.expand_dims(_X, dim=1, name="e")],
    "squeeze": lambda tf: [tf.squeeze([[[1], [2]]]), tf.squeeze([[[1], [2]]], 0), tf.squeeze([[[1], [2]]], squeeze_dims=[0, 2])],
    "broadcast": lambda tf: [tf.broadcast_to([1, 2], [3, 2]), tf.broadcast_dynamic_shape([2, 1], [3])],
    "pad": lambda tf: [tf.pad(_X, [[1, 0], [0, 2]]), tf.pad(_X, [[1, 0], [0, 2]], "REFLECT"), tf.pad(_X, [[1, 0], [0, 2]], mode="symmetric")],
    "pad value": lambda tf: tf.pad(_X, [[1, 0], [0, 2]], constant_values=-1, name="p"),
    "pad partly known": lambda tf: tf.pad(_batch(tf, _X), [[0, 0], [0, _open(tf, np.int32(2))]]),
    "identities": lambda tf: [tf.identity(_X), tf.stop_gradient(_X, name="s"), *tf.identity_n([tf.constant(_X), tf.constant(1)])],
    "checks": lambda tf: [tf.check_numerics(_X, "bad"), tf.ensure_shape(_open(tf, _X), [2, None])],
    "bitcast": lambda tf: tf.bitcast(_X, tf.int32),
    "blocks": lambda tf: [tf.space_to_depth(_IMAGE, 2), tf.depth_to_space(tf.space_to_depth(_IMAGE, 2), 2)],
    "batches": lambda tf: [tf.space_to_batch(_IMAGE, [[0, 0], [0, 0]], 2), tf.batch_to_space(tf.space_to_batch(_IMAGE, [[0, 0], [0, 0]], 2), [[0, 0], [0, 0]], 2)],
    "batches nd": lambda tf: [tf.space_to_batch_nd(_IMAGE, [2, 2], [[0, 0], [1, 1]]), tf.batch_to_space_nd(np.tile(_IMAGE, (4, 1, 1, 1)), [2, 2], [[0, 0], [0, 1]])],
    "paddings": lambda tf: tf.required_space_to_batch_paddings([5, 6], [2, 4]),
    "paddings open": lambda tf: tf.required_space_to_batch_paddings(_open(tf, np.int32([5, 6])), [2, 4], [[0, 1], [0, 0]]),
}  # fmt: skip

MOVES: dict[str, Program] = {
    "stack": lambda tf: [tf.stack([[1.0], [2.0]]), tf.stack([tf.constant(_X), _X], 1), tf.stack([1, tf.constant(2)], name="s"), tf.stack([1.0, 2.0], axis=-1)],
    "stack nested": lambda tf: tf.stack([[1, tf.constant(2)], [3, 4]]),
    "stack of two types": lambda tf: tf.zeros([tf.constant(2, tf.int64), 1, tf.constant(3)]),
    "unstack": lambda tf: [*tf.unstack(_X), *tf.unstack(tf.constant(_X), axis=1, name="u"), *tf.unstack(_open(tf, _X), 2)],
    "concat": lambda tf: [tf.concat([_X, tf.constant(_X)], 0), tf.concat(values=[_X, _X], axis=-1, name="c"), tf.concat([tf.constant(_X)], 0), tf.concat(_X, 1)],
    "concat batches": lambda tf: tf.concat([_batch(tf, _X), _batch(tf, _X)], 0),
    "split": lambda tf: [*tf.split(_CUBE, 2), *tf.split(tf.constant(_CUBE), 2, axis=2), *tf.split(value=_CUBE, num_or_size_splits=3, axis=1, name="s")],
    "split sizes": lambda tf: [*tf.split(_CUBE, [1, 3], 2), *tf.split(_open(tf, _CUBE), _open(tf, np.int32([3, 1])), -1, num=2)],
    "tile": lambda tf: [tf.tile(_X, [2, 1]), tf.tile(_open(tf, _X), [1, 2], name="t")],
    "transpose": lambda tf: [tf.transpose(_X), tf.transpose(tf.constant(_CUBE), [2, 0, 1]), tf.transpose(_CUBE, perm=[0, 2, 1], name="t"), tf.transpose(_open(tf, _X, rank=False))],
    "transpose conjugate": lambda tf: tf.transpose(tf.constant([[1 + 2j, 3]]), conjugate=True),
    "matrix_transpose": lambda tf: [tf.matrix_transpose(_CUBE), tf.matrix_transpose(_open(tf, _CUBE, rank=False))],
    "reverse": lambda tf: [tf.reverse(_X, [0]), tf.reverse(_X, axis=[0, -1], name="r"), tf.reverse_v2(_X, [1])],
    "reverse_sequence": lambda tf: [tf.reverse_sequence(_CUBE, [1, 3], seq_axis=1, batch_axis=0), tf.reverse_sequence(_CUBE, [1, 3, 2], seq_dim=2, batch_dim=1, name="r")],
    "roll": lambda tf: tf.roll(_X, [1, -1], [0, 1]),
    "invert_permutation": lambda tf: tf.invert_permutation([2, 0, 1]),
}  # fmt: skip

CHOICES: dict[str, Program] = {
    "slice": lambda tf: [tf.slice(_CUBE, [0, 1, 1], [1, -1, 2]), tf.slice(_open(tf, _X), [0, 1], [-1, 2], name="s")],
    "strided_slice": lambda tf: [tf.strided_slice(_CUBE, [0, 1], [2, 3]), tf.strided_slice(_CUBE, [1], [2], shrink_axis_mask=1, name="s"), tf.strided_slice(_X, [1, -1], [0, -4], [-1, -2])],
    "getitem": lambda tf: [tf.constant(_CUBE)[k] for k in (0, -1, slice(1), slice(None, None, -1), (0, 1), (..., 0), (slice(None), tf.newaxis), (1, ..., slice(1, 3)))],
    "getitem of tensors": lambda tf: [tf.constant(_CUBE)[tf.constant(1)], tf.constant(_CUBE)[:, tf.constant(1) :], tf.constant(_CUBE)[tf.constant(1, tf.int64) :]],
    "getitem of int64": lambda tf: tf.constant(_CUBE)[tf.constant(1, tf.int64), 0],
    "getitem of NumPy": lambda tf: tf.constant(_CUBE)[np.int64(1), : np.int32(2)],
    "getitem open": lambda tf: [_batch(tf, _CUBE)[:, 1], _batch(tf, _CUBE)[1:], _batch(tf, _CUBE)[:, _open(tf, np.int32(2))]],
    "getitem mask": lambda tf: [tf.constant(_X)[np.array([True, False])], tf.constant(_X)[tf.constant([[True, False, True]] * 2)]],
    "getitem mixed type": lambda tf: tf.constant(_CUBE)[tf.constant(0, tf.int64) : tf.constant(2), 1],
    "gather": lambda tf: [tf.gather(_X, [1, 0]), tf.gather(tf.constant(_X), [[0], [2]], axis=1, name="g"), tf.gather(_CUBE, [[0], [2]], axis=1, batch_dims=1)],
    "gather_nd": lambda tf: [tf.gather_nd(_X, [[0, 1], [1, 2]]), tf.gather_nd(_CUBE, [[1]], name="g")],
    "scatter_nd": lambda tf: [tf.scatter_nd([[1], [3]], [5.0, 6.0], [4]), tf.tensor_scatter_update(_X, [[0, 1]], [9.0]), tf.tensor_scatter_add(_X, [[0, 1]], [9.0])],
    "where": lambda tf: [tf.where(_MASK), tf.where([[1, 0], [0, 3]], name="w"), tf.where(_MASK, [1, 2, 3], [4, 5, 6]), tf.where([True, False], _X, -_X, name="v")],
    "where_v2": lambda tf: [tf.where_v2(_MASK, _X, 0.0), tf.where_v2(_MASK)],
    "boolean_mask": lambda tf: [tf.boolean_mask(_X, [True, False]), tf.boolean_mask(tf.constant(_CUBE), _MASK, axis=1, name="m"), tf.boolean_mask(_X, _X > 0)],
    "boolean_mask open": lambda tf: tf.boolean_mask(_batch(tf, _X), _open(tf, np.array([False, True]))),
    "unique": lambda tf: [*tf.unique([3, 1, 3]), *tf.unique_with_counts([3, 1, 3], tf.int64, name="u")],
    "setdiff1d": lambda tf: [*tf.setdiff1d([1, 2, 3], [2]), *tf.setdiff1d([1, 2, 3], [2], tf.int64)],
    "partition": lambda tf: tf.dynamic_partition([10, 20, 30], [1, 0, 1], 2, name="p"),
    "stitch": lambda tf: tf.dynamic_stitch([[0, 2], [1]], [[1.0, 2.0], [3.0]]),
    "searchsorted": lambda tf: [tf.searchsorted([1, 3, 5], [0, 3, 9]), tf.searchsorted([[1.0, 3.0]], [[3.0]], side="right", out_type=tf.int64, name="s")],
}  # fmt: skip

# Where TensorFlow 2.21 builds a longer graph than tf1x (or TensorFlow 1) does, for the same value.
VALUES: dict[str, Program] = {
    "batch_gather": lambda tf: tf.batch_gather(_CUBE, [[0, 2], [1, 1]]),
    "gather_nd batch": lambda tf: tf.gather_nd(_CUBE, [[[0, 1]], [[2, 3]]], batch_dims=1),
    "repeat": lambda tf: [tf.repeat([1, 2], 3), tf.repeat(_X, [1, 2], axis=0), tf.repeat(_X, 2, axis=1), tf.repeat(_X, [2, 0, 1], axis=-1), tf.repeat(3, 2)],
    "reshape to scalar": lambda tf: tf.reshape([[1]], []),
    "parallel_stack": lambda tf: tf.parallel_stack([tf.constant(1), tf.constant(2)]),
}  # fmt: skip


@pytest.mark.parametrize(
    "program", [pytest.param(p, id=n) for n, p in (MADE | SHAPES | MOVES | CHOICES).items()]
)
def test_same_graph_shapes_and_values_as_tensorflow(program: Program) -> None:
    from tests.oracle import tf1

    assert_same(program)
    assert _static_shapes(tf1x, program) == _static_shapes(tf1, program)


@pytest.mark.parametrize("program", [pytest.param(p, id=n) for n, p in VALUES.items()])
def test_same_values_as_tensorflow(program: Program) -> None:
    assert_same(program, nodes=False)


def _static_shapes(tf: Any, program: Program) -> list[Any]:
    with tf.Graph().as_default():
        fetches = program(tf)
        listed = list(fetches) if isinstance(fetches, (list, tuple)) else [fetches]
        return [None if t.shape.ndims is None else t.shape.as_list() for t in listed]


OLD_NAMES: dict[str, tuple[Program, Program]] = {
    "concat": (lambda tf: tf.concat(1, [_X, _X]), lambda tf: tf.concat([_X, _X], 1)),
    "concat keyword": (lambda tf: tf.concat(concat_dim=0, values=[_X, _X]), lambda tf: tf.concat([_X, _X], 0)),
    "concat_v2": (lambda tf: tf.concat_v2([_X, _X], 1), lambda tf: tf.concat([_X, _X], 1)),
    "split": (lambda tf: tf.split(1, 3, _X), lambda tf: tf.split(_X, 3, 1)),
    "split keyword": (lambda tf: tf.split(split_dim=1, num_split=3, value=_X), lambda tf: tf.split(_X, 3, 1)),
    "split_v": (lambda tf: tf.split_v(_X, [1, 2], 1)[1], lambda tf: tf.split(_X, [1, 2], 1)[1]),
    "pack": (lambda tf: tf.pack([_X, _X]), lambda tf: tf.stack([_X, _X])),
    "unpack": (lambda tf: tf.unpack(_X), lambda tf: tf.unstack(_X)),
    "select": (lambda tf: tf.select([True, False], _X, -_X), lambda tf: tf.where([True, False], _X, -_X)),
    "reverse": (lambda tf: tf.reverse(_X, [False, True]), lambda tf: tf.reverse(_X, [1])),
    "listdiff": (lambda tf: tf.listdiff([1, 2], [2])[0], lambda tf: tf.setdiff1d([1, 2], [2])[0]),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), [pytest.param(*p, id=n) for n, p in OLD_NAMES.items()])
def test_names_and_orders_of_older_versions(old: Program, new: Program) -> None:
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        before, after = session.run([old(tf1x), new(tf1x)])
    np.testing.assert_array_equal(before, after)


FAILING: dict[str, Program] = {
    "reshape": lambda tf: tf.reshape(_X, [4, 2]),
    "reshape with -1": lambda tf: tf.reshape(_X, [4, -1]),
    "reshape run": lambda tf: tf.reshape(_open(tf, _X), [4, 2]),
    "squeeze": lambda tf: tf.squeeze(tf.constant(_X), [0]),
    "expand_dims": lambda tf: tf.expand_dims(tf.constant(_X), 5),
    "concat ranks": lambda tf: tf.concat([tf.constant(_X), tf.constant(_CUBE)], 0),
    "concat sizes": lambda tf: tf.concat([tf.constant(_X), tf.constant(_X.T)], 0),
    "stack": lambda tf: tf.stack([tf.constant(_X), tf.constant(_CUBE)]),
    "split": lambda tf: tf.split(tf.constant(_X), 2, 1),
    "unstack": lambda tf: tf.unstack(_open(tf, _X)),
    "gather": lambda tf: tf.gather(tf.constant(_X), [0, 5]),
    "gather_nd": lambda tf: tf.gather_nd(_open(tf, _X), [[0, 7]]),
    "index": lambda tf: tf.constant(_X)[2],
    "index run": lambda tf: tf.constant(_X)[_open(tf, np.int32(-3))],
    "index type": lambda tf: tf.constant(_X)[1.5],
    "too many indices": lambda tf: tf.constant(_X)[0, 0, 0],
    "slice": lambda tf: tf.slice(tf.constant(_X), [0, 2], [1, 2]),
    "slice rest": lambda tf: tf.slice(tf.constant(_X), [0, 4], [1, -1]),
    "transpose": lambda tf: tf.transpose(tf.constant(_X), [0, 0]),
    "transpose axis": lambda tf: tf.transpose(tf.constant(_X), [0, 2]),
    "where": lambda tf: tf.where([True], 1),
    "check_numerics": lambda tf: tf.check_numerics([1.0, np.nan, np.inf], "here"),
    "ensure_shape": lambda tf: tf.ensure_shape(tf.constant(_X), [3, None]),
    "range": lambda tf: tf.range(0, 3, 0),
    "mirror": lambda tf: tf.pad(tf.constant(_X), [[2, 0], [0, 0]], "REFLECT"),
    "mode": lambda tf: tf.pad(tf.constant(_X), [[2, 0], [0, 0]], "WRAP"),
    "one_hot": lambda tf: tf.one_hot([1], 2, on_value=1, off_value=0.0),
    "constant": lambda tf: tf.constant([1, 2, 3], shape=[2]),
    "mask": lambda tf: tf.boolean_mask(tf.constant(_X), [True, False, True]),
    "partition": lambda tf: tf.dynamic_partition([1, 2], [0, 4], 2),
    "permutation": lambda tf: tf.invert_permutation([0, 0]),
}


@pytest.mark.parametrize("program", [pytest.param(p, id=n) for n, p in FAILING.items()])
def test_same_class_of_error_as_tensorflow(program: Program) -> None:
    from tests.oracle import tf1

    assert error_of(tf1x, program)[0] == error_of(tf1, program)[0]


def test_the_gradient_of_gathered_rows_is_sparse() -> None:
    """`IndexedSlices` of the rows, summed where a row is taken twice."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.constant(_X)
        (grad,) = tf1x.gradients(tf1x.gather(x, [1, 1]) * [[1.0], [2.0]], x)
        assert isinstance(grad, tf1x.IndexedSlices)
        indices, shape, dense = session.run(
            [grad.indices, grad.dense_shape, tf1x.convert_to_tensor(grad)]
        )
    assert indices.tolist() == [1, 1]
    assert shape.tolist() == [2, 3]
    np.testing.assert_array_equal(dense, [[0, 0, 0], [3, 3, 3]])


_SHAPE = (3, 4, 2)
_bound = st.one_of(st.none(), st.integers(-6, 6))
_slices = st.builds(slice, _bound, _bound, st.sampled_from([None, 1, 2, -1, -3]))


@st.composite
def _keys(draw: Any) -> tuple[Any, ...]:
    """What may stand in `x[...]` for x of `_SHAPE`."""
    taken = draw(st.integers(0, len(_SHAPE)))
    first = draw(st.integers(0, taken))  # dimensions before the ellipsis
    dims = [*range(first), *range(len(_SHAPE) - taken + first, len(_SHAPE))]
    key: list[Any] = [
        draw(st.one_of(_slices, st.integers(-_SHAPE[d], _SHAPE[d] - 1))) for d in dims
    ]
    key.insert(first, Ellipsis)
    for _ in range(draw(st.integers(0, 2))):
        key.insert(draw(st.integers(0, len(key))), None)
    if first == taken and draw(st.booleans()):
        key.remove(Ellipsis)
    return tuple(key)


@settings(max_examples=60)
@given(_keys())
def test_indexing_equals_numpy(key: tuple[Any, ...]) -> None:
    value = floats(*_SHAPE)
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        fed = tf1x.placeholder(tf1x.float32, _SHAPE)
        constant = tf1x.constant(value)[key]
        traced = (fed + 0.0)[key]  # the addition makes it a compiled program
        assert constant.shape.as_list() == list(value[key].shape)
        found = session.run([constant, traced], {fed: value})
    np.testing.assert_array_equal(found[0], value[key])
    np.testing.assert_array_equal(found[1], value[key])
