"""Certificates of an address from the DNS of its domain: SMIMEA (RFC 8162), with what DNSSEC says about the answer.

The resolver validates, and its word (the AD bit) counts only when nobody can change it on the way: from a resolver on
this machine, or one that whoever runs this trusts. RFC 8162 section 6 lets a certificate be believed for a secure
answer alone. Here nobody believes the DNS: the path to an anchor decides, so an insecure answer may name a candidate,
and says so. A bogus one gives nothing. Local parts are hashed as they stand (section 4: no mapping).
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import ipaddress
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.SMIMEA import SMIMEA

from smime_core.certificate import Certificate
from smime_core.contacts import CertificateSource
from smime_core.limits import DIRECTORY_SECONDS, MAX_SMIMEA_RECORDS
from smime_core.lookups.directory_failure import DirectoryFailed, DirectoryProblem
from smime_core.lookups.found_octets import found_in
from smime_core.lookups.resolver_exchange import exchange
from smime_core.mail_address import parse_address
from smime_core.recipient_choice import FoundCertificate

_HASHED_OCTETS: Final = 28  # of SHA-256, RFC 8162 section 3
_MAX_NAME_SERVERS: Final = 3
# RFC 8914: DNSSEC Bogus and the kinds of it.
_BOGUS_CODES: Final = frozenset({6, 7, 8, 9, 10, 11, 12})


class DnssecStatus(StrEnum):
    """What can be said about an answer (RFC 4035 section 4.3); bogus ones are refused before."""

    SECURE = "secure"
    INSECURE = "insecure"


class CertificateUsage(IntEnum):
    """What a record says about the certificate that it names (RFC 6698 section 2.1.1, RFC 7218)."""

    PKIX_TA = 0
    PKIX_EE = 1
    DANE_TA = 2
    DANE_EE = 3

    @property
    def is_of_person(self) -> bool:
        """Whether it is the person's own certificate, and not an authority's."""
        return self in (CertificateUsage.PKIX_EE, CertificateUsage.DANE_EE)


class Selector(IntEnum):
    """Which part of the certificate is compared."""

    WHOLE = 0
    PUBLIC_KEY = 1


class MatchingType(IntEnum):
    """How it is compared."""

    EXACT = 0
    SHA256 = 1
    SHA512 = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SmimeaRecord:
    """One record; `data` is a certificate, a public key, or the hash of one of them."""

    usage: CertificateUsage
    selector: Selector
    matching_type: MatchingType
    data: bytes

    def matches(self, certificate: Certificate) -> bool:
        """Whether it is this certificate that the record means."""
        part = certificate.der if self.selector is Selector.WHOLE else certificate.public_key.spki_der
        if self.matching_type is MatchingType.EXACT:
            return hmac.compare_digest(part, self.data)
        digest = hashlib.sha256 if self.matching_type is MatchingType.SHA256 else hashlib.sha512
        return hmac.compare_digest(digest(part).digest(), self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmimeaAnswer:
    """The records of one address; none when the domain has none."""

    owner: str
    status: DnssecStatus
    records: tuple[SmimeaRecord, ...] = ()

    @property
    def detail(self) -> str:
        """Where candidates come from, for people."""
        domain = self.owner.partition("._smimecert.")[2]
        return f"{domain}, {'signed' if self.status is DnssecStatus.SECURE else 'not signed'}"

    @property
    def names_people(self) -> bool:
        """Whether secure records say which certificate is the person's own."""
        return self.status is DnssecStatus.SECURE and any(record.usage.is_of_person for record in self.records)

    def confirms(self, certificate: Certificate) -> bool:
        """Whether a secure record names this very certificate as the person's own."""
        own = (record for record in self.records if record.usage.is_of_person)
        return self.names_people and any(record.matches(certificate) for record in own)

    def find_certificates(self) -> tuple[FoundCertificate, ...]:
        """The whole certificates in the records; those of authorities may lead to an anchor. Hashes give none."""
        whole = [
            record.data
            for record in self.records
            if record.selector is Selector.WHOLE and record.matching_type is MatchingType.EXACT
        ]
        return found_in(whole, CertificateSource.SMIMEA, detail=self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """A resolver to ask. `is_trusted` says that its AD bit counts, and that nobody can change it on the way."""

    address: str
    port: int = 53
    is_trusted: bool = False


def system_name_servers() -> tuple[NameServer, ...]:
    """The machine's resolvers; those on the machine itself are trusted."""
    try:
        configured = dns.resolver.Resolver().nameservers
    except dns.exception.DNSException as error:
        raise DirectoryFailed(DirectoryProblem.UNREACHABLE, "this machine has no DNS resolver") from error
    servers = [name_server(str(server)) for server in configured if isinstance(server, str)]
    return tuple(servers[:_MAX_NAME_SERVERS])


def name_server(address: str, port: int = 53) -> NameServer:
    """A resolver by its IP address, trusted when it is on this machine. Raises DirectoryFailed."""
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        raise DirectoryFailed(DirectoryProblem.BAD_URL, "expected the IP address of a DNS resolver") from None
    return NameServer(address=address, port=port, is_trusted=is_loopback)


def owner_name(address: str) -> str:
    """The name that SMIMEA records of an address stand at (RFC 8162 section 3). Raises DirectoryFailed."""
    parsed = parse_address(address)
    if parsed is None or parsed.is_literal:
        raise DirectoryFailed(DirectoryProblem.BAD_ADDRESS, "this is no address in a domain")
    # Section 3, steps 2 and 3: without quotes and quoting, composed characters.
    octets = unicodedata.normalize("NFC", parsed.local_part).encode()
    label = hashlib.sha256(octets).digest()[:_HASHED_OCTETS].hex()
    owner = f"{label}._smimecert.{parsed.domain}"
    try:
        dns.name.from_text(owner)
    except dns.exception.DNSException:
        raise DirectoryFailed(DirectoryProblem.BAD_ADDRESS, "this domain's name is too long for DNS") from None
    return owner


def find_smimea(
    address: str, *, name_servers: Sequence[NameServer], timeout_seconds: float = DIRECTORY_SECONDS
) -> SmimeaAnswer:
    """The SMIMEA records of an address, from the first resolver that answers.

    Raises DirectoryFailed: NOT_AUTHENTIC for a bogus answer, TOO_MANY, TIMEOUT, UNREACHABLE or REFUSED.
    """
    owner = owner_name(address)
    end = time.monotonic() + timeout_seconds
    failure = DirectoryFailed(DirectoryProblem.UNREACHABLE, "there is no DNS resolver to ask")
    for left, server in zip(range(len(name_servers), 0, -1), name_servers, strict=True):
        try:
            # One that swallows what it is asked leaves time for the next.
            response = _ask(owner, server, (end - time.monotonic()) / left)
            if response.rcode() == dns.rcode.SERVFAIL:
                _check_not_bogus(response, owner, server, end - time.monotonic())
            return _read_answer(response, owner, server)
        except DirectoryFailed as error:
            failure = error
            if error.problem not in (DirectoryProblem.TIMEOUT, DirectoryProblem.UNREACHABLE):
                break
    raise failure


def _ask(owner: str, server: NameServer, seconds: float, *, unchecked: bool = False) -> dns.message.Message:
    # RFC 3225 section 3: DO; RFC 6840 section 5.7: AD in a question asks for it in the answer.
    flags = dns.flags.RD | dns.flags.AD | (dns.flags.CD if unchecked else 0)
    query = dns.message.make_query(owner, dns.rdatatype.SMIMEA, want_dnssec=True, flags=flags)
    try:
        return exchange(query, server.address, server.port, seconds=seconds)
    except (TimeoutError, dns.exception.Timeout):
        raise DirectoryFailed(DirectoryProblem.TIMEOUT, f"the resolver {server.address} did not answer") from None
    except dns.exception.DNSException as error:
        text = f"the answer of the resolver {server.address} cannot be read"
        raise DirectoryFailed(DirectoryProblem.REFUSED, text) from error
    except (OSError, EOFError, ValueError) as error:
        text = f"the resolver {server.address} cannot be reached"
        raise DirectoryFailed(DirectoryProblem.UNREACHABLE, text) from error


def _check_not_bogus(response: dns.message.Message, owner: str, server: NameServer, seconds: float) -> None:
    # RFC 4035 section 5.5: a bogus answer is told as SERVFAIL. What appears when nobody checks (CD) was bogus.
    codes = {int(option.code) for option in response.options if isinstance(option, dns.edns.EDEOption)}
    is_bogus = bool(codes & _BOGUS_CODES)
    if not is_bogus and not codes:
        is_bogus = _ask(owner, server, seconds, unchecked=True).rcode() == dns.rcode.NOERROR
    if is_bogus:
        text = "DNSSEC says that the answer is not the domain's"
        raise DirectoryFailed(DirectoryProblem.NOT_AUTHENTIC, text)


def _read_answer(response: dns.message.Message, owner: str, server: NameServer) -> SmimeaAnswer:
    is_secure = server.is_trusted and bool(response.flags & dns.flags.AD)
    answer = SmimeaAnswer(owner=owner, status=DnssecStatus.SECURE if is_secure else DnssecStatus.INSECURE)
    if response.rcode() == dns.rcode.NXDOMAIN:
        return answer
    if response.rcode() != dns.rcode.NOERROR:
        text = f"the resolver {server.address} answers {dns.rcode.to_text(response.rcode())}"
        raise DirectoryFailed(DirectoryProblem.REFUSED, text)
    records = [record for record in _find_rrset(response) if isinstance(record, SMIMEA)]
    if len(records) > MAX_SMIMEA_RECORDS:
        text = f"the domain has more than {MAX_SMIMEA_RECORDS} records for this address"
        raise DirectoryFailed(DirectoryProblem.TOO_MANY, text)
    return dataclasses.replace(answer, records=tuple(filter(None, map(_read_record, records))))


def _find_rrset(response: dns.message.Message) -> Iterable[dns.rdata.Rdata]:
    # Aliases are followed within the answer, as far as the resolver has.
    try:
        if isinstance(response, dns.message.QueryMessage):
            return response.resolve_chaining().answer or ()
    except dns.exception.DNSException as error:
        raise DirectoryFailed(DirectoryProblem.REFUSED, "the DNS answer does not hold together") from error
    return ()


def _read_record(record: SMIMEA) -> SmimeaRecord | None:
    # RFC 6698 section 4.1: a record with values that nobody knows counts for nothing.
    try:
        return SmimeaRecord(
            usage=CertificateUsage(record.usage),
            selector=Selector(record.selector),
            matching_type=MatchingType(record.mtype),
            data=bytes(record.cert),
        )
    except ValueError:
        return None
