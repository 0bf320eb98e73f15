"""The self-signed certificate under DIR/tls, for machines that have no other."""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from control.cli.addresses import lan_addresses
from control.files import write_secret
from control.services.certificates import end_of

# Safari refuses certificates that are valid for longer than 825 days.
LIFETIME = timedelta(days=820)
RENEW_BEFORE = timedelta(days=30)


def ensure_certificate(certificate: Path, key: Path, force: bool = False, host: str = "localhost") -> bool:
    """Make both files where they are missing, end within a month or do not name `host` (`force`: anyway).

    Returns whether they were made.
    """
    if not force and key.exists() and _serves(certificate, host):
        return False
    secret = ec.generate_private_key(ec.SECP256R1())
    write_secret(key, secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))  # fmt: skip
    write_secret(certificate, self_signed(secret, host).public_bytes(serialization.Encoding.PEM))
    return True


def self_signed(secret: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    """A server certificate (RFC 5280) for `host` and every name this machine is reached by today."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sluice")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )


def _names(host: str) -> list[x509.GeneralName]:
    hosts = filter(_is_dns_name, (host, socket.gethostname(), socket.getfqdn()))
    names = dict.fromkeys(["localhost", *hosts, "127.0.0.1", "::1", *lan_addresses(), host])
    return list(filter(None, map(_general_name, names)))


def _general_name(name: str) -> x509.GeneralName | None:
    """None for what is neither a host name nor an address."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name) if _is_dns_name(name) else None


def _is_dns_name(host: str) -> bool:
    return host.isascii() and bool(host.replace("-", "").replace(".", "").isalnum())


def _serves(certificate: Path, host: str) -> bool:
    end = end_of(certificate)
    return end is not None and end - RENEW_BEFORE > datetime.now(UTC) and _named(certificate, host)


def _named(certificate: Path, host: str) -> bool:
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    wanted = _general_name(host)
    return wanted is None or wanted in list(names)
