"""The table of variables shows the tree of their names and each one's facts."""

import io

from rich.console import Console

import scopeflow as tf
from scopeflow.scopes.tree import variable_tree


def cells(table):
    """{column header: list of its cells as plain text}."""
    return {column.header: [str(cell) for cell in column.cells] for column in table.columns}


def test_scopes_are_branches_and_variables_stand_below_them(graph):
    with tf.variable_scope("conv1"):
        tf.get_variable("weights", [5, 5, 1, 32])
        tf.get_variable("biases", [32])
        with tf.variable_scope("inner"):
            tf.get_variable("w", [2])
    tf.get_variable("step", [], dtype=tf.int64, trainable=False)
    assert cells(variable_tree(graph))["variable"] == [
        "conv1", "├─ weights", "├─ biases", "└─ inner", "   └─ w", "step", "sum",
    ]  # fmt: skip


def test_a_variable_whose_name_is_a_scope_too_keeps_its_facts_and_its_children(graph):
    with tf.variable_scope("a"):
        tf.get_variable("w", [3])
        with tf.variable_scope("w"):
            tf.get_variable("Adam", [3], trainable=False)
        tf.get_variable("b", [1])
    columns = cells(variable_tree(graph))
    assert columns["variable"] == ["a", "├─ w", "│  └─ Adam", "└─ b", "sum"]
    assert columns["shape"] == ["", "(3,)", "(3,)", "(1,)", ""]


def test_facts_are_those_of_the_variable(graph):
    with tf.device("/cpu:0"):
        tf.get_variable("half", [4, 3], dtype=tf.float16, initializer=tf.truncated_normal_initializer(stddev=0.1))
    tf.get_variable("count", [7], dtype=tf.int64, initializer=tf.zeros_initializer(), trainable=False)
    columns = cells(variable_tree(graph))
    assert columns["shape"] == ["(4, 3)", "(7,)", ""]
    assert columns["dtype"] == ["float16", "int64", ""]
    assert columns["bytes"] == ["24", "56", "80"]
    assert columns["device"][:2] == ["/device:CPU:0", "-"]
    assert columns["trainable"][:2] == ["yes", "no"]
    assert columns["initializer"][0].startswith("truncated_normal(")
    assert "0.1" in columns["initializer"][0]


def test_brackets_in_a_cell_are_shown_and_not_taken_for_markup(graph):
    tf.get_variable("v", [2], initializer=tf.constant_initializer([0.5, 2.0]))
    console = Console(file=io.StringIO(), width=200)
    console.print(variable_tree(graph))
    initializer = cells(variable_tree(graph))["initializer"][0]
    assert initializer in console.file.getvalue()


def test_local_variables_are_not_shown_and_an_empty_graph_is_an_empty_table(graph):
    tf.get_variable("local", [2], collections=[tf.GraphKeys.LOCAL_VARIABLES])
    table = variable_tree(graph)
    assert table.title == "0 variables"
    assert cells(table)["variable"] == ["sum"]


def test_graph_defaults_to_the_sessions_and_then_to_the_default_one(graph):
    tf.get_variable("here", [2])
    with tf.Graph().as_default() as other:
        tf.get_variable("there", [2])
        with tf.Session(graph=graph) as session:
            assert cells(variable_tree(session=session))["variable"] == ["here", "sum"]
        assert cells(variable_tree())["variable"] == ["there", "sum"]
        assert cells(variable_tree(other))["variable"] == ["there", "sum"]
