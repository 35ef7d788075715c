"""MNIST with ready-made estimators: the network 784-300-100-10 in a few lines.

Twice the same: as `tf.contrib.learn.DNNClassifier` behind scikit-learn's interface (`SKCompat`: fit
and predict on arrays), and as `tf.estimator.DNNClassifier` with an input function. Each trains
40,000 steps of 50 pictures with Adagrad. What the second has learnt is exported, and served again
from the files alone.
"""

import argparse
import logging
import os
import shutil
import tempfile
import time

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

HIDDEN_UNITS = [300, 100]
N_CLASSES = 10
BATCH_SIZE = 50


def with_contrib_learn(mnist, steps, model_dir, seed):
    """Train through SKCompat; return the accuracy on the test pictures and the seconds it took."""
    X_train, y_train = mnist.train.images, mnist.train.labels.astype(np.int32)
    config = tf.contrib.learn.RunConfig(tf_random_seed=seed)
    feature_columns = tf.contrib.learn.infer_real_valued_columns_from_input(X_train)
    classifier = tf.contrib.learn.DNNClassifier(
        hidden_units=HIDDEN_UNITS,
        n_classes=N_CLASSES,
        feature_columns=feature_columns,
        model_dir=model_dir,
        config=config,
    )
    classifier = tf.contrib.learn.SKCompat(classifier)
    start = time.time()
    classifier.fit(X_train, y_train, batch_size=BATCH_SIZE, steps=steps)
    seconds = time.time() - start
    y_pred = classifier.predict(mnist.test.images)
    return np.mean(y_pred["classes"] == mnist.test.labels), seconds


def input_fn(dataset, batch_size=BATCH_SIZE, num_epochs=None, shuffle=True):
    return tf.estimator.inputs.numpy_input_fn(
        {"X": dataset.images},
        dataset.labels.astype(np.int32),
        batch_size=batch_size,
        num_epochs=num_epochs,
        shuffle=shuffle,
    )


def with_estimator(mnist, steps, model_dir, seed):
    """Train a `tf.estimator`; return it, its accuracy on the test pictures and the seconds."""
    config = tf.estimator.RunConfig(tf_random_seed=seed)
    feature_columns = [tf.feature_column.numeric_column("X", shape=[28 * 28])]
    classifier = tf.estimator.DNNClassifier(
        hidden_units=HIDDEN_UNITS,
        n_classes=N_CLASSES,
        feature_columns=feature_columns,
        model_dir=model_dir,
        config=config,
    )
    start = time.time()
    classifier.train(input_fn(mnist.train), steps=steps)
    seconds = time.time() - start
    evaluated = classifier.evaluate(input_fn(mnist.test, 500, num_epochs=1, shuffle=False))
    return classifier, evaluated["accuracy"], seconds


def export_and_serve(classifier, pictures, folder):
    """Export the classifier, load it in a session of its own, and let it read pictures."""

    def serving_input_receiver_fn():
        X = tf.placeholder(tf.float32, shape=[None, 28 * 28], name="pictures")
        return tf.estimator.export.ServingInputReceiver({"X": X}, {"pictures": X})

    path = classifier.export_savedmodel(folder, serving_input_receiver_fn)
    path = tf.compat.as_str(path)
    with tf.Graph().as_default(), tf.Session() as sess:
        meta_graph = tf.saved_model.loader.load(sess, [tf.saved_model.tag_constants.SERVING], path)
        signature = meta_graph.signature_def["predict"]
        X = signature.inputs["pictures"].name
        return sess.run(signature.outputs["class_ids"].name, feed_dict={X: pictures})[:, 0]


def draw(pictures, labels, predictions):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    wrong = np.flatnonzero(predictions != labels)[:20]
    figure, axes = plt.subplots(2, 10, figsize=(11, 2.8))
    for axis in axes.flat:
        axis.axis("off")
    for i, axis in zip(wrong, axes.flat):
        axis.imshow(pictures[i].reshape(28, 28), cmap="binary")
        axis.set_title(f"{labels[i]}, read {predictions[i]}", fontsize=8)
    figure.suptitle("test pictures that the served network reads wrongly")
    os.makedirs("outputs", exist_ok=True)
    figure.savefig("outputs/mnist_dnn_estimator.png", dpi=120)
    print("plot: outputs/mnist_dnn_estimator.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="500 steps instead of 40,000")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    steps = 500 if args.quick else 40000

    mnist = input_data.read_data_sets("MNIST_data/", seed=args.seed)
    folder = tempfile.mkdtemp()
    try:
        acc_learn, seconds_learn = with_contrib_learn(
            mnist, steps, os.path.join(folder, "learn"), args.seed
        )
        print(f"contrib.learn: accuracy {acc_learn:.4f}, {steps} steps in {seconds_learn:.0f} s")
        classifier, acc_estimator, seconds_estimator = with_estimator(
            mnist, steps, os.path.join(folder, "estimator"), args.seed
        )
        print(
            f"tf.estimator:  accuracy {acc_estimator:.4f}, {steps} steps in {seconds_estimator:.0f} s"
        )
        served = export_and_serve(classifier, mnist.test.images, os.path.join(folder, "export"))
    finally:
        shutil.rmtree(folder)
    acc_served = np.mean(served == mnist.test.labels)
    draw(mnist.test.images, mnist.test.labels, served)

    print(
        f"\nmeasured:     accuracy {acc_learn:.4f} and {acc_estimator:.4f}, served {acc_served:.4f}"
    )
    print("in the notes: 40,000 steps took 5 minutes then; accuracy about 0.98")


if __name__ == "__main__":
    main()
