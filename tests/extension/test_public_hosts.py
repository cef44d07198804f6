"""The hosts that the extension may ask with a wildcard grant, and the addresses of bridges that it accepts."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.project import ROOT

DIRECTORY = ROOT / "browser_ext/shared/directory_address.js"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

JUDGE_HOSTS = """
const { isPublicHost } = await import(process.argv[1]);
const urls = JSON.parse(process.argv[2]);
console.log(JSON.stringify(urls.filter((url) => isPublicHost(new URL(url).hostname))));
"""
FIND_API = """
const { apiAddress } = await import(process.argv[1]);
const pairs = JSON.parse(process.argv[2]);
const origins = pairs.map(([named, directory]) => {
  try { return apiAddress(named, directory); } catch (error) { return error.code; }
});
console.log(JSON.stringify(origins));
"""

# Sends a message with the adaptor of the bridge's pages. Prints the error code and the addresses that it fetched.
SEND = """
const [module, given] = process.argv.slice(1);
const [page, api] = JSON.parse(given);
const asked = [];
const fetch = async (url) => {
  asked.push(String(url));
  return { ok: true, status: 200, json: async () => ({ api, outcome: "sent" }) };
};
const document = { querySelector: () => null };
Object.assign(globalThis, { document, fetch, location: new URL(page) });
// The modules take methods from the prototypes of a page when they start.
const prototype = new Proxy({}, { getOwnPropertyDescriptor: () => ({ value: () => null, configurable: true }) });
for (const name of ["Node", "Element", "Document", "DocumentFragment", "HTMLElement", "HTMLFormElement"]) {
  globalThis[name] = Object.assign(function () {}, { prototype });
}
const { sealwax } = await import(module);
const done = { message: new ArrayBuffer(0), envelope: { to: ["a@example.com"], cc: [], bcc: [] } };
const problem = await sealwax.send(done).then(() => "", (error) => error.code);
console.log(JSON.stringify([problem, ...asked]));
"""


def run_node(script: str, module: Path, given: object) -> list[str]:
    """The output of a script that uses a module of the extension."""
    command = ["node", "--input-type=module", "-e", script, module.as_uri(), json.dumps(given)]
    found: list[str] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def public(*hosts: str) -> list[str]:
    """The hosts that count as public among these."""
    urls = [f"http://{host}/ca.crl" for host in hosts]
    shown = run_node(JUDGE_HOSTS, ROOT / "browser_ext/shared/public_host.js", urls)
    return [url.removeprefix("http://").removesuffix("/ca.crl") for url in shown]


def test_names_of_the_public_internet_are_public() -> None:
    hosts = ["crl.example.com", "ocsp.partner.co.uk", "OCSP.Example.ORG", "xn--bcher-kva.example.net", "a.b"]
    assert public(*hosts) == hosts


def test_a_dot_at_the_end_makes_no_host_public() -> None:
    names = ["localhost", "intranet", "printer.local", "crl.corp", "wpad.home.arpa", "127.0.0.1", "10.0.0.1"]
    assert public(*(f"{name}." for name in names)) == []
    # A public name stays public with the dot.
    assert public("crl.example.com.") == ["crl.example.com."]


def test_single_labels_are_not_public() -> None:
    assert public("intranet", "pki", "localhost", "xn--bcher-kva") == []


def test_addresses_are_not_public_however_they_are_written() -> None:
    assert (
        public("127.0.0.1", "0x7f.1", "2130706433", "8.8.8.8", "[::1]", "[::ffff:127.0.0.1]", "127.1.", "0177.0.0.1")
        == []
    )


def test_domains_for_local_use_are_not_public() -> None:
    domains = [
        "local",
        "localhost",
        "internal",
        "home.arpa",
        "lan",
        "corp",
        "home",
        "intranet",
        "private",
        "test",
        "onion",
    ]
    assert public(*(f"crl.{domain}" for domain in domains), "CRL.Local", "crl.LOCALHOST.") == []


def test_look_ups_go_where_the_pages_of_a_bridge_name_it_by_https() -> None:
    pairs = [
        ("https://api.example.com", "https://mail.example.com"),
        ("https://api.example.com:8443/mail/", "https://mail.example.com"),
        ("http://127.0.0.1:8461", "http://127.0.0.1:8460"),
        ("", "https://mail.example.com"),
    ]
    assert run_node(FIND_API, DIRECTORY, pairs) == [
        "https://api.example.com",
        "https://api.example.com:8443/mail",
        "http://127.0.0.1:8461",
        "https://mail.example.com",
    ]


def test_no_look_up_goes_where_a_bridge_names_an_address_in_clear() -> None:
    named = [
        "http://api.example.com", "http://mail.example.com", "http://127.0.0.1:8461", "http://localhost", "ftp://example.com",
        "javascript:1", "https://user:word@example.com", "not an address", "//example.com",
    ]  # fmt: skip
    found = run_node(FIND_API, DIRECTORY, [(one, "https://mail.example.com") for one in named])
    assert found == ["unsafe-directory"] * len(named)
    assert run_node(FIND_API, DIRECTORY, [("http://api.example.com", "http://127.0.0.1:8460")]) == ["unsafe-directory"]


def test_no_mail_goes_where_the_pages_of_a_bridge_name_an_address_in_clear() -> None:
    adaptor = ROOT / "browser_ext/content/adaptors/sealwax.js"
    page = "https://mail.example.com/"
    assert run_node(SEND, adaptor, [page, "http://api.example.com"]) == ["unsafe-directory", f"{page}config.json"]
    found = run_node(SEND, adaptor, [page, "https://api.example.com"])
    assert found == ["", f"{page}config.json", "https://api.example.com/api/send"]
