"""Backups of a store on a PostgreSQL server: its own base backup, checked, and the pictures beside it, in one folder.

The way back is the server's own (docs/operating/backup.md): the folder `base` becomes its data folder, the archive of its
write-ahead log brings it to any later instant.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from wenming.domain.ledger import queries as ledger
from wenming.surfaces.cli import backups
from wenming.surfaces.cli.building import flush
from wenming.surfaces.cli.command import WrongUse

FORMAT = "wenming-bank-server-backup/1"


def make(out: Path, at: datetime) -> dict[str, Any]:
    """A base backup while people work, verified, with the heads that it holds at least. Written whole or not at all."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WrongUse(_("{path} 里已经有东西，请换一个空的文件夹。").format(path=out))
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    try:
        heads = _heads()
        _run("pg_basebackup", *_server(), "-D", str(unfinished / "base"), "-X", "stream", "-c", "fast", "--no-password")
        _run("pg_verifybackup", "--quiet", str(unfinished / "base"))
        files: dict[str, dict[str, Any]] = {}
        with zipfile.ZipFile(unfinished / "media.zip", "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            backups.put_pictures(archive, files)
        manifest = {"format": FORMAT, "made_at": at.isoformat(), "mode": settings.MODE, "heads": heads, "files": files}
        (unfinished / backups.MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        for name in ("media.zip", backups.MANIFEST):
            flush(unfinished / name)
        if out.exists():
            out.rmdir()
        os.replace(unfinished, out)
        flush(out.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return manifest


def _heads() -> list[dict[str, Any]]:
    found = [(book.code, ledger.latest_seal(book.pk)) for book in ledger.books()]
    return [{"book": code, "size": seal.size, "root": bytes(seal.root).hex()} for code, seal in found if seal]


def _server() -> list[str]:
    facts = connection.settings_dict
    parts = {"-h": facts["HOST"], "-p": facts["PORT"], "-U": facts["USER"]}
    return [word for option, value in parts.items() if value for word in (option, str(value))]


def _run(program: str, *arguments: str) -> None:
    """Run one of the server's own programs; its complaint becomes one sentence."""
    found = shutil.which(program)
    if found is None:
        raise WrongUse(_("没有找到 PostgreSQL 的程序 {program}。请装上和服务器同版本的客户端，再备份。").format(program=program))
    environment = dict(os.environ, PGPASSWORD=str(connection.settings_dict["PASSWORD"]), LC_ALL="C")
    done = subprocess.run([found, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        complaint = (done.stderr.strip() or done.stdout.strip() or str(done.returncode)).splitlines()[-1]
        raise WrongUse(_("{program} 没有办成：{complaint}").format(program=program, complaint=complaint))
