"""Options of datasets: how TensorFlow's runtime goes about its work. They are accepted; no element depends on them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class Options(SimpleNamespace):
    """A dataset's options, as attributes of any name; groups such as `experimental_threading` have attributes too."""

    _GROUPS = (
        "autotune",
        "experimental_distribute",
        "experimental_optimization",
        "experimental_threading",
        "threading",
    )

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)

    def __getattr__(self, name: str) -> Any:
        if name in self._GROUPS:
            vars(self)[name] = SimpleNamespace()
            return vars(self)[name]
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    def merge(self, options: Options) -> Options:
        """These options, with those that `options` sets in their place."""
        return Options(**{**vars(self), **vars(options)})
