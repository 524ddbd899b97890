"""The progress bar: per cent, what is being done, seconds so far. One line that rewrites itself; plain lines in a log."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 24


class Progress:
    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.lives = self.out.isatty()
        self.started = time.monotonic()
        self.shown = -10

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def show(self, part: float, what: str) -> None:
        """`part` is between 0 and 1. A log gets a line for every tenth, a screen a bar that grows."""
        percent = min(100, int(part * 100))
        if self.lives:
            full = percent * WIDTH // 100
            bar = "█" * full + "░" * (WIDTH - full)
            self.out.write(f"\r\033[K{bar} {percent:3d}%  {what}  {self.seconds:.0f} 秒")
        elif percent >= self.shown + 10:
            self.shown = percent - percent % 10
            self.out.write(f"{percent:3d}%  {what}  {self.seconds:.0f} 秒\n")
        self.out.flush()

    def end(self, what: str) -> None:
        self.show(1.0, what)
        if self.lives:
            self.out.write("\n")
            self.out.flush()
