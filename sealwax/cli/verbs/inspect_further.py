"""The parts of a file that the core does not read: attribute certificates, the attributes of a request, rare bags.

asn1crypto reads these parts. Only this module uses asn1crypto, because the parts affect no verdict and need no speed.
The core still reads names and addresses, because asn1crypto reads international domains by the old rules (IDNA 2003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from smime_core.asn1 import ValueKind, name_text, parse_file_values
from smime_core.errors import SmimeError

# Larger files are messages and archives, in which nobody looks for these parts.
_MAX_BYTES: Final = 1 << 20
ATTRIBUTE_CERTIFICATE: Final = "attribute certificate"
_MAX_LINES: Final = 100
_MAX_CHARACTERS: Final = 300
# asn1crypto raises these for bytes that do not fit a structure; it has no error of its own.
_UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
_EXTENSIONS: Final = "1.2.840.113549.1.9.14"
_ATTRIBUTE_NAMES: Final = {
    "1.2.840.113549.1.9.2": "unstructured name",
    "1.2.840.113549.1.9.7": "challenge password",
    "1.2.840.113549.1.9.8": "unstructured address",
    _EXTENSIONS: "extensions asked for",
    "1.3.6.1.4.1.311.13.2.1": "Microsoft: name and value of the enrolment",
    "1.3.6.1.4.1.311.13.2.2": "Microsoft: cryptographic provider",
    "1.3.6.1.4.1.311.13.2.3": "Microsoft: version of the operating system",
    "1.3.6.1.4.1.311.21.20": "Microsoft: program of the request",
}
# The text of these attributes is shown. A challenge password is a secret between the sender and the authority.
_SHOWN: Final = frozenset({"1.2.840.113549.1.9.2", "1.2.840.113549.1.9.8", "1.3.6.1.4.1.311.13.2.3"})
_KNOWN_BAGS: Final = frozenset({"key_bag", "pkcs8_shrouded_key_bag", "cert_bag", "safe_contents"})
_BAGS: Final = {"crl_bag": "a revocation list", "secret_bag": "a secret"}


def further_parts(data: bytes) -> tuple[str, ...]:
    """A line for each part that the core does not read, of a file in any form. Verifies nothing and raises no error."""
    if len(data) > _MAX_BYTES:
        return ()
    try:
        values = parse_file_values(data).values
    except SmimeError:
        return ()
    lines = (line for value in values for line in _read(_READERS.get(value.kind, _attribute_certificate), value.der))
    return tuple(line[:_MAX_CHARACTERS] for line, _ in zip(lines, range(_MAX_LINES), strict=False))


def _read(reader: Callable[[bytes], Iterator[str]], der: bytes) -> Iterator[str]:
    try:
        yield from reader(der)
    except _UNREADABLE:
        yield "a part that cannot be read"


def _of_message(der: bytes) -> Iterator[str]:
    from asn1crypto import cms

    info = cms.ContentInfo.load(der)
    if info["content_type"].native != "signed_data":
        return
    for choice in info["content"]["certificates"] or ():
        if choice.name == "v2_attr_cert":
            yield from _describe_attribute_certificate(choice.chosen["ac_info"])
        elif choice.name != "certificate":
            yield f"a certificate of another form: {choice.name.replace('_', ' ')}"


def _attribute_certificate(der: bytes) -> Iterator[str]:
    from asn1crypto import cms

    # Other certificates and requests may begin with the same fields. They raise an error later, which is ignored.
    with suppress(*_UNREADABLE):
        info = cms.AttributeCertificateV2.load(der)["ac_info"]
        if info["version"].native == "v2":
            yield from tuple(_describe_attribute_certificate(info))


def _describe_attribute_certificate(info: Any) -> Iterator[str]:
    period = info["att_cert_validity_period"]
    first, last = (period[name].native.date().isoformat() for name in ("not_before_time", "not_after_time"))
    holder, issuer = info["holder"], info["issuer"].chosen
    names = [holder["entity_name"], holder["base_certificate_id"]["issuer"] if holder["base_certificate_id"] else None]
    holder_names = next((text for name in names if (text := _general_names(name))), "somebody who is named by a hash")
    issued = _general_names(issuer["issuer_name"] if info["issuer"].name == "v2_form" else issuer)
    serial = info["serial_number"].native
    yield (
        f"{ATTRIBUTE_CERTIFICATE} {serial:x} of {holder_names}, issued by {issued or 'nobody named'},"
        f" valid {first} to {last}"
    )
    for attribute in info["attributes"]:
        label = attribute["type"].native.replace("_", " ")
        yield f"attribute of {holder_names}: {label}: {', '.join(_values(attribute['values']))}"


def _values(values: Any) -> Iterator[str]:
    for value in values:
        match type(value).__name__:
            case "RoleSyntax":
                yield _general_name(value["role_name"])
            case "IetfAttrSyntax":
                yield ", ".join(_text_of(element.native) for element in value["values"])
            case "Clearance":
                yield f"policy {value['policy_id'].dotted}: {', '.join(sorted(value['class_list'].native))}"
            case "SvceAuthInfo":
                yield f"{_general_name(value['ident'])} at {_general_name(value['service'])}"
            case _:
                yield "a value of another kind"


def _of_request(der: bytes) -> Iterator[str]:
    # An attribute certificate and a request begin with fields of the same types, so only parsing tells them apart.
    certificate = list(_attribute_certificate(der))
    if certificate:
        yield from certificate
        return
    from asn1crypto import cms, core, csr

    for attribute in csr.CertificationRequest.load(der)["certification_request_info"]["attributes"] or ():
        oid = attribute["type"].dotted
        label = _ATTRIBUTE_NAMES.get(oid, oid)
        shown = ""
        if oid == _EXTENSIONS:
            shown = ", ".join(
                _text_of(extension["extn_id"].native) for value in attribute["values"] for extension in value
            )
        elif oid in _SHOWN:
            values = attribute["values"]
            known = values.parse(spec=cms.SetOfAny) if isinstance(values, core.Any) else values
            shown = ", ".join(_text_of(value.native) for value in known)
        yield f"attribute of the request: {label}" + (f": {shown}" if shown else "")


def _of_pkcs12(der: bytes) -> Iterator[str]:
    from asn1crypto import pkcs12

    for info in pkcs12.Pfx.load(der).authenticated_safe:
        if info["content_type"].native != "data":
            continue  # Bags that are encrypted with a password or for a certificate are not read.
        for bag in pkcs12.SafeContents.load(info["content"].native):
            name = bag["bag_id"].native
            if name not in _KNOWN_BAGS:
                yield f"bag that is not read: {_BAGS.get(name, name)}"


def _general_names(names: Any) -> str:
    return ", ".join(_general_name(name) for name in names or ())


def _general_name(name: Any) -> str:
    if name.name == "directory_name":
        try:
            return name_text(name.chosen.untag().dump())
        except SmimeError:
            return "a name that cannot be read"
    if name.name in {"rfc822_name", "dns_name", "uniform_resource_identifier"}:
        return _text_of(name.chosen.contents)
    if name.name == "registered_id":
        return str(name.chosen.dotted)
    return "a name of another kind"


def _text_of(value: object) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


_READERS: Final = {
    ValueKind.CMS: _of_message,
    ValueKind.REQUEST: _of_request,
    ValueKind.PKCS12: _of_pkcs12,
    ValueKind.PRIVATE_KEY: lambda _: iter(()),
    ValueKind.REVOCATION_LIST: lambda _: iter(()),
    ValueKind.TIMESTAMP: lambda _: iter(()),
}
