"""The built-in server: waitress, the static files and the timetable in one process."""

from __future__ import annotations

import os
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from types import FrameType

import waitress
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.utils.translation import gettext as _

from wenming.surfaces.cli.command import WrongUse
from wenming.surfaces.cli.timetable import Timetable

HOST = "127.0.0.1"
PORT = 8000
THREADS = 8
KEPT_PAGES = "PRAGMA cache_size=-8192;"


def migrate() -> None:
    """Bring the store's tables up to this version."""
    call_command("migrate", verbosity=0, interactive=False)


def address(port: int, host: str = HOST) -> str:
    return f"http://{host}:{port}/"


def require_free_port(port: int, host: str = HOST) -> None:
    """Say so in words, before anything is built, when the port is taken."""
    if not 1 <= port <= 65535:
        raise WrongUse(_("端口要在 1 到 65535 之间。"))
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1 if os.name == "posix" else 0)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise WrongUse(_("端口 {port} 已被占用，请用 --port 换一个。").format(port=port)) from error


def keep_connections() -> None:
    """Every thread keeps its connection to the embedded store: opening one took a quarter of a request's work.

    It holds 8 MB of the store's pages, not the 64 MB of a single command: the threads together would not stay small.
    """
    if connection.vendor == "sqlite":
        connection.close()
        connection.settings_dict["CONN_MAX_AGE"] = None
        connection.settings_dict["OPTIONS"]["init_command"] += f" {KEPT_PAGES}"


def serve(*, port: int, say: Callable[[str], None], greeting: str, open_browser: bool = False) -> None:
    """Answer requests until SIGTERM or SIGINT; then finish what is in hand and end."""
    server = waitress.create_server(get_wsgi_application(), host=HOST, port=port, threads=THREADS, ident="")
    timetable = Timetable()
    keep_connections()

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    timetable.start()
    say(greeting)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(address(port),), daemon=True).start()
    try:
        server.run()
    except KeyboardInterrupt:
        server.close()
    finally:
        timetable.stop()
    say(_("已停止。"))
