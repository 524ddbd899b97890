#!/usr/bin/env python3
"""文明银行 Wenming Bank: one file that takes a fresh machine to a running town. Standard library only.

python3 run.py demo          a browsable demo town (--scale village|town, --port, --data DIR, --no-open)
python3 run.py test          every test: SQLite, PostgreSQL and a real browser, set up by itself
python3 run.py check         style, types, import contracts; --long adds the long reliability runs
python3 run.py fix           let the formatter mend what it can
python3 run.py bench [PART]  speed as ratios measured in one run: ledger, pages, import, server
python3 run.py COMMAND …     any command of the `wenming` program, in the same environment
"""

from __future__ import annotations

import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("WENMING_VENV", ROOT / ".venv"))
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
SPEAKS_TO_THE_STORE = [
    *(f"tests/{place}" for place in ("domain", "properties", "reliability", "races", "races_mall", "surfaces")),
    "tests/browser/test_walk.py",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")


def call(*command: object, quiet: bool = False) -> None:
    """Run one command; stop with its exit code when it fails."""
    out = subprocess.DEVNULL if quiet else None
    code = subprocess.call([str(part) for part in command], cwd=ROOT, stdout=out)
    if code:
        sys.exit(code)


def is_root_on_debian() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> None:
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    call("apt-get", "update", "-qq", quiet=True)
    call("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, quiet=True)


def make_venv() -> None:
    """Make the environment; on a bare Debian the venv module has to be fetched first."""
    try:
        venv.create(VENV, with_pip=True)
        return
    except (subprocess.CalledProcessError, SystemExit):
        shutil.rmtree(VENV, ignore_errors=True)
    if not is_root_on_debian():
        sys.exit("请先安装 python3-venv，再运行一次。 / Please install python3-venv, then run this again.")
    apt_install("python3-venv")
    call(sys.executable, "-m", "venv", VENV)


def ensure(lock: str) -> None:
    """Install the pinned packages of one lock file; immediate when nothing has changed."""
    if sys.version_info < (3, 11):  # noqa: UP036 (an older Python still reads this far)
        sys.exit("需要 Python 3.11 或更新的版本。 / Python 3.11 or newer is needed.")
    files = (ROOT / "requirements" / lock, ROOT / "pyproject.toml")
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    stamp = VENV / f".stamp-{lock}"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        print("正在准备运行环境（只有第一次需要）… / Preparing the environment, once only …", flush=True)
        make_venv()
    pip = (PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check")
    call(*pip, "--require-hashes", "--only-binary", ":all:", "-r", ROOT / "requirements" / lock)
    call(*pip, "--no-deps", "-e", ROOT)
    stamp.write_text(wanted)


def ensure_browser() -> None:
    """Find or install Chromium and the one library that its driver needs."""
    missing = []
    if not os.environ.get("WENMING_CHROMIUM") and not any(map(shutil.which, BROWSERS)):
        missing.append("chromium")
    if sys.platform == "linux" and ctypes.util.find_library("atomic") is None:
        missing.append("libatomic1")
    if missing and is_root_on_debian():
        apt_install(*missing)
    elif "chromium" in missing:
        call(PYTHON, "-m", "playwright", "install", "chromium")
    elif missing:
        sys.exit("浏览器测试还缺 libatomic1，请先安装。 / Please install libatomic1 for the browser tests.")


def tool(name: str) -> Path:
    return BIN / (f"{name}.exe" if os.name == "nt" else name)


def check(arguments: list[str]) -> int:
    ensure("test.lock")
    call(tool("ruff"), "check", ".")
    call(tool("ruff"), "format", "--check", ".")
    call(tool("mypy"))
    call(tool("lint-imports"), "--no-cache")
    if "--long" in arguments:
        ensure_browser()
        call(PYTHON, "-m", "pytest", "-q", "tests/long", "--run-long", *[a for a in arguments if a != "--long"])
    return 0


def test(arguments: list[str]) -> int:
    """Style, types and contracts, then every test on SQLite, then all that speaks to the store again on PostgreSQL."""
    ensure("test.lock")
    ensure_browser()
    if arguments:
        return subprocess.call([str(PYTHON), "-m", "pytest", *arguments], cwd=ROOT)
    check([])
    codes = []
    for database, places in (("sqlite", ["tests"]), ("postgresql", SPEAKS_TO_THE_STORE)):
        print(f"== tests on {database}", flush=True)
        environment = dict(os.environ, WENMING_TEST_DATABASE=database)
        command = [str(PYTHON), "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", *places]
        codes.append(subprocess.call(command, cwd=ROOT, env=environment))
    return max(codes)


def main(arguments: list[str]) -> int:
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("", "-h", "--help"):
        print(__doc__)
        return 0 if command else 2
    if command == "test":
        return test(rest)
    if command == "check":
        return check(rest)
    if command == "fix":
        ensure("test.lock")
        call(tool("ruff"), "check", "--fix", ".")
        call(tool("ruff"), "format", ".")
        return 0
    ensure("run.lock" if not (VENV / ".stamp-test.lock").exists() else "test.lock")
    os.environ.setdefault("WENMING_DATA", str(ROOT / "data"))
    program = [str(PYTHON), "-m", "wenming", command, *rest]
    if os.name != "nt":
        os.execv(program[0], program)
    return subprocess.call(program)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
