"""Variables beyond the list of behaviours: where their ops go, what they start from, creators, slices, refusals."""

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.engine.graph import Graph

pytestmark = pytest.mark.usefixtures("graph")


def initialized():
    session = tf.Session()
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    return session


def types_and_names(graph):
    return [(op.type, op.name) for op in graph.get_operations()]


# -- the operations -------------------------------------------------------------------------------------------------


def test_a_value_makes_four_operations_named_as_tensorflow_names_them(graph):
    v = tf.Variable(1)
    assert types_and_names(graph) == [
        ("Const", "Variable/initial_value"), ("VariableV2", "Variable"), ("Assign", "Variable/Assign"),
        ("Identity", "Variable/read"),
    ]  # fmt: skip
    assert v.value().op.inputs == (v.op.outputs[0],)
    assert v.initial_value.name == "Variable/initial_value:0"


def test_a_callable_is_called_inside_the_initializers_scope(graph):
    tf.Variable(lambda: tf.zeros([2]) + 1.0, name="a")
    assert types_and_names(graph) == [
        ("Const", "a/Initializer/zeros"), ("Const", "a/Initializer/add/y"), ("AddV2", "a/Initializer/add"),
        ("VariableV2", "a"), ("Assign", "a/Assign"), ("Identity", "a/read"),
    ]  # fmt: skip


def test_control_dependencies_do_not_reach_a_variables_operations(graph):
    with tf.control_dependencies([tf.no_op(name="before")]):
        v, w = tf.Variable(lambda: tf.ones([2]), name="v"), tf.get_variable("w", [2])
        after = tf.constant(1)
    assert after.op.control_inputs == [graph.get_operation_by_name("before")]
    assert all(not op.control_inputs for op in graph.get_operations() if op.name[0] in "vw")
    assert initialized().run(v).tolist() == [1, 1] and w.shape == [2]


def test_a_variable_made_in_a_loop_lies_outside_of_it():
    def body(i):
        return i + tf.reduce_sum(tf.get_variable("w", [2], initializer=tf.ones_initializer()))

    total = tf.while_loop(lambda i: i < 5.0, body, [0.0])
    (w,) = tf.global_variables()
    assert w.op.context is None and w.name == "w:0"
    assert initialized().run(total) == 6


def test_an_initial_value_from_inside_a_loop_is_refused():
    with pytest.raises(
        ValueError, match=r"Initializer for variable while/Variable/ is from inside a control-flow .* use a lambda"
    ):
        tf.while_loop(lambda i: i < 5.0, lambda i: i + tf.Variable(tf.ones([]) * 2.0), [0.0])


def test_read_value_sees_what_its_control_dependencies_wrote():
    v = tf.Variable(1.0)
    with tf.control_dependencies([v.assign_add(1.0)]):
        late = v.read_value()
    assert late.name == "read:0"
    session = initialized()
    assert session.run([v.value(), late]) == [1, 2]
    assert session.run([late, v.value()]) == [3, 2]


def test_a_caching_device_takes_the_read_and_leaves_the_variable():
    v = tf.Variable(1.0, caching_device="/cpu:0")
    assert "CPU:0" in v.value().device and v.device == "" and v.initializer.device == ""


# -- initial values that read other variables -----------------------------------------------------------------------


def test_variables_that_start_from_variables_initialize_in_one_run():
    a = tf.Variable(tf.random_normal([3], seed=1), name="a")
    b = tf.Variable(a * 2.0, name="b")
    c = tf.Variable(lambda: b + a, name="c")
    d = tf.Variable(c, name="d")
    e = tf.get_variable("e", initializer=d.initialized_value() + 1.0)
    session = tf.Session()
    session.run([v.initializer for v in (e, d, c, b, a)])
    x = session.run([a, b, c, d, e])
    assert np.array_equal(x[1], 2 * x[0]) and np.array_equal(x[2], x[0] + x[1]) and np.array_equal(x[3], x[2])


def test_a_variable_starts_from_the_present_value_of_one_that_has_been_changed():
    a = tf.Variable(1.0)
    b = tf.Variable(a + 1.0)
    session = tf.Session()
    session.run(a.initializer)
    session.run(a.assign(10.0))
    session.run(b.initializer)
    assert session.run(b) == 11


def test_operations_of_any_kind_are_copied_for_a_dependent_variable():
    a = tf.Variable([3.0, 1.0, 2.0])
    b = tf.Variable(tf.random_shuffle(a, seed=1))
    c = tf.Variable(tf.split(tf.stack([a, a * 2.0]), 2)[1])
    d = tf.Variable(tf.cast(tf.concat([a, a], 0)[2:5], tf.int32))
    session = tf.Session()
    session.run([v.initializer for v in (d, c, b, a)])
    x, y, z = session.run([b, c, d])
    assert sorted(x) == [1, 2, 3] and y.tolist() == [[6, 2, 4]] and z.tolist() == [2, 3, 1]


def test_random_operations_are_not_drawn_twice_for_a_dependent_variable():
    a = tf.Variable(1.0)
    noise = tf.random_normal([4], seed=3)
    b = tf.Variable(noise + a)
    session = tf.Session()
    _, drawn = session.run([tf.global_variables_initializer(), noise])
    assert np.array_equal(session.run(b), drawn + 1)


def test_all_reads_of_a_variable_have_gradients_to_it():
    v = tf.Variable([1.0, 2.0])
    (g,) = tf.gradients(v.read_value() * 3.0 + v * 2.0, v)
    assert initialized().run(g).tolist() == [5, 5]


# -- creators -------------------------------------------------------------------------------------------------------


def test_creators_wrap_each_other_with_the_innermost_first():
    said = []

    def creator(who):
        def create(next_creator, **kwargs):
            said.append((who, kwargs["name"]))
            return next_creator(**{**kwargs, "name": f"{kwargs['name']}_{who}"})

        return create

    with tf.variable_creator_scope(creator("outer")), tf.variable_creator_scope(creator("inner")):
        v, w = tf.Variable(1.0, name="v"), tf.get_variable("w", [2])
    plain = tf.Variable(1.0, name="v")
    assert [x.name for x in (v, w, plain)] == ["v_inner_outer:0", "w_inner_outer:0", "v:0"]
    assert said == [("inner", "v"), ("outer", "v_inner"), ("inner", "w"), ("outer", "w_inner")]


def test_a_creator_may_return_another_object_and_leaves_with_its_scope():
    with pytest.raises(ZeroDivisionError), tf.variable_creator_scope(lambda next_creator, **_: 1 / 0):
        tf.Variable(1)
    with tf.variable_creator_scope(lambda next_creator, **_: "another"):
        assert tf.Variable(1) == "another"
    with tf.variable_creator_scope(lambda next_creator, **kwargs: next_creator(**{**kwargs, "trainable": False})):
        assert not tf.Variable(1.0).trainable
    assert tf.Variable(1.0).trainable


# -- slices ---------------------------------------------------------------------------------------------------------


def test_slices_are_assigned_to_under_tensorflows_names():
    v = tf.Variable(np.zeros((3, 4), np.float32), name="v")
    first, second = v[1:, 2], v[0].assign([1.0, 2.0, 3.0, 4.0], name="n")
    assigned, again = first.assign([5.0, 6.0]), first.assign([7.0, 8.0])
    assert [t.name for t in (first, assigned, again, second)] == [
        "strided_slice:0", "strided_slice/_assign:0", "strided_slice/_assign_1:0", "n:0",
    ]  # fmt: skip
    session = initialized()
    assert session.run(assigned)[1:, 2].tolist() == [5, 6]
    assert session.run(second).tolist() == [[1, 2, 3, 4], [0, 0, 5, 0], [0, 0, 6, 0]]
    assert session.run(first).tolist() == [5, 6]


def test_tf_assign_takes_slices_too():
    v, start = tf.Variable(np.zeros(5, np.float32), name="v"), tf.placeholder(tf.int32, [])
    assigned = tf.assign(v[start : start + 2], value=[1.0, 2.0]), tf.assign(v[0], 7.0, name="n")
    assert [(t.name, t.shape.as_list()) for t in assigned] == [("strided_slice/_assign:0", [5]), ("n:0", [5])]
    session = initialized()
    assert session.run(assigned[0], {start: 2}).tolist() == [0, 0, 1, 2, 0]
    assert session.run(assigned[1]).tolist() == [7, 0, 1, 2, 0]
    for assign in (tf.assign_add, tf.assign_sub):
        with pytest.raises(TypeError, match="requires l-value input"):
            assign(v[:2], [1.0, 2.0])
    with pytest.raises(TypeError, match="requires l-value input"):
        tf.assign(v + 1.0, np.zeros(5))


def test_what_a_mask_picks_is_no_slice():
    v = tf.Variable([1.0, 2.0, 3.0])
    picked = v[tf.constant([True, False, True])]
    assert initialized().run(picked).tolist() == [1, 3] and not hasattr(picked, "assign")


def test_a_slice_of_a_variable_of_another_graph_is_assigned_there():
    v = tf.Variable([1.0, 2.0, 3.0])
    part = v[1:]
    with Graph().as_default():
        assigned = part.assign([5.0, 6.0])
    assert initialized().run(assigned).tolist() == [1, 5, 6]


def test_a_slice_is_a_tensor_like_any_other():
    v = tf.Variable([1.0, 2.0, 3.0])
    part = v[1:]
    (g,) = tf.gradients(part * part, v)
    session = initialized()
    assert session.run({"part": part, "sum": part + 1.0})["sum"].tolist() == [3, 4]
    assert session.run(g).tolist() == [0, 4, 6]
    assert session.run(part, {part: [8.0, 9.0]}).tolist() == [8, 9]


# -- methods that write ---------------------------------------------------------------------------------------------


def test_sparse_methods_take_indexed_slices():
    v = tf.Variable([1.0, 2.0, 3.0])
    delta = tf.IndexedSlices(tf.constant([10.0, 20.0]), tf.constant([2, 2]))
    session = initialized()
    assert session.run(v.scatter_add(delta)).tolist() == [1, 2, 33]
    assert session.run(v.scatter_sub(delta)).tolist() == [1, 2, 3]
    assert session.run(v.scatter_max(delta)).tolist() == [1, 2, 20]
    assert session.run(v.scatter_update(delta)).tolist() == [1, 2, 20]
    assert session.run(v.scatter_nd_add([[0]], [5.0])).tolist() == [6, 2, 20]
    assert session.run(v.sparse_read([2, 0])).tolist() == [20, 6]


def test_assignments_give_the_operation_where_no_value_is_wanted():
    v = tf.Variable(1.0)
    op = v.assign_add(1.0, name="more", read_value=False)
    assert isinstance(op, tf.Operation) and op.name == "more"
    session = initialized()
    assert session.run(op) is None and session.run(v) == 2


def test_load_adds_nothing_to_the_graph_and_needs_a_session(graph):
    v = tf.Variable(tf.random_normal([2], seed=1))
    session = initialized()
    version = graph.version
    v.load([7.0, 8.0], session)
    with session.as_default():
        v.load([7.0, 9.0])
        assert v.eval().tolist() == [7, 9]
    assert graph.version == version
    with pytest.raises(ValueError, match="No default session is registered"):
        v.load([0.0, 0.0])
    with pytest.raises(ValueError, match="Cannot feed value of shape"):
        v.load([1.0, 2.0, 3.0], session)
    assert session.run(v).tolist() == [7, 9]


# -- conversions and refusals ---------------------------------------------------------------------------------------


def test_is_initialized_tells_whether_there_is_a_value():
    v = tf.Variable(1.0)
    known, session = v.is_initialized(), tf.Session()
    assert not session.run(known)
    session.run(v.initializer)
    assert session.run(known)


def test_a_variable_is_taken_for_its_value_everywhere():
    v = tf.Variable([1.0, 2.0])
    assert tf.convert_to_tensor(v) is v.value()
    assert tf.convert_to_tensor(v, tf.float32) is v.value()
    with pytest.raises(
        ValueError, match="Incompatible type conversion requested to type 'int32' for variable of type 'float32'"
    ):
        tf.convert_to_tensor(v, tf.int32)
    stacked = tf.stack([v, [3.0, 4.0], v * 2.0])
    assert initialized().run([stacked, {"v": v}])[0].tolist() == [[1, 2], [3, 4], [2, 4]]


def test_a_reduction_of_a_variable_makes_the_operations_that_one_of_a_tensor_makes(graph):
    v, w = tf.Variable([[1.0]]), tf.get_variable("w", [2, 2], partitioner=tf.fixed_size_partitioner(2))
    before = graph.version
    tf.reduce_sum(v)
    tf.reduce_mean(w)
    assert [op.type for op in graph.get_operations()[before:]] == [
        "Const", "Sum", "Const", "Const", "ConcatV2", "Identity", "Mean",
    ]  # fmt: skip


def test_a_variable_can_be_fed():
    v = tf.Variable(1.0)
    assert tf.Session().run(v + 1.0, {v: 5.0}) == 6 or tf.Session().run(v + 1.0, {v.value(): 5.0}) == 6


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: tf.Variable(), ValueError, "initial_value must be specified"),
        (lambda: tf.Variable(1, collections="mine"), ValueError, "must be a list, tuple, or set. Got mine of type"),
        (lambda: tf.Variable(1, constraint=3), ValueError, "The `constraint` argument must be a callable"),
        (
            lambda: tf.Variable(tf.placeholder(tf.float32, [None])),
            ValueError,
            "initial_value must have a shape specified",
        ),
        (lambda: tf.Variable(1.5, dtype=tf.int32), TypeError, "Expected int32"),
        (lambda: iter(tf.Variable([1, 2])), TypeError, "'Variable' object is not iterable"),
        (lambda: tf.Variable(1, variable_def="x"), ValueError, "mutually exclusive"),
        (lambda: tf.Variable(1, name="a b"), ValueError, "'a b' is not a valid scope name"),
    ],
)
def test_bad_arguments_are_refused_and_leave_no_variable_behind(make, error, text):
    with pytest.raises(error, match=text):
        make()
    assert len(tf.global_variables()) == text.startswith("'Variable'"), "but where there is one to iterate over"


def test_a_variable_of_another_graph_is_refused():
    v = tf.Variable(1.0)
    with Graph().as_default():
        with pytest.raises(ValueError, match=r"must be from the same graph|is not an element of this graph"):
            tf.add(tf.constant(1.0), v)


def test_collections_may_be_any_kind_and_are_not_changed():
    mine = ["a", "b"]
    v = tf.Variable(1.0, collections=mine)
    w = tf.Variable(1.0, collections={"a"}, trainable=False)
    assert mine == ["a", "b"]
    assert tf.get_collection("a") == [v, w] and tf.get_collection("b") == [v] == tf.trainable_variables()


def test_on_read_makes_a_variable_not_trainable_by_default():
    on_read = tf.VariableSynchronization.ON_READ
    assert not tf.Variable(1.0, synchronization=on_read).trainable
    assert tf.Variable(1.0, synchronization=on_read, trainable=True).trainable
    assert not tf.get_variable("v", [1], synchronization=on_read).trainable


def test_what_a_variable_starts_from_is_told_to_people():
    told = {
        "truncated_normal(stddev=0.1)": tf.get_variable(
            "a", [2], initializer=tf.truncated_normal_initializer(stddev=0.1)
        ),
        "glorot_uniform()": tf.get_variable("b", [2, 2]),
        "zeros()": tf.get_variable("c", [2], initializer=tf.zeros_initializer),
        "constant(0.5)": tf.Variable([0.5, 0.5]),
        "constant": tf.Variable([1.0, 2.0]),
        "random_normal": tf.Variable(tf.random_normal([2])),
        "mine": tf.get_variable("d", [2], initializer=mine),
        "orthogonal(gain=2.0, seed=3)": str(tf.orthogonal_initializer(2.0, seed=3)),
    }
    for text, variable in told.items():
        assert text == (variable if isinstance(variable, str) else variable.initializer_name)


def mine(shape, dtype):
    return tf.ones(shape, dtype)


def test_repr_and_shape():
    v = tf.Variable(np.zeros((2, 3)), name="v")
    assert repr(v) == str(v) == "<tf.Variable 'v:0' shape=(2, 3) dtype=float64>"
    u = tf.Variable(tf.placeholder(tf.float32), validate_shape=False)
    u.set_shape([2, None])
    assert u.shape.as_list() == u.value().shape.as_list() == [2, None]
    with pytest.raises(ValueError, match="not compatible"):
        u.set_shape([3, 3])


def test_nothing_to_report_and_nothing_to_initialize():
    assert tf.assert_variables_initialized() is None
    assert tf.Session().run(tf.report_uninitialized_variables()).size == 0
    assert [op.name for op in (tf.global_variables_initializer(), tf.variables_initializer([], "again"))] == [
        "init",
        "again",
    ]


def test_assert_variables_initialized_raises_while_one_is_missing():
    a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
    check = tf.assert_variables_initialized()
    session = tf.Session()
    session.run(a.initializer)
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value b"):
        session.run(check)
    session.run(b.initializer)
    session.run(check)


@pytest.mark.parametrize(
    "old, new",
    [
        ("all_variables", "global_variables"),
        ("initialize_all_variables", "global_variables_initializer"),
        ("initialize_local_variables", "local_variables_initializer"),
    ],
)
def test_old_names_warn_and_work(old, new):
    tf.Variable(1.0)
    with pytest.warns(
        DeprecationWarning, match=rf"^{old} is deprecated .*\nInstructions for updating:\nUse `tf.{new}` instead."
    ):
        got = getattr(tf, old)()
    assert got == tf.global_variables() if old == "all_variables" else got.type == "NoOp"


def test_a_name_that_takes_another_operations_place_is_refused():
    first = tf.Variable(1.0, name="a/")
    assert first.op.name == "a"
    for make in (lambda: tf.get_variable("a/", []), lambda: tf.constant(1, name="a/")):
        with pytest.raises(ValueError, match="Duplicate node name in graph: 'a'"):
            make()
    assert tf.get_default_graph().get_operation_by_name("a") is first.op
