"""Calling out: only where the portal may call, at the address that was checked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest
from pytest_django import Settings

from portal.lib import http
from portal.lib.http import client
from portal.lib.http.addresses import Internal, is_public, unwrapped
from portal.lib.http.client import Call, Limits, request

INTERNAL = [
    "127.0.0.1", "127.8.9.10", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",  # noqa: S104  # refused
    "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
    "168.63.129.16", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::127.0.0.1", "::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:db8::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]


class Page(BaseHTTPRequestHandler):
    """A server of somebody's: answers, redirects, dawdles, never stops."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str, bytes, str]] = []

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        told = (self.command, self.path, self.rfile.read(length), self.headers["Host"])
        self.asked.append(told)
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            self.dawdle()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            self.pour()
        else:
            status = 500 if self.path == "/broken" else 200
            self.send_response(status)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

    do_POST = do_GET  # noqa: N815  # the server's name for it

    def dawdle(self) -> None:
        try:
            for _ in range(100):
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    def pour(self) -> None:
        try:
            while True:
                self.wfile.write(b"x" * 65_536)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[int]:
    """Run a real server on this machine; return its port."""
    Page.asked.clear()
    running = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running.server_address[1]
    running.shutdown()
    running.server_close()
    thread.join()


class Resolver:
    """DNS in the hands of an attacker: another answer each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.times = 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.times += 1
        return self.answers.pop(0)


@pytest.mark.parametrize("address", INTERNAL)
def test_an_address_inside_is_not_public_in_any_writing(address: str) -> None:
    assert not is_public(unwrapped(ip_address(address)))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(unwrapped(ip_address(address)))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",  # noqa: S104  # refused
    ],
)
def test_this_machine_is_refused_however_it_is_written(server: int, host: str) -> None:
    with pytest.raises((http.Refused, http.Failed)):
        http.get(f"http://{host}:{server}/")

    assert Page.asked == []


def test_a_host_of_ones_own_network_is_called_when_it_is_listed(
    server: int, settings: Settings
) -> None:
    settings.INTERNAL_HOSTS = ("127.0.0.0/8",)

    answer = http.get(f"http://127.0.0.1:{server}/x?y=1")

    assert (answer.status, answer.body) == (200, b"hello")
    assert Page.asked == [("GET", "/x?y=1", b"", f"127.0.0.1:{server}")]


@pytest.mark.parametrize(
    ("listed", "host", "address", "may"),
    [
        ("prometheus.corp", "prometheus.corp", "10.0.0.1", True),
        ("*.corp", "Prometheus.Corp.", "10.0.0.1", True),
        ("*.corp", "corp.example.com", "10.0.0.1", False),
        ("prometheus.corp", "prometheus.corp", "169.254.169.254", False),
        ("169.254.169.254", "metadata", "169.254.169.254", True),
        ("10.0.0.0/8", "anything", "10.9.9.9", True),
        ("10.0.0.0/8", "anything", "192.168.0.1", False),
        ("fd00::/8", "anything", "fd00::5", True),
    ],
)
def test_what_a_list_of_internal_hosts_opens(
    listed: str, host: str, address: str, may: bool
) -> None:
    assert Internal.of([listed]).allows(host, ip_address(address)) is may


def test_dns_is_asked_once_so_it_cannot_change_its_answer(server: int, settings: Settings) -> None:
    settings.INTERNAL_HOSTS = ("127.0.0.1",)
    hostile = Resolver(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"])

    answer = request(
        Call("GET", f"http://rebinding.test:{server}/"), limits=Limits(), resolve=hostile
    )

    assert answer.status == 200
    assert hostile.times == 1
    assert Page.asked[0][3] == f"rebinding.test:{server}"


def test_a_refusal_names_the_address_once_and_a_name_with_what_it_leads_to(server: int) -> None:
    with pytest.raises(http.Refused, match=r"^127\.0\.0\.1 is not an address of the public"):
        request(Call("GET", f"http://127.0.0.1:{server}/"), limits=Limits())
    with pytest.raises(
        http.Refused, match=r"^inside\.test is 10\.0\.0\.1, which is not an address"
    ):
        request(Call("GET", "http://inside.test/"), limits=Limits(), resolve=Resolver(["10.0.0.1"]))


def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(server: int) -> None:
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"):
        with pytest.raises(http.Refused, match="PORTAL_INTERNAL_HOSTS"):
            request(
                Call("GET", f"http://innocent.test:{server}/"),
                limits=Limits(), resolve=Resolver([address]),
            )  # fmt: skip

    assert Page.asked == []


def test_of_several_addresses_only_those_allowed_are_called(
    server: int, settings: Settings
) -> None:
    settings.INTERNAL_HOSTS = ("127.0.0.1",)

    found = client.addresses("mixed.test", server, Resolver(["10.0.0.1", "127.0.0.1"]))

    assert found == ["127.0.0.1"]


def test_a_redirect_is_an_answer_and_not_followed(server: int, settings: Settings) -> None:
    settings.INTERNAL_HOSTS = ("127.0.0.1",)

    answer = http.get(f"http://127.0.0.1:{server}/away")

    assert (answer.status, len(Page.asked)) == (302, 1)


def test_a_server_that_dawdles_is_left_when_the_time_is_over(
    server: int, settings: Settings
) -> None:
    settings.INTERNAL_HOSTS = ("127.0.0.1",)
    began = time.monotonic()

    with pytest.raises(http.Failed, match=r"within 0\.3 s"):
        http.get(f"http://127.0.0.1:{server}/slow", limits=Limits(timeout_s=0.3))

    assert time.monotonic() - began < 2


def test_an_answer_without_end_is_left(server: int, settings: Settings) -> None:
    settings.INTERNAL_HOSTS = ("127.0.0.1",)

    with pytest.raises(http.Failed, match="larger than"):
        http.get(f"http://127.0.0.1:{server}/endless", limits=Limits(max_bytes=100_000))


def test_json_is_posted_and_a_refusal_is_a_failure(server: int, settings: Settings) -> None:
    settings.INTERNAL_HOSTS = ("127.0.0.1",)

    http.post_json(f"http://127.0.0.1:{server}/hook", {"a": 1})
    with pytest.raises(http.Failed, match="answered 500"):
        http.post_json(f"http://127.0.0.1:{server}/broken", {})

    assert Page.asked[0][:3] == ("POST", "/hook", b'{"a":1}')


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://example.com/", "//example.com/", "http:///x",
        "http://user:pass@example.com/", "http://example.com:99999/", "http://exa mple.com/",
        "http://example.com/\r\nHost: inside", "http://[::1/", "",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(http.Refused):
        http.get(url)


def test_a_host_that_nobody_knows_fails() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(http.Failed, match="not known to DNS"):
        request(Call("GET", "http://nobody.test/"), limits=Limits(), resolve=unknown)


def test_a_port_where_nobody_listens_fails(settings: Settings) -> None:
    settings.INTERNAL_HOSTS = ("127.0.0.1",)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

        with pytest.raises(http.Failed, match="could not be called"):
            http.get(f"http://127.0.0.1:{port}/")
