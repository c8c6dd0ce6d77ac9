"""Valkey's own file after an erasure (portal.store.personal.answers)."""

from __future__ import annotations

from typing import Any

import pytest

from portal.store.personal import answers


def test_a_rewriting_that_somebody_else_begins_meanwhile_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = 0
    wait = answers.wait_while_rewriting

    def waited_until_another_begins(opened: Any) -> None:
        nonlocal begun
        wait(opened)
        if not begun:
            answers.link().bgrewriteaof()
        begun += 1

    monkeypatch.setattr(answers, "wait_while_rewriting", waited_until_another_begins)

    said = answers.ValkeyFile().clear()

    assert said == "Written anew from what is in memory."
    assert begun > 2
