"""Signatures, and signatures with timestamps."""

from __future__ import annotations

import datetime

from smime_core import Identity
from smime_core.blocking import run
from smime_core.cades import add_signature_timestamp, signature_value
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signing import SignerOptions, Signing
from tests.support.people import NOW, PROVIDER, person
from tests.support.signed_structures import CONTENT
from tests.support.timestamp_service import token


def sign(*holders: Identity, options: SignerOptions | None = None) -> bytes:
    return run(
        build_signed_data(
            CONTENT,
            Signing(identities=holders or (person("alice"),), signing_time=NOW, options=options or SignerOptions()),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )


def stamp(cms: bytes, *, gen_time: datetime.datetime = NOW, by: Identity | None = None, number: int = 0) -> bytes:
    made = token(signature_value(cms, number=number), gen_time=gen_time, by=by)
    return run(add_signature_timestamp(cms, made, provider=PROVIDER, number=number))
