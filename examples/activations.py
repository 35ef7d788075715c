"""Why deep sigmoid networks do not learn: the gradient vanishes on its way to the first layer.

Backpropagation multiplies the gradient by the slope of the activation at every layer. The slope of
a sigmoid is never above a quarter, so after nine layers next to nothing is left; ReLU and its kin
(leaky ReLU, ELU, maxout) and tanh have slopes near one. The program builds the same nine layers six
times, looks at the gradient of each layer before any training, then trains on XOR and shows who
learns it. All start with weights that keep the size of a signal from layer to layer: the variance
is 1 / inputs, or twice that for ReLU and leaky ReLU, which cut off half of the signal.
"""

import argparse
import os

import numpy as np
import tensorflow as tf

LAYERS = 9
WIDTH = 16
INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
XOR = np.array([[0], [1], [1], [0]], dtype=np.float32)


def leaky_relu(x):
    return tf.nn.leaky_relu(x, alpha=0.1)


# Name, function and the scale of the initial variance. Maxout is no function of one number.
ACTIVATIONS = [
    ("sigmoid", tf.sigmoid, 1.0),
    ("ReLU", tf.nn.relu, 2.0),
    ("leaky ReLU", leaky_relu, 2.0),
    ("ELU", tf.nn.elu, 1.0),
    ("tanh", tf.tanh, 1.0),
    ("maxout", None, 1.0),
]


def linear(x, width_out, scale, name):
    """x W + b in its own variable scope; the weights start with the variance scale / inputs."""
    width_in = x.get_shape().as_list()[1]
    with tf.variable_scope(name):
        W = tf.get_variable(
            "W",
            shape=[width_in, width_out],
            initializer=tf.variance_scaling_initializer(scale=scale),
        )
        b = tf.get_variable("b", shape=[width_out], initializer=tf.zeros_initializer())
        return tf.matmul(x, W) + b


def maxout(x, width_out, scale, name):
    """The larger of two linear units: an activation that is learned."""
    pieces = tf.reshape(linear(x, 2 * width_out, scale, name), [-1, width_out, 2])
    return tf.reduce_max(pieces, axis=2)


def build_network(activation, scale):
    """Nine hidden layers and a sigmoid on top; return placeholders, cost, accuracy, weights."""
    X = tf.placeholder(tf.float32, [None, 2], name="X")
    Y = tf.placeholder(tf.float32, [None, 1], name="Y")
    layer = X - 0.5
    for number in range(1, LAYERS + 1):
        name = f"layer{number}"
        if activation is None:
            layer = maxout(layer, WIDTH, scale, name)
        else:
            layer = activation(linear(layer, WIDTH, scale, name))
    logits = linear(layer, 1, scale, "output")

    cost = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=Y, logits=logits))
    accuracy = tf.reduce_mean(tf.cast(tf.equal(logits > 0, Y > 0.5), tf.float32))
    weights = [v for v in tf.trainable_variables() if v.name.endswith("/W:0")]
    return X, Y, cost, accuracy, weights


def measure(activation, scale, steps, seed):
    """Return the gradient's size at each layer before training, the costs and the accuracy."""
    with tf.Graph().as_default():
        tf.set_random_seed(seed)
        X, Y, cost, accuracy, weights = build_network(activation, scale)
        gradients = tf.gradients(cost, weights[:LAYERS])
        sizes = tf.stack([tf.reduce_mean(tf.abs(gradient)) for gradient in gradients])
        train = tf.train.GradientDescentOptimizer(learning_rate=0.05).minimize(cost)

        feed = {X: INPUTS, Y: XOR}
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            gradient_sizes = sess.run(sizes, feed_dict=feed)
            costs = [sess.run([cost, train], feed_dict=feed)[0] for _ in range(steps)]
            return gradient_sizes, costs, sess.run(accuracy, feed_dict=feed)


def draw(results):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    for name, (sizes, costs, _) in results.items():
        left.plot(np.arange(1, LAYERS + 1), sizes, "o-", label=name)
        right.plot(costs, label=name)
    left.set_yscale("log")
    left.set_xlabel("layer")
    left.set_title("size of the gradient before training")
    left.legend()
    right.set_xlabel("step")
    right.set_title("cost while learning XOR")
    right.legend()
    figure.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/activations.png", dpi=120)
    print("plot: outputs/activations.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="300 steps instead of 2,000")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    steps = 300 if args.quick else 2000

    results = {}
    print("Gradient at layer 1, at layer 9; then trained on XOR:")
    for name, activation, scale in ACTIVATIONS:
        sizes, costs, accuracy = measure(activation, scale, steps, args.seed)
        results[name] = sizes, costs, accuracy
        print(
            f"{name:11s} {sizes[0]:.2e}  {sizes[-1]:.2e}  cost {costs[-1]:.4f}"
            f"  accuracy {accuracy:.2f}"
        )
    draw(results)

    ratio = results["sigmoid"][0][0] / results["ReLU"][0][0]
    print(f"\nmeasured:     at the first layer sigmoid's gradient is {ratio:.1e} of ReLU's")
    print("in the notes: sigmoid vanishes")


if __name__ == "__main__":
    main()
