"""Scripts import in one direction: pages import shared modules, and no shared module imports a page."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from tools.shape.imports import circles, script_imports

_SHARED: Final = {"browser_ext/shared", "wasm_build/ui", "wasm_build/vault"}
_PAGES: Final = (
    "frame",
    "guide",
    "options",
    "page_save",
    "prompt",
    "sign_in",
    "stopped",
    "toolbar",
    "viewer",
)

# The rooms of scripts, with the other rooms that each may import.
ALLOWED: Final[dict[str, set[str]]] = {
    "wasm_build/vault": set(),
    "wasm_build/vault/worker": {"wasm_build/vault"},
    "wasm_build/ui": {"wasm_build/vault"},
    # Opening a parcel, for the mail server's page and for the extension's.
    "wasm_build/parcels": {"wasm_build/vault", "wasm_build/ui"},
    # The field for passphrases belongs to the module for applications.
    "wasm_build/vault/owner": {"wasm_build/vault", "wasm_build/ui"},
    # The program that makes the snapshot and the Worker must use the same modules.
    "wasm_build/bundle": {"wasm_build/vault/worker"},
    "webbridge/pages": {"wasm_build/vault", "wasm_build/vault/owner", "wasm_build/ui", "wasm_build/parcels"},
    # The build puts only the functions that are used into content scripts.
    "browser_ext/content": {"wasm_build/ui", "wasm_build/parcels"},
    "browser_ext/shared": {"wasm_build/ui", "wasm_build/vault"},
    "browser_ext/vault_home": {"browser_ext/shared", "wasm_build/vault", "wasm_build/vault/owner"},
    # In Firefox, the vault can run only in the background.
    "browser_ext/background": {*_SHARED, "browser_ext/vault_home", "wasm_build/parcels"},
    "browser_ext": {"browser_ext/background", "browser_ext/shared"},
    **{f"browser_ext/{page}": _SHARED for page in _PAGES},
    # A letter may go as a parcel.
    "browser_ext/compose": {*_SHARED, "wasm_build/parcels"},
    # A parcel has a key of its own, which its page never shares with the keys of the person.
    "browser_ext/parcel": {*_SHARED, "wasm_build/parcels", "wasm_build/vault/owner"},
}


def room_of(path: str) -> str:
    """The longest name of a room that the path begins with."""
    return max((room for room in ALLOWED if path.startswith(f"{room}/")), key=len)


def test_scripts_import_only_what_their_room_may_know() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for importer, imported in script_imports().items():
        found[room_of(importer)] |= {room_of(path) for path in imported} - {room_of(importer)}
    assert {room: others - ALLOWED[room] for room, others in found.items() if others - ALLOWED[room]} == {}
    assert set(found) == set(ALLOWED)


def test_no_scripts_import_each_other_in_a_circle() -> None:
    assert circles(script_imports()) == []


# They put a page together, from views of every subject.
_ASSEMBLING = {
    "webbridge/pages/app/app.js",
    "webbridge/pages/app/frame.js",
    "webbridge/pages/parcels/page/parcel_page.js",
}


def test_the_data_of_the_pages_know_no_view() -> None:
    against = {
        (importer, imported)
        for importer, others in script_imports().items()
        for imported in others
        if importer.startswith("webbridge/pages/") and importer.count("/") > 2 and importer not in _ASSEMBLING
        if "/views/" in imported and "/views/" not in importer
    }
    assert against == set()
