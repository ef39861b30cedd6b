"""Recordings encrypted as Twilio does it: each with a key of its own, that one with the account's
public key (RSAES-OAEP with SHA-256), and AES-256-GCM with the tag behind the last byte."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import Any

from .speech import MissingPackage

PACKAGE = "python3-cryptography"


@dataclass(frozen=True)
class Envelope:
    """What a recording is encrypted with."""

    key: bytes
    iv: bytes
    details: dict[str, Any]  # as callbacks and lists tell of it

    def seal(self, content: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.key).encrypt(self.iv, content, None)


def envelope(public_key: str) -> Envelope:
    """A new one, for whoever has the private key to this PEM text."""
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding
    except ImportError:
        raise MissingPackage(PACKAGE) from None
    key, iv = os.urandom(32), os.urandom(12)
    cek = serialization.load_pem_public_key(public_key.encode()).encrypt(
        key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    return Envelope(key, iv, {
        "type": "rsa-aes", "encryption_public_key_sid": "CR" + "0" * 32,
        "encryption_cek": base64.b64encode(cek).decode(),
        "encryption_iv": base64.b64encode(iv).decode()})
