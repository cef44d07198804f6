"""The facts that the rules of the profile need about a certificate, each read once from its extensions."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import Tlv, der
from smime_core.asn1.general_names import RFC822_NAME
from smime_core.pkix.extensions import CERTIFICATE_POLICIES
from smime_core.pkix.policies import parse_certificate_policies
from smime_core.x509.certificate import SUBJECT_ALT_NAME, Certificate, Extension
from smime_core.x509.distribution_points import AUTHORITY_INFO_ACCESS, parse_distribution_points

_RESERVED_POLICY: Final = re.compile(r"2\.23\.140\.1\.5\.([1-4])\.([1-3])")
_GENERATIONS: Final = {"1": "legacy", "2": "multipurpose", "3": "strict"}
_URI: Final = 0x86


@dataclass(frozen=True, kw_only=True)
class ProfileFacts:
    """The facts about one certificate."""

    certificate: Certificate

    @functools.cached_property
    def extensions(self) -> dict[str, Extension]:
        """The extensions by OID."""
        return {extension.oid: extension for extension in self.certificate.extensions}

    @functools.cached_property
    def policies(self) -> frozenset[str]:
        """The policy identifiers."""
        extension = self.extensions.get(CERTIFICATE_POLICIES)
        return (
            frozenset()
            if extension is None
            else parse_certificate_policies(extension.value, critical=extension.critical)
        )

    @functools.cached_property
    def reserved(self) -> tuple[tuple[str, str], ...]:
        """(kind of validation, name of the generation) for each reserved policy. The kind "1" is mailbox-validated."""
        matches = (_RESERVED_POLICY.fullmatch(policy) for policy in self.policies)
        return tuple((match[1], _GENERATIONS[match[2]]) for match in matches if match)

    @property
    def is_subscriber(self) -> bool:
        """Whether the requirements treat this certificate as a person's."""
        return not self.certificate.is_ca and bool(self.reserved)

    @property
    def is_mailbox_validated(self) -> bool:
        return self.is_subscriber and any(kind == "1" for kind, _ in self.reserved)

    def is_of(self, *generations: str) -> bool:
        """Whether this is a person's certificate of one of these generations."""
        return self.is_subscriber and any(generation in generations for _, generation in self.reserved)

    @functools.cached_property
    def subject_attributes(self) -> tuple[tuple[str, str], ...]:
        """OID and text of each attribute of the subject."""
        return tuple(
            (der.parse_oid(fields[0]), bytes(fields[1].content).decode("utf-8", "replace"))
            for relative_name in der.read_sequence(self.certificate.subject_der)
            for attribute in der.read_children(relative_name)
            if len(fields := der.read_children(attribute)) == 2
        )

    @functools.cached_property
    def mailboxes(self) -> tuple[str, ...]:
        """The rfc822Names of the subjectAltName, unchecked."""
        names = self._members(SUBJECT_ALT_NAME)
        return tuple(bytes(name.content).decode("ascii", "replace") for name in names if name.tag == RFC822_NAME)

    @functools.cached_property
    def crl_urls(self) -> tuple[str, ...]:
        """The URLs of all distribution points."""
        points = parse_distribution_points(self.certificate)
        names = (name for point in points if point.name is not None for name in point.name.full_name)
        return tuple(name.content.decode("ascii", "replace") for name in names if name.tag == _URI)

    @functools.cached_property
    def access_urls(self) -> tuple[tuple[str, str], ...]:
        """(access method, URL) for each URL in authorityInfoAccess."""
        pairs = (der.read_children(member) for member in self._members(AUTHORITY_INFO_ACCESS))
        return tuple(
            (der.parse_oid(pair[0]), bytes(pair[1].content).decode("ascii", "replace"))
            for pair in pairs
            if len(pair) == 2 and pair[1].tag == _URI
        )

    def _members(self, oid: str) -> list[Tlv]:
        extension = self.extensions.get(oid)
        return [] if extension is None else der.read_sequence(extension.value, where=oid)
