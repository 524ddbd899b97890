"""Backups of the embedded store: a consistent copy while people work, and the way back, checked at every step."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from wenming.core import vault
from wenming.surfaces.cli.building import flush
from wenming.surfaces.cli.command import WrongUse

FORMAT = "wenming-bank-backup/1"
STORE = "wenming.sqlite3"
MANIFEST = "manifest.json"
PUBLISHED = "published-roots.json"
PIECE = 1024 * 1024
LARGEST_MANIFEST = 64 * 1024 * 1024
SEALS = "SELECT b.code, s.size, s.root FROM ledger_seal s JOIN ledger_book b ON b.id = s.book_id ORDER BY b.code, s.size"
Heads = dict[str, dict[int, str]]


def require_embedded() -> None:
    if connection.vendor != "sqlite":
        raise WrongUse(_("这个账本存在 PostgreSQL 里，请照 docs/operating/backup.md 的步骤恢复。"))


def folder() -> Path:
    return Path(settings.DATA)


# Making one


def make(out: Path, at: datetime) -> dict[str, Any]:
    """Copy the store through SQLite's backup interface, then the pictures; keys never go in. Written whole or not at all."""
    copy = out.with_name(f".{out.name}.store")
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        _copy_store(folder() / STORE, copy)
        seals = heads_of(copy)
        files: dict[str, dict[str, Any]] = {}
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1, allowZip64=True) as archive:
            files[STORE] = _put(archive, STORE, copy, zipfile.ZIP_DEFLATED)
            put_pictures(archive, files)
            manifest = {
                "format": FORMAT,
                "made_at": at.isoformat(),
                "mode": settings.MODE,
                "vault": vault.digest("backup", FORMAT),
                "heads": newest(seals),
                "files": files,
            }
            archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        flush(unfinished)
        os.replace(unfinished, out)
        flush(out.parent)
    finally:
        for left in (copy, unfinished):
            left.unlink(missing_ok=True)
    return manifest


def _copy_store(source: Path, target: Path) -> None:
    """One read transaction for the whole copy: whoever writes meanwhile is not in it, and is not held up by it."""
    target.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(source, timeout=60)) as live, contextlib.closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
    os.chmod(target, 0o600)


def _pictures() -> Iterator[Path]:
    media = Path(settings.MEDIA_ROOT)
    if media.exists():
        yield from sorted(path for path in media.rglob("*") if path.is_file())


def put_pictures(archive: zipfile.ZipFile, files: dict[str, dict[str, Any]]) -> None:
    """Every picture that is there, with its hash; one that is destroyed meanwhile is left out."""
    for picture in _pictures():
        name = picture.relative_to(folder()).as_posix()
        with contextlib.suppress(FileNotFoundError):
            files[name] = _put(archive, name, picture, zipfile.ZIP_STORED)


def _put(archive: zipfile.ZipFile, name: str, path: Path, how: int) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    facts = zipfile.ZipInfo(name)
    facts.compress_type = how
    with open(path, "rb") as source, archive.open(facts, "w", force_zip64=True) as out:
        while piece := source.read(PIECE):
            out.write(piece)
            digest.update(piece)
            size += len(piece)
    return {"sha256": digest.hexdigest(), "bytes": size}


# Heads


def heads_of(store: Path) -> Heads:
    """Every seal of a store file: book → size → root."""
    with contextlib.closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        heads: Heads = {}
        for code, size, root in copy.execute(SEALS):
            heads.setdefault(code, {})[size] = bytes(root).hex()
        return heads


def newest(heads: Heads) -> list[dict[str, Any]]:
    return [{"book": code, "size": max(seals), "root": seals[max(seals)]} for code, seals in sorted(heads.items())]


def check_against_published(heads: Heads, published: list[dict[str, Any]], *, is_forced: bool) -> None:
    """Refuse a copy that knows less than what was already published (unless forced), or something else (always)."""
    for head in published:
        book, size, root = str(head["book"]), int(head["size"]), str(head["root"])
        if not size:
            continue
        seals = heads.get(book, {})
        if max(seals, default=0) < size and not is_forced:
            message = _("备份里 {book} 这本账只封到 {have} 笔，公布过 {size} 笔：这个备份太旧。一定要用就加 --force。")
            raise WrongUse(message.format(book=book, have=max(seals, default=0), size=size))
        if size in seals and seals[size] != root:
            raise WrongUse(_("备份里 {book} 这本账的指纹和公布过的对不上，不能用它恢复。").format(book=book))


def read_published(path: Path) -> list[dict[str, Any]]:
    """The heads in a file written by `wenming root --json`, or those of the last backup."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [{"book": str(one["book"]), "size": int(one["size"]), "root": str(one["root"])} for one in found]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WrongUse(_("看不懂公布的指纹文件：{path}").format(path=path)) from error


# Going back


def restore(source: Path, *, published: list[dict[str, Any]], is_forced: bool) -> dict[str, Any]:
    """Unpack beside the store, check every hash, the database and the seals, then put all of it in place."""
    target = folder()
    waiting = target / "restoring"
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.mkdir(parents=True)
    try:
        manifest = _unpack(source, waiting)
        _check_store(waiting / STORE)
        if manifest.get("vault") != vault.digest("backup", FORMAT) and not is_forced:
            raise WrongUse(
                _("钥匙对不上：请先把原来的 vault.key 放进数据夹，不然身份证号和电话读不出来。一定要恢复就加 --force。")
            )
        check_against_published(heads_of(waiting / STORE), published, is_forced=is_forced)
        connection.close()
        _require_closed(target / STORE)
        for ending in ("-wal", "-shm", "-journal"):
            (target / f"{STORE}{ending}").unlink(missing_ok=True)
        os.replace(waiting / STORE, target / STORE)
        media = target / "media"
        shutil.rmtree(media, ignore_errors=True)
        if (waiting / "media").exists():
            os.replace(waiting / "media", media)
        flush(target)
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
    return manifest


def _require_closed(store: Path) -> None:
    """A server that still has the store open would go on writing into the file that goes away. A damaged store is nobody's."""
    if not store.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(store, timeout=0)) as alone:
            alone.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise WrongUse(_("服务还开着。先停下服务，再恢复。")) from error
    except sqlite3.DatabaseError:
        return


def _unpack(source: Path, waiting: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(source) as archive:
            head = archive.getinfo(MANIFEST)
            if head.file_size > LARGEST_MANIFEST:
                raise WrongUse(_("这不是本系统的备份文件。"))
            manifest: dict[str, Any] = json.loads(archive.read(head))
            if manifest.get("format") != FORMAT or STORE not in manifest["files"]:
                raise WrongUse(_("这不是本系统的备份文件。"))
            for name, facts in manifest["files"].items():
                _unpack_one(archive, name, facts, waiting)
            return manifest
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError) as error:
        raise WrongUse(_("备份文件坏了或读不了：{path}").format(path=source)) from error


def _unpack_one(archive: zipfile.ZipFile, name: str, facts: dict[str, Any], waiting: Path) -> None:
    parts = PurePosixPath(name).parts
    if name != STORE and (parts[:1] != ("media",) or ".." in parts or "\\" in name):
        raise WrongUse(_("备份文件里有不该有的东西：{name}").format(name=name))
    place = waiting.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), int(facts["bytes"])
    with archive.open(name) as source, open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        left -= _pour(source, out, digest, left)
        out.flush()
        os.fsync(out.fileno())
    if left or digest.hexdigest() != facts["sha256"]:
        raise WrongUse(_("备份文件里的 {name} 坏了，不能用它恢复。").format(name=name))


def _pour(source: IO[bytes], out: IO[bytes], digest: Any, most: int) -> int:
    """Copy at most one byte more than was promised, so that a swollen file is noticed and not written out."""
    done = 0
    while done <= most and (piece := source.read(min(PIECE, most + 1 - done))):
        out.write(piece)
        digest.update(piece)
        done += len(piece)
    return done


def _check_store(store: Path) -> None:
    with contextlib.closing(sqlite3.connect(store)) as copy:
        answer = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if answer[0] != "ok":
        raise WrongUse(_("备份里的账本文件坏了，不能用它恢复。"))
