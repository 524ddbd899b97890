"""What imports and types can't say: read from the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "wenming"
LONGEST_FUNCTION = 60
LONGEST_FILE = 500
WRITES = {"save", "save_new", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
READERS = {"queries.py", "policies.py", "models.py", "engine.py", "redlines.py"}


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, path.read_text(encoding="utf-8")


def modules(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path, text in texts(folder):
        yield path, ast.parse(text)


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def test_files_fit_in_a_sitting() -> None:
    long = {name_of(path): n for path, text in texts(SOURCE) if (n := len(text.splitlines())) > LONGEST_FILE}
    assert long == {}


def test_functions_fit_on_a_screen() -> None:
    long = []
    for path, tree in modules(SOURCE):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION:
                long.append(f"{name_of(path)}:{node.name}")
    assert long == []


def test_only_services_write() -> None:
    """Readers and doors never save, create, update or delete rows."""
    wrong = []
    for path, tree in modules(SOURCE):
        if path.name not in READERS and "surfaces" not in path.parts:
            continue
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            of_objects = "objects" in ast.unparse(node.func.value)
            if node.func.attr == "save" and node.args:  # a picture or a workbook saved into a file
                continue
            if node.func.attr in WRITES or (of_objects and node.func.attr in {"create", "update", "delete"}):
                wrong.append(f"{name_of(path)}:{node.lineno} {node.func.attr}")
    assert wrong == []


def services() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in sorted((SOURCE / "domain").glob("*/services.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{path.parent.name}.{node.name}", node


def test_services_have_one_shape() -> None:
    """Public services take keywords only, are typed throughout and say what they do."""
    wrong = []
    for name, node in services():
        arguments = node.args
        if arguments.args or arguments.posonlyargs:
            wrong.append(f"{name}: positional arguments")
        if any(argument.annotation is None for argument in arguments.kwonlyargs) or node.returns is None:
            wrong.append(f"{name}: untyped")
        if not ast.get_docstring(node):
            wrong.append(f"{name}: no docstring")
    assert wrong == []


def test_points_are_never_floats() -> None:
    """No float in the rooms: not as a type, not as a literal next to an amount."""
    wrong = []
    for path, tree in modules(SOURCE / "domain"):
        for node in ast.walk(tree):
            annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
            if annotation is not None and "float" in ast.unparse(annotation):
                wrong.append(f"{name_of(path)}:{node.lineno}")
            if isinstance(node, ast.Attribute) and node.attr in {"FloatField", "DecimalField"}:
                wrong.append(f"{name_of(path)}:{node.lineno}")
    assert wrong == []


def assigned(node: ast.ClassDef) -> set[str]:
    """The names that a class body gives values to."""
    targets = [target for part in node.body if isinstance(part, ast.Assign) for target in part.targets]
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}


def test_refusals_have_codes_and_words() -> None:
    bare, count = [], 0
    for path, tree in modules(SOURCE / "domain"):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("Refusal") for base in node.bases):
                count += 1
                chooses_words = any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in node.body)
                if "code" not in assigned(node) or not ("message" in assigned(node) or chooses_words):
                    bare.append(f"{name_of(path)}:{node.name}")
    assert count > 50
    assert bare == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "raise NotImplementedError"])
def test_nothing_is_left_for_later(word: str) -> None:
    left = [name_of(path) for path, text in texts(SOURCE) if word in text]
    assert left == []
