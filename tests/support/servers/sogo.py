"""A real SOGo on loopback: Debian's program with a separate database and memcached, behind a small web server."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.servers.dovecot import HOST
from tests.support.servers.mail_host import MailHost
from tests.support.servers.ports import free_port

PACKAGES = "sogo memcached postgresql"
_RESOURCES = Path("/usr/lib/GNUstep/SOGo/WebServerResources")
_DATABASE_PROGRAMS = Path("/usr/lib/postgresql")
_START_SECONDS = 30.0
_PROGRAMS = ("sogod", "memcached", "setpriv")
# The header fields of requests that the web server passes on to SOGo.
_REQUEST_FIELDS = ("Cookie", "Content-Type", "Accept", "Accept-Language", "User-Agent", "X-XSRF-TOKEN", "Referer")
_OWN_FIELDS = {"connection", "content-length", "transfer-encoding"}
_KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff": "font/woff",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sogo:
    """The address of a running SOGo, and its mail host."""

    url: str
    mail: MailHost


def absence() -> str | None:
    """Why SOGo cannot be started here, or None."""
    has_programs = all(shutil.which(name, path=_path()) for name in _PROGRAMS)
    if has_programs and _database_program("initdb") and _RESOURCES.exists() and os.getuid() == 0:
        return None
    return f"SOGo is not installed, or root is not here to start it: {PACKAGES}"


@contextlib.contextmanager
def run_sogo(mail: MailHost) -> Iterator[Sogo]:
    """Run an instance for a mail host during the block."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sogo-")))
        folder.chmod(0o755)
        database = stack.enter_context(_run_database(folder, mail.passwords))
        cache = stack.enter_context(_run_cache(folder))
        program = stack.enter_context(_run_program(folder, mail, database=database, cache=cache))
        yield Sogo(url=stack.enter_context(_run_web_server(program)), mail=mail)


@contextlib.contextmanager
def _run_database(folder: Path, passwords: Mapping[str, str]) -> Iterator[int]:
    data = folder / "database"
    data.mkdir()
    shutil.chown(data, "postgres")
    _check([_database_program("initdb"), "-D", str(data), "-A", "trust", "-U", "sogo", "--no-sync"], user="postgres")
    port = free_port()
    arguments = ["-D", str(data), "-h", HOST, "-p", str(port), "-k", str(data), "-F"]
    with _running([_database_program("postgres"), *arguments], folder, user="postgres", port=port):
        rows = ", ".join(
            f"('{address}', '{address}', '{word}', '{address}', '{address}')" for address, word in passwords.items()
        )
        users = "CREATE TABLE users (c_uid TEXT, c_name TEXT, c_password TEXT, c_cn TEXT, mail TEXT)"
        script = f"CREATE DATABASE sogo;\n\\c sogo\n{users};\nINSERT INTO users VALUES {rows};"
        _query(port, script)
        yield port


def _query(port: int, script: str) -> None:
    command = [
        _database_program("psql"),
        "-h",
        HOST,
        "-p",
        str(port),
        "-U",
        "sogo",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "postgres",
    ]
    deadline = time.monotonic() + _START_SECONDS
    while subprocess.run([*command, "-c", "SELECT 1"], capture_output=True, check=False).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError("the database does not answer")
        time.sleep(0.1)
    subprocess.run(command, input=script.encode(), check=True, capture_output=True)


@contextlib.contextmanager
def _run_cache(folder: Path) -> Iterator[int]:
    port = free_port()
    with _running(["memcached", "-l", HOST, "-p", str(port), "-U", "0"], folder, user="memcache", port=port):
        yield port


@contextlib.contextmanager
def _run_program(folder: Path, mail: MailHost, *, database: int, cache: int) -> Iterator[int]:
    port = free_port()
    store = f"postgresql://sogo@{HOST}:{database}/sogo"
    source = (
        f'({{ type = sql; id = people; viewURL = "{store}/users"; canAuthenticate = YES; isAddressBook = NO; '
        f"userPasswordAlgorithm = plain; MailFieldNames = (mail); }})"
    )
    settings = {
        "WOPort": f"{HOST}:{port}", "WOWorkersCount": "2", "WONoDetach": "YES", "WOLogFile": "-",
        "WOPidFile": str(folder / "sogo" / "pid"), "SOGoProfileURL": f"{store}/profiles",
        "OCSFolderInfoURL": f"{store}/folders", "OCSSessionsFolderURL": f"{store}/sessions",
        "SOGoUserSources": source, "SOGoMemcachedHost": f"{HOST}:{cache}", "SOGoForceExternalLoginWithEmail": "YES",
        "SOGoIMAPServer": f"imaps://{mail.imap.host}:{mail.imap.port}/?tlsVerifyMode=none",
        "SOGoMailingMechanism": "smtp", "SOGoSMTPServer": f"smtp://{HOST}:{mail.smtp_port}", "SOGoLanguage": "English",
        "SOGoSentFolderName": "Sent", "SOGoDraftsFolderName": "Drafts", "SOGoTimeZone": "UTC",
        "SOGoLoginModule": "Mail", "SOGoMailComposeMessageType": "text", "SxVMemLimit": "1024",
    }  # fmt: skip
    home = folder / "sogo"
    home.mkdir()
    shutil.chown(home, "sogo")
    arguments = [part for name, value in settings.items() for part in (f"-{name}", value)]
    # SIGKILL, because after SIGTERM sogod waits half a minute for its workers.
    with _running(["sogod", *arguments], folder, user="sogo", port=port, home=home, ending=signal.SIGKILL):
        yield port


@contextlib.contextmanager
def _run_web_server(program: int) -> Iterator[str]:
    """Run a web server that replaces Apache: it serves the pages' files, and passes other requests on to SOGo."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = self.path.split("?")[0].split("/WebServerResources/")
            if len(place) == 2 and ".." not in place[1]:
                self._reply_with_file(_RESOURCES / place[1])
            else:
                self._hand_on()

        def do_POST(self) -> None:
            self._hand_on()

        def _reply_with_file(self, path: Path) -> None:
            is_file = path.is_file()
            fields = [("Content-Type", _KINDS.get(path.suffix, "application/octet-stream"))]
            self._reply(200 if is_file else 404, fields, path.read_bytes() if is_file else b"")

        def _hand_on(self) -> None:
            url = f"http://{self.headers['Host']}"
            fields = {name: self.headers[name] for name in _REQUEST_FIELDS if self.headers[name]}
            fields |= {"Host": self.headers["Host"], "x-webobjects-server-url": url, "x-webobjects-remote-host": HOST}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with contextlib.closing(http.client.HTTPConnection(HOST, program, timeout=60)) as connection:
                connection.request(self.command, self.path, body, {**fields, "Connection": "close"})
                with connection.getresponse() as answer:
                    answer_fields = [
                        (name, value) for name, value in answer.getheaders() if name.lower() not in _OWN_FIELDS
                    ]
                    self._reply(answer.status, answer_fields, answer.read())

        def _reply(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
            # A browser that goes to another page closes the connection.
            with contextlib.suppress(ConnectionError):
                self.send_response(status)
                for name, value in (*fields, ("Content-Length", str(len(body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/SOGo/"
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def _running(
    command: list[str],
    folder: Path,
    *,
    user: str,
    port: int,
    home: Path | None = None,
    ending: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    environment = {"PATH": _path(), "LANG": "C.UTF-8", "HOME": str(home or folder)}
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        # A separate process group, because the first process does not always end its workers.
        process = subprocess.Popen(
            _as(user, command), env=environment, cwd=home or folder, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(port, process, log)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, ending)
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{log.stem} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


def _check(command: list[str], *, user: str) -> None:
    subprocess.run(_as(user, command), check=True, capture_output=True, cwd="/")


def _as(user: str, command: list[str]) -> list[str]:
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]


def _database_program(name: str) -> str:
    programs = sorted(_DATABASE_PROGRAMS.glob(f"*/bin/{name}"))
    return str(programs[-1]) if programs else ""


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
