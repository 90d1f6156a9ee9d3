"""Connections to addresses that somebody has typed in: to public ones only, unless the operator has named them.

A name is resolved once; every address it has is checked, and the connection goes to one of those. So a name cannot
mean a public address while it is checked and a private one when it is used.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from time import monotonic
from typing import Any

import httpcore2

Address = IPv4Address | IPv6Address

NAT64 = IPv6Network("64:ff9b::/96")
# Not of the internet, whatever the tables of older Pythons say; some hand out secrets of the machine that asks.
CLOSED = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments; Oracle's metadata service
            "168.63.129.16/32",  # Azure's platform
            "64:ff9b:1::/48",  # local translation to IPv4
            "::/96",  # IPv4 in an old spelling
        ),
    )
)


class AddressRefused(Exception):
    """The name leads to an address that nothing may connect to from here."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be reached although it is not public: names with or without a port, and networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Allowed:
        """From the entries of a setting: host, host:port, address or network (CIDR)."""
        hosts, networks = set(), []
        for entry in entries:
            try:
                networks.append(ip_network(entry, strict=False))
            except ValueError:
                hosts.add(entry.replace("[", "").replace("]", ""))
        return cls(frozenset(hosts), tuple(networks))

    def has_host(self, host: str, port: int) -> bool:
        return not self.hosts.isdisjoint({host.lower(), f"{host.lower()}:{port}"})

    def has_address(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def is_public(address: Address) -> bool:
    """Whether it is one of the internet, also when it is an IPv4 address that an IPv6 one wraps."""
    return all(
        number.is_global and not number.is_multicast and not any(number in network for network in CLOSED)
        for number in (address, *_wrapped(address))
    )


def addresses(host: str, port: int, allowed: Allowed) -> list[str]:
    """All that `host` resolves to. Raises AddressRefused when one of them must not be reached, OSError."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not allowed.has_host(host, port):
        for text in found:
            address = ip_address(text.partition("%")[0])
            if not (is_public(address) or allowed.has_address(address)):
                raise AddressRefused(host)
    return list(dict.fromkeys(found))


class Network(httpcore2.NetworkBackend):
    """What a pool of connections opens them with. All of them together end after `seconds`, however slow the peer."""

    def __init__(self, allowed: Allowed, seconds: float) -> None:
        self._allowed, self._deadline = allowed, monotonic() + seconds
        self._sockets = httpcore2.SyncBackend()

    def remaining(self) -> float:
        """Raises ReadTimeout when the time is over."""
        seconds = self._deadline - monotonic()
        if seconds <= 0:
            raise httpcore2.ReadTimeout("out of time")
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Raises AddressRefused."""
        try:
            candidates = addresses(host, port, self._allowed)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} cannot be resolved") from error
        return _Stream(self._first_open(candidates, port), self)

    def _first_open(self, candidates: list[str], port: int) -> httpcore2.NetworkStream:
        for address in candidates[:-1]:
            try:
                return self._sockets.connect_tcp(address, port, timeout=self.remaining() / 2)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._sockets.connect_tcp(candidates[-1], port, timeout=self.remaining())


class _Stream(httpcore2.NetworkStream):
    """A connection that knows how much time is left."""

    def __init__(self, stream: httpcore2.NetworkStream, network: Network) -> None:
        self._stream, self._network = stream, network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.remaining())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._network.remaining()), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _wrapped(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 one leads to, by mapping or through a tunnel."""
    if isinstance(address, IPv6Address):
        yield from filter(None, (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())))
        if address in NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)
