"""Outputs that would replace one another, or a file that an option names: nothing is read and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from sealwax.cli.group import sealwax
from sealwax.cli.options.named_files import OutputPath
from tests.support.command.lab import MAIL, READER, SIGNER, TRUST, Lab

FILE_WORDS = {"FILE", "OUT", "HTML", "P12", "P7S", "PEM", "CERT", "CA", "CSR", "CRL"}
EMBEDDED = ("page", "sign", "page.html", *SIGNER, "--embed")


@pytest.mark.parametrize(
    "arguments",
    [
        (*EMBEDDED, "--page-output", "kept", "-o", "kept"),
        (*EMBEDDED, "--page-output", "kept", "-o", "../{folder}/kept"),
        (*EMBEDDED, "--page-output", "kept", "-o", "link"),
        (*EMBEDDED, "--page-output", "-"),
        ("sign", "mail.eml", "--identity", "kept", "-o", "kept"),
        ("sign", "mail.eml", *SIGNER, "--carry", "ids/ca.pem", "--carry", "kept", "-o", "kept"),
        ("identity", "export", "ids/alice.p12", "--new-passphrase-file", "kept", "-o", "kept"),
        ("verify", "signed.eml", *TRUST, "--remember", "--contacts", "kept", "-o", "kept"),
        ("verify", "signed.eml", *TRUST, "--decisions", "kept", "-o", "kept"),
        ("encrypt", "mail.eml", "--shared-key", "team=kept", "-o", "kept"),
        ("encrypt", "mail.eml", "--raw", "--shared-key", "kept", "-o", "kept"),
        ("decrypt", "encrypted.eml", *READER, "--password-file", "kept", "-o", "kept"),
        ("find", "bob@example.test", *TRUST, "--contacts", "kept", "-o", "kept"),
        ("trust", "publish", *SIGNER, "--name", "x", "--limited-anchor", "kept", "a.test", "-o", "kept"),
    ],
    ids=" ".join,
)
def test_an_output_that_would_replace_another_file_is_refused(lab: Lab, arguments: tuple[str, ...]) -> None:
    lab.write("page.html", b"<p>hello")
    lab.write("kept", b"kept")
    (lab.folder / "link").unlink(missing_ok=True)
    (lab.folder / "link").symlink_to("kept")
    result = lab.sealwax(*(argument.format(folder=lab.folder.name) for argument in arguments))
    assert (result.code, result.stdout, " both " in result.line) == (2, b"", True)
    assert lab.read("kept") == b"kept"


def test_the_input_may_be_replaced(lab: Lab) -> None:
    lab.made("sign", lab.write("replaced.eml", MAIL), *SIGNER, "-o", "replaced.eml")
    assert lab.sealwax("verify", "replaced.eml", *TRUST).code == 0


def test_a_device_takes_several_outputs(lab: Lab) -> None:
    lab.write("page.html", b"<p>hello")
    lab.made(*EMBEDDED, "--page-output", "/dev/null", "-o", "/dev/null")


def test_standard_input_and_output_are_different_files(lab: Lab) -> None:
    lab.made("sign", "mail.eml", "--raw", "--der", *SIGNER, "-o", "mail.p7s")
    arguments = ("verify", "mail.p7s", "--content", "-", "--from", "alice@example.test", *TRUST, "-o", "-")
    result = lab.sealwax(*arguments, stdin=MAIL)
    assert (result.code, result.stdout) == (0, MAIL)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sign", "--identity", "ids/alice.p12", "--passphrase-fd", "0"),
        ("encrypt", "-", "--raw", "--to", "ids/bob.pem", "--to", "-"),
        ("verify", "-", "--content", "-"),
        ("certificates", "-", "-"),
        ("trust", "publish", "--identity", "-", "--name", "x", "--limited-anchor", "-", "a.test"),
    ],
    ids=" ".join,
)
def test_two_parameters_do_not_share_standard_input(lab: Lab, arguments: tuple[str, ...]) -> None:
    result = lab.sealwax(*arguments, stdin=lab.read("ids/passphrase.txt") + MAIL)
    assert (result.code, result.stdout, "both read standard input" in result.line) == (2, b"", True)


def test_a_certificate_and_json_do_not_share_standard_output(lab: Lab) -> None:
    result = lab.sealwax("find", "bob@example.test", *TRUST, "--json", "-o", "-")
    assert (result.code, result.stdout, "--json" in result.line) == (2, b"", True)


def test_each_option_that_names_a_file_has_the_type_of_one() -> None:
    for option in all_options(sealwax):
        words = set(re.findall(r"\w+", option.metavar or ""))
        kind = option.type.types[0] if isinstance(option.type, click.Tuple) else option.type
        assert isinstance(kind, click.Path) or not words & FILE_WORDS, option
        is_folder = isinstance(kind, click.Path) and not kind.file_okay
        is_output = bool({"-o", "--page-output", "--ldif"} & {*option.opts}) or option.metavar == "OUT"
        names_output = is_output and not (option.is_flag or is_folder)
        assert isinstance(kind, OutputPath) is names_output, option


def all_options(group: click.Group) -> Iterator[click.Option]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from all_options(command)
        elif command is not None:
            yield from (option for option in command.params if isinstance(option, click.Option))
