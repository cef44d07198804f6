"""The system user of a service, and how a command that root starts becomes that user.

The folders of secrets and database belong to the service's user, who may put a link there at any moment. If root made,
opened or gave away a file there by its name, the link could lead root to any other file of the machine. So root makes
only the folders and gives them to the user. Files that an earlier run of root left in them are given to the user
through descriptors. Then the command becomes the user for good.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

_PRIVATE_FOLDER: Final = 0o700
_OTHERS_WRITE: Final = 0o022
_ROOT: Final = 0
_PROGRAM: Final = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUser:
    """A system user. A user without a name, as in a container, is known only by its number."""

    uid: int
    gid: int
    name: str | None = None
    home: str | None = None

    def __str__(self) -> str:
        return self.name or f"the user {self.uid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFolder:
    """A folder for the service's user only. `files` are the names of the files that the service may have there.

    Only a folder that root owns is given to the user: one whose name only Sealwax uses (`has_own_name`), or a private
    one (0700) that contains nothing except `files`.
    """

    path: Path
    files: frozenset[str]
    has_own_name: bool


def find_user(name: str) -> ServiceUser:
    """Return the system user of this name.

    Raises ClickException if there is none, or if this process may not act as the user.
    """
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        raise click.ClickException(f"there is no user {name}: make it first (useradd --system {name})") from None
    if os.geteuid() not in (_ROOT, account.pw_uid):
        raise click.ClickException(f"only root can act as {name}: run this command as root")
    return ServiceUser(uid=account.pw_uid, gid=account.pw_gid, name=name, home=account.pw_dir)


def find_owner(paths: Iterable[Path]) -> ServiceUser | None:
    """Return the user, other than root, who owns one of `paths` or a folder or link above it, or None."""
    for path in paths:
        for status in _statuses_to(path):
            if status.st_uid != _ROOT:
                return _user_of(status)
    return None


def prepare_folder(folder: OwnFolder, user: ServiceUser) -> None:
    """As root: make a folder for the user, and give the user the files that an earlier run of root has left there.

    Without effect if anybody except root could change a folder or link above it. Then the user makes the folder.
    """
    path = Path(os.path.abspath(folder.path))
    nearest = next(parent for parent in path.parents if parent.exists())
    if not _belongs_to_root(nearest):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=_PRIVATE_FOLDER)
    # If `path` is a link, an operator has made it, so it is left unchanged.
    with suppress(NotADirectoryError), _opened(path, os.O_DIRECTORY | os.O_NOFOLLOW) as descriptor:
        if _is_left(folder, descriptor):
            os.fchown(descriptor, user.uid, user.gid)
        if os.fstat(descriptor).st_uid == user.uid:
            _give_files(folder, descriptor, user)


def give_own(path: Path, user: ServiceUser) -> None:
    """As root: give the user a file or folder that root has made in one of root's folders."""
    with _opened(path, os.O_NOFOLLOW) as descriptor:
        os.fchown(descriptor, user.uid, user.gid)


def become(user: ServiceUser) -> None:
    """Give up the rights of root for good. Raises ClickException."""
    if os.geteuid() == user.uid:
        return
    with _refusals_said(user):
        _take_groups(user)
        os.setgid(user.gid)
        os.setuid(user.uid)
    _check_program(user)
    if user.name and user.home:
        os.environ.update(USER=user.name, LOGNAME=user.name, HOME=user.home)


def become_owner(paths: Iterable[Path]) -> None:
    """As root: become the user whose folder contains one of the paths. Without effect if all folders are root's."""
    if os.geteuid() == _ROOT and (owner := find_owner(paths)) is not None:
        become(owner)


@contextmanager
def acting_as_owner(paths: Iterable[Path]) -> Iterator[None]:
    """Do as `become_owner`, but only during the block. The command needs the rights of root again after the block."""
    owner = find_owner(paths) if os.geteuid() == _ROOT else None
    if owner is None:
        yield
        return
    groups, gid = os.getgroups(), os.getegid()
    try:
        with _refusals_said(owner):
            _take_groups(owner)
            os.setegid(owner.gid)
            os.seteuid(owner.uid)
        _check_program(owner)
        yield
    finally:
        os.seteuid(_ROOT)
        os.setegid(gid)
        os.setgroups(groups)


def _take_groups(user: ServiceUser) -> None:
    if user.name is None:
        os.setgroups([])
    else:
        os.initgroups(user.name, user.gid)


@contextmanager
def _refusals_said(user: ServiceUser) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise click.ClickException(f"this command may not act as {user}: run it as that user") from None


def _check_program(user: ServiceUser) -> None:
    """Check that the effective user of this process can read the program. Raises ClickException."""
    if not os.access(_PROGRAM, os.R_OK | os.X_OK, effective_ids=True):
        raise click.ClickException(
            f"{user} cannot read the program in {_PROGRAM}: install it where every user can, such as in /opt/sealwax"
        )


def _user_of(status: os.stat_result) -> ServiceUser:
    try:
        account = pwd.getpwuid(status.st_uid)
    except KeyError:
        return ServiceUser(uid=status.st_uid, gid=status.st_gid)
    return ServiceUser(uid=account.pw_uid, gid=account.pw_gid, name=account.pw_name, home=account.pw_dir)


def _statuses_to(path: Path) -> Iterator[os.stat_result]:
    """The status of each folder and link above a path, and of the path itself, as far as they exist."""
    absolute = Path(os.path.abspath(path))
    for entry in (*reversed(absolute.parents), absolute):
        try:
            status = entry.lstat()
        except OSError:
            return
        yield status
        if stat.S_ISLNK(status.st_mode):
            yield from _statuses_to(entry.parent / os.readlink(entry))


def _belongs_to_root(path: Path) -> bool:
    """Return whether only root can change the folders and links that lead to a path."""
    for status in _statuses_to(path):
        # In a folder with the sticky bit, users can rename or delete only their own files.
        is_writable = bool(status.st_mode & _OTHERS_WRITE) and not status.st_mode & stat.S_ISVTX
        if status.st_uid != _ROOT or (is_writable and not stat.S_ISLNK(status.st_mode)):
            return False
    return True


def _is_left(folder: OwnFolder, descriptor: int) -> bool:
    """Return whether root has made this folder for Sealwax, and not yet given it to the user."""
    status = os.fstat(descriptor)
    if status.st_uid != _ROOT:
        return False
    is_private = stat.S_IMODE(status.st_mode) == _PRIVATE_FOLDER
    return folder.has_own_name or (is_private and folder.files.issuperset(os.listdir(descriptor)))


def _give_files(folder: OwnFolder, descriptor: int, user: ServiceUser) -> None:
    for name in folder.files:
        with suppress(OSError), _opened(name, os.O_NOFOLLOW | os.O_NONBLOCK, within=descriptor) as file:
            status = os.fstat(file)
            # A file with a second name could be a hard link that the user made to a file of root elsewhere.
            if stat.S_ISREG(status.st_mode) and status.st_uid == _ROOT and status.st_nlink == 1:
                os.fchown(file, user.uid, user.gid)


@contextmanager
def _opened(path: Path | str, flags: int, within: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | flags, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
