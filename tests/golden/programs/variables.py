"""Scopes, names, sharing, collections and templates: what variables are called, which are made, what is refused."""

from ..cases import golden
from ..helpers import described, said, shape_of, uniform

ALREADY = (
    "Variable {} already exists, disallowed. "
    r"Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope\?"
)
ABSENT = r"Variable {} does not exist, or was not created with tf.get_variable\(\)."


def names(tf, build):
    """Names of all ops that `build(tf)` makes, of the variables, and what it returns."""
    with tf.Graph().as_default() as graph:
        told = build(tf)
        return {
            "told": told,
            "ops": [f"{op.name} {op.type}" for op in graph.get_operations()],
            "variables": [v.name for v in tf.global_variables()],
            "trainable": [v.name for v in tf.trainable_variables()],
        }


def names_only(tf, build):
    """As `names`, without the ops."""
    answers = names(tf, build)
    del answers["ops"]
    return answers


OPS_OF_A_VARIABLE = {
    "Variable": lambda tf: tf.Variable(1.0).name,
    "Variable of integers": lambda tf: tf.Variable([1, 2], name="v").name,
    "Variable of a tensor": lambda tf: tf.Variable(tf.random_normal([2], seed=1), name="v").name,
    "Variable of a callable": lambda tf: tf.Variable(lambda: tf.zeros([2]), name="v").name,
    "two Variables": lambda tf: [tf.Variable(1.0).name, tf.Variable(2.0).name],
    "get_variable": lambda tf: tf.get_variable("v", [2, 3]).name,
    "get_variable of integers": lambda tf: tf.get_variable("v", [2], tf.int32).name,
    "get_variable of a value": lambda tf: tf.get_variable("v", initializer=[1.0, 2.0]).name,
    "get_variable of a constant": lambda tf: tf.get_variable("v", [2], initializer=tf.constant_initializer(3.0)).name,
    "get_variable of zeros": lambda tf: tf.get_variable("v", [2], initializer=tf.zeros_initializer()).name,
    "get_variable of ones": lambda tf: tf.get_variable("v", [2], initializer=tf.ones_initializer).name,
    "get_variable normal": lambda tf: tf.get_variable("v", [2], initializer=tf.random_normal_initializer()).name,
    "get_variable uniform": lambda tf: tf.get_variable("v", [2], initializer=tf.random_uniform_initializer(-1, 1)).name,
    "get_variable truncated": lambda tf: (
        tf.get_variable("v", [2], initializer=tf.truncated_normal_initializer(stddev=0.1)).name
    ),
    "get_variable in a scope": lambda tf: in_scope(tf, "s", lambda: tf.get_variable("v", [2]).name),
    "get_variable of a callable": lambda tf: (
        tf.get_variable("v", [2], initializer=lambda shape, dtype=None, partition_info=None: tf.fill(shape, 2.0)).name
    ),
}


def in_scope(tf, name, build, **arguments):
    with tf.variable_scope(name, **arguments):
        return build()


@golden(rows=OPS_OF_A_VARIABLE)
def ops_of_a_variable(tf, row):
    return names(tf, row)


def name_scopes(tf):
    with tf.name_scope("s") as prefix:
        told = [prefix, tf.constant(1, name="a").name, tf.Variable(1, name="b").name, tf.get_variable("c", [1]).name]
        with tf.name_scope("t") as inner:
            told += [inner, tf.add(1, 2).name]
            with tf.name_scope(None) as root:
                told += [str(root), tf.constant(1, name="at_root").name]
            with tf.name_scope("") as root:
                told += [str(root), tf.constant(1, name="at_root").name]
            with tf.name_scope(prefix):
                told += [tf.constant(1, name="a").name]
    with tf.name_scope("s") as again:
        told += [again, tf.constant(1, name="a").name]
    with tf.name_scope(prefix) as exactly:
        told += [exactly, tf.constant(1, name="late").name]
    graph = tf.get_default_graph()
    return [*told, graph.unique_name("s"), graph.unique_name("new")]


def variable_scopes(tf):
    with tf.variable_scope("s") as scope:
        told = [scope.name, scope.original_name_scope, tf.get_variable_scope().name]
        told += [tf.constant(1, name="a").name, tf.Variable(1, name="b").name, tf.get_variable("c", [1]).name]
        with tf.variable_scope("t") as inner:
            told += [inner.name, inner.original_name_scope, tf.get_variable("v", [1]).name, tf.constant(1).name]
        with tf.variable_scope(scope):
            told += [tf.get_variable("d", [1]).name, tf.constant(1).name]
    return told


def re_entering(tf):
    with tf.variable_scope("v_scope") as scope:
        told = [tf.get_variable("Weights", [1]).name, tf.Variable(1, name="bias").name]
    with tf.variable_scope("v_scope", reuse=True):
        told += [tf.get_variable("Weights").name, tf.Variable(1, name="bias").name, tf.constant(1).name]
    with tf.variable_scope("other"):
        with tf.variable_scope(scope):
            told += [tf.get_variable("more", [1]).name, tf.constant(1).name, tf.Variable(1, name="w").name]
        with tf.variable_scope(scope, auxiliary_name_scope=False):
            told += [tf.get_variable("most", [1]).name, tf.constant(1).name]
        told += [tf.constant(1).name]
    with tf.variable_scope(scope, auxiliary_name_scope=False) as same:
        told += [same.name, same.original_name_scope]
        with tf.name_scope(same.original_name_scope):
            told += [tf.constant(1).name, tf.Variable(1, name="inside").name]
    return told


def default_names(tf):
    told = []
    for _ in range(2):
        with tf.variable_scope(None, default_name="conv") as scope:
            told += [scope.name, scope.original_name_scope, tf.get_variable("w", [1]).name, tf.constant(1).name]
            with tf.variable_scope(None, default_name="conv") as inner:
                told += [inner.name]
    with tf.variable_scope("given", default_name="conv") as scope:
        told += [scope.name]
    with tf.name_scope("conv"):
        with tf.variable_scope(None, "conv") as scope:
            told += [scope.name, scope.original_name_scope]
    with tf.variable_scope("conv_2"):
        told += [tf.get_variable("v", [1]).name]
    with tf.variable_scope(None, "conv") as scope:
        told += [scope.name]
    with tf.name_scope(None, "fallback") as prefix:
        told += [prefix]
    with tf.name_scope("given", "fallback", [tf.constant(1)]) as prefix:
        told += [prefix]
    return told


def unique_names(tf):
    told = [tf.constant(1).name, tf.constant(1).name, tf.Variable(1).name, tf.Variable(1).name]
    told += [
        tf.constant(1, name="weights").name,
        tf.Variable(1, name="weights").name,
        tf.Variable(1, name="weights").name,
    ]
    told += [tf.constant(1, name="a").name, tf.constant(1, name="A").name, tf.constant(1, name="a_1").name]
    told += [tf.constant(1, name="a").name, tf.constant(1, name="A_1").name, tf.constant(1, name="CONST").name]
    with tf.variable_scope("two"):
        told += [tf.get_variable("v", [1]).name, tf.Variable(1, name="v").name]
    told += [tf.constant(1, name="x/y").name, tf.constant(1, name="x/y").name, tf.constant(1, name="x").name]
    with tf.name_scope("x"):
        told += [tf.constant(1).name]
    with tf.name_scope("X"):
        told += [tf.constant(1).name]
    with tf.name_scope("deep/er"):
        told += [tf.constant(1).name]
    told += [
        tf.constant(1, name="odd.name-1/ok").name,
        tf.constant(1, name="slash/").name,
    ]
    return told


def get_variable_with_slashes(tf):
    with tf.variable_scope("a/b"):
        told = [tf.get_variable("c/d", [1]).name, tf.constant(1).name]
    with tf.variable_scope("a"):
        with tf.variable_scope("b", reuse=True):
            told += [tf.get_variable("c/d").name]
    with tf.variable_scope(""):
        told += [tf.get_variable("root", [1]).name]
    with tf.variable_scope("s"), tf.variable_scope(""):
        told += [tf.get_variable("v", [1]).name, tf.get_variable_scope().name]
    return told


def reuse_ways(tf):
    told = []
    with tf.variable_scope("s") as scope:
        v = tf.get_variable("v", [2])
        scope.reuse_variables()
        told += ["reuse_variables", tf.get_variable("v", [2]) is v, scope.reuse]
    with tf.variable_scope("s", reuse=True):
        told += ["reuse=True", tf.get_variable("v") is v]
        with tf.variable_scope("inner", reuse=False) as inner:
            told += ["False inside", bool(inner.reuse)]
        with tf.variable_scope("inner", reuse=None) as inner:
            told += ["None inside", bool(inner.reuse)]
    with tf.variable_scope("s", reuse=tf.AUTO_REUSE) as auto:
        told += [
            "AUTO_REUSE",
            tf.get_variable("v", [2]) is v,
            tf.get_variable("new", [1]).name,
            auto.reuse is tf.AUTO_REUSE,
        ]
        told += [tf.get_variable("new", [1]) is tf.get_variable("new", [1])]
        with tf.variable_scope("inner") as inner:
            told += [inner.reuse is tf.AUTO_REUSE, tf.get_variable("deep", [1]).name]
    with tf.variable_scope("s"):
        tf.get_variable_scope().reuse_variables()
        told += ["get_variable_scope().reuse_variables", tf.get_variable("v") is v]
    with tf.variable_scope("s") as again:
        told += ["reuse ends", bool(again.reuse)]
    with tf.variable_scope(scope, reuse=True):
        told += ["captured", tf.get_variable("v") is v]
    told += ["plain Variable is never found", tf.Variable(1.0, name="free").name]
    told += said(lambda: in_scope(tf, "", lambda: tf.get_variable("free"), reuse=True), ABSENT.format("free"))
    return told


SCOPES = {
    f.__name__: f
    for f in (
        name_scopes, variable_scopes, re_entering, default_names, unique_names, get_variable_with_slashes, reuse_ways
    )
}  # fmt: skip


@golden(rows=SCOPES)
def scopes(tf, row):
    return names_only(tf, row)


def twice(tf, first, second):
    """Make a variable one way, then again another way in the same scope."""
    in_scope(tf, "s", first)
    return in_scope(tf, "s", second)


def bare_twice(tf):
    tf.get_variable("v", [1])
    tf.get_variable("v", [1])


REFUSED = {
    "twice": (bare_twice, [ALREADY.format("v"), "Originally defined at:", 'variables.py", line ']),
    "twice in a scope": (
        lambda tf: twice(tf, lambda: tf.get_variable("v", [1]), lambda: tf.get_variable("v", [1])),
        [ALREADY.format("s/v"), "Originally defined at:"],
    ),
    "absent": (
        lambda tf: in_scope(tf, "v_scope", lambda: tf.get_variable("bias", [1]), reuse=True),
        [ABSENT.format("v_scope/bias"), r"Did you mean to set reuse=(None|tf.AUTO_REUSE) in VarScope\?|Did you mean"],
    ),
    "another shape": (
        lambda tf: twice(
            tf, lambda: tf.get_variable("v", [2, 3]), lambda: in_scope(tf, "", lambda: None) or reused(tf, "v", [3, 2])
        ),
        [r"Trying to share variable s/v, but specified shape \(3, 2\) and found shape \(2, 3\)\."],
    ),
    "another dtype": (
        lambda tf: twice(tf, lambda: tf.get_variable("v", [2]), lambda: reused(tf, "v", [2], tf.float64)),
        ["Trying to share variable s/v, but specified dtype (float64|double)", "found dtype (float32|float)"],
    ),
    "shape not defined": (
        lambda tf: tf.get_variable("y", tf.TensorShape([None, 3]), initializer=tf.zeros_initializer()),
        ["be fully defined"],
    ),
    "no shape": (lambda tf: tf.get_variable("y"), ["shape"]),
    "shape beside a value": (
        lambda tf: tf.get_variable("y", [2], initializer=tf.constant([1.0, 2.0])),
        ["If initializer is a constant, do not specify shape"],
    ),
    "bad scope": (lambda tf: in_scope(tf, None, lambda: None), ["default_name.*None"]),
    "bad scope type": (lambda tf: in_scope(tf, 3, lambda: None), ["VariableScope"]),
    "bad name": (lambda tf: tf.constant(1, name="no spaces"), ["is not a valid"]),
    "bad leading": (lambda tf: tf.constant(1, name="_hidden"), ["is not a valid"]),
    "Variable of nothing": (lambda tf: tf.Variable(), ["initial_value must be specified"]),
    "Variable of unknown shape": (
        lambda tf: tf.Variable(tf.placeholder(tf.float32, [None, 2])),
        [r"initial_value must have a shape specified"],
    ),
    "tensor as a condition": (lambda tf: bool(tf.constant(True)), ["as a Python `bool` is not allowed"]),
    "Variable of another graph": (
        lambda tf: tf.add(tf.Variable(1.0), other_graph_constant(tf)), ["from the same graph"]
    ),
    "iterating an unknown": (lambda tf: list(tf.placeholder(tf.float32)), []),
    "template creates late": (lambda tf: late_template(tf), [ABSENT.format("late/v1")]),
}  # fmt: skip


def reused(tf, *arguments):
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        return tf.get_variable(*arguments)


def other_graph_constant(tf):
    with tf.Graph().as_default():
        return tf.constant(1.0)


def late_template(tf):
    count = []

    def build():
        count.append(tf.get_variable(f"v{len(count)}", [1]))

    template = tf.make_template("late", build)
    template()
    template()


@golden(rows=REFUSED)
def refused(tf, row):
    call, parts = row
    with tf.Graph().as_default():
        return {"said": said(lambda: call(tf), *parts)}


def scope_defaults(tf):
    told = []

    def show(v):
        told.append(described(v))
        told.append(v.op.inputs is not None and sorted(i.op.type for i in v.initializer.inputs))
        return v

    with tf.variable_scope("s", initializer=tf.constant_initializer(0.5), dtype=tf.float64) as scope:
        show(tf.get_variable("v", [2]))
        with tf.variable_scope("inner"):
            show(tf.get_variable("v", [2]))
            show(tf.get_variable("w", [2], tf.float32, tf.zeros_initializer()))
        scope.set_initializer(tf.ones_initializer())
        show(tf.get_variable("ones", [2]))
        scope.set_dtype(tf.float32)
        show(tf.get_variable("float32", [2]))
    told += [described(tf.get_variable("after", [2]))]
    return told


def custom_getters(tf):
    told = []

    def fixed(getter, name, *args, **kwargs):
        told.append(f"{name} {kwargs.get('shape')}")
        kwargs["trainable"] = False
        return getter(name, *args, **kwargs)

    def outer(getter, name, *args, **kwargs):
        told.append("outer " + name)
        return getter(name + "_renamed", *args, **kwargs)

    with tf.variable_scope("s", custom_getter=fixed):
        told.append(tf.get_variable("v", [2]).name)
        with tf.variable_scope("t", custom_getter=outer):
            told.append(tf.get_variable("w", [3]).name)
    told.append(tf.get_variable("u", [1], custom_getter=fixed).name)
    return told


def regularizers(tf):
    def show():
        return [described(t) for t in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)]

    told = []
    with tf.variable_scope("s", regularizer=lambda w: 0.1 * tf.nn.l2_loss(w)):
        tf.get_variable("v", [2])
        told += [show()]
        with tf.variable_scope("t"):
            tf.get_variable("w", [2])
            tf.get_variable("x", [2], regularizer=lambda w: None)
        told += [show()]
    with tf.variable_scope("s", reuse=True):
        tf.get_variable("v", [2])
    return [*told, show()]


def templates(tf):
    def build(x, scale=1.0):
        w = tf.get_variable("w", [2])
        tf.Variable(1.0, trainable=False, name="plain")
        return x * w * scale

    told = []
    template = tf.make_template("layer", build, scale=2.0)
    told += [described(template(1.0)), described(template(tf.constant(2.0)))]
    other = tf.make_template("layer", build)
    told += [described(other(1.0)), other.var_scope.name, template.var_scope.name, template.name]
    told += [[v.name for v in template.variables], [v.name for v in template.trainable_variables]]
    now = tf.make_template("now", build, create_scope_now_=True)
    told += [now.var_scope.name]
    with tf.variable_scope("outer"):
        told += [now(1.0).name]
        late = tf.make_template("late", build)
        told += [late(1.0).name]
    told += [late(1.0).name]
    unique = tf.make_template("ignored", build, unique_name_="unique")
    told += [unique(1.0).name]

    def nest(x):
        inner = tf.make_template("inner", build)
        return inner(x) + inner(x)

    nested = tf.make_template("nest", nest)
    told += [nested(1.0).name, nested(1.0).name, [v.name for v in nested.variables]]
    return told


def collections(tf):
    tf.Variable(1.0, name="a")
    tf.Variable(1.0, trainable=False, name="b")
    tf.get_variable("c", [1])
    tf.get_variable("d", [1], trainable=False)
    tf.Variable(1.0, collections=[tf.GraphKeys.LOCAL_VARIABLES], name="e")
    tf.get_variable("f", [1], collections=[tf.GraphKeys.LOCAL_VARIABLES, "mine"])
    tf.Variable(1.0, collections=["mine"], name="g")
    with tf.variable_scope("s"):
        tf.get_variable("h", [1])
        tf.get_variable("hh", [1])
    tf.get_variable("s2", [1])
    tf.get_local_variable("i", [1])
    graph = tf.get_default_graph()
    tf.add_to_collection("numbers", 1)
    tf.add_to_collections(["numbers", "others", "others"], 2)
    copy = tf.get_collection("numbers")
    copy.append(99)
    tf.get_collection_ref("numbers").append(3)
    told = {
        key: [v.name for v in tf.get_collection(key)]
        for key in ("variables", "trainable_variables", "local_variables", "mine", "model_variables", "cond_context")
    }
    store = tf.get_collection(("__variable_store",))
    return [
        [key, *names] for key, names in told.items()
    ] + [
        ["numbers", *tf.get_collection("numbers")],
        ["others", *tf.get_collection("others")],
        ["none", *tf.get_collection("none")],
        ["scope s", *(v.name for v in tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, "s"))],
        ["scope s/", *(v.name for v in tf.trainable_variables("s/"))],
        ["scope regex", *(v.name for v in tf.global_variables(".*h"))],
        ["global in scope", *(v.name for v in tf.global_variables("s/h$|s/h:"))],
        ["local", *(v.name for v in tf.local_variables())],
        ["model", *(v.name for v in tf.model_variables())],
        ["moving", *(v.name for v in tf.moving_average_variables())],
        ["all", *(v.name for v in tf.all_variables())],
        ["keys", *sorted(str(key) for key in graph.get_all_collection_keys() if isinstance(key, str))],
        ["store", len(store), *sorted(store[0]._vars)],
    ]  # fmt: skip


def setters(tf):
    """What is set on a scope holds from then on, there and in scopes inside, and nowhere else."""
    told = []

    def getter(getter, name, *args, **kwargs):
        told.append("asked for " + name)
        return getter(name, *args, **kwargs)

    with tf.variable_scope("s") as scope:
        tf.get_variable("before", [1])
        scope.set_regularizer(lambda w: tf.reduce_sum(w))
        scope.set_custom_getter(getter)
        scope.set_initializer(tf.ones_initializer())
        tf.get_variable("after", [1])
        with tf.variable_scope("inner") as inner:
            tf.get_variable("deep", [1])
            told.append([inner.regularizer is scope.regularizer, inner.custom_getter is not None])
            inner.set_regularizer(None)
            tf.get_variable("free", [1])
        with tf.variable_scope("own", regularizer=lambda w: 2.0 * tf.reduce_sum(w), initializer=tf.zeros_initializer()):
            tf.get_variable("own", [1])
    tf.get_variable("outside", [1])
    told.append([t.name for t in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)])
    return told


def arguments_of_a_variable(tf):
    """Constraint, caching, trainability by scope and by collection; a class or a callable as the initializer."""

    def positive(w):
        return tf.maximum(w, 0.0)

    v = tf.get_variable("v", [2], constraint=positive)
    u = tf.get_variable("u", [2], initializer=tf.zeros_initializer, dtype=tf.float64)
    w = tf.get_variable("w", initializer=lambda: tf.constant([1.0, 2.0]))
    x = tf.get_variable("x", initializer=tf.constant([[1, 2]]), trainable=False)
    y = tf.get_variable("y", (2, 3), tf.float32, tf.ones_initializer(), None, False, ["mine"])
    z = tf.Variable([1.0], trainable=False, collections=["mine"], validate_shape=True, name="z")
    q = tf.Variable(initial_value=lambda: tf.ones([2, 2]), dtype=tf.float32, name="q")
    h = tf.Variable(1, dtype=tf.float16, name="h")
    return [described(t) for t in (v, u, w, x, y, z, q, h)] + [
        v.constraint is positive, u.constraint is None, [t.name for t in tf.get_collection("mine")]
    ]  # fmt: skip


BUILDS = {
    f.__name__: f
    for f in (scope_defaults, setters, arguments_of_a_variable, custom_getters, regularizers, templates, collections)
}


@golden(rows=BUILDS)
def built(tf, row):
    return names_only(tf, row)


def conv_relu(tf, images, kernel_shape, bias_shape):
    weights = tf.get_variable("weights", kernel_shape, initializer=tf.random_normal_initializer(seed=1))
    biases = tf.get_variable("biases", bias_shape, initializer=tf.constant_initializer(0.0))
    conv = tf.nn.conv2d(images, weights, strides=[1, 1, 1, 1], padding="SAME")
    return tf.nn.relu(conv + biases)


def image_filter(tf, images):
    with tf.variable_scope("conv1"):
        relu1 = conv_relu(tf, images, [5, 5, 32, 32], [32])
    with tf.variable_scope("conv2"):
        return conv_relu(tf, relu1, [5, 5, 32, 32], [32])


def twice_without_reuse(tf, one, two):
    return [image_filter(tf, one), image_filter(tf, two)]


def by_reuse_variables(tf, one, two):
    with tf.variable_scope("image_filters") as scope:
        first = image_filter(tf, one)
        scope.reuse_variables()
        return [first, image_filter(tf, two)]


def by_reuse_true(tf, one, two):
    with tf.variable_scope("image_filters"):
        first = image_filter(tf, one)
    with tf.variable_scope("image_filters", reuse=True):
        return [first, image_filter(tf, two)]


def by_auto_reuse(tf, one, two):
    made = []
    for images in (one, two):
        with tf.variable_scope("image_filters", reuse=tf.AUTO_REUSE):
            made.append(image_filter(tf, images))
    return made


def by_captured_scope(tf, one, two):
    with tf.variable_scope("image_filters") as scope:
        first = image_filter(tf, one)
    with tf.variable_scope("elsewhere"), tf.variable_scope(scope, reuse=True):
        return [first, image_filter(tf, two)]


def by_template(tf, one, two):
    template = tf.make_template("image_filters", lambda images: image_filter(tf, images))
    return [template(one), template(two)]


FILTERS = {f.__name__: f for f in (by_reuse_variables, by_reuse_true, by_auto_reuse, by_captured_scope, by_template)}


@golden(rows=FILTERS)
def image_filters(tf, row):
    """Four variables, however they are shared, and equal outputs for equal images."""
    with tf.Graph().as_default() as graph:
        images = [tf.placeholder(tf.float32, [1, 4, 4, 32], name=name) for name in ("one", "two")]
        first, second = row(tf, *images)
        value = uniform(1, 4, 4, 32, seed=5)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            left, right = session.run([first, second], dict.fromkeys(images, value))
        return {
            "variables": [f"{v.name} {shape_of(v)}" for v in tf.global_variables()],
            "outputs": [described(first), described(second)],
            "equal": bool((left == right).all()),
            "some are positive": bool((left > 0).any()),
            "ops": [f"{op.name} {op.type}" for op in graph.get_operations()],
        }


@golden()
def image_filters_twice_without_reuse(tf):
    with tf.Graph().as_default():
        images = tf.placeholder(tf.float32, [1, 4, 4, 32])
        return {"said": said(lambda: twice_without_reuse(tf, images, images), ALREADY.format("conv1/weights"))}


OPERATORS = {
    "arithmetic": lambda v: [v + 1.0, 1.0 + v, v - 1.0, 1.0 - v, v * 2.0, 2.0 * v, v / 2.0, 2.0 / v, -v, abs(v)],
    "powers": lambda v: [v**2, 2.0**v, v // 2.0, v % 2.0, 5.0 // v, 5.0 % v],
    "comparisons": lambda v: [v < 2.0, v <= 2.0, v > 2.0, v >= 2.0],
    "slices": lambda v: [v[0], v[:, 1], v[..., None], v[-1, 0], v[::-1]],
    "product": lambda v: [v @ v],
    "with another": lambda v: [v + v, v * v[0]],
}


@golden(rows=OPERATORS, rtol=1e-6, reason="a power of float32 by another library")
def operators_of_a_variable(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([[1.0, -2.5], [3.0, 0.5]], name="v")
        session.run(v.initializer)
        made = row(v)
        return {f"y{i}": session.run(t) for i, t in enumerate(made)} | {"names": [t.name for t in made]}


@golden()
def attributes(tf):
    """What a variable, a tensor, an operation and a scope say about themselves."""
    with tf.Graph().as_default() as graph:
        with tf.variable_scope("s") as scope:
            v = tf.get_variable("v", [2, 3])
        u = tf.Variable([1, 2], name="u", trainable=False)
        t = tf.add(v, 1.0, name="t")
        return {
            "v": [v.name, v.op.name, v.op.type, v.initializer.name, str(v.shape), v.get_shape().as_list(), v.trainable],
            "u": [u.name, u.dtype.base_dtype.name, u.initial_value.name, u.trainable, u.value().name],
            "t": [t.name, t.op.name, t.op.type, t.value_index, t.device, t.shape.as_list(), len(t.consumers())],
            "graphs": [v.graph is graph, t.graph is graph, t.op.graph is graph, tf.get_default_graph() is graph],
            "op": [[i.name for i in t.op.inputs], [o.name for o in t.op.outputs]],
            "scope": [scope.name, scope.reuse is False or scope.reuse is None, scope.initializer is None],
            "found": [
                graph.get_tensor_by_name("t:0") is t,
                graph.get_operation_by_name("t") is t.op,
                graph.as_graph_element("t") is t.op,
                graph.as_graph_element("t:0") is t,
                graph.as_graph_element(v).name,
                graph.is_feedable(t),
            ],
            "equality": [t == t, t != u, len({t, t, u}), hash(t) == hash(t)],
            "strings": [str(t), repr(t), str(v.dtype.base_dtype), repr(v.dtype.base_dtype)],
        }
