"""Photos as evidence: checked before they are decoded, re-encoded, stripped of place and device, kept private."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from wenming.core import chance
from wenming.core.actor import Actor
from wenming.core.errors import NotFound, Refusal
from wenming.core.failpoints import failpoint
from wenming.core.models import Attachment
from wenming.core.transactions import service

LARGEST_FILE = 10 * 1024 * 1024
LARGEST_PIXELS = 50_000_000
LONGEST_SIDE = 1600
FOLDERS = 256
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


class NotAPicture(Refusal):
    code, message, field = "attachments.not_a_picture", _("这不是照片，请选相册里的照片。"), "photos"


class PictureTooLarge(Refusal):
    code, message = "attachments.too_large", _("照片太大了，请换一张 10 MB 以内的。")


def _clean(file: IO[bytes], field: str) -> tuple[bytes, int, int]:
    """Decode within limits and write a plain JPEG again: no metadata, no second file hidden behind the picture."""
    head = file.read(LARGEST_FILE + 1)
    if len(head) > LARGEST_FILE:
        raise PictureTooLarge(field=field)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(head), formats=FORMATS) as picture:
                if picture.width * picture.height > LARGEST_PIXELS:
                    raise PictureTooLarge(field=field)
                picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAPicture(field=field) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise NotAPicture(field=field) from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue(), upright.width, upright.height


@service
def keep(*, actor: Actor, file: IO[bytes], subject: str, at: datetime, field: str = "photos") -> Attachment:
    """Keep one photo for a subject such as `deed:12`. Refuses what is not a picture, too large, or a bomb."""
    data, width, height = _clean(file, field)
    public_id = chance.public_id()
    path = Path(public_id[:2]) / f"{public_id}.jpg"
    place = Path(settings.MEDIA_ROOT) / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    os.utime(place, (at.timestamp(), at.timestamp()))
    failpoint("attachments.file_written")
    return Attachment.objects.create(
        public_id=public_id,
        subject=subject,
        path=str(path),
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
        width=width,
        height=height,
        kept_at=at,
        kept_by=actor.user_id,
    )


def of(subject: str) -> list[Attachment]:
    return list(Attachment.objects.filter(subject=subject).order_by("id"))


def counts(subjects: Iterable[str]) -> dict[str, int]:
    """How many photos each of these subjects has; those without any are left out."""
    found = Attachment.objects.filter(subject__in=list(subjects)).values_list("subject").annotate(count=Count("pk"))
    return dict(found.order_by())


def find(public_id: str) -> Attachment:
    found = Attachment.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def content(attachment: Attachment) -> bytes:
    return (Path(settings.MEDIA_ROOT) / attachment.path).read_bytes()


@service
def destroy(*, subject: str) -> int:
    """Remove the files and rows of a subject; the count of what is gone."""
    kept = of(subject)
    for attachment in kept:
        (Path(settings.MEDIA_ROOT) / attachment.path).unlink(missing_ok=True)
        failpoint("attachments.file_removed")
        attachment.delete()
    return len(kept)


def forget_orphans(*, at: datetime) -> int:
    """Remove files that no row names: photos of acts that were undone after the file was written; how many there were.

    Looks at one of the 256 folders, another every minute, and leaves alone what is younger than a day.
    """
    folder = Path(settings.MEDIA_ROOT) / f"{int(at.timestamp()) // 60 % FOLDERS:02x}"
    ended = (at - timedelta(days=1)).timestamp()
    old = {path.stem: path for path in folder.glob("*.jpg") if path.stat().st_mtime < ended}
    known = Attachment.objects.filter(public_id__in=list(old)).values_list("public_id", flat=True)
    orphans = old.keys() - set(known)
    for public_id in orphans:
        old[public_id].unlink(missing_ok=True)
    return len(orphans)


@service
def forget_drafts(*, before: datetime) -> int:
    """Destroy photos that were put aside for a declaration and never handed in; how many drafts that were."""
    left = Attachment.objects.filter(subject__startswith="draft:", kept_at__lt=before)
    subjects = sorted(set(left.values_list("subject", flat=True)[:500]))
    for subject in subjects:
        destroy(subject=subject)
    return len(subjects)
