"""XOR: the smallest problem that one layer cannot solve and two can.

"One or the other, not both" is not a matter of a line through the plane, so logistic regression
stays at a guess. One hidden layer of four units solves it; a wide one and a deep one do so with a
smaller cost. (Two hidden units can do it too, but get stuck from some of the random starts: change
the 4 to a 2 and try a few seeds.)
"""

import argparse
import os

import numpy as np
import tensorflow as tf

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
XOR = np.array([[0], [1], [1], [0]], dtype=np.float32)
NETWORKS = [
    ("one layer", [2, 1]),
    ("a hidden layer", [2, 4, 1]),
    ("wide", [2, 10, 1]),
    ("wide and deep", [2, 10, 10, 10, 1]),
]


def sigmoid_network(x, sizes):
    """Stack fully connected sigmoid layers: `sizes` names the width of the input and of each."""
    layer = x
    for number in range(1, len(sizes)):
        width_in, width_out = sizes[number - 1], sizes[number]
        with tf.name_scope(f"layer{number}"):
            W = tf.Variable(tf.random_normal([width_in, width_out]), name="weight")
            b = tf.Variable(tf.random_normal([width_out]), name="bias")
            layer = tf.sigmoid(tf.matmul(layer, W) + b)
    return layer


def train(sizes, steps, learning_rate, seed):
    """Return the cost every 100 steps, the network's four answers and their accuracy."""
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    X = tf.placeholder(tf.float32, [None, 2])
    Y = tf.placeholder(tf.float32, [None, 1])
    hypothesis = sigmoid_network(X, sizes)
    cost = -tf.reduce_mean(Y * tf.log(hypothesis) + (1 - Y) * tf.log(1 - hypothesis))
    train_op = tf.train.GradientDescentOptimizer(learning_rate=learning_rate).minimize(cost)
    predicted = tf.cast(hypothesis > 0.5, dtype=tf.float32)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(predicted, Y), dtype=tf.float32))

    feed = {X: INPUTS, Y: XOR}
    costs = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(steps + 1):
            sess.run(train_op, feed_dict=feed)
            if step % 100 == 0:
                costs.append(sess.run(cost, feed_dict=feed))
        answers, accuracy_value = sess.run([hypothesis, accuracy], feed_dict=feed)
    return costs, answers, accuracy_value


def draw(costs_by_name):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 4))
    for name, costs in costs_by_name.items():
        plt.plot(np.arange(len(costs)) * 100, costs, label=name)
    plt.yscale("log")
    plt.xlabel("step")
    plt.ylabel("log cost")
    plt.title("XOR with four networks")
    plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/xor_network.png", dpi=120)
    print("plot: outputs/xor_network.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2,000 steps at a higher rate")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    steps, learning_rate = (2000, 1.0) if args.quick else (10000, 0.1)

    costs, accuracies = {}, {}
    for name, sizes in NETWORKS:
        costs[name], answers, accuracies[name] = train(sizes, steps, learning_rate, args.seed)
        print(
            f"{name:15s} cost {costs[name][-1]:.4f}  accuracy {accuracies[name]:.2f}"
            f"  answers {answers[:, 0].round(3)}"
        )
    draw(costs)

    print("\nmeasured:     accuracy", end="")
    print(",".join(f" {accuracy:.2f} ({name})" for name, accuracy in accuracies.items()))
    print("in the notes: one layer fails, accuracy 1.0 with more")


if __name__ == "__main__":
    main()
