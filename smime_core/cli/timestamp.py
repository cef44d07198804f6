"""`sealwax timestamp`: timestamps of files and of signatures (RFC 3161), from any service and without one."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import BinaryIO

import click

from smime_core import blocking
from smime_core.algorithms import HashName
from smime_core.cades import add_signature_timestamp, add_validation_data, signature_value
from smime_core.certificate import Certificate, parse_certificates
from smime_core.cli import operations
from smime_core.cli.files import mode_like, open_input, read_input, write_error, write_line, write_output
from smime_core.cli.group import DONE, NOT_AS_ASKED
from smime_core.cli.looking_up import judge
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import FILE, UtcTime, input_argument, now, output_option
from smime_core.cli.rewriting import load_wrapped, unwrap
from smime_core.cli.timestamping import ask_service
from smime_core.cli.verdict_options import TrustOptions, trust_options
from smime_core.errors import VerificationError
from smime_core.pkix import Evidence, PathTrail, RevocationPolicy, TrustStore
from smime_core.report import SignerReport, State
from smime_core.signed_content import OctetsContent, SignedContent
from smime_core.stream.content import StreamedContent
from smime_core.stream.octets import FileOctets
from smime_core.timestamp import (
    Timestamp,
    build_timestamp_request,
    check_answer,
    check_token,
    new_timestamp_request,
    obtain_timestamp,
    parse_timestamp_response,
    read_timestamp,
    verify_timestamp,
)

_url_option = click.option("--url", required=True, metavar="URL", help="The timestamp service.")
_hash_option = click.option(
    "--hash",
    "hash_name",
    type=click.Choice([name.value for name in (HashName.SHA256, HashName.SHA384, HashName.SHA512)]),
    default=HashName.SHA256.value,
    help="What the service gets is a digest alone: by this hash.",
)
_policy_option = click.option("--policy", "tsa_policy", metavar="OID", help="The policy that the service is to follow.")


@click.group()
def timestamp() -> None:
    """Obtain and check timestamps, of files and on signatures."""


@timestamp.command()
@input_argument
@output_option
@_hash_option
@_policy_option
def request(source: str, target: str, hash_name: str, tsa_policy: str | None) -> None:
    """Write the request for a timestamp of a file, to be posted by hand.

    It is what openssl ts -query writes: application/timestamp-query.
    """
    with open_input(source) as data:
        asked = blocking.run(
            new_timestamp_request(
                _content_of(data), provider=PROVIDER, hash_name=HashName(hash_name), tsa_policy=tsa_policy
            )
        )
    write_output(target, build_timestamp_request(asked))


@timestamp.command()
@input_argument
@output_option
@_url_option
@_hash_option
@_policy_option
def obtain(source: str, target: str, url: str, hash_name: str, tsa_policy: str | None) -> None:
    """Get a timestamp of a file from a service, and write its answer.

    The service learns the digest of the file and nothing more. OUT is what openssl ts reads too.
    """
    with open_input(source) as data:
        content = _content_of(data)
        asked = blocking.run(
            new_timestamp_request(content, provider=PROVIDER, hash_name=HashName(hash_name), tsa_policy=tsa_policy)
        )
        answer = blocking.run(ask_service(url)(build_timestamp_request(asked)))
        token = parse_timestamp_response(answer)
        check_answer(token, asked)
        blocking.run(check_token(token, content, provider=PROVIDER))
    write_output(target, answer)


@timestamp.command()
@input_argument
@output_option
@_url_option
@click.option("--signer", "number", type=click.IntRange(min=1), default=1, help="Whose signature, as inspect counts.")
@_hash_option
def add(source: str, target: str, url: str, number: int, hash_name: str) -> None:
    """Put a timestamp on somebody's signature, so that it outlives the signer's certificate (CAdES B-T).

    Content and signatures stay as they are. Nothing says here that they hold: verify them first.
    """
    wrapped = load_wrapped(source)
    value = signature_value(wrapped.cms, number=number - 1)
    token = blocking.run(obtain_timestamp(value, ask_service(url), provider=PROVIDER, hash_name=HashName(hash_name)))
    stamped = blocking.run(add_signature_timestamp(wrapped.cms, token, provider=PROVIDER, number=number - 1))
    write_output(target, wrapped.wrap(stamped), mode=mode_like(source))


@timestamp.command()
@input_argument
@output_option
@click.option("--content", "content_file", metavar="FILE", type=FILE, help="The content of a detached signature.")
@click.option("--from", "sender", metavar="ADDRESS", help="The sender, where the message does not say.")
@trust_options
def extend(source: str, target: str, content_file: str | None, sender: str | None, trust: TrustOptions) -> None:
    """Put all into a message that it takes to verify it in years to come (CAdES B-LT).

    That is the certificates above its signers and above the services that timestamped it, and the lists and answers
    that say they are not revoked: from files, from what was asked before, and with --fetch from the CAs. It must be
    verified today, with timestamps that count.
    """
    data, content = read_input(source), None if content_file is None else read_input(content_file)
    wrapped, at = unwrap(data, content=content), now()
    judged = judge(
        lambda store: operations.examine(data, content=content, trust_store=store, at=at, sender=sender),
        trust.load_store(),
        trust,
    )
    if judged.report.state is not State.VERIFIED or not all(map(_is_timestamped, judged.report.signers)):
        raise VerificationError(f"only what is verified and timestamped today can last: {judged.line}")
    trails = [trail for signer in judged.report.signers for trail in signer.trails]
    lasting = wrapped.wrap(_with_data_of(wrapped.cms, trails, judged.evidence))
    write_output(target, lasting, mode=mode_like(source))


@timestamp.command()
@input_argument
@click.option("--content", "content_file", required=True, metavar="FILE", type=FILE, help="What it is a timestamp of.")
@click.option(
    "--timestamp-anchor",
    "anchors",
    multiple=True,
    required=True,
    metavar="CA",
    type=FILE,
    help="Certificate to trust for timestamps. Repeatable.",
)
@click.option(
    "--certificates",
    "carried",
    multiple=True,
    metavar="FILE",
    type=FILE,
    help="Certificates that it lacks. Repeatable.",
)
@click.option("--at", type=UtcTime(), metavar="TIME", help="Judge as of this time: 2026-01-31T12:00:00Z.")
def check(
    source: str,
    content_file: str,
    anchors: tuple[str, ...],
    carried: tuple[str, ...],
    at: datetime.datetime | None,
) -> int:
    """Say whether a file is timestamped, when and by whom.

    IN is the answer of a service, or a token alone. Whether the service's certificate was revoked is not asked.
    """
    token = read_timestamp(read_input(source))
    store = TrustStore.of(*_load_all(anchors), revocation=RevocationPolicy.NOT_CHECKED)
    with open_input(content_file) as data:
        try:
            found = blocking.run(
                verify_timestamp(
                    token,
                    _content_of(data, token.info.imprint.hash_name),
                    trust_store=store,
                    at=at or now(),
                    provider=PROVIDER,
                    known=_load_all(carried),
                )
            )
        except VerificationError as error:
            write_error(f"{error.code}: {error}")
            return NOT_AS_ASKED
    write_line(_say(found))
    return DONE


def _is_timestamped(signer: SignerReport) -> bool:
    return any(why.code in ("timestamped", "proved-by-timestamp") for why in signer.reasons)


def _with_data_of(cms: bytes, trails: Sequence[PathTrail], evidence: Evidence) -> bytes:
    certificates = dict.fromkeys(one for trail in trails for one in trail.certificates if not _is_anchor(one, trail))
    issuers = dict.fromkeys(certificate.issuer_der for certificate in certificates)
    lists = [one.der for name in issuers for one in evidence.find_lists(name)]
    responses = [response.der for one in certificates for response, _ in evidence.find_responses(one.serial_number)]
    return add_validation_data(cms, certificates=list(certificates), crls=lists, ocsp_responses=responses)


def _is_anchor(certificate: Certificate, trail: PathTrail) -> bool:
    return trail.anchor is not None and trail.anchor.certificate == certificate


def _content_of(data: bytes | BinaryIO, *announced: HashName) -> SignedContent:
    if isinstance(data, bytes):
        return OctetsContent(data, provider=PROVIDER)
    return StreamedContent(FileOctets(data), announced, provider=PROVIDER)


def _load_all(names: tuple[str, ...]) -> list[Certificate]:
    return [certificate for name in names for certificate in parse_certificates(read_input(name))]


def _say(found: Timestamp) -> str:
    within = f", within {found.accuracy.total_seconds():g} s" if found.accuracy else ""
    return f"timestamped: {found.time:%Y-%m-%dT%H:%M:%SZ}{within}, by {found.certificate.common_name}"
