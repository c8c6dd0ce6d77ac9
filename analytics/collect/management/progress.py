"""One line that grows on a terminal; a line now and then in a log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

WIDTH = 28
STEPS_IN_A_LOG = 4


class Output(Protocol):
    def write(self, text: str, /, *, ending: str) -> object: ...

    def isatty(self) -> bool: ...


class Bar:
    def __init__(self, output: Output) -> None:
        self._output = output
        self._is_terminal = output.isatty()
        self._last = ""
        self._is_open = False

    def of(self, label: str) -> Callable[[int, int], None]:
        """Return what to call with (done, expected)."""

        def show(done: int, expected: int) -> None:
            share = min(1.0, done / expected) if expected else 1.0
            if self._is_terminal:
                filled = "█" * round(share * WIDTH)
                self._output.write(f"\r{label} {filled:░<{WIDTH}} {done:,}", ending="\x1b[K")
                self._is_open = True
            elif (step := f"{label}: {int(share * STEPS_IN_A_LOG) * 25} %") != self._last:
                self._output.write(step, ending="\n")
                self._last = step

        return show

    def close(self) -> None:
        if self._is_open:
            self._output.write("", ending="\n")
            self._is_open = False
