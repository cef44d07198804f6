"""Pages and parcels: what comes back, and that no kind of content passes as another."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from smime_core import blocking
from smime_core.content_info import PAGE, SIGNED_PAGE
from smime_core.errors import ContentTypeMismatch, MalformedMessage, NoMatchingRecipient
from smime_core.report import State
from tests.unit.people import NOW, PROVIDER, person, trust

HTML: Final = b"<!doctype html>\n<title>Notice</title>\n"
ENTITY: Final = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe file is ready.\r\n"
ALICE, BOB = person("alice"), person("bob")
PASSWORD: Final = b"lamp oak river"


def seal_page(*, sign: bool = True, encrypt: bool = True) -> bytes:
    return blocking.seal_page(
        HTML,
        address="https://clinic.example/notice",
        media_type="text/html",
        provider=PROVIDER,
        signing_time=NOW,
        identity=ALICE if sign else None,
        recipients=[BOB.certificate] if encrypt else [],
    )


def open_page(cms: bytes) -> tuple[State, bytes, str, str]:
    page = blocking.open_page(cms, provider=PROVIDER, trust_store=trust(), at=NOW, identities=[BOB])
    return page.report.state, page.page, page.address, page.media_type


def seal_parcel(*, sign: bool = True) -> bytes:
    return blocking.seal_parcel(
        ENTITY, provider=PROVIDER, signing_time=NOW, passwords=[PASSWORD], identity=ALICE if sign else None
    )


def open_parcel(cms: bytes) -> tuple[State, bytes]:
    report = blocking.open_parcel(cms, provider=PROVIDER, trust_store=trust(), at=NOW, passwords=[PASSWORD])
    return report.state, report.content


@pytest.mark.parametrize(
    ("sign", "encrypt", "state"),
    [(True, True, State.VERIFIED), (True, False, State.VERIFIED), (False, True, State.ENCRYPTED_ONLY)],
)
def test_a_page_comes_back_with_its_address(sign: bool, encrypt: bool, state: State) -> None:
    opened = open_page(seal_page(sign=sign, encrypt=encrypt))
    assert opened == (state, HTML, "https://clinic.example/notice", "text/html")


def test_a_page_stays_closed_without_a_key() -> None:
    page = blocking.open_page(seal_page(), provider=PROVIDER, trust_store=trust(), at=NOW)
    assert (page.report.state, page.page) == (State.ENCRYPTED_ONLY, b"")


def test_a_page_without_protection_is_not_made() -> None:
    with pytest.raises(MalformedMessage, match="signed, sealed or both"):
        seal_page(sign=False, encrypt=False)


@pytest.mark.parametrize(
    "content", [b"no line", b'{"version":"1"}\nx', b'{"address":1,"mediaType":"","version":"1"}\nx']
)
def test_a_page_of_another_shape_is_malformed(content: bytes) -> None:
    cms = blocking.sign_bytes(content, identity=ALICE, provider=PROVIDER, signing_time=NOW, content_type=PAGE)
    with pytest.raises(MalformedMessage):
        open_page(cms)


@pytest.mark.parametrize(("sign", "state"), [(True, State.VERIFIED), (False, State.ENCRYPTED_ONLY)])
def test_a_parcel_comes_back(sign: bool, state: State) -> None:
    assert open_parcel(seal_parcel(sign=sign)) == (state, ENTITY)


def test_openssl_opens_a_parcel(tmp_path: Path) -> None:
    (tmp_path / "parcel.der").write_bytes(seal_parcel(sign=False))
    command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", "parcel.der", "-pwri_password", PASSWORD.decode()]
    opened = subprocess.run([*command, "-binary"], cwd=tmp_path, capture_output=True, check=True, timeout=30)
    assert opened.stdout == ENTITY


def _open_field(cms: bytes) -> State:
    return blocking.open_field(
        cms, origin="https://clinic.example", provider=PROVIDER, trust_store=trust(), at=NOW, identities=[BOB]
    ).state


def _open_mail(cms: bytes) -> State:
    return blocking.examine_message(
        cms,
        provider=PROVIDER,
        trust_store=trust(),
        at=NOW,
        identities=[BOB],
        passwords=[PASSWORD],
        sender="alice@example.test",
    ).state


MAKERS: Final[dict[str, Callable[[], bytes]]] = {
    "signed and sealed page": seal_page,
    "signed page": lambda: seal_page(encrypt=False),
    "sealed page": lambda: seal_page(sign=False),
    "signed parcel": lambda: (
        blocking.open_bytes(seal_parcel(), identities=[], passwords=[PASSWORD], provider=PROVIDER).content
    ),
    "signed mail": lambda: blocking.sign_bytes(ENTITY, identity=ALICE, provider=PROVIDER, signing_time=NOW),
    "sealed old mail": lambda: blocking.seal_bytes(ENTITY, recipients=[BOB.certificate], provider=PROVIDER),
}
OPENERS: Final[dict[str, Callable[[bytes], State]]] = {
    "page": lambda cms: open_page(cms)[0],
    "parcel": lambda cms: open_parcel(cms)[0],
    "field": _open_field,
    "mail": _open_mail,
}


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("maker", MAKERS)
def test_no_kind_passes_as_another(maker: str, opener: str) -> None:
    try:
        state = OPENERS[opener](MAKERS[maker]())
    except (ContentTypeMismatch, MalformedMessage, NoMatchingRecipient):
        state = State.INVALID
    assert (state is State.INVALID) is not maker.endswith(opener)


def test_a_page_sealed_without_authentication_is_refused() -> None:
    cms = blocking.seal_bytes(HTML, recipients=[BOB.certificate], provider=PROVIDER, content_type=SIGNED_PAGE)
    with pytest.raises(ContentTypeMismatch, match="without authentication"):
        open_page(cms)
    with pytest.raises(ContentTypeMismatch, match="without authentication"):
        blocking.open_bytes(cms, identities=[BOB], provider=PROVIDER, content_type=SIGNED_PAGE)
