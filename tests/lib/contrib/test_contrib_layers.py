"""`tf.contrib.layers` against `tf.layers` and `tf.nn` of TensorFlow, with the same weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import tf1x
from tests.lib.compare import assert_close
from tests.oracle import tf1

L = tf1x.contrib.layers


class Case(NamedTuple):
    """A layer, the same computation in TensorFlow, and the names of its variables."""

    id: str
    ours: Callable[[Any], Any]
    theirs: Callable[[Any], Any]
    shape: tuple[int, ...]
    variables: str


def _run(tf: Any, build: Callable[[Any], Any], shape: tuple[int, ...], seed: int) -> Any:
    """The output, its gradients by input and trainable variables, and the values after updates."""
    values = np.random.RandomState(seed)
    with tf.Graph().as_default():
        x = tf.constant(values.randn(*shape).astype(np.float32))
        y = build(x)
        variables = tf.global_variables()
        weight = tf.constant(values.randn(*y.shape.as_list()).astype(np.float32))
        gradients = tf.gradients(tf.reduce_sum(y * weight), [x, *tf.trainable_variables()])
        updates = tf.get_collection("update_ops")
        with tf.Session() as session:
            for variable in variables:
                start = 0.5 + values.rand(*variable.shape.as_list()).astype(np.float32)
                variable.load(start, session)
            results = session.run([y, *[g for g in gradients if g is not None]])
            session.run(updates)
            after = session.run([v + 0.0 for v in variables])
    return [v.op.name for v in variables], [g is None for g in gradients], results, after


def check(case: Case) -> None:
    """Equal values, gradients and updates; the names as TensorFlow 1.15 has them."""
    names, none, results, after = _run(tf1x, case.ours, case.shape, 1)
    _, none1, results1, after1 = _run(tf1, case.theirs, case.shape, 1)
    assert names == case.variables.split()
    assert none == none1
    assert_close(results, results1, 1e-4, 1e-5)
    assert_close(after, after1, 1e-5, 1e-6)


def _layer_norm(x: Any, axes: list[int], params: int) -> Any:
    beta = tf1.get_variable("beta", x.shape[params:])
    gamma = tf1.get_variable("gamma", x.shape[params:])
    mean, variance = tf1.nn.moments(x, axes, keep_dims=True)
    return tf1.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-12)


def _group_norm(x: Any, groups: int) -> Any:
    beta, gamma = tf1.get_variable("beta", [6]), tf1.get_variable("gamma", [6])
    grouped = tf1.reshape(x, [2, 3, 3, groups, 6 // groups])
    mean, variance = tf1.nn.moments(grouped, [1, 2, 4], keep_dims=True)
    unit = tf1.reshape((grouped - mean) / tf1.sqrt(variance + 1e-6), [2, 3, 3, 6])
    return unit * gamma + beta


def _instance_norm(x: Any) -> Any:
    beta, gamma = tf1.get_variable("beta", [x.shape[-1]]), tf1.get_variable("gamma", [x.shape[-1]])
    mean, variance = tf1.nn.moments(x, [1, 2], keep_dims=True)
    return tf1.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-6)


def _fused(x: Any, training: bool) -> Any:
    """Rank 2 through the fused op: the moving variance gets the sample's variance."""
    beta = tf1.get_variable("beta", [5])
    mean = tf1.get_variable("mean", [5], trainable=False)
    variance = tf1.get_variable("variance", [5], trainable=False)
    image = tf1.reshape(x, [-1, 1, 1, 5])
    options = {} if training else {"mean": mean, "variance": variance}
    y, m, v = tf1.nn.fused_batch_norm(
        image, tf1.ones([5]), beta, epsilon=0.001, is_training=training, **options
    )
    if training:
        for moving, new in ((mean, m), (variance, v)):
            tf1.add_to_collection("update_ops", tf1.assign_sub(moving, 0.1 * (moving - new)))
    return tf1.reshape(y, x.shape)


def _weighted_norm(x: Any) -> Any:
    gamma = tf1.get_variable("gamma", [5])
    mean = tf1.get_variable("mean", [5], trainable=False)
    variance = tf1.get_variable("variance", [5], trainable=False)
    m, v = tf1.nn.weighted_moments(x, [0], tf1.constant([[1.0], [2.0], [0.0], [1.0]]))
    for moving, new in ((mean, m), (variance, v)):
        tf1.add_to_collection("update_ops", tf1.assign_sub(moving, 0.001 * (moving - new)))
    return tf1.nn.batch_normalization(x, m, v, None, gamma, 0.001)


_MOVING = "BatchNorm/moving_mean BatchNorm/moving_variance"

CASES = [
    Case(
        "fully_connected",
        lambda x: L.fully_connected(x, 3),
        lambda x: tf1.layers.dense(x, 3, tf1.nn.relu),
        (4, 5),
        "fully_connected/weights fully_connected/biases",
    ),
    Case(
        "fully_connected of rank 3, no activation",
        lambda x: L.fully_connected(x, 3, None, scope="a"),
        lambda x: tf1.layers.dense(x, 3),
        (2, 4, 5),
        "a/weights a/biases",
    ),
    Case(
        "fully_connected without biases",
        lambda x: L.linear(x, 3, biases_initializer=None),
        lambda x: tf1.layers.dense(x, 3, use_bias=False),
        (4, 5),
        "fully_connected/weights",
    ),
    Case(
        "fully_connected, normalised",
        lambda x: L.fully_connected(x, 3, tf1x.nn.tanh, L.layer_norm, {"center": False}),
        lambda x: tf1.nn.tanh(_layer_norm_scaled(tf1.layers.dense(x, 3, use_bias=False))),
        (4, 5),
        "fully_connected/weights fully_connected/LayerNorm/gamma",
    ),
    Case(
        "relu6",
        lambda x: L.relu6(x, 3),
        lambda x: tf1.layers.dense(x, 3, tf1.nn.relu6),
        (4, 5),
        "fully_connected/weights fully_connected/biases",
    ),
    Case(
        "elu",
        lambda x: L.elu(x, 3),
        lambda x: tf1.layers.dense(x, 3, tf1.nn.elu),
        (4, 5),
        "fully_connected/weights fully_connected/biases",
    ),
    Case(
        "legacy_relu of rank 3",
        lambda x: L.legacy_relu(x, 3),
        lambda x: tf1.layers.dense(x, 3, tf1.nn.relu),
        (2, 4, 5),
        "fully_connected/weights fully_connected/bias",
    ),
    Case(
        "stack",
        lambda x: L.stack(x, L.fully_connected, [3, [2, tf1x.nn.tanh]], scope="fc"),
        lambda x: tf1.layers.dense(tf1.layers.dense(x, 3, tf1.nn.relu), 2, tf1.nn.tanh),
        (4, 5),
        "fc/fc_1/weights fc/fc_1/biases fc/fc_2/weights fc/fc_2/biases",
    ),
    Case(
        "repeat",
        lambda x: L.repeat(x, 2, L.linear, 5),
        lambda x: tf1.layers.dense(tf1.layers.dense(x, 5), 5),
        (4, 5),
        "Repeat/fully_connected_1/weights Repeat/fully_connected_1/biases "
        "Repeat/fully_connected_2/weights Repeat/fully_connected_2/biases",
    ),
    Case(
        "bias_add",
        lambda x: L.bias_add(x, tf1x.nn.relu),
        lambda x: tf1.nn.relu(x + tf1.get_variable("b", [5])),
        (4, 5),
        "BiasAdd/biases",
    ),
    # -- normalisation
    Case(
        "batch_norm of rank 4",
        lambda x: L.batch_norm(x, decay=0.9, scale=True),
        lambda x: tf1.layers.batch_normalization(x, momentum=0.9, training=True, fused=True),
        (4, 3, 3, 5),
        f"BatchNorm/gamma BatchNorm/beta {_MOVING}",
    ),
    Case(
        "batch_norm of rank 4, not fused, channels first",
        lambda x: L.batch_norm(x, fused=False, data_format="NCHW"),
        lambda x: tf1.layers.batch_normalization(
            x, axis=1, momentum=0.999, scale=False, training=True, fused=False
        ),
        (4, 5, 3, 3),
        f"BatchNorm/beta {_MOVING}",
    ),
    Case(
        "batch_norm, not training",
        lambda x: L.batch_norm(x, is_training=False, activation_fn=tf1x.nn.relu),
        lambda x: tf1.nn.relu(tf1.layers.batch_normalization(x, scale=False, fused=True)),
        (4, 3, 3, 5),
        f"BatchNorm/beta {_MOVING}",
    ),
    Case(
        "batch_norm of rank 2",
        lambda x: L.batch_norm(x, decay=0.9),
        lambda x: _fused(x, True),
        (4, 5),
        f"BatchNorm/beta {_MOVING}",
    ),
    Case(
        "batch_norm of rank 2, not training",
        lambda x: L.batch_norm(x, decay=0.9, is_training=tf1x.constant(False)),
        lambda x: _fused(x, False),
        (4, 5),
        f"BatchNorm/beta {_MOVING}",
    ),
    Case(
        "batch_norm with weights",
        lambda x: L.batch_norm(
            x, center=False, scale=True, batch_weights=tf1x.constant([1.0, 2.0, 0.0, 1.0])
        ),
        _weighted_norm,
        (4, 5),
        f"BatchNorm/gamma {_MOVING}",
    ),
    Case(
        "layer_norm",
        L.layer_norm,
        lambda x: _layer_norm(x, [1, 2], -1),
        (4, 3, 5),
        "LayerNorm/beta LayerNorm/gamma",
    ),
    Case(
        "layer_norm from other axes",
        lambda x: L.layer_norm(x, begin_norm_axis=-1, begin_params_axis=1, scope="n"),
        lambda x: _layer_norm(x, [2], 1),
        (4, 3, 5),
        "n/beta n/gamma",
    ),
    Case(
        "instance_norm",
        L.instance_norm,
        _instance_norm,
        (2, 3, 4, 5),
        "InstanceNorm/beta InstanceNorm/gamma",
    ),
    Case(
        "instance_norm, channels first",
        lambda x: L.instance_norm(x, data_format="NCHW"),
        lambda x: tf1.transpose(_instance_norm(tf1.transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2]),
        (2, 5, 3, 4),
        "InstanceNorm/beta InstanceNorm/gamma",
    ),
    Case(
        "group_norm",
        lambda x: L.group_norm(x, 3),
        lambda x: _group_norm(x, 3),
        (2, 3, 3, 6),
        "GroupNorm/beta GroupNorm/gamma",
    ),
    Case(
        "unit_norm",
        lambda x: L.unit_norm(x, 1),
        lambda x: x / tf1.sqrt(1e-7 + tf1.reduce_sum(x * x, 1, keep_dims=True)),
        (3, 4, 2),
        "",
    ),
    # -- shapes and values
    Case("flatten", L.flatten, tf1.layers.flatten, (3, 4, 2), ""),
    Case(
        "maxout",
        lambda x: L.maxout(x, 3),
        lambda x: tf1.reduce_max(tf1.reshape(x, [4, 3, 2]), -1),
        (4, 6),
        "",
    ),
    Case("softmax", L.softmax, tf1.nn.softmax, (2, 3, 4), ""),
    Case(
        "images_to_sequence",
        L.images_to_sequence,
        lambda x: tf1.reshape(tf1.transpose(x, [2, 0, 1, 3]), [4, 6, 5]),
        (2, 3, 4, 5),
        "",
    ),
    Case(
        "images there and back",
        lambda x: L.sequence_to_images(L.images_to_sequence(x), 3),
        tf1.identity,
        (2, 3, 4, 5),
        "",
    ),
    Case(
        "scale_gradient",
        lambda x: L.scale_gradient(x, 3.0),
        lambda x: 3.0 * x - tf1.stop_gradient(2.0 * x),
        (2, 3),
        "",
    ),
    Case(
        "poincare_normalize",
        L.poincare_normalize,
        lambda x: x * tf1.minimum((1 - 1e-5) / tf1.norm(x, axis=1, keep_dims=True), 1.0),
        (3, 4),
        "",
    ),
    Case(
        "rev_block",
        lambda x: tf1x.concat(
            L.rev_block(x[:2], x[2:], lambda h: L.linear(h, 5), tf1x.nn.tanh, num_layers=2), 0
        ),
        lambda x: _reversible(x[:2], x[2:]),
        (4, 5),
        "revblock/revlayer_0/f/fully_connected/weights revblock/revlayer_0/f/fully_connected/biases "
        "revblock/revlayer_1/f/fully_connected/weights revblock/revlayer_1/f/fully_connected/biases",
    ),
    # -- pooling
    Case(
        "max_pool2d",
        lambda x: L.max_pool2d(x, 2),
        lambda x: tf1.layers.max_pooling2d(x, 2, 2),
        (2, 5, 6, 3),
        "",
    ),
    Case(
        "avg_pool2d",
        lambda x: L.avg_pool2d(x, [3, 2], stride=1, padding="SAME"),
        lambda x: tf1.layers.average_pooling2d(x, [3, 2], 1, "same"),
        (2, 5, 6, 3),
        "",
    ),
    Case(
        "max_pool3d",
        lambda x: L.max_pool3d(x, 2),
        lambda x: tf1.layers.max_pooling3d(x, 2, 2),
        (2, 4, 5, 6, 3),
        "",
    ),
    Case(
        "avg_pool3d",
        lambda x: L.avg_pool3d(x, 2),
        lambda x: tf1.layers.average_pooling3d(x, 2, 2),
        (2, 4, 5, 6, 3),
        "",
    ),
    Case(
        "pool",
        lambda x: L.pool(x, 2, "MAX", padding="SAME"),
        lambda x: tf1.nn.pool(x, [2, 2], "MAX", "SAME"),
        (2, 5, 6, 3),
        "",
    ),
]


def _layer_norm_scaled(x: Any) -> Any:
    gamma = tf1.get_variable("gamma", [x.shape[-1]])
    mean, variance = tf1.nn.moments(x, [1], keep_dims=True)
    return tf1.nn.batch_normalization(x, mean, variance, None, gamma, 1e-12)


def _reversible(x1: Any, x2: Any) -> Any:
    for _ in range(2):
        x1 = x1 + tf1.layers.dense(x2, 5)
        x2 = x2 + tf1.nn.tanh(x1)
    return tf1.concat([x1, x2], 0)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_layer(case: Case) -> None:
    check(case)


# -- what a comparison cannot show -----------------------------------------------------------------


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf1x.Graph().as_default() as graph:
        yield graph


def _names(collection: str) -> list[str]:
    return [item.name for item in tf1x.get_collection(collection)]


def test_collections_regularizers_and_aliases() -> None:
    x = tf1x.placeholder(tf1x.float32, [None, 4])
    y = L.fully_connected(
        x, 3, scope="fc", weights_regularizer=L.l2_regularizer(0.1),
        variables_collections={"weights": ["w"], "biases": ["b", "all"]}, outputs_collections="out",
    )  # fmt: skip
    z = L.fully_connected(y, 3, reuse=None, trainable=False, variables_collections=["all"])
    assert _names("w") == ["fc/weights:0"]
    assert _names("b") == ["fc/biases:0"]
    assert _names("all") == [
        "fc/biases:0", "fully_connected/weights:0", "fully_connected/biases:0",
    ]  # fmt: skip
    assert _names("model_variables") == _names("variables")
    assert _names("trainable_variables") == ["fc/weights:0", "fc/biases:0"]
    assert _names("regularization_losses") == ["fc/kernel/Regularizer/l2_regularizer:0"]
    assert y.op.name == "fc/Relu"
    assert z.op.name == "fully_connected/Relu"
    assert tf1x.contrib.slim.utils.convert_collection_to_dict("out") == {"fc": y}


def test_reuse() -> None:
    x = tf1x.placeholder(tf1x.float32, [None, 4])
    L.fully_connected(x, 3, scope="fc", weights_regularizer=L.l1_regularizer(0.1))
    L.fully_connected(x, 3, scope="fc", reuse=True, weights_regularizer=L.l1_regularizer(0.1))
    with tf1x.variable_scope("", reuse=tf1x.AUTO_REUSE):
        L.fully_connected(x, 3, scope="fc")
    assert len(tf1x.global_variables()) == 2
    assert len(tf1x.losses.get_regularization_losses()) == 1
    with pytest.raises(ValueError, match="already exists"):
        L.fully_connected(x, 3, scope="fc")
    for expected in ("fully_connected", "fully_connected_1"):
        assert L.fully_connected(x, 3).op.name == f"{expected}/Relu"


def test_updates_at_once() -> None:
    x = tf1x.constant(np.random.RandomState(0).randn(8, 3).astype(np.float32))
    flag = tf1x.placeholder(tf1x.bool, [])
    outputs = [
        L.batch_norm(x, decay=0.5, updates_collections=None, is_training=flag),
        L.batch_norm(x, decay=0.5, updates_collections=None, is_training=flag, fused=False),
    ]
    assert not tf1x.get_collection(tf1x.GraphKeys.UPDATE_OPS)
    variables = tf1x.contrib.framework.get_variables(suffix="moving_variance")
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        values = session.run(x)
        still = session.run(outputs, {flag: False})
        np.testing.assert_allclose(still, [values / np.sqrt(1.001)] * 2, rtol=1e-5)
        assert_close(session.run(variables), [np.ones(3, np.float32)] * 2)
        trained = session.run(outputs, {flag: True})
        unit = (values - values.mean(0)) / np.sqrt(values.var(0) + 0.001)
        np.testing.assert_allclose(trained, [unit] * 2, rtol=1e-4, atol=1e-5)
        spread = values.var(0)
        assert_close(session.run(variables), [0.5 + 0.5 * spread * 8 / 7, 0.5 + 0.5 * spread], 1e-5)


def test_zero_debias_makes_its_own_variables() -> None:
    x = tf1x.placeholder(tf1x.float32, [4, 3])
    L.batch_norm(x, zero_debias_moving_mean=True)
    names = [v.op.name for v in tf1x.global_variables()]
    assert names == [
        "BatchNorm/beta", "BatchNorm/moving_mean", "BatchNorm/moving_variance",
        "BatchNorm/BatchNorm/moving_mean/biased", "BatchNorm/BatchNorm/moving_mean/local_step",
    ]  # fmt: skip


def test_dropout() -> None:
    x = tf1x.ones([100, 10])
    on = L.dropout(x, 0.8, seed=3)
    off = L.dropout(x, 0.8, is_training=False)
    flag = tf1x.placeholder(tf1x.bool, [])
    either = L.dropout(x, 0.8, is_training=flag)
    with tf1x.Session() as session:
        kept = session.run(on)
        assert set(np.unique(kept)) == {np.float32(0), np.float32(1.25)}
        assert 0.7 < (kept > 0).mean() < 0.9
        assert (session.run(off) == 1).all()
        assert (session.run(either, {flag: False}) == 1).all()
        assert (session.run(either, {flag: True}) == 0).any()


def test_symbols_to_vectors() -> None:
    ids = tf1x.constant([[3, 1, 0], [0, 0, 0]])
    table = np.arange(10, dtype=np.float32).reshape(5, 2)
    initializer = tf1x.constant_initializer(table)
    plain = L.embed_sequence(ids, 5, 2, initializer=initializer, scope="e")
    unique = L.embed_sequence(ids, 5, 2, unique=True, scope="e", reuse=True)
    again = L.embed_sequence(ids, scope="e", reuse=True)
    bag = L.bow_encoder(ids, 5, 2, initializer=initializer)
    mean = L.bow_encoder(ids, 5, 2, sparse_lookup=False, initializer=initializer)
    sparse = L.dense_to_sparse(ids)
    safe = L.safe_embedding_lookup_sparse(tf1x.constant(table), sparse)
    assert _names("model_variables") == [
        "e/embeddings:0", "bow_encoder/embeddings:0", "bow_encoder_1/embeddings:0",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="Must specify vocab size"):
        L.embed_sequence(ids)
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        wanted = table[[[3, 1, 0], [0, 0, 0]]]
        for found in session.run([plain, unique, again]):
            np.testing.assert_array_equal(found, wanted)
        np.testing.assert_allclose(session.run(bag), [table[[3, 1]].mean(0), table[0]])
        np.testing.assert_allclose(session.run(safe), [table[[3, 1]].mean(0), [0.0, 0.0]])
        np.testing.assert_allclose(session.run(mean), wanted.mean(1))
        assert session.run(sparse).indices.tolist() == [[0, 0], [0, 1]]


def test_one_hot_and_spatial_softmax() -> None:
    codes = L.one_hot_encoding(tf1x.constant([2, 0]), 3, on_value=2.0, off_value=-1.0)
    peaks = np.zeros((1, 3, 5, 2), np.float32)
    peaks[0, 2, 0, 0] = peaks[0, 1, 4, 1] = 100.0
    points = [
        L.spatial_softmax(tf1x.constant(peaks)),
        L.spatial_softmax(
            tf1x.constant(peaks.transpose(0, 3, 1, 2)), 2.0, data_format="NCHW", trainable=False
        ),
    ]
    assert _names("trainable_variables") == ["spatial_softmax/temperature:0"]
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        assert session.run(codes).tolist() == [[-1, -1, 2], [2, -1, -1]]
        for found in session.run(points):
            np.testing.assert_allclose(found, [[1, -1, 0, 1]], atol=1e-5)


def test_group_norm_refuses() -> None:
    x = tf1x.placeholder(tf1x.float32, [None, 4, 4, 6])
    with pytest.raises(ValueError, match="not commensurate"):
        L.group_norm(x, 4)
    with pytest.raises(ValueError, match="Invalid groups"):
        L.group_norm(x, 12)
    with pytest.raises(ValueError, match="mutually exclusive"):
        L.group_norm(x, 3, reduction_axes=[-1])
    assert L.group_norm(x, 3).shape.as_list() == [None, 4, 4, 6]


def test_utils() -> None:
    utils = tf1x.contrib.slim.utils
    shape = tf1x.TensorShape([None, 3, 4])
    assert utils.last_dimension(shape) == 4
    assert utils.channel_dimension(shape, "channels_first") == 3
    with pytest.raises(ValueError, match="must be known"):
        utils.first_dimension(shape)
    with pytest.raises(ValueError, match="at least 4"):
        utils.last_dimension(shape, 4)
    assert utils.n_positive_integers(2, 3) == (3, 3)
    assert utils.n_positive_integers(2, [3, 4]) == (3, 4)
    for value in ([1], [0, 1], 0):
        with pytest.raises(ValueError):
            utils.n_positive_integers(2, value)
    assert utils.two_element_tuple(3) == utils.two_element_tuple(tf1x.TensorShape([3, 3])) == (3, 3)
    assert utils.constant_value(tf1x.constant(3)) == 3
    assert utils.constant_value(tf1x.placeholder(tf1x.int32)) is None
    assert utils.constant_value(True) is True
    assert utils.smart_cond(True, lambda: 1, lambda: 2) == 1
    chosen = utils.smart_cond(tf1x.placeholder_with_default(False, []), lambda: 1, lambda: 2)
    with tf1x.Session() as session:
        assert session.run(chosen) == 2
