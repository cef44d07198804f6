"""Identities read from PKCS#12 files and written into them: files of OpenSSL, of pyca, our own, and damaged ones."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import hashlib
import hmac
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import pkcs12 as pyca_pkcs12

from smime_core.algorithms import (
    AES_256_CBC,
    HASH_OIDS,
    HashName,
    Kdf,
    Pbkdf2,
    RepeatedHash,
    SignatureAlgorithm,
    SignatureScheme,
)
from smime_core.asn1 import der
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.errors import (
    EntrustProfile,
    LimitExceeded,
    MalformedMessage,
    SmimeError,
    UnsupportedAlgorithm,
    WrongPassphrase,
)
from smime_core.identity.identity import Identity, export_identities, export_identity, load_identities, load_identity
from smime_core.identity.pbes import build_pbes2
from smime_core.identity.pkcs12 import (
    DEFAULT_ITERATIONS,
    Pkcs12Certificate,
    Pkcs12Contents,
    Pkcs12Form,
    Pkcs12Key,
    build_pkcs12,
    parse_pkcs12,
)
from smime_core.identity.pkcs12.legacy import PBE_WITH_SHA1_AND_3DES
from smime_core.identity.pkcs12.triple_des import encrypt_triple_des_cbc
from smime_core.identity.shared import SHARED_NAME, is_shared
from smime_core.keys import public_key_of
from smime_core.keys.kdf import Purpose, bmp_passphrase, build_hmac_identifier, build_pbkdf2, derive_pkcs12
from smime_core.limits import MAX_CERTIFICATES, MAX_PBKDF2_ITERATIONS, MAX_PKCS12_BYTES
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate

PROVIDER = NativeProvider()
AT = datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.UTC)
PASSPHRASE = "Grüße, 𝔖chlüssel".encode()
DATA = der.oid("1.2.840.113549.1.7.1")
PBMAC1 = "1.2.840.113549.1.5.14"
OLD_MAC_HASHES = [hashes.SHA1(), hashes.SHA256(), hashes.SHA512()]  # noqa: S303 -- what old files carry
run = asyncio.run


@pytest.fixture(scope="module")
def authority() -> Authority:
    return run(create_authority("Example CA", provider=PROVIDER, at=AT, key=NewKey.P256))


@pytest.fixture(scope="module")
def alice(authority: Authority) -> Identity:
    return run(issue_identity(authority, "alice@example.test", provider=PROVIDER, at=AT, key=NewKey.P256))


@pytest.fixture(scope="module")
def bob(authority: Authority) -> Identity:
    return run(issue_identity(authority, "bob@example.test", provider=PROVIDER, at=AT))


@pytest.fixture(scope="module")
def exported(alice: Identity) -> bytes:
    return run(export_identity(alice, PASSPHRASE, provider=PROVIDER, iterations=2))


def file_key(identity: Identity, *, local_key_id: bytes | None = None) -> Pkcs12Key:
    return Pkcs12Key(pkcs8_der=identity.private_key.pkcs8_der, local_key_id=local_key_id)


def file_certificate(certificate: Certificate, *, local_key_id: bytes | None = None) -> Pkcs12Certificate:
    return Pkcs12Certificate(certificate_der=certificate.der, local_key_id=local_key_id)


def build_file(keys: Sequence[Pkcs12Key], certificates: Sequence[Pkcs12Certificate]) -> bytes:
    contents = Pkcs12Contents(keys=tuple(keys), certificates=tuple(certificates))
    return run(build_pkcs12(contents, PASSPHRASE, provider=PROVIDER, iterations=1))


def load(p12: bytes, passphrase: bytes = PASSPHRASE) -> tuple[Identity, ...]:
    return run(load_identities(p12, passphrase, provider=PROVIDER))


def build_data(content: bytes) -> bytes:
    return der.sequence(DATA, der.explicit(0, der.octet_string(content)))


def pfx(safe: bytes, mac_data: bytes = b"") -> bytes:
    """A PKCS#12 file around one SafeContents in clear."""
    return der.sequence(der.integer(3), build_data(der.sequence(build_data(safe))), mac_data)


def openssl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False, timeout=30)


def openssl_export(folder: Path, identity: Identity, *options: str, password: str) -> bytes:
    (folder / "key.pem").write_bytes(pem.armor("PRIVATE KEY", identity.private_key.pkcs8_der))
    (folder / "own.pem").write_bytes(pem.armor("CERTIFICATE", identity.certificate.der))
    (folder / "ca.pem").write_bytes(pem.armor("CERTIFICATE", identity.chain[0].der))
    files = ["-inkey", folder / "key.pem", "-in", folder / "own.pem", "-certfile", folder / "ca.pem"]
    arguments = ["pkcs12", "-export", *map(str, files), "-name", "Alice Ä", "-passout", f"pass:{password}"]
    done = openssl(*arguments, "-out", str(folder / "out.p12"), *options)
    assert done.returncode == 0, done.stderr
    return (folder / "out.p12").read_bytes()


# Export


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_exported_identity_comes_back(who: str, request: pytest.FixtureRequest) -> None:
    identity: Identity = request.getfixturevalue(who)
    p12 = run(export_identity(identity, PASSPHRASE, provider=PROVIDER, iterations=2))
    loaded = run(load_identity(p12, PASSPHRASE, provider=PROVIDER))
    assert loaded.certificate == identity.certificate
    assert loaded.private_key.pkcs8_der == identity.private_key.pkcs8_der
    assert loaded.chain == identity.chain
    assert loaded.friendly_name == identity.friendly_name


def test_pyca_reads_what_is_exported(alice: Identity, exported: bytes) -> None:
    read = pyca_pkcs12.load_pkcs12(exported, PASSPHRASE)
    assert read.cert is not None
    assert read.cert.certificate.public_bytes(serialization.Encoding.DER) == alice.certificate.der
    assert read.cert.friendly_name == b"alice@example.test"
    assert len(read.additional_certs) == 1


def test_pyca_refuses_what_is_exported_under_another_passphrase(exported: bytes) -> None:
    with pytest.raises(ValueError, match="password"):
        pyca_pkcs12.load_pkcs12(exported, b"wrong")


def test_openssl_reads_what_is_exported(tmp_path: Path, alice: Identity, exported: bytes) -> None:
    # OpenSSL supports PBMAC1 only from 3.4 on, but the encryption in earlier versions too.
    (tmp_path / "out.p12").write_bytes(exported)
    source = f"pass:{PASSPHRASE.decode()}"
    done = openssl("pkcs12", "-in", str(tmp_path / "out.p12"), "-nomacver", "-nodes", "-passin", source)
    assert done.returncode == 0, done.stderr
    blocks = {name: octets for name, _, octets in pem.unarmor(done.stdout, multiple=True)}
    assert blocks["PRIVATE KEY"] == alice.private_key.pkcs8_der
    assert done.stdout.count(b"BEGIN CERTIFICATE") == 2


def test_export_writes_the_iterations_asked_for(exported: bytes) -> None:
    # PBKDF2 with 2 iterations, 32 bytes and HMAC-SHA-256 protects certificates and key. The MAC's iterations come last.
    tail = der.integer(2) + der.integer(32) + build_hmac_identifier(HashName.SHA256)
    assert exported.count(tail) == 2
    assert exported.endswith(der.integer(2))


def test_two_exports_share_no_salt(alice: Identity, exported: bytes) -> None:
    again = run(export_identity(alice, PASSPHRASE, provider=PROVIDER, iterations=2))
    assert again != exported
    assert again[-80:] != exported[-80:]


def test_secrets_never_reach_the_repr(alice: Identity, exported: bytes) -> None:
    secret = repr(alice.private_key.pkcs8_der[40:48])[2:-1]
    contents = run(parse_pkcs12(exported, PASSPHRASE, provider=PROVIDER))
    assert secret not in repr(alice)
    assert "pkcs8" not in repr(contents)


@pytest.mark.parametrize("form", list(Pkcs12Form))
def test_all_forms_come_back_under_their_passphrase_alone(alice: Identity, form: Pkcs12Form) -> None:
    # MUSTS 40: the MAC key is derived from the BMPString, with PBMAC1 from UTF-8. The empty passphrase has both forms.
    for passphrase in (PASSPHRASE, b""):
        p12 = run(export_identity(alice, passphrase, provider=PROVIDER, form=form, iterations=2))
        assert load(p12, passphrase)[0].private_key.pkcs8_der == alice.private_key.pkcs8_der
        with pytest.raises(WrongPassphrase):
            load(p12, passphrase + b"x")


def test_forms_differ_in_what_they_say(alice: Identity) -> None:
    by_default = run(export_identity(alice, PASSPHRASE, provider=PROVIDER, iterations=2))
    made = {
        form: run(export_identity(alice, PASSPHRASE, provider=PROVIDER, form=form, iterations=2)) for form in Pkcs12Form
    }
    macs = {form: bytes(der.read_sequence(p12)[2].encoded) for form, p12 in made.items()}
    assert der.oid(PBMAC1) in macs[Pkcs12Form.MODERN]
    assert der.oid(HASH_OIDS[HashName.SHA256]) in macs[Pkcs12Form.COMPATIBLE]
    assert der.oid(HASH_OIDS[HashName.SHA1]) in macs[Pkcs12Form.LEGACY]
    assert der.oid(HASH_OIDS[HashName.SHA256]) in bytes(der.read_sequence(by_default)[2].encoded)
    assert der.oid(PBMAC1) not in by_default
    for p12 in (by_default, made[Pkcs12Form.MODERN], made[Pkcs12Form.COMPATIBLE]):
        assert p12.count(der.oid("1.2.840.113549.1.5.13")) == 2
        assert p12.count(der.oid(AES_256_CBC.oid)) == 2
        assert der.oid(PBE_WITH_SHA1_AND_3DES) not in p12
    assert made[Pkcs12Form.LEGACY].count(der.oid(PBE_WITH_SHA1_AND_3DES)) == 2


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 800])
def test_triple_des_is_what_the_library_makes(length: int) -> None:
    key, iv, plaintext = os.urandom(24), os.urandom(8), os.urandom(length)
    padder = PKCS7(64).padder()
    encryptor = Cipher(TripleDES(key), modes.CBC(iv)).encryptor()
    expected = encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
    assert encrypt_triple_des_cbc(key, iv, plaintext) == expected


@pytest.mark.parametrize(("key_length", "iv_length"), [(16, 8), (24, 16)])
def test_triple_des_takes_three_keys_and_one_block_of_iv(key_length: int, iv_length: int) -> None:
    with pytest.raises(ValueError, match="24 bytes"):
        encrypt_triple_des_cbc(bytes(key_length), bytes(iv_length), b"")


def test_iterations_of_the_compatible_form_are_what_net_reads(alice: Identity) -> None:
    # .NET reads up to 300,000 iterations in a MAC, and 1,000,000 in all encryptions together. Four keys and the
    # certificates are five encryptions.
    assert DEFAULT_ITERATIONS[Pkcs12Form.COMPATIBLE] * 5 <= 1_000_000
    p12 = run(export_identity(alice, PASSPHRASE, provider=PROVIDER, form=Pkcs12Form.COMPATIBLE))
    mac_data = der.read_sequence(p12)[2]
    assert der.parse_integer(der.read_children(mac_data)[2]) == DEFAULT_ITERATIONS[Pkcs12Form.COMPATIBLE]


@pytest.mark.parametrize("form", list(Pkcs12Form))
def test_several_identities_share_a_file(alice: Identity, bob: Identity, form: Pkcs12Form) -> None:
    p12 = run(export_identities([alice, bob], PASSPHRASE, provider=PROVIDER, iterations=2, form=form))
    assert [
        (identity.certificate, identity.private_key.pkcs8_der, identity.friendly_name, identity.chain)
        for identity in load(p12)
    ] == [
        (identity.certificate, identity.private_key.pkcs8_der, identity.friendly_name, identity.chain)
        for identity in (alice, bob)
    ]


@pytest.mark.parametrize("names", [(None, None), ("Key", "Key"), ("Key 2", "Key", "Key"), (SHARED_NAME, SHARED_NAME)])
def test_each_key_of_a_file_has_a_name_of_its_own(authority: Authority, names: tuple[str | None, ...]) -> None:
    issued = [run(issue_identity(authority, "dora@example.test", provider=PROVIDER, at=AT)) for _ in names]
    people = [dataclasses.replace(identity, friendly_name=name) for identity, name in zip(issued, names, strict=True)]
    p12 = run(export_identities(people, PASSPHRASE, provider=PROVIDER, iterations=2))
    contents = run(parse_pkcs12(p12, PASSPHRASE, provider=PROVIDER))
    written = [key.friendly_name for key in contents.keys]
    assert all(written)
    assert len(set(written)) == len(written)
    assert [certificate.friendly_name for certificate in contents.certificates if certificate.local_key_id] == written
    assert [is_shared(identity) for identity in load(p12)] == [name == SHARED_NAME for name in names]


def test_identities_that_share_a_key_write_it_once(authority: Authority, alice: Identity) -> None:
    young = dataclasses.replace(alice, certificate=renewed(authority, alice, years=9))
    p12 = run(export_identities([alice, young], PASSPHRASE, provider=PROVIDER, iterations=2))
    assert len(run(parse_pkcs12(p12, PASSPHRASE, provider=PROVIDER)).keys) == 1
    # The identity that was given first stays first, though its certificate is older.
    assert [identity.certificate for identity in load(p12)] == [alice.certificate, young.certificate]


def test_no_identities_make_an_empty_file() -> None:
    p12 = run(export_identities([], PASSPHRASE, provider=PROVIDER, iterations=2))
    assert load(p12) == ()


def test_name_with_a_lone_surrogate_is_written_readable(alice: Identity) -> None:
    named = dataclasses.replace(alice, friendly_name="A\ud800 😀")
    assert load(run(export_identity(named, PASSPHRASE, provider=PROVIDER, iterations=2)))[0].friendly_name == "A? 😀"


# Files of others


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-macalg", "sha1"],
        ["-macalg", "sha512", "-iter", "5"],
        ["-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-maciter"],
        ["-nomac"],
        ["-certpbe", "NONE"],
        ["-legacy"],
        ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("password", ["secret", "Grüße", ""], ids=["ASCII", "umlauts", "empty"])
def test_loads_files_of_openssl(tmp_path: Path, alice: Identity, options: list[str], password: str) -> None:
    p12 = openssl_export(tmp_path, alice, *options, password=password)
    identity = run(load_identity(p12, password.encode(), provider=PROVIDER))
    assert identity.certificate == alice.certificate
    assert identity.private_key.pkcs8_der == alice.private_key.pkcs8_der
    assert identity.chain == alice.chain
    assert identity.friendly_name == "Alice Ä"


@pytest.mark.parametrize("hash_algorithm", OLD_MAC_HASHES, ids=lambda algorithm: algorithm.name)
def test_loads_files_of_pyca(bob: Identity, hash_algorithm: hashes.HashAlgorithm) -> None:
    key = serialization.load_der_private_key(bob.private_key.pkcs8_der, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(3)
    encryption = builder.key_cert_algorithm(pyca_pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hash_algorithm)
    certificate = x509.load_der_x509_certificate(bob.certificate.der)
    p12 = pyca_pkcs12.serialize_key_and_certificates(b"Bob", key, certificate, None, encryption.build(b"secret"))
    identity = run(load_identity(p12, b"secret", provider=PROVIDER))
    assert identity.certificate == bob.certificate
    assert identity.friendly_name == "Bob"


def test_indefinite_lengths_are_read(alice: Identity) -> None:
    # NSS, Windows and macOS write BER with the bytes of authSafe in pieces. The MAC is over the joined content.
    bags = der.sequence(
        der.sequence(der.oid("1.2.840.113549.1.12.10.1.1"), der.explicit(0, alice.private_key.pkcs8_der)),
        certificate_bag(alice.certificate.der),
    )
    auth_safe = der.sequence(build_data(bags))
    pieces = b"\x24\x80" + der.octet_string(auth_safe[:100]) + der.octet_string(auth_safe[100:]) + b"\0\0"
    content_info = b"\x30\x80" + DATA + b"\xa0\x80" + pieces + b"\0\0" + b"\0\0"
    p12 = der.sequence(der.integer(3), content_info, old_mac(auth_safe))
    assert load(p12)[0].certificate == alice.certificate


# Certificates and the keys that they belong to


def test_certificates_go_to_their_keys(authority: Authority, alice: Identity, bob: Identity) -> None:
    # The localKeyIDs pair keys and certificates wrongly. The public keys decide.
    p12 = build_file(
        [file_key(alice, local_key_id=b"1"), file_key(bob, local_key_id=b"2")],
        [
            file_certificate(authority.identity.certificate),
            file_certificate(bob.certificate, local_key_id=b"1"),
            file_certificate(alice.certificate, local_key_id=b"2"),
        ],
    )
    first, second = load(p12)
    assert (first.certificate, second.certificate) == (alice.certificate, bob.certificate)
    assert first.private_key.pkcs8_der == alice.private_key.pkcs8_der
    assert first.chain == second.chain == (authority.identity.certificate,)


def renewed(authority: Authority, identity: Identity, *, years: int) -> Certificate:
    """Another certificate for the same key."""

    class SameKey(NativeProvider):
        async def generate_key(self, kind: NewKey) -> PrivateKey:
            return identity.private_key

    until = AT + datetime.timedelta(days=365 * years)
    return run(
        issue_identity(authority, "a@example.test", provider=SameKey(), at=AT, details=Details(not_after=until))
    ).certificate


def test_every_certificate_of_a_key_gives_an_identity(authority: Authority, alice: Identity) -> None:
    old, young = renewed(authority, alice, years=1), renewed(authority, alice, years=9)
    p12 = build_file([file_key(alice)], [file_certificate(old), file_certificate(young)])
    assert [identity.certificate for identity in load(p12)] == [young, old]


def test_local_key_id_puts_one_of_several_certificates_first(authority: Authority, alice: Identity) -> None:
    old, young = renewed(authority, alice, years=1), renewed(authority, alice, years=9)
    p12 = build_file(
        [file_key(alice, local_key_id=b"1")], [file_certificate(young), file_certificate(old, local_key_id=b"1")]
    )
    assert [identity.certificate for identity in load(p12)] == [old, young]


def without_public_half(identity: Identity) -> Pkcs12Key:
    fields = der.read_sequence(identity.private_key.pkcs8_der)
    inner = der.read_sequence(fields[2].content)
    key_der = der.sequence(*(bytes(field.encoded) for field in inner[:2]))
    pkcs8_der = der.sequence(*(bytes(field.encoded) for field in fields[:2]), der.octet_string(key_der))
    return Pkcs12Key(pkcs8_der=pkcs8_der)


def test_key_without_its_public_half_finds_its_certificate(
    authority: Authority, alice: Identity, bob: Identity
) -> None:
    # Java writes EC keys without the public half. The authority's key is on the same curve, but does not match.
    p12 = build_file(
        [without_public_half(alice)],
        [
            file_certificate(bob.certificate),
            *map(file_certificate, (authority.identity.certificate, alice.certificate)),
        ],
    )
    (identity,) = load(p12)
    assert identity.certificate == alice.certificate
    assert public_key_of(identity.private_key).spki_der == alice.certificate.public_key.spki_der


UNKNOWN_KEY = der.sequence(der.integer(0), der.sequence(der.oid("1.2.3.4")), der.octet_string(b"key"))


@pytest.mark.parametrize(
    ("pkcs8_der", "error"),
    [(UNKNOWN_KEY, UnsupportedAlgorithm), (der.sequence(b""), MalformedMessage)],
    ids=["unknown", "broken"],
)
def test_unreadable_key_does_not_hide_the_others(alice: Identity, pkcs8_der: bytes, error: type[SmimeError]) -> None:
    unreadable = Pkcs12Key(pkcs8_der=pkcs8_der)
    assert len(load(build_file([unreadable, file_key(alice)], [file_certificate(alice.certificate)]))) == 1
    with pytest.raises(error, match="rivate"):
        load(build_file([unreadable], [file_certificate(alice.certificate)]))


def test_unreadable_certificate_does_not_hide_the_others(alice: Identity) -> None:
    unreadable = Pkcs12Certificate(certificate_der=b"0\0")
    (identity,) = load(build_file([file_key(alice)], [unreadable, file_certificate(alice.certificate)]))
    assert identity.certificate == alice.certificate
    assert identity.chain == ()
    with pytest.raises(MalformedMessage):
        load(build_file([file_key(alice)], [unreadable]))
    assert load(build_file([], [unreadable])) == ()


def test_certificate_of_an_unknown_kind_of_key_does_not_hide_the_others(alice: Identity) -> None:
    unknown = alice.certificate.der.replace(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.2.9"))
    certificates = [Pkcs12Certificate(certificate_der=unknown), file_certificate(alice.certificate)]
    (identity,) = load(build_file([file_key(alice)], certificates))
    assert identity.certificate == alice.certificate
    assert [certificate.der for certificate in identity.chain] == [unknown]


def test_unreadable_bags_and_safes_do_not_hide_the_others(alice: Identity) -> None:
    good = [key_bag(alice), certificate_bag(alice.certificate.der)]
    no_fields, no_bag = der.sequence(), der.octet_string(b"bag")
    rc4 = der.sequence(der.oid("1.2.840.113549.1.12.1.1"), der.sequence(der.octet_string(b"salt"), der.integer(1)))
    shrouded = der.sequence(rc4, der.octet_string(b"key"))
    rc4_bag = der.sequence(der.oid("1.2.840.113549.1.12.10.1.2"), der.explicit(0, shrouded))
    (identity,) = load(pfx(der.sequence(no_fields, no_bag, rc4_bag, *good)))
    assert identity.certificate == alice.certificate
    broken_safe = der.sequence(der.oid("1.2.3.4"), der.explicit(0, der.sequence()))
    auth_safe = der.sequence(broken_safe, build_data(der.sequence(*good)))
    assert len(load(der.sequence(der.integer(3), build_data(auth_safe)))) == 1
    contents = run(parse_pkcs12(pfx(der.sequence(rc4_bag)), b"", provider=PROVIDER))
    assert [type(failure) for failure in contents.failures] == [UnsupportedAlgorithm]
    with pytest.raises(UnsupportedAlgorithm, match="RC4"):
        load(pfx(der.sequence(rc4_bag)))


def test_key_under_another_passphrase_does_not_hide_the_others(alice: Identity, bob: Identity) -> None:
    # Java lets each entry have its own passphrase.
    foreign = shrouded_bag(bob, iterations=1, passphrase=b"other")
    bags = [foreign, shrouded_bag(alice, iterations=1), certificate_bag(alice.certificate.der)]
    assert [identity.certificate for identity in load(pfx(der.sequence(*bags)))] == [alice.certificate]
    with pytest.raises(WrongPassphrase):
        load(pfx(der.sequence(foreign, certificate_bag(bob.certificate.der))))


def test_key_in_clear_is_read_beside_one_that_stays_locked(alice: Identity, bob: Identity) -> None:
    bags = [shrouded_bag(bob, iterations=1), key_bag(alice), certificate_bag(alice.certificate.der)]
    assert [identity.certificate for identity in load(pfx(der.sequence(*bags)), b"wrong")] == [alice.certificate]


def test_file_without_a_mac_of_which_nothing_opens_has_the_wrong_passphrase(alice: Identity) -> None:
    # The broken first bag does not change the error.
    bags = der.sequence(der.sequence(), shrouded_bag(alice, iterations=1))
    with pytest.raises(WrongPassphrase):
        run(parse_pkcs12(pfx(bags), b"wrong", provider=PROVIDER))
    assert len(run(parse_pkcs12(pfx(bags), PASSPHRASE, provider=PROVIDER)).failures) == 1


def test_no_key_is_derived_beyond_the_limit_of_keys(alice: Identity) -> None:
    class Counting(NativeProvider):
        count = 0

        async def derive_key(self, kdf: Kdf, secret: bytes, length: int) -> bytes:
            self.count += 1
            return await super().derive_key(kdf, secret, length)

    provider = Counting()
    p12 = pfx(der.sequence(*[shrouded_bag(alice, iterations=1)] * 200))
    with pytest.raises(LimitExceeded, match="PKCS#12 keys"):
        run(parse_pkcs12(p12, PASSPHRASE, provider=provider))
    assert provider.count <= 101


def test_name_of_the_certificate_goes_before_the_name_of_the_key(alice: Identity) -> None:
    # Windows gives its keys generated names.
    key = Pkcs12Key(pkcs8_der=alice.private_key.pkcs8_der, friendly_name="te-4f2c")
    named = Pkcs12Certificate(certificate_der=alice.certificate.der, friendly_name="Alice")
    assert load(build_file([key], [named]))[0].friendly_name == "Alice"
    assert load(build_file([key], [file_certificate(alice.certificate)]))[0].friendly_name == "te-4f2c"


@pytest.mark.parametrize("holding", ["nothing", "key", "certificate", "strangers"])
def test_file_without_an_identity_says_so(alice: Identity, bob: Identity, holding: str) -> None:
    keys = [file_key(alice)] if holding in ("key", "strangers") else []
    certificates = {"certificate": [alice.certificate], "strangers": [bob.certificate]}.get(holding, [])
    p12 = build_file(keys, [file_certificate(certificate) for certificate in certificates])
    assert load(p12) == ()
    with pytest.raises(MalformedMessage, match="no private key together with its certificate"):
        run(load_identity(p12, PASSPHRASE, provider=PROVIDER))


# Refusals


@pytest.mark.parametrize("passphrase", [b"", b"wrong", PASSPHRASE + b" ", b"\xff\xfe"])
def test_wrong_passphrase_says_so(exported: bytes, passphrase: bytes) -> None:
    with pytest.raises(WrongPassphrase, match="passphrase") as caught:
        load(exported, passphrase)
    assert caught.value.__cause__ is None


def test_wrong_passphrase_without_a_mac_says_so(tmp_path: Path, alice: Identity) -> None:
    p12 = openssl_export(tmp_path, alice, "-nomac", "-iter", "1", password="secret")
    with pytest.raises(WrongPassphrase):
        load(p12, b"Secret")


def test_good_padding_by_chance_is_still_a_wrong_passphrase(alice: Identity) -> None:
    # Without a MAC, one wrong passphrase in 256 gives valid padding, but the plaintext is no SEQUENCE.
    with pytest.raises(WrongPassphrase):
        load(pfx(der.sequence(shrouded_bag(alice, iterations=1, plaintext=b"garbage"))))


def test_every_altered_byte_is_noticed(alice: Identity) -> None:
    # Only the salt at the end, which PBMAC1 does not use, may change.
    exported = run(export_identity(alice, PASSPHRASE, provider=PROVIDER, iterations=2, form=Pkcs12Form.MODERN))
    for position in range(exported.rindex(b"NOT USED")):
        altered = bytearray(exported)
        altered[position] ^= 0x04
        with pytest.raises(SmimeError):
            load(bytes(altered))


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"; a comment\r\n\r\n"])
@pytest.mark.parametrize("section", [b"[Password Token]", b"[digital signature]"])
def test_an_entrust_profile_is_recognised_by_its_content(start: bytes, section: bytes) -> None:
    with pytest.raises(EntrustProfile, match="PKCS#12"):
        load(start + b"[Options]\nX=1\n" + section + b"\nToken=AAAA\n")


@pytest.mark.parametrize("data", [b"[Options]\nX=1\n", b"Subject: x\n\n[Password Token]\n", b"[", b""])
def test_other_texts_are_no_entrust_profile(data: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        load(data)
    assert not isinstance(caught.value, EntrustProfile)


def test_every_truncation_is_malformed(exported: bytes) -> None:
    for length in range(len(exported)):
        with pytest.raises(MalformedMessage):
            load(exported[:length])


@pytest.mark.parametrize("garbage", [b"", b"\0" * 100, b"-----BEGIN PKCS12-----\n", b"\x30\x80\0\0", b"\x30\3\2\1\3"])
def test_garbage_is_malformed(garbage: bytes) -> None:
    with pytest.raises(MalformedMessage):
        load(garbage)


def test_mac_is_checked_before_anything_inside_is_parsed(exported: bytes) -> None:
    # MUSTS 40.
    auth_safe = b"\x30\x05garbage"
    p12 = der.sequence(der.integer(3), build_data(auth_safe), old_mac(auth_safe, passphrase=b"other"))
    with pytest.raises(WrongPassphrase):
        load(p12)
    with pytest.raises(MalformedMessage):
        load(der.sequence(der.integer(3), build_data(auth_safe), old_mac(auth_safe)))


@pytest.mark.parametrize("version", [0, 2, 4])
def test_other_versions_are_refused(version: int) -> None:
    with pytest.raises(MalformedMessage, match="version 3"):
        load(der.sequence(der.integer(version), build_data(der.sequence())))


@pytest.mark.parametrize("password", [b"\0\0", b""], ids=["BMPString", "nothing"])
def test_empty_passphrase_is_tried_in_both_forms(password: bytes) -> None:
    auth_safe = der.sequence()
    p12 = der.sequence(der.integer(3), build_data(auth_safe), old_mac(auth_safe, password=password))
    assert load(p12, b"") == ()


def test_file_beyond_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="PKCS#12 bytes"):
        load(bytes(MAX_PKCS12_BYTES + 1))


def test_iterations_of_the_old_mac_are_capped() -> None:
    auth_safe = der.sequence()
    digest_info = der.sequence(der.sequence(der.oid("2.16.840.1.101.3.4.2.1")), der.octet_string(bytes(32)))
    mac_data = der.sequence(digest_info, der.octet_string(b"salt"), der.integer(1_000_001))
    with pytest.raises(LimitExceeded, match="PKCS#12 KDF iterations"):
        load(der.sequence(der.integer(3), build_data(auth_safe), mac_data))


@pytest.mark.parametrize("iterations", [0, -1])
def test_impossible_iterations_are_malformed(iterations: int) -> None:
    digest_info = der.sequence(der.sequence(der.oid("2.16.840.1.101.3.4.2.1")), der.octet_string(bytes(32)))
    mac_data = der.sequence(digest_info, der.octet_string(b"salt"), der.integer(iterations))
    with pytest.raises(MalformedMessage, match=f"iterationCount is {iterations}"):
        load(der.sequence(der.integer(3), build_data(der.sequence()), mac_data))


def test_iterations_of_pbmac1_are_capped() -> None:
    with pytest.raises(LimitExceeded, match="PBKDF2 iterations"):
        load(der.sequence(der.integer(3), build_data(der.sequence()), pbmac1(iterations=MAX_PBKDF2_ITERATIONS + 1)))


@pytest.mark.parametrize("key_length", [1, 19, 129])
def test_mac_key_of_an_unfit_length_is_refused(key_length: int) -> None:
    # With a key of one byte, anybody could forge the MAC without the passphrase.
    with pytest.raises(MalformedMessage, match="keyLength"):
        load(der.sequence(der.integer(3), build_data(der.sequence()), pbmac1(iterations=1, key_length=key_length)))


def test_iterations_of_encrypted_keys_are_capped(alice: Identity) -> None:
    with pytest.raises(LimitExceeded, match="PBKDF2 iterations"):
        load(pfx(der.sequence(shrouded_bag(alice, iterations=MAX_PBKDF2_ITERATIONS + 1))))


def test_work_of_many_encrypted_keys_is_capped_together(alice: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smime_core.identity.passphrase.MAX_PASSPHRASE_WORK", 5)
    with pytest.raises(LimitExceeded, match="iterations in one file"):
        load(pfx(der.sequence(*(shrouded_bag(alice, iterations=2) for _ in range(3)))))


def test_bags_nested_without_end_are_refused() -> None:
    nested = der.sequence()
    for _ in range(50):
        nested = der.sequence(der.sequence(der.oid("1.2.840.113549.1.12.10.1.6"), der.explicit(0, nested)))
    with pytest.raises(LimitExceeded):
        load(pfx(nested))


def test_bags_before_damage_are_read(alice: Identity) -> None:
    bags = key_bag(alice) + certificate_bag(alice.certificate.der)
    (identity,) = load(pfx(der.sequence(bags + b"\x30\x05")))
    assert identity.certificate == alice.certificate


def test_nested_bags_are_read(alice: Identity) -> None:
    bag = certificate_bag(alice.certificate.der)
    nested = der.sequence(der.oid("1.2.840.113549.1.12.10.1.6"), der.explicit(0, der.sequence(bag)))
    contents = run(parse_pkcs12(pfx(der.sequence(nested)), b"", provider=PROVIDER))
    assert [entry.certificate_der for entry in contents.certificates] == [alice.certificate.der]


def test_unknown_bags_are_passed_over(alice: Identity) -> None:
    crl_bag = der.sequence(der.oid("1.2.840.113549.1.12.10.1.4"), der.explicit(0, der.sequence()))
    contents = run(
        parse_pkcs12(pfx(der.sequence(crl_bag, certificate_bag(alice.certificate.der))), b"", provider=PROVIDER)
    )
    assert len(contents.certificates) == 1


def test_certificates_of_another_kind_are_passed_over() -> None:
    sdsi = der.sequence(der.oid("1.2.840.113549.1.9.22.2"), der.explicit(0, der.octet_string(b"sdsi")))
    bag = der.sequence(der.oid("1.2.840.113549.1.12.10.1.3"), der.explicit(0, sdsi))
    assert run(parse_pkcs12(pfx(der.sequence(bag)), b"", provider=PROVIDER)).certificates == ()


def test_more_bags_than_the_limit_are_refused() -> None:
    bags = [certificate_bag(b"")] * (MAX_CERTIFICATES + 1)
    with pytest.raises(LimitExceeded, match="PKCS#12 bags"):
        load(pfx(der.sequence(*bags)))


def test_more_safes_than_the_limit_are_refused() -> None:
    def of(count: int) -> bytes:
        safes = der.sequence(*[build_data(der.sequence())] * count)
        return der.sequence(der.integer(3), build_data(safes))

    assert load(of(100)) == ()
    with pytest.raises(LimitExceeded, match="PKCS#12 safes"):
        load(of(101))


def test_more_unreadable_bags_than_the_limit_are_refused() -> None:
    with pytest.raises(LimitExceeded, match="PKCS#12 keys"):
        load(pfx(der.sequence(*[der.sequence(der.oid("1.2.3.4"))] * 101)))


def test_more_keys_than_the_limit_are_refused(alice: Identity) -> None:
    bag = der.sequence(der.oid("1.2.840.113549.1.12.10.1.1"), der.explicit(0, alice.private_key.pkcs8_der))
    with pytest.raises(LimitExceeded, match="PKCS#12 keys"):
        load(pfx(der.sequence(*[bag] * 101)))


@pytest.mark.parametrize("place", ["integrity", "content"])
def test_modes_with_public_keys_are_unsupported(place: str) -> None:
    # RFC 7292 section 3.1: signedData around the file, or envelopedData inside it.
    foreign = der.sequence(der.oid("1.2.840.113549.1.7.3"), der.explicit(0, der.sequence()))
    content = foreign if place == "integrity" else build_data(der.sequence(foreign))
    with pytest.raises(UnsupportedAlgorithm, match=f"PKCS#12 {'files signed' if place == 'integrity' else 'content'}"):
        load(der.sequence(der.integer(3), content))


def test_loaded_key_signs(exported: bytes) -> None:
    identity = run(load_identity(exported, PASSPHRASE, provider=PROVIDER))
    algorithm = SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=HashName.SHA256)
    signature = run(PROVIDER.sign(identity.private_key, algorithm, b"content"))
    run(PROVIDER.verify(identity.certificate.public_key, algorithm, signature, b"content"))


def certificate_bag(certificate_der: bytes) -> bytes:
    value = der.explicit(0, der.octet_string(certificate_der))
    bag = der.sequence(der.oid("1.2.840.113549.1.9.22.1"), value)
    return der.sequence(der.oid("1.2.840.113549.1.12.10.1.3"), der.explicit(0, bag))


def key_bag(identity: Identity) -> bytes:
    return der.sequence(der.oid("1.2.840.113549.1.12.10.1.1"), der.explicit(0, identity.private_key.pkcs8_der))


def shrouded_bag(
    identity: Identity, *, iterations: int, plaintext: bytes | None = None, passphrase: bytes = PASSPHRASE
) -> bytes:
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=iterations)
    work = Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=min(iterations, 2))
    key = run(PROVIDER.derive_key(work, passphrase, 32))
    plaintext = identity.private_key.pkcs8_der if plaintext is None else plaintext
    ciphertext = run(PROVIDER.encrypt_content(AES_256_CBC, key, bytes(16), plaintext))
    shrouded = der.sequence(build_pbes2(kdf, AES_256_CBC, bytes(16)), der.octet_string(ciphertext))
    return der.sequence(der.oid("1.2.840.113549.1.12.10.1.2"), der.explicit(0, shrouded))


def old_mac(auth_safe: bytes, *, passphrase: bytes = PASSPHRASE, password: bytes | None = None) -> bytes:
    """MacData with HMAC-SHA-256 and the old KDF. Its `iterations` are omitted, which means 1."""
    password = bmp_passphrase(passphrase) if password is None else password
    loop = RepeatedHash(hash_name=HashName.SHA256, iterations=1)
    key = run(derive_pkcs12(loop, password, b"salt", Purpose.MAC, 32, PROVIDER))
    digest = hmac.digest(key, auth_safe, hashlib.sha256)
    digest_info = der.sequence(der.sequence(der.oid("2.16.840.1.101.3.4.2.1")), der.octet_string(digest))
    return der.sequence(digest_info, der.octet_string(b"salt"))


def pbmac1(*, iterations: int, key_length: int = 32) -> bytes:
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=b"salt", iterations=iterations)
    parameters = der.sequence(build_pbkdf2(kdf, key_length=key_length), build_hmac_identifier(HashName.SHA256))
    digest_info = der.sequence(der.sequence(der.oid(PBMAC1), parameters), der.octet_string(bytes(32)))
    return der.sequence(digest_info, der.octet_string(b"NOT USED"), der.integer(1))
