"""What was typed and photographed for a declaration that is not handed in yet.

One draft per session. Photos are kept privately under the draft's own subject until it is handed in or begun anew.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import IO

from django.core import signing
from django.http import HttpRequest

from wenming.core import attachments, chance
from wenming.core.actor import Actor
from wenming.ui import typed

SLOT = "declaration"
PHOTOS_MOST = 3


@dataclass(slots=True)
class Draft:
    key: str
    item_id: int
    depositor_ids: list[int] = field(default_factory=list)
    happened_on: str = ""
    quantity: int = 1
    words: str = ""
    photos: list[str] = field(default_factory=list)

    @property
    def subject(self) -> str:
        return f"draft:{self.key}"

    @property
    def day(self) -> date | None:
        return date.fromisoformat(self.happened_on) if self.happened_on else None

    @property
    def is_complete(self) -> bool:
        return bool(self.depositor_ids and self.happened_on)


def present(request: HttpRequest) -> Draft | None:
    kept = request.session.get(SLOT)
    return Draft(**kept) if kept else _carried(request)


def carry(request: HttpRequest, draft: Draft) -> str:
    """The draft as its own page carries it, in case the log-in runs out before it is sent: for nobody else, for a day."""
    return signing.dumps([request.user.pk, asdict(draft)], salt=SLOT, compress=True)


def _carried(request: HttpRequest) -> Draft | None:
    """The draft that a page brought through the log-in, as far as its photos are still there; from then on the present one."""
    try:
        user_id, kept = signing.loads((typed.of(request) or {}).get("draft", ""), salt=SLOT, max_age=86_400)
    except signing.BadSignature:
        return None
    if user_id != request.user.pk:
        return None
    draft = Draft(**kept)
    there = {photo.public_id for photo in attachments.of(draft.subject)}
    draft.photos = [photo for photo in draft.photos if photo in there]
    keep(request, draft)
    return draft


def begin(request: HttpRequest, item_id: int) -> Draft:
    """The draft for this item: the present one goes on, also when another item is chosen for what was typed."""
    draft = present(request) or Draft(key=chance.public_id(), item_id=item_id)
    draft.item_id = item_id
    return draft


def keep(request: HttpRequest, draft: Draft) -> None:
    request.session[SLOT] = asdict(draft)


def add_photos(draft: Draft, *, actor: Actor, files: Iterable[IO[bytes]], at: datetime) -> None:
    """Keep photos with the draft, up to the most; refuses what is not a picture."""
    for file in files:
        if len(draft.photos) < PHOTOS_MOST:
            draft.photos.append(attachments.keep(actor=actor, file=file, subject=draft.subject, at=at).public_id)


def drop_photo(draft: Draft, public_id: str) -> None:
    draft.photos = [photo for photo in draft.photos if photo != public_id]


def photo_files(draft: Draft) -> list[IO[bytes]]:
    return [io.BytesIO(attachments.content(attachments.find(photo))) for photo in draft.photos]


def end(request: HttpRequest) -> None:
    """Forget the draft and its private photos."""
    draft = present(request)
    if draft is not None:
        attachments.destroy(subject=draft.subject)
        del request.session[SLOT]
