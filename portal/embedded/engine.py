"""The engine process: our server over chDB, on a loopback port, behind a password."""

from __future__ import annotations

import secrets
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.server import Launch


@dataclass(frozen=True)
class Engine:
    data_dir: Path
    port: int
    metric_prefix: str = "tanqory_"
    name: str = "engine"
    setting: str = "CLICKHOUSE_URL"

    def prepare(self) -> None:
        (self.data_dir / "engine").mkdir(parents=True, exist_ok=True)
        if not self._password_file.exists():
            self._password_file.parent.mkdir(parents=True, exist_ok=True)
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))

    def launch(self) -> Launch:
        words = [
            sys.executable, "-m", "portal.store.server",
            "--path", str(self.data_dir / "engine"), "--host", "127.0.0.1",
            "--port", str(self.port), "--metric-prefix", self.metric_prefix,
        ]  # fmt: skip
        return Launch(words, {"ENGINE_PASSWORD": self._password})

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def url(self) -> str:
        return f"http://default:{self._password}@127.0.0.1:{self.port}/default"

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "run" / "engine-password"

    @property
    def _password(self) -> str:
        return self._password_file.read_text()
