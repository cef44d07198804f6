"""`sealwax ca`: the group of verbs for making and running a CA."""

from __future__ import annotations

import click

from sealwax.cli.group import Verbs


@click.group(
    cls=Verbs,
    own={
        "create": "sealwax.cli.verbs.ca_founding:create",
        "create-root": "sealwax.cli.verbs.ca_founding:create_root_only",
        "request-issuing": "sealwax.cli.verbs.ca_founding:request_issuing_certificate",
        "sign-issuing": "sealwax.cli.verbs.ca_founding:sign_issuing_certificate",
        "accept-issuing": "sealwax.cli.verbs.ca_founding:accept_issuing_certificate",
        "accept-root-crl": "sealwax.cli.verbs.ca_founding:accept_root_list",
        "issue": "sealwax.cli.verbs.ca_people:issue",
        "renew": "sealwax.cli.verbs.ca_people:renew",
        "revoke": "sealwax.cli.verbs.ca_people:revoke",
        "list": "sealwax.cli.verbs.ca_people:list_certificates",
        "crl": "sealwax.cli.verbs.ca_people:crl",
        "publish": "sealwax.cli.verbs.ca_people:publish",
        "responder": "sealwax.cli.verbs.ca_founding:responder",
    },
    entry_points="sealwax.ca",
)
def ca() -> None:
    """Run a small CA for mail: a folder with its keys, encrypted, and its register.

    \b
    create DIR --name "Example" --url http://pki.example.org
        makes a root and an issuing CA. Or, with a root that stays offline:
        create-root, request-issuing, sign-issuing, accept-issuing.
    issue DIR alice.csr --address alice@example.org -o alice.pem
        certifies the maker of a request from the command, the pages
        or any other program. You vouch for the owner of the address.
    respond DIR
        answers at the URL: OCSP, lists, certificates of the CAs.
    certify DIR --socket PATH --domain example.org
        certifies by itself people whose address the bridge has
        confirmed: they open parcels and make a key of their own.
    crl, renew, revoke, list, publish
        keep it going: a new list before the last one ends, say daily.
    """
