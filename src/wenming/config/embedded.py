"""Choose the SQLite library and journal for the embedded store.

A write-ahead log is safe only where the WAL-reset fault is mended: 3.51.3 and later, and the backports 3.44.6 and
3.50.7 (SQLite change log). Elsewhere the store keeps the rollback journal. `synchronous` is FULL always: with NORMAL a
write-ahead log loses acknowledged commits when the power fails.

The log is folded back after 32 MB and its file used again, never cut.
"""

from __future__ import annotations

import importlib
import sys


def use_newest_library() -> None:
    """Put pysqlite3, which carries a current SQLite, in the place of the standard module. Call before Django loads."""
    try:
        newer = importlib.import_module("pysqlite3")
    except ImportError:
        return
    sys.modules["sqlite3"] = newer
    sys.modules["sqlite3.dbapi2"] = importlib.import_module("pysqlite3.dbapi2")


def is_write_ahead_safe(version: tuple[int, int, int]) -> bool:
    if version >= (3, 51, 3):
        return True
    return (version[:2] == (3, 44) and version[2] >= 6) or (version[:2] == (3, 50) and version[2] >= 7)


def pragmas(version: tuple[int, int, int]) -> str:
    journal = "WAL" if is_write_ahead_safe(version) else "DELETE"
    return (
        f"PRAGMA journal_mode={journal}; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA secure_delete=ON; PRAGMA recursive_triggers=ON; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=8000;"
    )
