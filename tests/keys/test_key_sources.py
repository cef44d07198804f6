"""The places of the master key: the system keyring and a file, and the look for a key that is not known yet."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import SecretService, chainer, fail, null

from roaming_keys.server.master_key.key_sources import (
    KEYRING_ENTRY,
    KEYRING_SERVICE,
    GivenKeys,
    KeyFile,
    KeyringKeys,
    check_backend,
    read_keys,
)
from roaming_keys.server.master_key.server_keys import LOOK_AGAIN_SECONDS, KeyRing, MasterKey, ServerKeyError, head_of

ONE, TWO, THREE = (MasterKey(bytes([number]) * 32) for number in (1, 2, 3))


class MemoryKeyring(SecretService.Keyring):
    """The keyring of a desktop without its daemon."""

    # Below that of no keyring, so that no other test finds it.
    priority = -2

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own constructor has no types
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


class ForeignKeyring(KeyringBackend):
    """A keyring of some package, which may keep its entries in clear."""

    # Below that of no keyring, so that no other test finds it.
    priority = -2

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def get_password(self, service: str, username: str) -> str | None:
        return base64.b64encode(ONE.secret).decode()

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[KeyringBackend], None]:
    """Make a backend that of the system."""

    def use(backend: KeyringBackend) -> None:
        monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
        monkeypatch.setattr(keyring, "get_password", lambda service, user: backend.get_password(service, user))
        monkeypatch.setattr(keyring, "set_password", lambda *entry: backend.set_password(*entry))

    return use


@pytest.fixture
def system_keyring(use: Callable[[KeyringBackend], None]) -> MemoryKeyring:
    backend = MemoryKeyring()
    use(backend)
    return backend


def fingerprints(keys: tuple[MasterKey, ...]) -> list[bytes]:
    return [key.fingerprint for key in keys]


@pytest.mark.parametrize("backend", [fail.Keyring(), null.Keyring()])  # type: ignore[no-untyped-call]
def test_a_system_without_a_keyring_has_no_master_key_and_names_the_remedy(
    use: Callable[[KeyringBackend], None], backend: KeyringBackend, tmp_path: Path
) -> None:
    use(backend)
    with pytest.raises(ServerKeyError, match="sealwax keys init"):
        KeyringKeys(tmp_path / "keys.sqlite").find()
    with pytest.raises(ServerKeyError, match="keep the master key in a file"):
        KeyringKeys(tmp_path / "keys.sqlite").make()


def test_a_keyring_that_may_keep_in_clear_is_refused(use: Callable[[KeyringBackend], None], tmp_path: Path) -> None:
    use(ForeignKeyring())
    with pytest.raises(ServerKeyError, match="known to encrypt"):
        KeyringKeys(tmp_path / "keys.sqlite").find()
    with pytest.raises(ServerKeyError, match="known to encrypt"):
        KeyringKeys(tmp_path / "keys.sqlite").make()


def test_a_chain_counts_as_its_weakest_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = chainer.ChainerBackend()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [MemoryKeyring()])
    check_backend(chain)
    for members in ([MemoryKeyring(), ForeignKeyring()], []):
        monkeypatch.setattr(chainer.ChainerBackend, "backends", members)
        with pytest.raises(ServerKeyError):
            check_backend(chain)


def test_nothing_but_init_makes_a_key(system_keyring: MemoryKeyring, tmp_path: Path) -> None:
    place = KeyringKeys(tmp_path / "keys.sqlite")
    with pytest.raises(ServerKeyError, match="sealwax keys init"):
        place.find()
    assert system_keyring.entries == {}
    assert place.make()
    made = fingerprints(place.find())
    assert not place.make()
    assert fingerprints(place.find()) == made


def test_two_that_make_a_key_in_the_keyring_at_once_make_one(
    system_keyring: MemoryKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock, both find no key before either of them makes one."""
    written: list[str] = []
    both, look = threading.Barrier(2), system_keyring.get_password

    def look_slowly(service: str, user: str) -> str | None:
        secret = look(service, user)
        # The other one comes here only if it does not wait for the lock.
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=0.2)
        return secret

    def note(service: str, user: str, password: str) -> None:
        written.append(password)
        system_keyring.entries[service, user] = password

    monkeypatch.setattr(system_keyring, "get_password", look_slowly)
    monkeypatch.setattr(system_keyring, "set_password", note)
    threads = [threading.Thread(target=KeyringKeys(tmp_path / "keys.sqlite").make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written) == 1


def test_a_keyring_that_did_not_keep_the_key_is_told(
    system_keyring: MemoryKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_keyring, "set_password", lambda *_entry: None)
    with pytest.raises(ServerKeyError, match="did not keep"):
        KeyringKeys(tmp_path / "keys.sqlite").make()


def test_the_key_of_an_earlier_version_is_found_in_the_keyring(system_keyring: MemoryKeyring, tmp_path: Path) -> None:
    system_keyring.entries[KEYRING_SERVICE, KEYRING_ENTRY] = base64.b64encode(ONE.secret).decode()
    place = KeyringKeys(tmp_path / "keys.sqlite")
    assert fingerprints(place.find()) == [ONE.fingerprint]
    place.keep([TWO, ONE])
    assert fingerprints(place.find()) == [TWO.fingerprint, ONE.fingerprint]


def test_a_damaged_entry_of_the_keyring_is_told(system_keyring: MemoryKeyring, tmp_path: Path) -> None:
    system_keyring.entries[KEYRING_SERVICE, KEYRING_ENTRY] = "no base64"
    with pytest.raises(ServerKeyError, match="restore it from a backup"):
        KeyringKeys(tmp_path / "keys.sqlite").find()


def test_machines_that_share_a_database_need_the_key_in_the_configuration(system_keyring: MemoryKeyring) -> None:
    with pytest.raises(ServerKeyError, match="in the configuration"):
        KeyringKeys("postgresql://sealwax@127.0.0.1/keys").find()


@pytest.mark.parametrize("text", ["", " \n", "00" * 31, "00" * 33, "zz" * 32, "00" * 32 + " 11", "key " + "00" * 32])
def test_a_file_that_is_not_all_keys_is_refused_without_repeating_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "master_key").write_text(text)
    with pytest.raises(ServerKeyError, match="64 hexadecimal digits") as refused:
        KeyFile(tmp_path / "master_key").find()
    assert "00" not in str(refused.value)


def test_a_file_keeps_its_keys_in_their_order_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "master_key"
    path.write_text(f"  {ONE.secret.hex().upper()}\n")
    path.chmod(0o600)
    KeyFile(path).keep([TWO, ONE])
    assert fingerprints(KeyFile(path).find()) == [TWO.fingerprint, ONE.fingerprint]
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert fingerprints(read_keys(path.read_text())) == [TWO.fingerprint, ONE.fingerprint]


def test_a_key_that_is_put_into_the_file_later_is_found(tmp_path: Path) -> None:
    path = tmp_path / "master_key"
    ring = KeyRing(GivenKeys(keys=(ONE,), file=path))
    path.write_text(f"{TWO.secret.hex()}\n")
    key = ring.find(TWO.head)
    assert key is not None
    assert key.fingerprint == TWO.fingerprint
    # It is gone from the file, but contents in memory may be sealed under it.
    assert ring.find(ONE.head) is not None


def test_a_key_that_is_nowhere_is_looked_for_once_a_second(tmp_path: Path) -> None:
    at = 0.0
    looks: list[float] = []

    class Source:
        def find(self) -> tuple[MasterKey, ...]:
            looks.append(at)
            return (ONE, THREE) if len(looks) > 3 else (ONE,)

    ring = KeyRing(Source(), monotonic=lambda: at)
    for _ in range(5):
        assert ring.find(head_of(bytes(32))) is None
    assert looks == [0.0, 0.0]
    # Another one is looked for at once: its first record may have come only now.
    assert ring.find(TWO.head) is None
    assert looks == [0.0] * 3
    assert ring.find(THREE.head) is not None
    at = LOOK_AGAIN_SECONDS
    assert ring.find(head_of(bytes(32))) is None
    assert looks == [0.0] * 4 + [LOOK_AGAIN_SECONDS]
