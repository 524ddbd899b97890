#!/usr/bin/env python3
"""Wenming Bank: one file that takes a fresh machine to a running town. Standard library only.

python3 run.py demo          a browsable demo town (--scale village|town, --port, --data DIR, --no-open)
python3 run.py test          every test: SQLite, PostgreSQL and a real browser, set up by itself
python3 run.py check         style, types, import contracts; --long adds the long reliability runs
python3 run.py fix           let the formatter mend what it can
python3 run.py bench [PART]  speed as ratios measured in one run: ledger, pages, web, import, server, http
python3 run.py COMMAND …     any command of the `wenming` program, in the same environment; --help behind it says more

--language zh|en             in Chinese or English; else as the machine is set (LANGUAGE, LANG), else Chinese
"""

from __future__ import annotations

import contextlib
import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "src"))

from wenming.locale import shell  # noqa: E402  (the one part of the program that needs nothing installed)

CHINESE_DOC = """文明银行：一个文件，从空机器到一个能用的镇。只用 Python 标准库。

python3 run.py demo          可以点开看的演示镇（--scale village|town、--port、--data 数据夹、--no-open）
python3 run.py test          全部测试：SQLite、PostgreSQL、真浏览器，要用的自己装好
python3 run.py check         格式、类型、引用约定；--long 加上长时间的可靠性测试
python3 run.py fix           让格式化工具改它能改的
python3 run.py bench [项目]  测速，在一次里量完：ledger、pages、web、import、server、http
python3 run.py 命令 …        wenming 程序的任何一条命令，在同一个环境里；后面加 --help 看用法

--language zh|en             用中文或英文；不写就照机器的设置（LANGUAGE、LANG），没有设置用中文
"""
VENV = Path(os.environ.get("WENMING_VENV", ROOT / ".venv"))
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "microsoft-edge")


def call(*command: object, quiet: bool = False) -> None:
    """Run one command; stop with its exit code when it fails."""
    out = subprocess.DEVNULL if quiet else None
    code = subprocess.call([str(part) for part in command], cwd=ROOT, stdout=out)
    if code:
        sys.exit(code)


def is_root_on_debian() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_knows(package: str) -> bool:
    return subprocess.call(("apt-cache", "show", package), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def apt_install(*packages: str) -> None:
    """Install the packages; of `this|that` the first that the distribution has."""
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    call("apt-get", "update", "-qq", quiet=True)
    chosen = [next(filter(apt_knows, package.split("|")), package) for package in packages]
    call("apt-get", "install", "-y", "-qq", "--no-install-recommends", *chosen, quiet=True)


def make_venv() -> None:
    """Make the environment; on a bare Debian the venv module has to be fetched first."""
    try:
        venv.create(VENV, with_pip=True)
        return
    except (subprocess.CalledProcessError, SystemExit):
        shutil.rmtree(VENV, ignore_errors=True)
    if not is_root_on_debian():
        sys.exit(shell.said("请先安装 python3-venv，再运行一次。", "Please install python3-venv, then run this again."))
    apt_install("python3-venv")
    call(sys.executable, "-m", "venv", VENV)


def ensure(lock: str) -> None:
    """Install the pinned packages of one lock file; immediate when nothing has changed."""
    if sys.version_info < (3, 11):  # noqa: UP036 (an older Python still reads this far)
        sys.exit(shell.said("需要 Python 3.11 或更新的版本。", "Python 3.11 or newer is needed."))
    files = (ROOT / "requirements" / lock, ROOT / "pyproject.toml")
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    stamp = VENV / f".stamp-{lock}"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        words = shell.said("正在准备运行环境（只有第一次需要）…", "Preparing the environment, once only …")
        print(words, flush=True)
        make_venv()
    pip = (PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check")
    call(*pip, "--require-hashes", "--only-binary", ":all:", "-r", ROOT / "requirements" / lock)
    call(*pip, "--no-deps", "-e", ROOT)
    stamp.write_text(wanted)


def ensure_browser() -> None:
    """Find or install Chromium and the one library that its driver needs."""
    missing = []
    if not os.environ.get("WENMING_CHROMIUM") and not any(map(shutil.which, BROWSERS)):
        missing.append("chromium-headless-shell|chromium")
    if sys.platform == "linux" and ctypes.util.find_library("atomic") is None:
        missing.append("libatomic1")
    if missing and is_root_on_debian():
        apt_install(*missing)
    elif missing and missing != ["libatomic1"]:
        call(PYTHON, "-m", "playwright", "install", "chromium")
    elif missing:
        words = "浏览器测试还缺 libatomic1，请先安装。", "Please install libatomic1 for the browser tests."
        sys.exit(shell.said(*words))


def tool(name: str) -> Path:
    return BIN / (f"{name}.exe" if os.name == "nt" else name)


def check(arguments: list[str]) -> int:
    ensure("test.lock")
    call(tool("ruff"), "check", ".")
    call(tool("ruff"), "format", "--check", ".")
    call(tool("mypy"))
    call(tool("lint-imports"), "--no-cache")
    print("style, types and contracts are good", flush=True)
    if "--long" in arguments:
        rest = [argument for argument in arguments if argument != "--long"]
        if not rest:
            call(PYTHON, "-m", "pytest", "-q", "tests/long", "--run-long")
        call(PYTHON, "-m", "tests.long", *rest)
    return 0


class Run:
    """One command beside others; what it says waits in a file, so that nothing is mixed up."""

    def __init__(self, name: str, log: Path, *command: object, **environment: str) -> None:
        self.name, self.log = name, log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [str(part) for part in command], cwd=ROOT, env={**os.environ, **environment}, stdout=out, stderr=out
            )

    def follow(self) -> int:
        """Print what it has said and says until it ends; its exit code."""
        print(f"== {self.name}", flush=True)
        with self.log.open("rb") as said:
            is_over = False
            while not is_over:
                is_over = self.process.poll() is not None
                sys.stdout.write(said.read().decode("utf-8", "replace"))
                sys.stdout.flush()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.2)
        return self.process.returncode

    def end(self) -> None:
        """Let it tidy up after itself when somebody has broken off; by force if it will not."""
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.terminate()

    @property
    def summary(self) -> str:
        """The last line of its report, as pytest ends: counts and seconds."""
        lines = self.log.read_text("utf-8", "replace").split("\n")
        return next((line.strip("= ") for line in reversed(lines) if line.strip()), "said nothing")


def test(arguments: list[str]) -> int:
    """Every test on SQLite, those of the browser beside the others, and what speaks to the store on PostgreSQL; the check too."""
    ensure("test.lock")
    ensure_browser()
    pytest = (PYTHON, "-m", "pytest")
    if arguments:
        return subprocess.call([str(part) for part in (*pytest, *arguments)], cwd=ROOT)
    started = time.monotonic()
    rooms = sorted(path for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "browser")
    workers = (os.cpu_count() or 1) // 2
    share = ("-n", workers, "--dist", "loadscope") if workers > 1 else ()
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        runs = [
            Run(name, Path(place, name), *command, WENMING_TEST_DATABASE=name.partition(" ")[0])
            for name, command in (
                ("sqlite", (*pytest, "-q", *share, "tests", "--ignore", "tests/browser")),
                ("sqlite in the browser", (*pytest, "-q", *share, "tests/browser")),
                # The walk last: what forks a process must not find a browser and its server in its own.
                ("postgresql", (*pytest, "-q", *share, *rooms, "tests/browser/test_walk.py")),
                ("check", (sys.executable, __file__, "check")),
            )
        ]
        for run in runs:
            stack.callback(run.end)
        codes = [run.follow() for run in runs]
        print("\n".join(f"== {run.name}: {run.summary}" for run in runs))
        print(f"== {time.monotonic() - started:.0f} s in all")
    return max(codes, key=abs)


def main(arguments: list[str]) -> int:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every start of the program compiles it anew
    arguments = shell.read_option(arguments)
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("", "-h", "--help"):
        print(shell.said(CHINESE_DOC, __doc__ or ""))
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
