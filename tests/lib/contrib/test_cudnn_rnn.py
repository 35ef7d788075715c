"""`tf.contrib.cudnn_rnn`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tf1x
from tests.lib.contrib.rnn.formulas import assert_all_close, numbers, relu, sigmoid, step

cudnn = tf1x.contrib.cudnn_rnn
X = numbers(4, 2, 3)


def _step(kind: str, x: Any, state: Any, kernels: list[Any], biases: list[Any]) -> Any:
    """One step by cuDNN's documentation; the kernels are those of the inputs, then of the state."""
    gates = len(kernels) // 2
    of_x = [x @ k.T + b for k, b in zip(kernels[:gates], biases[:gates], strict=True)]
    h = state[0]
    of_h = [h @ k.T + b for k, b in zip(kernels[gates:], biases[gates:], strict=True)]
    if kind == "LSTM":
        i, f, j, o = (a + b for a, b in zip(of_x, of_h, strict=True))
        c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(j)
        return [sigmoid(o) * np.tanh(c), c]
    if kind == "GRU":
        r, u = (sigmoid(a + b) for a, b in zip(of_x[:2], of_h[:2], strict=True))
        return [(1 - u) * np.tanh(of_x[2] + r * of_h[2]) + u * h]
    total = of_x[0] + of_h[0]
    return [np.tanh(total) if kind == "RNNTanh" else relu(total)]


def _layers(kind: str, flat: Any, layers: int, directions: int, units: int) -> Any:
    """Outputs and final states of all layers, from states of zeros."""
    gates = {"LSTM": 4, "GRU": 3}.get(kind, 1)
    count = layers * directions * 2 * gates
    weights, biases = [], [flat[len(flat) - (count - i) * units :][:units] for i in range(count)]
    outputs, final = X, []
    for layer in range(layers):
        depth = 3 if layer == 0 else units * directions
        both = []
        for direction in range(directions):
            shapes = [(units, depth)] * gates + [(units, units)] * gates
            kernels = []
            for shape in shapes:
                size = shape[0] * shape[1]
                kernels.append(flat[:size].reshape(shape))
                flat = flat[size:]
            own = [biases.pop(0) for _ in range(2 * gates)]
            state = [np.zeros((2, units), np.float32)] * (2 if kind == "LSTM" else 1)
            order = range(4) if direction == 0 else range(3, -1, -1)
            steps = {}
            for t in order:
                state = _step(kind, outputs[t], state, kernels, own)
                steps[t] = state[0]
            both.append(np.stack([steps[t] for t in range(4)]))
            final.append(state)
            weights += kernels
        outputs = np.concatenate(both, 2)
    return [outputs, *(np.stack(parts) for parts in zip(*final, strict=True))]


def _run(layer: Any, result: Any) -> tuple[Any, list[Any]]:
    """The weights and the values of a result, flat."""
    weights = numbers(*layer.kernel.shape.as_list(), seed=3)
    with tf1x.Session() as session:
        session.run(tf1x.global_variables_initializer())
        session.run(tf1x.assign(layer.kernel, weights))
        return weights, session.run(tf1x.nest.flatten(result))


@pytest.mark.parametrize("direction", ["unidirectional", "bidirectional"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNNTanh", "RNNRelu"])
def test_layers(kind: str, direction: str) -> None:
    with tf1x.Graph().as_default():
        layer = getattr(cudnn, f"Cudnn{kind}")(2, 5, direction=direction, name="layer")
        result = layer(tf1x.constant(X))
        assert [v.op.name for v in tf1x.trainable_variables()] == ["layer/opaque_kernel"]
        assert layer.trainable_weights == tf1x.trainable_variables()
        weights, values = _run(layer, result)
    expected = _layers(kind, weights, 2, layer.num_dirs, 5)
    assert_all_close(values, expected, atol=5e-6)
    assert list(values[1].shape) == layer.state_shape(2)[0]


def test_lengths_and_states() -> None:
    """Batch first: the same as time first; after its end a sequence gives zeros."""
    found = []
    for time_major in (True, False):
        with tf1x.Graph().as_default():
            layer = cudnn.CudnnLSTM(1, 5, direction=cudnn.CUDNN_RNN_BIDIRECTION)
            state = [numbers(2, 2, 5, seed=i) for i in (1, 2)]
            x = X
            if not time_major:
                state = [s.transpose(1, 0, 2) for s in state]
                x = X.transpose(1, 0, 2)
            outputs, (h, c) = layer(
                tf1x.constant(x), tuple(state), sequence_lengths=[4, 2], time_major=time_major
            )
            if not time_major:
                outputs, h, c = (tf1x.transpose(t, [1, 0, 2]) for t in (outputs, h, c))
            found.append(_run(layer, [outputs, h, c])[1])
    assert_all_close(found[0], found[1])
    assert not found[0][0][2:, 1].any()


def test_skipped_inputs_and_dropout() -> None:
    with tf1x.Graph().as_default():
        layer = cudnn.CudnnRNNTanh(2, 3, input_mode="auto_select", dropout=0.9, seed=2)
        trained, _ = layer(tf1x.constant(X))
        still, _ = layer(tf1x.constant(X), training=False)
        assert layer.canonical_weight_shapes == [(3, 3), (3, 3), (3, 3)]
        _, (a, b) = _run(layer, [trained, still])
        assert not np.allclose(a, b)
    with pytest.raises(ValueError, match="direction"):
        cudnn.CudnnGRU(1, 2, direction="sideways")
    with pytest.raises(ValueError, match="input_mode"):
        cudnn.CudnnGRU(1, 2, input_mode="none")
    with tf1x.Graph().as_default(), pytest.raises(TypeError, match="expecting tuple"):
        cudnn.CudnnGRU(1, 2)(tf1x.constant(X), initial_state=[0])


def test_compatible_cells() -> None:
    x = X[0]
    found, w, (c, h), after = step(lambda: cudnn.CudnnCompatibleLSTMCell(5), x)
    assert found == {"kernel": [8, 20], "bias": [20]}
    i, j, f, o = np.split(np.hstack([x, h]) @ w["kernel"] + w["bias"], 4, 1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(j)
    assert_all_close(after, [sigmoid(o) * np.tanh(c), c, sigmoid(o) * np.tanh(c)])
    found, w, (h,), after = step(lambda: cudnn.CudnnCompatibleGRUCell(5), x)
    assert list(found) == [
        f"{part}/{name}"
        for part in ("gates", "candidate/input_projection", "candidate/hidden_projection")
        for name in ("kernel", "bias")
    ]
    gates = np.hstack([x, h]) @ w["gates/kernel"] + w["gates/bias"]
    r, u = np.split(sigmoid(gates), 2, 1)
    of_x, of_h = (
        value @ w[f"candidate/{name}/kernel"] + w[f"candidate/{name}/bias"]
        for name, value in (("input_projection", x), ("hidden_projection", h))
    )
    new = (1 - u) * np.tanh(of_x + r * of_h) + u * h
    assert_all_close(after, [new, new])
