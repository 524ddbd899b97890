"""The `wenming` program: `wenming COMMAND …`, the same as `python3 run.py COMMAND …`.

`--data DIR` and `--test-clock FILE` may stand anywhere on the line; they are read before the settings are.
"""

from __future__ import annotations

import os
import sys

EARLY_OPTIONS = {"--data": "WENMING_DATA", "--test-clock": "WENMING_TEST_CLOCK"}


def read_early_options(arguments: list[str]) -> list[str]:
    """Take the options that decide the settings off the line and into the environment."""
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, joined, value = argument.partition("=")
        if name not in EARLY_OPTIONS:
            rest.append(argument)
            continue
        if not joined:
            value = next(waiting, "")
        if not value:
            sys.exit(f"{name} 后面要写路径。 / {name} needs a path.")
        os.environ[EARLY_OPTIONS[name]] = os.path.abspath(value)
    return rest


def main() -> None:
    arguments = read_early_options(sys.argv[1:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wenming.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["wenming", *(arguments or ["help"])])


if __name__ == "__main__":
    main()
