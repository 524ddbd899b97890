"""Painted pictures that stand for evidence photos in the demo: a lane, a courtyard, a tree, never a person."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw

SIZE = (640, 480)
SKIES = ("#bcd7ea", "#cfe0e8", "#e6dcc8", "#aecbe0")
WALLS = ("#c9a27c", "#b7b0a4", "#d8c3a0", "#a98467")
ROOFS = ("#6b4a3a", "#5b5f66", "#7a3b2e")
GROUNDS = ("#a7a08d", "#98a77d", "#b9ab8c")


def paint(source: random.Random) -> io.BytesIO:
    """One picture as a JPEG file."""
    picture = Image.new("RGB", SIZE, source.choice(SKIES))
    pen = ImageDraw.Draw(picture)
    horizon = source.randint(230, 300)
    pen.rectangle((0, horizon, *SIZE), fill=source.choice(GROUNDS))
    for left in range(source.randint(-80, 0), SIZE[0], source.randint(190, 260)):
        _house(pen, source, left, horizon)
    for _ in range(source.randint(2, 5)):
        _tree(pen, source, source.randrange(SIZE[0]), horizon + source.randint(10, 60))
    _path(pen, source, horizon)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    file.seek(0)
    return file


def _house(pen: ImageDraw.ImageDraw, source: random.Random, left: int, horizon: int) -> None:
    width, height = source.randint(130, 180), source.randint(80, 120)
    top = horizon - height + 30
    pen.rectangle((left, top, left + width, horizon + 30), fill=source.choice(WALLS))
    roof = source.choice(ROOFS)
    pen.polygon(((left - 14, top), (left + width + 14, top), (left + width - 20, top - 42), (left + 20, top - 42)), fill=roof)
    pen.rectangle((left + 20, top + 30, left + 55, top + 65), fill="#e8eef0", outline="#6f6a60", width=3)
    pen.rectangle((left + width - 60, top + 25, left + width - 25, horizon + 30), fill="#7d4f35")


def _tree(pen: ImageDraw.ImageDraw, source: random.Random, middle: int, foot: int) -> None:
    height, crown = source.randint(60, 110), source.randint(26, 44)
    pen.rectangle((middle - 5, foot - height, middle + 5, foot), fill="#6a5138")
    green = (source.randint(70, 110), source.randint(120, 150), source.randint(60, 80))
    pen.ellipse((middle - crown, foot - height - crown, middle + crown, foot - height + crown), fill=green)


def _path(pen: ImageDraw.ImageDraw, source: random.Random, horizon: int) -> None:
    middle = source.randint(250, 390)
    pen.polygon(
        ((middle - 12, horizon + 30), (middle + 12, horizon + 30), (middle + 130, SIZE[1]), (middle - 130, SIZE[1])),
        fill="#cfc8b8",
    )
