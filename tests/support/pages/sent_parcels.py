"""A demonstration with parcels that its people have sent, and the fixtures of the tests of the view that shows them."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealwax.service import ServiceError
from tests.support.servers.parcels import Draft
from webbridge.app import create_app
from webbridge.config import BridgeConfig
from webbridge.delivery.delivery import Delivery
from webbridge.delivery.openings import Proof
from webbridge.delivery.states import Event, SaidBy, State
from webbridge.delivery.submission import parse_submission
from webbridge.demo import stack as demonstration
from webbridge.demo.stack import DemoStack
from webbridge.services import services_of

if TYPE_CHECKING:
    from flask import Flask


@dataclass(frozen=True, slots=True)
class SendingRig:
    """The demonstration, and the parcels of its bridge."""

    stack: DemoStack
    app: Flask

    @property
    def delivery(self) -> Delivery:
        service = services_of(self.app).delivery
        assert service is not None
        return service

    def send(self, draft: Draft) -> str:
        """Submit a parcel of the first account. Returns its reference number."""
        line, _, body = draft.body(whole=True).partition(b"\n")
        submission = parse_submission(line + b"\n", self.delivery.config)
        parcel, is_new = self.delivery.create(self.stack.accounts[0].address, submission, body)
        assert is_new
        return parcel.reference

    def note(self, draft: Draft, state: State, said_by: SaidBy, *, recipient: str = "", code: str = "") -> None:
        """Note a state, as the routes of recipients do."""
        at = self.delivery.parcels.find_own(self.stack.accounts[0].address, draft.id).created_at + 60
        event = Event(state=state, said_by=said_by, at=at, recipient=recipient, code=code)
        self.delivery.parcels.note(draft.id, event)

    def guess(self, draft: Draft, count: int) -> None:
        """Try to open a parcel with wrong words."""
        for _ in range(count):
            with contextlib.suppress(ServiceError):
                self.delivery.openings.open(draft.id, Proof(value=secrets.token_bytes(32)), client="192.0.2.1")


@pytest.fixture(scope="module")
def sending_rig(pages_with_sources: Path) -> Iterator[SendingRig]:
    """A demonstration of its own, because other modules have sent parcels in the common one."""
    apps: list[Flask] = []

    def create(config: BridgeConfig) -> Flask:
        apps.append(create_app(config))
        return apps[-1]

    with contextlib.ExitStack() as running:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(demonstration, "create_app", create)
            stack = running.enter_context(DemoStack(pages_folder=pages_with_sources))
        yield SendingRig(stack, apps[-1])
