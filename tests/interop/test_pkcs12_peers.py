"""PKCS#12 and key files that we write for openssl, NSS, Java and GnuTLS, and that we read from them."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from asn1crypto import pem

from smime_core import Identity
from smime_core.blocking import run
from smime_core.errors import WrongPassphrase
from smime_core.identity.identity import export_identities, load_identities, load_identity
from smime_core.identity.pkcs12 import Pkcs12Form, parse_pkcs12
from smime_core.identity.private_key_file import export_private_key, load_private_key
from smime_core.keys import public_key_of
from smime_core.provider import NewKey
from tests.support.people import PROVIDER, anchor, person

# The old ciphers of OpenSSL are in a provider of their own, which this configuration loads.
LEGACY_CONFIGURATION: Final = """openssl_conf = main
[main]
providers = providers
[providers]
default = active
legacy = active
[active]
activate = 1
"""
PASSPHRASES: Final = {"ASCII": "secret 1", "umlauts": "Grüße aus Köln", "emoji": "😀 и 𝔖", "empty": ""}
# The forms that programs from before 2024 read.
READ_BY_ALL: Final = [Pkcs12Form.COMPATIBLE, Pkcs12Form.LEGACY]
ALL_PASSPHRASES: Final = [pytest.param(text, id=name) for name, text in PASSPHRASES.items()]
NSS_TRIPLE_DES: Final = "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC"
NSS_RC2_40: Final = "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC"
OPENSSL_SCHEMES: Final = [
    [],
    ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-RC2-40", "-macalg", "sha1"],
    ["-keypbe", "PBE-SHA1-2DES", "-certpbe", "PBE-SHA1-RC2-128", "-macalg", "sha1"],
    ["-keypbe", "DES-EDE3-CBC", "-certpbe", "RC2-CBC", "-macalg", "md5"],
    ["-keypbe", "PBE-MD5-DES", "-certpbe", "PBE-SHA1-RC2-64", "-macalg", "sha512-256"],
    ["-keypbe", "AES-192-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha3-384"],
    ["-keypbe", "NONE", "-certpbe", "NONE", "-nomac"],
    ["-keypbe", "NONE", "-certpbe", "AES-256-CBC"],
    ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-RC2-40", "-nomac"],
]


def identity_of(kind: NewKey = NewKey.RSA_2048) -> Identity:
    return person("alice", kind)


def need(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return path


def call(folder: Path, *command: str) -> bytes:
    """The standard output of a peer's command. The test fails if the command does."""
    configuration = folder / "openssl.cnf"
    configuration.write_text(LEGACY_CONFIGURATION)
    environment = {"OPENSSL_CONF": str(configuration), "LC_ALL": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    tool = [need(command[0]), *command[1:]]
    done = subprocess.run(tool, cwd=folder, capture_output=True, check=False, timeout=60, env=environment)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout


def write_pem(folder: Path, identity: Identity) -> None:
    (folder / "key.pem").write_bytes(pem.armor("PRIVATE KEY", identity.private_key.pkcs8_der))
    (folder / "own.pem").write_bytes(pem.armor("CERTIFICATE", identity.certificate.der))
    (folder / "ca.pem").write_bytes(pem.armor("CERTIFICATE", anchor().der))


def openssl_export(folder: Path, identity: Identity, passphrase: str, *options: str) -> bytes:
    write_pem(folder, identity)
    files = ["-inkey", "key.pem", "-in", "own.pem", "-certfile", "ca.pem", "-name", "Alice Ä"]
    call(folder, "openssl", "pkcs12", "-export", *files, "-passout", f"pass:{passphrase}", "-out", "out.p12", *options)
    return (folder / "out.p12").read_bytes()


def load(p12: bytes, passphrase: str) -> Identity:
    return run(load_identity(p12, passphrase.encode(), provider=PROVIDER))


def export(
    identities: Sequence[Identity], passphrase: str, form: Pkcs12Form = Pkcs12Form.COMPATIBLE, iterations: int = 1000
) -> bytes:
    made = export_identities(identities, passphrase.encode(), provider=PROVIDER, form=form, iterations=iterations)
    return run(made)


def check_same(loaded: Identity, identity: Identity) -> None:
    """Check that the certificate is the same, that the key belongs to it, and that the CA's certificate is there."""
    assert loaded.certificate == identity.certificate
    assert public_key_of(loaded.private_key).spki_der == identity.certificate.public_key.spki_der
    assert anchor() in loaded.chain


def blocks(text: bytes) -> list[tuple[str, bytes]]:
    return [(label, octets) for label, _, octets in pem.unarmor(text, multiple=True)]


# openssl


@pytest.mark.parametrize("passphrase", ALL_PASSPHRASES)
@pytest.mark.parametrize("options", OPENSSL_SCHEMES, ids=lambda options: " ".join(options) or "default")
def test_we_read_openssl(tmp_path: Path, options: list[str], passphrase: str) -> None:
    loaded = load(openssl_export(tmp_path, identity_of(), passphrase, *options), passphrase)
    check_same(loaded, identity_of())
    assert loaded.friendly_name == "Alice Ä"


@pytest.mark.parametrize("options", OPENSSL_SCHEMES[:6], ids=lambda options: " ".join(options) or "default")
def test_we_refuse_openssl_under_another_passphrase(tmp_path: Path, options: list[str]) -> None:
    p12 = openssl_export(tmp_path, identity_of(), "secret", *options)
    with pytest.raises(WrongPassphrase):
        load(p12, "Secret")


@pytest.mark.parametrize("kind", [NewKey.P256, NewKey.P384, NewKey.ED25519])
def test_we_read_other_keys_of_openssl(tmp_path: Path, kind: NewKey) -> None:
    check_same(load(openssl_export(tmp_path, identity_of(kind), "secret"), "secret"), identity_of(kind))


@pytest.mark.parametrize("form", READ_BY_ALL)
@pytest.mark.parametrize("passphrase", ALL_PASSPHRASES)
def test_openssl_reads_the_default_and_the_legacy_form(tmp_path: Path, passphrase: str, form: Pkcs12Form) -> None:
    (tmp_path / "in.p12").write_bytes(export([identity_of()], passphrase, form))
    text = call(tmp_path, "openssl", "pkcs12", "-in", "in.p12", "-nodes", "-passin", f"pass:{passphrase}")
    assert blocks(text)[-1] == ("PRIVATE KEY", identity_of().private_key.pkcs8_der)
    assert {octets for label, octets in blocks(text) if label == "CERTIFICATE"} == {
        identity_of().certificate.der,
        anchor().der,
    }


@pytest.mark.parametrize("passphrase", ALL_PASSPHRASES)
def test_openssl_reads_the_encryption_of_the_modern_form(tmp_path: Path, passphrase: str) -> None:
    # OpenSSL checks PBMAC1 from version 3.4 on, which few machines have yet. So it does not check the MAC here.
    (tmp_path / "in.p12").write_bytes(export([identity_of()], passphrase, Pkcs12Form.MODERN))
    arguments = ["-in", "in.p12", "-nodes", "-nomacver", "-passin", f"pass:{passphrase}"]
    text = call(tmp_path, "openssl", "pkcs12", *arguments)
    assert blocks(text)[-1] == ("PRIVATE KEY", identity_of().private_key.pkcs8_der)


def test_openssl_java_and_nss_read_what_is_exported_by_default(database: Path) -> None:
    default = run(export_identities([identity_of()], b"secret", provider=PROVIDER))
    (database / "in.p12").write_bytes(default)
    call(database, "openssl", "pkcs12", "-in", "in.p12", "-noout", "-passin", "pass:secret")
    assert b"Entry type: PrivateKeyEntry" in keytool(database, "-list", "-rfc", store="in.p12")
    nss(database, "secret", "-i", "in.p12")


def test_openssl_reads_several_identities(tmp_path: Path) -> None:
    several = [identity_of(), identity_of(NewKey.P256)]
    (tmp_path / "in.p12").write_bytes(export(several, "secret"))
    text = call(tmp_path, "openssl", "pkcs12", "-in", "in.p12", "-nodes", "-passin", "pass:secret")
    keys = [octets for label, octets in blocks(text) if label == "PRIVATE KEY"]
    assert keys == [identity.private_key.pkcs8_der for identity in several]


@pytest.mark.parametrize("options", [["-aes256"], ["-des3"], ["-nodes"]], ids=" ".join)
def test_we_read_the_pem_that_openssl_makes_of_pkcs12(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "in.p12").write_bytes(export([identity_of(), identity_of(NewKey.P256)], "secret"))
    arguments = ["-in", "in.p12", *options, "-passin", "pass:secret", "-passout", "pass:Grüße"]
    text = call(tmp_path, "openssl", "pkcs12", *arguments)
    loaded = run(load_identities(text, "Grüße".encode(), provider=PROVIDER))
    assert [identity.certificate for identity in loaded] == [
        identity_of().certificate,
        identity_of(NewKey.P256).certificate,
    ]


@pytest.mark.parametrize(
    "options",
    [["-aes256", "-traditional"], ["-des3", "-traditional"], ["-aes128"], ["-traditional"], []],
    ids=lambda options: " ".join(options) or "clear",
)
@pytest.mark.parametrize("kind", [NewKey.RSA_2048, NewKey.P384])
def test_we_read_keys_of_openssl(tmp_path: Path, kind: NewKey, options: list[str]) -> None:
    write_pem(tmp_path, identity_of(kind))
    text = call(tmp_path, "openssl", "pkey", "-in", "key.pem", *options, "-passout", "pass:Grüße")
    key = run(load_private_key(text, "Grüße".encode(), provider=PROVIDER))
    assert key.pkcs8_der == identity_of(kind).private_key.pkcs8_der


@pytest.mark.parametrize("passphrase", [None, *PASSPHRASES.values()])
def test_openssl_reads_our_keys(tmp_path: Path, passphrase: str | None) -> None:
    key = identity_of(NewKey.P256).private_key
    octets = None if passphrase is None else passphrase.encode()
    (tmp_path / "in.pem").write_bytes(run(export_private_key(key, octets, provider=PROVIDER, iterations=1000)))
    text = call(tmp_path, "openssl", "pkey", "-in", "in.pem", "-passin", f"pass:{passphrase or ''}")
    assert blocks(text) == [("PRIVATE KEY", key.pkcs8_der)]


# NSS


@pytest.fixture
def database(tmp_path: Path) -> Path:
    need("certutil")
    (tmp_path / "nss").mkdir()
    call(tmp_path, "certutil", "-N", "-d", "sql:nss", "--empty-password")
    return tmp_path


def nss(folder: Path, passphrase: str, *arguments: str) -> bytes:
    (folder / "passphrase").write_text(passphrase + "\n")
    return call(folder, "pk12util", *arguments, "-d", "sql:nss", "-w", "passphrase", "-K", "")


@pytest.mark.thorough(after=4)
@pytest.mark.parametrize("passphrase", [text for text in PASSPHRASES.values() if text])
@pytest.mark.parametrize(
    "ciphers",
    [[], ["AES-256-CBC", "AES-128-CBC"], [NSS_TRIPLE_DES, NSS_RC2_40], ["DES-EDE3-CBC", "NONE"]],
    ids=["default", "AES", "old", "3DES in PBES2"],
)
def test_nss_reads_the_default_form_and_we_read_nss(database: Path, ciphers: list[str], passphrase: str) -> None:
    (database / "in.p12").write_bytes(export([identity_of()], passphrase))
    nss(database, passphrase, "-i", "in.p12")
    options = ["-c", ciphers[0], "-C", ciphers[1]] if ciphers else []
    nss(database, passphrase, "-o", "out.p12", "-n", "alice@example.test", *options)
    p12 = (database / "out.p12").read_bytes()
    check_same(load(p12, passphrase), identity_of())
    with pytest.raises(WrongPassphrase):
        load(p12, passphrase + "x")


def test_nss_reads_the_legacy_form(database: Path) -> None:
    (database / "in.p12").write_bytes(export([identity_of()], "Grüße", Pkcs12Form.LEGACY))
    nss(database, "Grüße", "-i", "in.p12")
    assert b"alice@example.test" in call(database, "certutil", "-K", "-d", "sql:nss", "-f", "/dev/null")


# Java, which takes only passphrases of ASCII, of six characters and more


def keytool(folder: Path, *arguments: str, store: str = "java.p12", options: Sequence[str] = ()) -> bytes:
    file = ["-keystore", store, "-storetype", "PKCS12", "-storepass", "secret"]
    return call(folder, "keytool", *options, *arguments, *file)


@pytest.mark.parametrize("options", [[], ["-J-Dkeystore.pkcs12.legacy"]], ids=["AES", "RC2 and 3DES"])
def test_we_read_java(tmp_path: Path, options: list[str]) -> None:
    """The file has an EC key without its public half, a trusted certificate, and a secret key, which is ignored."""
    write_pem(tmp_path, identity_of())
    make_key = ["-genkeypair", "-alias", "ec", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=ec"]
    keytool(tmp_path, *make_key, options=options)
    keytool(tmp_path, "-importcert", "-noprompt", "-alias", "ca", "-file", "ca.pem", options=options)
    keytool(tmp_path, "-genseckey", "-alias", "aes", "-keyalg", "AES", "-keysize", "256", options=options)
    p12 = (tmp_path / "java.p12").read_bytes()
    (identity,) = run(load_identities(p12, b"secret", provider=PROVIDER))
    assert identity.friendly_name == "ec"
    check_same(identity, identity)
    assert run(parse_pkcs12(p12, b"secret", provider=PROVIDER)).failures == ()
    with pytest.raises(WrongPassphrase):
        load(p12, "Secret")


def test_we_read_a_truststore_of_java(tmp_path: Path) -> None:
    write_pem(tmp_path, identity_of())
    keytool(tmp_path, "-importcert", "-noprompt", "-alias", "ca", "-file", "ca.pem")
    contents = run(parse_pkcs12((tmp_path / "java.p12").read_bytes(), b"secret", provider=PROVIDER))
    assert [entry.certificate_der for entry in contents.certificates] == [anchor().der]
    assert contents.keys == ()


@pytest.mark.parametrize("form", READ_BY_ALL)
@pytest.mark.parametrize("kind", [NewKey.RSA_2048, NewKey.P256])
def test_java_reads_the_default_and_the_legacy_form(tmp_path: Path, kind: NewKey, form: Pkcs12Form) -> None:
    (tmp_path / "in.p12").write_bytes(export([identity_of(kind)], "secret", form))
    text = keytool(tmp_path, "-list", "-rfc", store="in.p12")
    assert b"Entry type: PrivateKeyEntry" in text
    assert blocks(text)[0] == ("CERTIFICATE", identity_of(kind).certificate.der)
    # To copy the entry, Java must decrypt the key as well.
    source = ["-srckeystore", "in.p12", "-srcstorepass", "secret", "-destkeystore", "copy.p12"]
    need("keytool")
    call(tmp_path, "keytool", "-importkeystore", *source, "-deststorepass", "secret", "-deststoretype", "PKCS12")
    check_same(load((tmp_path / "copy.p12").read_bytes(), "secret"), identity_of(kind))


# GnuTLS


def password_option(passphrase: str) -> list[str]:
    return ["--password", passphrase] if passphrase else ["--empty-password"]


@pytest.mark.thorough
@pytest.mark.parametrize("passphrase", [PASSPHRASES["umlauts"], PASSPHRASES["emoji"], ""])
@pytest.mark.parametrize("cipher", ["aes-256", "3des-pkcs12", "rc2-40"])
def test_we_read_gnutls(tmp_path: Path, cipher: str, passphrase: str) -> None:
    write_pem(tmp_path, identity_of())
    files = ["--load-privkey", "key.pem", "--load-certificate", "own.pem", "--load-ca-certificate", "ca.pem"]
    arguments = ["--to-p12", "--outder", "--p12-name", "Alice", "--pkcs-cipher", cipher, *password_option(passphrase)]
    call(tmp_path, "certtool", *arguments, *files, "--outfile", "out.p12")
    check_same(load((tmp_path / "out.p12").read_bytes(), passphrase), identity_of())


@pytest.mark.parametrize("form", READ_BY_ALL)
@pytest.mark.parametrize("passphrase", ALL_PASSPHRASES)
def test_gnutls_reads_the_default_and_the_legacy_form(tmp_path: Path, passphrase: str, form: Pkcs12Form) -> None:
    (tmp_path / "in.p12").write_bytes(export([identity_of()], passphrase, form))
    text = call(tmp_path, "certtool", "--p12-info", "--inder", "--infile", "in.p12", *password_option(passphrase))
    assert base64.b64encode(identity_of().certificate.der) in b"".join(text.split())


@pytest.mark.parametrize("passphrase", [text for text in PASSPHRASES.values() if text])
def test_gnutls_reads_our_keys(tmp_path: Path, passphrase: str) -> None:
    key = identity_of().private_key
    octets = run(export_private_key(key, passphrase.encode(), provider=PROVIDER, iterations=1000))
    (tmp_path / "in.pem").write_bytes(octets)
    text = call(tmp_path, "certtool", "--key-info", "--pkcs8", "--infile", "in.pem", *password_option(passphrase))
    assert run(load_private_key(text, None, provider=PROVIDER)).pkcs8_der == key.pkcs8_der
