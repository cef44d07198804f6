"""One digest for all signers of a message, and a form that Thunderbird reads where their keys do not allow it."""

from __future__ import annotations

import functools
import itertools
from typing import Final

import pytest

from smime_core import Identity, Judging, SignatureForm, Signing, State, blocking
from smime_core.algorithms import HashName, hash_length, parse_digest_identifier
from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from smime_core.cms import SignerInfo, parse_content_info, parse_signed_data
from smime_core.cms.key_holder import choose_holder_algorithm
from smime_core.mime import parse_entity
from smime_core.provider import NewKey
from tests.support.people import MESSAGE, NOW, PROVIDER, authority, trust

KEYS: Final = {
    "rsa": NewKey.RSA_2048,
    "p256": NewKey.P256,
    "p384": NewKey.P384,
    "p521": NewKey.P521,
    "ed25519": NewKey.ED25519,
    "ed448": NewKey.ED448,
    "ml-dsa": NewKey.ML_DSA_65,
}
GROUPS: Final = [group for size in (1, 2, 3) for group in itertools.combinations(KEYS, size)]


@functools.cache
def person(key: str) -> Identity:
    return run(issue_identity(authority(), "alice@example.test", provider=PROVIDER, at=NOW, key=KEYS[key]))


def signing(*keys: str, form: SignatureForm | None = None, rsa_hash: HashName | None = None) -> Signing:
    identities = [person(key) for key in keys]
    return Signing(identities=identities, signing_time=NOW, form=form, rsa_hash=rsa_hash)


@pytest.mark.parametrize("keys", GROUPS, ids="-".join)
def test_signers_have_one_digest_or_sign_opaquely(keys: tuple[str, ...]) -> None:
    signed = blocking.sign_message(MESSAGE, signing(*keys), provider=PROVIDER)
    content_type = parse_entity(signed).content_type
    has_common = len(keys) == 1 or "ed448" not in keys
    assert content_type.media_type == ("multipart/signed" if has_common else "application/pkcs7-mime")
    assert "," not in content_type.parameters.get("micalg", "")
    assert blocking.examine_message(signed, Judging(trust_store=trust(), at=NOW), PROVIDER).state is State.VERIFIED


@pytest.mark.parametrize("rsa_hash", [HashName.SHA256, HashName.SHA384, HashName.SHA512, None])
@pytest.mark.parametrize("keys", GROUPS, ids="-".join)
def test_further_signers_take_the_digest_that_is_there_unless_it_is_shorter(
    keys: tuple[str, ...], rsa_hash: HashName | None
) -> None:
    first = signing("rsa", rsa_hash=rsa_hash)
    signed = blocking.sign_bytes(b"hello", first, provider=PROVIDER)
    cms = blocking.add_signer(signed, signing(*keys), provider=PROVIDER)
    own = {choose_holder_algorithm(person(key)).hash_name for key in keys}
    (there,) = {algorithm.hash_name for algorithm in first.algorithms}
    fits = all(hash_length(hash_name) <= hash_length(there) for hash_name in own) and "ed448" not in keys
    is_fixed = any(key in ("ed25519", "ml-dsa") for key in keys) and there is not HashName.SHA512
    infos = parse_signed_data(parse_content_info(cms).content).signer_infos
    hashes = {parse_digest_identifier(info.digest_algorithm_der) for info in infos if isinstance(info, SignerInfo)}
    assert (hashes == {there}) == (fits and not is_fixed)
    report = blocking.verify_bytes(cms, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    assert report.state is not State.INVALID


@pytest.mark.parametrize("keys", GROUPS, ids="-".join)
def test_no_key_takes_a_shorter_digest_than_it_would_alone(keys: tuple[str, ...]) -> None:
    for key, algorithm in zip(keys, signing(*keys).algorithms, strict=True):
        alone = choose_holder_algorithm(person(key))
        assert algorithm.scheme is alone.scheme
        assert hash_length(algorithm.hash_name) >= hash_length(alone.hash_name)


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        (("rsa", "p256"), HashName.SHA256),
        (("rsa", "p384"), HashName.SHA384),
        (("p256", "p384", "p521"), HashName.SHA512),
        (("rsa", "ed25519"), HashName.SHA512),
        (("ml-dsa", "p384"), HashName.SHA512),
    ],
)
def test_the_common_digest_is_that_of_the_strictest_key(keys: tuple[str, ...], wanted: HashName) -> None:
    assert {algorithm.hash_name for algorithm in signing(*keys).algorithms} == {wanted}


def test_a_hash_that_the_caller_chose_is_kept() -> None:
    chosen = signing("rsa", "p384", rsa_hash=HashName.SHA256)
    assert [algorithm.hash_name for algorithm in chosen.algorithms] == [HashName.SHA256, HashName.SHA384]
    assert chosen.mail_form(0) is SignatureForm.OPAQUE
    longer = signing("rsa", "p256", rsa_hash=HashName.SHA512)
    assert [algorithm.hash_name for algorithm in longer.algorithms] == [HashName.SHA512, HashName.SHA512]


def test_a_form_that_the_caller_chose_is_kept() -> None:
    signed = blocking.sign_message(MESSAGE, signing("p256", "ed448", form=SignatureForm.DETACHED), provider=PROVIDER)
    assert parse_entity(signed).content_type.parameters["micalg"] == "sha-256,shake256"
