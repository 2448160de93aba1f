"""What every test shares: a graph of its own, and how the repository's root is collected."""

import pytest
from fake_cupy import launches, stand_in_cupy  # noqa: F401  (fixtures for all)


class RootIsADirectory:
    """The root holds the package's ``__init__.py``, and pytest would import it once more, under the clone's own name.

    Two copies of the package's state would live side by side (and a clone called ``my-clone`` could not be imported at
    all), so the root is collected as a plain directory. A conftest's own hooks are asked only about what lies below
    it, hence a plugin.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path, parent):
        if path == parent.config.rootpath:
            return pytest.Dir.from_parent(parent, path=path)
        return None


@pytest.fixture
def graph():
    """A graph of the test's own, which is the default one meanwhile."""
    import scopeflow as tf  # not before the root is a directory

    with tf.Graph().as_default() as graph:
        yield graph


def pytest_configure(config):
    config.pluginmanager.register(RootIsADirectory())


def pytest_collection_modifyitems(items):
    for_gpus = [item for item in items if item.get_closest_marker("gpu")]
    if for_gpus and not _gpu_is_there():
        for item in for_gpus:
            item.add_marker(pytest.mark.skip(reason="no GPU"))


def _gpu_is_there():
    from scopeflow.kernels.backend import list_devices

    return any("GPU" in device for device in list_devices())
