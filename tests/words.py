"""Every sentence of the screens, the commands and the papers, as the source has them; keeps the English catalogue in step.

`python -m tests.words` puts sentences that are new into the catalogue with an empty translation and takes out those that are
gone. `tests/house/test_words.py` fails until each has its English.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).resolve().parents[1] / "src" / "wenming"
CATALOGUE = SOURCE / "locale" / "en" / "LC_MESSAGES" / "django.po"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "extensions": "jinja2.ext.do"}}
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None}


def of_papers() -> Iterator[tuple[str, str]]:
    """The words in the templates of the papers: each quoted text with a Chinese sign in it."""
    from wenming.ui.print import TEMPLATES, texts_of

    for path in sorted(TEMPLATES.glob("*.typ")):
        for text in texts_of(path.stem):
            yield f"ui/typst/{path.name}", text


def said() -> dict[str, list[str]]:
    """Each msgid, with the files in which it stands."""
    found: dict[str, list[str]] = {}
    for name, _line, text, *_rest in extract_from_dir(SOURCE, METHODS, OPTIONS, keywords=KEYWORDS):
        found.setdefault(text, []).append(name)
    for name, text in of_papers():
        found.setdefault(text, []).append(name)
    return {text: sorted(set(names)) for text, names in found.items()}


def main() -> None:
    known = {}
    if CATALOGUE.exists():
        with CATALOGUE.open("rb") as file:
            known = {message.id: message.string for message in read_po(file)}
    catalogue = Catalog(locale="en", project="wenming", fuzzy=False)
    for text, names in sorted(said().items(), key=lambda one: (one[1][0], one[0])):
        catalogue.add(text, known.get(text, ""), locations=[(names[0], 0)])
    out = io.BytesIO()
    write_po(out, catalogue, width=0, omit_header=True, include_lineno=False)
    head = 'msgid ""\nmsgstr ""\n' + "".join(
        json.dumps(line + "\n") + "\n"
        for line in ("Language: en", "Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: 8bit")
    )
    CATALOGUE.write_text(f"{head}\n{out.getvalue().decode().strip()}\n", encoding="utf-8")
    missing = [message.id for message in catalogue if message.id and not message.string]
    print(f"{len(catalogue)} sentences, {len(missing)} without English")


if __name__ == "__main__":
    main()
