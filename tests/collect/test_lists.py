"""Lists of targets, as Prometheus's file and HTTP discovery have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.collect.scraping.lists import BadList, check_pattern, from_body, from_files
from portal.lib.field_error import FieldError

YAML = """
- targets: ['db1:9100', "db2:9100"]
  labels: {team: data}
- targets: [db3:9100]
"""
JSON = '[{"targets": ["db4:9100"], "labels": {"team": "web", "__scheme__": "https"}}]'


def test_files_below_the_folder_give_targets_with_labels(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "a.yml").write_text(YAML)
    (tmp_path / "nodes" / "b.json").write_text(JSON)
    (tmp_path / "nodes" / "c.txt").write_text("not this one")
    (tmp_path / "nodes" / "d.yaml").write_text("")

    found = from_files(tmp_path, "nodes/*")

    assert [one["__address__"] for one in found] == ["db1:9100", "db2:9100", "db3:9100", "db4:9100"]
    assert found[0] == {
        "__address__": "db1:9100", "team": "data", "__meta_filepath": "nodes/a.yml",
    }  # fmt: skip
    assert found[3]["__scheme__"] == "https"


def test_a_file_elsewhere_is_never_read(tmp_path: Path) -> None:
    inside = tmp_path / "lists"
    inside.mkdir()
    (tmp_path / "outside.yml").write_text(YAML)
    (inside / "link.yml").symlink_to(tmp_path / "outside.yml")

    for pattern in ("link.yml", "../outside.yml"):
        with pytest.raises((BadList, ValueError, NotImplementedError)):
            from_files(inside, pattern)


@pytest.mark.parametrize("pattern", ["../a.yml", "/etc/a.yml", "a.txt", "a/../b.yml", "a\0.yml"])
def test_a_pattern_leads_nowhere_else(pattern: str) -> None:
    with pytest.raises(FieldError):
        check_pattern(pattern)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[1]", b'[{"targets": "db1"}]', b'[{"targets": [1]}]', b'[{"targets": [""]}]',
        b'[{"targets": ["http://db1/metrics"]}]', b'[{"targets": ["a"], "labels": []}]',
        b'[{"targets": ["a"], "labels": {"x": 1}}]', b'[{"target": ["a"]}]', b"[" * 100_000,
        b'[{"targets": ["a"], "labels": {"x": "\\u0000"}}]', b'[{"targets": ["a\\u0000"]}]',
        b"!!bool x", b"!!int ''", b"!!timestamp x",
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_refused(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(BadList):
        from_body(body, "http://sd/")
    if body:
        (tmp_path / "a.yml").write_bytes(body)
        with pytest.raises(BadList):
            from_files(tmp_path, "a.yml")


def test_a_small_file_cannot_stand_for_very_many_targets(tmp_path: Path) -> None:
    listed = ", ".join(f"a{number}" for number in range(5_000))
    again = "- *all\n" * 9_000
    (tmp_path / "a.yml").write_text(f"- &all {{targets: [{listed}]}}\n{again}")

    with pytest.raises(BadList, match="more than 10000 targets"):
        from_files(tmp_path, "a.yml")


def test_a_list_by_http_says_where_it_came_from() -> None:
    assert from_body(JSON.encode(), "http://sd/")[0]["__meta_url"] == "http://sd/"
    assert from_body(b"null", "http://sd/") == []


def test_no_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadList, match=r"No file below .* is called nothing.yml"):
        from_files(tmp_path, "nothing.yml")
