"""Softmax: which of seven classes does an animal belong to?

The file data-04-zoo.csv tells sixteen traits of 101 animals (hair, feathers, eggs, ..., legs) and
the class of each, 0 to 6. `one_hot` turns the class number into seven zeros and ones, the softmax
makes seven probabilities of seven scores, and `argmax` picks the likeliest.
"""

import argparse
import os

import course_data
import numpy as np
import tensorflow as tf

CLASSES = ["mammal", "bird", "reptile", "fish", "amphibian", "insect", "other"]


def train(x_data, y_data, steps):
    """Train on all the animals; return costs and accuracies at every step, and the predictions."""
    X = tf.placeholder(tf.float32, [None, 16])
    Y = tf.placeholder(tf.int32, [None, 1])  # 0 to 6, shape (?, 1)
    Y_one_hot = tf.one_hot(Y, len(CLASSES))  # shape (?, 1, 7)
    Y_one_hot = tf.reshape(Y_one_hot, [-1, len(CLASSES)])  # shape (?, 7)

    W = tf.Variable(tf.random_normal([16, len(CLASSES)]), name="weight")
    b = tf.Variable(tf.random_normal([len(CLASSES)]), name="bias")
    logits = tf.matmul(X, W) + b
    hypothesis = tf.nn.softmax(logits)

    cost_per_animal = tf.nn.softmax_cross_entropy_with_logits_v2(
        logits=logits, labels=tf.stop_gradient(Y_one_hot)
    )
    cost = tf.reduce_mean(cost_per_animal)
    train_op = tf.train.GradientDescentOptimizer(learning_rate=0.1).minimize(cost)

    prediction = tf.argmax(hypothesis, 1)
    correct = tf.equal(prediction, tf.argmax(Y_one_hot, 1))
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

    feed = {X: x_data, Y: y_data}
    history = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(steps + 1):
            _, cost_value, accuracy_value = sess.run([train_op, cost, accuracy], feed_dict=feed)
            history.append((cost_value, accuracy_value))
            if step % 200 == 0:
                print(f"{step:5d}  cost {cost_value:.4f}  accuracy {accuracy_value:.4f}")
        return np.array(history), sess.run(prediction, feed_dict={X: x_data})


def draw(history):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 4))
    plt.plot(history[:, 0], label="cost")
    plt.plot(history[:, 1], label="accuracy")
    plt.ylim(0, 2)
    plt.xlabel("step")
    plt.title("Softmax on the animals of a zoo")
    plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/softmax_classifier.png", dpi=120)
    print("plot: outputs/softmax_classifier.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="no difference: always quick")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    table = np.loadtxt(course_data.path("data-04-zoo.csv"), delimiter=",", dtype=np.float32)
    x_data, y_data = table[:, 0:-1], table[:, [-1]]
    history, predictions = train(x_data, y_data, steps=2000)

    for animal in range(0, len(table), 20):
        predicted, truth = CLASSES[predictions[animal]], CLASSES[int(y_data[animal, 0])]
        print(f"animal {animal:3d}: predicted {predicted:9s} is {truth}")
    draw(history)

    cost, accuracy = history[-1]
    print(f"\nmeasured:     cost {cost:.4f}, accuracy {accuracy:.4f}")
    print("in the notes: no figure")


if __name__ == "__main__":
    main()
