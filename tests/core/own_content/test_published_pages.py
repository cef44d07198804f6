"""A page that is published with its signature beside it: what holds, what does not, and where it was meant to stand."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from smime_core import blocking
from smime_core.content_info import ID_DATA, PUBLISHED_PAGE, armor
from smime_core.errors import MalformedMessage
from smime_core.message import SignatureForm
from smime_core.pages import OpenedPage
from smime_core.report import State
from smime_core.signed_data_editing import add_signer
from tests.unit.people import NOW, PROVIDER, anchor, person, trust
from tests.unit.test_vault_verbs import AT, call, sealed
from tests.unit.test_vault_verbs import trust as trust_of_request

HTML: Final = '<!doctype html>\n<meta charset="utf-8"><title>Öffnungszeiten</title>\n'.encode()
ADDRESS: Final = "https://clinic.example/notice"
TYPE: Final = "text/html; charset=utf-8"
ALICE, BOB = person("alice"), person("bob")


def sign(*, address: str = ADDRESS) -> bytes:
    return blocking.sign_published_page(
        HTML, address=address, media_type=TYPE, identity=ALICE, provider=PROVIDER, signing_time=NOW
    )


def open_page(cms: bytes, *, page: bytes = HTML, at: str | None = ADDRESS) -> OpenedPage:
    return blocking.open_page(cms, provider=PROVIDER, trust_store=trust(), at=NOW, published=page, standing_at=at)


def codes(opened: OpenedPage) -> list[str]:
    return [why.code for why in opened.report.reasons]


@pytest.mark.parametrize("armored", [False, True])
def test_a_published_page_is_verified_with_its_address(armored: bool) -> None:
    opened = open_page(armor(sign()).encode() if armored else sign())
    assert opened.report.state is State.VERIFIED
    assert (opened.page, opened.address, opened.media_type) == (HTML, ADDRESS, TYPE)
    assert opened.report.content == HTML


def test_a_page_that_was_altered_is_not_given_out() -> None:
    opened = open_page(sign(), page=HTML + b" ")
    assert opened.report.state is State.INVALID
    assert codes(opened) == ["message-digest-mismatch"]
    assert (opened.page, opened.address, opened.media_type) == (b"", "", "")


@pytest.mark.parametrize(
    "stands_at",
    [ADDRESS, f"{ADDRESS}#hours", "HTTPS://Clinic.Example:443/notice"],
)
def test_an_address_written_otherwise_is_the_same(stands_at: str) -> None:
    assert open_page(sign(), at=stands_at).report.state is State.VERIFIED


@pytest.mark.parametrize(
    "stands_at",
    [
        "https://clinic.example/notice?old",
        "https://clinic.example/Notice",
        "http://clinic.example/notice",
        "https://clinic.example:8443/notice",
        "https://clinic.example.evil.example/notice",
        "https://clinic.example:port/notice",
    ],
)
def test_a_page_that_was_moved_is_not_verified(stands_at: str) -> None:
    opened = open_page(sign(), at=stands_at)
    assert opened.report.state is State.SIGNED_UNVERIFIED
    assert codes(opened)[0] == "page-moved"
    assert opened.address == ADDRESS


def test_a_page_signed_for_no_address_stands_anywhere() -> None:
    assert open_page(sign(address="")).report.state is State.VERIFIED


def test_a_kept_page_tells_when_it_stands_elsewhere() -> None:
    kept = blocking.seal_page(
        HTML, address=ADDRESS, media_type=TYPE, provider=PROVIDER, signing_time=NOW, identity=ALICE
    )
    opened = blocking.open_page(
        kept, provider=PROVIDER, trust_store=trust(), at=NOW, standing_at="https://other.example/"
    )
    assert (opened.report.state, opened.page) == (State.SIGNED_UNVERIFIED, HTML)


@pytest.mark.parametrize("content_type", [ID_DATA, PUBLISHED_PAGE])
def test_a_signature_that_was_made_for_something_else_is_none_over_a_page(content_type: str) -> None:
    cms = blocking.sign_bytes(
        HTML,
        identity=ALICE,
        provider=PROVIDER,
        signing_time=NOW,
        content_type=content_type,
        form=SignatureForm.DETACHED,
    )
    if content_type == PUBLISHED_PAGE:
        with pytest.raises(MalformedMessage, match="which page"):
            open_page(cms)
    else:
        opened = open_page(cms)
        assert (opened.report.state, opened.page) == (State.INVALID, b"")


def test_a_kept_page_is_no_signature_beside_one() -> None:
    kept = blocking.seal_page(HTML, address="", media_type=TYPE, provider=PROVIDER, signing_time=NOW, identity=ALICE)
    with pytest.raises(MalformedMessage, match="both inside and beside"):
        open_page(kept)


def test_a_signer_who_names_no_address_is_refused_beside_one_who_does() -> None:
    both = blocking.run(add_signer(sign(), BOB, signing_time=NOW, provider=PROVIDER, detached_content=HTML))
    with pytest.raises(MalformedMessage):
        open_page(both)


def test_openssl_verifies_the_signature_beside_the_page(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(HTML)
    (tmp_path / "page.p7s").write_bytes(sign())
    (tmp_path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(anchor().der))
    command = "openssl cms -verify -binary -inform DER -in page.p7s -content page.html -CAfile ca.pem -purpose any"
    checked = subprocess.run(
        [*command.split(), "-attime", str(int(NOW.timestamp()))],
        cwd=tmp_path,
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert checked.stdout == HTML


def test_the_vault_opens_what_it_sealed() -> None:
    cms = call(
        "page.seal",
        page=HTML,
        address=ADDRESS,
        mediaType=TYPE,
        sign=True,
        **sealed(ALICE),
        recipients=[BOB.certificate.der],
        at=AT,
    )["cms"]
    opened = call("page.open", cms=cms, **sealed(BOB), **trust_of_request())
    assert opened["report"]["state"] == "verified"
    assert (opened["page"], opened["address"], opened["mediaType"]) == (HTML, ADDRESS, TYPE)


def test_the_vault_verifies_a_published_page_and_says_that_it_was_moved() -> None:
    def judge(**args: Any) -> Any:
        return call("page.open", cms=sign(), identities=[], **trust_of_request(), **args)

    assert judge(published=HTML, standingAt=ADDRESS)["report"]["state"] == "verified"
    moved = judge(published=HTML, standingAt="https://other.example/")["report"]
    assert moved["reasons"][0]["code"] == "page-moved"
    assert judge(published=HTML[1:], standingAt=ADDRESS)["page"] == b""


def test_the_vault_opens_a_page_by_its_password() -> None:
    kept = blocking.seal_page(
        HTML, address="", media_type=TYPE, provider=PROVIDER, signing_time=NOW, passwords=[b"lamp oak river"]
    )
    closed = call("page.open", cms=kept, identities=[], **trust_of_request())
    assert closed["page"] == b""
    opened = call("page.open", cms=kept, identities=[], password=b"lamp oak river", **trust_of_request())
    assert opened["page"] == HTML
