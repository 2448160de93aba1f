"""Optimizers as programs use them: what they compute, make, name, refuse, and keep in place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf

OPTIMIZERS = {
    "GradientDescent": lambda rate=0.1: tf.train.GradientDescentOptimizer(rate),
    "Momentum": lambda rate=0.1: tf.train.MomentumOptimizer(rate, 0.9),
    "Nesterov": lambda rate=0.1: tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
    "Adagrad": lambda rate=0.1: tf.train.AdagradOptimizer(rate),
    "Adadelta": lambda rate=0.1: tf.train.AdadeltaOptimizer(rate, epsilon=1e-3),
    "RMSProp": lambda rate=0.1: tf.train.RMSPropOptimizer(rate, momentum=0.5),
    "RMSProp centered": lambda rate=0.1: tf.train.RMSPropOptimizer(rate, centered=True),
    "Adam": lambda rate=0.1: tf.train.AdamOptimizer(rate),
    "Ftrl": lambda rate=0.1: tf.train.FtrlOptimizer(rate, l1_regularization_strength=0.01),
    "ProximalGradientDescent": lambda rate=0.1: tf.train.ProximalGradientDescentOptimizer(rate, 0.01, 0.02),
    "ProximalAdagrad": lambda rate=0.1: tf.train.ProximalAdagradOptimizer(rate, 0.1, 0.01, 0.02),
    "AdagradDA": lambda rate=0.1: tf.train.AdagradDAOptimizer(rate, tf.constant(3, tf.int64)),
}
SLOTS = {
    "GradientDescent": {},
    "Momentum": {"momentum": "v/Momentum"},
    "Nesterov": {"momentum": "v/Momentum"},
    "Adagrad": {"accumulator": "v/Adagrad"},
    "Adadelta": {"accum": "v/Adadelta", "accum_update": "v/Adadelta_1"},
    "RMSProp": {"rms": "v/RMSProp", "momentum": "v/RMSProp_1"},
    "RMSProp centered": {"rms": "v/RMSProp", "mg": "v/RMSProp_1", "momentum": "v/RMSProp_2"},
    "Adam": {"m": "v/Adam", "v": "v/Adam_1"},
    "Ftrl": {"accum": "v/Ftrl", "linear": "v/Ftrl_1"},
    "ProximalGradientDescent": {},
    "ProximalAdagrad": {"accumulator": "v/ProximalAdagrad"},
    "AdagradDA": {"gradient_accumulator": "v/AdagradDA", "gradient_squared_accumulator": "v/AdagradDA_1"},
}
each_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def initialized():
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def differs(a, b, tol):
    """Whether any element is further off than `tol`, NaN included."""
    return not np.max(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)), initial=0.0) <= tol


# -- what a step does -----------------------------------------------------------------------------------------------


@each_optimizer
def test_every_optimizer_finds_the_minimum_of_a_bowl(name):
    target = np.array([0.3, -0.2, 0.5], np.float32)
    v = tf.Variable(np.zeros(3, np.float32))
    loss = tf.reduce_sum(tf.square(v - target))
    train = OPTIMIZERS[name](0.05).minimize(loss)
    session = initialized()
    start = session.run(loss)
    for _ in range(400):
        session.run(train)
    assert not session.run(loss) > 0.02 * start


@each_optimizer
@pytest.mark.parametrize("sparse", [False, True])
def test_averaged_gradients_of_two_towers_take_the_step_of_one_tower_on_all_the_data(name, sparse):
    data = np.random.default_rng(0).standard_normal((6, 3))
    rows = [0, 2, 2, 4, 1, 2]

    def loss_on(v, part):
        seen = tf.gather(v, rows[part]) if sparse else v[0] * v[1]
        return tf.reduce_mean(tf.reduce_sum(tf.square(seen - data[part]), 1))

    def mean(grads):
        if not sparse:
            return tf.add_n(grads) / 2.0
        return tf.IndexedSlices(tf.concat([g.values for g in grads], 0) / 2.0, tf.concat([g.indices for g in grads], 0))

    start = np.random.default_rng(1).standard_normal((5, 3))
    one, two = tf.Variable(start, name="one"), tf.Variable(start, name="two")
    whole = OPTIMIZERS[name]().minimize(loss_on(one, slice(0, 6)), var_list=[one])
    optimizer = OPTIMIZERS[name]()
    halves = [optimizer.compute_gradients(loss_on(two, part), [two])[0][0] for part in (slice(0, 3), slice(3, 6))]
    assert all(isinstance(g, tf.IndexedSlices) == sparse for g in halves)
    towers = optimizer.apply_gradients([(mean(halves), two)])
    session = initialized()
    for _ in range(3):
        session.run([whole, towers])
        assert not differs(session.run(one), session.run(two), 1e-12)
    assert differs(session.run(one), start, 1e-3)


@each_optimizer
def test_every_step_works_on_the_same_memory(name):
    v = tf.Variable(np.ones((3, 2), np.float32), name="v")
    table = tf.Variable(np.ones((5, 2), np.float32), name="table")
    loss = tf.reduce_sum(tf.square(v)) + tf.reduce_sum(tf.square(tf.gather(table, [1, 1, 3])))
    optimizer = OPTIMIZERS[name]()
    train = optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
    session = initialized()
    addresses = {u.name: session.buffer(u).ctypes.data for u in tf.global_variables()}
    before = session.run([v, table])
    for _ in range(3):
        session.run(train)
    assert {u.name: session.buffer(u).ctypes.data for u in tf.global_variables()} == addresses
    assert all(differs(a, b, 0.01) for a, b in zip(before, session.run([v, table]), strict=True))


@each_optimizer
def test_rows_that_were_not_looked_up_move_only_where_tensorflow_moves_them(name):
    """After one step on row 1 alone: Adam goes on by the mean of row 3's past gradient, all others leave row 3."""
    table = tf.Variable(np.ones((5, 2)), name="table")
    index = tf.placeholder(tf.int32, [2])
    train = OPTIMIZERS[name]().minimize(tf.reduce_sum(tf.square(tf.gather(table, index))))
    session = initialized()
    session.run(train, {index: [3, 3]})
    before = session.run(table)
    session.run(train, {index: [1, 1]})
    after = session.run(table)
    assert differs(after[1], before[1], 1e-3) and np.array_equal(after[[0, 2, 4]], before[[0, 2, 4]])
    assert differs(after[3], before[3], 1e-3) == (name == "Adam")


def test_slices_without_a_dense_shape_and_out_of_range_rows():
    v = tf.Variable(np.ones((3, 2)))
    index = tf.placeholder(tf.int32, [1])
    slices = tf.IndexedSlices(tf.ones([1, 2], tf.float64), index)
    steps = {name: make().apply_gradients([(slices, v)]) for name, make in OPTIMIZERS.items()}
    session = initialized()
    for step in steps.values():
        session.run(step, {index: [2]})
        before = session.run(tf.global_variables())
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(step, {index: [3]})
        for a, b in zip(before, session.run(tf.global_variables()), strict=True):
            assert np.array_equal(a, b)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.integers(0, 2**31))
def test_adams_sparse_step_is_the_dense_one_of_the_summed_rows(indices, seed):
    values = np.random.default_rng(seed).standard_normal((len(indices), 2))
    summed = np.zeros((5, 2))
    np.add.at(summed, indices, values)
    with tf.Graph().as_default():
        a, b = tf.Variable(np.ones((5, 2))), tf.Variable(np.ones((5, 2)))
        slices = tf.IndexedSlices(tf.constant(values), tf.constant(indices))
        steps = [
            tf.train.AdamOptimizer(0.1).apply_gradients([(slices, a)]),
            tf.train.AdamOptimizer(0.1).apply_gradients([(tf.constant(summed), b)]),
        ]
        session = initialized()
        for _ in range(2):
            session.run(steps)
        assert not differs(session.run(a), session.run(b), 1e-12)


# What TensorFlow 2.21 (graph mode, float64) makes of [[1, -2], [.5, .1], [3, 0]] in three steps down the sum of
# (x - 0.3)², where x is the variable, or its rows 0, 2, 0; the golden programs hold the other optimizers.
TENSORFLOWS = {
    "Adadelta": (
        lambda: tf.train.AdadeltaOptimizer(0.5, rho=0.9, epsilon=1e-2),
        [0.5951056442831281, -1.534765989390773, 0.3030303212023693,
         0.2969696787976307, 2.5315088115562987, 0.27585391717401037],
        [0.5881350240652793, -1.5339338166789307, 0.5,
         0.1, 2.5315088115562987, 0.27585391717401037],
    ),
    "Ftrl": (
        lambda: tf.train.FtrlOptimizer(
            0.5, learning_rate_power=-0.4, initial_accumulator_value=0.2, l1_regularization_strength=0.1,
            l2_regularization_strength=0.05,
        ),
        [0.2755573371552613, -0.4152200574253116, 0.29035045710266755,
         0.29034377589567645, 1.2417288380933527, 0.29988069043518295],
        [0.2955348454687327, -0.3631340901507247, 0.5,
         0.1, 1.2417288380933527, 0.29988069043518295],
    ),
    "Ftrl with shrinkage": (
        lambda: tf.train.FtrlOptimizer(
            0.5, l1_regularization_strength=0.02, l2_shrinkage_regularization_strength=0.3
        ),
        [0.2278024626546896, -0.6467899087364116, 0.19397133668339475,
         0.37575715203467425, 1.496456879140688, 0.3125115345979755],
        [0.26155258815469506, -0.7985888063395196, 0.5,
         0.1, 1.496456879140688, 0.3125115345979755],
    ),
}  # fmt: skip


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", TENSORFLOWS)
def test_three_steps_are_tensorflows(name, sparse):
    make, dense_values, sparse_values = TENSORFLOWS[name]
    v = tf.Variable(np.array([[1.0, -2.0], [0.5, 0.1], [3.0, 0.0]]))
    x = tf.gather(v, [0, 2, 0]) if sparse else v
    train = make().minimize(tf.reduce_sum(tf.square(x - 0.3)))
    session = initialized()
    for _ in range(3):
        session.run(train)
    assert not differs(session.run(v).ravel(), sparse_values if sparse else dense_values, 1e-13)


def test_the_loss_fetched_with_a_step_is_the_one_before_it():
    v = tf.Variable(3.0)
    loss = v * v
    train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    session = initialized()
    assert session.run([loss, train])[0] == 9.0
    assert session.run([train, loss])[1] == 0.0


def test_all_gradients_are_taken_before_any_variable_moves():
    a, b = tf.Variable(2.0), tf.Variable(3.0)
    for gate in (tf.train.Optimizer.GATE_NONE, tf.train.Optimizer.GATE_OP, tf.train.Optimizer.GATE_GRAPH):
        train = tf.train.GradientDescentOptimizer(1.0).minimize(a * b, gate_gradients=gate)
        session = initialized()
        session.run(train)
        assert session.run([a, b]) == [-1.0, 1.0]


def test_a_step_under_control_dependencies_waits_for_them_and_its_slots_do_not():
    total = tf.Variable(0.0, trainable=False)
    v = tf.Variable(1.0)
    update = total.assign_add(1.0)
    with tf.control_dependencies([update]):
        train = tf.train.AdamOptimizer(0.1).minimize(v * v)
    session = initialized()
    assert session.run(total) == 0.0
    session.run(train)
    assert session.run(total) == 1.0


def test_the_global_step_counts_after_the_variables_have_moved():
    v, step = tf.Variable(1.0), tf.Variable(0, trainable=False)
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    gradient = tf.check_numerics(tf.placeholder_with_default(1.0, []), "bad")
    train = optimizer.apply_gradients([(gradient, v)], global_step=step)
    session = initialized()
    session.run(train)
    assert session.run([v, step]) == [0.0, 1]
    with pytest.raises(tf.errors.InvalidArgumentError, match="NaN"):
        session.run(train, {gradient.op.inputs[0]: np.nan})
    assert session.run([v, step]) == [0.0, 1]


def test_a_step_that_fails_changes_neither_variables_nor_slots_nor_adams_powers():
    v, w = tf.Variable([1.0, 2.0]), tf.Variable([3.0])
    fed = tf.placeholder(tf.float32)
    step = tf.train.get_or_create_global_step()
    checked = tf.check_numerics(fed, "bad gradient")
    train = tf.train.AdamOptimizer(0.1).apply_gradients([(tf.ones([1]), w), (checked, v)], step)
    session = initialized()
    session.run(train, {fed: [1.0, 1.0]})
    before = session.run(tf.global_variables())
    with pytest.raises(tf.errors.InvalidArgumentError, match="bad gradient"):
        session.run(train, {fed: [np.inf, 1.0]})
    assert all(np.array_equal(a, b) for a, b in zip(before, session.run(tf.global_variables()), strict=True))
    session.run(train, {fed: [1.0, 1.0]})
    assert session.run(step) == 2


def test_a_step_in_a_branch_is_taken_where_the_branch_is_and_its_slots_are_made_outside():
    v, wanted = tf.Variable([1.0, 2.0], name="v"), tf.placeholder(tf.bool, [])
    optimizer = tf.train.AdamOptimizer(0.1)

    def step():
        with tf.control_dependencies([optimizer.minimize(tf.reduce_sum(v * v))]):
            return tf.constant(1)

    taken = tf.cond(wanted, step, lambda: tf.constant(0))
    session = initialized()
    assert session.run(taken, {wanted: False}) == 0 and session.run(v).tolist() == [1.0, 2.0]
    assert session.run(taken, {wanted: True}) == 1 and not differs(session.run(v), [0.9, 1.9], 1e-6)
    assert optimizer.get_slot(v, "m").op.name == "v/Adam"


def test_the_gradient_that_comes_from_several_reads_is_their_sum():
    v = tf.Variable([1.0, 2.0])
    loss = tf.reduce_sum(v * 3.0) + tf.reduce_sum(tf.gather(v, [1, 1])) + v[0]
    session_of = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    session = initialized()
    session.run(session_of)
    assert session.run(v).tolist() == [1.0 - 4.0, 2.0 - 5.0]


def test_grad_loss_weighs_the_elements_of_the_loss():
    v = tf.Variable([1.0, 2.0])
    pairs = tf.train.GradientDescentOptimizer(1.0).compute_gradients(v * v, grad_loss=tf.constant([1.0, 10.0]))
    assert initialized().run(pairs[0][0]).tolist() == [2.0, 40.0]


def test_a_loss_may_be_a_function():
    v = tf.Variable(3.0)
    (gradient, variable), *rest = tf.train.GradientDescentOptimizer(1.0).compute_gradients(lambda: v * v)
    assert variable is v and not rest and initialized().run(gradient) == 6.0


# -- hyperparameters ------------------------------------------------------------------------------------------------


@each_optimizer
@pytest.mark.parametrize("kind", ["variable", "function", "float64 tensor", "numpy"])
def test_a_rate_of_any_kind_acts_as_the_number_does(name, kind):
    numbers = tf.Variable(np.array([1.0, 2.0]), name="a"), tf.Variable(np.array([1.0, 2.0]), name="b")
    rate = {
        "variable": lambda: tf.Variable(0.25, trainable=False),
        "function": lambda: lambda: 0.25,
        "float64 tensor": lambda: tf.constant(0.25, tf.float64),
        "numpy": lambda: np.float32(0.25),
    }[kind]()
    steps = [
        OPTIMIZERS[name](r).minimize(tf.reduce_sum(v * v), var_list=[v])
        for r, v in zip((0.25, rate), numbers, strict=True)
    ]
    session = initialized()
    for _ in range(2):
        session.run(steps)
    a, b = session.run(numbers)
    assert np.array_equal(a, b) and differs(a, [1.0, 2.0], 1e-3)


def test_a_decayed_rate_follows_the_global_step():
    v, step = tf.Variable(0.0), tf.train.get_or_create_global_step()
    rate = tf.train.piecewise_constant(step, [1], [1.0, 0.25])
    train = tf.train.GradientDescentOptimizer(rate).minimize(-v, global_step=step)
    session = initialized()
    seen = []
    for _ in range(4):
        session.run(train)
        seen.append(float(session.run(v)))
    assert seen == [1.0, 2.0, 2.25, 2.5]


@each_optimizer
@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64])
def test_slots_and_steps_have_the_variables_dtype(name, dtype):
    v = tf.Variable(tf.constant([1.0, 2.0], dtype), name="v")
    optimizer = OPTIMIZERS[name]()
    train = optimizer.minimize(tf.reduce_sum(v * v))
    assert {optimizer.get_slot(v, slot).dtype for slot in SLOTS[name]} <= {dtype}
    session = initialized()
    session.run(train)
    value = session.run(v)
    assert value.dtype == dtype.as_numpy_dtype and np.all(value < np.array([1.0, 2.0], value.dtype))


# -- slots ----------------------------------------------------------------------------------------------------------


@each_optimizer
def test_slots_are_global_untrainable_variables_of_the_variables_shape(name):
    v = tf.Variable(np.ones((2, 3), np.float32), name="v")
    optimizer = OPTIMIZERS[name]()
    assert optimizer.get_slot(v, "m") is None and optimizer.get_slot_names() == [] and optimizer.variables() == []
    optimizer.minimize(tf.reduce_sum(v))
    assert {s: optimizer.get_slot(v, s).op.name for s in optimizer.get_slot_names()} == SLOTS[name]
    assert tf.trainable_variables() == [v]
    for slot in SLOTS[name]:
        assert optimizer.get_slot(v, slot) in tf.global_variables()
        assert optimizer.get_slot(v, slot).shape.as_list() == [2, 3]
    own = ["beta1_power:0", "beta2_power:0"] if name == "Adam" else []
    assert [u.name for u in optimizer.variables()] == sorted(own + [f"{n}:0" for n in SLOTS[name].values()])
    assert optimizer.get_slot(v, "no such slot") is None
    assert optimizer.get_slot(tf.Variable(1.0), next(iter(SLOTS[name]), "m")) is None


@each_optimizer
def test_minimizing_twice_makes_the_slots_once(name):
    v, w = tf.Variable(1.0, name="v"), tf.Variable(1.0, name="w")
    optimizer = OPTIMIZERS[name]()
    optimizer.minimize(v * v)
    first = [u.name for u in tf.global_variables()]
    optimizer.minimize(v * v * 2.0)
    assert [u.name for u in tf.global_variables()] == first
    optimizer.minimize(v * w)
    added = [u.name for u in tf.global_variables()][len(first) :]
    assert added == [f"{n.replace('v/', 'w/')}:0" for n in sorted(SLOTS[name].values())]


def test_two_optimizers_of_one_variable_have_slots_of_their_own():
    v = tf.Variable(1.0, name="v")
    first, second = tf.train.AdamOptimizer(), tf.train.AdamOptimizer()
    first.minimize(v * v)
    second.minimize(v * v)
    assert [second.get_slot(v, s).name for s in ("m", "v")] == ["v/Adam_2:0", "v/Adam_3:0"]
    assert [u.name for u in second.variables()] == ["beta1_power_1:0", "beta2_power_1:0", "v/Adam_2:0", "v/Adam_3:0"]


def test_one_optimizer_serves_two_graphs():
    optimizer = tf.train.AdamOptimizer(0.1)
    for _ in range(2):
        with tf.Graph().as_default():
            v = tf.Variable(1.0, name="v")
            train = optimizer.minimize(v * v)
            assert [u.name for u in optimizer.variables()] == [
                "beta1_power:0", "beta2_power:0", "v/Adam:0", "v/Adam_1:0",
            ]  # fmt: skip
            session = initialized()
            session.run(train)
            assert not differs(session.run(v), 0.9, 1e-6)


def test_slots_and_steps_stand_on_their_variables_device_and_adams_powers_on_that_of_the_first_by_name():
    with tf.device("/cpu:0"):
        v = tf.Variable(1.0, name="v")
    u = tf.Variable(1.0, name="u")
    step = tf.Variable(0, name="step")
    optimizer = tf.train.AdamOptimizer()
    optimizer.minimize(v * u, global_step=step, var_list=[v, u])
    devices = {made.op.name: made.device for made in optimizer.variables()}
    assert v.device and devices == {
        "v/Adam": v.device, "v/Adam_1": v.device, "u/Adam": "", "u/Adam_1": "", "beta1_power": "", "beta2_power": "",
    }  # fmt: skip
    find = tf.get_default_graph().get_operation_by_name
    assert find("Adam/update_v/ApplyAdam").device == v.device and find("Adam/update_u/ApplyAdam").device == ""


STARTS = {
    "Adagrad": {"accumulator": 0.1},
    "RMSProp": {"rms": 1.0},
    "RMSProp centered": {"rms": 1.0},
    "Ftrl": {"accum": 0.1},
    "ProximalAdagrad": {"accumulator": 0.1},
    "AdagradDA": {"gradient_squared_accumulator": 0.1},
}


@each_optimizer
def test_slots_start_at_zero_but_for_the_averages_that_divide(name):
    v = tf.Variable([1.0, 2.0], dtype=tf.float64)
    optimizer = OPTIMIZERS[name]()
    optimizer.minimize(tf.reduce_sum(v))
    session = initialized()
    for slot in SLOTS[name]:
        start = np.float32(STARTS.get(name, {}).get(slot, 0.0))
        assert not differs(session.run(optimizer.get_slot(v, slot)), [start] * 2, 1e-7)


def test_slots_of_scoped_variables_take_the_scopes_name_and_are_shared_where_it_is_reused():
    with tf.variable_scope("s"):
        v = tf.get_variable("v", initializer=[1.0])
        tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_sum(v))
    with tf.variable_scope("s", reuse=tf.AUTO_REUSE):
        again = tf.train.MomentumOptimizer(0.1, 0.9)
        again.minimize(tf.reduce_sum(v))
    assert [u.name for u in tf.global_variables()] == ["s/v:0", "s/s/v/Momentum:0"]
    assert again.get_slot(v, "momentum").name == "s/s/v/Momentum:0"


def test_a_partitioned_variable_is_stepped_part_by_part():
    whole = tf.get_variable("p", [5, 2], initializer=tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(2))
    optimizer = tf.train.AdagradOptimizer(0.1)
    train = optimizer.minimize(tf.reduce_sum(tf.convert_to_tensor(whole) * 2.0), var_list=[whole])
    assert [u.name for u in optimizer.variables()] == ["p/part_0/Adagrad:0", "p/part_1/Adagrad:0"]
    session = initialized()
    session.run(train)
    assert not differs(session.run(whole.as_tensor()), np.full((5, 2), 1 - 0.1 * 2 / np.sqrt(4.1)), 1e-6)


def test_slots_follow_a_variable_whose_shape_is_known_only_when_it_runs():
    v = tf.Variable(tf.placeholder_with_default(np.ones(3, np.float32), [None]), validate_shape=False, name="v")
    optimizer = tf.train.AdamOptimizer(0.1)
    train = optimizer.minimize(tf.reduce_sum(v))
    session = tf.Session()
    session.run(v.initializer)
    session.run([u.initializer for u in optimizer.variables()])
    session.run(train)
    assert not differs(session.run(v), [0.9] * 3, 1e-6)
    assert session.run(optimizer.get_slot(v, "m")).shape == (3,)


# -- names and collections ------------------------------------------------------------------------------------------


def test_adams_powers_move_when_all_variables_have_used_them():
    v, w = tf.Variable(1.0, name="v"), tf.Variable(1.0, name="w")
    tf.train.AdamOptimizer().minimize(v * w)
    find = tf.get_default_graph().get_operation_by_name
    steps = {find("Adam/update_v/ApplyAdam"), find("Adam/update_w/ApplyAdam")}
    assert all(set(find(f"Adam/{name}").control_inputs) >= steps for name in ("mul", "mul_1"))


def test_the_step_and_its_parts_are_named_as_tensorflow_names_them():
    with tf.variable_scope("conv1"):
        v = tf.get_variable("weights", initializer=[1.0])
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer().minimize(tf.reduce_sum(v), global_step=step)
    names = [op.name for op in tf.get_default_graph().get_operations()]
    assert train.name == "Adam" and train.type == "AssignAdd"
    for part in ("learning_rate", "beta1", "beta2", "epsilon", "update_conv1/weights/ApplyAdam", "update", "value"):
        assert f"Adam/{part}" in names
    plain = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(v), name="given")
    assert (plain.name, plain.type) == ("given", "NoOp")
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP) == [train, plain]


# -- programs' own optimizers ---------------------------------------------------------------------------------------


class SignDescent(tf.train.Optimizer):
    """var ← var - rate · sign(gradient), with a slot that counts."""

    def __init__(self, rate):
        super().__init__(False, "SignDescent")
        self._rate = rate

    def _create_slots(self, var_list):
        for v in var_list:
            self._get_or_make_slot(v, tf.constant(0.0), "count", self._name)

    def _apply_dense(self, grad, var):
        count = self.get_slot(var, "count").assign_add(1.0)
        with tf.control_dependencies([count]):
            return var.assign_sub(self._rate * tf.sign(grad)).op

    def _apply_sparse(self, grad, var):
        return tf.scatter_sub(var, grad.indices, self._rate * tf.sign(grad.values)).op


def test_a_programs_own_optimizer_steps_dense_and_sparse_gradients_each_row_once():
    v, table = tf.Variable([1.0, -1.0], name="v"), tf.Variable(np.zeros((4, 1), np.float32), name="table")
    loss = tf.reduce_sum(v * v) + tf.reduce_sum(tf.gather(table, [2, 2, 1]))
    optimizer = SignDescent(0.5)
    train = optimizer.minimize(loss)
    session = initialized()
    session.run(train)
    assert session.run(v).tolist() == [0.5, -0.5]
    assert session.run(table).ravel().tolist() == [0.0, -0.5, -0.5, 0.0]
    assert session.run(optimizer.get_slot(v, "count")) == 1.0
    assert optimizer.get_slot(v, "count").name == "v/SignDescent:0"


def test_slots_of_a_programs_own_optimizer_start_without_what_the_step_waits_for():
    v, gate = tf.Variable([1.0]), tf.Variable(0.0, trainable=False)
    with tf.control_dependencies([gate.assign_add(1.0)]):
        train = SignDescent(0.5).minimize(tf.reduce_sum(v))  # its slot starts as a constant made there
    session = initialized()
    assert session.run(gate) == 0.0
    session.run(train)
    assert session.run(gate) == 1.0


def test_an_optimizer_that_does_not_say_how_to_step_is_not_implemented():
    v = tf.Variable([1.0])
    with pytest.raises(NotImplementedError):
        tf.train.Optimizer(False, "X").apply_gradients([(tf.ones([1]), v)])


def test_a_constraint_is_applied_after_each_step():
    v = tf.Variable([1.0, 0.05], constraint=lambda value: tf.maximum(value, 0.0))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(v))
    session = initialized()
    session.run(train)
    assert not differs(session.run(v), [0.9, 0.0], 1e-7)
    with pytest.raises(RuntimeError, match="Cannot use a constraint function on a sparse variable"):
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(tf.gather(v, [0])))


# -- refusals -------------------------------------------------------------------------------------------------------


def test_no_variables_and_no_gradients_are_said_in_tensorflows_words():
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    with pytest.raises(ValueError, match=r"^No variables to optimize\.$"):
        optimizer.minimize(tf.constant(1.0))
    v = tf.Variable([1.0], name="v")
    with pytest.raises(ValueError, match=r"^No variables to optimize\.$"):
        optimizer.minimize(tf.constant(1.0), var_list=[])
    with pytest.raises(ValueError) as caught:
        optimizer.minimize(tf.constant(1.0, name="loss"))
    assert str(caught.value) == (
        "No gradients provided for any variable, check your graph for ops that do not support gradients, between "
        f'variables ["{v}"] and loss Tensor("loss:0", shape=(), dtype=float32).'
    )
    with pytest.raises(ValueError, match=r"^No variables provided\.$"):
        optimizer.apply_gradients([])
    with pytest.raises(ValueError) as caught:
        optimizer.apply_gradients(iter([(None, v)]))
    assert str(caught.value) == f'No gradients provided for any variable: ["{v}"].'
    assert tf.global_variables() == [v]


def test_arguments_that_make_no_sense_are_refused():
    v, counter = tf.Variable([1.0]), tf.Variable([1], name="counter")
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    with pytest.raises(ValueError, match=r"gate_gradients must be one of: Optimizer\.GATE_NONE, .* Not 7"):
        optimizer.compute_gradients(tf.reduce_sum(v), gate_gradients=7)
    with pytest.raises(ValueError, match=r"Invalid type tf\.int32 for .*, expected: \[tf\.float32, "):
        optimizer.compute_gradients(tf.reduce_sum(counter))
    with pytest.raises(ValueError, match="Must specify the optimizer name"):
        tf.train.Optimizer(False, "")
    with pytest.raises(TypeError, match="Gradient must be convertible to a Tensor or IndexedSlices, or None"):
        optimizer.apply_gradients([(object(), v)])
    with pytest.raises(ValueError, match="Dimension 0 in both shapes must be equal, but are 1 and 3"):
        optimizer.apply_gradients([(tf.ones([3]), v)])
    with pytest.raises(TypeError, match="float64 that does not match type float32 of argument 'var'"):
        optimizer.apply_gradients([(tf.ones([1], tf.float64), v)])
    with pytest.raises(ValueError, match="initial_accumulator_value must be positive: 0"):
        tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.0)
    for bad in ({"l1_regularization_strength": -1.0}, {"initial_accumulator_value": -1.0}):
        with pytest.raises(ValueError, match=r"-1\.0 needs to be positive or zero"):
            tf.train.FtrlOptimizer(0.1, **bad)
    with pytest.raises(ValueError, match=r"initial_accumulator_value must be positive: 0"):
        tf.train.ProximalAdagradOptimizer(0.1, 0)
    with pytest.raises(ValueError, match=r"initial_gradient_squared_accumulator_value must be positive: -1"):
        tf.train.AdagradDAOptimizer(0.1, tf.constant(0), -1)
    with pytest.raises(ValueError, match=r"learning_rate_power 0\.5 needs to be negative or zero"):
        tf.train.FtrlOptimizer(0.1, learning_rate_power=0.5)


def test_integer_variables_that_no_gradient_reaches_do_no_harm():
    v, counter = tf.Variable([1.0]), tf.Variable([1], name="counter")
    pairs = tf.train.GradientDescentOptimizer(0.1).compute_gradients(tf.reduce_sum(v))
    assert [(g is None, u) for g, u in pairs] == [(False, v), (True, counter)]


def test_slots_of_a_partitioned_variable_tell_which_part_of_the_whole_slot_they_are():
    parts = tf.get_variable("v", [5, 2], partitioner=tf.fixed_size_partitioner(2))
    optimizer = tf.train.AdamOptimizer(name="x")
    optimizer.minimize(tf.reduce_sum(tf.square(parts)))
    told = [optimizer.get_slot(part, slot)._get_save_slice_info() for part in parts for slot in ("m", "v")]
    assert [(info.full_name, info.spec) for info in told] == [
        ("v/x", "5 2 0,3:0,2"), ("v/x_1", "5 2 0,3:0,2"), ("v/x", "5 2 3,2:0,2"), ("v/x_1", "5 2 3,2:0,2"),
    ]  # fmt: skip
    assert optimizer._get_non_slot_variable("beta1_power", tf.get_default_graph())._get_save_slice_info() is None


def test_the_slot_of_a_whole_variable_is_whole_also_where_a_partitioner_is_in_force():
    v = tf.get_variable("v", [4, 2])
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
    with tf.variable_scope("train", partitioner=tf.fixed_size_partitioner(2)):
        optimizer.minimize(tf.reduce_sum(v))
    assert optimizer.get_slot(v, "momentum").op.name == "train/v/Momentum"
    assert optimizer.get_slot(v, "momentum").shape.as_list() == [4, 2]


@pytest.mark.parametrize("name", sorted(name for name in vars(tf.train) if name.endswith("Optimizer")))
def test_the_optimizers_stand_on_the_base_alone_as_programs_that_look_them_up_expect(name):
    optimizer = getattr(tf.train, name)
    assert optimizer is tf.train.Optimizer or optimizer.__base__ is tf.train.Optimizer


def test_programs_that_look_into_the_tables_of_slots_can_sort_them_by_variable():
    for name in ("b", "a"):
        tf.get_variable(name, [])
    optimizer = tf.train.AdamOptimizer()
    optimizer.minimize(tf.add_n(tf.trainable_variables()))
    made = optimizer._slots["m"]
    assert [made[key].name for key in sorted(made)] == ["a/Adam:0", "b/Adam:0"]
    assert [name for _, name in sorted(made)] == ["a", "b"]
