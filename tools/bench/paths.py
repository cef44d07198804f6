"""Measures certification paths: three certificates with cached CRLs, and hostile pools; natively and in a browser."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass
from typing import Final

from smime_core.blocking import run
from smime_core.ca.revocation_list_building import ListTerm, build_revocation_list
from smime_core.errors import LimitExceeded
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Name
from tests.support.path_pki import clique, key, root
from tests.support.people import NOW, PROVIDER
from tests.support.vault.conformance import run_in_browser
from tools.conformance.case import Case, pack_cases
from tools.conformance.checks.durations import PathDuration
from tools.conformance.checks.paths import PathVerdict

POOL: Final = 992  # the certificates of 32 authorities, each of which has certified all the others
_TERM: Final = ListTerm(this_update=NOW, next_update=NOW + datetime.timedelta(days=7))


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTime:
    """The milliseconds of one job. `where`: "native", or the browser's name."""

    job: str
    where: str
    milliseconds: float


def measure(*, runs: int = 200) -> list[PathTime]:
    """Measure the chain and the hostile pools natively."""
    chain = run(PathDuration(verdict=make_chain(), runs=runs).run(NativeProvider())) / 1000
    pools = [
        PathTime(job=f"{POOL} certificates, {kind}", where="native", milliseconds=_measure_pool(names))
        for kind, names in (("one name", 1), ("32 names", 32))
    ]
    return [PathTime(job="three certificates, two cached CRLs", where="native", milliseconds=chain), *pools]


def measure_in_browser(name: Name, *, runs: int = 50) -> PathTime:
    """Measure the chain in the vault's Python, with the browser's own cryptography."""
    case = Case(set="bench", name="chain", task=PathDuration(verdict=make_chain(), runs=runs))
    (outcome,) = run_in_browser(name, pack_cases([case]))
    return PathTime(job="three certificates, two cached CRLs", where=name, milliseconds=outcome.facts / 1000)


def make_chain() -> PathVerdict:
    """A path of a root, an issuing authority and a person, with the CRLs of both authorities."""
    top = root("Bench root")
    issuing = top.issue("Bench issuing")
    alice = issuing.certify("alice@example.test")
    lists = (
        run(
            build_revocation_list(
                [],
                issuer=rig.certificate,
                signing_key=key(rig.key_name),
                number=1,
                term=_TERM,
                provider=PROVIDER,
            )
        )
        for rig in (top, issuing)
    )
    return PathVerdict(
        certificate=alice.der,
        anchors=(top.certificate.der,),
        intermediates=(issuing.certificate.der,),
        revocation_lists=tuple(lists),
        at=NOW.isoformat(),
        is_accepted=True,
        is_revocation_required=True,
        purpose="sign",
    )


def _measure_pool(names: int) -> float:
    rigs, pool = clique([f"Clique {number}" for number in range(names)], 32)
    verdict = PathVerdict(
        certificate=rigs[0].certify("alice@example.test").der,
        anchors=(root("Stranger").certificate.der,),
        intermediates=tuple(certificate.der for certificate in pool),
        at=NOW.isoformat(),
        is_accepted=False,
        purpose="sign",
    )
    prepared = verdict.prepare()
    start = time.perf_counter()
    try:
        run(prepared.validate(NativeProvider()))
    except LimitExceeded:
        return (time.perf_counter() - start) * 1000
    raise AssertionError("the pool was not refused")
