"""Deep Q-learning balances a pole on a cart: replay memory, target network, Huber loss (Mnih and others, 2015)."""

import collections

import numpy as np
import tensorflow as tf

FLAGS = tf.app.flags.FLAGS
ACTIONS, DISCOUNT = 2, 0.99


class CartPole:
    """A pole of 1 m on a cart that is pushed left or right, 50 times a second (Barto, Sutton and Anderson, 1983)."""

    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        self.time, self.state = 0, self.rng.uniform(-0.05, 0.05, 4)
        return self.state

    def step(self, action):
        """The next state, the reward, and whether the pole has fallen, the cart left its track, or time is up."""
        x, v, angle, spin = self.state
        push = (10.0 if action else -10.0) + 0.05 * spin**2 * np.sin(angle)
        turn = (9.8 * np.sin(angle) - np.cos(angle) * push / 1.1) / (0.5 * (4 / 3 - 0.1 * np.cos(angle) ** 2 / 1.1))
        pull = (push - 0.05 * turn * np.cos(angle)) / 1.1
        self.time, self.state = self.time + 1, np.array([x, v, angle, spin]) + 0.02 * np.array([v, pull, spin, turn])
        lost = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.21
        return self.state, 1.0, lost or self.time == 200


def q_network(states, scope):
    """The value of each action [N, 2] in states [N, 4]."""
    with tf.variable_scope(scope):
        hidden = tf.layers.dense(states, 64, activation=tf.nn.relu)
        hidden = tf.layers.dense(hidden, 64, activation=tf.nn.relu)
        return tf.layers.dense(hidden, ACTIONS)


def train(steps):
    """The loss of each step and the mean reward of the last twenty episodes."""
    tf.set_random_seed(1)
    state = tf.placeholder(tf.float32, [None, 4], name="state")
    action = tf.placeholder(tf.int32, [None], name="action")
    reward = tf.placeholder(tf.float32, [None], name="reward")
    next_state = tf.placeholder(tf.float32, [None, 4], name="next_state")
    done = tf.placeholder(tf.float32, [None], name="done")
    q, target_q = q_network(state, "q"), q_network(next_state, "target_q")
    taken = tf.reduce_sum(q * tf.one_hot(action, ACTIONS), axis=1)
    wanted = reward + DISCOUNT * (1.0 - done) * tf.reduce_max(target_q, axis=1)
    loss = tf.losses.huber_loss(tf.stop_gradient(wanted), taken)
    q_variables, target_variables = tf.global_variables("q/"), tf.global_variables("target_q/")
    train_op = tf.train.AdamOptimizer(1e-3).minimize(loss, var_list=q_variables)
    update_target = tf.group(*[old.assign(new) for old, new in zip(target_variables, q_variables)])

    rng, memory = np.random.RandomState(0), []
    world, rewards, earned = CartPole(rng), collections.deque(maxlen=20), 0.0
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        now = world.reset()
        for step in range(steps + 64):  # the first 64 only fill the memory
            if step % 200 == 0:
                session.run(update_target)
            greedy = rng.uniform() > max(0.05, 1.0 - step / 3000.0)
            chosen = session.run(q, feed_dict={state: [now]})[0].argmax() if greedy else rng.randint(ACTIONS)
            after, reward_now, ended = world.step(chosen)
            memory.append((now, chosen, reward_now, after, ended and world.time < 200))  # time is up: not a loss
            now, earned = after, earned + reward_now
            if ended:
                rewards.append(earned)
                now, earned = world.reset(), 0.0
            if step >= 64:
                batch = zip(*[memory[i] for i in rng.randint(len(memory), size=64)])
                feeds = dict(zip((state, action, reward, next_state, done), batch))
                _, loss_now = session.run([train_op, loss], feed_dict=feeds)
                yield loss_now, np.mean(rewards)


def main(_):
    for step, (loss, reward) in enumerate(train(FLAGS.steps), 1):
        if step % 500 == 0:
            print("step %d: loss %.4f, mean reward %.1f" % (step, loss, reward))


if __name__ == "__main__":
    tf.app.flags.DEFINE_integer("steps", 8000, "how many steps to play and train")
    tf.app.run()
