"""Cases described in JSON: the format of the set `cms`, and of `tests/conformance/expected` for most published sets.

    {"cases": [{"name": …, "operation": …, "source": …, "skip": {"reason": …, "link": …}, FIELD: …, …}, …]}

`operation` is the name of a task and FIELD one of its fields (`describe_operations` lists them). Octets are written as
the name of a file in the folder, or as {"text": …}, {"hex": …}, {"base64": …} or {"hex_file": NAME}; private and public
keys and PKCS#12 files may be PEM. With "for_each": GLOB, or a list of them, the case is repeated for each file, whose
name stands for "$file".
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

from smime_core import der
from smime_core.algorithms import NULL, RSA_ENCRYPTION
from tests.conformance.case import Case, Skip
from tests.conformance.checks import keys, mail, primitives, robustness, sealed, signed

_OPERATIONS: Final[dict[str, type[Any]]] = {
    "data": sealed.DataContent,
    "verify": signed.VerifySignatures,
    "refuse-signatures": signed.RefuseSignatures,
    "certificates-only": signed.CertificatesOnly,
    "decrypt": sealed.Decrypt,
    "refuse-decryption": sealed.RefuseDecryption,
    "timestamp": signed.Timestamp,
    "encrypted-data": sealed.EncryptedContent,
    "digested-data": sealed.DigestedContent,
    "authenticated-data": sealed.AuthenticatedContent,
    "compressed-data": sealed.CompressedContent,
    "open-pkcs12": keys.OpenPkcs12,
    "refuse-pkcs12": keys.RefusePkcs12,
    "key-pair": keys.KeyPair,
    "refuse-private-key": keys.RefusePrivateKey,
    "certificate-signature": keys.CertificateSignature,
    "path": keys.Path,
    "decapsulate": keys.Decapsulate,
    "verdict": mail.Verdict,
    "round-trip": mail.RoundTrip,
    "parse": robustness.Parse,
    "out-of-scope": primitives.OutOfScope,
}
_ABOUT_CASE: Final = {"name", "operation", "source", "skip", "for_each"}
_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(?:[^-]*\n\r?\n)?([A-Za-z0-9+/=\s]+)-----END \1-----")
_PEM_LABELS: Final = {
    "pkcs8": (b"PRIVATE KEY", b"RSA PRIVATE KEY"),
    "spki": (b"PUBLIC KEY",),
    "pkcs12": (b"PKCS12",),
}


def read_described(set_name: str, folder: Path, description: Path) -> Iterator[Case]:
    """The cases of a JSON file over the files of a folder. Raises KeyError, ValueError or OSError for a wrong one."""
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
    """The operations with their fields, for people who write a `cases.json`."""
    paragraphs: list[str] = []
    for name, cls in _OPERATIONS.items():
        fields = [
            f"  {field.name}: {_type_text(field.type)}{'' if _is_required(field) else ' (optional)'}"
            for field in dataclasses.fields(cls)
        ]
        paragraphs.append("\n".join([f"{name}: {inspect.cleandoc(cls.__doc__ or '')}", *fields]))
    return "\n\n".join(paragraphs)


def _read_case(set_name: str, folder: Path, entry: dict[str, Any], name: str) -> Case:
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
        return tuple(_convert(one, member, name, folder) for one, member in zip(value, members, strict=True))
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
            decoded = base64.b64decode(text)
            # An RSAPrivateKey starts with two numbers, PKCS#8 with one and an AlgorithmIdentifier; labels are confused.
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
    text = str(annotation).replace(" | None", "").replace("bytes", "octets").replace("str", "text")
    return text.replace("tuple[tuple[text, text], ...]", "list of pairs of texts").replace("Key", "keys")
