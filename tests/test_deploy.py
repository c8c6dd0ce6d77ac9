"""What must hold when the portal is served to others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_deployment_check_is_clean_behind_https(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=os.environ
        | {
            "PORTAL_BASE_URL": "https://portal.example.com",
            "PORTAL_DATA_DIR": str(tmp_path),
            "PORTAL_SECRET_KEY": "",
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_a_secret_key_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    environment = os.environ | {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_SECRET_KEY": ""}
    code = "from django.conf import settings; print(settings.SECRET_KEY)"
    words = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]

    keys = {
        subprocess.run(
            words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }

    assert len(keys) == 1
    assert (tmp_path / "run" / "secret-key").stat().st_mode & 0o777 == 0o600
