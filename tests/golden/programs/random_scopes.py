"""Random nests of name scopes, variable scopes and templates: all names, refusals and collections that come of them."""

import numpy as np

from ..cases import golden

NAMES = ("a", "b", "A", "a_1", "w", "a/b")


class Walk:
    """One random program, drawn by NumPy's frozen legacy generator; what it says is in `told`."""

    def __init__(self, tf, seed):
        self.tf = tf
        self.random = np.random.RandomState(seed).random_sample
        self.told, self.scopes, self.prefixes, self.templates = [], [], [], []

    def choice(self, options):
        return options[int(self.random() * len(options))]

    def chance(self, share):
        return self.random() < share

    def attempt(self, act):
        """Do it, or tell the first line of the refusal (without what scopeflow adds to it)."""
        try:
            act()
        except (TypeError, ValueError) as error:
            line = str(error).split("\n")[0].split(" Close names are")[0].replace("  ", " ")
            self.told.append(f"{type(error).__name__}: {line}")

    def block(self, depth=0):
        for _ in range(1 + int(self.random() * 4)):
            inner = (
                None
                if depth > 4
                else self.choice([None] * 5 + [self.name_scope] + [self.named] * 2 + [self.default, self.captured])
            )
            self.attempt(self.leaf if inner is None else lambda inner=inner: inner(depth))

    # -- scopes -----------------------------------------------------------------------------------------------------

    def name_scope(self, depth):
        with self.tf.name_scope(self.choice([*NAMES, None, "", *self.prefixes[-3:]])) as prefix:
            self.told.append(prefix)
            self.prefixes += [prefix] if prefix else []
            self.block(depth + 1)

    def enter(self, depth, *arguments, **settings):
        with self.tf.variable_scope(*arguments, **settings) as scope:
            self.scopes.append(scope)
            self.told.append([scope.name, scope.original_name_scope])
            self.block(depth + 1)

    def named(self, depth):
        reuse = self.choice([None, None, False, True, self.tf.AUTO_REUSE, self.tf.AUTO_REUSE])
        self.enter(depth, self.choice(NAMES), reuse=reuse, auxiliary_name_scope=self.chance(0.85))

    def default(self, depth):
        self.enter(depth, None, default_name=self.choice(NAMES[:3]))

    def captured(self, depth):
        if self.scopes:
            reuse = self.choice([None, True, self.tf.AUTO_REUSE])
            self.enter(depth, self.choice(self.scopes), reuse=reuse, auxiliary_name_scope=self.chance(0.7))

    # -- what is made in them ---------------------------------------------------------------------------------------

    def leaf(self):
        self.choice([self.operation, self.variable, *[self.get_variable] * 4, self.local, self.template, self.state])()

    def operation(self):
        made = self.tf.constant(1.0, name=self.choice(NAMES)) if self.chance(0.5) else self.tf.constant(1.0) + 2.0
        self.told.append(made.name)

    def variable(self):
        self.told.append(self.tf.Variable(1.0, name=self.choice(NAMES[:-1])).name)

    def get_variable(self):
        settings = {"trainable": self.chance(0.8)}
        if self.chance(0.2):
            settings["regularizer"] = self.tf.identity
        if self.chance(0.15):
            settings["partitioner"] = self.tf.fixed_size_partitioner(2)
        if self.chance(0.2):
            settings["custom_getter"] = lambda getter, name, *a, **k: getter(f"{name}_got", *a, **k)
        made = self.tf.get_variable(self.choice(NAMES), [self.choice([2, 2, 2, 3])], **settings)
        self.told.append(made.name)

    def local(self):
        self.told.append(self.tf.get_local_variable(self.choice(NAMES), [2]).name)

    def template(self):
        if not self.templates or self.chance(0.4):
            make, unique = self.tf.make_template, self.choice([None, None, "u"])
            build = lambda: self.tf.get_variable("t", [2])  # noqa: E731
            self.templates.append(make(self.choice(NAMES[:3]), build, self.chance(0.3), unique))
        template = self.choice(self.templates)
        self.told.append([template().name, template.variable_scope_name])

    def state(self):
        scope = self.tf.get_variable_scope()
        self.told.append([scope.name, scope.original_name_scope, str(scope.reuse).rpartition(".")[2]])
        if self.chance(0.2):
            scope.reuse_variables()


@golden(rows={str(seed): seed for seed in range(20)})
def random_scopes(tf, row):
    with tf.Graph().as_default() as graph:
        walk = Walk(tf, row)
        for _ in range(3):
            walk.block()
        keys = ("variables", "trainable_variables", "local_variables", "regularization_losses")
        return {"told": walk.told, **{key: [item.name for item in graph.get_collection(key)] for key in keys}}
