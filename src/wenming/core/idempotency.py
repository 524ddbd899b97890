"""Say it twice, do it once: the first answer to a key is kept, in the same transaction as what it did, and given again.

A refused request has written nothing, so its key stays free and the same request may succeed later. The kept answer is
encrypted under a key derived from the caller's own key: the store alone can't read names out of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from wenming.core import chance, vault
from wenming.core.errors import Refusal
from wenming.core.failpoints import failpoint
from wenming.core.models import IdempotencyRecord
from wenming.core.prepared import prepared, save_new
from wenming.core.transactions import service, take_turn

NONCE = 12


class KeyReused(Refusal):
    code, message, status = "key_reused", _("这个提交编号已经用在另一次提交上了，请换一个编号。"), 409


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the exact bytes of a body; `is_repeat` when they were given before."""

    status: int
    body: bytes
    is_repeat: bool = False


@prepared
def _kept(owner_id: int, key_digest: str) -> QuerySet[IdempotencyRecord]:
    return IdempotencyRecord.objects.filter(owner_id=owner_id, key_digest=key_digest).order_by("pk")[:1]


@service
def once(*, owner_id: int, key: str, request: str, at: datetime, do: Callable[[], Answer]) -> Answer:
    """Run `do` unless this owner's key has run before; then give the first answer. Refuses the key with another request."""
    key_digest = vault.digest("idempotency key", f"{owner_id}:{key}")
    request_digest = vault.digest("idempotency request", request)
    cipher = _cipher(f"{owner_id}:{key}")
    take_turn(f"idempotency:{key_digest}")
    found = _kept.one(owner_id=owner_id, key_digest=key_digest)
    if found is not None:
        if found.request_digest != request_digest:
            raise KeyReused(field="Idempotency-Key")
        sealed = bytes(found.answer)
        return Answer(found.status, cipher.decrypt(sealed[:NONCE], sealed[NONCE:], b"answer"), is_repeat=True)
    answer = do()
    failpoint("idempotency.done")
    nonce = chance.random_bytes(NONCE)
    save_new(
        IdempotencyRecord(
            owner_id=owner_id,
            key_digest=key_digest,
            request_digest=request_digest,
            status=answer.status,
            answer=nonce + cipher.encrypt(nonce, answer.body, b"answer"),
            made_at=at,
        )
    )
    failpoint("idempotency.answer_kept")
    return answer


def _cipher(key: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=bytes.fromhex(settings.VAULT_KEY), info=b"kept answer")
    return AESGCM(derived.derive(key.encode()))
