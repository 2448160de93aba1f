"""A module imports only from floors below its own, or from its own floor without circles."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest
from house import FLOORS, package_sources

ARRAY_LIBRARIES = {"cupy", "cupyx", "numba", "scipy"}  # NumPy is everyone's: values on the host are its arrays


def imported_modules(module, sources):
    """What `module` imports anywhere in its text: {module of `sources`: whether it is for type checkers alone}, and
    the top names of other libraries."""
    package = module.split(".") if any(name.startswith(module + ".") for name in sources) else module.split(".")[:-1]
    ours, others = {}, set()
    for node, for_types in import_nodes(ast.parse(sources[module])):
        if isinstance(node, ast.Import):
            others.update(alias.name.split(".")[0] for alias in node.names)
        elif not node.level:
            others.add(node.module.split(".")[0])
        else:
            parts = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            base = ".".join(parts)
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                target = submodule if submodule in sources else base
                ours[target] = ours.get(target, True) and for_types
    return ours, others


def import_nodes(tree, for_types=False):
    """(Import statement, whether it stands under ``if TYPE_CHECKING:``) for each one in the tree."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, for_types
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from import_nodes(ast.Module(node.body, []), True)
            yield from import_nodes(ast.Module(node.orelse, []), for_types)
        else:
            yield from import_nodes(node, for_types)


def floor(module):
    """0 for the ground floor; the root's own modules stand above all floors."""
    parts = module.split(".")
    return FLOORS.index(parts[1]) if len(parts) > 1 and parts[1] in FLOORS else len(FLOORS)


def violations(sources):
    """What is wrong with the imports of `sources`, a sentence each.

    An import inside a function counts like any other; one for type checkers alone closes no circle.
    """
    found, graph = [], {}
    for module in sources:
        ours, others = imported_modules(module, sources)
        graph[module] = {name for name, for_types in ours.items() if not for_types}
        found += [f"{module} imports {name} from a floor above" for name in sorted(ours) if floor(name) > floor(module)]
        found += [f"{module} imports {name}, which is not there" for name in sorted(ours.keys() - sources.keys())]
        if "scopeflow" in others:
            found.append(f"{module} imports scopeflow by name; inside the package imports are relative")
        if not module.startswith("scopeflow.kernels"):
            found += [f"{module} imports {name}; only kernels may" for name in sorted(others & ARRAY_LIBRARIES)]
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append("circle: " + " <- ".join(error.args[1]))
    return found


def test_every_module_keeps_to_the_layers():
    assert violations(package_sources()) == []


def test_every_floor_was_looked_at():
    seen = {floor(module) for module in package_sources()}
    assert seen == set(range(len(FLOORS) + 1))


HOUSE = {
    "scopeflow": "from .engine import graph",
    "scopeflow.kernels": "",
    "scopeflow.kernels.dense": "",
    "scopeflow.engine": "",
    "scopeflow.engine.graph": "from ..kernels import dense\nif TYPE_CHECKING:\n    from .ops.basic import add",
    "scopeflow.engine.ops": "",
    "scopeflow.engine.ops.basic": "from ...kernels.dense import matmul\nfrom ..graph import Graph",
}


def test_a_sound_house_passes():
    assert violations(HOUSE) == []


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("scopeflow.kernels.dense", "from ..engine.graph import Graph", "from a floor above"),
        ("scopeflow.kernels.dense", "def late():\n    from ..engine import graph", "from a floor above"),
        ("scopeflow.kernels.dense", "from .. import Session", "from a floor above"),
        ("scopeflow.kernels", "from ..engine import graph", "from a floor above"),
        ("scopeflow.kernels.dense", "if TYPE_CHECKING:\n    from ..engine.graph import Graph", "from a floor above"),
        ("scopeflow.engine.graph", "from .ops import basic", "circle"),
        ("scopeflow.engine.graph", "def late():\n    from .ops import basic", "circle"),
        ("scopeflow.engine.graph", "if TYPE_CHECKING:\n    pass\nelse:\n    from .ops import basic", "circle"),
        ("scopeflow.engine.graph", "from .ops.basic import add", "circle"),
        ("scopeflow.engine.graph", "from .grpah import Graph", "not there"),
        ("scopeflow.engine.graph", "import scopeflow", "by name"),
        ("scopeflow.engine.graph", "from scopeflow.kernels import dense", "by name"),
        ("scopeflow.engine.graph", "import cupy.cuda", "only kernels may"),
        ("scopeflow.engine.graph", "from scipy import special", "only kernels may"),
    ],
)
def test_a_wrong_import_is_found(module, source, complaint):
    found = violations(HOUSE | {module: source})
    assert len(found) == 1 or complaint == "from a floor above", found  # an import from above closes a circle too
    assert any(complaint in line for line in found), found
