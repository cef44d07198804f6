"""`sealwax page`: publishes a page with a signature, makes one file of it, verifies it, and lists what it loads."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from sealwax.cli.verbs.page import guess_media_type
from sealwax.cli.verbs.page_resources import find_resources, inline_resources
from tests.support.command.lab import READER, SIGNER, TRUST, Lab
from tests.support.command.reports import parsed
from tests.support.growth import grows_in_proportion

ADDRESS = "https://clinic.example/notice"
LINK = b'<link rel="smime-signature" href="page.p7s">'
PAGE = b'<!doctype html><meta charset="utf-8">' + LINK + "<title>Öffnungszeiten</title><p>Montag\n".encode()
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(40)


def publish(lab: Lab, *options: str, page: bytes = PAGE) -> None:
    lab.write("page.html", page)
    lab.made("page", "sign", "page.html", *SIGNER, "--address", ADDRESS, "-o", "page.p7s", *options)


def verify(lab: Lab, *options: str) -> tuple[int, str]:
    result = lab.sealwax("page", "verify", *options, *TRUST)
    return result.code, result.stdout.decode() + result.stderr


def test_a_published_page_is_verified(lab: Lab) -> None:
    publish(lab)
    code, output = verify(lab, "page.html", "--signature", "page.p7s", "--address", ADDRESS)
    assert code == 0
    assert output.startswith("verified: signed by")
    assert output.endswith(f"signed for {ADDRESS}\n")
    whom = ("--from", "bob@example.test")
    code, output = verify(lab, "page.html", "--signature", "page.p7s", *whom)
    assert (code, "sender-mismatch" in output) == (1, True)


def test_a_page_that_was_altered_or_moved_is_told(lab: Lab) -> None:
    publish(lab)
    lab.write("altered.html", PAGE.replace(b"Montag", b"Sonntag"))
    code, output = verify(lab, "altered.html", "--signature", "page.p7s", "-o", "never.html")
    assert (code, "message-digest-mismatch" in output) == (1, True)
    assert not (lab.folder / "never.html").exists()
    code, output = verify(lab, "page.html", "--signature", "page.p7s", "--address", "https://evil.example/notice")
    assert (code, "page-moved" in output) == (1, True)


@pytest.mark.parametrize("options", [(), ("--pem",)])
def test_a_page_is_kept_signed_in_one_file(lab: Lab, options: tuple[str, ...]) -> None:
    lab.write("page.html", PAGE)
    lab.made("page", "sign", "page.html", *SIGNER, "--embed", "-o", "page.p7m", *options)
    result = lab.sealwax("page", "verify", "page.p7m", *TRUST, "-o", "-")
    assert (result.code, result.stdout) == (0, PAGE)
    assert "signed for no address" in result.stderr


def test_an_encrypted_page_opens_by_key_and_by_password(lab: Lab) -> None:
    lab.write("page.html", PAGE)
    lab.write("password.txt", b"lamp oak river\n")
    whom = ("--to", "ids/bob.pem", "--password-file", "password.txt", *SIGNER)
    lab.made("page", "encrypt", "page.html", *whom, "-o", "page.p7m")
    for key in (READER, ("--password-file", "password.txt")):
        result = lab.sealwax("page", "verify", "page.p7m", *key, *TRUST, "-o", "-")
        assert (result.code, result.stdout) == (0, PAGE)
    closed = lab.sealwax("page", "verify", "page.p7m", *TRUST, "-o", "never.html")
    assert (closed.code, "not decrypted" in closed.line) == (1, True)
    assert not (lab.folder / "never.html").exists()


def test_the_report_comes_as_json(lab: Lab) -> None:
    publish(lab)
    result = lab.sealwax("page", "verify", "page.html", "--signature", "page.p7s", *TRUST, "--json")
    assert parsed(result)["state"] == "verified"


def test_a_mail_is_no_page(lab: Lab) -> None:
    code, output = verify(lab, "mail.eml")
    assert (code, output.startswith("sealwax: ")) == (2, True)


def test_resources_outside_the_signature_are_refused_and_listed(lab: Lab) -> None:
    lab.write("loads.html", PAGE + b'<script src="a.js"></script><img src="https://cdn.example/a.png">')
    arguments = ("page", "sign", "loads.html", *SIGNER, "-o", "loads.p7s")
    refused = lab.sealwax(*arguments)
    assert refused.code == 2
    assert "line 2: <img> loads https://cdn.example/a.png without integrity" in refused.stderr
    assert not (lab.folder / "loads.p7s").exists()
    taken = lab.sealwax(*arguments, "--leave-out")
    assert taken.code == 0
    assert "scripts will not run in the viewer: line 2" in taken.stderr


def test_a_page_without_a_link_to_its_signature_is_told(lab: Lab) -> None:
    lab.write("bare.html", PAGE.replace(LINK, b""))
    result = lab.sealwax("page", "sign", "bare.html", *SIGNER, "-o", "bare.p7s")
    assert (result.code, "does not name its signature" in result.line) == (0, True)


def test_stylesheets_and_images_go_into_the_page(lab: Lab) -> None:
    (lab.folder / "looks").mkdir(exist_ok=True)
    (lab.folder / "looks/dot.png").write_bytes(PIXEL)
    (lab.folder / "looks/site.css").write_bytes(b"body { background: url('dot.png') }")
    page = PAGE + b'<link rel=stylesheet href="looks/site.css" media=print>\n<img src=looks/dot.png alt="a > b">'
    lab.write("inline.html", page)
    arguments = ("page", "sign", "inline.html", *SIGNER, "--inline", "-o", "inline.p7s")
    assert lab.sealwax(*arguments).code == 2
    lab.made(*arguments, "--page-output", "whole.html")
    data = b"data:image/png;base64," + base64.b64encode(PIXEL)
    style = b'<style media="print">body { background: url("' + data + b'") }</style>\n'
    assert lab.read("whole.html") == PAGE + style + b'<img src="' + data + b'" alt="a > b">'
    assert verify(lab, "whole.html", "--signature", "inline.p7s")[0] == 0


@pytest.mark.parametrize(
    ("markup", "urls"),
    [
        ('<img src="a.png">', ["a.png"]),
        ("<IMG SRC=a.png>", ["a.png"]),
        ('<img srcset="a.png 1x, b.png 2x">', ["a.png", "b.png"]),
        ('<link rel="icon stylesheet" href="a.css">', ["a.css"]),
        ('<link rel="icon" href="a.ico">', []),
        ("<style>@import 'a.css'; p { background: url(b.png) }</style>", ["b.png", "a.css"]),
        ('<p style="background: url(a.png)">', ["a.png"]),
        ('<iframe src="a.html"></iframe>', ["a.html"]),
        ('<svg><image xlink:href="a.png"/></svg>', ["a.png"]),
        ('<img src="data:image/png;base64,AAAA">', []),
        ('<a href="b.html">b</a>', []),
        ('<!-- <img src="a.png"> -->', []),
        ('<!doctype html [<!x]><p>x<![ lost]><p><img src="a.png">', ["a.png"]),
        ('<!--><img src="a.png"><!-- --!><img src="b.png"><!-- <img src="c.png">', ["a.png", "b.png"]),
        ("<?x><!x></ x><img/src = 'a.png'/alt='>'src=b.png>", ["a.png"]),
        ("<p title=it's><img src=a.png><a b='><img src=c.png>", ["a.png"]),
        ("<title><img src=a.png></titles></title><img src=b.png><svg><title/><image href=c.png>", ["b.png", "c.png"]),
        (f'<img src="a.png&amp;&#{"9" * 5000};"><img src="a&amp;b.png">', [f"a.png&amp;&#{'9' * 5000};", "a&b.png"]),
    ],
)
def test_resources_that_a_page_loads_are_found(markup: str, urls: list[str]) -> None:
    assert [resource.url for resource in find_resources(markup.encode()).uncovered] == urls


@pytest.mark.parametrize(
    ("integrity", "is_covered"),
    [
        ("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", True),
        ("md5-1B2M2Y8AsgTpgAmY7PhCfg", False),
        ("", False),
    ],
)
def test_only_a_hash_that_browsers_know_covers(integrity: str, is_covered: bool) -> None:
    resources = find_resources(f'<link rel=stylesheet href=a.css integrity="{integrity}">'.encode())
    assert (not resources.uncovered) is is_covered


def test_nothing_outside_the_folder_goes_into_a_page(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "site").mkdir()
    for address in ("../secret", "/../secret"):
        with pytest.raises(click.ClickException, match="outside"):
            inline_resources(f'<img src="{address}">'.encode(), tmp_path / "site")


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="names no file"):
        inline_resources(b'<img src="a\0.png">', tmp_path)


def test_only_the_attributes_of_a_resource_change(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PIXEL)
    data = b"data:image/png;base64," + base64.b64encode(PIXEL)
    page = """<P title='"'><IMG ALT=ü SRC = '%b' srcset='%b 1x, https://b.test/?a&amp;b 2x'/>"""
    page += "<p style='a: url(%b)'>ö"
    changed = """<P title='"'><IMG ALT=ü SRC = "%b" srcset="%b 1x, https://b.test/?a&amp;b 2x"/>"""
    changed += '<p style="a: url(&quot;%b&quot;)">ö'
    assert inline_resources(page.encode() % ((b"a.png",) * 3), tmp_path) == changed.encode() % ((data,) * 3)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "piece", [b"<a ", b"<a b='", b"<a b=", b"</a ", b"<!--", b"<!-- --!", b"<![", b"<?", b"<style></styl", b"<title>"]
)
def test_unclosed_markup_takes_linear_time(piece: bytes) -> None:
    def finding(size: int) -> Callable[[], object]:
        page = piece * (size // len(piece))
        return lambda: find_resources(page)

    assert grows_in_proportion(finding, 1_000_000)


def test_many_resources_are_inlined_in_linear_time(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bytes(3_000))

    def inlining(size: int) -> Callable[[], object]:
        page = b'<img src="a.png">' * size
        return lambda: inline_resources(page, tmp_path)

    assert grows_in_proportion(inlining, 4_000)


def test_resources_with_a_hash_or_of_another_host_are_not_inlined(tmp_path: Path) -> None:
    digest = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    page = f'<img src="a.png" integrity="sha256-{digest}"><img src="https://cdn.example/b.png">'.encode()
    assert inline_resources(page, tmp_path) == page


def test_a_page_in_utf_16_is_left_alone() -> None:
    with pytest.raises(click.ClickException, match="UTF-16"):
        find_resources("<p>".encode("utf-16"))


@pytest.mark.parametrize(
    ("name", "page", "media_type"),
    [
        ("a.html", b"<p>", "text/html; charset=utf-8"),
        ("a.html", b"<meta charset=ISO-8859-15>", "text/html; charset=iso-8859-15"),
        ("a.htm", b'<meta http-equiv=Content-Type content="text/html; charset=koi8-r">', "text/html; charset=koi8-r"),
        ("-", b"\xef\xbb\xbf<meta charset=koi8-r>", "text/html; charset=utf-8"),
        ("a.txt", b"", "text/plain; charset=utf-8"),
        ("a.png", b"", "image/png"),
        ("a", b"", "application/octet-stream"),
    ],
)
def test_the_media_type_is_told_by_name_and_page(name: str, page: bytes, media_type: str) -> None:
    assert guess_media_type(name, page) == media_type
