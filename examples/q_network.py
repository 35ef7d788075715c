"""Q-networks: a network in the place of the table, first on the frozen lake, then for a pole.

On the lake one layer takes the state as sixteen zeros and ones, so its weights are the table of
frozen_lake_q over again. A pole on a cart (CartPole: keep it upright by pushing left or right) has
no countable states, and there a network that learns from each step as it comes fails: neighbouring
steps are alike, and the values it is to reach move with every step. The DQN of 2015 does two things
against that: it learns from steps drawn at random out of a memory, and takes the values to be
reached from a second network, the target network, which is a copy of the first and renewed only
now and then. The pole counts as solved when it stands 195 steps on the average of 100 episodes.
"""

import argparse
import collections
import os
import random
import time

import gym
import numpy as np
import tensorflow as tf

DISCOUNT = 0.99
SOLVED = 195.0

Step = collections.namedtuple("Step", "state action reward next_state done")


# -- the frozen lake ---------------------------------------------------------------------------


def frozen_lake(episodes, seed):
    """Return the share of the last fifth of the episodes that reached the goal (slippery ice)."""
    env = gym.make("FrozenLake-v0")
    env.seed(seed)
    states, actions = env.observation_space.n, env.action_space.n
    one_hot = np.identity(states, dtype=np.float32)

    X = tf.placeholder(tf.float32, [1, states])
    W = tf.Variable(tf.random_uniform([states, actions], 0, 0.01), name="W")
    Q = tf.matmul(X, W)
    Y = tf.placeholder(tf.float32, [1, actions])
    loss = tf.reduce_sum(tf.square(Y - Q))
    train_op = tf.train.GradientDescentOptimizer(learning_rate=0.1).minimize(loss)

    rewards = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for episode in range(episodes):
            epsilon = 1.0 / (1 + episode / 50)
            state, done = env.reset(), False
            values = sess.run(Q, feed_dict={X: one_hot[[state]]})
            while not done:
                explore = np.random.rand() < epsilon
                action = env.action_space.sample() if explore else np.argmax(values)
                next_state, reward, done, _ = env.step(action)
                next_values = sess.run(Q, feed_dict={X: one_hot[[next_state]]})
                wanted = values.copy()
                wanted[0, action] = reward if done else reward + DISCOUNT * np.max(next_values)
                sess.run(train_op, feed_dict={X: one_hot[[state]], Y: wanted})
                state, values = next_state, next_values
            rewards.append(reward)
            if (episode + 1) % (episodes // 5) == 0:
                share = np.mean(rewards[-episodes // 5 :])
                print(f"episode {episode + 1:5d}  reached the goal {share:.2f}")
    return np.mean(rewards[-episodes // 5 :])


# -- the pole ----------------------------------------------------------------------------------


class Network:
    """Values of the actions in a state: two hidden layers of 64."""

    def __init__(self, name, state, actions):
        with tf.variable_scope(name):
            layer = tf.layers.dense(state, 64, tf.nn.relu)
            layer = tf.layers.dense(layer, 64, tf.nn.relu)
            self.values = tf.layers.dense(layer, actions)
        self.variables = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=name)


class DQN:
    """The two networks, the memory, and a training step."""

    def __init__(self, size, actions, learning_rate=1e-3, memory=20000):
        self.memory = collections.deque(maxlen=memory)
        self.state = tf.placeholder(tf.float32, [None, size])
        self.next_state = tf.placeholder(tf.float32, [None, size])
        self.action = tf.placeholder(tf.int32, [None])
        self.reward = tf.placeholder(tf.float32, [None])
        self.done = tf.placeholder(tf.float32, [None])

        self.main = Network("main", self.state, actions)
        target = Network("target", self.next_state, actions)
        self.renew = tf.group(
            *[t.assign(m) for t, m in zip(target.variables, self.main.variables, strict=True)]
        )

        chosen = tf.reduce_sum(self.main.values * tf.one_hot(self.action, actions), axis=1)
        later = (1 - self.done) * tf.reduce_max(target.values, axis=1)
        wanted = tf.stop_gradient(self.reward + DISCOUNT * later)
        self.loss = tf.losses.huber_loss(wanted, chosen)
        self.train_op = tf.train.AdamOptimizer(learning_rate).minimize(
            self.loss, var_list=self.main.variables
        )

    def act(self, sess, state):
        """The action with the largest value."""
        return int(np.argmax(sess.run(self.main.values, feed_dict={self.state: [state]})))

    def learn(self, sess, batch_size=64):
        """One step on a batch out of the memory."""
        batch = Step(*map(np.array, zip(*random.sample(self.memory, batch_size), strict=True)))
        feed = {
            self.state: batch.state,
            self.action: batch.action,
            self.reward: batch.reward,
            self.next_state: batch.next_state,
            self.done: batch.done,
        }
        return sess.run([self.loss, self.train_op], feed_dict=feed)[0]


def play(sess, env, dqn, episodes):
    """How long the pole stood in each of some episodes, with the best actions only."""
    lengths = []
    for _ in range(episodes):
        state, done, length = env.reset(), False, 0
        while not done:
            state, _, done, _ = env.step(dqn.act(sess, state))
            length += 1
        lengths.append(length)
    return np.mean(lengths)


def cart_pole(episodes, seed):
    """Train until 100 episodes without learning average 195; return that mean and all lengths."""
    env = gym.make("CartPole-v0")
    env.seed(seed)
    dqn = DQN(env.observation_space.shape[0], env.action_space.n)
    lengths, steps, mean = [], 0, 0.0
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(dqn.renew)
        for episode in range(episodes):
            epsilon = max(0.02, 0.95**episode)
            state, done, length, loss = env.reset(), False, 0, 0.0
            while not done:
                explore = np.random.rand() < epsilon
                action = env.action_space.sample() if explore else dqn.act(sess, state)
                next_state, reward, done, info = env.step(action)
                # At the time limit the pole still stands: that end is none.
                fell = done and not info.get("TimeLimit.truncated", False)
                dqn.memory.append(Step(state, action, reward, next_state, float(fell)))
                state, length, steps = next_state, length + 1, steps + 1
                if len(dqn.memory) >= 500:
                    loss = dqn.learn(sess)
                if steps % 200 == 0:
                    sess.run(dqn.renew)
            lengths.append(length)
            if (episode + 1) % 20 == 0:
                recent = np.mean(lengths[-20:])
                print(f"episode {episode + 1:4d}  mean of 20: {recent:6.1f}  loss {loss:.4f}")
            if len(lengths) >= 10 and np.mean(lengths[-10:]) >= 185:
                mean = max(mean, play(sess, env, dqn, 100))
                print(f"episode {episode + 1:4d}  100 episodes without learning: {mean:.1f}")
                if mean >= SOLVED:
                    break
        if not mean:  # --quick ends before it is solved
            mean = play(sess, env, dqn, 100)
    return mean, lengths


def draw(lengths):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 4))
    plt.plot(lengths)
    plt.axhline(SOLVED, color="grey", linewidth=0.5)
    plt.xlabel("episode")
    plt.ylabel("steps that the pole stood")
    plt.title("DQN on CartPole")
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/q_network.png", dpi=120)
    print("plot: outputs/q_network.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few episodes: solves nothing")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()
    random.seed(args.seed)
    np.random.seed(args.seed)
    tf.set_random_seed(args.seed)

    share = frozen_lake(episodes=200 if args.quick else 2000, seed=args.seed)
    tf.reset_default_graph()
    tf.set_random_seed(args.seed)
    start = time.time()
    mean, lengths = cart_pole(episodes=30 if args.quick else 1000, seed=args.seed)
    seconds = time.time() - start
    draw(lengths)

    print(
        f"\nmeasured:     frozen lake {share:.2f}; CartPole mean {mean:.1f} over 100 episodes",
        end="",
    )
    print(f" (learned in {len(lengths)} episodes, {seconds:.0f} seconds)")
    print("in the notes: no figure; CartPole is solved at 195")


if __name__ == "__main__":
    main()
