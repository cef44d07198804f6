"""`sealwax deliver open`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from sealwax.cli.group import DONE, NOT_AS_ASKED
from sealwax.cli.judging.looking_up import Judged, judge
from sealwax.cli.judging.verdict_line import WORDS
from sealwax.cli.options.delivery import CA_FILE
from sealwax.cli.options.identities import load_all_identities
from sealwax.cli.options.parameters import IDENTITIES, now
from sealwax.cli.options.passphrases import PassphraseSource, ask_terminal, read_first_line
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.signers import SignerChoice, choose_signers
from sealwax.cli.options.trust import VerdictOptions
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_error, write_json, write_line
from sealwax.cli.streams.progress import show_steps
from sealwax.delivery.address import ParcelLink, is_link, parse_link, parse_server
from sealwax.delivery.connection import Connection
from sealwax.delivery.finding import find_service
from sealwax.delivery.opening import (
    Access,
    FolderSource,
    ObjectSource,
    Saver,
    open_by_identity,
    open_by_secret,
    read_manifest,
    save_content,
)
from sealwax.delivery.patience import Patience
from sealwax.delivery.recipient_api import RecipientApi
from sealwax.files.small import read_small
from smime_core import blocking
from smime_core.cms import Keys, Signing
from smime_core.errors import ParcelNotAuthenticated, SmimeError
from smime_core.identity import Identity
from smime_core.parcels import (
    OpenedManifest,
    ParcelFile,
    asks_for_receipt,
    build_parcel_receipt,
    decrypt_authenticated,
    decrypt_unauthenticated,
    derive_parcel_key,
    parse_words,
    salt_of,
)
from smime_core.pkix import TrustStore
from smime_core.report import State, report_to_json

_NOT_AUTHENTICATED: Final = (
    "not authenticated: anybody who had the file on its way could have altered it, and nobody has signed it. Ask the "
    "sender for another form, such as a parcel or AES-GCM"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderOptions:
    """The six words or the keys that open a parcel."""

    words_file: str | None = given_by(
        click.Option(
            ["--words-file"], metavar="FILE", type=click.Path(), help="File whose first line has the six words."
        )
    )
    identity_files: tuple[str, ...] = given_by(IDENTITIES)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if self.words_file is not None and self.identity_files:
            raise click.UsageError("give one of --words-file and --identity")

    def load_identities(self) -> tuple[Identity, ...]:
        """The identities of --identity. Raises WrongPassphrase, MalformedMessage or OSError."""
        return load_all_identities(self.identity_files, self.passphrases)

    def load_typed(self, words: str | None = None) -> str:
        """The text of the six words: from --words-file, from the link, or typed."""
        if self.words_file is not None:
            typed = read_first_line(self.words_file)
        elif words is not None:
            return words
        else:
            typed = ask_terminal("The six words: ", "the words", "--words-file")
        try:
            return typed.decode()
        except UnicodeDecodeError:
            raise click.ClickException("the words are no text in UTF-8") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """A parcel, the words or keys that open it, the options for judging its sender, and the folder for its files."""

    source: str = given_by(click.Argument(["source"], metavar="LINK|FOLDER|FILE"))
    folder: Path = given_by(
        click.Option(
            ["-o", "--output", "folder"],
            default=Path(),
            metavar="DIR",
            type=click.Path(path_type=Path, file_okay=False),
            help="Folder that gets the files. The present one, if left out.",
        )
    )
    reader: ReaderOptions = group_of(ReaderOptions)
    choice: SignerChoice = group_of(SignerChoice)
    api: str | None = given_by(
        click.Option(["--api"], metavar="URL", help="The API of the service, if its pages do not say where it is.")
    )
    ca_file: Path | None = given_by(CA_FILE)
    unauthenticated: bool = given_by(
        click.Option(
            ["--allow-unauthenticated"],
            is_flag=True,
            help="Count a FILE as opened though it was encrypted without authentication.",
        )
    )
    silent: bool = given_by(
        click.Option(["--silent"], is_flag=True, help="Do not report to the sender that the parcel was opened.")
    )
    gives_receipt: bool = given_by(
        click.Option(
            ["--receipt", "gives_receipt"],
            is_flag=True,
            help="Confirm to a verified sender, with your signature, that you have the parcel. Needs --identity.",
        )
    )
    verdict: VerdictOptions = group_of(VerdictOptions)

    def __post_init__(self) -> None:
        if self.gives_receipt and not self.reader.identity_files:
            raise click.UsageError("--receipt is signed by the --identity that opens the parcel")
        if self.gives_receipt and not is_link(self.source):
            raise click.UsageError("--receipt needs the link of the parcel, whose service passes it on")
        if self.gives_receipt and self.silent:
            raise click.UsageError("--receipt reports to the sender, and --silent does not")


@verb(OpenRequest, "open")
def open_parcel(request: OpenRequest) -> int:
    """Open a parcel: say who sent it, and save its files.

    LINK is the link in the notice; put it in quotes. FOLDER has the manifest and the numbered chunks, downloaded
    another way. FILE is one encrypted file of another program, such as openssl cms.
    The verdict comes first, on standard error. A file gets its name only when all of it was checked, and replaces no
    other file. Exits 0 when all was opened, even if the sender is not verified. With --receipt, the receipt must have
    been given too.
    """
    request.folder.mkdir(parents=True, exist_ok=True)
    if is_link(request.source):
        return _open_link(request, parse_link(request.source))
    path = Path(request.source)
    return _open_folder(request, path) if path.is_dir() else _open_file(request, path)


def _open_link(request: OpenRequest, link: ParcelLink) -> int:
    identities = request.reader.load_identities()
    secret = "" if identities else parse_words(request.reader.load_typed(link.words))
    api_address = (
        find_service(link.pages, ca_file=request.ca_file).api if request.api is None else parse_server(request.api)
    )
    with (
        Connection(api_address, ca_file=request.ca_file) as connection,
        RecipientApi(connection, Patience()) as api,
    ):
        if identities:
            source, access = open_by_identity(api, link.parcel_id, identities, PROVIDER)
        else:
            source, access = open_by_secret(api, link.parcel_id, secret, PROVIDER)
        write_error(f"parcel {source.reference}")
        try:
            opened, code = _judge_and_save(request, source, access, link.parcel_id)
        except (SmimeError, OSError) as error:
            if not request.silent:
                api.claim("failed", error.code if isinstance(error, SmimeError) else "file-error")
            raise
        if not request.silent:
            for state in ("received", "opened") if code == DONE else ():
                api.claim(state)
        return _give_receipt(request, api, opened, identities) if request.gives_receipt and code == DONE else code


def _give_receipt(
    request: OpenRequest, api: RecipientApi, opened: OpenedManifest, identities: Sequence[Identity]
) -> int:
    if not asks_for_receipt(opened):
        write_error("no receipt was given: the sender is not verified, or asks for none")
        return NOT_AS_ASKED
    at = now()
    rules = replace(request.choice.rules(at), recipients=tuple(opened.manifest.recipients))
    signing = Signing(identities=choose_signers([identities], rules), signing_time=at)
    api.give_receipt(blocking.run(build_parcel_receipt(opened, signing, PROVIDER)))
    (write_error if request.verdict.as_json else write_line)(f"receipt: given to {opened.manifest.sender}")
    return DONE


def _open_folder(request: OpenRequest, folder: Path) -> int:
    source = FolderSource(folder)
    identities = request.reader.load_identities()
    if identities:
        access = Access(identities=identities)
    else:
        salt = salt_of(source.read_manifest())
        secret = parse_words(request.reader.load_typed())
        access = Access(key=blocking.run(derive_parcel_key(secret, salt, PROVIDER)))
    return _judge_and_save(request, source, access, None)[1]


def _judge_and_save(
    request: OpenRequest, source: ObjectSource, access: Access, parcel_id: str | None
) -> tuple[OpenedManifest, int]:
    judged = _judge(request, source, access, parcel_id)
    opened, manifest = judged.examined, judged.examined.manifest
    if request.verdict.as_json:
        write_json(report_to_json(judged.report))
    else:
        write_error(judged.line)
    if judged.report.state is State.INVALID:
        return opened, NOT_AS_ASKED
    total = sum(chunk.cms_bytes for chunk in manifest.chunks)

    def note(file: ParcelFile, path: Path) -> None:
        (write_error if request.verdict.as_json else write_line)(f"saved: {path} ({file.size_bytes} bytes)")

    with show_steps("Opening", total) as move:
        Saver(
            source=source, manifest=manifest, access=access, provider=PROVIDER, folder=request.folder, move=move
        ).save_all(note)
    return opened, DONE


def _judge(request: OpenRequest, source: ObjectSource, access: Access, parcel_id: str | None) -> Judged[OpenedManifest]:
    options, cms = request.verdict, source.read_manifest()
    readers = [address for identity in access.identities for address in identity.certificate.email_addresses]

    def examine(trust_store: TrustStore) -> OpenedManifest:
        return read_manifest(cms, access, options.judging(trust_store), PROVIDER, parcel_id=parcel_id, readers=readers)

    return judge(examine, options.trust.load_store(), options.trust)


def _open_file(request: OpenRequest, path: Path) -> int:
    cms = read_small(path)
    identities = request.reader.load_identities()
    keys = Keys(identities=identities) if identities else Keys(passwords=_passwords(request.reader.load_typed()))
    name = path.stem if path.suffix.lower() in _CMS_ENDINGS else f"{path.name}.opened"
    try:
        content = blocking.run(decrypt_authenticated(cms, keys, PROVIDER))
    except ParcelNotAuthenticated:
        content = blocking.run(decrypt_unauthenticated(cms, keys, PROVIDER))
        line, code = _NOT_AUTHENTICATED, DONE if request.unauthenticated else NOT_AS_ASKED
    else:
        line, code = WORDS[State.ENCRYPTED_ONLY], DONE
    write_error(line)
    saved = save_content(request.folder, name, content)
    write_line(f"saved: {saved} ({len(content)} bytes)")
    return code


_CMS_ENDINGS: Final = frozenset((".cms", ".der", ".pem", ".p7m", ".p7e"))


def _passwords(typed: str) -> Sequence[bytes]:
    # The password of another program may be any text. If it is six words, they are also tried as a parcel's secret.
    try:
        secret = parse_words(typed)
    except SmimeError:
        return [typed.encode()]
    return [secret.encode()] if secret == typed else [secret.encode(), typed.encode()]
