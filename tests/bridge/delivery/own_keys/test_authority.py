"""The signing service says what it does not sign, and costs no code while it is down."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.wrappers import Response

from sealwax.authority.certifying import Terms
from sealwax.authority.folder import AuthorityFolder
from sealwax.service import TryLater, serve
from tests.support.clock import FakeClock
from tests.support.servers.bridge import error_of
from tests.support.servers.certifier import certified, certifying
from tests.support.servers.mailboxes import BOB
from tests.support.servers.own_keys import (
    ask,
    code_in,
    confirm,
    request_for,
)
from tests.support.servers.parcels import Recipient
from tests.support.servers.post import Post
from webbridge.delivery.limits import CODE_TRIES
from webbridge.delivery.own_keys.certifier import Certifier

pytestmark = pytest.mark.server


def test_a_service_that_is_down_costs_no_code(
    recipient: Recipient,
    ticket: str,
    send: Callable[[], None],
    post: Post,
    authority: AuthorityFolder,
    path: Path,
    clock: FakeClock,
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    code = code_in(post)
    for _ in range(CODE_TRIES + 1):
        answer = confirm(recipient, ticket, BOB, request, code)
        assert error_of(answer) == (503, "authority-unavailable")
        assert "Try again later" in answer.get_json()["message"]
    with certifying(authority, path, clock=clock):
        assert confirm(recipient, ticket, BOB, request, code).status_code == 200


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        (Terms(domains=frozenset({"example.com"})), (422, "not-certified")),
        (Terms(domains=frozenset({"*"}), per_day=1), (429, "try-later")),
    ],
)
def test_the_bounds_of_the_authority_are_said(
    recipient: Recipient,
    ticket: str,
    send: Callable[[], None],
    post: Post,
    authority: AuthorityFolder,
    path: Path,
    clock: FakeClock,
    terms: Terms,
    error: tuple[int, str],
) -> None:
    request = request_for(BOB)
    ask(recipient, ticket, BOB, request)
    send()
    with certifying(authority, path, clock=clock, terms=terms) as certifier:
        certifier.certify("zoe@example.com", request_for("zoe@example.com"), at=clock())
        assert error_of(confirm(recipient, ticket, BOB, request, code_in(post))) == error
    assert [entry.addresses for entry in certified(authority)] == [("zoe@example.com",)]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("999999", 999_999), *((other, 60) for other in ("", "9" * 5_000, "\xb2", "-1", "1.5", "never"))],
)
def test_the_authority_says_when_it_goes_on_or_a_minute_counts(path: Path, said: str, seconds: int) -> None:
    refusal = Response("{}", status=429, headers={"Retry-After": said})
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    bound.listen()
    with serve(refusal, bound), pytest.raises(TryLater) as refused:
        Certifier(path).certify(BOB, b"request")
    assert refused.value.retry_after_seconds == seconds
