"""Encryption of identity facts, and look-up without reading them.

Each person has a data key, wrapped by the vault key; destroying the wrapped key makes the facts unreadable for good.
Values are AES-256-GCM with the field's name as associated data; look-up is HMAC-SHA-256 under a key of its own, since a
bare hash of an ID number falls to guessing in minutes.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@functools.lru_cache(maxsize=8)
def _derived(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(bytes.fromhex(secret))


def new_key() -> bytes:
    """A fresh data key for one person, wrapped by the vault key."""
    nonce = os.urandom(12)
    wrapping = AESGCM(_derived(settings.VAULT_KEY, "wrap"))
    return nonce + wrapping.encrypt(nonce, AESGCM.generate_key(256), b"data-key")


def _open(wrapped: bytes) -> AESGCM:
    wrapping = AESGCM(_derived(settings.VAULT_KEY, "wrap"))
    return AESGCM(wrapping.decrypt(wrapped[:12], wrapped[12:], b"data-key"))


def encrypt(wrapped_key: bytes, field: str, text: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + _open(bytes(wrapped_key)).encrypt(nonce, text.encode(), field.encode())


def decrypt(wrapped_key: bytes, field: str, sealed: bytes) -> str:
    sealed = bytes(sealed)
    return _open(bytes(wrapped_key)).decrypt(sealed[:12], sealed[12:], field.encode()).decode()


def digest(field: str, text: str) -> str:
    """The keyed hash of a value, for unique constraints and look-up, as 64 hexadecimal digits."""
    return hmac.new(_derived(settings.VAULT_KEY, f"look-up {field}"), text.encode(), hashlib.sha256).hexdigest()
