"""`sealwax keys recovery`: the officers, and the cases in which they recover somebody's encryption keys."""

from __future__ import annotations

from dataclasses import dataclass

import click

from roaming_keys.organisation.client.command.calling import StaffChoice
from roaming_keys.organisation.client.command.words import show_case, show_policy
from roaming_keys.organisation.protocol.copies import Share, decrypt_share, open_copy, pass_on_share
from roaming_keys.organisation.protocol.messages import NewCase
from roaming_keys.organisation.protocol.policy import MAX_WAIT_HOURS, MIN_NEEDED, RecoveryPolicy
from roaming_keys.protocol.key_account import normalise_user
from sealwax.cli.options.identities import load_all_identities, load_own_certificate
from sealwax.cli.options.parameters import FILE, OUTPUT_FILE
from sealwax.cli.options.passphrases import PassphraseSource, new_passphrase
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import PRIVATE_MODE, write_line, write_output
from smime_core import blocking
from smime_core.errors import NoMatchingRecipient
from smime_core.identity import Pkcs12Form, export_identities
from smime_core.x509 import Certificate

_CASE = click.Argument(["case"], metavar="CASE")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """The new policy, if there is one."""

    staff: StaffChoice = group_of(StaffChoice)
    officers: tuple[str, ...] = given_by(
        click.Option(["--officer", "officers"], metavar="CERT", multiple=True, type=FILE, help="Repeatable.")
    )
    organisation: str | None = given_by(
        click.Option(["--organisation"], metavar="NAME", help="The name that people are shown.")
    )
    needed: int = given_by(
        click.Option(
            ["--needed"], type=click.IntRange(MIN_NEEDED), default=MIN_NEEDED, show_default=True, help="Officers."
        )
    )
    wait: int = given_by(
        click.Option(
            ["--wait"],
            type=click.IntRange(0, MAX_WAIT_HOURS),
            default=0,
            show_default=True,
            help="Hours between the request for keys and the first approval.",
        )
    )

    def __post_init__(self) -> None:
        if bool(self.officers) != (self.organisation is not None):
            raise click.UsageError("a new policy needs --organisation and each --officer")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRequest:
    """The person whose keys are requested, the reason, and the recipient of the keys."""

    user: str = given_by(click.Argument(["user"], metavar="ADDRESS"))
    recipient: str = given_by(
        click.Option(
            ["--for", "recipient"],
            metavar="CERT",
            required=True,
            type=FILE,
            help="The certificate of whoever gets the keys.",
        )
    )
    reason: str = given_by(click.Option(["--reason"], metavar="TEXT", required=True, help="Shown to the owner."))
    staff: StaffChoice = group_of(StaffChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesRequest:
    """The staff member who lists the cases."""

    staff: StaffChoice = group_of(StaffChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveRequest:
    """The case, the officer's key, and the recipient's certificate, which the officer has checked."""

    case: str = given_by(_CASE)
    staff: StaffChoice = group_of(StaffChoice)
    identity: str = given_by(
        click.Option(["--identity"], metavar="P12", required=True, type=FILE, help="Your own key, as an officer.")
    )
    recipient: str | None = given_by(
        click.Option(
            ["--for", "recipient"],
            metavar="CERT",
            type=FILE,
            help="The recipient's certificate, from a place that you trust. Its fingerprint is asked for otherwise.",
        )
    )
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """The case, the recipient's key, and the file for the recovered keys."""

    case: str = given_by(_CASE)
    staff: StaffChoice = group_of(StaffChoice)
    identity: str = given_by(
        click.Option(["--identity"], metavar="P12", required=True, type=FILE, help="The key of the recipient.")
    )
    target: str = given_by(
        click.Option(["-o", "--output", "target"], metavar="P12", required=True, type=OUTPUT_FILE, help="The keys.")
    )
    new_file: str | None = given_by(
        click.Option(
            ["--new-passphrase-file", "new_file"],
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is the passphrase of the new file. It is asked for otherwise.",
        )
    )
    passphrases: PassphraseSource = group_of(PassphraseSource)


@verb(PolicyRequest)
def policy(request: PolicyRequest) -> None:
    """Show the policy, or set another one with --organisation and each --officer.

    Shares go to new officers only after each person has confirmed them, by `sealwax roam officers --confirm`.
    """
    client = request.staff.client()
    if request.organisation is None:
        present_policy = client.policy()
        if present_policy is None:
            write_line("There is no policy: nobody's keys can be recovered.")
        else:
            show_policy(present_policy)
        return
    new_policy = RecoveryPolicy(
        organisation=request.organisation,
        needed=request.needed,
        wait_hours=request.wait,
        officers=tuple(load_own_certificate(name) for name in request.officers),
    )
    client.set_policy(new_policy)
    in_force = client.policy()
    if in_force is None or in_force.fingerprint != new_policy.fingerprint:
        raise click.ClickException("the key server has another policy in force than yours: tell nobody its fingerprint")
    # People confirm the fingerprint that is printed here. So it is computed from the administrator's policy, and not
    # from the server's answer.
    show_policy(new_policy)


@verb(CaseRequest)
def request(request: CaseRequest) -> None:
    """Open a case for the encryption keys of ADDRESS. The owner is told at the next login."""
    recipient = load_own_certificate(request.recipient)
    new = NewCase(user=normalise_user(request.user), reason=request.reason, recipient=recipient)
    show_case(request.staff.client().ask(new))


@verb(CasesRequest)
def cases(request: CasesRequest) -> None:
    """List the cases of the last 30 days, the latest first."""
    for case in request.staff.client().cases():
        show_case(case)


@verb(ApproveRequest)
def approve(request: ApproveRequest) -> None:
    """Pass on your share to the recipient of a case, after you have checked whose keys are wanted, and for whom."""
    client = request.staff.client()
    case = client.share(request.case)
    show_case(case.facts)
    _check_recipient(case.recipient, request.recipient)
    identities = load_all_identities([request.identity], request.passphrases)
    share = Share(user=case.facts.user, copy_id=case.copy_id, number=case.number, value=b"", case=request.case)
    try:
        passed = blocking.run(pass_on_share(case.share, identities, share, case.recipient, PROVIDER))
    except NoMatchingRecipient:
        raise click.ClickException(
            f"{request.identity} does not open your share: give your key as an officer"
        ) from None
    client.approve(request.case, passed)
    write_line("Your share was passed on.")


@verb(OpenRequest, "open")
def open_case(request: OpenRequest) -> None:
    """Write the recovered keys to a PKCS#12 file, with a new passphrase. They open the mail of the past.

    They cannot sign: keys whose certificates may sign are never recovered.
    """
    identities = load_all_identities([request.identity], request.passphrases)
    opened = request.staff.client().open_case(request.case)
    shares = [blocking.run(decrypt_share(share, identities, PROVIDER)) for share in opened.shares]
    recovered = blocking.run(open_copy(opened.copy, opened.facts.user, request.case, shares, PROVIDER))
    passphrase = new_passphrase(request.new_file)
    pkcs12 = blocking.run(export_identities(recovered, passphrase, PROVIDER, form=Pkcs12Form.COMPATIBLE))
    write_output(request.target, pkcs12, mode=PRIVATE_MODE)
    write_line(f"{len(recovered)} keys of {opened.facts.user} are in {request.target}")


def _check_recipient(recipient: Certificate, name: str | None) -> None:
    if name is None:
        click.confirm("Do you know this fingerprint to be the recipient's?", abort=True, err=True)
    elif load_own_certificate(name) != recipient:
        raise click.ClickException(f"the case is for another certificate than {name}: nothing was passed on")
