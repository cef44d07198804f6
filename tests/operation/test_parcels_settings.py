"""The table `[parcels]` of the bridge's settings, its secret, and the examples with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealwax.operation.settings import WrongSettings, load_settings
from webbridge.operation.examples import write_examples
from webbridge.operation.settings import BridgeSettings
from webbridge.security import pages_policy

KEY = "44" * 32
GOOD = """
api_origin = "https://api.example.org"
pages_origin = "https://mail.example.org"
key_server_origin = "https://keys.example.org"
[mail.imap]
host = "imap.example.org"
port = 993
[mail.smtp]
host = "smtp.example.org"
port = 465
"""
STORE = '[parcels]\nstore = "/srv/parcels"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "bridge.secrets").mkdir()
    for name in ("enrolment_key", "parcel_pepper"):
        (tmp_path / "bridge.secrets" / name).write_text(KEY + "\n")
    (tmp_path / "bridge.toml").write_text(GOOD + STORE)
    return tmp_path / "bridge.toml"


def problem_of(file: Path) -> str:
    with pytest.raises(WrongSettings) as wrong:
        load_settings(BridgeSettings, file).to_config()
    (problem,) = wrong.value.problems
    return problem


def test_parcels_are_off_until_there_is_a_store(file: Path) -> None:
    parcels = load_settings(BridgeSettings, file).to_config().parcels
    assert parcels is not None
    assert (parcels.store, parcels.pepper.hex()) == ("/srv/parcels", KEY)
    file.write_text(GOOD)
    assert load_settings(BridgeSettings, file).to_config().parcels is None


def test_the_pepper_is_a_secret_of_its_own(file: Path) -> None:
    (file.parent / "bridge.secrets" / "parcel_pepper").unlink()
    assert problem_of(file) == "parcel_pepper is missing: `sealwax bridge parcel-pepper` makes it"


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ('store = "parcels"', "parcels: an absolute path is expected"),
        ('store = "/srv/parcels"\naccel_path = "files"', "parcels: a path as /parcel-files is expected"),
        ('store = "/srv/parcels"\naccel_path = "/files/"', "parcels: a path as /parcel-files is expected"),
        ('store = "/srv/parcels"\npresigned_seconds = 60', "parcels.presigned_seconds: a store at s3:// is expected"),
        ('store = "s3://b/x"\nupload_folder = "/srv/u"\npresigned_seconds = 60', "parcels.endpoint is missing"),
        (
            'store = "s3://b/x"\nupload_folder = "/srv/u"\npresigned_seconds = 60\nendpoint = "s3.example.org"',
            "parcels.endpoint: '://' is not an origin",
        ),
        ('store = "s3://bucket/x"', "parcels.upload_folder is missing"),
        ('store = "s3://bucket/x"\naccel_path = "/files"\nupload_folder = "/srv/u"', "parcels.accel_path: a store in"),
        ('store = "/srv/parcels"\nmax_days = 91', "parcels.max_days: expected"),
        ('store = "/srv/parcels"\nmax_recipients = 0', "parcels.max_recipients: expected"),
        ('store = "/srv/parcels"\nkey_socket = "socket"', "parcels.key_socket: an absolute path is expected"),
        ('stores = "/srv/parcels"', "parcels.stores: there is no such setting"),
    ],
)
def test_a_wrong_setting_is_named(file: Path, table: str, named: str) -> None:
    file.write_text(f"{GOOD}[parcels]\n{table}\n")
    assert problem_of(file).startswith(named)


def test_a_store_at_a_url_has_its_folder_and_addresses(file: Path) -> None:
    file.write_text(
        f'{GOOD}[parcels]\nstore = "s3://bucket/x"\nendpoint = "https://s3.example.org"\n'
        'upload_folder = "/srv/uploads"\npresigned_seconds = 300\n'
    )
    parcels = load_settings(BridgeSettings, file).to_config().parcels
    assert parcels is not None
    assert (parcels.is_folder, parcels.upload_folder, parcels.presigned_seconds) == (False, Path("/srv/uploads"), 300)


@pytest.mark.parametrize("endpoint", ["https://s3.example.org", "https://s3.example.org:8443/"])
def test_the_pages_may_fetch_from_a_store_with_presigned_addresses_only(file: Path, endpoint: str) -> None:
    remote = f'{GOOD}[parcels]\nstore = "s3://bucket/x"\nendpoint = "{endpoint}"\nupload_folder = "/srv/uploads"\n'
    file.write_text(remote)
    assert load_settings(BridgeSettings, file).to_pages_config().parcel_store_origin is None
    file.write_text(f"{remote}presigned_seconds = 300\n")
    pages = load_settings(BridgeSettings, file).to_pages_config()
    assert pages.parcel_store_origin == endpoint.removesuffix("/")
    assert pages_policy(pages)["connect-src"].split()[-1] == pages.parcel_store_origin


def test_the_examples_let_nginx_send_the_bytes(file: Path, tmp_path: Path) -> None:
    file.write_text(f'{GOOD}{STORE}accel_path = "/parcel-files"\n')
    list(write_examples(load_settings(BridgeSettings, file), file, tmp_path / "examples"))
    api = (tmp_path / "examples" / "nginx" / "sealwax" / "api.inc").read_text()
    assert "location /parcel-files/ {" in api
    assert "internal;" in api
    assert "alias /srv/parcels/;" in api
    assert "add_header Access-Control-Allow-Origin $upstream_http_access_control_allow_origin;" in api
    unit = (tmp_path / "examples" / "systemd" / "sealwax-bridge.service").read_text()
    assert "ReadWritePaths=/srv/parcels\n" in unit
    secret = file.parent / "bridge.secrets" / "parcel_pepper"
    assert f"\nLoadCredential=parcel_pepper:{secret}\n" in unit
