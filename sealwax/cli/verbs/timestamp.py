"""`sealwax timestamp`: obtain and check timestamps of files and of signatures (RFC 3161)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import click

from sealwax.cli.group import DONE, NOT_AS_ASKED
from sealwax.cli.judging.looking_up import judge
from sealwax.cli.messages import operations
from sealwax.cli.messages.rewriting import load_wrapped, unwrap
from sealwax.cli.messages.timestamp_service import ask_service
from sealwax.cli.options.identities import load_certificates
from sealwax.cli.options.parameters import (
    AT,
    CONTENT,
    FILE,
    INPUT,
    SENDER,
    SHA2_HASHES,
    SIGNER_NUMBER,
    InputToOutput,
    ValueChoice,
    now,
)
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.trust import TrustOptions
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import mode_like, open_input, read_input, write_error, write_line, write_output
from smime_core import blocking
from smime_core.algorithms import HashName
from smime_core.cades import add_signature_timestamp, add_validation_data, signature_value
from smime_core.cms import OctetsContent, SignedContent
from smime_core.errors import VerificationError
from smime_core.pkix import Evidence, PathRules, PathTrail, RevocationPolicy, TrustStore
from smime_core.report import SignerReport, State
from smime_core.stream.content import StreamedContent
from smime_core.stream.octets import FileOctets
from smime_core.timestamp import (
    Timestamp,
    TimestampRequest,
    build_timestamp_request,
    check_answer,
    check_token,
    new_timestamp_request,
    obtain_timestamp,
    parse_timestamp_response,
    read_timestamp,
    verify_timestamp,
)
from smime_core.trust import Judging
from smime_core.x509 import Certificate

_URL: Final = click.Option(["--url"], required=True, metavar="URL", help="The timestamp service.")
_HASH: Final = click.Option(
    ["--hash", "hash_name"],
    type=ValueChoice(SHA2_HASHES),
    default=HashName.SHA256.value,
    help="The service gets only a digest: by this hash.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImprintOptions:
    """The hash of a file that is to be timestamped, and the policy of the service."""

    hash_name: HashName = given_by(_HASH)
    policy: str | None = given_by(
        click.Option(["--policy"], metavar="OID", help="The policy that the service is to follow.")
    )

    def ask_about(self, content: SignedContent) -> TimestampRequest:
        """A request with the digest of the content and a fresh nonce."""
        return blocking.run(new_timestamp_request(content, PROVIDER, self.hash_name, tsa_policy=self.policy))


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest(InputToOutput):
    """A file for which a timestamp is to be requested by hand."""

    imprint: ImprintOptions = group_of(ImprintOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObtainRequest(InputToOutput):
    """A file, and the service that timestamps it."""

    url: str = given_by(_URL)
    imprint: ImprintOptions = group_of(ImprintOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest(InputToOutput):
    """A signed message, one of its signatures, and the service that timestamps this signature."""

    url: str = given_by(_URL)
    number: int = given_by(SIGNER_NUMBER)
    hash_name: HashName = given_by(_HASH)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendRequest(InputToOutput):
    """A timestamped message, and the options for verifying it today."""

    content_file: str | None = given_by(CONTENT)
    sender: str | None = given_by(SENDER)
    trust: TrustOptions = group_of(TrustOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """A timestamp, the file that was timestamped, and the trusted timestamp authorities."""

    source: str = given_by(INPUT)
    content_file: str = given_by(
        click.Option(
            ["--content", "content_file"],
            required=True,
            metavar="FILE",
            type=FILE,
            help="The file that it is a timestamp of.",
        )
    )
    anchors: tuple[str, ...] = given_by(
        click.Option(
            ["--timestamp-anchor", "anchors"],
            multiple=True,
            required=True,
            metavar="CA",
            type=FILE,
            help="Certificate to trust for timestamps. Repeatable.",
        )
    )
    carried: tuple[str, ...] = given_by(
        click.Option(
            ["--certificates", "carried"],
            multiple=True,
            metavar="FILE",
            type=FILE,
            help="Certificates that it lacks. Repeatable.",
        )
    )
    at: datetime.datetime | None = given_by(AT)


@click.group()
def timestamp() -> None:
    """Obtain and check timestamps, of files and on signatures."""


@verb(WriteRequest, "request", group=timestamp)
def write_request(request: WriteRequest) -> None:
    """Write the request for a timestamp of a file, to be posted by hand.

    OUT is an application/timestamp-query, as openssl ts -query writes.
    """
    with open_input(request.source) as data:
        question = request.imprint.ask_about(_content_of(data))
    write_output(request.target, build_timestamp_request(question))


@verb(ObtainRequest, group=timestamp)
def obtain(request: ObtainRequest) -> None:
    """Get a timestamp of a file from a service, and write its answer.

    The service learns the digest of the file and nothing more. openssl ts reads OUT too.
    """
    with open_input(request.source) as data:
        content = _content_of(data)
        question = request.imprint.ask_about(content)
        answer = blocking.run(ask_service(request.url)(build_timestamp_request(question)))
        token = parse_timestamp_response(answer)
        check_answer(token, question)
        blocking.run(check_token(token, content, provider=PROVIDER))
    write_output(request.target, answer)


@verb(AddRequest, group=timestamp)
def add(request: AddRequest) -> None:
    """Put a timestamp on somebody's signature, so that it outlives the signer's certificate (CAdES B-T).

    Content and signatures stay as they are. This command does not check them: verify them first.
    """
    wrapped, number = load_wrapped(request.source), request.number - 1
    value = signature_value(wrapped.cms, number)
    token = blocking.run(obtain_timestamp(value, ask_service(request.url), PROVIDER, request.hash_name))
    stamped = blocking.run(add_signature_timestamp(wrapped.cms, token, PROVIDER, number))
    write_output(request.target, wrapped.wrap(stamped), mode=mode_like(request.source))


@verb(ExtendRequest, group=timestamp)
def extend(request: ExtendRequest) -> None:
    """Add to a message the data with which it can be verified in years to come (CAdES B-LT).

    These are the certificates above its signers and above the services that timestamped it, and the lists and answers
    that say they are not revoked. They come from files, from earlier answers, and with --fetch from the CAs. The
    message must be verified today, with valid timestamps.
    """
    data, at = read_input(request.source), now()
    content = None if request.content_file is None else read_input(request.content_file)
    wrapped = unwrap(data, content)
    judged = judge(
        lambda store: operations.examine(
            data, Judging(trust_store=store, at=at), content=content, sender=request.sender
        ),
        request.trust.load_store(),
        request.trust,
    )
    if judged.report.state is not State.VERIFIED or not all(map(_is_timestamped, judged.report.signers)):
        raise VerificationError(f"only what is verified and timestamped today can last: {judged.line}")
    lasting = wrapped.wrap(_with_data_of(wrapped.cms, judged.trails, judged.evidence))
    write_output(request.target, lasting, mode=mode_like(request.source))


@verb(CheckRequest, group=timestamp)
def check(request: CheckRequest) -> int:
    """Say whether a file is timestamped, when and by whom.

    IN is the answer of a service, or only a token. Whether the service's certificate was revoked is not checked.
    """
    token = read_timestamp(read_input(request.source))
    store = TrustStore.of(*load_certificates(request.anchors), revocation=RevocationPolicy.NOT_CHECKED)
    with open_input(request.content_file) as data:
        try:
            stamp = blocking.run(
                verify_timestamp(
                    token,
                    _content_of(data, token.info.imprint.hash_name),
                    PathRules(store, request.at or now(), known=load_certificates(request.carried)),
                    PROVIDER,
                )
            )
        except VerificationError as error:
            write_error(f"{error.code}: {error}")
            return NOT_AS_ASKED
    write_line(_timestamp_line(stamp))
    return DONE


def _is_timestamped(signer: SignerReport) -> bool:
    return any(reason.code in ("timestamped", "proved-by-timestamp") for reason in signer.reasons)


def _with_data_of(cms: bytes, trails: Sequence[PathTrail], evidence: Evidence) -> bytes:
    certificates = dict.fromkeys(
        certificate for trail in trails for certificate in trail.certificates if not _is_anchor(certificate, trail)
    )
    issuers = dict.fromkeys(certificate.issuer_der for certificate in certificates)
    lists = [crl.der for name in issuers for crl in evidence.find_lists(name)]
    responses = [
        response.der
        for certificate in certificates
        for response, _ in evidence.find_responses(certificate.serial_number)
    ]
    return add_validation_data(cms, certificates=list(certificates), crls=lists, ocsp_responses=responses)


def _is_anchor(certificate: Certificate, trail: PathTrail) -> bool:
    return trail.anchor is not None and trail.anchor.certificate == certificate


def _content_of(data: bytes | BinaryIO, *announced: HashName) -> SignedContent:
    if isinstance(data, bytes):
        return OctetsContent(data, provider=PROVIDER)
    return StreamedContent(FileOctets(data), announced, provider=PROVIDER)


def _timestamp_line(stamp: Timestamp) -> str:
    within = f", within {stamp.accuracy.total_seconds():g} s" if stamp.accuracy else ""
    return f"timestamped: {stamp.time:%Y-%m-%dT%H:%M:%SZ}{within}, by {stamp.certificate.common_name}"
