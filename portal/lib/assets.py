"""Addresses of static files that change with the file's content, so browsers may keep them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.contrib.staticfiles import finders
from django.templatetags.static import static

MODULE_FOLDERS = ("lib", "components", "editor", "pages")
# Bare names of vendored modules, as written in `import` statements.
VENDORED_MODULES = {
    "htmx": "js/vendor/htmx-4.0.1.esm.min.js",
    "plotly": "js/vendor/plotly-4.1.1-portal.min.js",
}

_digests: dict[tuple[str, int, int], str] = {}


class MissingAsset(LookupError):
    """A template or an import map names a static file that is not there."""


def asset(path: str) -> str:
    """Return the address of a static file with a digest of its content as the query."""
    return f"{static(path)}?v={digest(locate(path))}"


def locate(path: str) -> Path:
    found = finders.find(path)
    if not isinstance(found, str):
        raise MissingAsset(f"there is no static file {path!r}")
    return Path(found)


def digest(file: Path) -> str:
    """Return ten hexadecimal digits of the file's content, read again only when it changed."""
    stat = file.stat()
    key = (str(file), stat.st_mtime_ns, stat.st_size)
    if key not in _digests:
        _digests[key] = hashlib.sha256(file.read_bytes()).hexdigest()[:10]
    return _digests[key]


def import_map() -> dict[str, dict[str, str]]:
    """Return the import map: `portal/lib/format.js` and the like (JSON too, for fetch), and vendored ones."""
    modules = {
        f"portal/{path}": asset(f"js/{path}")
        for folder in MODULE_FOLDERS
        for path in listed(folder)
    }
    vendored = {name: asset(path) for name, path in VENDORED_MODULES.items()}
    return {"imports": modules | vendored}


def every_page_modules() -> list[str]:
    """Return the addresses of what `app.js` imports, so that a page can ask for all at once."""
    parts = [path for folder in ("lib", "components") for path in listed(folder)]
    return [
        asset(VENDORED_MODULES["htmx"]),
        *(asset(f"js/{p}") for p in parts if p.endswith(".js")),
    ]


def listed(folder: str) -> list[str]:
    """Return the modules and JSON files of a folder below static/js, as `folder/name.js`."""
    root = locate("js/app.js").parent
    return [file.relative_to(root).as_posix() for file in sorted((root / folder).rglob("*.js*"))]
