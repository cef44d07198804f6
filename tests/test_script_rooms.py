"""Scripts import in one direction: pages import shared modules, and no shared module imports a page."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from tests.support.project import ROOT
from tools.shape.imports import circles, script_imports

_SHARED: Final = {"browser_ext/shared", "browser_ext/texts", "wasm_build/ui", "wasm_build/vault"}
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
    # The window in which a message is written, for the pages and for the extension.
    "wasm_build/writing": {"wasm_build/vault", "wasm_build/ui", "wasm_build/parcels"},
    # The field for passphrases belongs to the module for applications.
    "wasm_build/vault/owner": {"wasm_build/vault", "wasm_build/ui"},
    # The program that makes the snapshot and the Worker must use the same modules.
    "wasm_build/bundle": {"wasm_build/vault/worker"},
    "webbridge/pages": {
        "wasm_build/vault",
        "wasm_build/vault/owner",
        "wasm_build/ui",
        "wasm_build/parcels",
        "wasm_build/writing",
    },
    # The build puts only the functions that are used into content scripts.
    "browser_ext/texts": {"wasm_build/ui"},
    "browser_ext/content": {"browser_ext/texts", "wasm_build/ui", "wasm_build/parcels"},
    "browser_ext/shared": {"browser_ext/texts", "wasm_build/ui", "wasm_build/vault"},
    "browser_ext/vault_home": {"browser_ext/shared", "wasm_build/vault", "wasm_build/vault/owner"},
    # In Firefox, the vault can run only in the background.
    "browser_ext/background": {*_SHARED, "browser_ext/vault_home", "wasm_build/parcels"},
    "browser_ext": {"browser_ext/background", "browser_ext/shared", "browser_ext/texts"},
    **{f"browser_ext/{page}": _SHARED for page in _PAGES},
    # A letter may go as a parcel.
    "browser_ext/compose": {*_SHARED, "wasm_build/parcels", "wasm_build/writing"},
    # A parcel has a key of its own, which its page never shares with the keys of the person.
    "browser_ext/parcel": {*_SHARED, "wasm_build/parcels", "wasm_build/vault/owner"},
}


def room_of(path: str) -> str:
    """The longest name of a room that the path begins with."""
    return max((room for room in ALLOWED if path.startswith(f"{room}/")), key=len)


def test_scripts_import_only_what_their_room_may_know() -> None:
    imports: dict[str, set[str]] = defaultdict(set)
    for importer, imported in script_imports().items():
        imports[room_of(importer)] |= {room_of(path) for path in imported} - {room_of(importer)}
    assert {room: others - ALLOWED[room] for room, others in imports.items() if others - ALLOWED[room]} == {}
    assert set(imports) == set(ALLOWED)


def test_no_scripts_import_each_other_in_a_circle() -> None:
    assert circles(script_imports()) == []


_IN_PAGES: Final = "webbridge/pages/"
# They put a page together, from views of every subject.
_ASSEMBLING: Final = {
    "webbridge/pages/app/app.js",
    "webbridge/pages/app/frame.js",
    "webbridge/pages/app/settings_sections.js",
    "webbridge/pages/app/shown_views.js",
    "webbridge/pages/parcels/page/parcel_page.js",
}


def test_the_data_of_the_pages_know_no_view() -> None:
    against = {
        (importer, imported)
        for importer, imported in _imports_of_the_pages()
        if importer.count("/") > 2 and importer not in _ASSEMBLING
        if "/views/" in imported and "/views/" not in importer
    }
    assert against == set()


# The subjects of the pages. The data of each may import the data of those before it. Its views may import the views of
# those before it, and all data.
_SUBJECTS: Final = (
    "keys",
    "drafts",
    "writing",
    "trust",
    "mail",
    "offline",
    "settings",
    "account",
    "reading",
    "parcels",
    "files",
)
# The requests and answers of single subjects, which `app/api.js` puts together for all of them.
_REQUESTS: Final = {
    "account/account_requests.js",
    "keys/reload_halves.js",
    "mail/folder_access.js",
    "mail/folder_answers.js",
    "mail/list_answers.js",
    "mail/mail_changes.js",
    "parcels/parcel_answers.js",
    "parcels/parcel_requests.js",
    "settings/filter_requests.js",
    "settings/push_subscriptions.js",
    "trust/certificate_requests.js",
    "writing/sending_requests.js",
}


def layer_of(path: str) -> tuple[int, int]:
    """The layer of a module, and its place there. A module may import those of its own place and those below."""
    name = path.removeprefix(_IN_PAGES)
    folder, _, rest = name.partition("/")
    if not rest:
        return 6, 0
    if path in _ASSEMBLING or name == "app/notices.js":
        return 5, 0
    if name in _REQUESTS:
        return 1, 0
    if name == "app/api.js":
        return 2, 0
    if folder == "app":
        return 0, int(rest.startswith("views/"))
    return (4 if "/views/" in name else 3), _SUBJECTS.index(folder)


def test_no_module_of_the_pages_imports_against_the_layers() -> None:
    against = {
        (importer, imported)
        for importer, imported in _imports_of_the_pages()
        if layer_of(imported) > layer_of(importer)
    }
    assert against == set()


def test_only_the_start_of_the_pages_names_the_application() -> None:
    # A view takes the services that it uses, so it does not need the type of the application either.
    named = re.compile(r"""["'][./a-z_]*\bapp\.js["']""")
    naming = {path for path in _scripts_of_the_pages() if named.search((ROOT / path).read_text())}
    assert naming == {"webbridge/pages/main.js"}


def _imports_of_the_pages() -> set[tuple[str, str]]:
    """Each module of the pages with each module of the pages that it imports."""
    return {
        (importer, imported)
        for importer, others in script_imports().items()
        for imported in others
        if importer.startswith(_IN_PAGES) and imported.startswith(_IN_PAGES)
    }


def _scripts_of_the_pages() -> set[str]:
    return {path for path in script_imports() if path.startswith(_IN_PAGES)}
