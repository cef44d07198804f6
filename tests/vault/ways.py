"""The table of docs/vault.md: the way in which each browser does each algorithm: WebCrypto, JavaScript or Python.

`python -m tests.vault.ways docs/vault.md` tests both browsers and writes the table anew. With `--times` instead of the
page it prints how long the operations take that a browser may lack.
"""

from __future__ import annotations

import functools
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, get_args

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smime_core.algorithms import ContentCipher
from smime_core.blocking import run
from smime_core.keys import ML_DSA_PARAMETERS, ML_KEM_PARAMETERS, parse_private_key
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser, Name, launch
from tests.support.exchanged_keys import exchanged_keys
from tests.support.lost_seeds import expanded_only
from tests.support.operations import OLD_CIPHERS, Ways
from tests.support.vault.conformance import VaultPage, open_vault_page

BROWSERS: Final = get_args(Name)
_NATIVE: Final = NativeProvider()
_BEGIN: Final = "<!-- Made by `make ways`. -->\n"
_END: Final = "<!-- End of what `make ways` makes. -->\n"
_HEAD: Final = "| Algorithm | Variants | Chromium | Firefox |\n|---|---|---|---|\n"


def find_ways(vault: VaultPage) -> Ways:
    """The way in which this browser does each operation."""
    return _call(vault, "find_ways")


def find_cipher_ways(vault: VaultPage) -> Ways:
    """The same for content ciphers and key wrap only."""
    return _call(vault, "find_cipher_ways")


def _call(vault: VaultPage, function: str) -> Ways:
    ways: Ways = json.loads(vault.call(function, json.dumps(_given()).encode()))
    return ways


def build_table(found: dict[str, Ways]) -> str:
    """The table. Variants of an algorithm that are done in the same way share a row. Algorithms share equal rows."""
    first, *others = found.values()
    assert all({name: set(variants) for name, variants in first.items()} == _names(other) for other in others)
    rows: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for algorithm, variants in first.items():
        cells: dict[str, list[str]] = {}
        for variant in variants:
            ways = " | ".join(browser[algorithm][variant] for browser in found.values())
            cells.setdefault(ways, []).append(variant)
        rows.setdefault(tuple((", ".join(same), ways) for ways, same in cells.items()), []).append(algorithm)
    lines = (f"| {', '.join(names)} | {same} | {ways} |\n" for row, names in rows.items() for same, ways in row)
    return _HEAD + "".join(lines)


def read_table(page: str) -> dict[str, Ways]:
    """The ways of each browser, read from the table in the page."""
    browser_ways: dict[str, Ways] = {name: {} for name in BROWSERS}
    for line in _table_of(page).removeprefix(_HEAD).splitlines():
        algorithms, variants, *ways = (cell.strip() for cell in line.strip("|").split("|"))
        for browser, way in zip(BROWSERS, ways, strict=True):
            for algorithm in algorithms.split(", "):
                browser_ways[browser].setdefault(algorithm, {}).update(dict.fromkeys(variants.split(", "), way))
    return browser_ways


def replace_table(page: str, table: str) -> str:
    """The page with this table."""
    return page.replace(_table_of(page), table)


def _table_of(page: str) -> str:
    _, begin, rest = page.partition(_BEGIN)
    table, end, _ = rest.rpartition(_END)
    assert begin
    assert end
    return table


def _names(ways: Ways) -> dict[str, set[str]]:
    return {algorithm: set(variants) for algorithm, variants in ways.items()}


@functools.cache
def _given() -> dict[str, list[str]]:
    keys = list(map(parse_private_key, exchanged_keys().values()))
    keys += [expanded_only(key) for key in keys if key.key_type in (*ML_KEM_PARAMETERS, *ML_DSA_PARAMETERS)]
    private = dsa.generate_private_key(2048)
    spki_der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "keys": [key.pkcs8_der.hex() for key in keys],
        "dsa": [octets.hex() for octets in (spki_der, private.sign(b"content", hashes.SHA256()), b"content")],
        "encrypted": [_encrypt_old(cipher).hex() for cipher in OLD_CIPHERS],
    }


def _encrypt_old(cipher: ContentCipher) -> bytes:
    # No library encrypts with these ciphers. The first of two blocks is chosen so that the second decrypts to padding.
    last = b"whatever"
    opened = run(_NATIVE.decrypt_blocks(cipher, bytes(cipher.key_length), bytes(8), last))
    return bytes(octet ^ 8 for octet in opened) + last


@contextmanager
def _vault_in(name: Name) -> Iterator[VaultPage]:
    with tempfile.TemporaryDirectory() as profile:
        browser: Browser = launch(name, Path(profile))
        try:
            with open_vault_page(browser) as vault:
                yield vault
        finally:
            browser.close()


def _write_table(path: Path) -> None:
    browser_ways: dict[str, Ways] = {}
    for name in BROWSERS:
        with _vault_in(name) as vault:
            browser_ways[name] = find_ways(vault)
    path.write_text(replace_table(path.read_text(encoding="utf-8"), build_table(browser_ways)), encoding="utf-8")


def _print_times() -> None:
    for name in BROWSERS:
        with _vault_in(name) as vault:
            for what, milliseconds in json.loads(vault.call("time_operations", json.dumps(_given()).encode())).items():
                print(f"{name:9}{milliseconds:8.1f} ms  {what}")


def main(arguments: Sequence[str]) -> None:
    """Write the table into the named page, or print times."""
    if list(arguments) == ["--times"]:
        _print_times()
    else:
        _write_table(Path(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
