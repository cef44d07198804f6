"""`python -m tests.interop.by_thunderbird`: Thunderbird's verdict on each form of our mail, as a table.

With `--page` the table is written into docs/interoperation.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import email.utils
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from smime_core import SignatureForm, blocking
from smime_core.algorithms import AES_256_GCM, HashName, SignatureScheme
from smime_core.ca.demo import issue_identity
from smime_core.cms import Encrypting, Signing, rsa_oaep
from smime_core.mail import Draft, ProtectionMode, build_mail
from smime_core.message import compress_message
from smime_core.mime import parse_entity
from smime_core.provider import NewKey
from smime_core.verdict import SignerRules, choose_signers, read_claim
from tests.support.made_tables import MadeTable
from tests.support.peers import ours
from tests.support.peers.people import PROVIDER, address, authority, certificate, identity, write_people
from tests.support.peers.thunderbird import Thunderbird, Verdict

TABLE: Final = MadeTable("<!-- Made by `make nightly`. -->\n", "<!-- End of what `make nightly` makes. -->\n")
_SUBJECT: Final = "Across the fence"
_TEXT: Final = "hello across the fence"
_HIDDEN: Final = "a hidden Subject"
_CLEAR, _CIPHER, _COPY = ProtectionMode.CLEAR, ProtectionMode.CIPHER, ProtectionMode.CIPHER_WITH_COPY
_HOUR: Final = datetime.timedelta(hours=1)


def main() -> None:
    """Show each form to Thunderbird, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.interop.by_thunderbird", description=__doc__)
    parser.add_argument("--page", type=Path, help="page of the documentation, into which the table is written")
    options = parser.parse_args()
    if absence := Thunderbird.absence():
        sys.exit(absence)
    with tempfile.TemporaryDirectory(prefix="thunderbird-") as name:
        folder = Path(name)
        (people := folder / "people").mkdir()
        thunderbird = Thunderbird(write_people(people), folder, smtp_port=9)
        try:
            verdicts = {form: thunderbird.verdict(mail) for form, mail in make_forms().items()}
        finally:
            thunderbird.close()
    table = draw(verdicts, _version())
    print(table)
    if options.page:
        TABLE.write(options.page, table)


def make_forms() -> dict[str, bytes]:
    """The mails from and to the owner of Thunderbird's account, by the names of their rows."""
    return {**_signed(), **_encrypted()}


def draw(verdicts: Mapping[str, Verdict], version: str) -> str:
    """The table of the verdicts by this version."""
    head = f"| Thunderbird {version} | signature | encryption | text |\n| --- | --- | --- | --- |\n"
    return head + "".join(f"| {form} | {' | '.join(_cells(form, verdict))} |\n" for form, verdict in verdicts.items())


def _signed() -> dict[str, bytes]:
    plain, rsa = _letter(), ["rsa"]
    old = _letter(at=ours.now() - 2 * _HOUR)
    return {
        "signed in clear": _sign(plain, rsa),
        "signed in clear, header fields outside": _sign(plain, rsa, protection=None),
        "signed opaquely": _sign(plain, rsa, form=SignatureForm.OPAQUE),
        "signed by two with RSA": _sign(plain, ["rsa2", "rsa"]),
        "signed with RSA, P-256 and P-384": _sign(plain, ["p384", "p256", "rsa"]),
        "signed with RSA and Ed25519": _sign(plain, ["ed25519", "rsa"]),
        "signed with RSA-PSS": _sign(plain, rsa, scheme=SignatureScheme.RSA_PSS),
        "signed with RSA and SHA-512": _sign(plain, rsa, rsa_hash=HashName.SHA512),
        "signed with RSA-PSS and SHA-384": _sign(plain, rsa, scheme=SignatureScheme.RSA_PSS, rsa_hash=HashName.SHA384),
        "signed with P-521": _sign(_letter("p521"), ["p521"]),
        "signed with Ed25519": _sign(_letter("ed25519"), ["ed25519"]),
        "compressed in signed": _sign(compress_message(plain), rsa, protection=None),
        "signed twice": _sign(_sign(plain, rsa), rsa, protection=None),
        "Date two hours before the signature (warned of)": _sign(old, rsa),
    }


def _encrypted() -> dict[str, bytes]:
    plain, html = _letter(), _letter(html=f"<p>{_TEXT}</p>")
    kem = blocking.run(issue_identity(authority(), address("kem"), PROVIDER, at=ours.now(), key=NewKey.ML_KEM_768))
    rsa, p256 = certificate("rsa"), certificate("p256")
    to_rsa = Encrypting(recipients=[rsa])
    return {
        "encrypted": _encrypt(plain, to_rsa, None),
        f"encrypted, {_HIDDEN}, without a copy": _encrypt(plain, to_rsa, _CIPHER),
        f"encrypted, {_HIDDEN}, with a copy": _encrypt(plain, to_rsa, _COPY),
        f"encrypted, {_HIDDEN}, with a copy, HTML too": _encrypt(html, to_rsa, _COPY),
        f"signed in encrypted, {_HIDDEN}, with a copy": _encrypt(_sign(plain, ["rsa"], protection=_COPY), to_rsa, None),
        "encrypted in signed": _sign(_encrypt(plain, to_rsa, None), ["rsa"], protection=None),
        "signed, encrypted, signed": _sign(_encrypt(_sign(plain, ["rsa"]), to_rsa, None), ["rsa"], protection=None),
        **{
            f"encrypted, OAEP with {hash_name}": _encrypt(
                plain, dataclasses.replace(to_rsa, transport=rsa_oaep(hash_name)), None
            )
            for hash_name in (HashName.SHA256, HashName.SHA384, HashName.SHA512)
        },
        "encrypted, RSA and P-256": _encrypt(plain, Encrypting(recipients=[p256, rsa]), None),
        "encrypted, RSA and X25519": _encrypt(plain, Encrypting(recipients=[certificate("x25519"), rsa]), None),
        "encrypted, AES-256-GCM": _encrypt(plain, Encrypting(recipients=[rsa], cipher=AES_256_GCM), None),
        "encrypted, RSA and a password (asked about)": _encrypt(
            plain, Encrypting(recipients=[rsa], passwords=[b"correct horse"]), None
        ),
        "encrypted, RSA and ML-KEM (asked about)": _encrypt(plain, Encrypting(recipients=[rsa, kem.certificate]), None),
        "compressed in encrypted": _encrypt(compress_message(plain), to_rsa, None),
    }


def _letter(sender: str = "rsa", *, at: datetime.datetime | None = None, html: str = "") -> bytes:
    draft = Draft(
        sender=address(sender), to=[address("rsa")], subject=_SUBJECT, text=_TEXT, html=html, date=at or ours.now(),
        message_id=email.utils.make_msgid(domain="example.test"),
    )  # fmt: skip
    return build_mail(draft)


def _sign(
    letter: bytes,
    names: list[str],
    *,
    form: SignatureForm | None = None,
    protection: ProtectionMode | None = _CLEAR,
    scheme: SignatureScheme | None = None,
    rsa_hash: HashName | None = None,
) -> bytes:
    at = ours.now()
    rules = SignerRules(at=at, claimed=read_claim(parse_entity(letter).headers))
    identities = choose_signers([[identity(name)] for name in names], rules)
    signing = Signing(identities=identities, signing_time=at, form=form, scheme=scheme, rsa_hash=rsa_hash)
    return blocking.sign_message(letter, signing, PROVIDER, protection)


def _encrypt(letter: bytes, encrypting: Encrypting, protection: ProtectionMode | None) -> bytes:
    return blocking.encrypt_message(letter, encrypting, PROVIDER, protection)


def _cells(form: str, verdict: Verdict) -> tuple[str, str, str]:
    signed = {None: "–", "SUCCESS": "verified"}.get(verdict.signed, f"**{verdict.signed}**")
    encrypted = {None: "–", "SUCCESS": "opened"}.get(verdict.encrypted, f"**{verdict.encrypted}**")
    text = "shown" if _TEXT in verdict.text else "**not shown**"
    if _HIDDEN in form:
        text += ", with the Subject" if _SUBJECT in verdict.text else ", without the Subject"
    return signed, encrypted, text


def _version() -> str:
    output = subprocess.run(["thunderbird", "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"[0-9][0-9.]*[0-9a-z]*", output)
    return match[0] if match else output.strip()


if __name__ == "__main__":
    main()
