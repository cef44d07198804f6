"""A page that is published with its signature beside it: valid and invalid pages, and the address it was signed for."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from smime_core import blocking
from smime_core.cms.content_info import ID_DATA, PUBLISHED_PAGE, armor
from smime_core.cms.signed_data_editing import add_signer
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import MalformedMessage
from smime_core.own_content import examine_page, protect_page
from smime_core.own_content.pages import ExaminedPage
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, anchor, trust
from tests.support.published_pages import ADDRESS, ALICE, BOB, HTML, TYPE, sign


def read_page(cms: bytes, *, page: bytes = HTML, at: str | None = ADDRESS) -> ExaminedPage:
    return blocking.run(
        examine_page(cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, published=page, found_at=at)
    )


def codes(opened: ExaminedPage) -> list[str]:
    return [why.code for why in opened.report.reasons]


@pytest.mark.parametrize("armored", [False, True])
def test_a_published_page_is_verified_with_its_address(armored: bool) -> None:
    opened = read_page(armor(sign()).encode() if armored else sign())
    assert opened.report.state is State.VERIFIED
    assert (opened.page, opened.address, opened.media_type) == (HTML, ADDRESS, TYPE)
    assert opened.report.content == HTML


def test_a_page_that_was_altered_is_not_given_out() -> None:
    opened = read_page(sign(), page=HTML + b" ")
    assert opened.report.state is State.INVALID
    assert codes(opened) == ["message-digest-mismatch"]
    assert (opened.page, opened.address, opened.media_type) == (b"", "", "")


@pytest.mark.parametrize(
    "stands_at",
    [ADDRESS, f"{ADDRESS}#hours", "HTTPS://Clinic.Example:443/notice"],
)
def test_an_address_written_otherwise_is_the_same(stands_at: str) -> None:
    assert read_page(sign(), at=stands_at).report.state is State.VERIFIED


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
    opened = read_page(sign(), at=stands_at)
    assert opened.report.state is State.SIGNED_UNVERIFIED
    assert codes(opened)[0] == "page-moved"
    assert opened.address == ADDRESS


def test_a_page_signed_for_no_address_stands_anywhere() -> None:
    assert read_page(sign(address="")).report.state is State.VERIFIED


def test_a_kept_page_tells_when_it_stands_elsewhere() -> None:
    page = blocking.run(
        protect_page(
            HTML,
            address=ADDRESS,
            media_type=TYPE,
            provider=PROVIDER,
            signing=Signing(identities=[ALICE], signing_time=NOW),
        )
    )
    opened = blocking.run(
        examine_page(page, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, found_at="https://other.example/")
    )
    assert (opened.report.state, opened.page) == (State.SIGNED_UNVERIFIED, HTML)


@pytest.mark.parametrize("content_type", [ID_DATA, PUBLISHED_PAGE])
def test_a_signature_that_was_made_for_something_else_is_none_over_a_page(content_type: str) -> None:
    cms = blocking.sign_bytes(
        HTML,
        Signing(identities=[ALICE], signing_time=NOW, form=SignatureForm.DETACHED),
        provider=PROVIDER,
        content_type=content_type,
    )
    if content_type == PUBLISHED_PAGE:
        with pytest.raises(MalformedMessage, match="which page"):
            read_page(cms)
    else:
        opened = read_page(cms)
        assert (opened.report.state, opened.page) == (State.INVALID, b"")


def test_a_kept_page_is_no_signature_beside_one() -> None:
    page = blocking.run(
        protect_page(
            HTML, address="", media_type=TYPE, provider=PROVIDER, signing=Signing(identities=[ALICE], signing_time=NOW)
        )
    )
    with pytest.raises(MalformedMessage, match="both inside the signature and given apart"):
        read_page(page)


def test_a_signer_who_names_no_address_is_refused_beside_one_who_does() -> None:
    both = blocking.run(
        add_signer(sign(), Signing(identities=[BOB], signing_time=NOW), provider=PROVIDER, detached_content=HTML)
    )
    with pytest.raises(MalformedMessage):
        read_page(both)


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
