"""Imports point one way, between the rooms of the house and between the layers of the core."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("smime_core", "wasm_build", "webbridge", "roaming_keys", "browser_ext", "tests")

# What each room may import of the others.
ALLOWED_ROOMS = {
    "smime_core": set(),
    "roaming_keys": {"smime_core"},
    # The demonstration starts the key server beside the bridge.
    "webbridge": {"smime_core", "roaming_keys"},
    "wasm_build": {"smime_core", "roaming_keys"},
}

# From the ground up; a module imports from its own layer or from those above it in this list. A package stands for
# all of its modules.
LAYERS = (
    {"errors"},
    {"base64_text"},
    {"domain_name", "entrust", "lazy", "limits", "mail_address", "times"},
    {"der"},
    {"algorithms", "attributes", "content_info", "distinguished_name"},
    {"general_names", "mail_names"},
    {"arithmetic"},
    {"content_encryption", "policy"},
    {"html_text", "mime"},
    {"header_policies", "legacy_display"},
    {"compose", "header_protection", "reading"},
    {"header_replies"},
    {"provider"},
    {"kdf", "keys", "passphrase", "password_recipient", "pbes", "pem", "pkcs12", "private_key_file", "signed_content"},
    {"encrypted_content", "key_wrap"},
    {"certificate"},
    {"certificate_text", "originator_info", "strict_json"},
    {"distribution_points"},
    {"revoked_entries"},
    {"ocsp", "revocation_list"},
    {"pkix"},
    {"report", "roots"},
    {"decisions"},
    {"decisions_json"},
    {"explanation"},
    {"certificate_page"},
    {"identity", "key_management"},
    {"capabilities", "signed_attributes"},
    {"contacts"},
    {"contacts_json", "recipient_choice"},
    {"kari", "kekri", "kemri", "ktri", "recipient_info", "signer_info"},
    {
        "authenticated_data",
        "compressed_data",
        "content_keys",
        "digested_data",
        "encrypted_data",
        "enveloped_data",
        "later_recipients",
        "signed_data",
    },
    {"certificates_only", "countersignature", "ess", "signed_data_editing"},
    {"timestamp"},
    {"cades"},
    {"layers"},
    {"examiner", "reasons"},
    {"authors", "signer_trust"},
    {"attribute_description", "judgement"},
    {"description"},
    {"examination"},
    {"own_content"},
    {"fields", "forms", "message", "pages", "parcels", "report_json", "trust_list"},
    {"inspection", "trust_list_json"},
    {"trust_state"},
    {"providers"},
    {"ca"},
    {"demo_ca"},
    {"blocking"},
    {"file_locks", "small_files", "whole_files"},
    {"authority"},
    {"stream"},
    {"user_folders"},
    {"lookups"},
    {"cli"},
)

# Nothing of the core but these reads a file, a clock or the system's randomness, or speaks to the network.
# `stream` reads and writes the files that it is given, and opens none.
MAY_TOUCH_THE_WORLD = {
    "authority",
    "blocking",
    "cli",
    "file_locks",
    "lookups",
    "providers",
    "small_files",
    "stream",
    "user_folders",
    "whole_files",
}
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
    """The full names of the modules that a file imports when it runs, wherever in the file."""
    yield from _imported(ast.parse(path.read_text()))


def _imported(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            assert child.module is not None
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        else:
            yield from _imported(child)


def layer_of(module: str) -> int:
    (found,) = [number for number, names in enumerate(LAYERS) if module in names]
    return found


@pytest.mark.parametrize("room", sorted(ALLOWED_ROOMS))
def test_rooms_import_only_what_they_may(room: str) -> None:
    allowed = ALLOWED_ROOMS[room] | {room}
    for path in modules_of(room):
        rooms = {name.split(".")[0] for name in imported_names(path)} & set(ROOMS)
        assert rooms <= allowed, f"{path.relative_to(ROOT)} imports {sorted(rooms - allowed)}"


def test_every_module_of_the_core_has_a_layer_and_every_layer_exists() -> None:
    entries = {path.stem for path in (ROOT / "smime_core").iterdir() if path.suffix == ".py" or path.is_dir()}
    entries -= {"__init__", "__pycache__", "__main__"}
    assert entries == set().union(*LAYERS)


def test_the_core_imports_only_downwards() -> None:
    for path in modules_of("smime_core"):
        module = path.relative_to(ROOT / "smime_core").parts[0].removesuffix(".py")
        if module in {"__init__", "__main__"}:
            continue
        for name in imported_names(path):
            parts = name.split(".")
            if parts[0] == "smime_core" and len(parts) > 1:
                assert layer_of(parts[1]) <= layer_of(module), f"{path.relative_to(ROOT)} imports {name}"


def test_the_core_has_no_input_output_and_no_clock() -> None:
    for path in modules_of("smime_core"):
        # A `__main__` is run and never imported.
        module = path.relative_to(ROOT / "smime_core").parts[0].removesuffix(".py")
        if module in MAY_TOUCH_THE_WORLD or path.name == "__main__.py":
            continue
        touched = {name.split(".")[0] for name in imported_names(path)} & (WORLD | NATIVE)
        assert not touched, f"{path.relative_to(ROOT)} imports {sorted(touched)}"
        calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        clocks = {call for call in calls if call.endswith((".now", ".utcnow", ".today")) or call == "open"}
        assert not clocks, f"{path.relative_to(ROOT)} calls {sorted(clocks)}"


def test_no_name_is_read_by_the_rules_of_2003() -> None:
    """Python's codec `idna` and what decodes by it raise for domains of IDNA 2008, or take them for others."""
    for room in ("smime_core", "wasm_build", "webbridge", "roaming_keys"):
        for path in modules_of(room):
            place = path.relative_to(ROOT)
            codecs = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
            assert "idna" not in {node.value for node in codecs if isinstance(node.value, str)}, place
            assert "asn1crypto" not in {name.split(".")[0] for name in imported_names(path)}, place


def test_what_the_bundle_shares_with_the_key_server_needs_no_flask() -> None:
    """`roaming_keys.protocol` runs in the browser too."""
    seen: set[str] = set()
    waiting = ["roaming_keys.protocol"]
    while waiting:
        path = ROOT / (waiting.pop().replace(".", "/") + ".py")
        for name in imported_names(path):
            assert name.split(".")[0] not in {"flask", "flask_talisman", "sqlite3"}, f"{path.name} imports {name}"
            is_module = (ROOT / (name.replace(".", "/") + ".py")).exists()
            if name.startswith("roaming_keys.") and is_module and name not in seen:
                seen.add(name)
                waiting.append(name)


def test_the_bridge_never_decrypts() -> None:
    """It moves raw bytes; the demonstration alone makes identities, for its two accounts."""
    opening = {"smime_core.message", "smime_core.enveloped_data", "smime_core.blocking", "smime_core.identity"}
    for path in modules_of("webbridge"):
        if "demo" in path.parts:
            continue
        used = set(imported_names(path)) & opening
        assert not used, f"{path.relative_to(ROOT)} imports {sorted(used)}"


@pytest.mark.parametrize("module", ["__init__", "blocking"])
def test_what_is_imported_lazily_is_what_the_type_checker_sees(module: str) -> None:
    """`if TYPE_CHECKING` and the table of homes say the same."""
    tree = ast.parse((ROOT / "smime_core" / f"{module}.py").read_text())
    seen = {
        alias.name
        for guard in tree.body
        if isinstance(guard, ast.If) and module == "__init__"
        for node in guard.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } | {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and module == "blocking" and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name) and ast.unparse(node.value.func) == "_blocking"
    }
    package = importlib.import_module("smime_core" if module == "__init__" else "smime_core.blocking")
    homes = {name for names in package._HOMES.values() for name in names}
    assert seen == homes
    if module == "__init__":
        assert set(package.__all__) == homes
    for name in homes:
        assert callable(getattr(package, name)) or getattr(package, name) is not None


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sing_message'"):
        importlib.import_module("smime_core").sing_message  # noqa: B018


@pytest.mark.parametrize("room", ["smime_core", "webbridge", "roaming_keys"])
def test_no_file_is_read_without_a_bound(room: str) -> None:
    for path in modules_of(room):
        # The reader of Mozilla's list is run by hand, on a file that is in the repository.
        if path.name == "__main__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in {"read_bytes", "read_text"}, f"{path}:{node.lineno}: use read_small"


# Devices and standard streams, and folders that the demonstration has just made for itself.
MAY_OPEN_FOR_WRITING = {
    "smime_core/cli/files.py": ["target.open('wb')"],
    "smime_core/cli/standard_streams.py": ["open(1, 'w')", "open(2, 'w')"],
    "webbridge/demo/stack.py": ["(private / 'people' / f'{name}.pem').write_text", "pem.write_text"],
    "webbridge/demo/tls.py": ["ca_file.write_bytes", "server_file.write_bytes"],
}


def opened_for_writing(call: ast.Call) -> str | None:
    """The call, if it empties a file that is there before anything is written to it."""
    name = ast.unparse(call.func)
    if name.endswith((".write_text", ".write_bytes")):
        return name
    if name.split(".")[-1] not in {"open", "fdopen"}:
        return "O_TRUNC" if "O_TRUNC" in ast.unparse(call) else None
    modes = [
        one.value
        for one in [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
        if isinstance(one, ast.Constant)
    ]
    # A descriptor of mkstemp is of a new file.
    if name == "os.fdopen" or not any(isinstance(mode, str) and mode.startswith("w") for mode in modes):
        return "O_TRUNC" if "O_TRUNC" in ast.unparse(call) else None
    return f"{name}({', '.join(repr(mode) for mode in modes)})"


@pytest.mark.parametrize("room", ["smime_core", "webbridge", "roaming_keys"])
def test_no_file_is_emptied_by_opening_it(room: str) -> None:
    """A name that is derived from a user's file may be that of another: files appear whole by a move, or are new."""
    for path in modules_of(room):
        if path.name == "__main__.py":
            continue
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        found = sorted(opened for call in calls if (opened := opened_for_writing(call)) is not None)
        place = path.relative_to(ROOT).as_posix()
        assert found == MAY_OPEN_FOR_WRITING.get(place, []), place


def test_files_move_into_place_in_one_place() -> None:
    for room in ("smime_core", "webbridge", "roaming_keys"):
        makers = {path.name for path in modules_of(room) if "mkstemp" in path.read_text()}
        assert makers <= {"whole_files.py"}, room


def test_locks_are_taken_in_one_place() -> None:
    for room in ("smime_core", "webbridge", "roaming_keys"):
        lockers = {path.name for path in modules_of(room) if "fcntl" in set(imported_names(path))}
        assert lockers <= {"file_locks.py"}, room
