"""`sealwax keys user create` and `import`: accounts for people whose keys an administrator has as PKCS#12 files."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

import click

from roaming_keys.organisation.client.calls import StaffClient
from roaming_keys.organisation.client.command.calling import StaffChoice
from roaming_keys.organisation.client.command.words import show_policy
from roaming_keys.organisation.protocol.accounts import Made, make_account
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.protocol.key_account import normalise_user
from roaming_keys.protocol.steps import KeyServerError
from sealwax.cli.options.identities import load_all_identities
from sealwax.cli.options.parameters import FILE, OUTPUT_FILE, now
from sealwax.cli.options.passphrases import PassphraseSource, read_first_line
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, read_input, write_error, write_line, write_output
from sealwax.files.small import read_small
from smime_core import blocking
from smime_core.asn1 import build_pem
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.identity import Identity, load_identities
from smime_core.limits import MAX_PASSPHRASE_BYTES

NOT_ALL: Final = 1
_MAX_LIST_BYTES: Final = 16_777_216
_COLUMNS: Final = {"address", "file"}
_OFFICERS: Final = click.Option(
    ["--officers", "fingerprint"],
    metavar="FINGERPRINT",
    help="The recovery policy that you confirm for these people. It is shown and asked for otherwise.",
)
_CODES: Final = click.Option(
    ["-o", "--output", "codes"],
    metavar="FILE",
    required=True,
    type=OUTPUT_FILE,
    help="For the first passphrases. A new file.",
)
_PUBLISHED: Final = click.Option(
    ["--certificates", "published"],
    metavar="FOLDER",
    type=click.Path(),
    help="Also write each certificate there as PEM, for the bridge's folder_directory.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """One person, and the keys."""

    user: str = given_by(click.Argument(["user"], metavar="ADDRESS"))
    names: tuple[str, ...] = given_by(click.Argument(["names"], metavar="P12...", nargs=-1, required=True, type=FILE))
    staff: StaffChoice = group_of(StaffChoice)
    codes: str = given_by(_CODES)
    fingerprint: str | None = given_by(_OFFICERS)
    published: str | None = given_by(_PUBLISHED)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """The list of people, and the folder of their files."""

    people: str = given_by(click.Argument(["people"], metavar="CSV", type=FILE))
    folder: Path = given_by(
        click.Option(
            ["--folder"],
            type=click.Path(file_okay=False, path_type=Path),
            default=Path(),
            metavar="FOLDER",
            help="The folder of the files that the list names.",
        )
    )
    staff: StaffChoice = group_of(StaffChoice)
    codes: str = given_by(_CODES)
    fingerprint: str | None = given_by(_OFFICERS)
    published: str | None = given_by(_PUBLISHED)
    file_passphrase: str | None = given_by(
        click.Option(
            ["--file-passphrase-file", "file_passphrase"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the passphrase of the P12 files without one in the list.",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One person in the list, with all of the person's files."""

    user: str
    names: tuple[Path, ...]
    passphrase: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Imported:
    """A person's account that is ready to be sent, or the reason why there is none."""

    user: str
    made: Made | None = None
    identities: tuple[Identity, ...] = ()
    problem: str = ""


@verb(CreateRequest)
def create(request: CreateRequest) -> int:
    """Make an account for ADDRESS with the keys of identity files. The first passphrase goes to the output.

    The person replaces the passphrase at the first login, by `sealwax roam passwd` or in the pages.
    """
    client = request.staff.client()
    identities = load_all_identities(request.names, request.passphrases)
    policy = _confirm_policy(client, request.fingerprint)
    return _send(client, [_made(client.server, normalise_user(request.user), identities, policy)], request)


@verb(ImportRequest, "import")
def import_users(request: ImportRequest) -> int:
    """Make the accounts of many people.

    CSV has the columns address and file, and may have passphrase: that of the file. Several lines for one address give
    one account. Each person gets a first passphrase in the output, a file that only you can read. People who have an
    account already are left as they are, so that the command can be run again after a mistake. Nobody gets the key of
    another person of the list.
    """
    client = request.staff.client()
    file_passphrase = None if request.file_passphrase is None else read_first_line(request.file_passphrase)
    rows = list(_read_list(read_input(request.people), request.folder, file_passphrase))
    policy = _confirm_policy(client, request.fingerprint)
    people = frozenset(row.user for row in rows)
    return _send(client, (_import(client.server, row, policy, people) for row in rows), request)


def _send(
    client: StaffClient, people: Iterator[_Imported] | list[_Imported], request: CreateRequest | ImportRequest
) -> int:
    """Send the accounts, and write each first passphrase before its account is sent. Return the exit code."""
    done, without, failed = 0, 0, 0
    with _new_private_file(request.codes) as codes:
        writer = csv.writer(codes)
        writer.writerow(["address", "first passphrase"])
        for person in people:
            problem = person.problem
            if person.made is not None:
                # Written before the account is sent, so that every account on the server has a passphrase that somebody
                # knows.
                writer.writerow([person.user, person.made.passphrase])
                codes.flush()
                problem = _try(client, person.made)
            if problem or person.made is None:
                failed += 1
                write_error(f"{person.user}: {problem}")
                continue
            done += 1
            without += person.made.new.copy is None
            if request.published is not None:
                _publish(Path(request.published), person)
    write_line(f"{done} accounts were made, {failed} were not; the first passphrases are in {request.codes}")
    if without:
        why = "no policy is set, or no key is for encryption only"
        write_line(f"{without} of them are without recovery by officers: {why}")
    return NOT_ALL if failed else 0


def _try(client: StaffClient, made: Made) -> str:
    """Send an account. Return why the server refused it, or an empty text."""
    try:
        client.add_user(made.new)
    except KeyServerError as error:
        if error.code == "key-server-unreachable":
            raise
        return f"{error} The passphrase in the list is not valid."
    return ""


def _import(server: str, row: _Row, policy: RecoveryPolicy | None, people: frozenset[str]) -> _Imported:
    try:
        identities = tuple(
            identity
            for name in row.names
            for identity in blocking.run(load_identities(read_small(name), row.passphrase, PROVIDER))
        )
    except SmimeError as error:
        return _Imported(user=row.user, problem=f"{row.names[0]}: {error}")
    except OSError as error:
        return _Imported(user=row.user, problem=f"{error.filename}: {error.strerror}")
    if (other := _find_other(identities, row.user, people)) is not None:
        return _Imported(user=row.user, problem=f"the files have a key of {other}, who is in the list too")
    return _made(server, row.user, identities, policy)


def _find_other(identities: tuple[Identity, ...], user: str, people: frozenset[str]) -> str | None:
    """Return another person of the list who owns one of the keys, or None. Addresses outside the list do not matter."""
    for identity in identities:
        named = set(map(str.lower, identity.certificate.email_addresses))
        if user not in named and named & people:
            return min(named & people)
    return None


def _made(server: str, user: str, identities: tuple[Identity, ...], policy: RecoveryPolicy | None) -> _Imported:
    try:
        made = blocking.run(make_account(server, user, identities, PROVIDER, policy=policy, at=now()))
    except SmimeError as error:
        return _Imported(user=user, problem=str(error))
    return _Imported(user=user, made=made, identities=identities)


def _confirm_policy(client: StaffClient, fingerprint: str | None) -> RecoveryPolicy | None:
    """Return the policy of the server, if the administrator confirms it. Raises ClickException or Abort."""
    policy = client.policy()
    if policy is None:
        if fingerprint is not None:
            raise click.ClickException("the key server has no recovery policy: sealwax keys recovery policy")
        return None
    if fingerprint is None:
        show_policy(policy)
        click.confirm("Are these the officers of your organisation?", abort=True, err=True)
    elif fingerprint != policy.fingerprint:
        raise click.ClickException(f"the key server has another recovery policy, {policy.fingerprint}")
    return policy


def _read_list(data: bytes, folder: Path, file_passphrase: bytes | None) -> Iterator[_Row]:
    """The people of a list, each once. Raises ClickException, which quotes no passphrase."""
    if len(data) > _MAX_LIST_BYTES:
        raise click.ClickException(f"the list has more than {_MAX_LIST_BYTES} bytes")
    try:
        lines = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        if lines.fieldnames is None or not set(lines.fieldnames) >= _COLUMNS:
            raise click.ClickException("the list needs the columns address and file in its first line")
        rows: dict[str, _Row] = {}
        for line in lines:
            row = _read_row(line, folder, file_passphrase, number=lines.line_num)
            before = rows.get(row.user)
            if before is not None and before.passphrase != row.passphrase:
                raise click.ClickException(f"line {lines.line_num}: the files of {row.user} have different passphrases")
            names = (*(before.names if before else ()), *row.names)
            rows[row.user] = _Row(user=row.user, names=names, passphrase=row.passphrase)
    except (UnicodeDecodeError, csv.Error):
        # The texts of these errors quote the list, which has passphrases.
        raise click.ClickException("the list is no CSV in UTF-8") from None
    yield from rows.values()


def _read_row(line: dict[str, str | None], folder: Path, file_passphrase: bytes | None, *, number: int) -> _Row:
    try:
        user = normalise_user(line["address"] or "")
    except MalformedMessage:
        raise click.ClickException(f"line {number}: expected a mail address") from None
    passphrase = (line.get("passphrase") or "").encode() or file_passphrase
    if not line["file"]:
        raise click.ClickException(f"line {number}: {user} has no file")
    if passphrase is None or len(passphrase) > MAX_PASSPHRASE_BYTES:
        raise click.ClickException(f"line {number}: give the passphrase of the file, or --file-passphrase-file")
    return _Row(user=user, names=(folder / line["file"],), passphrase=passphrase)


@contextmanager
def _new_private_file(name: str) -> Iterator[TextIO]:
    """Create a file that only its owner can read. Raises OSError, also if the file exists."""
    descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file


def _publish(folder: Path, person: _Imported) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for identity in person.identities:
        pem = build_pem("CERTIFICATE", identity.certificate.der)
        write_output(str(folder / f"{identity.certificate.fingerprint}.pem"), pem)
