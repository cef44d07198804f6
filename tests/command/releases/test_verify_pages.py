"""`sealwax verify-pages` names each file that a server sends otherwise than it was signed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from sealwax.cli.options.parameters import now
from sealwax.releases.pages import check_address
from smime_core import blocking
from smime_core.cms import Signing
from smime_core.cms.content_info import ID_DATA, TRUST_LIST
from smime_core.identity import load_identity
from smime_core.own_content.own_content import ContentKind, protect_content
from tests.support.command.lab import Lab, Result, by
from tests.support.people import PROVIDER
from tests.support.server_lists import PINNED
from tests.support.servers.pages_server import API, KEY_SERVER, PagesServer, run_pages_server
from tests.support.servers.web_servers import run_raw_server
from webbridge.pages_app import BUILT_PAGES

pytestmark = pytest.mark.server

KEY = ("--key", "ids/release.pem")
UNREAD = "its head has a line that is no header field"


def verify(lab: Lab, pages: PagesServer, *options: str) -> Result:
    return lab.sealwax("verify-pages", pages.origin, *KEY, *options)


def differences(result: Result) -> list[str]:
    """The lines about anything that is not as it was signed."""
    beginnings = ("differs", "missing", "not read")
    return [line for line in result.stdout.decode().splitlines() if line.startswith(beginnings)]


def test_pages_as_they_were_signed_are_equal(lab: Lab, pages: PagesServer) -> None:
    result = verify(lab, pages)
    assert (result.code, result.stderr, differences(result)) == (0, "", [])
    lines = result.stdout.decode().splitlines()
    assert lines[0] == "version 1.2.0"
    assert lines[1].startswith("signed by release@example.test; ")
    assert lines[2:] == ["4 files: 4 equal", f"connects to: api {API}", f"connects to: keyServer {KEY_SERVER}"]


def test_the_build_is_equal_as_its_application_serves_it(lab: Lab, tmp_path: Path) -> None:
    shutil.copytree(BUILT_PAGES, tmp_path / "built", copy_function=os.link)
    lab.told("sign-pages", "built", "--release", "1.2.0", *by("release"))
    with run_pages_server(tmp_path / "built") as server:
        result = verify(lab, server)
    assert (result.code, differences(result)) == (0, [])


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/main.js", b"console.log(2)\n", "differs: main.js"),
        ("/main.js", b"console.log(1)\n//", "differs: main.js"),
        ("/main.js", b"", "differs: main.js (0 bytes instead of 15)"),
        ("/runtime/core.wasm", bytes(256), "differs: runtime/core.wasm"),
        ("/", b"<!doctype html>", "differs: index.html (15 bytes instead of"),
    ],
)
def test_an_altered_file_is_named(lab: Lab, pages: PagesServer, path: str, body: bytes, expected: str) -> None:
    pages.replace(path, body)
    result = verify(lab, pages)
    assert result.code == 1
    assert any(line.startswith(expected) for line in differences(result))
    assert len(differences(result)) == 1


def test_a_script_that_was_added_to_the_document_is_named(lab: Lab, pages: PagesServer) -> None:
    signed = (pages.folder / "index.html").read_bytes()
    pages.replace("/", signed + b'<script src="https://evil.example/a.js"></script><script>alert(1)</script>')
    result = verify(lab, pages)
    assert result.code == 1
    assert differences(result)[0].startswith("differs: index.html (")
    assert differences(result)[1:] == [
        "differs: index.html: it refers to https://evil.example/a.js, which the list does not name",
        "differs: index.html: it has a script of its own",
    ]


def test_two_files_that_were_swapped_are_both_named(lab: Lab, pages: PagesServer) -> None:
    pages.replace("/main.js", b"p { color: red }\n")
    pages.replace("/style.css", b"console.log(1)\n")
    lines = differences(verify(lab, pages))
    assert [line.split(" (")[0] for line in lines] == ["differs: main.js", "differs: style.css"]


def test_a_missing_file_is_named(lab: Lab, pages: PagesServer) -> None:
    (pages.folder / "style.css").unlink()
    result = verify(lab, pages)
    assert result.code == 1
    assert differences(result) == ["missing: style.css (127.0.0.1 answered with HTTP status 404)"]


def test_a_file_that_leads_elsewhere_is_named_and_not_followed(lab: Lab, pages: PagesServer) -> None:
    def lead_away(_: Request, answer: Response) -> Response:
        return Response(status=302, headers={"Location": f"{pages.origin}/style.css"})

    pages.changes["/main.js"] = lead_away
    assert differences(verify(lab, pages)) == ["differs: main.js (127.0.0.1 sends elsewhere, which is not followed)"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Content-Security-Policy", "default-src *", "the policy has default-src *, 'none' was expected"),
        (
            "Content-Type",
            "application/xhtml+xml",
            "the content type is application/xhtml+xml, text/html; charset=utf-8 was expected",
        ),
        ("Link", "<a.css>; rel=stylesheet", "the header field Link adds to the page"),
        ("Refresh", "0; url=https://evil.example", "the header field Refresh adds to the page"),
        ("X-Content-Type-Options", "", "the header field X-Content-Type-Options: nosniff is missing"),
    ],
)
def test_a_weaker_header_field_of_the_document_is_named(
    lab: Lab, pages: PagesServer, name: str, value: str, expected: str
) -> None:
    pages.add_field("/", name, value)
    result = verify(lab, pages)
    assert result.code == 1
    assert f"differs: index.html: {expected}" in differences(result)


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (b"no colon here\r\nLink: <https://evil.example/a.css>; rel=stylesheet", UNREAD),
        (b"no colon here\r\nRefresh: 0; url=https://evil.example/", UNREAD),
        (b"no colon here", UNREAD),
        (b"Link : <https://evil.example/a.css>; rel=stylesheet", UNREAD),
        (b"Refresh\t: 0; url=https://evil.example/", UNREAD),
        (b"\xffX: 1\r\nRefresh: 0; url=https://evil.example/", UNREAD),
        (b": 1\r\nRefresh: 0; url=https://evil.example/", UNREAD),
        (b"Via: 1\rRefresh: 0; url=https://evil.example/", "the header field Refresh adds to the page"),
        (b"Via: 1\r\n Refresh: 0", "the header field Via has characters other than ASCII"),
    ],
)
def test_no_line_of_the_head_hides_a_header_field(lab: Lab, pages: PagesServer, added: bytes, expected: str) -> None:
    """Browsers obey a field with a blank before its colon, and the fields after a line that is none."""

    def add_to_head(connection: socket.socket, over: threading.Event) -> None:
        path = connection.recv(65_536).split(b" ")[1].decode()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", pages.port)) as honest:
            honest.request("GET", path)
            answer = honest.getresponse()
            lines = [f"{name}: {value}".encode() for name, value in answer.getheaders()]
            body = answer.read()
        head = [b"HTTP/1.1 200 OK", *lines, *([added] if path == "/" else []), b"", b""]
        connection.sendall(b"\r\n".join(head) + body)

    with run_raw_server(add_to_head) as server:
        result = lab.sealwax("verify-pages", server.url(""), *KEY)
    assert (result.code, differences(result)[0]) == (1, f"differs: index.html: {expected}")


@pytest.mark.parametrize("blank", ["\xa0", "\x85"])
def test_blanks_that_are_none_for_a_browser_are_named(lab: Lab, pages: PagesServer, blank: str) -> None:
    """A browser takes such a character for a letter of the directive's name, and so knows no such directive."""

    def hide(_: Request, answer: Response) -> Response:
        policy = answer.headers["Content-Security-Policy"]
        answer.headers["Content-Security-Policy"] = policy.replace("base-uri", f"{blank}base-uri")
        answer.headers["X-Content-Type-Options"] = f"nosniff{blank}"
        return answer

    pages.changes["/"] = hide
    result = verify(lab, pages)
    assert result.code == 1
    assert differences(result)[:2] == [
        f"differs: index.html: the header field {name} has characters other than ASCII"
        for name in ("Content-Security-Policy", "X-Content-Type-Options")
    ]


def test_a_directive_that_allows_more_beside_the_policy_is_named(lab: Lab, pages: PagesServer) -> None:
    def loosen(_: Request, answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] += "; script-src-elem *"
        return answer

    pages.changes["/"] = loosen
    expected = "differs: index.html: the policy has the directive script-src-elem, which the pages do not use"
    assert differences(verify(lab, pages)) == [expected]


def allow(pages: PagesServer, directive: str, sources: str) -> None:
    """Send the honest policy with further sources in one directive."""

    def loosen(_: Request, answer: Response) -> Response:
        policy = answer.headers["Content-Security-Policy"]
        assert f"{directive} " in policy
        answer.headers["Content-Security-Policy"] = policy.replace(f"{directive} ", f"{directive} {sources} ")
        return answer

    pages.changes["/"] = loosen


@pytest.mark.parametrize("source", ["https://evil.example", "*", "https:", "wss://api.example.test", "*.example.test"])
def test_each_further_server_of_the_policy_is_named(lab: Lab, pages: PagesServer, source: str) -> None:
    allow(pages, "connect-src", f"{source} https://other.example")
    result = verify(lab, pages)
    assert result.code == 1
    assert differences(result) == [
        f"differs: index.html: the policy allows connections to {server}, which config.json does not name"
        for server in (source, "https://other.example")
    ]


def test_a_further_source_of_scripts_is_named(lab: Lab, pages: PagesServer) -> None:
    allow(pages, "script-src", "https://evil.example")
    (line,) = differences(verify(lab, pages))
    assert line.startswith("differs: index.html: the policy has script-src https://evil.example 'self'")


def test_a_second_policy_that_is_strict_enough_suffices(lab: Lab, pages: PagesServer) -> None:
    def add_policy(_: Request, answer: Response) -> Response:
        answer.headers.add("Content-Security-Policy", "connect-src *")
        return answer

    pages.changes["/"] = add_policy
    assert differences(verify(lab, pages)) == []


def test_a_policy_without_connections_is_strict_enough(lab: Lab, pages: PagesServer) -> None:
    def close(_: Request, answer: Response) -> Response:
        policy = answer.headers["Content-Security-Policy"].replace(
            "connect-src", "connect-src 'none'; upgrade-insecure-requests"
        )
        answer.headers["Content-Security-Policy"] = policy
        return answer

    pages.changes["/"] = close
    assert differences(verify(lab, pages)) == []


def test_without_a_configuration_the_servers_of_the_policy_are_named(lab: Lab, pages: PagesServer) -> None:
    pages.replace("/config.json", b"alert(1)")
    allowed = [line for line in differences(verify(lab, pages)) if "allows connections to" in line]
    assert [API in line or KEY_SERVER in line for line in allowed] == [True, True]


@pytest.mark.parametrize("address", ["https:", "*", "https://*", "https://[", ""])
def test_a_configuration_allows_no_source_of_many_servers(lab: Lab, pages: PagesServer, address: str) -> None:
    pages.replace("/config.json", json.dumps({"api": address, "keyServer": KEY_SERVER}).encode())
    allow(pages, "connect-src", address)
    allowed = [line.split()[7] for line in differences(verify(lab, pages)) if "allows connections to" in line]
    assert allowed == [f"{server}," for server in (address, API) if server]


def test_an_interface_below_a_path_is_expected_by_its_origin(lab: Lab, pages: PagesServer) -> None:
    pages.replace("/config.json", json.dumps({"api": f"{API}/mail", "keyServer": KEY_SERVER}).encode())
    assert verify(lab, pages).code == 0


def test_each_server_of_the_list_of_servers_is_named(lab: Lab, pages: PagesServer) -> None:
    discovery = {"key": PINNED, "url": "https://discovery.example/list.json", "keyServers": ["https://keys2.example"]}
    pages.replace("/config.json", json.dumps({"api": API, "keyServer": KEY_SERVER, "discovery": discovery}).encode())
    allow(pages, "connect-src", "https://discovery.example https://keys2.example")
    result = verify(lab, pages)
    assert (result.code, differences(result)) == (0, [])
    assert result.stdout.decode().splitlines()[-2:] == [
        "connects to: keyServer 2 https://keys2.example",
        f"connects to: discovery signed by {PINNED} https://discovery.example/list.json",
    ]
    allow(pages, "connect-src", "https://keys3.example")
    assert any("keys3.example" in line for line in differences(verify(lab, pages)))


def test_the_store_of_parcels_is_named(lab: Lab, pages: PagesServer) -> None:
    store = "https://s3.example"
    pages.replace("/config.json", json.dumps({"api": API, "keyServer": KEY_SERVER, "parcelStore": store}).encode())
    allow(pages, "connect-src", store)
    result = verify(lab, pages)
    assert (result.code, differences(result)) == (0, [])
    assert result.stdout.decode().splitlines()[-1] == f"connects to: parcelStore {store}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"api": "a", "keyServer": "b", "discovery": {}}',
            "with the members key, url, keyServers",
        ),
        (b'{"api": "https://a.example"}', "expected an object with the members api, keyServer"),
        (b'{"api": "https://a.example", "keyServer": 1}', "keyServer: expected a text"),
        (b"alert(1)", "this is not JSON"),
    ],
)
def test_a_configuration_of_another_form_is_named(lab: Lab, pages: PagesServer, body: bytes, expected: str) -> None:
    pages.replace("/config.json", body)
    result = verify(lab, pages)
    assert result.code == 1
    assert expected in differences(result)[0]


def test_files_that_another_key_signed_are_refused(lab: Lab, pages: PagesServer) -> None:
    lab.told("sign-pages", "pages", "--release", "1.2.0", *by("mallory"))
    result = verify(lab, pages)
    assert (result.code, result.stdout) == (1, b"")
    assert "the release is signed by another key, with the fingerprint" in result.line


@pytest.mark.parametrize("content_type", [ID_DATA, TRUST_LIST])
def test_another_signature_of_the_release_key_is_no_list(lab: Lab, pages: PagesServer, content_type: str) -> None:
    data = (lab.folder / "ids/release.p12").read_bytes()
    passphrase = (lab.folder / "ids/passphrase.txt").read_bytes().strip()
    signer = blocking.run(load_identity(data, passphrase, PROVIDER))
    kind = ContentKind(name="other", content_type=content_type)
    cms = blocking.run(protect_content(b"{}", kind, PROVIDER, Signing(identities=[signer], signing_time=now())))
    (pages.folder / "release.p7s").write_bytes(cms)
    result = verify(lab, pages)
    assert result.code == 1
    assert "another kind of content" in result.line


def test_an_older_version_is_refused_after_a_newer_one(lab: Lab, pages: PagesServer) -> None:
    older = (pages.folder / "release.p7s").read_bytes()
    assert verify(lab, pages).code == 0
    lab.told("sign-pages", "pages", "--release", "1.10.0", *by("release"))
    assert verify(lab, pages).code == 0
    (pages.folder / "release.p7s").write_bytes(older)
    result = verify(lab, pages)
    assert (result.code, result.line) == (1, "sealwax: this is version 1.2.0, and version 1.10.0 was seen already")
    assert verify(lab, pages, "--allow-older").code == 0
    assert verify(lab, pages).code == 0


@pytest.mark.parametrize("spelling", ["HTTPS://Pages.Example.org:443", "https://pages.example.org/"])
def test_an_address_has_one_spelling(spelling: str) -> None:
    """The newest version is remembered by address, so another spelling would forget it."""
    assert check_address(spelling) == "https://pages.example.org/"


def test_other_files_under_the_same_version_are_refused(lab: Lab, pages: PagesServer) -> None:
    assert verify(lab, pages).code == 0
    (pages.folder / "main.js").write_bytes(b"console.log(2)\n")
    lab.told("sign-pages", "pages", "--release", "1.2.0", *by("release"))
    result = verify(lab, pages)
    assert (result.code, result.line) == (1, "sealwax: version 1.2.0 was seen already, with other files")


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"no CMS", "malformed"), (bytes(2_097_153), "answers with more than 2097152 bytes")],
)
def test_a_list_that_cannot_be_read_is_unusable(lab: Lab, pages: PagesServer, body: bytes, expected: str) -> None:
    pages.replace("/release.p7s", body)
    result = verify(lab, pages)
    assert result.code == 2
    assert result.stdout == b""
    assert expected in result.line or expected == "malformed"


def test_pages_without_a_signed_list_are_unusable(lab: Lab, pages: PagesServer) -> None:
    (pages.folder / "release.p7s").unlink()
    result = verify(lab, pages)
    assert (result.code, result.line) == (2, "sealwax: release.p7s: 127.0.0.1 answered with HTTP status 404")


def test_a_file_without_an_end_is_read_no_further_than_the_signed_size(lab: Lab, pages: PagesServer) -> None:
    sent = threading.Event()

    def pour(_: Request, answer: Response) -> Response:
        def chunks() -> Iterator[bytes]:
            for _ in range(1_000_000):
                yield bytes(65_536)
            sent.set()

        return Response(chunks(), mimetype="text/javascript")

    pages.changes["/main.js"] = pour
    result = verify(lab, pages)
    assert differences(result) == ["differs: main.js (127.0.0.1 answers with more than 15 bytes)"]
    assert not sent.is_set()


def test_a_file_that_never_comes_is_named_when_the_time_is_over(lab: Lab, pages: PagesServer) -> None:
    over = threading.Event()

    def wait(_: Request, answer: Response) -> Response:
        over.wait(30)
        return answer

    pages.changes["/main.js"] = wait
    result = verify(lab, pages, "--seconds", "2")
    over.set()
    assert result.code == 1
    assert "not read: main.js (127.0.0.1 did not answer in time)" in differences(result)


def test_a_server_that_drips_its_list_is_unusable_when_the_time_is_over(lab: Lab) -> None:
    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not over.wait(0.05):
            connection.sendall(b".")

    with run_raw_server(drip) as server:
        result = lab.sealwax("verify-pages", server.url(), *KEY, "--seconds", "1")
    assert (result.code, result.line) == (2, "sealwax: release.p7s: 127.0.0.1 did not answer in time")


@pytest.mark.parametrize(
    "url",
    ["http://pages.example.test", "ftp://127.0.0.1", "pages.example.test", "https://u@a.test", "https://a.test/?b"],
)
def test_only_https_and_this_machine_are_asked(lab: Lab, url: str) -> None:
    result = lab.sealwax("verify-pages", url, *KEY)
    assert result.code == 2
    assert "https://" in result.line


def test_without_a_release_key_the_person_has_to_name_one(lab: Lab, pages: PagesServer) -> None:
    result = lab.sealwax("verify-pages", pages.origin)
    assert result.code == 2
    assert "this build carries no release key" in result.line


def test_the_findings_as_json(lab: Lab, pages: PagesServer) -> None:
    pages.replace("/main.js", b"")
    result = verify(lab, pages, "--json")
    report = json.loads(result.stdout)
    assert (result.code, report["version"], report["commit"]) == (1, "1.2.0", None)
    assert report["connections"] == {"api": API, "keyServer": KEY_SERVER}
    assert [file["path"] for file in report["files"] if file["outcome"] == "differs"] == ["main.js"]
    refused = json.loads(lab.sealwax("verify-pages", pages.origin, "--key", "ids/mallory.pem", "--json").stdout)
    assert refused["error"]["code"] == "release-of-another-key"
