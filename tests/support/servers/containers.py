"""The compose file of the examples, followed on one machine without a container daemon.

    unshare --mount --pid --fork --kill-child python -m tests.support.servers.containers

Each service runs by its command, environment, secrets, configs and volumes, as the image's user, in a view of the file
system of its own, where only the volumes and /tmp can be written. The mail server is that of its container file, with
Debian's Dovecot and Postfix. The network is one of its own, and the names of the services lead to its loopback. Left
out are the images' downloads (pip and apt-get), the run of Caddy, whose file is only read, and the limits that a
daemon sets.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.support.servers.bridge import upload
from tests.support.servers.fresh_machine import UNSHARE as UNSHARE, WORK, cover, has_namespaces, run

INSIDE = "--inside"
LMTP = Path("/usr/lib/dovecot/lmtp")
CHANGED = ("/etc", "/root", "/var/lib", "/var/log", "/var/spool", "/srv")
EXAMPLES = WORK / "examples"
COMPOSED = EXAMPLES / "container"
PORTS = {"bridge": 8001, "pages": 8002, "keys": 8003, "events": 8004}
ORIGINS = {"bridge": "https://api.example.org", "pages": "https://mail.example.org", "keys": "https://keys.example.org"}
ORIGINS["events"] = ORIGINS["bridge"]
MESSAGE = b"From: alice@example.org\r\nTo: bob@example.org\r\nMessage-ID: <one@example.org>\r\n\r\nBy containers.\r\n"
TICKET_KEY = "docker compose run --rm -T --no-deps bridge bridge ticket-key"
PROGRAM = (sys.executable, "-m", "sealwax.cli")
START_SECONDS = 60
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def can_run() -> bool:
    """Return whether this machine has what the services need."""
    programs = ("ip", "openssl", "postfix", "dovecot", "setpriv")
    return (
        find_spec("yaml") is not None
        and LMTP.exists()
        and has_namespaces()
        and all(shutil.which(program, path=PATH) for program in programs)
    )


def main() -> None:
    """Prepare the machine, and go on without the network of this machine."""
    if sys.argv[1:] == [INSIDE]:
        follow()
        return
    run("mount", "-t", "tmpfs", "tmpfs", str(WORK))
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for folder in CHANGED:
        cover(folder, WORK)
    # The interpreter of the tests may be in root's home.
    Path("/root").chmod(0o711)
    WORK.chmod(0o755)
    run("unshare", "--net", sys.executable, "-m", "tests.support.servers.containers", INSIDE)


def follow() -> None:
    """Build what the container files build, start the services, and use them."""
    run("ip", "link", "set", "lo", "up")
    with Path("/etc/hosts").open("a") as hosts:
        hosts.write("127.0.0.1 bridge events pages keys mail\n")
    config = str(WORK / "etc" / "bridge.toml")
    run(*PROGRAM, "bridge", "init", "-c", config, "--database", str(WORK / "b.sqlite"), "--examples", str(EXAMPLES))
    shutil.copy(EXAMPLES / "caddy" / "Caddyfile", COMPOSED)
    compose = import_module("yaml").safe_load((COMPOSED / "compose.yaml").read_text())
    for command in commands_above(COMPOSED / "compose.yaml"):
        print(f"--- {command}", flush=True)
        # Without a daemon, the program of the image runs here.
        setting = f"CREDENTIALS_DIRECTORY={COMPOSED / 'secrets'}"
        ours = shlex.join(["env", setting, *PROGRAM, "bridge", "ticket-key", "-c", config])
        subprocess.run(["sh", "-eu", "-c", command.replace(TICKET_KEY, ours)], cwd=COMPOSED, check=True)
    # A daemon mounts the files of secrets for each service. Their mode in the container is theirs here.
    for file in (COMPOSED / "secrets").iterdir():
        file.chmod(0o644)
    check_proxy(compose)
    build_mail()
    start("mail", ["sh", "/usr/local/bin/mail.sh"], binds(compose, "mail"))
    wait_for(993)
    start_services(compose)
    try:
        use()
    except BaseException:
        print(logs())
        raise


def start_services(compose: Any) -> None:
    user = build_image()
    for name in PORTS:
        service = compose["services"][name]
        env = dict(line.partition("=")[::2] for line in (COMPOSED / ".env").read_text().splitlines())
        settings = {
            key: value.replace("${TICKET_KEY:-}", env["TICKET_KEY"]) for key, value in service["environment"].items()
        }
        variables = {"PATH": os.environ["PATH"], **settings}
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "env", "-i"]
        command += [f"{key}={value}" for key, value in variables.items()]
        start(name, [*command, *PROGRAM, *service["command"]], binds(compose, name), is_read_only=True)
    for port in PORTS.values():
        wait_for(port)


def commands_above(file: Path) -> list[str]:
    """The commands in the comment at the beginning of a file, without that of the container daemon."""
    head = file.read_text().partition("\nx-service")[0]
    words = "".join(line.removeprefix("#   ") for line in head.splitlines(keepends=True) if line.startswith("#   "))
    return [command for command in words.replace("\\\n", " ").splitlines() if not command.startswith("docker ")]


def steps_of(file: Path) -> list[str]:
    """The commands of RUN in a container file, without those that download."""
    (steps,) = re.findall(r"^RUN ((?:.*\\\n)*.*)", file.read_text(), re.MULTILINE)
    commands = [step.strip() for step in steps.replace("\\\n", " ").split(";")]
    return [command for command in commands if not re.match(r"set |apt-get |DEBIAN_FRONTEND|wheel=|pip |rm ", command)]


def check_proxy(compose: Any) -> None:
    """Check that Caddy, if it is installed, passes requests on to the services, by their names and ports."""
    if shutil.which("caddy") is None:
        return
    adapted = subprocess.run(
        ["caddy", "adapt", "--config", str(COMPOSED / "Caddyfile")], capture_output=True, text=True, check=True
    )
    assert set(re.findall(r'"dial":"([^"]+)"', adapted.stdout)) == {f"{name}:{port}" for name, port in PORTS.items()}
    assert set(PORTS) < set(compose["services"])


def build_mail() -> None:
    for command in steps_of(COMPOSED / "mail.Containerfile"):
        print(f"--- {command}", flush=True)
        subprocess.run(["sh", "-eu", "-c", command], check=True)
    # The image's own files, where COPY puts them.
    cover("/usr/local/bin", WORK)
    for line in (COMPOSED / "mail.Containerfile").read_text().splitlines():
        if line.startswith("COPY "):
            _, source, target = line.split()
            Path(target).write_bytes((COMPOSED / source).read_bytes())


def build_image() -> int:
    """Make the image's user. Returns the user's number."""
    for command in steps_of(COMPOSED / "Containerfile"):
        print(f"--- {command}", flush=True)
        subprocess.run(["sh", "-eu", "-c", command], check=True)
    (user,) = re.findall(r"--uid (\d+) sealwax", (COMPOSED / "Containerfile").read_text())
    return int(user)


def binds(compose: Any, name: str) -> dict[str, Path]:
    """The folders that a service sees, by their place."""
    service, folders = compose["services"][name], {}
    for volume in service.get("volumes", ()):
        source, target, *_ = volume.split(":")
        folder = COMPOSED / source if source.startswith("./") else WORK / "volumes" / source
        if not folder.exists():
            # A new volume has the owner and the mode that its place has in the image.
            folder.mkdir(parents=True)
            shutil.copystat(target, folder)
            os.chown(folder, os.stat(target).st_uid, os.stat(target).st_gid)
        folders[target] = folder
    for kind, target in (("secrets", "/run/secrets"), ("configs", "/")):
        for entry in service.get(kind, ()):
            grant = entry if isinstance(entry, dict) else {"source": entry}
            declared = compose[kind][grant["source"]]
            place = Path(target) / str(grant.get("target", grant["source"]))
            content = (COMPOSED / declared["file"]).read_text() if "file" in declared else declared["content"]
            folder = WORK / "given" / name / place.parent.name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / place.name).write_text(content)
            folders[str(place.parent)] = folder
    return folders


def start(name: str, command: list[str], bound: dict[str, Path], *, is_read_only: bool = False) -> None:
    """Start a service in a view of the file system of its own."""
    lines = ["mount --make-rprivate /"]
    for target, source in bound.items():
        Path(target).mkdir(parents=True, exist_ok=True)
        lines.append(shlex.join(["mount", "--bind", str(source), target]))
    if is_read_only:
        lines += ["mount -t tmpfs tmpfs /tmp", *(f"mount -o remount,bind,ro {folder}" for folder in ("/", *CHANGED))]
    lines.append(f"exec {shlex.join(command)}")
    log = (WORK / f"{name}.log").open("wb")
    subprocess.Popen(
        ["unshare", "--mount", "sh", "-eu", "-c", "\n".join(lines)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )


def wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                return connection.connect()
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing listens at {port}:{logs()}")


def logs() -> str:
    """The ends of all logs."""
    return "".join(f"\n=== {file.name}\n{file.read_text()[-4000:]}" for file in sorted(WORK.glob("*.log")))


def ask(name: str, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, list[str]]:
    """Ask a service as Caddy does."""
    usual = {
        "Host": ORIGINS[name].removeprefix("https://"),
        "Origin": ORIGINS["pages"],
        "X-Sealwax": "1",
        "Content-Type": "application/json",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": ORIGINS[name].removeprefix("https://"),
    }
    fields = {key.replace("_", "-"): value for key, value in headers.items()}
    with closing(http.client.HTTPConnection("127.0.0.1", PORTS[name], timeout=60)) as connection:
        connection.request(method, path, body, usual | fields)
        answer = connection.getresponse()
        if answer.headers.get_content_type() == "text/event-stream":
            return answer.status, answer.readline().decode().strip(), []
        return answer.status, json.loads(answer.read()), answer.headers.get_all("Set-Cookie", [])


def sign_in(address: str) -> str:
    body = json.dumps({"address": address, "password": "try-it"}).encode()
    status, answer, cookies = ask("bridge", "POST", "/api/session", body)
    assert (status, answer["address"]) == (200, address), answer
    return "; ".join(cookie.partition(";")[0] for cookie in cookies)


def use() -> None:
    """Sign in, send, and find the message at its recipient."""
    assert ask("bridge", "GET", "/api/ready")[1]["database"] == "ok"
    assert ask("pages", "GET", "/config.json")[1] == {"api": ORIGINS["bridge"], "keyServer": ORIGINS["keys"]}
    user = json.dumps({"protocol": 2, "user": "alice@example.org"}).encode()
    assert ask("keys", "POST", "/parameters", user)[1]["protocol"] == 2
    alice = sign_in("alice@example.org")
    assert ask("events", "GET", "/api/events", Cookie=alice)[1].startswith(("event", ":", "retry", "id"))
    body = upload(MESSAGE, "bob@example.org")
    sent = ask(
        "bridge",
        "POST",
        "/api/send",
        body,
        Cookie=alice,
        X_Sealwax_Account="alice%40example.org",
        Content_Type="application/octet-stream",
    )
    assert sent[1] == {"outcome": "sent", "savedTo": "Sent"}, sent
    bob = sign_in("bob@example.org")
    deadline = time.monotonic() + START_SECONDS
    while True:
        folders = ask("bridge", "GET", "/api/folders", Cookie=bob)[1]["folders"]
        (inbox,) = (folder for folder in folders if folder["role"] == "inbox")
        if inbox["total"] == 1:
            break
        assert time.monotonic() < deadline, "the message does not arrive"
        time.sleep(0.2)
    print("--- the message arrived", flush=True)


if __name__ == "__main__":
    main()
