"""Linear regression with several variables, in matrix form, with data from a CSV file.

Three exam scores are to predict the final score. Instead of x1*w1 + x2*w2 + x3*w3 + b there is one
matrix product, X W + b, however many variables and rows there are. First five rows stand in the
program, then all twenty-five come from the file data-01-test-score.csv through numpy, and at last
the same file is read in batches of ten, line by line and over and over, by threads that fill
queues: so a file need not fit into memory.

The scores are large numbers (the mean of their squares is about 6,500), so the slope of the cost is
steep, and any learning rate above 0.00005 diverges: try it.
"""

import argparse
import os

import course_data
import numpy as np
import tensorflow as tf

STEPS = 2000
FIVE_ROWS = np.array(
    [
        [73, 80, 75, 152],
        [93, 88, 93, 185],
        [89, 91, 90, 180],
        [96, 98, 100, 196],
        [73, 66, 70, 142],
    ],
    dtype=np.float32,
)


def model(learning_rate):
    """The inputs X and Y, the prediction, its cost, and the op that makes a step."""
    X = tf.placeholder(tf.float32, shape=[None, 3])
    Y = tf.placeholder(tf.float32, shape=[None, 1])
    W = tf.Variable(tf.random_normal([3, 1]), name="weight")
    b = tf.Variable(tf.random_normal([1]), name="bias")
    hypothesis = tf.matmul(X, W) + b
    cost = tf.reduce_mean(tf.square(hypothesis - Y))
    optimizer = tf.train.GradientDescentOptimizer(learning_rate=learning_rate)
    return X, Y, hypothesis, cost, optimizer.minimize(cost)


def train(table, learning_rate, seed, questions=()):
    """Fit the last column of `table` to the others; return the costs, and answer `questions`."""
    x_data, y_data = table[:, 0:-1], table[:, [-1]]

    tf.reset_default_graph()
    tf.set_random_seed(seed)
    X, Y, hypothesis, cost, train_op = model(learning_rate)

    costs = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(STEPS + 1):
            cost_value, predictions, _ = sess.run(
                [cost, hypothesis, train_op], feed_dict={X: x_data, Y: y_data}
            )
            costs.append(cost_value)
            if step % 200 == 0:
                print(f"{step:5d}  cost {cost_value:12.4f}  first rows {predictions[:3, 0]}")
        answers = [sess.run(hypothesis, feed_dict={X: question}) for question in questions]
    return costs, answers


def train_from_queue(path, learning_rate, seed, questions):
    """The same with batches of ten lines of the file; threads read ahead."""
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    file_names = tf.train.string_input_producer([path], shuffle=False, name="filename_queue")
    _, line = tf.TextLineReader().read(file_names)
    row = tf.decode_csv(line, record_defaults=[[0.0], [0.0], [0.0], [0.0]])
    x_batch, y_batch = tf.train.batch([row[0:-1], row[-1:]], batch_size=10)
    X, Y, hypothesis, cost, train_op = model(learning_rate)

    costs = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess=sess, coord=coord)
        try:
            for step in range(STEPS + 1):
                x_data, y_data = sess.run([x_batch, y_batch])
                cost_value, predictions, _ = sess.run(
                    [cost, hypothesis, train_op], feed_dict={X: x_data, Y: y_data}
                )
                costs.append(cost_value)
                if step % 200 == 0:
                    print(f"{step:5d}  cost {cost_value:12.4f}  first rows {predictions[:3, 0]}")
            answers = [sess.run(hypothesis, feed_dict={X: question}) for question in questions]
        finally:
            coord.request_stop()
            coord.join(threads)
    return costs, answers


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
        plt.plot(costs, label=name)
    plt.yscale("log")
    plt.xlabel("step")
    plt.ylabel("mean squared error")
    plt.title("Predicting the final score")
    plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/multivariable_regression.png", dpi=120)
    print("plot: outputs/multivariable_regression.png")


def show(answers):
    yours, others = answers
    print(f"Scores 100, 70, 101: your score will be {yours[0, 0]:.2f}")
    print(f"Other scores will be {others[0, 0]:.2f} and {others[1, 0]:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="no difference: always quick")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()

    print("Five rows in the program:")
    costs_five, _ = train(FIVE_ROWS, learning_rate=1e-5, seed=args.seed)

    path = course_data.path("data-01-test-score.csv")
    table = np.loadtxt(path, delimiter=",", dtype=np.float32)
    questions = [[[100, 70, 101]], [[60, 70, 110], [90, 100, 80]]]
    print(f"\nThe CSV file, {table.shape[0]} rows of {table.shape[1]} columns:")
    costs_csv, answers = train(table, learning_rate=4e-5, seed=args.seed, questions=questions)
    show(answers)

    print("\nThe CSV file in batches of ten lines, by way of queues:")
    costs_queue, answers = train_from_queue(
        path, learning_rate=1e-5, seed=args.seed, questions=questions
    )
    show(answers)
    draw({"five rows": costs_five, "CSV file": costs_csv, "by queue": costs_queue})

    print(
        f"\nmeasured:     cost {costs_csv[-1]:.2f} at step {STEPS}; by queue {costs_queue[-1]:.2f}"
    )
    print("in the notes: cost 7.40 at step 2000")


if __name__ == "__main__":
    main()
