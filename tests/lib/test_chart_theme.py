"""One palette for CSS, charts in the page, mail and PDF; readable by everyone."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import pytest

from portal.lib.chart_theme import Theme, assign, colors, dress, palette, stable_hash

CSS = (Path(__file__).parents[2] / "static" / "css" / "tokens.css").read_text()
Color = tuple[float, float, float]
THEMES: tuple[Theme, ...] = ("light", "dark")

# Machado, Oliveira, Fernandes 2009, full severity, on linear RGB.
VISIONS: dict[str, tuple[Color, Color, Color]] = {
    "common": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deutan": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritan": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}
TEXTS = ("text", "text-soft", "text-faint", "accent-text", "info", "warning", "critical", "success")
GROUNDS = ("canvas", "surface", "surface-hover", "surface-active", "raised", "accent-soft")


def tokens(theme: Theme) -> dict[str, Color]:
    """Return the theme's side of each light-dark() of two oklch colors."""
    pair = re.compile(r"--([\w-]+): light-dark\(oklch\(([\d. ]+)\), oklch\(([\d. ]+)\)\);")
    side = 1 if theme == "light" else 2
    found = {}
    for match in pair.finditer(CSS):
        lightness, chroma, hue = (float(part) for part in match[side + 1].split())
        found[match[1]] = (lightness, chroma, hue)
    return found


def linear(color: Color) -> Color:
    """Return the linear sRGB of an OKLCH color."""
    lightness, chroma, hue = color
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def oklab(rgb: Color) -> Color:
    red, green, blue = rgb
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def hexadecimal(color: Color) -> str:
    def byte(part: float) -> int:
        part = min(1.0, max(0.0, part))
        return round(
            255 * (12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055)
        )

    return "#" + "".join(f"{byte(part):02x}" for part in linear(color))


def contrast(one: Color, other: Color) -> float:
    """Return WCAG's contrast ratio."""
    lights = sorted(
        sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))
        for color in (one, other)
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def seen(color: Color, vision: str) -> Color:
    rgb = linear(color)
    mixed = [sum(m * part for m, part in zip(row, rgb, strict=True)) for row in VISIONS[vision]]
    red, green, blue = (min(1.0, max(0.0, part)) for part in mixed)
    return oklab((red, green, blue))


@pytest.mark.parametrize("theme", THEMES)
def test_charts_use_the_colors_of_the_style_sheet(theme: Theme) -> None:
    sheet = {name.replace("-", "_"): hexadecimal(color) for name, color in tokens(theme).items()}
    shades = dict(palette()["themes"][theme])

    assert shades.pop("series") == [sheet[f"series_{n}"] for n in palette()["series_names"]]
    assert shades.pop("other") == sheet["series_other"]
    assert shades == {name: sheet[name] for name in shades}


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_is_readable_on_every_ground(theme: Theme) -> None:
    sheet = tokens(theme)

    for text, ground in itertools.product(TEXTS, GROUNDS):
        assert contrast(sheet[text], sheet[ground]) >= 4.5, (text, ground)
    for state in ("info", "warning", "critical", "success"):
        assert contrast(sheet[state], sheet[f"{state}-soft"]) >= 4.5, state


@pytest.mark.parametrize("theme", THEMES)
def test_fields_and_series_stand_out_from_their_ground(theme: Theme) -> None:
    sheet = tokens(theme)
    marks = ["border-control", *(f"series-{name}" for name in palette()["series_names"])]

    for mark in marks:
        assert contrast(sheet[mark], sheet["surface"]) >= 2.99, mark


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISIONS)
def test_series_can_be_told_apart_with_any_color_vision(theme: Theme, vision: str) -> None:
    sheet = tokens(theme)
    shown = [seen(sheet[f"series-{name}"], vision) for name in palette()["series_names"]]

    assert min(math.dist(a, b) for a, b in itertools.combinations(shown, 2)) > 0.09


def test_a_series_keeps_its_color_beside_others() -> None:
    alone = assign(["Web"])["Web"]
    beside = assign(["Android", "Web", "iOS"])["Web"]

    assert alone == beside


def test_eight_series_have_eight_colors_and_the_ninth_another_dash() -> None:
    slots = assign([f"series {number}" for number in range(9)])
    first = [slot.place for slot in slots.values() if slot.round == 0]

    assert sorted(first) == list(range(8))
    assert [slot.round for slot in slots.values()].count(1) == 1


def test_the_order_of_series_does_not_matter() -> None:
    names = ["a", "b", "c", "d"]

    assert assign(names) == assign(reversed(names))


def test_names_hash_alike_in_every_process() -> None:
    assert [stable_hash("Web"), stable_hash("日本")] == [726781343, 2340443154]


def test_a_figure_is_dressed_without_losing_what_it_says_itself() -> None:
    figure: dict[str, list[dict[str, object]]] = {
        "data": [
            {"type": "scatter", "name": "Web", "x": [1], "y": [2]},
            {"type": "scatter", "name": "Web", "x": [1], "y": [2], "meta": {"role": "incomplete"}},
            {"type": "bar", "name": "$other", "x": [1], "y": [2]},
            {"type": "bar", "name": "Own", "x": [1], "y": [2], "marker": {"color": "#123456"}},
        ]
    }
    dressed = dress(figure, "dark")["data"]

    assert dressed[0]["line"]["color"] == dressed[1]["line"]["color"]
    assert [dressed[0]["line"]["dash"], dressed[1]["line"]["dash"]] == ["solid", "dash"]
    assert (dressed[2]["name"], dressed[2]["marker"]["color"]) == ("Other", colors("dark")["other"])
    assert dressed[3]["marker"]["color"] == "#123456"
    assert "line" not in figure["data"][0]


def test_no_placeholder_is_left_in_the_template() -> None:
    template = str(dress({}, "light")["layout"]["template"])

    assert "$" not in template
