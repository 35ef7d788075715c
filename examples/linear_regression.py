"""Linear regression: find W and b of y = W x + b by gradient descent.

The three points (1, 1), (2, 2), (3, 3) lie on the line W = 1, b = 0. The program looks for it
twice. First the points are constants, built into the graph: every `run` of the training operation
is one step downhill. Then the points are placeholders: the same graph can be trained on whatever is
fed, and asked for the value at points that it has never seen.
"""

import argparse

import tensorflow as tf

POINTS_X = [1.0, 2.0, 3.0]
POINTS_Y = [1.0, 2.0, 3.0]
LEARNING_RATE = 0.02
STEPS = 2000


def build_model(x, y):
    """Return W, b, the line's values at x, the cost and the operation that makes one step."""
    W = tf.Variable(tf.random_normal([1]), name="weight")
    b = tf.Variable(tf.random_normal([1]), name="bias")
    hypothesis = x * W + b
    cost = tf.reduce_mean(tf.square(hypothesis - y))
    train = tf.train.GradientDescentOptimizer(learning_rate=LEARNING_RATE).minimize(cost)
    return W, b, hypothesis, cost, train


def train_on_constants(seed):
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    W, b, _, cost, train = build_model(tf.constant(POINTS_X), tf.constant(POINTS_Y))

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(STEPS + 1):
            sess.run(train)
            if step % 200 == 0:
                cost_value, W_value, b_value = sess.run([cost, W, b])
                print(f"{step:5d}  cost {cost_value:.8f}  W {W_value}  b {b_value}")
        return sess.run(W)[0], sess.run(b)[0]


def train_on_placeholders(seed):
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    X = tf.placeholder(tf.float32, shape=[None], name="X")
    Y = tf.placeholder(tf.float32, shape=[None], name="Y")
    W, b, hypothesis, cost, train = build_model(X, Y)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(STEPS + 1):
            cost_value, W_value, b_value, _ = sess.run(
                [cost, W, b, train], feed_dict={X: POINTS_X, Y: POINTS_Y}
            )
            if step % 200 == 0:
                print(f"{step:5d}  cost {cost_value:.8f}  W {W_value}  b {b_value}")

        print("f(2.5) =", sess.run(hypothesis, feed_dict={X: [2.5]}))
        print("f(1.5), f(3.5) =", sess.run(hypothesis, feed_dict={X: [1.5, 3.5]}))
        return sess.run(hypothesis, feed_dict={X: [5.0]})[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="no difference: always quick")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()

    print("The points as constants:")
    W, b = train_on_constants(args.seed)
    print("\nThe points as placeholders:")
    f5 = train_on_placeholders(args.seed)

    print(f"\nmeasured:     W {W:.4f}, b {b:.4f} after {STEPS} steps; f(5) = {f5:.4f}")
    print("in the notes: W 0.9998, b 0.0004 after 2000 steps; f(5) = 5")


if __name__ == "__main__":
    main()
