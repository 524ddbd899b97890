"""The progress bar: per cent, what is being done, seconds so far. One line that rewrites itself; plain lines in a log."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

WIDTH = 24


class Progress:
    """Speaks the language that was on when it was made; what is being built may be written in another."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.language = translation.get_language()
        self.lives = self.out.isatty()
        self.started = time.monotonic()
        self.shown = -10

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def show(self, part: float, what: str | Promise) -> None:
        """`part` is between 0 and 1. A log gets a line for every tenth, a screen a bar that grows."""
        percent = min(100, int(part * 100))
        with translation.override(self.language):
            words = _("{what}  {seconds} 秒").format(what=what, seconds=round(self.seconds))
        if self.lives:
            full = percent * WIDTH // 100
            bar = "█" * full + "░" * (WIDTH - full)
            self.out.write(f"\r\033[K{bar} {percent:3d}%  {words}")
        elif percent >= self.shown + 10:
            self.shown = percent - percent % 10
            self.out.write(f"{percent:3d}%  {words}\n")
        self.out.flush()

    def end(self, what: str) -> None:
        self.show(1.0, what)
        if self.lives:
            self.out.write("\n")
            self.out.flush()
