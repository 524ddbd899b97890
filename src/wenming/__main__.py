"""The `wenming` program: `wenming COMMAND …`, the same as `python3 run.py COMMAND …`.

`--data DIR`, `--test-clock FILE` and `--language zh|en` may stand anywhere on the line; they are read before the settings are.
`demo` sets demo mode unless the environment names another. Exit codes: 0 good, 1 faults found, 2 wrong use.
"""

from __future__ import annotations

import gc
import os
import pkgutil
import sys
from pathlib import Path

from wenming.locale import catalogues, shell

EARLY_OPTIONS = {"--data": "WENMING_DATA", "--test-clock": "WENMING_TEST_CLOCK"}
COMMANDS = Path(__file__).parent / "surfaces" / "cli" / "management" / "commands"


def _(text: str) -> str:
    """The sentence in the language of the command line, also before Django is there."""
    return catalogues.read().get(text, text) if shell.language() == catalogues.ENGLISH else text


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
            shell.stop(_("{name} 后面要写路径。").format(name=name))
        os.environ[EARLY_OPTIONS[name]] = os.path.abspath(value)
    return rest


def list_commands() -> None:
    """Every command of the product with its one-line purpose."""
    from django.core.management import load_command_class

    print(_("用法：wenming 命令 [选项]；命令后面加 --help 看用法，--data DIR 指定数据夹，--language en 用英文。"), end="\n\n")
    for module in pkgutil.iter_modules([str(COMMANDS)]):
        purpose = str(load_command_class("wenming.surfaces.cli", module.name).help).partition("\n")[0]
        print(f"  {module.name:<16}{purpose}")


def main() -> None:
    arguments = read_early_options(shell.read_option(sys.argv[1:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "wenming.config.settings")
    if arguments[:1] == ["demo"]:
        os.environ.setdefault("WENMING_MODE", "demo")
    import django
    from django.conf import settings
    from django.core.management import execute_from_command_line, get_commands
    from django.utils import translation

    try:
        django.setup()
        shell.teach_options(settings.LOCALE_PATHS[0])
        translation.activate(shell.language())
        gc.freeze()  # what the program is made of is not gone through again whenever a batch makes many objects,
        gc.set_threshold(10_000, 10, 10)  # and the young are looked at less often: few of them are ever in a circle
        if not arguments or arguments[0] in ("help", "-h", "--help"):
            list_commands()
        elif arguments[0] not in get_commands():
            shell.stop(_("没有“{command}”这条命令。只写 wenming 可以看全部命令。").format(command=arguments[0]))
        else:
            execute_from_command_line(["wenming", *arguments])
    except SystemExit as ending:
        if isinstance(ending.code, str):
            shell.stop(ending.code)
        raise


if __name__ == "__main__":
    main()
