"""What is looked at before a file is parsed: its true kind, its unpacked size, and what has no place in a clerk's sheet.

Nothing here trusts a file's name or what the file says of itself: every packed part is unpacked within bounds and its
checksum compared, every XML part is walked once by expat with entities and document types forbidden, and every record
of an old `.xls` workbook is walked by its own length.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _

from wenming.core.errors import Refusal

LARGEST_FILE = 20 * 1024 * 1024
LARGEST_UNPACKED = 200 * 1024 * 1024
LARGEST_RATIO = 100
RATIO_COUNTS_FROM = 1024 * 1024
MOST_PARTS = 2_000
MOST_ROWS = 100_000
MOST_COLUMNS = 200
MOST_CELLS = 2_000_000

OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
_CELL = re.compile(r"\$?([A-Za-z]{1,7})\$?(\d{1,10})")
_CODE = (".bin", ".exe", ".dll", ".js", ".vbs", ".ps1", ".bat", ".jar")
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".xlsx", ".xlsm", ".docx", ".pptx")


class FileRefused(Refusal):
    code, message, field = "intake.file_refused", _("这个文件打不开，请换一个。"), "file"

    def __init__(self) -> None:
        super().__init__(field="file")


class FileTooLarge(FileRefused):
    code, message = "intake.file_too_large", _("文件太大了，最大 20 MB。请分成几张表再传。")


class FileEmpty(FileRefused):
    code, message = "intake.file_empty", _("这张表是空的。")


class WrongFileType(FileRefused):
    code, message = "intake.wrong_file_type", _("这不是表格文件。请传 Excel 表（.xlsx、.xls）或 CSV 表。")


class FileDamaged(FileRefused):
    code, message = "intake.file_damaged", _("这个文件坏了，打不开。请在电脑上打开它，另存一份再传。")


class PackedTooTight(FileRefused):
    code, message = "intake.packed_too_tight", _("这个文件解开后太大，不收。请把表另存成一份新的 .xlsx 再传。")


class HasMacros(FileRefused):
    code, message = "intake.has_macros", _("这个文件里有宏程序，不收。请另存为普通的 .xlsx 再传。")


class HasLinks(FileRefused):
    code, message = "intake.has_links", _("这个文件连着别的文件，不收。请把那些格子“选择性粘贴”成数值再传。")


class HasEmbeddedFiles(FileRefused):
    code, message = "intake.has_embedded_files", _("这张表里夹带了别的文件，不收。请删掉夹带的文件再传。")


class Encrypted(FileRefused):
    code, message = "intake.encrypted", _("这个文件加了密码，打不开。请先去掉密码再传。")


class UnsafeXml(FileRefused):
    code, message = "intake.unsafe_xml", _("这个文件的写法不安全，不收。请把表另存成一份新的 .xlsx 再传。")


class TooManyRows(FileRefused):
    code, message = "intake.too_many_rows", _("这张表超过 10 万行，请分成几张表再传。")


class TooManyColumns(FileRefused):
    code, message = "intake.too_many_columns", _("这张表超过 200 列，请删掉用不着的列再传。")


class TooManyCells(FileRefused):
    code, message = "intake.too_many_cells", _("这张表的格子太多了，请分成几张表再传。")


def check_size(data: bytes) -> None:
    if len(data) > LARGEST_FILE:
        raise FileTooLarge()
    if not data:
        raise FileEmpty()


def check_area(rows: int, columns: int) -> None:
    if rows > MOST_ROWS:
        raise TooManyRows()
    if columns > MOST_COLUMNS:
        raise TooManyColumns()
    if rows * columns > MOST_CELLS:
        raise TooManyCells()


@lru_cache(maxsize=4096)
def column_number(letters: str) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


# ── .xlsx ──


def check_xlsx(data: bytes) -> None:
    """Refuse what isn't a plain workbook, before a parser sees it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_parts(parts, len(data))
            for part in parts:
                _check_content(part.filename, archive.read(part))
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise FileDamaged() from error


def _check_parts(parts: list[zipfile.ZipInfo], packed: int) -> None:
    names = [part.filename.lower() for part in parts]
    if len(parts) > MOST_PARTS or len(set(names)) != len(names):
        raise PackedTooTight()
    unpacked = sum(part.file_size for part in parts)
    if unpacked > LARGEST_UNPACKED or (unpacked > RATIO_COUNTS_FROM and unpacked > LARGEST_RATIO * packed):
        raise PackedTooTight()
    for part in parts:
        if part.flag_bits & 1:
            raise Encrypted()
        if part.file_size > RATIO_COUNTS_FROM and part.file_size > LARGEST_RATIO * max(part.compress_size, 1):
            raise PackedTooTight()
    for name in names:
        _check_name(name)
    if "xl/workbook.xml" not in names:
        raise WrongFileType()


def _check_name(name: str) -> None:
    if "vba" in name or "/macrosheets/" in name:
        raise HasMacros()
    if "externallink" in name or name.endswith(("/connections.xml", "/querytables.xml")):
        raise HasLinks()
    if "/embeddings/" in name or name.endswith(_ARCHIVES):
        raise HasEmbeddedFiles()
    if name.endswith(_CODE) and not name.startswith(("xl/printersettings/", "xl/customproperty")):
        raise HasMacros() if name.startswith("xl/") else HasEmbeddedFiles()


def _check_content(name: str, content: bytes) -> None:
    lowered = name.lower()
    if not lowered.endswith((".xml", ".rels", ".vml")):
        if content[:4] == b"PK\x03\x04" or content[:8] == OLE_MAGIC:
            raise HasEmbeddedFiles()
        return
    if lowered == "[content_types].xml" and b"macroEnabled" in content:
        raise HasMacros()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:200]:
        raise UnsafeXml()
    _XmlWalk(is_sheet=lowered.startswith("xl/worksheets/") and lowered.endswith(".xml")).walk(content)


class _XmlWalk:
    """One pass of expat: no document type, no entities; for a worksheet also the area that its filled cells span."""

    def __init__(self, is_sheet: bool) -> None:
        self.row = self.column = 0
        self.place: str | None = None
        self.filled: list[str] = []
        self.last_row = self.last_column = 0
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.buffer_text = True
        if is_sheet:
            self.parser.StartElementHandler = self._start

    def walk(self, content: bytes) -> None:
        try:
            self.parser.Parse(content, True)
        except expat.ExpatError as error:
            raise FileDamaged() from error
        for place in self.filled:
            match = _CELL.fullmatch(place)
            if match is None:
                raise FileDamaged()
            self.last_row = max(self.last_row, int(match[2]))
            self.last_column = max(self.last_column, column_number(match[1]))
        check_area(self.last_row, self.last_column)

    @staticmethod
    def _refuse(*_facts: object) -> None:
        raise UnsafeXml()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        """Note the place of every cell that holds something. Cells without a place count on from the one before."""
        if tag == "v" or tag == "is" or tag == "f":
            if self.place is not None:
                self.filled.append(self.place)
            self.last_row, self.last_column = max(self.last_row, self.row), max(self.last_column, self.column)
        elif tag == "c":
            self.place = attributes.get("r")
            self.column = self.column + 1 if self.place is None else 0
        elif tag == "row":
            self.row = int(attributes["r"]) if attributes.get("r", "").isdecimal() else self.row + 1
            self.column = 0
        elif ":" in tag:
            self._start(tag.rpartition(":")[2], attributes)


# ── .xls ──

_SHORT_CELLS = frozenset({0x0201, 0x0203, 0x0204, 0x0205, 0x00FD, 0x0006, 0x0206, 0x0406, 0x027E, 0x00BD, 0x00BE, 0x00D6, 0x0003})
_FILEPASS, _SUPBOOK, _DCON = 0x002F, 0x01AE, 0x0050


def check_xls(data: bytes) -> None:
    """Walk an old workbook's records: no password, no macros, no links, and an area that fits."""
    for word in ("_VBA_PROJECT", "_VBA_PROJECT_CUR", "VBA"):
        if word.encode("utf-16-le") + b"\0\0" in data:
            raise HasMacros()
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Encrypted()
    try:
        stream = _workbook_stream(data)
    except (struct.error, IndexError) as error:
        raise FileDamaged() from error
    last_row = last_column = 0
    for kind, body in _records(stream):
        if kind == _FILEPASS:
            raise Encrypted()
        if kind == _DCON or (kind == _SUPBOOK and len(body) > 4 and body[2:4] not in (b"\x01\x04", b"\x01\x3a")):
            raise HasLinks()
        if kind in _SHORT_CELLS and len(body) >= 4:
            row, column = struct.unpack_from("<HH", body)
            if kind in (0x00BD, 0x00BE) and len(body) >= 6:
                column = struct.unpack_from("<H", body, len(body) - 2)[0]
            last_row, last_column = max(last_row, row + 1), max(last_column, column + 1)
    check_area(last_row, last_column)


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _workbook_stream(data: bytes) -> bytes:
    """The bytes of the `Workbook` stream out of the compound file; each sector is visited at most once."""
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in (9, 12):
        raise FileDamaged()
    size = 1 << shift

    def sector(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size]

    heads = [number for number in struct.unpack_from("<109I", data, 76) if number < 0xFFFFFFFA]
    table: list[int] = []
    for number in heads:
        body = sector(number)
        table.extend(struct.unpack(f"<{len(body) // 4}I", body[: len(body) // 4 * 4]))

    def chain(first: int) -> bytes:
        parts, seen = [], set()
        while first < min(len(table), 0xFFFFFFFA) and first not in seen:
            seen.add(first)
            parts.append(sector(first))
            first = table[first]
        return b"".join(parts)

    directory = chain(struct.unpack_from("<I", data, 48)[0])
    for at in range(0, len(directory) - 127, 128):
        length = struct.unpack_from("<H", directory, at + 64)[0]
        name = directory[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
        if name in ("Workbook", "Book"):
            first, total = struct.unpack_from("<II", directory, at + 116)
            cutoff = struct.unpack_from("<I", data, 56)[0]
            return chain(first)[:total] if total >= cutoff else _small_stream(data, directory, chain, first, total)
    raise WrongFileType()


def _small_stream(data: bytes, directory: bytes, chain: object, first: int, total: int) -> bytes:
    """A stream below the cut-off lives in 64-byte pieces of the root entry's stream."""
    assert callable(chain)
    table_bytes = chain(struct.unpack_from("<I", data, 60)[0])
    table = struct.unpack(f"<{len(table_bytes) // 4}I", table_bytes[: len(table_bytes) // 4 * 4])
    store = chain(struct.unpack_from("<I", directory, 116)[0])
    parts, seen = [], set()
    while first < len(table) and first not in seen:
        seen.add(first)
        parts.append(store[first * 64 : first * 64 + 64])
        first = table[first]
    return b"".join(parts)[:total]
