"""`sealwax import-thunderbird`: the keys and certificates of a Thunderbird profile, as files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from sealwax.cli.options.parameters import now
from sealwax.cli.options.passphrases import ask_terminal, new_passphrase, read_first_line
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, printable, write_error, write_line, write_output
from sealwax.cli.verbs.contacts import left_out_line
from sealwax.nss_profile import ExportedKey, ProfileCopy, ProfileError, WrongPrimaryPassword, copy_profile, has_tool
from smime_core import blocking
from smime_core.identity import Identity, export_identities
from smime_core.trust import NO_CONTACTS, PeopleForm, build_people_file, find_people, import_people

_NO_TOOL: Final = (
    "pk12util of NSS is not installed. Install libnss3-tools (Debian, Ubuntu), nss-tools (Fedora), mozilla-nss-tools "
    "(openSUSE) or nss (Arch, Homebrew), then try again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThunderbirdRequest:
    """A profile and its primary password, the folder for the files, and the passphrase of its file of keys."""

    profile: Path = given_by(click.Argument(["profile"], metavar="PROFILE", type=click.Path(path_type=Path)))
    folder: Path = given_by(
        click.Option(
            ["-o", "--output", "folder"],
            required=True,
            metavar="DIR",
            type=click.Path(path_type=Path, file_okay=False),
            help="Folder that gets the files.",
        )
    )
    primary_file: str | None = given_by(
        click.Option(
            ["--primary-password-file", "primary_file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the profile's primary password. It is asked for otherwise.",
        )
    )
    new_file: str | None = given_by(
        click.Option(
            ["--new-passphrase-file", "new_file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the passphrase of identity.p12. It is asked for otherwise.",
        )
    )


@verb(ThunderbirdRequest, "import-thunderbird")
def import_thunderbird(request: ThunderbirdRequest) -> None:
    """Write the keys and the people of a Thunderbird profile to files.

    DIR gets identity.p12 with all of your keys, old ones too, and people.ldif with other people's certificates, which
    the extension, the pages and `sealwax contacts import` read. A copy of PROFILE is read, so Thunderbird may run. The
    profile's decisions about trust are not imported.
    """
    if not has_tool():
        raise click.ClickException(_NO_TOOL)
    p12, ldif = request.folder / "identity.p12", request.folder / "people.ldif"
    for file in (p12, ldif):
        if file.exists():
            raise click.ClickException(f"{file} is there already: choose another folder")
    with copy_profile(request.profile) as copy:
        identities = _load(_export(copy, request))
    people = import_people(NO_CONTACTS, find_people(copy.certificates), now())
    if not identities and not people.added:
        raise ProfileError(f"{request.profile} holds no key with a certificate and no person's certificate")
    request.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if identities:
        data = blocking.run(export_identities(identities, new_passphrase(request.new_file), provider=PROVIDER))
        write_output(str(p12), data, mode=PRIVATE_MODE)
    if people.added:
        write_output(str(ldif), build_people_file(people.contacts.people, PeopleForm.LDIF), mode=PRIVATE_MODE)
    for identity in identities:
        write_line(f"{p12}: {_describe(identity)}")
    for left in people.left_out:
        write_error(f"not taken: {left_out_line(left)}")
    if copy.keys_without:
        write_error(f"keys without a certificate, which are not taken: {copy.keys_without}")
    if people.added:
        write_line(f"{ldif}: {len(people.added)} certificates of other people")


def _export(copy: ProfileCopy, request: ThunderbirdRequest) -> tuple[ExportedKey, ...]:
    if request.primary_file is not None:
        return copy.export_keys(read_first_line(request.primary_file))
    try:
        return copy.export_keys(b"")
    except WrongPrimaryPassword:
        names = ("the primary password of the profile", "--primary-password-file")
        return copy.export_keys(ask_terminal(f"Primary password of {printable(str(request.profile))}: ", *names))


def _load(keys: Iterable[ExportedKey]) -> tuple[Identity, ...]:
    loaded = [
        identity for key in keys for identity in blocking.load_identities(key.p12, key.passphrase, provider=PROVIDER)
    ]
    # A key with several certificates is exported once for each certificate. The names come from the copy of the
    # profile, not from the user, so they are dropped.
    by_certificate = {identity.certificate: replace(identity, friendly_name=None) for identity in loaded}
    # The newest certificate comes first, because programs sign with the first identity of a file.
    return tuple(sorted(by_certificate.values(), key=lambda identity: identity.certificate.not_after, reverse=True))


def _describe(identity: Identity) -> str:
    certificate = identity.certificate
    owner = " ".join(certificate.email_addresses) or certificate.subject
    return f"{owner}, until {certificate.not_after:%Y-%m-%d}"
