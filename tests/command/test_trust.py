"""`sealwax trust`: decisions and an organisation's list, from file to verdict."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

import smime_core
from sealwax.roots import mozilla_anchors
from tests.support.command.lab import SIGNER, Lab

DECISIONS = "config/sealwax/decisions.json"


@pytest.fixture
def fresh(lab: Lab) -> Iterator[Lab]:
    """The lab without decisions. Those that a test makes are removed afterwards."""
    forget(lab)
    yield lab
    forget(lab)


def forget(lab: Lab) -> None:
    for name in (DECISIONS, "config/sealwax/trust_list.json"):
        (lab.folder / name).unlink(missing_ok=True)


def fingerprint(lab: Lab, certificate: str) -> str:
    (entry,) = json.loads(lab.sealwax("inspect", certificate, "--json").stdout)["certificates"]
    assert isinstance(entry["fingerprint"], str)
    return entry["fingerprint"]


def listed(lab: Lab) -> list[dict[str, object]]:
    anchors = json.loads(lab.sealwax("trust", "list", "--json").stdout)["anchors"]
    assert isinstance(anchors, list)
    return anchors


def test_an_accepted_certificate_verifies_until_it_is_removed(fresh: Lab) -> None:
    assert fresh.sealwax("verify", "signed.eml").code == 1
    accepted = fresh.sealwax("trust", "accept", "ids/alice.pem", "--for", "alice@example.test", "--yes")
    assert (accepted.code, accepted.stderr) == (0, "")
    assert b"accepted by you on " in accepted.stdout
    # A certificate that the user accepted directly needs no revocation status.
    assert fresh.sealwax("verify", "signed.eml").code == 0
    (anchor,) = listed(fresh)
    assert (anchor["source"], anchor["exact"], anchor["addresses"]) == ("user", True, ["alice@example.test"])
    assert fresh.sealwax("trust", "remove", fingerprint(fresh, "ids/alice.pem")[:20].upper()).code == 0
    assert listed(fresh) == []
    assert "untrusted-anchor" in fresh.sealwax("verify", "signed.eml").line


def test_an_accepted_authority_counts_for_its_domain(fresh: Lab) -> None:
    fresh.told("trust", "accept", "ids/ca.pem", "--ca", "--for", "@partner.example", "--yes")
    assert fresh.sealwax("verify", "signed.eml", "--no-revocation").code == 1
    fresh.told("trust", "accept", "ids/ca.pem", "--ca", "--for", "@example.test", "--yes")
    assert fresh.sealwax("verify", "signed.eml", "--no-revocation").code == 0
    (anchor,) = listed(fresh)
    assert (anchor["exact"], anchor["addresses"]) == (False, ["@example.test"])


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("ids/alice.pem", "--for", "alice@example.test"), "give --yes"),
        (("ids/alice.pem", "--for", "bob@example.test", "--yes"), "the certificate is not for bob@example.test"),
        (("ids/alice.pem", "--for", "@example.test", "--ca", "--yes"), "no authority's"),
        (("ids/ca.pem", "--for", "@example.test", "--yes"), "accept it as one"),
        (("ids/ca.pem", "--for", "everybody", "--ca", "--yes"), "neither an address nor a domain"),
        (("mail.eml", "--for", "@example.test", "--yes"), "carries no certificates"),
    ],
)
def test_an_impossible_decision_is_refused_in_one_line(fresh: Lab, arguments: tuple[str, ...], text: str) -> None:
    result = fresh.sealwax("trust", "accept", *arguments)
    assert result.code in (1, 2)
    assert text in result.line
    assert not (fresh.folder / DECISIONS).exists()


def test_a_certificate_of_an_accepted_authority_needs_no_decision(fresh: Lab) -> None:
    fresh.told("trust", "accept", "ids/ca.pem", "--ca", "--for", "@example.test", "--yes")
    result = fresh.sealwax("trust", "accept", "ids/alice.pem", "--for", "alice@example.test", "--yes")
    assert (result.code, "need not be accepted" in result.line) == (1, True)


def test_a_decision_has_to_say_for_whom(fresh: Lab) -> None:
    result = fresh.sealwax("trust", "accept", "ids/ca.pem", "--ca", "--yes")
    assert (result.code, "--for" in result.line) == (2, True)


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2), ("", 2)])
def test_on_a_terminal_the_certificate_is_shown_and_the_user_asked(fresh: Lab, answer: str, code: int) -> None:
    master, terminal = pty.openpty()
    os.write(master, f"{answer}\n".encode())
    command = [
        sys.executable,
        "-m",
        "sealwax.cli",
        "trust",
        "accept",
        "ids/alice.pem",
        "--for",
        "alice@example.test",
    ]
    done = subprocess.run(
        command,
        cwd=fresh.folder,
        env={**os.environ, "XDG_CONFIG_HOME": str(fresh.folder / "config")},
        stdin=terminal,
        capture_output=True,
        timeout=60,
        check=False,
    )
    os.close(terminal)
    os.close(master)
    shown = done.stdout.decode()
    digits = fingerprint(fresh, "ids/alice.pem").upper()
    assert ":".join(digits[start : start + 2] for start in range(0, 64, 2)) in shown
    assert "is it to count for alice@example.test?" in shown
    assert done.returncode == code
    assert (fresh.folder / DECISIONS).exists() is (code == 0)


def test_the_decisions_are_their_owners_alone(fresh: Lab) -> None:
    fresh.told("trust", "accept", "ids/alice.pem", "--for", "alice@example.test", "--yes")
    path = fresh.folder / DECISIONS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_decisions_may_stand_in_a_file_of_their_own(fresh: Lab) -> None:
    own = ("--decisions", "own.json")
    fresh.told("trust", "accept", "ids/alice.pem", "--for", "alice@example.test", "--yes", *own)
    assert not (fresh.folder / DECISIONS).exists()
    assert fresh.sealwax("verify", "signed.eml").code == 1
    assert fresh.sealwax("verify", "signed.eml", *own).code == 0


def test_a_damaged_file_of_decisions_stops_the_command(fresh: Lab) -> None:
    fresh.write(DECISIONS, b'{"version": "sealwax-decisions-1", "decisions": [')
    result = fresh.sealwax("verify", "signed.eml")
    assert (result.code, "decisions: this is not JSON" in result.line) == (2, True)


def test_removing_what_is_not_there_is_told(fresh: Lab) -> None:
    result = fresh.sealwax("trust", "remove", "00")
    assert (result.code, "no such decision" in result.line) == (1, True)


def test_the_roots_are_mozillas(fresh: Lab) -> None:
    assert f"Mozilla: {len(mozilla_anchors())} roots" in fresh.sealwax("trust", "list").stdout.decode()
    shown = fresh.sealwax("trust", "roots").stdout.decode().splitlines()
    assert len(shown) == len(mozilla_anchors())
    assert all("trusted by Mozilla for e-mail; valid until " in line for line in shown)


def publish(lab: Lab, name: str, *options: str, identity: tuple[str, ...] = SIGNER) -> str:
    lab.made("trust", "publish", *identity, "--name", "Example Ltd", *options, "-o", name)
    return name


LIMITED = ("--limited-anchor", "ids/ca.pem", "@example.test,@b.example", "--revocation", "if-known")


def test_a_list_is_published_shown_followed_and_counts_with_its_policy(fresh: Lab) -> None:
    name = publish(fresh, "list.pem", *LIMITED, "--serial", "7", "--directory", "ldaps://directory.example.test/")
    shown = fresh.sealwax("trust", "show", name).stdout.decode()
    assert "list of Example Ltd, number 7" in shown
    assert "trusted by your organisation for @example.test, @b.example" in shown
    value = json.loads(fresh.sealwax("trust", "show", name, "--operator", "ids/alice.pem", "--json").stdout)
    assert (value["serialNumber"], value["revocation"]) == (7, "if-known")
    assert value["directories"] == ["ldaps://directory.example.test/"]
    fresh.told("trust", "follow", name, "--operator", "ids/alice.pem")
    result = fresh.sealwax("verify", "signed.eml")
    assert (result.code, b"revocation-unknown" in result.stdout) == (0, True)
    assert fresh.sealwax("verify", "signed.eml", "--revocation", "required").code == 1
    assert [anchor["source"] for anchor in listed(fresh)] == ["operator"]
    assert fresh.sealwax("trust", "unfollow").code == 0
    assert fresh.sealwax("verify", "signed.eml").code == 1
    assert "you follow no list" in fresh.sealwax("trust", "unfollow").line


@pytest.mark.thorough
def test_only_newer_lists_of_the_pinned_operator_are_taken(fresh: Lab) -> None:
    older = publish(fresh, "older.pem", *LIMITED, "--serial", "7")
    newer = publish(fresh, "newer.pem", *LIMITED, "--serial", "8")
    bob = ("--identity", "ids/bob.p12", "--passphrase-file", "ids/passphrase.txt")
    others = publish(fresh, "others.pem", *LIMITED, "--serial", "9", identity=bob)
    assert "say whose list it is" in fresh.sealwax("trust", "follow", older).line
    fresh.told("trust", "follow", older, "--operator", "ids/alice.pem")
    fresh.told("trust", "follow", newer)
    fresh.told("trust", "follow", newer)
    assert "number 8 was seen already" in fresh.sealwax("trust", "follow", older).line
    assert "number 8 was seen already" in fresh.sealwax("trust", "follow", older, "--operator", "ids/alice.pem").line
    assert "not its operator's" in fresh.sealwax("trust", "follow", others).line
    assert "unfollow it first" in fresh.sealwax("trust", "follow", others, "--operator", "ids/bob.pem").line


def test_a_list_of_somebody_else_is_not_shown_as_the_operators(fresh: Lab) -> None:
    name = publish(fresh, "list.pem", *LIMITED)
    result = fresh.sealwax("trust", "show", name, "--operator", "ids/bob.pem")
    assert (result.code, "not its operator's" in result.line) == (1, True)


def test_a_list_that_was_put_back_counts_no_more_and_is_told(fresh: Lab) -> None:
    fresh.told("trust", "follow", publish(fresh, "list.pem", *LIMITED, "--serial", "7"),
                       "--operator", "ids/alice.pem")  # fmt: skip
    path = fresh.folder / "config/sealwax/trust_list.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"serialNumber": 8}))
    result = fresh.sealwax("verify", "signed.eml")
    assert result.code == 1
    assert "your organisation's list does not count" in result.stderr.splitlines()[0]


def test_mozillas_roots_may_stand_in_a_list(fresh: Lab) -> None:
    name = publish(fresh, "list.pem", "--mozilla", "--anchor", "ids/ca.pem", "--anchor", "ids/bob.pem")
    anchors = json.loads(fresh.sealwax("trust", "show", name, "--json").stdout)["anchors"]
    assert len(anchors) == len(mozilla_anchors()) + 2
    assert [anchor["exact"] for anchor in anchors[:2]] == [False, True]


def test_inspect_shows_a_certificate_as_a_page(fresh: Lab) -> None:
    shown = fresh.sealwax("inspect", "ids/alice.pem").stdout.decode()
    assert "for: signing, receiving encrypted mail" in shown
    assert "purposes: e-mail" in shown
    assert "SHA-1: " in shown


def test_the_report_of_a_verified_mail_is_by_the_schema(fresh: Lab) -> None:
    fresh.told("trust", "accept", "ids/ca.pem", "--ca", "--for", "@example.test", "--yes")
    value = json.loads(fresh.sealwax("verify", "signed.eml", "--json", "--revocation", "if-known").stdout)
    schema = Path(smime_core.__file__).parent / "report" / "report.schema.json"
    jsonschema.validate(value, json.loads(schema.read_text()))
    (signer,) = value["signers"]
    assert signer["trail"]["anchor"]["source"] == "user"
    assert signer["sentence"].startswith("Sealwax Demonstration CA, accepted by you on ")
    assert [node["role"] for node in signer["tree"]] == ["anchor", "holder"]
