"""The key server's packages import one way, and a client and the bundle need nothing of the server."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.project import ROOT
from tools.shape.imports import python_imports, reachable
from wasm_build.bundle.imports import follow_imports

ROOM: Final = "roaming_keys"
MAX_ENTRIES: Final = 14

# The parts, and those that each may import besides itself. Nobody imports an organisation's part: the client and the
# server find theirs by entry points, and the bundle, which has none, names the one without I/O.
PARTS: Final = {
    "protocol": set[str](),
    "client": {"protocol"},
    "server": {"protocol"},
    "organisation.protocol": {"protocol"},
    "organisation.client": {"protocol", "client", "organisation.protocol"},
    "organisation.server": {"protocol", "server", "organisation.protocol"},
}
# The rooms that each part may import. The rules of the rooms are in `test_architecture.py`.
PURE: Final = {"protocol", "organisation.protocol"}
OF_THE_BUNDLE: Final = ("roaming_keys/protocol/", "roaming_keys/organisation/protocol/")

# The layers of the larger parts, lowest first. A package may import from the rows above its own, and in its row from
# those to its left.
LAYERS: Final = {
    "protocol": (
        ("messages",),
        ("key_account",),
        ("calls", "wraps", "tickets"),
        ("records",),
        ("known", "changes", "passkey_wrap"),
        ("steps",),
        ("session",),
        ("login",),
        ("groups",),
    ),
    "client": (("transport", "kept", "following"), ("command",)),
    "server": (
        ("database",),
        ("master_key", "limits"),
        ("audit", "replaced_accounts", "factors"),
        ("sessions", "notices"),
        ("accounts",),
        ("config",),
        ("views",),
        ("app",),
        ("operation",),
    ),
}


def modules() -> dict[str, set[str]]:
    """The modules of the key server with all that they import of the product, also inside functions."""
    return {name: imports for name, imports in python_imports().items() if name.startswith(f"{ROOM}.")}


def part_of(module: str) -> str | None:
    """The part of a module, or None for another room or for the package of all parts."""
    return next((part for part in PARTS if f"{module}.".startswith(f"{ROOM}.{part}.")), None)


def packages_of_the_server() -> set[str]:
    """The packages that only a server needs, as they are imported: those of the extras that are no dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {"base": project["dependencies"], "server": project["optional-dependencies"]["roaming"]}
    names = {key: {re.split(r"[\[>=]", text)[0].replace("-", "_") for text in texts} for key, texts in named.items()}
    return names["server"] - names["base"]


def packages_in(module: Path) -> set[str]:
    """The packages that a module imports, also inside functions."""
    packages = set[str]()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            packages |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            packages.add(node.module.split(".")[0])
    return packages


def test_each_module_belongs_to_a_part() -> None:
    without = {name for name in modules() if part_of(name) is None}
    assert without == {f"{ROOM}.organisation"}


def test_the_parts_import_only_what_they_may() -> None:
    for name, imports in modules().items():
        part = part_of(name)
        if part is not None:
            parts = {imported_part for module in imports if (imported_part := part_of(module)) is not None}
            assert parts <= PARTS[part] | {part}, name


@pytest.mark.parametrize("part", sorted(PURE))
def test_the_protocol_imports_only_the_core_beside_itself(part: str) -> None:
    for name, imports in modules().items():
        if part_of(name) == part:
            assert {module.split(".")[0] for module in imports} <= {ROOM, "smime_core"}, name


@pytest.mark.parametrize("part", ["client", "organisation.client"])
def test_a_client_reaches_no_service(part: str) -> None:
    """`sealwax.service` and `sealwax.operation` need Flask, SQLAlchemy and Alembic."""
    graph = python_imports()
    for name in modules():
        if part_of(name) == part:
            services = {
                module
                for module in reachable(graph, name)
                if module.startswith(("sealwax.service", "sealwax.operation"))
            }
            assert services == set(), name


@pytest.mark.parametrize("part", sorted(LAYERS))
def test_a_part_imports_only_downwards(part: str) -> None:
    order = [package for row in LAYERS[part] for package in row]
    start = f"{ROOM}.{part}."
    for name, imports in modules().items():
        if name.startswith(start):
            own = name.removeprefix(start).split(".")[0]
            for module in imports:
                if module.startswith(start):
                    package = module.removeprefix(start).split(".")[0]
                    assert order.index(package) <= order.index(own), f"{name} imports {module}"


@pytest.mark.parametrize("part", sorted(LAYERS))
def test_every_package_has_a_layer(part: str) -> None:
    entries = {path.stem for path in entries_of(ROOT / ROOM / part)} - {"__init__"}
    assert entries == {package for row in LAYERS[part] for package in row}


def test_no_folder_is_a_cloud_of_modules() -> None:
    # A migration stays for ever, so their folder grows.
    folders = (path for path in [ROOT / ROOM, *(ROOT / ROOM).rglob("*")] if path.is_dir() and path.name != "versions")
    crowded = {path.relative_to(ROOT) for path in folders if len(list(entries_of(path))) > MAX_ENTRIES}
    assert crowded == set()


def test_each_package_says_its_purpose() -> None:
    for path in (ROOT / ROOM).rglob("__init__.py"):
        assert path.read_text().startswith('"""'), path


def test_the_bundle_takes_the_protocol() -> None:
    taken = {name for name in follow_imports(ROOT) if name.startswith(f"{ROOM}/")}
    packages = {f"{ROOM}/__init__.py", f"{ROOM}/organisation/__init__.py"}
    assert {name for name in taken - packages if not name.startswith(OF_THE_BUNDLE)} == set()


@pytest.mark.parametrize("part", sorted({*PURE, "client", "organisation.client"}))
def test_clients_and_the_protocol_import_no_package_of_the_server(part: str) -> None:
    lacking = packages_of_the_server()
    assert {"flask", "sqlalchemy", "alembic"} <= lacking
    for path in (ROOT / ROOM / part.replace(".", "/")).rglob("*.py"):
        assert packages_in(path) & lacking == set(), path


def test_an_organisation_is_found_by_entry_points() -> None:
    entry_points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    for side in ("client", "server"):
        assert list(entry_points[f"{ROOM}.{side}"]) == ["organisation"]
        assert entry_points[f"{ROOM}.{side}"]["organisation"].startswith(f"{ROOM}.organisation.{side}.")


def entries_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.name != "__pycache__")
