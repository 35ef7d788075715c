"""`tf.train.ExponentialMovingAverage` against TensorFlow."""

from __future__ import annotations

from typing import Any

import pytest

import tf1x
from tests.lib.compare import assert_same_values, run
from tests.oracle import tf1


def _average(
    num_updates: bool = False,
    zero_debias: bool = False,
    of_tensor: bool = False,
    resource: bool = False,
) -> Any:
    def program(tf: Any) -> Any:
        weight = tf.Variable([1.0, 4.0], name="weight", use_resource=resource)
        count = tf.Variable(0, trainable=False, name="count", use_resource=resource)
        change = tf.group(tf.assign_add(weight, [1.0, -0.5]), tf.assign_add(count, 1))
        averages = tf.train.ExponentialMovingAverage(
            0.9, num_updates=count if num_updates else None, zero_debias=zero_debias
        )
        with tf.control_dependencies([change]):
            averaged = weight * 2.0 if of_tensor else weight
            update = averages.apply([averaged])
        return update, [averages.average(averaged), weight]

    return program


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize(
    "options",
    [{}, {"num_updates": True}, {"of_tensor": True}, {"of_tensor": True, "zero_debias": True}],
    ids=["plain", "num_updates", "tensor", "debiased"],
)
def test_averages_equal_tensorflow(options: dict[str, bool], resource: bool) -> None:
    assert_same_values(_average(**options, resource=resource), runs=5)


def _names(tf: Any) -> Any:
    with tf.Graph().as_default():
        first = tf.Variable([1.0], name="first")
        with tf.variable_scope("scope"):
            second = tf.get_variable("second", [2])
        tf.Variable(1, name="other", trainable=False)
        averages = tf.train.ExponentialMovingAverage(0.9)
        before = averages.average_name(first)
        averages.apply()
        return (
            before,
            [averages.average(v).name for v in (first, second)],
            [averages.average_name(v) for v in (first, second)],
            [v.name for v in tf.global_variables()],
            [v.name for v in tf.moving_average_variables()],
            {name: v.name for name, v in sorted(averages.variables_to_restore().items())},
        )


def test_names_and_collections_equal_tensorflow() -> None:
    assert _names(tf1x) == _names(tf1)


@pytest.mark.parametrize("zero_debias", [False, True])
def test_assign_moving_average_equals_tensorflow(zero_debias: bool) -> None:
    from tensorflow.python.training import moving_averages as theirs

    from tf1x.lib.train import moving_averages as ours

    def program(tf: Any) -> Any:
        module = ours if tf is tf1x else theirs
        mean = tf.get_variable("mean", [2], initializer=tf.zeros_initializer())
        update = module.assign_moving_average(mean, tf.constant([1.0, 2.0]), 0.9, zero_debias)
        return update, lambda: {v.name: v for v in tf.global_variables()}

    assert_same_values(program, runs=4)


def test_weighted_moving_average_equals_tensorflow() -> None:
    from tensorflow.python.training import moving_averages as theirs

    from tf1x.lib.train import moving_averages as ours

    def program(tf: Any) -> Any:
        module = ours if tf is tf1x else theirs
        weight = tf.Variable(1.0, name="w")
        with tf.control_dependencies([tf.assign_add(weight, 1.0)]):
            average = module.weighted_moving_average(
                tf.constant(3.0) * weight, 0.9, weight.read_value()
            )
        return average, lambda: {v.name: v for v in tf.global_variables()}

    assert_same_values(program, runs=3)


def test_only_floats_have_averages() -> None:
    with (
        tf1x.Graph().as_default(),
        pytest.raises(TypeError, match="must be half, float, or double"),
    ):
        tf1x.train.ExponentialMovingAverage(0.9).apply([tf1x.Variable(1)])


def test_an_average_starts_at_the_value_that_the_variable_has() -> None:
    def program(tf: Any) -> Any:
        weight = tf.Variable(3.0, name="weight")
        averages = tf.train.ExponentialMovingAverage(0.5)
        averages.apply([weight])
        return None, [averages.average(weight)]

    assert run(tf1x, program) == run(tf1, program) == [[3.0]]
