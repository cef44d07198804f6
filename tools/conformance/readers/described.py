"""Cases described in JSON: the format of the set `cms`, and of `tools/conformance/expected` for most published sets.

    {"cases": [
      {"name": "mail of Alice", "operation": "verify", "message": "alice.eml", "signers": 1},
      {"name": "encrypted for Bob", "operation": "decrypt", "message": "sealed.p7m", "content": {"text": "Hello"},
       "keys": [{"certificate": "bob.pem", "pkcs8": "bob.key"}, {"pkcs12": "bob.p12", "password": {"text": "secret"}}]},
      {"name": "forged", "operation": "refuse-signatures", "for_each": "forged/*.p7m", "message": "$file"}
    ]}

Every case has a `name`, an `operation` and the operation's fields, listed below. Two members are optional: `source`
says where the claim is made, and `skip` {"reason": TEXT, "link": URL} says why it is not expected to hold. Bytes are
the name of a file in the folder, or {"text": …}, {"hex": …}, {"base64": …} or {"hex_file": NAME}. Messages are .eml,
DER, BER or PEM; certificates DER or PEM; private keys PKCS#8 in DER, or PEM; PKCS#12 files may be PEM too. With
"for_each", a glob or a list of globs, the case is repeated for each matching file, with the file's name instead of
"$file".
"""

from __future__ import annotations

import base64
import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from smime_core.algorithms import NULL, RSA_ENCRYPTION
from smime_core.asn1 import der
from tools.conformance.case import Case, Skip
from tools.conformance.checks import encrypted, headers, keys, mail, primitives, robustness, signed

_OPERATIONS: Final[dict[str, type[Any]]] = {
    "data": encrypted.DataContent,
    "verify": signed.VerifySignatures,
    "refuse-signatures": signed.RefuseSignatures,
    "certificates-only": signed.CertificatesOnly,
    "decrypt": encrypted.Decrypt,
    "refuse-decryption": encrypted.RefuseDecryption,
    "timestamp": signed.Timestamp,
    "encrypted-data": encrypted.EncryptedContent,
    "digested-data": encrypted.DigestedContent,
    "authenticated-data": encrypted.AuthenticatedContent,
    "compressed-data": encrypted.CompressedContent,
    "open-pkcs12": keys.OpenPkcs12,
    "refuse-pkcs12": keys.RefusePkcs12,
    "key-pair": keys.KeyPair,
    "refuse-private-key": keys.RefusePrivateKey,
    "certificate-signature": keys.CertificateSignature,
    "path": keys.Path,
    "decapsulate": keys.Decapsulate,
    "verdict": mail.Verdict,
    "round-trip": mail.RoundTrip,
    "structure": mail.Structure,
    "shown-headers": headers.ShownHeaders,
    "parse": robustness.Parse,
    "out-of-scope": primitives.OutOfScope,
}
_ABOUT_CASE: Final = {"name", "operation", "source", "skip", "for_each"}
_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----([^-]*+)-----END \1-----")
_TYPE_WORDS: Final = {
    "tuple[tuple[str, str], ...]": "list of pairs of texts",
    "tuple[bytes, ...]": "list of octets",
    "tuple[str, ...]": "list of texts",
    "tuple[Key, ...]": "list of keys",
    "tuple[Kek, ...]": "list of shared keys",
    "tuple[Leaf, ...]": "list of leaves",
    "bytes": "octets",
    "str": "text",
    "int": "number",
    "bool": "true or false",
}
_PEM_LABELS: Final = {
    "pkcs8": (b"PRIVATE KEY", b"RSA PRIVATE KEY"),
    "spki": (b"PUBLIC KEY",),
    "pkcs12": (b"PKCS12",),
}


def read_described(set_name: str, folder: Path, description: Path) -> Iterator[Case]:
    """The cases of a JSON file about the files of a folder. Raises KeyError, ValueError or OSError if it is wrong."""
    for entry in json.loads(description.read_text(encoding="utf-8"))["cases"]:
        if "for_each" not in entry:
            yield _read_case(set_name, folder, entry, entry["name"])
            continue
        globs = [entry["for_each"]] if isinstance(entry["for_each"], str) else entry["for_each"]
        paths = sorted({path for glob in globs for path in folder.glob(glob) if path.is_file()})
        if not paths:
            raise ValueError(f"{entry['name']}: no file matches {globs}")
        for path in paths:
            file = path.relative_to(folder).as_posix()
            yield _read_case(set_name, folder, _with_file(entry, file), f"{entry['name']}: {file}")


def describe_operations() -> str:
    """The operations and the parts of their fields, for people who write a `cases.json`."""
    parts = {"key": encrypted.Key, "shared key": encrypted.Kek, "leaf": mail.Leaf}
    return "\n\n".join(_describe(name, cls) for name, cls in {**_OPERATIONS, **parts}.items())


def _describe(name: str, cls: type[Any]) -> str:
    fields = [
        f"  {field.name}: {_type_text(field.type)}{'' if _is_required(field) else ' (optional)'}"
        for field in dataclasses.fields(cls)
    ]
    text = inspect.cleandoc(cls.__doc__ or "").replace("\n\n", "\n")
    return "\n".join([f"{name}: {text}", *fields])


def _read_case(set_name: str, folder: Path, entry: dict[str, Any], name: str) -> Case:
    if entry.get("operation") not in _OPERATIONS:
        raise ValueError(f"{name}: operation is {entry.get('operation')!r}, expected one of {', '.join(_OPERATIONS)}")
    cls = _OPERATIONS[entry["operation"]]
    fields = {field: value for field, value in entry.items() if field not in _ABOUT_CASE}
    return Case(
        set=set_name,
        name=name,
        task=_build(cls, fields, folder),
        source=entry.get("source", ""),
        skip=Skip(**entry["skip"]) if "skip" in entry else None,
    )


def _build(cls: type[Any], fields: dict[str, Any], folder: Path) -> Any:
    hints = typing.get_type_hints(cls)
    if unknown := fields.keys() - hints.keys():
        raise ValueError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
    if missing := [f.name for f in dataclasses.fields(cls) if _is_required(f) and f.name not in fields]:
        raise ValueError(f"{cls.__name__} needs the field {', '.join(missing)}")
    return cls(**{name: _convert(value, hints[name], name, folder) for name, value in fields.items()})


def _convert(value: Any, hint: Any, name: str, folder: Path) -> Any:
    if isinstance(hint, types.UnionType):
        hint = next(member for member in typing.get_args(hint) if member is not type(None))
    if value is None:
        return None
    if typing.get_origin(hint) is tuple:
        members = typing.get_args(hint)
        if len(members) == 2 and members[1] is Ellipsis:
            return tuple(_convert(member, members[0], name, folder) for member in value)
        return tuple(_convert(element, member, name, folder) for element, member in zip(value, members, strict=True))
    if hint is bytes:
        return _unarmor(_read_octets(value, folder), name)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type[Any], hint), value, folder)
    if not isinstance(value, hint):
        raise ValueError(f"{name} is {value!r}, expected {hint.__name__}")  # noqa: TRY004  # the file is wrong
    return value


def _read_octets(value: Any, folder: Path) -> bytes:
    if isinstance(value, str):
        path = (folder / value).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ValueError(f"{value} is outside the folder")
        return path.read_bytes()
    if "text" in value:
        return str(value["text"]).encode("utf-8")
    if "hex_file" in value:
        return bytes.fromhex(_read_octets(value["hex_file"], folder).decode("ascii"))
    return bytes.fromhex(value["hex"]) if "hex" in value else base64.b64decode(value["base64"])


def _unarmor(octets: bytes, name: str) -> bytes:
    for label, text in _PEM.findall(octets):
        if label in _PEM_LABELS.get(name, ()):
            decoded = base64.b64decode(
                text.replace(b"\r", b"").strip().rpartition(b"\n\n")[2]
            )  # headers end at a blank line
            # An RSAPrivateKey begins with two numbers, PKCS#8 with a number and an AlgorithmIdentifier. The labels of
            # some files are wrong, so they do not decide.
            if name == "pkcs8" and der.read_sequence(decoded)[1].tag == der.INTEGER:
                algorithm = der.sequence(der.oid(RSA_ENCRYPTION), NULL)
                return der.sequence(der.integer(0), algorithm, der.octet_string(decoded))
            return decoded
    return octets


def _with_file(value: Any, file: str) -> Any:
    if isinstance(value, dict):
        return {key: _with_file(member, file) for key, member in value.items()}
    if isinstance(value, list):
        return [_with_file(member, file) for member in value]
    return file if value == "$file" else value


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING


def _type_text(annotation: Any) -> str:
    text = str(annotation).replace(" | None", "")
    for python, words in _TYPE_WORDS.items():
        text = text.replace(python, words)
    return text
