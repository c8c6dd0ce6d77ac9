"""The decorator of every pass: `numba.njit` that waits for the first call.

Importing numba takes a second of a processor, and most processes never run a pass: `manage.py`,
the writer, the worker until its nightly check.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Pass(Generic[P, R]):
    """A function that numba compiles when it is called, from Python or from another pass.

    What it is asked for it asks of numba's dispatcher, so that numba takes it for one.
    """

    def __init__(self, function: Callable[P, R], options: dict[str, Any]) -> None:
        self._function, self._options = function, options
        self.__doc__ = function.__doc__

    @cached_property
    def dispatcher(self) -> Any:
        return importlib.import_module("numba").njit(self._function, **self._options)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = self.dispatcher(*args, **kwargs)
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self.dispatcher, name)


def compiled(function: Callable[P, R]) -> Pass[P, R]:
    """Compile without the interpreter's lock, and keep the machine code on disk."""
    return Pass(function, {"nogil": True, "cache": True})


def compiled_on_floats(function: Callable[P, R]) -> Pass[P, R]:
    """Compile as `compiled` does; a division by zero gives what floats give, and raises nothing."""
    return Pass(function, {"nogil": True, "cache": True, "error_model": "numpy"})


def inlined(function: Callable[P, R]) -> Pass[P, R]:
    """Compile into each pass that calls it."""
    return Pass(function, {"inline": "always"})
