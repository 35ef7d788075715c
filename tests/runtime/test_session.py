"""Feeds, fetches, state within a run: the contract of SEMANTICS.md."""

import threading
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import tf1x as tf

Pair = namedtuple("Pair", ["first", "second"])


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


def counter(use_resource=False):
    v = tf.Variable(0.0, name="x", use_resource=use_resource)
    return v, tf.global_variables_initializer()


# -- fetches -----------------------------------------------------------------------------------


def test_fetches_keep_their_form():
    a, b = tf.constant(1.0, name="a"), tf.constant([1, 2], name="b")
    with tf.Session() as sess:
        assert sess.run(a) == 1.0
        assert isinstance(sess.run(a), np.float32)
        assert sess.run([]) == []
        assert sess.run(()) == ()
        assert sess.run(a.op) is None
        assert sess.run("a:0") == 1.0
        assert sess.run([a, a.op, [a, (a,)]]) == [1.0, None, [1.0, (1.0,)]]
        assert sess.run(Pair(a, "a:0")) == Pair(1.0, 1.0)
        result = sess.run(OrderedDict([("z", a), ("y", {"x": b})]))
        assert list(result) == ["z", "y"]
        np.testing.assert_array_equal(result["y"]["x"], [1, 2])


def test_results_are_fresh_writable_arrays():
    b = tf.constant([1, 2])
    with tf.Session() as sess:
        first = sess.run(b)
        first[0] = 7
        np.testing.assert_array_equal(sess.run(b), [1, 2])


def test_strings_come_back_as_bytes():
    with tf.Session() as sess:
        assert sess.run(tf.constant("text")) == b"text"
        assert sess.run(tf.constant(["a", "bc"])).tolist() == [b"a", b"bc"]


@pytest.mark.parametrize(
    ("fetch", "error", "text"),
    [
        (None, TypeError, "None"),
        (3, TypeError, "invalid type"),
        ("nothing:0", ValueError, "does not exist"),
        ("nothing", ValueError, "not in the graph"),
    ],
)
def test_wrong_fetches(fetch, error, text):
    tf.constant(1)
    with tf.Session() as sess, pytest.raises(error, match=text):
        sess.run(fetch)


def test_fetch_from_another_graph():
    with tf.Graph().as_default():
        other = tf.constant(1)
    tf.constant(1)
    with tf.Session() as sess, pytest.raises(ValueError, match="not an element of this graph"):
        sess.run(other)


# -- feeds -------------------------------------------------------------------------------------


def test_any_feedable_tensor_may_be_fed():
    x = tf.placeholder(tf.float32, [None], name="x")
    y = x * 2.0
    z = y + 1.0
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(z, {x: [1, 2]}), [3, 5])
        np.testing.assert_array_equal(sess.run(z, {"x:0": np.float64([1, 2])}), [3, 5])
        np.testing.assert_array_equal(sess.run(z, {y: [10]}), [11])
        np.testing.assert_array_equal(sess.run([y, z], {y: [10]})[0], [10])
        v = tf.Variable([5.0])
        w = v * 2.0
        np.testing.assert_array_equal(sess.run(w, {v: [3.0]}), [6.0])
        nest = {(x, (v, y)): ([1.0], ([2.0], [3.0]))}
        np.testing.assert_array_equal(sess.run([x, v, y], nest), [[1.0], [2.0], [3.0]])


def test_missing_feed_names_the_placeholder_and_the_line():
    x = tf.placeholder(tf.float32, [None, 3], name="picture")
    y = x + 1.0
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError) as caught:
        sess.run(y)
    assert "feed a value for placeholder tensor 'picture'" in caught.value.message
    assert caught.value.op is x.op
    assert __file__ in str(caught.value)


def test_wrong_feeds():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    n = tf.placeholder(tf.int32, [], name="n")
    y = x + 1.0
    with tf.Session() as sess:
        with pytest.raises(ValueError, match=r"Cannot feed value of shape \(2, 2\)"):
            sess.run(y, {x: np.zeros([2, 2])})
        with pytest.raises(TypeError, match=r"cannot be a tf.Tensor"):
            sess.run(y, {x: tf.zeros([2, 3])})
        with pytest.raises(TypeError, match="feed_dict key"):
            sess.run(y, {"nothing:0": 1})
        with pytest.raises(TypeError, match="feed_dict key"):
            sess.run(y, {3: 1})
        with pytest.raises(TypeError, match="dictionary"):
            sess.run(y, [x])
        with pytest.raises(ValueError, match="could not convert"):
            sess.run(y, {x: [["a", "b", "c"]]})
        with pytest.raises((TypeError, OverflowError)):
            sess.run(n + 1, {n: 2**40})


def test_a_closed_session_and_an_empty_graph_say_so():
    with tf.Session() as sess, pytest.raises(RuntimeError, match="empty"):
        sess.run([])
    c = tf.constant(1)
    sess = tf.Session()
    sess.close()
    with pytest.raises(RuntimeError, match="closed"):
        sess.run(c)


# -- variables within one run ------------------------------------------------------------------


def test_a_reference_variable_is_fetched_after_the_update_and_read_before_it():
    v, init = counter()
    with tf.Session() as sess:
        sess.run(init)
        add = tf.assign_add(v, 1.0)
        assert sess.run([add.op, v, v + 0.0, v.read_value()]) == [None, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("use_resource", "expected"), [(False, [1, 1, 1, 1, 1]), (True, [1, 0, 1, 1, 1])]
)
def test_reads_under_a_control_dependency(use_resource, expected):
    """As TensorFlow 2.21 gives them; its fetch of a resource variable races, ours reads first."""
    v, init = counter(use_resource)
    y = tf.assign_add(v, 1.0)
    with tf.control_dependencies([y]):
        reads = [v, tf.identity(v), v.read_value(), v + 0.0]
    with tf.Session() as sess:
        sess.run(init)
        assert sess.run([y, *reads]) == expected


def test_unordered_reads_of_a_resource_variable_come_first():
    v, init = counter(use_resource=True)
    y = tf.assign_add(v, 1.0)
    with tf.Session() as sess:
        sess.run(init)
        assert sess.run([y, v, tf.identity(v), v.value(), v + 0.0]) == [1, 0, 0, 0, 0]


def test_writes_follow_all_reads_and_then_their_order_of_creation():
    v, init = counter()
    double = tf.assign(v, v * 2.0 + 1.0)
    add = tf.assign_add(v, 10.0)
    read = v + 0.0
    with tf.Session() as sess:
        sess.run(init)
        assert sess.run([read, double.op, add.op]) == [0.0, None, None]
        assert sess.run(v) == 11.0


def test_a_reference_variable_without_elements_is_born_initialised():
    names = tf.Variable([], dtype=tf.string, collections=[], name="names")
    rows = tf.Variable(tf.zeros([0, 2]), collections=[], name="rows")
    x = tf.placeholder(tf.string, [None])
    more = tf.assign(names, tf.concat([tf.identity(names), x], 0), validate_shape=False)
    longer = tf.assign(rows, tf.concat([rows, tf.ones([1, 2])], 0), validate_shape=False)
    with tf.Session() as sess:
        assert sess.run(names).shape == (0,)
        assert sess.run(tf.py_func(len, [tf.identity(names)], tf.int64)) == 0
        for _ in range(2):
            sess.run([more, longer], {x: ["a"]})
        assert sess.run(names).tolist() == [b"a", b"a"]
        assert sess.run(rows).tolist() == [[1, 1], [1, 1]]


def test_a_variable_may_change_its_shape():
    """What was compiled for one shape is not used for another."""
    v = tf.Variable(tf.zeros([1, 2]), validate_shape=False)
    x = tf.placeholder(tf.float32, [None, 2])
    found = [
        tf.shape(v)[0] * 10,
        tf.reduce_sum(tf.tanh(v + 1.0)),
        tf.matmul(v, v, transpose_b=True),
    ]
    grown = tf.assign(v, tf.concat([v, x], 0), validate_shape=False)
    with tf.Session() as sess:
        sess.run(v.initializer)
        for rows in range(1, 5):
            count, total, products = sess.run(found)
            value = np.ones([rows, 2]) * [0.0, 0.0] + (np.arange(rows) > 0)[:, None]
            assert count == 10 * rows
            np.testing.assert_allclose(total, np.tanh(value + 1).sum(), rtol=1e-5)
            np.testing.assert_allclose(products, value @ value.T, rtol=1e-5)
            sess.run(grown, {x: np.ones([1, 2])})


def test_an_uninitialised_variable_is_a_failed_precondition():
    v, init = counter()
    with tf.Session() as sess:
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value x"):
            sess.run(v)
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value x"):
            sess.run(v + 1.0)
        sess.run(init)
        assert sess.run(v) == 0.0


def test_a_failed_run_leaves_the_variables_as_they_were():
    v = tf.Variable([1, 2], name="v")
    d = tf.placeholder(tf.int32, [])
    add = tf.assign_add(v, [1, 1])
    with tf.control_dependencies([add]):
        quotient = tf.constant(6) // d
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="division by zero") as caught:
            sess.run(quotient, {d: 0})
        assert caught.value.op.type == "FloorDiv"
        assert "quotient = tf.constant(6) // d" in str(caught.value)
        np.testing.assert_array_equal(sess.run(v), [1, 2])
        assert sess.run(quotient, {d: 3}) == 2
        np.testing.assert_array_equal(sess.run(v), [2, 3])


def test_a_failed_run_of_several_steps_leaves_the_variables_too():
    v = tf.Variable(1.0)

    def fail(x):
        raise ValueError("not this one")

    add = tf.assign_add(v, 1.0)
    bad = tf.py_func(fail, [add], tf.float32)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="not this one"):
            sess.run(bad)
        assert sess.run(v) == 1.0


def test_check_numerics_names_the_op_and_keeps_the_variables():
    x = tf.placeholder(tf.float32, [2])
    v = tf.Variable(tf.zeros([2]))
    checked = tf.check_numerics(tf.log(x), "the log of x")
    update = tf.assign(v, checked)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="the log of x"):
            sess.run(update, {x: [-1.0, 1.0]})
        np.testing.assert_array_equal(sess.run(v), [0, 0])


# -- shapes that depend on values --------------------------------------------------------------


def test_fed_shapes():
    n = tf.placeholder(tf.int32, [])
    x = tf.reshape(tf.range(12), [n, -1])
    with tf.Session() as sess:
        for rows in (2, 3, 4, 6):
            assert sess.run(x, {n: rows}).shape == (rows, 12 // rows)


def test_many_fed_shapes():
    n = tf.placeholder(tf.int32, [])
    total = tf.reduce_sum(tf.ones(tf.stack([n, 2])))
    with tf.Session() as sess:
        assert [sess.run(total, {n: i}) for i in range(40)] == [2.0 * i for i in range(40)]


def test_data_dependent_shapes():
    x = tf.placeholder(tf.float32, [None])
    kept = tf.boolean_mask(x, x > 0.0)
    loss = tf.reduce_sum(tf.square(kept))
    (slope,) = tf.gradients(loss, x)
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(kept, {x: [-1, 2, 3]}), [2, 3])
        np.testing.assert_array_equal(sess.run(slope, {x: [-1, 2, 3]}), [0, 4, 6])
        np.testing.assert_array_equal(sess.run(slope, {x: [-1, -2]}), [0, 0])


# -- other ways to run -------------------------------------------------------------------------


def test_interactive_session_is_the_default():
    sess = tf.InteractiveSession()
    try:
        c = tf.constant(2.0)
        assert c.eval() == 2.0
        assert tf.get_default_session() is sess
    finally:
        sess.close()
    assert tf.get_default_session() is None


def test_make_callable():
    x = tf.placeholder(tf.float32, [])
    with tf.Session() as sess:
        double = sess.make_callable(x * 2.0, [x])
        assert double(3.0) == 6.0
        with pytest.raises(ValueError, match="takes 1"):
            double()


def test_partial_run_computes_each_op_once():
    a, b, c = (tf.placeholder(tf.float32, []) for _ in range(3))
    calls = []

    def noted(x):
        calls.append(float(x))
        return x

    first = tf.py_func(noted, [a + b], tf.float32)
    second = first * c
    with tf.Session() as sess:
        handle = sess.partial_run_setup([first, second], [a, b, c])
        assert sess.partial_run(handle, first, {a: 1.0, b: 2.0}) == 3.0
        assert sess.partial_run(handle, second, {c: 17.0}) == 51.0
        assert calls == [3.0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="already been fed"):
            sess.partial_run(handle, second, {c: 1.0})
        with pytest.raises(tf.errors.InvalidArgumentError, match="setup"):
            sess.partial_run("none", second)


def test_threads_share_a_session_without_losing_updates():
    v, init = counter()
    add = tf.assign_add(v, 1.0)
    read = v * 1.0
    failures = []
    with tf.Session() as sess:
        sess.run(init)

        def work():
            try:
                for _ in range(200):
                    sess.run(add.op)
                    sess.run([read, v])
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert sess.run(v) == 800.0


def test_large_constants_are_inputs_not_literals():
    big = np.arange(200_000, dtype=np.float32)
    total = tf.reduce_sum(tf.constant(big) * 2.0)
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run(total), big.astype(np.float64).sum() * 2, rtol=1e-5)


def test_the_users_jax_settings_stay_as_they_are():
    import jax
    import jax.numpy as jnp

    with tf.Session() as sess:
        assert sess.run(tf.constant(np.float64(1)) + 1.0).dtype == np.float64
    assert not jax.config.jax_enable_x64
    assert jnp.arange(3).dtype == np.int32


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_variable_copied_to_another_has_a_buffer_of_its_own(use_resource):
    """As a DQN does with its target network: the next step overwrites one and reads the other."""
    with tf.Graph().as_default(), tf.Session() as sess:
        start = tf.ones([64, 64])
        main = tf.Variable(start, use_resource=use_resource)
        target = tf.Variable(start, use_resource=use_resource)
        renew = target.assign(main)
        train = main.assign(main * 2.0 + target)
        sess.run(tf.global_variables_initializer())
        for expected in (3.0, 9.0, 27.0):
            sess.run(train.op)
            assert sess.run(main)[0, 0] == expected
            sess.run(renew.op)
            assert sess.run(target)[0, 0] == expected
