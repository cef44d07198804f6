"""An operator, and the lists that the operator signs: of authorities, and of the files of pages."""

from __future__ import annotations

import datetime
import functools

from smime_core import Identity, RevocationPolicy, TrustAnchor
from smime_core.blocking import run
from smime_core.own_content.release import Coverage, Release, ReleasedFile, integrity_of, sign_release
from smime_core.own_content.trust_list import TrustList, sign_trust_list
from smime_core.pkix import PolicyRequirements, TrustSource
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, anchor, person

DAY = datetime.timedelta(days=1)
LIST = TrustList(
    name="Example Ltd",
    serial_number=7,
    issued=NOW,
    expires=NOW + 30 * DAY,
    anchors=(
        TrustAnchor(
            certificate=anchor(),
            source=TrustSource.OPERATOR,
            addresses=("@example.test",),
            distrust_after=NOW + 10 * DAY,
        ),
        TrustAnchor(certificate=person("bob").certificate, source=TrustSource.OPERATOR, is_exact=True),
    ),
    revocation=RevocationPolicy.IF_KNOWN,
    requirements=PolicyRequirements(initial_policies=frozenset({"2.23.140.1.5.1.3"}), require_explicit_policy=True),
    directories=("ldaps://directory.example.test/o=Example",),
)

PAGES = Release(
    covers=Coverage.PAGES,
    version="1.2.3",
    commit="0" * 40,
    files=(ReleasedFile(path="index.html", bytes=6, integrity=integrity_of(b"<html>")),),
)


@functools.cache
def operator() -> Identity:
    return person("operator", NewKey.P256)


def sign(trust_list: TrustList = LIST, identity: Identity | None = None) -> bytes:
    return run(sign_trust_list(trust_list, identity=identity or operator(), provider=PROVIDER, signing_time=NOW))


def sign_pages(release: Release = PAGES, identity: Identity | None = None) -> bytes:
    """The signed list of the files of pages, by the operator."""
    return run(sign_release(release, PROVIDER, identity=identity or operator(), signing_time=NOW))
