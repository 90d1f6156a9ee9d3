"""Certificates of servers that tests start."""

from __future__ import annotations

import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chatapp.db import now

LOOPBACK = "127.0.0.1"


def certificate(folder: Path, *names: str) -> Path:
    """A file with a key and a certificate for these names and for the loopback address, good for a day."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    known = [*map(x509.DNSName, names), x509.IPAddress(ip_address(LOOPBACK))]
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(known), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, pkcs8, plain) + signed.public_bytes(pem))
    return path


def server_context(path: Path) -> ssl.SSLContext:
    """What a server needs to prove itself with the certificate at `path`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
