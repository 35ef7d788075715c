"""What gradient descent does: walk down the cost curve of y = W x.

With the bias left out, the cost depends on W alone and can be drawn: a parabola whose lowest point
is W = 1. The program draws it and then walks down in three ways:
1. by hand, with the derivative written out and `assign`;
2. with an optimizer, from two far starting points;
3. with an optimizer's two halves, `compute_gradients` and `apply_gradients`, and the gradients
   edited in between: clipped to 10, so that at a rate of 0.1 no step is longer than 1.
"""

import argparse
import os

import numpy as np
import tensorflow as tf

POINTS_X = [1.0, 2.0, 3.0]
POINTS_Y = [1.0, 2.0, 3.0]


def cost_curve():
    """Return values of W from -3 to 5 and the cost at each."""
    W = tf.placeholder(tf.float32)
    cost = tf.reduce_mean(tf.square(POINTS_X * W - POINTS_Y))
    weights = np.arange(-30, 51) * 0.1
    with tf.Session() as sess:
        return weights, [sess.run(cost, feed_dict={W: weight}) for weight in weights]


def descend_by_hand(steps):
    """Step with the derivative worked out on paper; return the (W, cost) passed on the way."""
    X = tf.placeholder(tf.float32)
    Y = tf.placeholder(tf.float32)
    W = tf.Variable(tf.random_normal([1], mean=-2.0), name="weight")
    cost = tf.reduce_mean(tf.square(W * X - Y))
    learning_rate = 0.05
    gradient = 2 * tf.reduce_mean((W * X - Y) * X)
    descent = W - learning_rate * gradient
    update = tf.assign(W, descent)

    path = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(steps):
            cost_value, W_value = sess.run([cost, W], feed_dict={X: POINTS_X, Y: POINTS_Y})
            sess.run(update, feed_dict={X: POINTS_X, Y: POINTS_Y})
            print(f"{step:5d}  cost {cost_value:.8f}  W {W_value[0]:.8f}")
            path.append((W_value[0], cost_value))
    return path


def descend_with_optimizer(start, steps):
    W = tf.Variable(start)
    cost = tf.reduce_mean(tf.square(POINTS_X * W - POINTS_Y))
    train = tf.train.GradientDescentOptimizer(learning_rate=0.1).minimize(cost, var_list=[W])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(steps):
            sess.run(train)
        return sess.run(W)


def descend_with_edited_gradients(start, steps):
    """Clip each gradient between its computation and its use; return the (W, gradient) passed."""
    W = tf.Variable(start)
    by_hand = tf.reduce_mean((W * POINTS_X - POINTS_Y) * POINTS_X) * 2
    cost = tf.reduce_mean(tf.square(POINTS_X * W - POINTS_Y))
    optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.1)
    gradients = optimizer.compute_gradients(cost, var_list=[W])
    clipped = [(tf.clip_by_value(gradient, -10.0, 10.0), var) for gradient, var in gradients]
    apply_gradients = optimizer.apply_gradients(clipped)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in range(steps):
            hand, (automatic, _), (edited, _) = sess.run([by_hand, gradients[0], clipped[0]])
            W_value = sess.run(W)
            print(
                f"{step:5d}  W {W_value:.6f}  gradient by hand {hand:.4f}, "
                f"by TensorFlow {automatic:.4f}, edited {edited:.4f}"
            )
            sess.run(apply_gradients)
        return sess.run(W)


def draw(weights, costs, path):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 4))
    plt.plot(weights, costs, color="tab:blue")
    plt.plot([W for W, _ in path], [cost for _, cost in path], "o", color="tab:red", ms=4)
    plt.legend(["cost", "steps of the descent by hand"])
    plt.xlabel("W")
    plt.ylabel("mean squared error")
    plt.title("The cost over W: lowest at W = 1")
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/minimizing_cost.png", dpi=120)
    print("plot: outputs/minimizing_cost.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="no difference: always quick")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    tf.set_random_seed(args.seed)

    weights, costs = cost_curve()
    print("Descent by hand:")
    path = descend_by_hand(steps=21)
    draw(weights, costs, path)

    print("\nDescent with an optimizer:")
    for start in (5.0, -3.0):
        print(f"  from W = {start:4.1f} to W = {descend_with_optimizer(start, steps=30):.6f}")

    print("\nDescent with edited gradients:")
    W_edited = descend_with_edited_gradients(start=5.0, steps=15)

    print(f"\nmeasured:     W = {path[-1][0]:.4f} by hand, {W_edited:.4f} edited")
    print("in the notes: W = 1")


if __name__ == "__main__":
    main()
