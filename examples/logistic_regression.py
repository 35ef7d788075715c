"""Logistic regression: a line through a sigmoid decides between yes and no.

1. Why the log cost: with a sigmoid the squared error over W has flat stretches where descent gets
   stuck, while -log of the probability given to the right answer is a bowl. The program draws both.
2. A small data set: hours of study and of lectures, passed or not.
3. A real one: eight measurements of a patient, diabetes or not (data-03-diabetes.csv).
"""

import argparse
import os

import course_data
import numpy as np
import tensorflow as tf

HOURS = np.array([[1, 2], [2, 3], [3, 1], [4, 3], [5, 3], [6, 2]], dtype=np.float32)
PASSED = np.array([[0], [0], [0], [1], [1], [1]], dtype=np.float32)


def cost_curves():
    """Return values of W, and the squared and the log cost of sigmoid(W x) at each.

    One point disagrees with the others, and the scales differ: enough to dent the squared error.
    """
    x = tf.constant([-20.0, -1.0, 1.0, 3.0])
    y = tf.constant([1.0, 0.0, 1.0, 1.0])
    W = tf.placeholder(tf.float32, shape=[])
    squared = tf.reduce_mean(tf.square(tf.sigmoid(W * x) - y))
    log_cost = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=W * x))
    weights = np.linspace(-4, 4, 161)
    with tf.Session() as sess:
        curves = [sess.run([squared, log_cost], feed_dict={W: weight}) for weight in weights]
    return weights, np.array(curves)


def train(x_data, y_data, learning_rate, steps, seed):
    """Fit W and b; return the cost at every step, the final accuracy and the probabilities."""
    features = x_data.shape[1]
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    X = tf.placeholder(tf.float32, shape=[None, features])
    Y = tf.placeholder(tf.float32, shape=[None, 1])
    W = tf.Variable(tf.random_normal([features, 1]), name="weight")
    b = tf.Variable(tf.random_normal([1]), name="bias")

    hypothesis = tf.sigmoid(tf.matmul(X, W) + b)
    cost = -tf.reduce_mean(Y * tf.log(hypothesis) + (1 - Y) * tf.log(1 - hypothesis))
    train_op = tf.train.GradientDescentOptimizer(learning_rate=learning_rate).minimize(cost)

    predicted = tf.cast(hypothesis > 0.5, dtype=tf.float32)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(predicted, Y), dtype=tf.float32))

    feed = {X: x_data, Y: y_data}
    costs = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(steps + 1):
            cost_value, _ = sess.run([cost, train_op], feed_dict=feed)
            costs.append(cost_value)
            if step % 200 == 0 and (step <= 2000 or step % 2000 == 0):
                print(f"{step:6d}  cost {cost_value:.6f}")
        probabilities, accuracy_value = sess.run([hypothesis, accuracy], feed_dict=feed)
    return costs, accuracy_value, probabilities


def draw(weights, curves, costs):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6))
    for column, name in enumerate(["squared error", "log cost"]):
        axes[column].plot(weights, curves[:, column])
        axes[column].set_title(f"{name} of sigmoid(W x)")
        axes[column].set_xlabel("W")
    axes[2].plot(costs)
    axes[2].set_title("diabetes: log cost in training")
    axes[2].set_xlabel("step")
    figure.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/logistic_regression.png", dpi=120)
    print("plot: outputs/logistic_regression.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2,000 steps instead of 10,000")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    steps = 2000 if args.quick else 10000

    weights, curves = cost_curves()
    print("Hours of study and of lectures, passed or not:")
    _, accuracy_small, probabilities = train(HOURS, PASSED, 0.1, steps, args.seed)
    print(f"probabilities {probabilities[:, 0].round(3)}, accuracy {accuracy_small:.2f}")

    table = np.loadtxt(course_data.path("data-03-diabetes.csv"), delimiter=",", dtype=np.float32)
    print(f"\nDiabetes, {table.shape[0]} rows of {table.shape[1]} columns:")
    costs, accuracy, _ = train(table[:, 0:-1], table[:, [-1]], 0.01, steps, args.seed)
    draw(weights, curves, costs)

    first, last = costs[0], costs[-1]
    print(f"\nmeasured:     cost falls from {first:.4f} to {last:.4f}, accuracy {accuracy:.4f}")
    print("in the notes: the cost falls")


if __name__ == "__main__":
    main()
