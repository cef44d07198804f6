"""Certificates of an address from the DNS of its domain: SMIMEA (RFC 8162), with the DNSSEC status.

The resolver validates DNSSEC. Its AD bit is believed only if nobody can change the bit in transit: the resolver is on
this machine, or the operator trusts it. RFC 8162 section 6 allows a certificate to be trusted only after a secure
answer. Sealwax never trusts a certificate because of the DNS: the certificate needs a path to an anchor. So an insecure
answer may give a candidate, which is marked as "not signed". A bogus answer gives no candidate. Local parts are hashed
as they are written. No other spellings are tried (RFC 8162 section 4).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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

from sealwax.lookups.directory_failure import DirectoryFailed, DirectoryProblem
from sealwax.lookups.found_certificates import found_in
from sealwax.lookups.resolver_exchange import exchange
from smime_core.limits import DIRECTORY_SECONDS, MAX_SMIMEA_RECORDS
from smime_core.text import parse_address
from smime_core.trust import CertificateSource, FoundCertificate
from smime_core.x509 import Certificate

_HASH_BYTES: Final = 28  # The first bytes of a SHA-256 digest, RFC 8162 section 3.
_MAX_NAME_SERVERS: Final = 3
# RFC 8914: the codes for DNSSEC Bogus and for its causes.
_BOGUS_CODES: Final = frozenset({6, 7, 8, 9, 10, 11, 12})


class DnssecStatus(StrEnum):
    """The DNSSEC status of an answer (RFC 4035 section 4.3). A bogus answer raises an error instead."""

    SECURE = "secure"
    INSECURE = "insecure"


class CertificateUsage(IntEnum):
    """The role of the certificate that a record names (RFC 6698 section 2.1.1, RFC 7218)."""

    PKIX_TA = 0
    PKIX_EE = 1
    DANE_TA = 2
    DANE_EE = 3

    @property
    def is_of_person(self) -> bool:
        """Whether the record names the person's own certificate, and not an authority's."""
        return self in (CertificateUsage.PKIX_EE, CertificateUsage.DANE_EE)


class Selector(IntEnum):
    """The part of the certificate that is compared."""

    WHOLE = 0
    PUBLIC_KEY = 1


class MatchingType(IntEnum):
    """The form in which the selected part is compared."""

    EXACT = 0
    SHA256 = 1
    SHA512 = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SmimeaRecord:
    """One record. `data` is a certificate, a public key, or the hash of one of them."""

    usage: CertificateUsage
    selector: Selector
    matching_type: MatchingType
    data: bytes

    def matches(self, certificate: Certificate) -> bool:
        """Whether the record names this certificate."""
        part = certificate.der if self.selector is Selector.WHOLE else certificate.public_key.spki_der
        if self.matching_type is MatchingType.EXACT:
            return hmac.compare_digest(part, self.data)
        digest = hashlib.sha256 if self.matching_type is MatchingType.SHA256 else hashlib.sha512
        return hmac.compare_digest(digest(part).digest(), self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmimeaAnswer:
    """The records of one address. The domain may have none."""

    owner: str
    status: DnssecStatus
    records: tuple[SmimeaRecord, ...] = ()

    @property
    def detail(self) -> str:
        """The origin of the candidates, for people."""
        domain = self.owner.partition("._smimecert.")[2]
        return f"{domain}, {'signed' if self.status is DnssecStatus.SECURE else 'not signed'}"

    @property
    def names_people(self) -> bool:
        """Whether secure records name the person's own certificate."""
        return self.status is DnssecStatus.SECURE and any(record.usage.is_of_person for record in self.records)

    def confirms(self, certificate: Certificate) -> bool:
        """Whether a secure record names this certificate as the person's own."""
        own = (record for record in self.records if record.usage.is_of_person)
        return self.names_people and any(record.matches(certificate) for record in own)

    def find_certificates(self) -> tuple[FoundCertificate, ...]:
        """The certificates in the records, except hashed ones. Authorities' certificates become intermediates."""
        whole = [
            record.data
            for record in self.records
            if record.selector is Selector.WHOLE and record.matching_type is MatchingType.EXACT
        ]
        return found_in(whole, CertificateSource.SMIMEA, self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """A resolver. If `is_trusted`, its AD bit is believed, because nobody can change it in transit."""

    address: str
    port: int = 53
    is_trusted: bool = False


def system_name_servers() -> tuple[NameServer, ...]:
    """The resolvers in the machine's settings. Those on the machine itself are trusted. Raises DirectoryFailed."""
    try:
        configured = dns.resolver.Resolver().nameservers
    except dns.exception.DNSException as error:
        raise DirectoryFailed(DirectoryProblem.UNREACHABLE, "this machine has no DNS resolver") from error
    servers = [name_server(str(server)) for server in configured if isinstance(server, str)]
    return tuple(servers[:_MAX_NAME_SERVERS])


def name_server(address: str, port: int = 53) -> NameServer:
    """A resolver by its IP address, trusted if it is on this machine. Raises DirectoryFailed."""
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        raise DirectoryFailed(DirectoryProblem.BAD_URL, "expected the IP address of a DNS resolver") from None
    return NameServer(address=address, port=port, is_trusted=is_loopback)


def owner_name(address: str) -> str:
    """The DNS name of the SMIMEA records of an address (RFC 8162 section 3). Raises DirectoryFailed."""
    parsed = parse_address(address)
    if parsed is None or parsed.is_literal:
        raise DirectoryFailed(DirectoryProblem.BAD_ADDRESS, "this is no address in a domain")
    # RFC 8162 section 3, steps 2 and 3: the local part has no quotes, and its characters are composed.
    local_part = unicodedata.normalize("NFC", parsed.local_part).encode()
    label = hashlib.sha256(local_part).digest()[:_HASH_BYTES].hex()
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
            # Each resolver gets a share of the remaining time. So a resolver that does not answer leaves time for the
            # next.
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
    # DO asks for DNSSEC (RFC 3225 section 3). AD in a question asks for AD in the answer (RFC 6840 section 5.7).
    flags = dns.flags.RD | dns.flags.AD | (dns.flags.CD if unchecked else 0)
    query = dns.message.make_query(owner, dns.rdatatype.SMIMEA, want_dnssec=True, flags=flags)
    try:
        return exchange(query, server.address, server.port, seconds)
    except (TimeoutError, dns.exception.Timeout):
        raise DirectoryFailed(DirectoryProblem.TIMEOUT, f"the resolver {server.address} did not answer") from None
    except dns.exception.DNSException as error:
        raise DirectoryFailed(
            DirectoryProblem.REFUSED, f"the answer of the resolver {server.address} cannot be read"
        ) from error
    except (OSError, EOFError, ValueError) as error:
        raise DirectoryFailed(
            DirectoryProblem.UNREACHABLE, f"the resolver {server.address} cannot be reached"
        ) from error


def _check_not_bogus(response: dns.message.Message, owner: str, server: NameServer, seconds: float) -> None:
    # RFC 4035 section 5.5: a resolver replaces a bogus answer with SERVFAIL. If the same question without checks (CD)
    # gets an answer, the first answer was bogus.
    codes = {int(option.code) for option in response.options if isinstance(option, dns.edns.EDEOption)}
    is_bogus = bool(codes & _BOGUS_CODES)
    if not is_bogus and not codes:
        is_bogus = _ask(owner, server, seconds, unchecked=True).rcode() == dns.rcode.NOERROR
    if is_bogus:
        raise DirectoryFailed(DirectoryProblem.NOT_AUTHENTIC, "DNSSEC says that the answer is not the domain's")


def _read_answer(response: dns.message.Message, owner: str, server: NameServer) -> SmimeaAnswer:
    is_secure = server.is_trusted and bool(response.flags & dns.flags.AD)
    answer = SmimeaAnswer(owner=owner, status=DnssecStatus.SECURE if is_secure else DnssecStatus.INSECURE)
    if response.rcode() == dns.rcode.NXDOMAIN:
        return answer
    if response.rcode() != dns.rcode.NOERROR:
        raise DirectoryFailed(
            DirectoryProblem.REFUSED, f"the resolver {server.address} answers {dns.rcode.to_text(response.rcode())}"
        )
    records = [record for record in _find_rrset(response) if isinstance(record, SMIMEA)]
    if len(records) > MAX_SMIMEA_RECORDS:
        raise DirectoryFailed(
            DirectoryProblem.TOO_MANY, f"the domain has more than {MAX_SMIMEA_RECORDS} records for this address"
        )
    return replace(answer, records=tuple(filter(None, map(_read_record, records))))


def _find_rrset(response: dns.message.Message) -> Iterable[dns.rdata.Rdata]:
    # Aliases (CNAME) are followed within the answer. No further question is sent.
    try:
        if isinstance(response, dns.message.QueryMessage):
            return response.resolve_chaining().answer or ()
    except dns.exception.DNSException as error:
        raise DirectoryFailed(DirectoryProblem.REFUSED, "the DNS response is inconsistent") from error
    return ()


def _read_record(record: SMIMEA) -> SmimeaRecord | None:
    # RFC 6698 section 4.1: a record with unknown values is ignored.
    try:
        return SmimeaRecord(
            usage=CertificateUsage(record.usage),
            selector=Selector(record.selector),
            matching_type=MatchingType(record.mtype),
            data=bytes(record.cert),
        )
    except ValueError:
        return None
