"""`tf.layers.Layer`: names, sharing, variables, updates and losses."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.layers.same import assert_same_graph, assert_same_values, numbers, plain
from tests.oracle import tf1


def _both(program: Any) -> None:
    """What `program(tf)` returns is the same in both."""
    found = []
    for tf in (tf1x, tf1):
        with tf.Graph().as_default():
            found.append(program(tf))
    assert found[0] == found[1]


def _x(tf: Any) -> Any:
    return tf.placeholder(tf.float32, [None, 3], name="x")


def test_names_of_layers_and_variables() -> None:
    def program(tf: Any) -> Any:
        x = _x(tf)
        outputs = [tf.layers.dense(x, 2), tf.layers.dense(x, 2), tf.layers.dense(x, 2, name="a")]
        for _ in range(2):
            with tf.variable_scope("model", reuse=tf.AUTO_REUSE):
                outputs += [tf.layers.dense(x, 2), tf.layers.dense(x, 2, name="b")]
        with tf.variable_scope("other"), tf.name_scope("names"):
            outputs.append(tf.layers.dense(x, 2))
        with tf.variable_scope(None, "unique"):
            outputs.append(tf.layers.dense(x, 2, name="b"))
        with tf.variable_scope("given") as scope:
            pass
        outputs.append(tf.layers.dense(x, 2, name=scope))
        layer = tf.layers.Dense(2, name="a")
        outputs += [layer(x), layer(x), layer.apply(x)]
        unnamed = [tf.layers.Dense(2), tf.layers.Flatten(), tf.layers.Dense(2)]
        outputs.append(unnamed[0](x, scope="late"))
        names = [item.name for item in unnamed], layer.name, layer.scope_name, unnamed[0].scope_name
        return names, [t.name for t in outputs], [v.name for v in tf.global_variables()]

    _both(program)


def test_sharing_by_name() -> None:
    def program(tf: Any) -> Any:
        x = _x(tf)
        regularizer = tf.nn.l2_loss
        first = tf.layers.dense(x, 2, name="a", kernel_regularizer=regularizer)
        second = tf.layers.dense(x, 2, name="a", reuse=True, kernel_regularizer=regularizer)
        with tf.variable_scope("", reuse=True):
            third = tf.layers.dense(x, 2, name="a")
        layer = tf.layers.Dense(2, name="a", _reuse=True)
        fourth = layer(x)
        fifth = tf.layers.dense(x, 2, name="b", reuse=tf.AUTO_REUSE)
        sixth = tf.layers.dense(x, 2, name="b", reuse=tf.AUTO_REUSE)
        return [first, second, third, fourth, fifth, sixth]

    assert_same_graph(program)
    assert_same_values(program, {"x": numbers(2, 3)})
    with tf1x.Graph().as_default():
        program(tf1x)
        with pytest.raises(ValueError, match="Variable a/kernel already exists, disallowed"):
            tf1x.layers.dense(_x(tf1x), 2, name="a")
        with pytest.raises(ValueError, match="Variable c/kernel does not exist"):
            tf1x.layers.dense(_x(tf1x), 2, name="c", reuse=True)
        with pytest.raises(ValueError, match="Trying to share variable a/kernel"):
            tf1x.layers.dense(_x(tf1x), 3, name="a", reuse=True)


def test_defaults_of_the_scope() -> None:
    def program(tf: Any) -> Any:
        x = _x(tf)
        with tf.variable_scope(
            "s", initializer=tf.constant_initializer(2.0), regularizer=tf.nn.l2_loss
        ):
            return tf.layers.dense(x, 2)

    assert_same_graph(program)
    assert_same_values(program, {"x": numbers(2, 3)})


def test_variables_in_parts_and_resources() -> None:
    def program(tf: Any) -> Any:
        x = _x(tf)
        with tf.variable_scope("p", partitioner=tf.fixed_size_partitioner(2)):
            first = tf.layers.dense(x, 2, kernel_regularizer=tf.nn.l2_loss)
        with tf.variable_scope("r", use_resource=True):
            second = tf.layers.dense(x, 2)
        return [first, second]

    assert_same_graph(program)
    assert_same_values(program, {"x": numbers(2, 3)})


def _scale(tf: Any) -> Any:
    """A layer of the program's own, with everything that a layer can add."""

    class MyScale(tf.layers.Layer):  # type: ignore[misc]
        def __init__(self, start: float, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.start = start
            self.input_spec = tf.layers.InputSpec(min_ndim=2)

        def build(self, input_shape: Any) -> None:
            size = int(input_shape[-1])
            self.scale = self.add_variable(
                "scale", [size], initializer=tf.constant_initializer(self.start)
            )
            self.count = self.add_weight(
                name="count", shape=[], dtype=tf.int32, trainable=False, initializer="zeros"
            )
            super().build(input_shape)

        def call(self, inputs: Any, training: bool = False, power: int = 1) -> Any:
            self.add_loss(tf.reduce_sum(tf.square(inputs)), inputs=inputs)
            if training:
                self.add_update(tf.assign_add(self.count, 1))
            result = inputs
            for _ in range(power):
                result = result * self.scale
            return result

    return MyScale


def test_a_layer_of_the_programs_own() -> None:
    def program(tf: Any) -> Any:
        x = _x(tf)
        layer = _scale(tf)(2.0)
        frozen = _scale(tf)(3.0, name="frozen", trainable=False)
        return [layer(x), layer(x, training=True, power=2), frozen(x, True)]

    assert_same_graph(program)
    assert_same_values(program, {"x": numbers(2, 3)}, runs=2)


def test_properties() -> None:
    def program(tf: Any) -> Any:
        x = _x(tf)
        layer = _scale(tf)(2.0)
        before = layer.built, layer.dtype, layer.weights
        layer(x)
        layer(x, training=True)
        found = [
            before, layer.built, str(layer.dtype), layer.trainable, layer.count_params(),
            [v.name for v in layer.weights], [v.name for v in layer.trainable_weights],
            [v.name for v in layer.non_trainable_variables], [v.name for v in layer.variables],
            [u.name for u in layer.updates], [t.name for t in layer.losses],
            len(layer.get_updates_for(None)), len(layer.get_updates_for(x)),
            [t.name for t in layer.get_losses_for(x)], layer.get_losses_for(None), repr(layer.input_spec),
        ]  # fmt: skip
        layer.trainable = False
        found += [layer.trainable_weights, [v.name for v in layer.non_trainable_weights]]
        return [*found, layer.updates]

    _both(program)


def test_inputs_and_outputs() -> None:
    with tf1x.Graph().as_default():
        x = _x(tf1x)
        layer = tf1x.layers.Dense(4)
        with pytest.raises(AttributeError, match="not connected"):
            _ = layer.input
        with pytest.raises(ValueError, match="has not been used yet"):
            _ = layer.scope_name
        with pytest.raises(ValueError, match="isn't built"):
            layer.count_params()
        y = layer(x)
        assert layer.input is x
        assert layer.output is y
        assert layer.input_shape == (None, 3)
        assert layer.output_shape == (None, 4)
        assert layer.graph is tf1x.get_default_graph()
        z = layer(x)
        assert layer.get_output_at(1) is z
        assert layer.get_input_at(0) is x
        with pytest.raises(AttributeError, match="multiple"):
            _ = layer.output


def test_nested_inputs_and_layers_in_layers() -> None:
    def program(tf: Any) -> Any:
        class Pair(tf.layers.Layer):  # type: ignore[misc]
            def build(self, input_shape: Any) -> None:
                assert [s.as_list() for s in input_shape["a"]] == [[None, 3], [2, 3]]
                assert input_shape["b"].as_list() == [3]
                self.inner = tf.layers.Dropout(0.5)
                self.built = True

            def call(self, inputs: Any, scope: Any = None, training: Any = None) -> Any:
                (first, second), third = inputs["a"], inputs["b"]
                with tf.name_scope("inside"):
                    total = first + second + third
                return {"sum": total, "dropped": self.inner(total), "scope": scope.name}

        x = _x(tf)
        layer = Pair(name="pair")
        inputs = {"a": (x, tf.ones([2, 3])), "b": np.ones([3], np.float32)}
        kept = layer(inputs, training=False)
        dropped = layer(inputs, training=True)
        assert kept["scope"] == "pair"
        return [kept["sum"], kept["dropped"], dropped["dropped"]]

    assert_same_graph(program)


def test_layers_that_are_wrong() -> None:
    class Nothing(tf1x.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return None

    class Uninitialised(tf1x.layers.Layer):
        def __init__(self) -> None:
            pass

    with tf1x.Graph().as_default():
        with pytest.raises(ValueError, match="not None"):
            Nothing()(_x(tf1x))
        with pytest.raises(RuntimeError, match="super"):
            Uninitialised()(_x(tf1x))
        with pytest.raises(TypeError, match="must be an instance of InputSpec"):
            Nothing().input_spec = 3
        with pytest.raises(NotImplementedError):
            Nothing().compute_output_shape([1])
        with pytest.raises(TypeError):
            tf1x.layers.Layer().add_weight("a", [1], surprise=1)
        with pytest.raises(ValueError, match="ON_READ"):
            tf1x.layers.Layer().add_weight(
                "a", [1], trainable=True, synchronization=tf1x.VariableSynchronization.ON_READ
            )
        with pytest.raises(ValueError, match="Unknown initializer: 'surprise'"):
            tf1x.layers.dense(_x(tf1x), 2, kernel_initializer="surprise")
        with pytest.raises(ValueError, match="Unknown activation function: 'surprise'"):
            tf1x.layers.dense(_x(tf1x), 2, activation="surprise")


SPECS: list[dict[str, Any]] = [
    {"ndim": 3}, {"min_ndim": 3}, {"max_ndim": 1}, {"dtype": "int32"}, {"axes": {-1: 4}}, {"shape": (2, 4)},
    {"shape": (None, 3, 1), "allow_last_axis_squeeze": True}, {"ndim": 2, "axes": {1: 3}, "dtype": "float32"},
    {"shape": (None, 3)},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SPECS)))
def test_input_specs(number: int) -> None:
    found = []
    for tf in (tf1x, tf1):

        class Checked(tf.layers.Layer):  # type: ignore[misc]
            pass

        layer = Checked(name="checked")
        layer.input_spec = tf.layers.InputSpec(**SPECS[number])
        with tf.Graph().as_default():
            try:
                layer(_x(tf))
                found.append((repr(layer.input_spec), None))
            except ValueError as error:
                found.append((repr(layer.input_spec), plain(error)))
    assert found[0] == found[1]


def test_input_specs_of_nests() -> None:
    spec = tf1x.layers.InputSpec
    with tf1x.Graph().as_default():
        x = _x(tf1x)
        layer = tf1x.layers.Layer(name="two")
        layer.input_spec = [spec(ndim=2), None]
        assert layer([x, x]) == [x, x]
        with pytest.raises(ValueError, match=r'Layer "two" expects 2 input\(s\)'):
            layer([x])
        layer.input_spec = [spec(ndim=2, name="b"), spec(ndim=2, name="a", optional=True)]
        assert layer({"a": None, "b": x}) == {"a": None, "b": x}
        with pytest.raises(ValueError, match='Missing data for input "b"'):
            layer({"a": x})
        with pytest.raises(TypeError, match="should be tensors"):
            layer(["text", x])
        with pytest.raises(TypeError, match="integer keys"):
            spec(axes={"a": 1})
        with pytest.raises(ValueError, match="Axis 2 is greater"):
            spec(ndim=2, axes={2: 1})


def test_a_custom_getter_has_the_last_word() -> None:
    def program(tf: Any) -> Any:
        def frozen(getter: Any, *args: Any, **kwargs: Any) -> Any:
            kwargs["trainable"] = False
            return getter(*args, **kwargs)

        layer = tf.layers.Dense(2)
        with tf.variable_scope("s", custom_getter=frozen):
            layer(_x(tf))
        return [v.name for v in layer.trainable_weights], [v.name for v in layer.weights]

    _both(program)


def test_copies_share_variables() -> None:
    with tf1x.Graph().as_default():
        x = _x(tf1x)
        fresh = tf1x.layers.Dense(2, kernel_regularizer=tf1x.nn.l2_loss)
        twin = copy.deepcopy(fresh)
        fresh(x)
        assert not twin.built
        same = copy.deepcopy(fresh)
        assert same.kernel is fresh.kernel
        assert same.weights == fresh.weights
        assert same._trainable_weights is not fresh._trainable_weights
        same(x)
        assert len(tf1x.global_variables()) == 2
        twin(x)
        assert len(tf1x.global_variables()) == 4


def test_layers_in_loops_and_branches() -> None:
    """Their variables stand outside; a layer is shared by all iterations."""
    with tf1x.Graph().as_default(), tf1x.Session() as session:
        x = tf1x.placeholder(tf1x.float32, [None, 3])
        yes = tf1x.placeholder(tf1x.bool, [])
        layer = tf1x.layers.Dense(3, kernel_initializer="ones")
        _, powered = tf1x.while_loop(lambda i, h: i < 2, lambda i, h: (i + 1, layer(h)), [0, x])
        chosen = tf1x.cond(
            yes,
            lambda: tf1x.layers.dense(x, 3, kernel_initializer="ones", name="inside"),
            lambda: x,
        )
        grad = tf1x.gradients(powered, layer.kernel)[0]
        assert [v.name for v in tf1x.global_variables()] == [
            "dense/kernel:0", "dense/bias:0", "inside/kernel:0", "inside/bias:0",
        ]  # fmt: skip
        session.run(tf1x.global_variables_initializer())
        found = session.run([powered, chosen, grad], {x: np.ones([1, 3]), yes: True})
        np.testing.assert_array_equal(found[0], [[9, 9, 9]])
        np.testing.assert_array_equal(found[1], [[3, 3, 3]])
        np.testing.assert_array_equal(found[2], np.full([3, 3], 6))
