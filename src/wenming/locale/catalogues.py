"""From the `.po` in the source to the `.mo` that gettext reads, at the start of the program. Standard library only.

A language code is `zh-hans` or `en`, with `-x-` and the name of a word pack behind it if the bank has chosen one: each is a
catalogue of its own, so that showing a page costs the same in all of them.
"""

from __future__ import annotations

import ast
import hashlib
import os
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path

from wenming.locale import shell
from wenming.locale.packs import CHINESE, ENGLISH, PACKS, reworded

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "en" / "LC_MESSAGES" / "django.po"
_MAGIC = 0x950412DE
_HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"


def read(path: Path = SOURCE) -> dict[str, str]:
    """Chinese sentence → English sentence, as the file has them; comments and the head are skipped."""
    found: dict[str, str] = {}
    parts: dict[str, str] = {}
    name = ""
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith(("msgid ", "msgstr ")):
            name, _blank, line = line.partition(" ")
            parts[name] = ast.literal_eval(line)
        elif line.startswith('"'):
            parts[name] += ast.literal_eval(line)
        elif not line and parts:
            found[parts["msgid"]] = parts["msgstr"]
            parts = {}
    found.pop("", None)
    return found


def compiled(words: Mapping[str, str]) -> bytes:
    """The same as a `.mo`: two tables of lengths and places, then the texts, sorted by msgid."""
    pairs = sorted((key.encode(), value.encode()) for key, value in {**words, "": _HEADER}.items())
    start = 28 + 16 * len(pairs)
    tables: list[list[int]] = [[], []]
    texts = b""
    for which, table in enumerate(tables):
        for pair in pairs:
            table += (len(pair[which]), start + len(texts))
            texts += pair[which] + b"\0"
    head = struct.pack("<7I", _MAGIC, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + b"".join(struct.pack(f"<{len(table)}I", *table) for table in tables) + texts


def catalogues() -> dict[str, dict[str, str]]:
    """The words of every locale by its folder, named as Django does; the plain Chinese one needs none."""
    english = read()
    found = {"en": english}
    for pack in PACKS:
        found[f"zh_Hans-x-{pack}"] = reworded({text: text for text in english}, pack, CHINESE)
        found[f"en_X-{pack}"] = {**english, **reworded(english, pack, ENGLISH)}
    return found


def prepare(folder: Path) -> Path:
    """Make what gettext reads under `folder` unless it is there already; answers with the path for `LOCALE_PATHS`.

    The place is named by what it was made from, so a new version makes its own and two processes can't disturb each other.
    """
    made_from = b"".join(path.read_bytes() for path in (SOURCE, HERE / "packs.py", HERE / "shell.py", Path(__file__)))
    wanted = folder / hashlib.sha256(made_from).hexdigest()[:16]
    if wanted.exists():
        return wanted
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as draft:
        for locale, words in catalogues().items():
            _put(Path(draft) / "made" / locale / "LC_MESSAGES" / "django.mo", words)
        _put(Path(draft) / "made" / shell.FOLDER / "LC_MESSAGES" / f"{shell.OPTIONS}.mo", shell.OPTION_WORDS)
        try:
            os.rename(Path(draft) / "made", wanted)
        except OSError:
            if not wanted.exists():
                raise
    return wanted


def _put(place: Path, words: Mapping[str, str]) -> None:
    place.parent.mkdir(parents=True)
    place.write_bytes(compiled(words))
