"""Commands that root runs in the folders of a service's user: no user leads root to a file outside them."""

from __future__ import annotations

import ast
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.operation.conftest import RunCommand
from tests.support.file_states import files_of
from tests.support.project import ROOT
from tests.support.servers.fresh_machine import UNSHARE, has_namespaces
from tests.support.servers.own_process import SEALWAX, clean_environment, sealwax
from tests.support.servers.root_commands import TICKET_KEY

USER: Final = "nobody"
PRODUCT: Final = ("sealwax", "webbridge", "roaming_keys")
NAMES: Final = {"bridge": "enrolment_key", "keys": "master_key", "discovery": "signing_key"}
# Each of them changes files, or reads those that the service's user has.
VERBS: Final = {
    "bridge": ("check", "step-back"),
    "keys": ("check", "audit", "step-back"),
    "discovery": ("check", "sign", "rotate"),
}
BESIDE: Final = ("{}", "{}-wal", "{}-shm", "{}-journal", "{}-announcements", "{}-processes", ".{}.lock")
is_readable = all(folder.stat().st_mode & stat.S_IXOTH for folder in (ROOT, *ROOT.parents))
only_root = pytest.mark.skipif(
    os.geteuid() != 0 or not is_readable,
    reason="needs root, which acts as another user, and a project that this user can read",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The configuration of one service, its folders, and a folder of root."""

    service: str
    root: Path

    @property
    def config(self) -> Path:
        return self.root / "etc" / f"{self.service}.toml"

    @property
    def secret(self) -> Path:
        return self.root / "etc" / f"{self.service}.secrets" / NAMES[self.service]

    @property
    def database(self) -> Path:
        """The file of the service's data, which is a database but for the discovery service."""
        return self.root / "lib" / self.service / "data.sqlite"

    @property
    def of_root(self) -> Path:
        return self.root / "cron.d"

    def command(self, verb: str, *options: str) -> list[str]:
        return [self.service, verb, "--config", str(self.config), *options]

    def init(self, *options: str) -> list[str]:
        words = ["--state" if self.service == "discovery" else "--database", str(self.database), *options]
        return self.command("init", *words, *(["--ticket-key", TICKET_KEY] if self.service == "keys" else []))

    def others(self) -> list[list[str]]:
        """The other commands than init."""
        options = {"sign": ("-o", str(self.root / "signed"))}
        return [self.command(verb, *options.get(verb, ())) for verb in VERBS[self.service]]

    def kept(self) -> list[Path]:
        """The files that the service's user may replace."""
        return [self.secret, *(self.database.with_name(name.format(self.database.name)) for name in BESIDE)]

    def for_user(self) -> list[str]:
        return self.init("--user", USER)

    def owners(self) -> set[str]:
        """The owners of all that belongs to the service."""
        folders = [self.secret.parent, self.database.parent]
        return {path.owner() for folder in folders for path in (folder, *folder.iterdir())}


@pytest.fixture(params=VERBS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    # Other users may not enter the temporary folders of the tests.
    root = Path(tempfile.mkdtemp(prefix="sealwax-root-"))
    root.chmod(0o755)
    (root / "cron.d").mkdir()
    (root / "cron.d" / "known").write_text("of root")
    yield Place(service=request.param, root=root)
    shutil.rmtree(root)


@only_root
def test_root_makes_secrets_and_database_as_the_user_and_writes_in_no_folder_of_another(
    place: Place, run: RunCommand
) -> None:
    for command in (place.for_user(), place.for_user(), place.init(), *place.others(), place.init()):
        done = run(command)
        assert (done["code"] == 0 or command[1] == "check", done["changes"]) == (True, []), done
    assert place.owners() == {USER}
    assert place.config.owner() == "root"
    modes = [oct(path.stat().st_mode & 0o777) for path in (place.secret, place.secret.parent, place.database.parent)]
    assert modes == ["0o600", "0o700", "0o700"]
    if place.service == "discovery":
        assert (place.root / "signed").owner() == "root"


@pytest.mark.thorough
@only_root
@pytest.mark.parametrize("target", ["missing", "known"])
def test_no_link_of_the_user_leads_root_to_another_file(place: Place, run: RunCommand, target: str) -> None:
    """The user has put links in the place of all files, and then of each file that the commands come to next."""
    run(place.for_user())
    state = files_of(place.of_root)
    for path in place.kept():
        lay(path, place.of_root / target)
    for path in place.kept():
        for command in (*place.others(), place.init(), place.for_user()):
            assert run(command)["changes"] == []
            assert files_of(place.of_root) == state, (path, command)
        path.unlink(missing_ok=True)
    assert run(place.for_user())["code"] == 0
    assert files_of(place.of_root) == state


def lay(path: Path, target: Path) -> None:
    """Replace a file by a link, as the user does."""
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    known = pwd.getpwnam(USER)
    os.lchown(path, known.pw_uid, known.pw_gid)


@only_root
def test_no_folder_that_the_user_replaces_by_a_link_is_given_to_the_user(place: Place, run: RunCommand) -> None:
    """Secrets and database are below a folder of the user, who leads both to folders of root."""
    known = pwd.getpwnam(USER)
    above = place.root / "own"
    above.mkdir()
    os.chown(above, known.pw_uid, known.pw_gid)
    (place.root / "etc").symlink_to(above)
    lay(above / f"{place.service}.secrets", place.of_root)
    (place.root / "lib").mkdir()
    lay(place.root / "lib" / place.service, place.of_root)
    state = files_of(place.of_root), place.of_root.owner()
    for command in (place.for_user(), place.init(), *place.others()):
        run(command)
    assert (files_of(place.of_root), place.of_root.owner()) == state


@only_root
def test_a_folder_with_other_files_is_not_given_to_the_user(place: Place, run: RunCommand) -> None:
    place.database.parent.mkdir(parents=True, mode=0o700)
    (place.database.parent / "of root").write_text("")
    done = run(place.for_user())
    assert place.database.parent.owner() == "root"
    if place.service != "discovery":
        assert done["code"] == 2
        assert "let the file and its folder belong to the service's user" in done["output"]


@pytest.mark.thorough
@only_root
def test_init_that_was_killed_anywhere_is_repaired_by_repeating_it(place: Place, run: RunCommand) -> None:
    """The kills are at each change to a file, until a run needs no more of them."""
    for point in range(1, 100):
        for folder in ("etc", "lib"):
            shutil.rmtree(place.root / folder, ignore_errors=True)
        if run(place.for_user(), killed_at=point)["code"] == 0:
            break
        second = run(place.for_user())
        assert (second["code"], place.owners()) == (0, {USER}), (point, second)
    assert point > 5


@only_root
def test_init_gives_the_user_what_root_has_made_without_naming_the_user(place: Place, run: RunCommand) -> None:
    assert (run(place.init())["code"], run(place.for_user())["code"]) == (0, 0)
    assert place.owners() == {USER}


def test_init_names_a_user_that_is_missing(tmp_path: Path) -> None:
    done = sealwax("bridge", "init", "-c", str(tmp_path / "b.toml"), "--user", "no-such-user")
    assert done.returncode == 2
    assert "there is no user no-such-user: make it first" in done.stderr


@only_root
@pytest.mark.skipif(not has_namespaces(), reason="needs namespaces")
def test_init_on_a_full_disk_ends_at_once_and_says_so(place: Place) -> None:
    if place.service == "discovery":
        pytest.skip("init makes no database")
    place.database.parent.mkdir(parents=True)
    script = 'mount -t tmpfs -o size=64k tmpfs "$1"; shift; exec "$@"'
    command = [*UNSHARE, "sh", "-euc", script, "sh", str(place.database.parent), *SEALWAX, *place.init()]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    *logged, sentence = done.stderr.splitlines()
    problem = "the database cannot be used: its disk is full, or fails"
    assert sentence == f"sealwax: {problem}. Remedy: make room on the disk, then try again"
    assert len(logged) <= 1


def test_no_product_code_changes_mode_or_owner_by_a_name() -> None:
    """A name may lead elsewhere by the time of the change. `fchmod` and `fchown` change the file that was opened."""
    paths = []
    for path in (path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("chmod", "lchmod", "chown", "lchown"):
                paths.append(str(path.relative_to(ROOT)))
    # The draft of an authority's folder is in a folder of the caller; the sockets are in the folders of their services.
    sockets = ["webbridge/certifier/command.py", "webbridge/certifier/command.py", "webbridge/events/server.py"]
    assert paths == ["sealwax/authority/folder.py", *sockets]


ACT = """
import sys
from pathlib import Path
import click
from sealwax.operation import service_user
service_user._PROGRAM = Path(sys.argv[1])
user = service_user.find_user(sys.argv[2])
try:
    if sys.argv[3] == "for good":
        service_user.become(user)
    else:
        with service_user.acting_as_owner([Path(sys.argv[4])]):
            raise AssertionError("it acts")
except click.ClickException as error:
    print(error.message)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, which acts as another user")
@pytest.mark.parametrize("way", ["for good", "for a moment"])
def test_a_program_that_the_service_cannot_read_is_named(tmp_path: Path, way: str) -> None:
    hidden, owned = tmp_path / "hidden", tmp_path / "owned"
    hidden.mkdir(mode=0o700)
    owned.mkdir()
    shutil.chown(owned, USER)
    command = [sys.executable, "-c", ACT, str(hidden), USER, way, str(owned)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.startswith(f"{USER} cannot read the program in {hidden}: install it where every user can")
