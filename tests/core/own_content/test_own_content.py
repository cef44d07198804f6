"""Pages: their content comes back, and no kind of content passes as another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from smime_core import blocking
from smime_core.cms.content_info import PAGE, SIGNED_PAGE
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import ContentTypeMismatch, MalformedMessage, NoMatchingRecipient
from smime_core.own_content import examine_field, examine_page, protect_page
from smime_core.report.report import State
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, person, trust

HTML: Final = b"<!doctype html>\n<title>Notice</title>\n"
ENTITY: Final = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe file is ready.\r\n"
ALICE, BOB = person("alice"), person("bob")


def make_page(*, sign: bool = True, encrypt: bool = True) -> bytes:
    return blocking.run(
        protect_page(
            HTML,
            address="https://clinic.example/notice",
            media_type="text/html",
            provider=PROVIDER,
            signing=Signing(identities=[ALICE], signing_time=NOW) if sign else None,
            encrypting=Encrypting(recipients=[BOB.certificate] if encrypt else []),
        )
    )


def read_page(cms: bytes) -> tuple[State, bytes, str, str]:
    page = blocking.run(
        examine_page(cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=Keys(identities=[BOB]))
    )
    return page.report.state, page.page, page.address, page.media_type


@pytest.mark.parametrize(
    ("sign", "encrypt", "state"),
    [(True, True, State.VERIFIED), (True, False, State.VERIFIED), (False, True, State.ENCRYPTED_ONLY)],
)
def test_a_page_comes_back_with_its_address(sign: bool, encrypt: bool, state: State) -> None:
    opened = read_page(make_page(sign=sign, encrypt=encrypt))
    assert opened == (state, HTML, "https://clinic.example/notice", "text/html")


def test_a_page_stays_closed_without_a_key() -> None:
    page = blocking.run(examine_page(make_page(), Judging(trust_store=trust(), at=NOW), provider=PROVIDER))
    assert (page.report.state, page.page) == (State.ENCRYPTED_ONLY, b"")


def test_a_page_without_protection_is_not_made() -> None:
    with pytest.raises(MalformedMessage, match="signed, encrypted or both"):
        make_page(sign=False, encrypt=False)


@pytest.mark.parametrize(
    "content", [b"no line", b'{"version":"1"}\nx', b'{"address":1,"mediaType":"","version":"1"}\nx']
)
def test_a_page_of_another_shape_is_malformed(content: bytes) -> None:
    cms = blocking.sign_bytes(
        content, Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER, content_type=PAGE
    )
    with pytest.raises(MalformedMessage):
        read_page(cms)


def _open_field(cms: bytes) -> State:
    return blocking.run(
        examine_field(
            cms,
            Judging(trust_store=trust(), at=NOW),
            origin="https://clinic.example",
            provider=PROVIDER,
            keys=Keys(identities=[BOB]),
        )
    ).state


def _open_mail(cms: bytes) -> State:
    return blocking.examine_message(
        cms,
        Judging(trust_store=trust(), at=NOW),
        provider=PROVIDER,
        sender="alice@example.test",
        keys=Keys(identities=[BOB]),
    ).state


MAKERS: Final[dict[str, Callable[[], bytes]]] = {
    "signed and encrypted page": make_page,
    "signed page": lambda: make_page(encrypt=False),
    "encrypted page": lambda: make_page(sign=False),
    "signed mail": lambda: blocking.sign_bytes(
        ENTITY, Signing(identities=[ALICE], signing_time=NOW), provider=PROVIDER
    ),
    "encrypted old mail": lambda: blocking.encrypt_bytes(
        ENTITY, Encrypting(recipients=[BOB.certificate]), provider=PROVIDER
    ),
}
OPENERS: Final[dict[str, Callable[[bytes], State]]] = {
    "page": lambda cms: read_page(cms)[0],
    "field": _open_field,
    "mail": _open_mail,
}


@pytest.mark.parametrize("decryptor", OPENERS)
@pytest.mark.parametrize("maker", MAKERS)
def test_no_kind_passes_as_another(maker: str, decryptor: str) -> None:
    try:
        state = OPENERS[decryptor](MAKERS[maker]())
    except (ContentTypeMismatch, MalformedMessage, NoMatchingRecipient):
        state = State.INVALID
    assert (state is State.INVALID) is not maker.endswith(decryptor)


def test_a_page_encrypted_without_authentication_is_refused() -> None:
    cms = blocking.encrypt_bytes(
        HTML, Encrypting(recipients=[BOB.certificate]), provider=PROVIDER, content_type=SIGNED_PAGE
    )
    with pytest.raises(ContentTypeMismatch, match="without authentication"):
        read_page(cms)
    with pytest.raises(ContentTypeMismatch, match="without authentication"):
        blocking.decrypt_bytes(cms, Keys(identities=[BOB]), provider=PROVIDER, content_type=SIGNED_PAGE)


def test_a_detached_signature_that_would_lose_the_content_is_refused() -> None:
    detached = Signing(identities=[person("alice")], signing_time=NOW, form=SignatureForm.DETACHED)
    with pytest.raises(MalformedMessage, match="leave the content out"):
        blocking.run(
            protect_page(b"<p>x", PROVIDER, address="https://example.test/", media_type="text/html", signing=detached)
        )


def test_a_signature_by_nobody_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="nobody to sign"):
        Signing(identities=[], signing_time=NOW)
