"""Imports point one way, between the rooms of the house and between the layers of the core."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import ROOT
from tools.shape.imports import circles, python_imports

ROOMS = ("smime_core", "sealwax", "wasm_build", "webbridge", "roaming_keys", "browser_ext", "tests")

# The rooms that each room may import.
ALLOWED_ROOMS = {
    "smime_core": set(),
    "sealwax": {"smime_core"},
    "roaming_keys": {"smime_core", "sealwax"},
    # The demonstration starts the key server beside the bridge.
    "webbridge": {"smime_core", "sealwax", "roaming_keys"},
    # The build makes the files of texts.
    "wasm_build": {"smime_core", "sealwax", "roaming_keys"},
}

# The layers, lowest first. A package may import from the rows above its own, and in its row from those to its left.
LAYERS = (
    ("errors", "limits"),
    ("text",),
    ("asn1",),
    ("algorithms", "arithmetic"),
    ("provider", "policy"),
    ("keys",),
    ("x509", "providers"),
    ("mime", "mail"),
    ("cms", "identity"),
    ("pkix", "timestamp", "ess", "cades"),
    ("report", "ca", "trust"),
    ("describe", "verdict"),
    ("message", "own_content", "parcels"),
    ("face", "blocking"),
    ("stream",),
)

# The only packages of the core that may use files, clocks, the system's randomness or the network.
# `stream` reads and writes the files that it is given, and opens none.
MAY_TOUCH_THE_WORLD = {"blocking", "providers", "stream"}
WORLD = {
    "fcntl",
    "os",
    "io",
    "pathlib",
    "socket",
    "ssl",
    "subprocess",
    "random",
    "secrets",
    "time",
    "urllib",
    "http",
    "tempfile",
}
# pyca/cryptography exists only where the core runs natively.
NATIVE = {"cryptography"}


def modules_of(room: str) -> list[Path]:
    return sorted(path for path in (ROOT / room).rglob("*.py") if "__pycache__" not in path.parts)


def imported_names(path: Path) -> Iterator[str]:
    """The full names of the modules and objects that a file imports, also inside functions and only for annotations."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


ORDER = [package for row in LAYERS for package in row]


@pytest.mark.parametrize("room", sorted(ALLOWED_ROOMS))
def test_rooms_import_only_what_they_may(room: str) -> None:
    allowed = ALLOWED_ROOMS[room] | {room}
    for path in modules_of(room):
        rooms = {name.split(".")[0] for name in imported_names(path)} & set(ROOMS)
        assert rooms <= allowed, f"{path.relative_to(ROOT)} imports {sorted(rooms - allowed)}"


def test_every_module_of_the_core_has_a_layer_and_every_layer_exists() -> None:
    entries = {path.stem for path in (ROOT / "smime_core").iterdir() if path.suffix == ".py" or path.is_dir()}
    entries -= {"__init__", "__pycache__"}
    assert entries == set(ORDER)


def test_the_core_imports_only_downwards() -> None:
    for path in modules_of("smime_core"):
        module = path.relative_to(ROOT / "smime_core").parts[0].removesuffix(".py")
        if module == "__init__":
            continue
        for name in imported_names(path):
            parts = name.split(".")
            if parts[0] == "smime_core" and len(parts) > 1:
                assert ORDER.index(parts[1]) <= ORDER.index(module), f"{path.relative_to(ROOT)} imports {name}"


def test_no_module_imports_itself_over_others() -> None:
    assert circles(python_imports()) == []


def test_the_core_has_no_input_output_and_no_clock() -> None:
    for path in modules_of("smime_core"):
        module = path.relative_to(ROOT / "smime_core").parts[0].removesuffix(".py")
        if module in MAY_TOUCH_THE_WORLD:
            continue
        touched = {name.split(".")[0] for name in imported_names(path)} & (WORLD | NATIVE)
        assert not touched, f"{path.relative_to(ROOT)} imports {sorted(touched)}"
        calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        clocks = {call for call in calls if call.endswith((".now", ".utcnow", ".today")) or call == "open"}
        assert not clocks, f"{path.relative_to(ROOT)} calls {sorted(clocks)}"


def test_no_name_is_read_by_the_rules_of_2003() -> None:
    """Python's codec `idna`, which asn1crypto uses too, raises for domains of IDNA 2008 or takes them for others."""
    for room in ("smime_core", "sealwax", "wasm_build", "webbridge", "roaming_keys"):
        for path in modules_of(room):
            place = path.relative_to(ROOT)
            codecs = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
            assert "idna" not in {node.value for node in codecs if isinstance(node.value, str)}, place
            # It reads what no verdict uses, and no names.
            is_further = place == Path("sealwax/cli/verbs/inspect_further.py")
            assert is_further or "asn1crypto" not in {name.split(".")[0] for name in imported_names(path)}, place


def test_the_protocol_of_the_key_server_needs_no_flask() -> None:
    """Sessions and passkeys run in the browser too, so neither they nor their imports may need Flask or SQLite."""
    seen: set[str] = set()
    waiting = ["roaming_keys.protocol.session", "roaming_keys.protocol.passkey_wrap"]
    while waiting:
        path = ROOT / (waiting.pop().replace(".", "/") + ".py")
        for name in imported_names(path):
            assert name.split(".")[0] not in {"flask", "flask_talisman", "sqlite3"}, f"{path.name} imports {name}"
            is_module = (ROOT / (name.replace(".", "/") + ".py")).exists()
            if name.startswith("roaming_keys.") and is_module and name not in seen:
                seen.add(name)
                waiting.append(name)


def test_the_parts_of_all_services_know_the_core_only() -> None:
    for path in modules_of("sealwax/service"):
        named = {name for name in imported_names(path) if name.split(".")[0] in ROOMS}
        foreign = {name for name in named if not name.startswith(("smime_core", "sealwax.service"))}
        assert not foreign, f"{path.relative_to(ROOT)} imports {sorted(foreign)}"


SERVER_OF_KEYS = ("client", "organisation", "server")


def test_the_bridge_imports_nothing_of_the_key_server() -> None:
    """The bridge may share the tickets and the protocol. Only its demonstration starts the key server."""
    server = tuple(f"roaming_keys.{name}" for name in SERVER_OF_KEYS)
    for path in modules_of("webbridge"):
        if "demo" in path.parts:
            continue
        foreign = {name for name in imported_names(path) if name.startswith(server)}
        assert not foreign, f"{path.relative_to(ROOT)} imports {sorted(foreign)}"


def test_the_bridge_never_decrypts() -> None:
    """The bridge passes bytes on as they are. Only its demonstration makes identities, for its two accounts."""
    opening = {"smime_core.message", "smime_core.cms.enveloped_data", "smime_core.blocking", "smime_core.identity"}
    for path in modules_of("webbridge"):
        if "demo" in path.parts:
            continue
        used = set(imported_names(path)) & opening
        assert not used, f"{path.relative_to(ROOT)} imports {sorted(used)}"


def test_the_face_gives_each_of_its_names() -> None:
    core, face = (importlib.import_module(name) for name in ("smime_core", "smime_core.face"))
    assert core.__all__ == face.__all__
    for name in face.__all__:
        assert getattr(core, name) is getattr(face, name)


def test_blocking_has_every_asynchronous_name_of_the_face() -> None:
    face, blocking = (importlib.import_module(f"smime_core.{name}") for name in ("face", "blocking"))
    asynchronous = {name for name in face.__all__ if inspect.iscoroutinefunction(getattr(face, name))}
    seen = {
        node.targets[0].id
        for guard in ast.parse((ROOT / "smime_core" / "blocking.py").read_text()).body
        if isinstance(guard, ast.If)
        for node in guard.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert seen == asynchronous
    for name in seen:
        assert not inspect.iscoroutinefunction(getattr(blocking, name))


# The packages whose modules other rooms import one by one: a provider runs either natively or in a browser, and no room
# needs all of `ca` or `stream`.
DOORS = {"providers", "ca", "stream"}


@pytest.mark.parametrize("room", ["sealwax", "webbridge", "roaming_keys", "wasm_build"])
def test_the_other_rooms_import_from_the_faces_of_the_core(room: str) -> None:
    for path in modules_of(room):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("smime_core."):
                parts = node.module.split(".")
                assert len(parts) == 2 or parts[1] in DOORS, f"{path.relative_to(ROOT)} imports from {node.module}"


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sing_message'"):
        importlib.import_module("smime_core").sing_message  # noqa: B018


@pytest.mark.parametrize("name", ["examine", "build_enveloped_data", "protect_field"])
def test_blocking_has_no_name_outside_the_face(name: str) -> None:
    with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
        getattr(importlib.import_module("smime_core.blocking"), name)


@pytest.mark.parametrize("room", ["smime_core", "sealwax", "webbridge", "roaming_keys"])
def test_no_file_is_read_without_a_bound(room: str) -> None:
    for path in modules_of(room):
        # `sealwax/roots/__main__.py` reads Mozilla's list. It is run by hand, on a file of the repository.
        if path.name == "__main__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in {"read_bytes", "read_text"}, f"{path}:{node.lineno}: use read_small"


# The calls that may empty a file: they open devices or standard streams, or write into folders that the demonstration
# has just made.
MAY_OPEN_FOR_WRITING = {
    "sealwax/cli/streams/files.py": ["target.open('wb')"],
    "sealwax/cli/streams/standard.py": ["open(1, 'w')", "open(2, 'w')"],
    "webbridge/demo/tls.py": ["ca_file.write_bytes", "server_file.write_bytes"],
}


def opened_for_writing(call: ast.Call) -> str | None:
    """The name of the call, or `O_TRUNC`, if the call empties an existing file before it writes; else None."""
    name = ast.unparse(call.func)
    if name.endswith((".write_text", ".write_bytes")):
        return name
    if name.split(".")[-1] not in {"open", "fdopen"}:
        return "O_TRUNC" if "O_TRUNC" in ast.unparse(call) else None
    modes = [
        argument.value
        for argument in [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
        if isinstance(argument, ast.Constant)
    ]
    # `os.fdopen` gets a descriptor of mkstemp, which only opens new files.
    if name == "os.fdopen" or not any(isinstance(mode, str) and mode.startswith("w") for mode in modes):
        return "O_TRUNC" if "O_TRUNC" in ast.unparse(call) else None
    return f"{name}({', '.join(repr(mode) for mode in modes)})"


@pytest.mark.parametrize("room", ["smime_core", "sealwax", "webbridge", "roaming_keys"])
def test_no_file_is_emptied_by_opening_it(room: str) -> None:
    """A name derived from that of a user's file may belong to another file.

    Files are therefore created new, or written under a temporary name and moved into place.
    """
    for path in modules_of(room):
        if path.name == "__main__.py":
            continue
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        openings = sorted(opened for call in calls if (opened := opened_for_writing(call)) is not None)
        place = path.relative_to(ROOT).as_posix()
        assert openings == MAY_OPEN_FOR_WRITING.get(place, []), place


def test_files_move_into_place_in_one_place() -> None:
    for room in ("smime_core", "sealwax", "webbridge", "roaming_keys"):
        makers = {path.name for path in modules_of(room) if "mkstemp" in path.read_text()}
        assert makers <= {"whole.py"}, room


def test_locks_are_taken_in_one_place() -> None:
    for room in ("smime_core", "sealwax", "webbridge", "roaming_keys"):
        lockers = {path.name for path in modules_of(room) if "fcntl" in set(imported_names(path))}
        assert lockers <= {"locks.py"}, room
