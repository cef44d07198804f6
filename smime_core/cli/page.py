"""`sealwax page`: whole pages, published with a signature beside them or kept as one file, signed, sealed or both."""

from __future__ import annotations

import datetime
import functools
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from smime_core import blocking
from smime_core.cli.files import (
    PRIVATE_MODE,
    STANDARD_STREAM,
    mode_like,
    open_input,
    read_input,
    write_error,
    write_line,
    write_output,
)
from smime_core.cli.group import DONE, NOT_AS_ASKED
from smime_core.cli.looking_up import judge
from smime_core.cli.operations import PROVIDER, Examined, read_whole
from smime_core.cli.options import (
    FILE,
    identities_option,
    input_argument,
    load_all_identities,
    load_signers,
    now,
    output_option,
    write_json,
)
from smime_core.cli.page_resources import PageResources, find_resources, inline_resources
from smime_core.cli.passphrases import PassphraseSource, load_passwords, passphrase_options, password_file_option
from smime_core.cli.recipients import RecipientOptions, recipient_options
from smime_core.cli.verdict_options import TrustOptions, verdict_options
from smime_core.content_info import armor
from smime_core.mail_address import addresses_match
from smime_core.pages import OpenedPage
from smime_core.pkix import TrustStore
from smime_core.report import State
from smime_core.report_json import report_to_json

Function = TypeVar("Function", bound=Callable[..., Any])

_HTML: Final = "text/html"
_CHARSET: Final = re.compile(rb"charset\s*+=\s*+[\"']?\s*+([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_META: Final = re.compile(rb"<meta\b[^<>]*+", re.IGNORECASE)
_CHARSET_SEARCHED_BYTES: Final = 1024  # HTML Standard section 4.2.5.4
_SIGNATURE_LINK: Final = '<link rel="smime-signature" href="page.p7s">'


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """What a page says of itself, and what is done about what it loads."""

    address: str
    media_type: str | None
    inline: bool
    leave_out: bool

    def load(self, source: str) -> tuple[bytes, str, PageResources | None]:
        """The page as it is to be protected, its media type, and what it loads where it is HTML.

        Raises OSError, or ClickException for what would not be covered.
        """
        page = read_input(source)
        media_type = self.media_type or guess_media_type(source, page)
        if media_type.split(";")[0].strip().lower() != _HTML:
            return page, media_type, None
        if self.inline:
            page = inline_resources(page, Path() if source == STANDARD_STREAM else Path(source).parent)
        resources = find_resources(page)
        self._tell(resources)
        return page, media_type, resources

    def _tell(self, resources: PageResources) -> None:
        for resource in resources.uncovered:
            write_error(f"line {resource.line}: <{resource.element}> loads {resource.url} without integrity")
        if resources.uncovered and not self.leave_out:
            hint = "give each an integrity, put them into the page (--inline), or have them left out (--leave-out)"
            raise click.ClickException(f"{len(resources.uncovered)} things would not be covered: {hint}")
        if resources.scripts:
            lines = ", ".join(map(str, dict.fromkeys(resources.scripts)))
            write_error(f"scripts will not run in the viewer: line {lines}")


def page_options(function: Function) -> Function:
    """The options as one argument, `options`."""

    @functools.wraps(function)
    def collect(
        *arguments: Any, address: str, media_type: str | None, inline: bool, leave_out: bool, **others: Any
    ) -> Any:
        options = PageOptions(address=address, media_type=media_type, inline=inline, leave_out=leave_out)
        return function(*arguments, options=options, **others)

    command: Any = collect
    for option in (
        click.option("--leave-out", is_flag=True, help="Go on though readers will not see what has no integrity."),
        click.option("--inline", is_flag=True, help="Put stylesheets and images of the page's folder into the page."),
        click.option("--media-type", metavar="TYPE", help="Instead of what the name and the page say."),
        click.option("--address", metavar="URL", default="", help="Where the page will stand: it counts only there."),
    ):
        command = option(command)
    return command  # type: ignore[no-any-return]


@click.group()
def page() -> None:
    """Sign, seal and verify whole pages."""


@page.command()
@input_argument
@output_option
@click.option("--identity", "identity_file", required=True, metavar="P12", type=FILE, help="PKCS#12 or PEM file.")
@click.option("--embed", is_flag=True, help="One file with the page inside, not a signature beside it.")
@click.option("--page-output", metavar="HTML", type=FILE, help="Where the page goes that --inline has made.")
@click.option("--pem", is_flag=True, help="Write PEM, not DER.")
@page_options
@passphrase_options
def sign(
    source: str,
    target: str,
    identity_file: str,
    embed: bool,
    page_output: str | None,
    pem: bool,
    options: PageOptions,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Sign a page: OUT is published beside it, or holds it (--embed).

    Readers find the signature by <link rel="smime-signature" href="page.p7s"> in the page or by the HTTP header
    Link: <page.p7s>; rel="smime-signature".
    """
    if options.inline and not embed and page_output is None:
        raise click.UsageError("--inline changes the page: give --page-output for it, or --embed")
    content, media_type, resources = options.load(source)
    (identity,) = load_signers(
        [identity_file], PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    )
    protect = blocking.seal_page if embed else blocking.sign_published_page
    cms = protect(
        content,
        address=options.address,
        media_type=media_type,
        identity=identity,
        provider=PROVIDER,
        signing_time=now(),
    )
    if page_output is not None:
        write_output(page_output, content, mode=mode_like(source))
    write_output(target, armor(cms).encode("ascii") if pem else cms, mode=mode_like(source))
    if not embed and resources is not None and not resources.names_signature:
        write_error(
            f"the page does not name its signature: sign it with {_SIGNATURE_LINK} inside, or send a Link header"
        )


@page.command()
@input_argument
@output_option
@recipient_options
@password_file_option
@click.option("--identity", "identity_file", metavar="P12", type=FILE, help="PKCS#12 or PEM file: sign it, too.")
@click.option("--pem", is_flag=True, help="Write PEM, not DER.")
@page_options
@passphrase_options
def encrypt(
    source: str,
    target: str,
    readers: RecipientOptions,
    password_files: tuple[str, ...],
    identity_file: str | None,
    pem: bool,
    options: PageOptions,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Seal a page: OUT is one file, which the extension's viewer opens.

    It is for the owners of certificates, and whoever knows a password. Give your own certificate too if you want to
    read it again.
    """
    if not (readers.to or password_files):
        raise click.UsageError("give --to or --password-file: for whom?")
    content, media_type, _ = options.load(source)
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    cms = blocking.seal_page(
        content,
        address=options.address,
        media_type=media_type,
        provider=PROVIDER,
        signing_time=now(),
        recipients=readers.load().certificates,
        passwords=load_passwords(password_files),
        identity=load_signers([identity_file], passphrases)[0] if identity_file else None,
    )
    write_output(target, armor(cms).encode("ascii") if pem else cms, mode=mode_like(source))


class ExaminedPage(Examined):
    """A page with its report."""

    def __init__(self, opened: OpenedPage) -> None:
        super().__init__(opened.report, None)
        self.opened = opened


@page.command()
@input_argument
@click.option("--signature", "signature_file", metavar="P7S", type=FILE, help="The signature beside the page IN.")
@click.option("--address", metavar="URL", help="Where the page stands.")
@click.option("-o", "--output", "target", metavar="OUT", type=FILE, help="Where the page goes, unless it is invalid.")
@identities_option
@password_file_option
@verdict_options
@passphrase_options
def verify(
    source: str,
    signature_file: str | None,
    address: str | None,
    target: str | None,
    identity_files: tuple[str, ...],
    password_files: tuple[str, ...],
    trust: TrustOptions,
    sender: str | None,
    at: datetime.datetime | None,
    as_json: bool,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> int:
    """Say whether a page is what it claims to be, and open it where it is sealed.

    IN is one file that holds the page, or the page itself with --signature. Exits 0 only for "verified".
    """
    if as_json and target == STANDARD_STREAM:
        raise click.UsageError("--json and the page cannot both go to standard output")
    with open_input(source) as opened:
        data = read_whole(opened)
    signature = None if signature_file is None else read_input(signature_file)
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    identities, passwords = load_all_identities(identity_files, passphrases), load_passwords(password_files)
    last: list[ExaminedPage] = []

    def examine(trust_store: TrustStore) -> Examined:
        last[:] = [
            ExaminedPage(
                blocking.open_page(
                    data if signature is None else signature,
                    provider=PROVIDER,
                    trust_store=trust_store,
                    at=at or now(),
                    identities=identities,
                    passwords=passwords,
                    published=None if signature is None else data,
                    standing_at=address,
                )
            )
        ]
        return last[0]

    judged = judge(examine, trust.load_store(), trust)
    found = last[0].opened
    if target is not None and judged.report.state is not State.INVALID and found.media_type:
        write_output(target, found.page, mode=PRIVATE_MODE)
    if as_json:
        write_json(report_to_json(judged.report))
    is_senders = sender is None or _is_signed_by(found, sender)
    if not is_senders:
        write_error(f"sender-mismatch: the page is not signed by {sender}")
    if judged.report.state is not State.VERIFIED or not is_senders:
        write_error(judged.line)
        return NOT_AS_ASKED
    place = f"; signed for {found.address}" if found.address else "; signed for no address"
    if target == STANDARD_STREAM:
        write_error(judged.line + place)
    elif not as_json:
        write_line(judged.line + place)
    return DONE


def guess_media_type(name: str, page: bytes) -> str:
    """The media type by the file's name, HTML with the charset that the page names and UTF-8 where it names none."""
    kind = mimetypes.guess_type(name)[0] or (_HTML if name == STANDARD_STREAM else "application/octet-stream")
    if kind != _HTML:
        return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    tags = [] if page.startswith(b"\xef\xbb\xbf") else _META.findall(page[:_CHARSET_SEARCHED_BYTES])
    found = next(filter(None, map(_CHARSET.search, tags)), None)
    return f"{_HTML}; charset={found[1].decode('ascii').lower() if found else 'utf-8'}"


def _is_signed_by(page: OpenedPage, sender: str) -> bool:
    verified = (signer for signer in page.report.deciding_signers if signer.state is State.VERIFIED)
    return any(addresses_match(sender, address) for signer in verified for address in signer.addresses)
