"""`sealwax page`: whole pages, published with a signature or kept as one file that is signed, encrypted or both."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from sealwax.cli.group import DONE, NOT_AS_ASKED
from sealwax.cli.judging.looking_up import Judged, judge
from sealwax.cli.judging.recipients import RecipientOptions
from sealwax.cli.messages.operations import load_whole
from sealwax.cli.options.identities import load_all_identities
from sealwax.cli.options.parameters import FILE, IDENTITIES, INPUT, OUTPUT_FILE, SIGNER, InputToOutput, now
from sealwax.cli.options.passphrases import PASSWORDS, PassphraseSource, load_passwords
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.signers import HOLDER, SignerChoice, load_signer
from sealwax.cli.options.trust import VerdictOptions
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import (
    PRIVATE_MODE,
    STANDARD_STREAM,
    mode_like,
    read_input,
    write_error,
    write_json,
    write_line,
    write_output,
)
from sealwax.cli.verbs.page_resources import PageResources, find_resources, inline_resources
from smime_core import blocking
from smime_core.cms import Encrypting, Keys, Signing, armor
from smime_core.own_content import ExaminedPage, examine_page, protect_page, sign_published_page
from smime_core.pkix import TrustStore
from smime_core.report import State, report_to_json
from smime_core.text import addresses_match

_HTML: Final = "text/html"
_CHARSET: Final = re.compile(rb"charset\s*+=\s*+[\"']?\s*+([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_META: Final = re.compile(rb"<meta\b[^<>]*+", re.IGNORECASE)
_CHARSET_SEARCHED_BYTES: Final = 1024  # HTML Standard section 4.2.5.4
_SIGNATURE_LINK: Final = '<link rel="smime-signature" href="page.p7s">'
_PEM: Final = click.Option(["--pem"], is_flag=True, help="Write PEM, not DER.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPage:
    """A page that can be protected. `names_signature` is false for HTML without a link to its signature."""

    content: bytes
    media_type: str
    names_signature: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """The address and the type of a page, and the treatment of its resources."""

    address: str = given_by(
        click.Option(["--address"], metavar="URL", default="", help="The address of the page: it counts only there.")
    )
    media_type: str | None = given_by(
        click.Option(["--media-type"], metavar="TYPE", help="Instead of what the name and the page say.")
    )
    inline: bool = given_by(
        click.Option(["--inline"], is_flag=True, help="Put stylesheets and images of the page's folder into the page.")
    )
    leave_out: bool = given_by(
        click.Option(
            ["--leave-out"], is_flag=True, help="Go on, though readers will not see the things without integrity."
        )
    )

    def load(self, source: str) -> LoadedPage:
        """The page to protect.

        Raises OSError, or ClickException if a signature would not cover a resource, or if no page can have the address.
        """
        _check_address(self.address)
        page = read_input(source)
        media_type = self.media_type or guess_media_type(source, page)
        if media_type.split(";")[0].strip().lower() != _HTML:
            return LoadedPage(content=page, media_type=media_type, names_signature=True)
        if self.inline:
            page = inline_resources(page, Path() if source == STANDARD_STREAM else Path(source).parent)
        resources = find_resources(page)
        self._report(resources)
        return LoadedPage(content=page, media_type=media_type, names_signature=resources.names_signature)

    def _report(self, resources: PageResources) -> None:
        for resource in resources.uncovered:
            write_error(f"line {resource.line}: <{resource.element}> loads {resource.url} without integrity")
        if resources.uncovered and not self.leave_out:
            hint = "give each an integrity, put them into the page (--inline), or have them left out (--leave-out)"
            raise click.ClickException(f"{len(resources.uncovered)} things would not be covered: {hint}")
        if resources.scripts:
            lines = ", ".join(map(str, dict.fromkeys(resources.scripts)))
            write_error(f"scripts will not run in the viewer: line {lines}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignPageRequest(InputToOutput):
    """A page, its signer, and the form of the signature."""

    identity_file: str = given_by(SIGNER)
    embed: bool = given_by(
        click.Option(["--embed"], is_flag=True, help="One file that contains the page, not a separate signature.")
    )
    page_output: str | None = given_by(
        click.Option(
            ["--page-output"],
            metavar="HTML",
            type=OUTPUT_FILE,
            help="Where the page goes that --inline has made.",
        )
    )
    pem: bool = given_by(_PEM)
    page: PageOptions = group_of(PageOptions)
    choice: SignerChoice = group_of(SignerChoice)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if self.page.inline and not self.embed and self.page_output is None:
            raise click.UsageError("--inline changes the page: give --page-output for it, or --embed")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptPageRequest(InputToOutput):
    """A page, its recipients, and its signer if it has one."""

    recipients: RecipientOptions = group_of(RecipientOptions)
    password_files: tuple[str, ...] = given_by(PASSWORDS)
    identity_file: str | None = given_by(
        click.Option(
            ["--identity", "identity_file"], metavar="P12", type=FILE, help="PKCS#12 or PEM file: sign it, too."
        )
    )
    pem: bool = given_by(_PEM)
    holder: str | None = given_by(HOLDER)
    page: PageOptions = group_of(PageOptions)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if not (self.recipients.to or self.password_files):
            raise click.UsageError("give --to or --password-file: for whom?")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPageRequest:
    """A page, the keys that decrypt it, and how its signers are judged."""

    source: str = given_by(INPUT)
    signature_file: str | None = given_by(
        click.Option(
            ["--signature", "signature_file"], metavar="P7S", type=FILE, help="The separate signature of the page IN."
        )
    )
    address: str | None = given_by(click.Option(["--address"], metavar="URL", help="The address of the page."))
    target: str | None = given_by(
        click.Option(
            ["-o", "--output", "target"],
            metavar="OUT",
            type=OUTPUT_FILE,
            help="Where the page goes, unless it is invalid.",
        )
    )
    identity_files: tuple[str, ...] = given_by(IDENTITIES)
    password_files: tuple[str, ...] = given_by(PASSWORDS)
    verdict: VerdictOptions = group_of(VerdictOptions)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if self.verdict.as_json and self.target == STANDARD_STREAM:
            raise click.UsageError("--json and the page cannot both go to standard output")


@click.group()
def page() -> None:
    """Sign, encrypt and verify whole pages."""


@verb(SignPageRequest, group=page)
def sign(request: SignPageRequest) -> None:
    """Sign a page: OUT is published with the page, or contains it (--embed).

    Readers find the signature through <link rel="smime-signature" href="page.p7s"> in the page or through the HTTP
    header Link: <page.p7s>; rel="smime-signature".
    """
    loaded = request.page.load(request.source)
    cms = _sign(request, loaded, _load_signing(request.identity_file, request.choice, request.passphrases))
    if request.page_output is not None:
        write_output(request.page_output, loaded.content, mode=mode_like(request.source))
    _write_cms(request, cms)
    if not request.embed and not loaded.names_signature:
        write_error(
            f"the page does not name its signature: sign it with {_SIGNATURE_LINK} inside, or send a Link header"
        )


@verb(EncryptPageRequest, group=page)
def encrypt(request: EncryptPageRequest) -> None:
    """Encrypt a page: OUT is one file, which the extension's viewer opens.

    The owners of the certificates, and people who know a password, can read it. Give your own certificate too if you
    want to read it again.
    """
    loaded = request.page.load(request.source)
    encrypting = Encrypting(
        recipients=request.recipients.load().certificates, passwords=load_passwords(request.password_files)
    )
    cms = blocking.run(
        protect_page(
            loaded.content,
            address=request.page.address,
            media_type=loaded.media_type,
            provider=PROVIDER,
            signing=_load_encrypted_signing(request),
            encrypting=encrypting,
        )
    )
    _write_cms(request, cms)


@verb(VerifyPageRequest, group=page)
def verify(request: VerifyPageRequest) -> int:
    """Say whether a page is what it claims to be, and decrypt it if it is encrypted.

    IN is one file that holds the page, or the page itself with --signature. Exits 0 only for "verified".
    """
    judged = _judge(request)
    examined_page = judged.examined
    if request.target is not None and judged.report.state is not State.INVALID and examined_page.media_type:
        write_output(request.target, examined_page.page, PRIVATE_MODE)
    if request.verdict.as_json:
        write_json(report_to_json(judged.report))
    sender = request.verdict.sender
    is_senders = sender is None or _is_signed_by(examined_page, sender)
    if not is_senders:
        write_error(f"sender-mismatch: the page is not signed by {sender}")
    if judged.report.state is not State.VERIFIED or not is_senders:
        write_error(judged.line)
        return NOT_AS_ASKED
    address_note = f"; signed for {examined_page.address}" if examined_page.address else "; signed for no address"
    if request.target == STANDARD_STREAM:
        write_error(judged.line + address_note)
    elif not request.verdict.as_json:
        write_line(judged.line + address_note)
    return DONE


def _judge(request: VerifyPageRequest) -> Judged[ExaminedPage]:
    data = load_whole(request.source)
    signature = None if request.signature_file is None else read_input(request.signature_file)
    keys = Keys(
        identities=load_all_identities(request.identity_files, request.passphrases),
        passwords=load_passwords(request.password_files),
    )

    def examine(trust_store: TrustStore) -> ExaminedPage:
        return blocking.run(
            examine_page(
                data if signature is None else signature,
                request.verdict.judging(trust_store),
                PROVIDER,
                keys,
                published=None if signature is None else data,
                found_at=request.address,
            )
        )

    return judge(examine, request.verdict.trust.load_store(), request.verdict.trust)


def _check_address(address: str) -> None:
    try:
        host = urlsplit(address).hostname
    except ValueError:
        host = None
    if address and (not host or not address.isprintable() or " " in address):
        raise click.UsageError(f"--address: {address} is no address of a page such as https://example.org/page")


def _sign(request: SignPageRequest, page: LoadedPage, signing: Signing) -> bytes:
    if not request.embed:
        return blocking.run(
            sign_published_page(
                page.content, signing, address=request.page.address, media_type=page.media_type, provider=PROVIDER
            )
        )
    return blocking.run(
        protect_page(
            page.content,
            address=request.page.address,
            media_type=page.media_type,
            provider=PROVIDER,
            signing=signing,
        )
    )


def _load_signing(identity_file: str, choice: SignerChoice, passphrases: PassphraseSource) -> Signing:
    at = now()
    return Signing(identities=[load_signer(identity_file, passphrases, choice.rules(at))], signing_time=at)


def _load_encrypted_signing(request: EncryptPageRequest) -> Signing | None:
    if request.identity_file is None:
        return None
    choice = request.recipients.signer_choice(request.holder)
    return _load_signing(request.identity_file, choice, request.passphrases)


def _write_cms(request: SignPageRequest | EncryptPageRequest, cms: bytes) -> None:
    data = armor(cms).encode("ascii") if request.pem else cms
    write_output(request.target, data, mode=mode_like(request.source))


def guess_media_type(name: str, page: bytes) -> str:
    """The media type from the file's name. HTML gets the charset that the page names, or else UTF-8."""
    kind = mimetypes.guess_type(name)[0] or (_HTML if name == STANDARD_STREAM else "application/octet-stream")
    if kind != _HTML:
        return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    tags = [] if page.startswith(b"\xef\xbb\xbf") else _META.findall(page[:_CHARSET_SEARCHED_BYTES])
    match = next(filter(None, map(_CHARSET.search, tags)), None)
    return f"{_HTML}; charset={match[1].decode('ascii').lower() if match else 'utf-8'}"


def _is_signed_by(page: ExaminedPage, sender: str) -> bool:
    verified = (signer for signer in page.report.deciding_signers if signer.state is State.VERIFIED)
    return any(addresses_match(sender, address) for signer in verified for address in signer.addresses)
