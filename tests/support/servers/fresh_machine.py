"""A machine on which nobody has installed anything yet, for the commands of a guide, run word for word.

    unshare --mount --pid --fork --kill-child python -m tests.support.servers.fresh_machine GUIDE

It is this machine with a network of its own, in which every port is free, and with folders that the commands may
change: what they write is gone at the end. Three names lead to it, an authority of its own has certified them, and a
mail server answers as `imap.example.org` and `smtp.example.org`. A stand-in for systemctl starts what the units say.
One for apt-get trusts that this machine has the packages.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path

from tests.support.code_blocks import examples
from tests.support.project import ROOT
from tests.support.servers.mailboxes import BOB, PASSWORDS
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.demo.tls import write_tls_files

ALICE = "alice@example.org"  # The guide names this domain.
PASSWORD = PASSWORDS[BOB]
NAMES = ("api.example.org", "mail.example.org", "keys.example.org", "imap.example.org", "smtp.example.org")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
CHANGED = ("/etc", "/opt", "/root", "/var/lib", "/var/log")
INSIDE = "--inside"
WORK = Path("/mnt")
PRESENT = WORK / "present"
STAND_INS = Path(__file__).with_name("stand_ins")
UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")

BEGINNING = ("Thirty minutes to a server", "What was installed")


def has_namespaces() -> bool:
    """Return whether we may make a machine of our own: as root, with namespaces."""
    if os.getuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Prepare the machine, install, and go on without the network of this machine."""
    if sys.argv[1] == INSIDE:
        serve(sys.argv[2])
        return
    guide = Path(sys.argv[1]).read_text()
    # The layers lie in memory, outside the folders that they cover.
    run("mount", "-t", "tmpfs", "tmpfs", str(WORK))
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for folder in CHANGED:
        cover(folder, WORK)
    # The interpreter of the tests may be in root's home.
    Path("/root").chmod(0o711)
    PRESENT.mkdir()
    certify(PRESENT)
    run(
        sys.executable,
        "-m",
        "pip",
        "--quiet",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(PRESENT),
        str(ROOT),
    )
    follow(blocks_of(guide)[:1])
    run("unshare", "--net", sys.executable, "-m", "tests.support.servers.fresh_machine", INSIDE, sys.argv[1])


def serve(guide: str) -> None:
    """Run the commands that lead to a running bridge, and use it."""
    run("ip", "link", "set", "lo", "up")
    with mail_server(PRESENT):
        follow(blocks_of(Path(guide).read_text())[1:])
        use()


def follow(blocks: list[str]) -> None:
    """Run the commands of some blocks. A variable of an earlier block is known in a later one."""
    commands = "".join(blocks)
    environment = {**clean(), "PATH": f"{STAND_INS}:{os.environ['PATH']}:/usr/sbin:/sbin"}
    print(f"--- {commands}", flush=True)
    subprocess.run(["sh", "-eu", "-c", commands], cwd=PRESENT, env=environment, check=True)


def blocks_of(guide: str) -> list[str]:
    """The blocks of commands at the beginning: the installation, the way to a running bridge, and looks at it."""
    sections = [guide.partition(f"\n## {title}\n")[2].partition("\n## ")[0] for title in BEGINNING]
    blocks = [block for section in sections for block in examples(section, "sh")]
    assert len(blocks) == 3, BEGINNING
    return blocks


def cover(folder: str, work: Path) -> None:
    name = folder.strip("/").replace("/", "-")
    upper, inner = work / name / "upper", work / name / "work"
    upper.mkdir(parents=True)
    inner.mkdir()
    options = f"lowerdir={folder},upperdir={upper},workdir={inner}"
    run("mount", "-t", "overlay", "overlay", "-o", options, folder)


def certify(folder: Path) -> None:
    """Certificates for the names, from an authority that this machine trusts as any other."""
    authority = write_tls_files(folder, datetime.now(UTC), names=NAMES)
    with AUTHORITIES.open("ab") as trusted:
        trusted.write(authority.read_bytes())
    both = (folder / "tls_server.pem").read_text()
    certificate, _, key = both.partition("-----BEGIN PRIVATE KEY-----")
    (folder / "fullchain.pem").write_text(certificate)
    (folder / "privkey.pem").write_text("-----BEGIN PRIVATE KEY-----" + key)
    with Path("/etc/hosts").open("a") as hosts:
        hosts.writelines(f"127.0.0.1 {name}\n" for name in NAMES)


def mail_server(folder: Path) -> MemoryMailServer:
    imap, smtp = (socket.create_server(("127.0.0.1", port)) for port in (993, 587))
    return MemoryMailServer({ALICE: PASSWORD}, tls_folder=folder, imap_socket=imap, smtp_socket=smtp)


def use() -> None:
    """Sign in by the public names, as the pages do."""
    pages = "https://mail.example.org"
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    config = json.loads(browser.open(f"{pages}/config.json").read())
    assert config == {"api": "https://api.example.org", "keyServer": "https://keys.example.org"}, config
    headers = {"Origin": pages, "X-Sealwax": "1", "Content-Type": "application/json"}
    body = json.dumps({"address": ALICE, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{config['api']}/api/session", body, headers)
    assert json.loads(browser.open(request).read())["address"] == ALICE
    folders = json.loads(browser.open(f"{config['api']}/api/folders").read())["folders"]
    assert folders
    user = json.dumps({"protocol": 2, "user": ALICE}).encode()
    parameters_request = urllib.request.Request(f"{config['keyServer']}/parameters", user, headers)
    assert json.loads(browser.open(parameters_request).read())["protocol"] == 2
    print("--- signed in", flush=True)


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SEALWAX_")}


def run(*command: str) -> None:
    program = shutil.which(command[0], path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    subprocess.run([str(program), *command[1:]], check=True)


if __name__ == "__main__":
    main()
