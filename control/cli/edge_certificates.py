"""By what edges and the doors of control hosts know each other: certificates of an authority of their own, in DIR/keys.

Nobody else has to believe in them, so their names are fixed (nginx/contract.py) and they last for long. An edge is let
in while its certificate lies in keys/edges/.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from control.files import write_secret
from nginx import contract

LIFETIME = timedelta(days=3650)


def ensure_door(keys: Path) -> None:
    """Make the authority and the certificate of the doors, where they are missing."""
    if not (keys / f"{contract.EDGES_CA}.pem").exists():
        key = ec.generate_private_key(ec.SECP256R1())
        _write(keys, contract.EDGES_CA, key, _certificate("sluice-edges", key, None, None))
    if not (keys / f"{contract.DOOR}.pem").exists():
        _write(keys, contract.DOOR, *_issued(keys, contract.ORIGIN_NAME, ExtendedKeyUsageOID.SERVER_AUTH))


def mint(keys: Path, name: str, target: Path) -> None:
    """Let an edge in: its certificate and key into the directory `target`, with what it needs to know a door."""
    key, certificate = _issued(keys, name, ExtendedKeyUsageOID.CLIENT_AUTH)
    _write(target, contract.EDGE, key, certificate)
    write_secret(target / f"{contract.ORIGIN}.pem", (keys / f"{contract.EDGES_CA}.pem").read_bytes())
    (keys / contract.EDGES).mkdir(mode=0o700, exist_ok=True)
    write_secret(keys / contract.EDGES / f"{name}.pem", _pem(certificate))


def _issued(keys: Path, name: str, use: ObjectIdentifier) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    authority = x509.load_pem_x509_certificate((keys / f"{contract.EDGES_CA}.pem").read_bytes())
    signer = serialization.load_pem_private_key((keys / f"{contract.EDGES_CA}.key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    return key, _certificate(name, key, (authority, signer), use)


def _certificate(name: str, key, issuer, use: ObjectIdentifier | None) -> x509.Certificate:
    """Of `issuer` (its certificate and key), or an authority's own."""
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if use:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def _write(directory: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    """The certificate last: where it is, its key is."""
    write_secret(directory / f"{name}.key", key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))  # fmt: skip
    write_secret(directory / f"{name}.pem", _pem(certificate))


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
