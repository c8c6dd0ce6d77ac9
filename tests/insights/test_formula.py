"""Formulas over series."""

from __future__ import annotations

import random

import pytest

from analytics.insights.formula import BadFormula, parse_formula

VALUES = {"A": 6.0, "B": 4.0, "C": 0.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A", 6), ("a+b", 10), ("A - B - 1", 1), ("A/B*100", 150), ("A*(B+1)", 30), ("-A", -6),
        ("--A", 6), ("2.5*B", 10), (".5*B", 2), ("1e2*A", 600), ("A-B*2", -2), ("(A)", 6),
        ("A/B/2", 0.75), ("A/(B-4)", None), ("A/C", None), ("C/A", 0), ("A+D", None), ("B*-1", -4),
        ("A*1e308*10", None),
    ],
)  # fmt: skip
def test_it_computes_like_arithmetic(text: str, value: float | None) -> None:
    assert parse_formula(text).value(VALUES) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A/", "ends where"), ("(A", "closing parenthesis"), ("A B", "'B' stands where"),
        ("AB", "'AB'"), ("A%B", "At character 2"), ("A**B", "At character 3"), ("5+1", "a series"),
        ("A)", "')'"), ("__import__('os')", "character 1"), ("(" * 40 + "A" + ")" * 40, "nested"),
        ("-" * 100 + "A", "nested"), ("A+" * 200 + "A", "200 characters"), ("A.real", "'.real'"),
    ],
)  # fmt: skip
def test_anything_else_says_where_and_why(text: str, words: str) -> None:
    with pytest.raises(BadFormula, match=None) as refused:
        parse_formula(text)

    assert words in str(refused.value)


def test_random_formulas_agree_with_python() -> None:
    chance = random.Random(4)

    for _ in range(500):
        text = random_formula(chance, 4)
        try:
            expected = eval(text, {"__builtins__": {}}, VALUES)  # noqa: S307  # the oracle
        except ZeroDivisionError:
            expected = None
        assert parse_formula(text).value(VALUES) == pytest.approx(expected), text


def random_formula(chance: random.Random, depth: int) -> str:
    if depth == 0 or chance.random() < 0.2:
        return chance.choice(["A", "B", "C", "A", "2", "0.5"]) if depth < 4 else "A"
    left, right = random_formula(chance, depth - 1), random_formula(chance, depth - 1)
    joined = f"{left} {chance.choice('+-*/')} {right}"
    return f"({joined})" if depth < 4 else f"A + {joined}"
