"""How long the certificate of this server is good."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509


def end_of(certificate: Path) -> datetime | None:
    """When it ends; None where it cannot be read by this process."""
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None
