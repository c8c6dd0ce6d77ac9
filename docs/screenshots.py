"""Take the documents' pictures from a running demo; for maintainers, after a change of looks.

.venv/bin/python -m docs.screenshots --data-dir var --url http://127.0.0.1:8000
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1280, "height": 1060}
IN_VIEW = 3  # charts of a page that are seen without scrolling
ROLE = "admin"
# File, path, color scheme.
PICTURES = (
    ("business-light", "/dashboards/business/?from=-90d", "light"),
    ("data-flow-light", "/dashboards/data-flow/", "light"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path("var"))
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.stderr.write("There is no Chromium on this machine.\n")
        return 1
    email, password = login(options.data_dir)
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(base_url=options.url, viewport=SIZE)  # type: ignore[arg-type]  # a plain dict
        log_in(page, email, password)
        for name, path, scheme in PICTURES:
            take(page, name, path, scheme)
        browser.close()
    return 0


def login(data_dir: Path) -> tuple[str, str]:
    """Return the demo's e-mail and password for ROLE."""
    lines = (data_dir / "run" / "demo-logins.txt").read_text().splitlines()
    _, email, password = next(line.split() for line in lines if line.startswith(ROLE))
    return email, password


def log_in(page: Page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def take(page: Page, name: str, path: str, scheme: str) -> None:
    """Draw a page, wait for the charts in view, and keep its picture."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # light, dark
    page.goto(path)
    for chart in page.locator("portal-chart").all()[:IN_VIEW]:
        chart.locator(".main-svg, [data-empty], [data-error]").first.wait_for()
    page.wait_for_timeout(1_500)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
