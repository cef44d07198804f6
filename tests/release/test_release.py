"""A release: the same bytes from each build, hashes and a signature over all files, and a wheel that needs no tools."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import pytest

from smime_core.blocking import run
from smime_core.identity import export_identity
from tests.support.people import PROVIDER, person
from tests.support.project import ROOT
from tools.release import build, write_tar, write_zip

SECONDS: Final = 1_790_000_000
COMMAND: Final = Path(sys.executable).parent / "sealwax"
HOME: Final = Path.home()
# Programs that a machine for services need not have.
TOOLS: Final = ("node", "nodejs", "npm", "npx", "gcc", "cc", "g++", "c++", "cpp", "make", "ld", "as", "clang", "rustc")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    (made / "below").mkdir(parents=True)
    (made / "below" / "a.txt").write_text("one")
    (made / "manifest.json").write_text("{}")
    return made


@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_an_archive_depends_only_on_names_and_contents(folder: Path, tmp_path: Path, write: object) -> None:
    assert callable(write)
    first, second = tmp_path / "first", tmp_path / "second"
    write(folder, first, SECONDS)
    os.utime(folder / "manifest.json", (1, 1))
    (folder / "manifest.json").chmod(0o600)
    write(folder, second, SECONDS)
    assert first.read_bytes() == second.read_bytes()


def test_the_archives_have_all_files_from_the_top(folder: Path, tmp_path: Path) -> None:
    write_zip(folder, tmp_path / "a.zip", SECONDS)
    write_tar(folder, tmp_path / "a.tar.gz", SECONDS)
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert packed.namelist() == ["below/a.txt", "manifest.json"]
        assert packed.read("below/a.txt") == b"one"
    with tarfile.open(tmp_path / "a.tar.gz") as tarred:
        assert tarred.getnames() == ["below/a.txt", "manifest.json"]


def test_a_folder_that_was_not_built_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make setup"):
        write_zip(tmp_path / "nothing", tmp_path / "a.zip", SECONDS)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("release") / "sealwax"
    build(target, version="0.2.0", seconds=SECONDS)
    return target


@pytest.mark.thorough
def test_a_release_has_its_files_with_their_hashes(release: Path) -> None:
    lines = [line.split("  ") for line in (release / "SHA256SUMS").read_text().splitlines()]
    rows = {name: digest for digest, name in lines}
    names = {file.name for file in release.iterdir()} - {"SHA256SUMS"}
    assert rows.keys() == names
    kinds = sorted(name.replace("sealwax", "").replace("-0.2.0", "") for name in names)
    assert kinds == ["-extension.zip", "-pages.tar.gz", "-py3-none-any.whl", ".cdx.json"]
    for name, digest in rows.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == digest


@pytest.mark.thorough
def test_two_builds_are_equal(release: Path, tmp_path: Path) -> None:
    build(tmp_path / "again", version="0.2.0", seconds=SECONDS)
    for file in release.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.thorough
def test_a_signed_release_is_verified_and_an_altered_file_is_named(release: Path, tmp_path: Path) -> None:
    signed = shutil.copytree(release, tmp_path / "signed")
    owner, words = tmp_path / "owner.p12", tmp_path / "words"
    owner.write_bytes(run(export_identity(person("alice"), b"words", provider=PROVIDER)))
    words.write_text("words\n")
    (tmp_path / "key.der").write_bytes(person("alice").certificate.der)
    sign: list[str | Path] = [COMMAND, "sign-release", signed, "--identity", owner, "--allow-expired"]
    sign += ["--passphrase-file", words]
    subprocess.run([*sign, "--release", "0.2.0"], check=True)
    verify: list[str | Path] = [COMMAND, "verify-release", signed, "--key", tmp_path / "key.der"]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    assert subprocess.run(verify, check=False, env=environment).returncode == 0
    (signed / "SHA256SUMS").write_text("")
    done = subprocess.run(verify, check=False, env=environment, capture_output=True, text=True)
    assert (done.returncode, "SHA256SUMS" in done.stdout + done.stderr) == (1, True)


def bare(*command: str, installed: Path, release: Path, has_net: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command where neither the project nor Node nor a compiler is to be seen."""
    hidden = [name for tool in TOOLS if (name := shutil.which(tool, path="/usr/bin:/bin"))]
    masks = [part for name in hidden for part in ("--ro-bind", "/dev/null", str(Path(name).resolve()))]
    empty = ["/tmp", "/root", "/home", "/usr/local", str(ROOT)]  # folders that are taken away
    taken = [part for place in empty for part in ("--tmpfs", place)]
    pip = HOME / ".config" / "pip"
    settings = ["--ro-bind", str(pip), "/root/.config/pip"] if pip.is_dir() else []
    places = ["--bind", str(installed), "/root/installed", "--ro-bind", str(release), "/root/release"]
    sandbox = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *taken, *settings, *places, *masks]
    own = ["--unshare-pid", "--die-with-parent", *([] if has_net else ["--unshare-net"]), "--chdir", "/root"]
    paths = ["--setenv", "HOME", "/root", "--setenv", "PATH", "/root/installed/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
    return subprocess.run([*sandbox, *own, *paths, *command], check=False, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def installed(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in an environment of Debian's Python."""
    if shutil.which("bwrap") is None or subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"]).returncode:
        pytest.skip("bubblewrap is not installed, or no namespaces are allowed here: bubblewrap")
    folder = tmp_path_factory.mktemp("installed")
    script = "python3 -m venv /root/installed && pip install --quiet /root/release/*.whl'[demo]'"
    done = bare("bash", "-c", script.replace("*.whl", next(release.glob("*.whl")).name),
                installed=folder, release=release, has_net=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


# Asks an address, as the proxy of a host does, until it answers, and prints the status.
ASK: Final = """import sys, time, urllib.error, urllib.request
host = {"Host": sys.argv[2], "X-Forwarded-Host": sys.argv[2]} if sys.argv[2:] else {}
proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"} if host else {}
request = urllib.request.Request(sys.argv[1], headers={**host, **proxied})
for _ in range(100):
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            print("status", answer.status)
            break
    except urllib.error.HTTPError as error:
        print("status", error.code)
        break
    except OSError:
        time.sleep(0.3)
"""
SERVICES: Final = {
    "bridge": ("--imap 127.0.0.1:9 --smtp 127.0.0.1:9", "http://127.0.0.1:8001/api/health api.example.org", 200),
    "keys": (
        "--ticket-key $(sealwax bridge ticket-key -c /root/bridge/bridge.toml)",
        "http://127.0.0.1:8003/parameters keys.example.org",
        405,  # It takes only POST.
    ),
}


@pytest.mark.server
@pytest.mark.thorough
def test_the_wheel_needs_neither_node_nor_a_compiler(release: Path, installed: Path) -> None:
    done = bare("bash", "-c", "command -v node; command -v gcc && gcc --version; sealwax --version",
                installed=installed, release=release)  # fmt: skip
    assert done.stdout.splitlines()[-1] == "sealwax 0.2.0"
    assert "Copyright" not in done.stdout


@pytest.mark.server
@pytest.mark.thorough
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_of_the_wheel_is_made_checked_and_serves(release: Path, installed: Path, service: str) -> None:
    options, address, status = SERVICES[service]
    bridge = "sealwax bridge init -c /root/bridge/bridge.toml --database /root/bridge/bridge.sqlite"
    config = f"-c /root/{service}/{service}.toml"
    init = f"sealwax {service} init {config} --database /root/{service}/{service}.sqlite {options}"
    script = f"""set -e
{bridge} >&2
{init} >&2
sealwax {service} check {config} >&2 || test $? = 1
sealwax {service} serve {config} 2>&1 & service=$!
python3 -c '{ASK}' {address}
kill $service; wait $service
"""
    done = bare("bash", "-c", script, installed=installed, release=release)
    assert f"status {status}" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.server
@pytest.mark.thorough
def test_the_demonstration_runs_from_the_wheel(release: Path, installed: Path) -> None:
    script = f"""sealwax demo > /root/said 2>&1 & demo=$!
for wait in $(seq 200); do grep -q "Ctrl-C ends" /root/said && break; sleep 0.3; done
python3 -c '{ASK}' $(grep -o 'http://127.0.0.1:[0-9]*' /root/said | head -1)/
kill -INT $demo; wait $demo; cat /root/said
"""
    done = bare("bash", "-c", script, installed=installed, release=release)
    assert "status 200" in done.stdout, done.stdout + done.stderr
    assert "alice@example.test" in done.stdout
