"""Connections that reach public addresses only, whatever a name says and when."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import httpcore2
import pytest

from chatapp import config
from chatapp.config import BadSetting
from chatapp.outgoing import AddressRefused, Allowed, Network, addresses, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "::7f00:1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_internet(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "::1", "0", "127.1"])
def test_this_machine_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(AddressRefused):
        addresses(host, 80, Allowed())


@pytest.mark.parametrize(
    ("entry", "host", "port", "reached"),
    [
        ("127.0.0.1", "127.0.0.1", 80, True),
        ("127.0.0.0/8", "localhost", 80, True),
        ("localhost", "localhost", 80, True),
        ("localhost:80", "LOCALHOST", 80, True),
        ("localhost:80", "localhost", 81, False),
        ("[::1]:80", "::1", 80, True),
        ("::1", "::1", 80, True),
        ("10.0.0.0/8", "127.0.0.1", 80, False),
        ("localhost.example", "localhost", 80, False),
    ],
)
def test_what_the_operator_names_is_reached_and_nothing_else(entry: str, host: str, port: int, reached: bool) -> None:
    settings = config.load({"MCP_ALLOWED_HOSTS": f" {entry.upper()} ,"})
    allowed = Allowed.of(settings.mcp_allowed)
    if reached:
        assert addresses(host, port, allowed)
    else:
        with pytest.raises(AddressRefused):
            addresses(host, port, allowed)


@pytest.mark.parametrize("text", ["http://x", "a b", "10.0.0.0/99", "host:port", "*"])
def test_an_unreadable_list_is_a_bad_setting(text: str) -> None:
    with pytest.raises(BadSetting, match="MCP_ALLOWED_HOSTS"):
        config.load({"MCP_ALLOWED_HOSTS": text})


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[list[str]]:
    """Name resolution that answers these, one after the other, then nothing but the last."""
    left = list(answers)

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return left


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        addresses("mixed.example", 443, Allowed())


def test_a_name_that_changes_after_the_check_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    connected: list[str] = []

    def connect(self: Any, host: str, *_: Any, **__: Any) -> None:
        connected.append(host)
        raise httpcore2.ConnectError("no network in tests")

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    with pytest.raises(httpcore2.ConnectError):
        Network(Allowed(), 5).connect_tcp("rebinding.example", 80)
    assert connected == ["93.184.215.14"]


def test_all_that_a_network_does_ends_in_time() -> None:
    with pytest.raises(httpcore2.TimeoutException):
        Network(Allowed.of(["127.0.0.1"]), 0).connect_tcp("127.0.0.1", 9)


def test_a_peer_that_sends_byte_by_byte_gets_no_more_time_than_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stream = Network(Allowed.of(["127.0.0.1"]), 0.3).connect_tcp("127.0.0.1", listening.getsockname()[1])
        peer, _ = listening.accept()
        with peer, pytest.raises(httpcore2.ReadTimeout):
            while True:
                peer.sendall(b"x")
                assert stream.read(1, timeout=60) == b"x"
        stream.close()
