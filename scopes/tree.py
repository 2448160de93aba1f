"""The variables of a graph as a table whose first column is the tree of their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..engine.graph import get_default_graph

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

COLUMNS = ("shape", "dtype", "bytes", "device", "initializer", "trainable")


@dataclass
class Node:
    """One part of a name. What has a name may have children too: ``conv1/weights`` holds ``conv1/weights/Adam``."""

    item: Any = None
    children: dict[str, Node] = field(default_factory=dict)

    def items(self) -> Iterator[Any]:
        """What has a name in and below this node."""
        if self.item is not None:
            yield self.item
        for child in self.children.values():
            yield from child.items()


def tree_of(named: Iterable[tuple[str, Any]]) -> Node:
    """The tree of the names of some items, which are in the order given."""
    root = Node()
    for name, item in named:
        node = root
        for part in name.split("/"):
            node = node.children.setdefault(part, Node())
        node.item = item
    return root


def labelled(node: Node, indent: str = "") -> Iterator[tuple[str, Node]]:
    """(Label with its branches drawn, node) of all below a node, depth first."""
    at_top = not indent
    for i, (part, child) in enumerate(node.children.items()):
        last = i == len(node.children) - 1
        yield (part if at_top else indent[1:] + ("└─ " if last else "├─ ") + part), child
        yield from labelled(child, " " if at_top else indent + ("   " if last else "│  "))


def variable_tree(graph: Any = None, session: Any = None) -> Table:
    """The global variables of `graph` (of the session's, or the default one) as a table for ``rich.print``.

    A row for each scope and each variable, in order of creation, and one for the sum: shape, dtype, bytes, device,
    initializer and whether it is trainable. What is not known is shown as ``-``. The device is the one that the graph
    names, or with a `session` the one that it takes.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if graph is None:
        graph = get_default_graph() if session is None else session.graph
    variables = graph.get_collection("variables")
    table = Table(title=f"{len(variables)} variables", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("variable", no_wrap=True)
    for column in COLUMNS:
        justify: JustifyMethod = "right" if column == "bytes" else "left"
        table.add_column(column, overflow="fold", no_wrap=column != "initializer", justify=justify)
    for label, node in labelled(tree_of((variable.op.name, variable) for variable in variables)):
        cells = [] if node.item is None else _cells(node.item, session)
        table.add_row(*map(Text, [label, *cells]))  # Text: brackets in names and initializers are no markup
    table.add_section()
    table.add_row("sum", "", "", f"{sum(_bytes(v) or 0 for v in variables):,}")
    return table


def _cells(variable: Any, session: Any) -> list[str]:
    size = _bytes(variable)
    dtype = variable.dtype.base_dtype
    return [
        str(variable.shape),
        dtype.name,
        "-" if size is None else f"{size:,}",
        (session.backend_of(variable.op).device if session else variable.device) or "-",
        getattr(variable, "initializer_name", None) or "-",
        "yes" if variable.trainable else "no",
    ]


def _bytes(variable: Any) -> int | None:
    count = variable.shape.num_elements()
    return None if count is None else count * variable.dtype.base_dtype.size
