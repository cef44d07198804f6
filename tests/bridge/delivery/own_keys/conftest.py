"""Fixtures of the tests of own keys: a bridge with a signing service, and a second parcel."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealwax.authority.folder import AuthorityFolder
from sealwax.notices.submission import Submission
from tests.support.authority_folders import found
from tests.support.clock import FakeClock
from tests.support.parcel_rows import config_of
from tests.support.servers.certifier import certifying, socket_path
from tests.support.servers.mailboxes import BOB
from tests.support.servers.own_keys import (
    CAROL,
    opened,
)
from tests.support.servers.parcels import Recipient, Rig, Sender, bridge_config, store_config
from tests.support.servers.post import Post
from webbridge import create_app
from webbridge.services import services_of


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return found(tmp_path_factory.mktemp("founded") / "ca").path


@pytest.fixture
def authority(founded: Path, tmp_path: Path) -> AuthorityFolder:
    return AuthorityFolder(Path(shutil.copytree(founded, tmp_path / "ca")))


@pytest.fixture
def path() -> Iterator[Path]:
    with socket_path() as found_path:
        yield found_path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "directory"
    folder.mkdir()
    return folder


@pytest.fixture
def rig(
    database_url: str, store: Path, clock: FakeClock, submission: Submission, path: Path, directory: Path
) -> Iterator[Rig]:
    config = bridge_config(database_url, clock, store_config(store, key_socket=path))
    app = create_app(replace(config, parcel_notices=config_of(submission), directory_folder=directory))
    yield Rig(app, clock)
    services_of(app).close()


@pytest.fixture
def service(authority: AuthorityFolder, path: Path, clock: FakeClock, directory: Path) -> Iterator[None]:
    with certifying(authority, path, clock=clock, directory=directory):
        yield


@pytest.fixture
def send(rig: Rig, post: Post) -> Callable[[], None]:
    """Send the mails that are due, and keep only those with a code."""

    def send_due() -> None:
        protection = services_of(rig.app).protection
        assert protection is not None
        assert protection.notices is not None
        protection.notices.send_due()
        post.mails[:] = [mail for mail in post.mails if "the code" in str(mail["Subject"]) or "Code" in mail["Subject"]]

    return send_due


@pytest.fixture
def ticket(sender: Sender, recipient: Recipient, send: Callable[[], None]) -> str:
    """The ticket of the second parcel, for Bob and Carol. Only Bob has had another one, which was opened."""
    opened(sender, recipient)
    second = opened(sender, recipient, (BOB, CAROL))
    send()
    return recipient.ticket(second)
