"""A process that does portions of one run: a seed and a number of units on each line of input, figures on each of output."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import traceback


def main(name: str, store: str) -> None:
    os.environ["WENMING_TEST_DATABASE"] = store
    os.environ["DJANGO_SETTINGS_MODULE"] = "wenming.config.settings"
    from tests import environment

    environment.prepare()
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.PASSWORD_HASHERS = ["tests.hashing.QuickArgon2PasswordHasher", *settings.PASSWORD_HASHERS]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a run prints is not an answer
    call_command("migrate", verbosity=0)
    work = importlib.import_module(f"tests.long.{name}").work
    for line in sys.stdin:
        seed, units = map(int, line.split())
        found: dict[str, object] = {}
        try:
            found = dict(work(seed, units))
        except Exception:
            found["fault"] = traceback.format_exc()[-4000:]
        answers.write(json.dumps(found, ensure_ascii=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(*sys.argv[1:])
