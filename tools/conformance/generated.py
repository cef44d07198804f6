"""A small set in the format `cms`, which is generated so that there are cases even without the published sets.

The core makes the messages. If openssl is installed, it also makes some, as a second implementation.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from smime_core import AES_256_CBC, AES_256_GCM, Identity
from smime_core.algorithms import SignatureScheme
from smime_core.asn1.pem import build_pem
from smime_core.blocking import export_identity, run
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.compressed_data import build_compressed_data
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.digested_data import build_digested_data
from smime_core.cms.encrypted_data import build_encrypted_data
from smime_core.cms.enveloped_data import build_enveloped_data
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, anchor, person

CONTENT: Final = b"This is some sample content.\r\n"
_KEK: Final = KeyEncryptionKey(identifier=b"shared", key=bytes(range(32)))
_CEK: Final = bytes(range(32))
_PEOPLE: Final = {"rsa": NewKey.RSA_2048, "ec": NewKey.P256}
_HELD: Final = {"certificate": "$.pem", "pkcs8": "$.key"}

Json = dict[str, Any]


def write_generated(folder: Path) -> None:
    """Write the files of the set and its `cases.json`."""
    (folder / "content.txt").write_bytes(CONTENT)
    (folder / "ca.pem").write_bytes(build_pem("CERTIFICATE", anchor().der))
    people = {name: person(name, key) for name, key in _PEOPLE.items()}
    cases: list[Json] = []
    for name, identity in people.items():
        (folder / f"{name}.pem").write_bytes(build_pem("CERTIFICATE", identity.certificate.der))
        (folder / f"{name}.key").write_bytes(build_pem("PRIVATE KEY", identity.private_key.pkcs8_der))
        cases += _signed(folder, name, identity) + _enveloped(folder, name, identity) + _keys(folder, name, identity)
    cases += _others(folder, people["rsa"])
    if shutil.which("openssl"):
        cases += [case for name in people for case in _by_openssl(folder, name)]
    (folder / "cases.json").write_text(json.dumps({"cases": cases}, indent=1), encoding="utf-8")


def _signed(folder: Path, name: str, identity: Identity) -> list[Json]:
    schemes = (None, SignatureScheme.RSA_PSS) if name == "rsa" else (None,)
    cases: list[Json] = []
    for scheme in schemes:
        for detached in (False, True):
            signed = run(
                build_signed_data(
                    CONTENT,
                    Signing(
                        identities=[identity],
                        signing_time=NOW,
                        form=SignatureForm.DETACHED if detached else SignatureForm.OPAQUE,
                        scheme=scheme,
                    ),
                    content_type=ID_DATA,
                    provider=PROVIDER,
                )
            )
            file = f"{name}-{scheme or 'usual'}-{'detached' if detached else 'opaque'}.p7m"
            (folder / file).write_bytes(signed)
            inputs = {"message": file, "detached_content": "content.txt"} if detached else {"message": file}
            cases.append({"name": f"{file} verifies", "operation": "verify", "signers": 1, **inputs})
            (folder / f"altered-{file}").write_bytes(signed.replace(CONTENT, CONTENT.upper()))
            altered = (
                {"message": file, "detached_content": {"text": "other"}} if detached else {"message": f"altered-{file}"}
            )
            code = ["message-digest-mismatch"]
            cases.append({"name": f"{file}, altered", "operation": "refuse-signatures", "codes": code, **altered})
    return cases


def _enveloped(folder: Path, name: str, identity: Identity) -> list[Json]:
    cases: list[Json] = []
    for cipher in (AES_256_CBC, AES_256_GCM):
        encrypted = run(
            build_enveloped_data(
                CONTENT,
                Encrypting(
                    recipients=[identity.certificate],
                    passwords=[b"passphrase"],
                    keks=[_KEK],
                    cipher=cipher,
                    transport=None,
                ),
                content_type=ID_DATA,
                provider=PROVIDER,
            )
        )
        file = f"{name}-{cipher.name}.p7m"
        (folder / file).write_bytes(encrypted)
        case = {"message": file, "content": "content.txt", "passwords": [{"text": "passphrase"}], "keys": [_held(name)]}
        case["keks"] = [{"identifier": {"text": "shared"}, "key": {"hex": _KEK.key.hex()}}]
        cases.append({"name": f"{file} opens with each key", "operation": "decrypt", **case})
        other = {"message": file, "keys": [_held("ec" if name == "rsa" else "rsa")]}
        code = ["no-matching-recipient"]
        cases.append({"name": f"{file}, another's key", "operation": "refuse-decryption", "codes": code, **other})
    return cases


def _keys(folder: Path, name: str, identity: Identity) -> list[Json]:
    bundle = {"pkcs12": f"{name}.p12", "password": {"text": "passphrase"}, "identities": 1}
    (folder / f"{name}.p12").write_bytes(export_identity(identity, b"passphrase", provider=PROVIDER, iterations=1000))
    path = {"certificate": f"{name}.pem", "anchors": ["ca.pem"], "at": NOW.isoformat(), "purpose": "sign"}
    wrong = {"pkcs12": f"{name}.p12", "password": {"text": "other"}, "codes": ["wrong-passphrase"]}
    return [
        {"name": f"{name}: key and certificate", "operation": "key-pair", **_held(name)},
        {"name": f"{name}: path", "operation": "path", **path},
        {"name": f"{name}.p12", "operation": "open-pkcs12", **bundle},
        {"name": f"{name}.p12, wrong password", "operation": "refuse-pkcs12", **wrong},
    ]


def _others(folder: Path, identity: Identity) -> list[Json]:
    encrypted = build_encrypted_data(CONTENT, _CEK, content_type=ID_DATA, cipher=AES_256_CBC, provider=PROVIDER)
    structures = {
        "digested-data": run(build_digested_data(CONTENT, content_type=ID_DATA, provider=PROVIDER)),
        "compressed-data": build_compressed_data(CONTENT, content_type=ID_DATA),
        "encrypted-data": run(encrypted),
    }
    cases: list[Json] = []
    for operation, structure in structures.items():
        (folder / f"{operation}.p7m").write_bytes(structure)
        key_member = {"cek": {"hex": _CEK.hex()}} if operation == "encrypted-data" else {}
        message = {"message": f"{operation}.p7m", "content": "content.txt"}
        cases.append({"name": operation, "operation": operation, **message, **key_member})
    (folder / "bag.p7c").write_bytes(build_certificates_only([anchor(), identity.certificate]))
    cases.append({"name": "bag.p7c", "operation": "certificates-only", "message": "bag.p7c", "certificates": 2})
    return cases


def _by_openssl(folder: Path, name: str) -> list[Json]:
    signed, encrypted = f"openssl-{name}.p7m", f"openssl-{name}-sealed.p7m"
    common = ("openssl", "cms", "-in", "content.txt", "-binary", "-outform", "DER")
    sign = (*common, "-sign", "-nodetach", "-signer", f"{name}.pem", "-inkey", f"{name}.key", "-out", signed)
    encrypt = (*common, "-encrypt", "-aes256", "-recip", f"{name}.pem", "-out", encrypted)
    for command in (sign, encrypt):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return [
        {"name": signed, "operation": "verify", "message": signed, "signers": 1, "content": "content.txt"},
        {
            "name": encrypted,
            "operation": "decrypt",
            "message": encrypted,
            "keys": [_held(name)],
            "content": "content.txt",
        },
    ]


def _held(name: str) -> Json:
    return {field: file.replace("$", name) for field, file in _HELD.items()}
