"""The examples for systemd and containers: as far as they can be tried without a service manager and a daemon."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import BaseModel

from roaming_keys.server.operation.settings import KeysSettings
from sealwax.cli.group import sealwax as command_group
from sealwax.operation.settings import secret_names, setting_names, variable_name
from tests.support.clock import FakeClock
from tests.support.project import ROOT
from tests.support.servers import containers
from tests.support.servers.own_process import sealwax
from tests.support.servers.parcels import bridge_config, store_config
from webbridge import create_app
from webbridge.operation.settings import BridgeSettings
from webbridge.services import services_of

# systemd's own scale goes from 0 to 10, and calls 2 and less "OK".
MOST_EXPOSURE = 2.0
SERVICES = ("bridge", "events", "pages", "keys", "keys-stamp")


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("operator")
    done = sealwax(
        "bridge", "init", "-c", str(folder / "etc" / "bridge.toml"),
        "--database", str(folder / "bridge.sqlite"), "--examples", str(folder / "examples"),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "examples"


def unit(examples: Path, name: str) -> list[tuple[str, str]]:
    lines = (examples / "systemd" / f"sealwax-{name}.service").read_text().splitlines()
    return [(line.partition("=")[0], line.partition("=")[2]) for line in lines if "=" in line and line[0] != "#"]


def command_at(words: list[str]) -> click.Command:
    """The command of our own that these words name."""
    context = click.Context(command_group)
    command: click.Command = command_group
    while isinstance(command, click.Group) and words:
        following = command.get_command(context, words.pop(0))
        assert following is not None
        command = following
    return command


def test_no_place_is_left_open_in_an_example(examples: Path) -> None:
    for file in (path for path in examples.rglob("*") if path.is_file()):
        assert not re.search(r"@[A-Z_]+@", file.read_text()), file


@pytest.fixture(scope="module")
def streamed_paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The paths of the API to which clients send bytes in parts, as tus does."""
    config = bridge_config(":memory:", FakeClock(), store_config(tmp_path_factory.mktemp("store")))
    app = create_app(config)
    services_of(app).close()
    paths = [str(rule).partition("<")[0] for rule in app.url_map.iter_rules() if "PATCH" in (rule.methods or ())]
    assert paths
    return paths


def test_nginx_keeps_no_bytes_that_come_in_parts_on_its_disk(examples: Path, streamed_paths: list[str]) -> None:
    text = (examples / "nginx" / "sealwax" / "api.inc").read_text()
    blocks = [block.split("\n}", 1)[0] for block in text.split("\nlocation ")[1:]]
    locations = {path: settings for path, _, settings in (block.partition(" {\n") for block in blocks)}
    for path in streamed_paths:
        settings = locations[max((location for location in locations if path.startswith(location)), key=len)]
        assert "proxy_request_buffering off;" in settings, path
        assert "client_max_body_size 20m;" in settings, path


def test_caddy_takes_bytes_that_come_in_parts(examples: Path, streamed_paths: list[str]) -> None:
    text = (examples / "caddy" / "Caddyfile").read_text()
    (matcher,) = re.findall(r"^\t@parcels path (.*)$", text, re.MULTILINE)
    settings = text.split("\thandle @parcels {\n")[1].split("\n\t}")[0]
    assert "max_size 20MB" in settings
    assert "buffer_requests" not in settings
    for path in streamed_paths:
        assert any(
            path.startswith(pattern.removesuffix("*")) for pattern in matcher.split() if pattern.endswith("*")
        ), path


@pytest.mark.parametrize("name", SERVICES)
def test_systemd_understands_each_unit(examples: Path, name: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    file = str(examples / "systemd" / f"sealwax-{name}.service")
    verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", file], capture_output=True, text=True, check=True
    )
    _, _, exposure = rated.stdout.partition("Overall exposure level")
    assert float(exposure.partition(": ")[2].split()[0]) <= MOST_EXPOSURE


@pytest.mark.parametrize("name", SERVICES)
def test_each_unit_runs_a_command_of_ours_as_a_user_of_its_own(examples: Path, name: str) -> None:
    settings = dict(unit(examples, name))
    program, *words = shlex.split(settings["ExecStart"])
    assert Path(program).name == "sealwax"
    command = command_at(words)
    command.parse_args(click.Context(command), words)
    # The events have the bridge's database, and the timestamps that of the key server.
    assert settings["User"] == f"sealwax-{name}".replace("events", "bridge").removesuffix("-stamp")


def test_systemd_understands_the_timer(examples: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    file = str(examples / "systemd" / "sealwax-keys-stamp.timer")
    verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")


def credentials(examples: Path, name: str) -> dict[str, str]:
    rows = [value.partition(":") for key, value in unit(examples, name) if key == "LoadCredential"]
    return {name: path for name, _, path in rows}


def test_each_unit_gets_its_own_secrets_and_no_others(examples: Path) -> None:
    """The bridge never has the key server's secrets: neither the credential nor a path to it."""
    own = {name: credentials(examples, name) for name in SERVICES}
    assert set(own["bridge"]) == set(secret_names(BridgeSettings)) - {"database", "parcel_pepper", "push_key"}
    assert set(own["keys"]) == set(secret_names(KeysSettings)) - {"database"}
    assert own["pages"] == {}
    assert not set(own["bridge"].values()) & set(own["keys"].values())
    for name in ("bridge", "events", "pages"):
        text = (examples / "systemd" / f"sealwax-{name}.service").read_text()
        assert "master_key" not in text
        assert "keys.secrets" not in text
    compose = read_yaml(examples / "container" / "compose.yaml")
    assert compose["services"]["bridge"]["secrets"] == ["enrolment_key"]
    assert "secrets" not in compose["services"]["pages"]


def test_each_unit_with_secrets_has_the_line_for_a_database_that_is_one(examples: Path) -> None:
    for file in (examples / "systemd").glob("*.service"):
        loads = re.findall(r"^(# )?LoadCredential=(\w+):(.*)$", file.read_text(), re.MULTILINE)
        places = {Path(path).parent for _, _, path in loads}
        assert len(places) <= 1, file
        assert all(("# ", "database", str(place / "database")) in loads for place in places), file


def test_the_compose_file_names_settings_and_commands_that_exist(examples: Path) -> None:
    compose = read_yaml(examples / "container" / "compose.yaml")
    kinds: dict[str, type[BaseModel]] = dict.fromkeys(("bridge", "events", "pages"), BridgeSettings)
    kinds["keys"] = KeysSettings
    for name, kind in kinds.items():
        service = compose["services"][name]
        known = {variable_name(path) for path, _ in setting_names(kind)} | {"CREDENTIALS_DIRECTORY"}
        assert set(service["environment"]) <= known
        assert isinstance(command_at(list(service["command"])), click.Command)
        assert service["read_only"] is True
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in compose["volumes"]


def test_dovecot_understands_its_example(examples: Path, tmp_path: Path) -> None:
    if shutil.which("doveconf") is None:
        pytest.skip("dovecot is not installed")
    text = (examples / "container" / "dovecot.conf").read_text().replace("</run/mail/", f"<{tmp_path}/")
    for name in ("ca.pem", "privkey.pem"):
        (tmp_path / name).write_text("in the container")
    (tmp_path / "dovecot.conf").write_text(text)
    shown = subprocess.run(
        ["doveconf", "-n", "-c", str(tmp_path / "dovecot.conf")], capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "port = 465" in shown.stdout


@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.skipif(not containers.can_run(), reason="needs root, namespaces, Postfix and Dovecot with LMTP")
def test_the_services_of_the_compose_file_start_and_a_message_arrives() -> None:
    """Without a container daemon: `tests.support.servers.containers` says what is left out."""
    done = subprocess.run(
        [*containers.UNSHARE, sys.executable, "-m", "tests.support.servers.containers"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("--- the message arrived\n")


def test_each_file_that_an_image_copies_is_beside_it(examples: Path) -> None:
    folder = examples / "container"
    for file in folder.glob("*Containerfile"):
        copied = [line.split()[1] for line in file.read_text().splitlines() if line.startswith("COPY ")]
        assert all((folder / name).is_file() for name in copied if "*" not in name), file
    subprocess.run(["sh", "-n", str(folder / "mail.sh")], check=True)


def test_the_image_ends_by_our_command(examples: Path) -> None:
    lines = (examples / "container" / "Containerfile").read_text().splitlines()
    assert 'ENTRYPOINT ["sealwax"]' in lines
    assert any(line.startswith("USER ") for line in lines)


def read_yaml(file: Path) -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(file.read_text())
