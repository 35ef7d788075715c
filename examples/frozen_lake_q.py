"""Q-learning with a table: across the frozen lake without falling in.

A lake of 4x4 fields, 16 states; S is the start, F is ice, H a hole, G the goal, and the only reward
(1) waits there. The table Q holds for each state and each of the four moves what reward is to be
expected from there on. It is learned from experience alone: after a move from `state` to `next`

    Q[state, action]  +=  rate * (reward + discount * max Q[next] - Q[state, action])

Most of the time the best known move is made, sometimes (e-greedy, less and less) a random one. On
the first lake a move goes where it is meant to; on the slippery one only every third time, and
sideways otherwise, so that even the best way is not always a safe one.
"""

import argparse
import os

import gym
import numpy as np
import tensorflow as tf
from gym.envs.registration import register

MOVES = "<v>^"  # left, down, right, up
DISCOUNT = 0.99

# The lake without slipping has no name of its own: it is registered under one.
register(
    id="FrozenLake-v3",
    entry_point="gym.envs.toy_text:FrozenLakeEnv",
    kwargs={"map_name": "4x4", "is_slippery": False},
    max_episode_steps=100,
)


class QTable:
    """The table, a variable: a step adds to one element, and reads the row of the next state."""

    def __init__(self, states, actions):
        self.state = tf.placeholder(tf.int32, [])
        self.action = tf.placeholder(tf.int32, [])
        self.reward = tf.placeholder(tf.float32, [])
        self.next_state = tf.placeholder(tf.int32, [])
        self.learning_rate = tf.placeholder(tf.float32, [])

        self.table = tf.Variable(tf.zeros([states, actions]), name="Q")
        self.start_row = self.table[0]
        self.next_row = self.table[self.next_state]
        expected = self.reward + DISCOUNT * tf.reduce_max(self.next_row)
        change = self.learning_rate * (expected - self.table[self.state, self.action])
        self.learn = tf.scatter_nd_add(self.table, [[self.state, self.action]], [change])


def best(values):
    """The best move; where several are equally good, one of them by chance."""
    return np.random.choice(np.flatnonzero(values == values.max()))


def train(sess, env, q, episodes, learning_rate):
    """Learn; return for each episode whether it reached the goal."""
    rewards = []
    start = np.zeros(env.action_space.n)  # nothing is known of the first field's moves
    for episode in range(episodes):
        epsilon = 1.0 / (1 + episode / (episodes / 50))  # from 1 down to 0.02
        state, row, done = env.reset(), start, False
        while not done:
            action = env.action_space.sample() if np.random.rand() < epsilon else best(row)
            next_state, reward, done, _ = env.step(action)
            feed = {
                q.state: state,
                q.action: action,
                q.reward: reward,
                q.next_state: next_state,
                q.learning_rate: learning_rate,
            }
            _, row = sess.run([q.learn, q.next_row], feed_dict=feed)
            state = next_state
        rewards.append(reward)
        start = sess.run(q.start_row)
        if (episode + 1) % (episodes // 5) == 0:
            share = np.mean(rewards[-episodes // 5 :])
            print(f"episode {episode + 1:5d}  reached the goal {share:.2f}  epsilon {epsilon:.3f}")
    return rewards


def success(env, table, episodes):
    """The share of episodes that reach the goal by the best moves of the table."""
    reached = 0
    for _ in range(episodes):
        state, done = env.reset(), False
        while not done:
            state, reward, done, _ = env.step(int(np.argmax(table[state])))
        reached += reward
    return reached / episodes


def solve(name, episodes, learning_rate, seed):
    """Return the share of training episodes and of 1,000 test episodes that reach the goal."""
    tf.reset_default_graph()
    tf.set_random_seed(seed)
    np.random.seed(seed)
    env = gym.make(name)
    env.seed(seed)
    q = QTable(env.observation_space.n, env.action_space.n)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        rewards = train(sess, env, q, episodes, learning_rate)
        table = sess.run(q.table)
    letters = ["SFFF", "FHFH", "FFFH", "HFFG"]
    for y, row in enumerate(letters):
        moves = [MOVES[np.argmax(table[4 * y + x])] if c in "SF" else c for x, c in enumerate(row)]
        print(f"    {row}   {''.join(moves)}")
    return rewards, success(env, table, 1000)


def draw(curves):
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed: no plot")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 4))
    for name, rewards in curves.items():
        width = len(rewards) // 20
        shares = np.convolve(rewards, np.ones(width) / width, "valid")
        plt.plot(np.linspace(0, 1, len(shares)), shares, label=f"{name}, {len(rewards)} episodes")
    plt.xlabel("part of the training")
    plt.ylabel("reached the goal")
    plt.title("Q-learning on the frozen lake")
    plt.legend()
    plt.tight_layout()
    os.makedirs("outputs", exist_ok=True)
    plt.savefig("outputs/frozen_lake_q.png", dpi=120)
    print("plot: outputs/frozen_lake_q.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer episodes on slippery ice")
    parser.add_argument("--seed", type=int, default=777)
    args = parser.parse_args()

    print("a move goes where it is meant to")
    curve, share = solve("FrozenLake-v3", episodes=500, learning_rate=1.0, seed=args.seed)
    print("slippery")
    slippery_curve, slippery = solve(
        "FrozenLake-v0", 600 if args.quick else 5000, learning_rate=0.15, seed=args.seed
    )
    draw({"firm": curve, "slippery": slippery_curve})

    print(
        f"\nmeasured:     goal reached in {share:.2f} of 1,000 episodes, on slippery ice {slippery:.2f}"
    )
    print("in the notes: solves the 4x4 map (on slippery ice the best way reaches it in 0.74)")


if __name__ == "__main__":
    main()
