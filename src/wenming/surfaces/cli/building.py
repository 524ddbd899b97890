"""Build an embedded store beside its final place, fast, and put it there whole.

While it is being built the store is a scratch file that nobody reads: no waiting for the disk. Nor is the growing heap
searched for rings again and again; the process ends soon after. At the end everything is flushed and the file renamed into
place, so a folder holds a whole store or none. A live store is never opened this way.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterator
from pathlib import Path

from django.db import connection, transaction

SCRATCH = "building.sqlite3"
# A journal in memory would make every statement inside a savepoint walk the whole of it; a file that nobody waits for does not.
FAST = (
    "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA foreign_keys=ON; "
    "PRAGMA cache_size=-400000;"
)


@contextlib.contextmanager
def scratch_store() -> Iterator[None]:
    """Inside the block the store is a scratch file; it takes its real name when the block ends well, else it is removed."""
    if connection.vendor != "sqlite":
        yield
        return
    place = Path(connection.settings_dict["NAME"])
    scratch = place.with_name(SCRATCH)
    options = connection.settings_dict["OPTIONS"]
    usual = options["init_command"]
    _remove(scratch)
    connection.close()
    connection.settings_dict["NAME"], options["init_command"] = scratch, FAST
    gc.disable()
    try:
        yield
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit=400")
            cursor.execute("ANALYZE")
        connection.close()
        flush(scratch)
        os.replace(scratch, place)
        flush(place.parent)
    finally:
        gc.enable()
        connection.close()
        connection.settings_dict["NAME"], options["init_command"] = place, usual
        _remove(scratch)


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Acts inside the block reach the scratch store's file together, at its end: a page that many of them change, once."""
    with transaction.atomic() if _is_scratch() else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def postponed_indexes(table: str, *, keep: tuple[str, ...] = ()) -> Iterator[None]:
    """Inside the block a table of the scratch store does without its plain indexes; at the end each is made in one sweep."""
    if not _is_scratch():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL", [table])
        plain = {name: sql for name, sql in cursor.fetchall() if sql.startswith("CREATE INDEX") and name not in keep}
        for name in plain:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
    yield
    with connection.cursor() as cursor:
        for sql in plain.values():
            cursor.execute(sql)


def _is_scratch() -> bool:
    return connection.vendor == "sqlite" and Path(connection.settings_dict["NAME"]).name == SCRATCH


def flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
