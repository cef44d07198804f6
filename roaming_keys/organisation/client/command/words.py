"""The sentences about policies and cases that the commands print."""

from __future__ import annotations

from roaming_keys.client.command.times import write_minute
from roaming_keys.organisation.protocol.messages import CaseFacts
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from sealwax.cli.streams.files import write_line


def show_policy(policy: RecoveryPolicy) -> None:
    """Print a policy: the officers, how many are needed, and its fingerprint."""
    write_line(f"{policy.needed} of {len(policy.officers)} officers of {policy.organisation} together:")
    for officer in policy.officers:
        write_line(f"  {', '.join(officer.email_addresses) or officer.common_name}, certificate {officer.fingerprint}")
    # The wait does not begin when the owner sees the case, because an owner who has left may never log in again.
    wait = f"{policy.wait_hours} hours after your keys were asked for" if policy.wait_hours else "at once"
    write_line(f"They may act {wait}. Fingerprint of all this: {policy.fingerprint}")


def show_notice(facts: CaseFacts) -> None:
    """Print a case, for the owner of the keys."""
    done = "has" if facts.opened else "is to get"
    write_line(
        f"Recovery: {facts.recipient} {done} your encryption keys, certificate {facts.recipient_fingerprint}."
        f" Asked for by {facts.asked_by} on {write_minute(facts.asked)}: {facts.reason}."
        f" {len(facts.approved_by)} of {facts.needed} officers have approved."
    )


def show_case(facts: CaseFacts) -> None:
    """Print a case for the staff."""
    notice = f"told {write_minute(facts.shown)}" if facts.shown else "not logged in since"
    opened = f", opened {write_minute(facts.opened)}" if facts.opened else ""
    approved = ", ".join(facts.approved_by) or "nobody"
    write_line(
        f"{facts.id}: the keys of {facts.user} for {facts.recipient}, {write_minute(facts.asked)} by {facts.asked_by}"
    )
    write_line(f"  certificate of the recipient: {facts.recipient_fingerprint}")
    write_line(f"  reason: {facts.reason}")
    write_line(f"  owner {notice}; approved by {approved}, {facts.needed} needed{opened}")
