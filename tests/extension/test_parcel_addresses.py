"""The addresses of notices: which texts are one, and which hosts imitate a host of the list."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any, Final

import pytest

from tests.support.project import ROOT

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

ID: Final = "AAECAwQFBgcICQoLDA0ODw"
HOST: Final = "mail.example.org"
MAPPED: Final = """
const { %s: act } = await import(process.argv[1]);
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((given) => act(...given))));
"""


def run_each(module: str, name: str, *arguments: list[Any]) -> list[Any]:
    """The results of a function of a module, by the lists of its arguments."""
    command = ["node", "--input-type=module", "-e", MAPPED % name, (ROOT / module).as_uri(), json.dumps(arguments)]
    found: list[Any] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    return found


def parse(*texts: str) -> list[Any]:
    return run_each("wasm_build/parcels/notice_address.js", "parseNoticeAddress", *([text] for text in texts))


def test_the_address_of_a_notice_has_a_server_and_a_link() -> None:
    plain = {"id": ID, "words": "", "origin": f"https://{HOST}", "host": HOST}
    found = parse(
        f"https://{HOST}/parcel.html#{ID}",
        f"  <https://MAIL.example.org/parcel.html#{ID}>. ",
        f"https://{HOST}/parcel.html#{ID}.able-acid-also-apex-arch-aunt",
        f"http://127.0.0.1:8000/parcel.html#{ID}",
    )
    words = plain | {"words": "able acid also apex arch aunt"}
    local = plain | {"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}
    assert found == [plain, plain, words, local]


def test_no_other_text_is_the_address_of_a_notice() -> None:
    others = (
        "",
        ID,
        f"http://{HOST}/parcel.html#{ID}",
        f"https://{HOST}/#{ID}",
        f"https://{HOST}/other/parcel.html#{ID}",
        f"https://{HOST}/parcel.html",
        f"https://{HOST}/parcel.html#{ID[:-1]}",
        f"https://{HOST}@evil.test/parcel.html#{ID}",
        f"javascript:alert(1)//parcel.html#{ID}",
        f"data:text/html,/parcel.html#{ID}",
    )
    assert parse(*others) == [None] * len(others)


def test_a_name_with_foreign_letters_is_shown_in_punycode() -> None:
    (found,) = parse(f"https://m\u0430il.example.org/parcel.html#{ID}")
    assert found["host"].startswith("xn--")
    assert run_each("browser_ext/parcel/imitations.js", "hasForeignLetters", [found["host"]], [HOST]) == [True, False]


@pytest.mark.parametrize(
    "host",
    [
        "mail.examp1e.org",
        "mail.exarnple.org",
        "mail.exampel.org",
        "mail.exmple.org",
        "mail.examplee.org",
        "mail-example.org",
        "mail.example.org:8443",
        "mail.example.org.evil.test",
        "mail.example.org-evil.test",
    ],
)
def test_a_host_that_reads_like_one_of_the_list_is_noticed(host: str) -> None:
    assert run_each("browser_ext/parcel/imitations.js", "imitated", [host, ["a.test", HOST]]) == [HOST]


def test_other_hosts_imitate_nobody() -> None:
    hosts = ("mail.example.com", "parcels.other.test", "example.net", HOST)
    found = run_each("browser_ext/parcel/imitations.js", "imitated", *([host, [HOST]] for host in hosts))
    assert found == [""] * len(hosts)
