"""A process that makes one search of an LDAP directory with libldap. Question and answer are JSON on standard streams.

`ldap` starts this process, ends it when time is up and reads the answer.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
from collections.abc import Mapping
from typing import Any, Final

from sealwax.lookups.directory_failure import UNREADABLE_OR_TOO_LARGE, DirectoryFailed, DirectoryProblem
from smime_core.limits import MAX_DIRECTORY_BYTES, MAX_DIRECTORY_MEMORY_BYTES

_MAX_TEXT_CHARACTERS: Final = 200


def main() -> None:
    """Answer the question on standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_DIRECTORY_MEMORY_BYTES, MAX_DIRECTORY_MEMORY_BYTES))
    question = json.load(sys.stdin)
    try:
        values = search(question)
    except DirectoryFailed as failure:
        answer: dict[str, object] = {"problem": failure.problem.value, "text": str(failure)}
    else:
        answer = {"values": [base64.b64encode(value).decode("ascii") for value in values]}
    sys.stdout.write(json.dumps(answer))


def search(question: Mapping[str, Any]) -> list[bytes]:
    """The values of the attributes asked for, of all entries found. Raises DirectoryFailed."""
    try:
        import bonsai
    except ImportError:
        text = "LDAP needs the package bonsai: install sealwax[ldap]"
        raise DirectoryFailed(DirectoryProblem.NOT_INSTALLED, text) from None
    text = "it cannot be reached"
    try:
        with _client(question).connect(timeout=question["timeoutSeconds"]) as connection:
            # libldap also drops the connection if the answer does not fit into the memory of this process.
            text = "it broke off in its answer, or says more than can be read"
            return _values_of(_search(connection, question), question)
    except bonsai.SizeLimitError:
        raise _too_many(question) from None
    except bonsai.AuthenticationError as error:
        raise DirectoryFailed(DirectoryProblem.LOGIN_REFUSED, f"it refuses the login ({_words(error)})") from error
    except bonsai.TimeoutError as error:
        raise DirectoryFailed(DirectoryProblem.TIMEOUT, "it did not answer in time") from error
    except bonsai.ConnectionError as error:
        raise DirectoryFailed(DirectoryProblem.UNREACHABLE, f"{text} ({_words(error)})") from error
    except bonsai.LDAPError as error:
        raise DirectoryFailed(DirectoryProblem.REFUSED, f"it refuses ({_words(error)})") from error
    except UnicodeError as error:
        raise DirectoryFailed(DirectoryProblem.REFUSED, "it gives an answer that cannot be read") from error
    except MemoryError as error:
        # bonsai also raises MemoryError if the name of an attribute is no UTF-8.
        raise DirectoryFailed(DirectoryProblem.REFUSED, UNREADABLE_OR_TOO_LARGE) from error


def _client(question: Mapping[str, Any]) -> Any:
    import bonsai

    client = bonsai.LDAPClient(question["url"], question["startTls"])
    client.set_cert_policy("demand")
    if question["caFile"]:
        client.set_ca_cert(question["caFile"])
    client.set_raw_attributes(question["attributes"])
    client.set_server_chase_referrals(False)
    client.set_ignore_referrals(True)
    client.set_auto_page_acquire(False)
    if question["bindName"]:
        client.set_credentials("SIMPLE", user=question["bindName"], password=question["password"])
    return client


def _search(connection: Any, question: Mapping[str, Any]) -> Any:
    import bonsai

    return connection.search(
        base=question["base"],
        scope=bonsai.LDAPSearchScope.SUBTREE,
        filter_exp=question["filter"],
        attrlist=question["attributes"],
        timeout=question["timeoutSeconds"],
        # One entry more than the limit is requested, so that an answer with too many entries is recognised.
        sizelimit=question["maxEntries"] + 1,
    )


def _values_of(entries: Any, question: Mapping[str, Any]) -> list[bytes]:
    # A server may ignore the size limit.
    if len(entries) > question["maxEntries"]:
        raise _too_many(question)
    values = [
        bytes(value)
        for entry in entries
        for name in question["attributes"]
        if name in entry
        for value in entry[name]
        if isinstance(value, bytes)
    ]
    if sum(map(len, values)) > MAX_DIRECTORY_BYTES:
        raise DirectoryFailed(DirectoryProblem.TOO_MANY, "it answers with more than can be read")
    return values


def _too_many(question: Mapping[str, Any]) -> DirectoryFailed:
    return DirectoryFailed(
        DirectoryProblem.TOO_MANY, f"it has more than {question['maxEntries']} entries for this address"
    )


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return "".join(character for character in text if character.isprintable())[:_MAX_TEXT_CHARACTERS]


if __name__ == "__main__":
    main()
