"""Run the engine: `python -m portal.store.server --path DIR --port N`."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from portal.lib.env import Env
from portal.store.server.config import default_memory_bytes, lanes, write_config
from portal.store.server.engine import Engine
from portal.store.server.errors import EngineError
from portal.store.server.figures import Figures
from portal.store.server.service import Service
from portal.store.server.wire import Connection, Gone, Malformed

logger = logging.getLogger("portal.store.server")
GRACE_S = 4.0  # of the five seconds that a supervisor waits before it kills


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m portal.store.server", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="directory of the data")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8123, help="0 takes a free one")
    parser.add_argument("--memory-limit", type=int, default=0, metavar="BYTES")
    parser.add_argument("--metric-prefix", default="tanqory_")
    return parser.parse_args(given)


def open_service(options: argparse.Namespace) -> Service:
    """Open the path. Raises EngineError, also when another process holds it."""
    path = options.path.resolve()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    memory_bytes = options.memory_limit or default_memory_bytes()
    engine = Engine(write_config(path, memory_bytes), lanes(memory_bytes))
    version = engine.control("SELECT version()").decode().strip()
    password = Env.from_process().text("ENGINE_PASSWORD")
    return Service(engine, Figures(options.metric_prefix), password, version)


def serve_one(service: Service, sock: socket.socket) -> None:
    """Serve one connection; what breaks there stays there."""
    try:
        service.serve(Connection(sock))
    except Malformed as error:
        with suppress(OSError):
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        logger.warning("malformed request: %s", error)
    except (Gone, OSError):
        pass  # the client left: its statement is cancelled already
    except Exception:
        logger.exception("a connection failed")
    finally:
        sock.close()


def accept_all(service: Service, listener: socket.socket) -> None:
    """Give every connection a thread, until the listener is closed."""
    while not service.engine.is_closing:
        try:
            sock, _ = listener.accept()
            threading.Thread(target=serve_one, args=(service, sock), daemon=True).start()
        except (OSError, RuntimeError):
            if listener.fileno() >= 0:  # out of descriptors or threads: others will end
                logger.exception("cannot take a connection")
                time.sleep(0.1)


def raise_open_files() -> None:
    """Allow as many open files as we may: a table of many parts needs more than the usual 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(given: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    faulthandler.register(signal.SIGUSR1)  # kill -USR1 shows what every thread does
    options = arguments(given)
    raise_open_files()
    signals = watch_signals()
    try:
        listener = socket.create_server((options.host, options.port), backlog=128)
        service = open_service(options)
    except (EngineError, OSError) as error:
        logger.error("cannot start: %s", explained(error, options))  # noqa: TRY400  # no traceback
        return 1
    threading.Thread(target=accept_all, args=(service, listener), daemon=True).start()
    logger.info("engine %s ready on port %s", service.version, listener.getsockname()[1])
    os.read(signals, 1)
    service.engine.is_closing = True
    listener.close()
    if service.engine.close(GRACE_S):
        logger.info("engine stopped")
        return 0
    logger.warning("engine stopped with statements unfinished")
    sys.stderr.flush()
    os._exit(0)  # waiting for chDB's threads at a normal exit would take as long as they do


def watch_signals() -> int:
    """Return a descriptor that becomes readable when the process is asked to end.

    The kernel may hand a signal to one of the engine's threads; one that waits for a Python
    lock in the main thread would then sleep on.
    """
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return readable


def explained(error: Exception, options: argparse.Namespace) -> str:
    """Say in one line what to do about a start that failed."""
    if isinstance(error, EngineError) and "initializ" in error.text:
        return f"{options.path} is held by another process; only one engine may run on it."
    return str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
