"""A page that Alice publishes, and its detached signature."""

from __future__ import annotations

from typing import Final

from smime_core import blocking
from smime_core.cms.signing import Signing
from smime_core.own_content import sign_published_page
from tests.support.people import NOW, PROVIDER, person

HTML: Final = '<!doctype html>\n<meta charset="utf-8"><title>Öffnungszeiten</title>\n'.encode()
ADDRESS: Final = "https://clinic.example/notice"
TYPE: Final = "text/html; charset=utf-8"
ALICE, BOB = person("alice"), person("bob")


def sign(*, address: str = ADDRESS) -> bytes:
    return blocking.run(
        sign_published_page(
            HTML, Signing(identities=[ALICE], signing_time=NOW), address=address, media_type=TYPE, provider=PROVIDER
        )
    )
