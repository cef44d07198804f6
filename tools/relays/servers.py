"""Real mail servers that relay a mail to a sink, each in a folder of its own that is its root (`chroot`).

Exim, sendmail and Courier exclude each other as Debian packages, so their packages and all that they need are unpacked
into folders. This needs root, apt-get and Debian. All of them listen only on 127.0.0.1.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

START_SECONDS: Final = 30.0
_PASSWD: Final = """root:x:0:0:root:/root:/bin/sh
daemon:x:1:1::/:/bin/false
mail:x:8:8::/var/mail:/bin/false
nobody:x:65534:65534::/:/bin/false
Debian-exim:x:901:901::/var/spool/exim4:/bin/false
smmta:x:902:902::/var/lib/sendmail:/bin/false
smmsp:x:903:903::/var/lib/sendmail:/bin/false
courier:x:904:904::/var/lib/courier:/bin/false
postfix:x:905:905::/var/spool/postfix:/bin/false
"""
_GROUP: Final = """root:x:0:
daemon:x:1:
mail:x:8:
nogroup:x:65534:
Debian-exim:x:901:
smmta:x:902:
smmsp:x:903:
courier:x:904:
postfix:x:905:
postdrop:x:906:
"""
_DEVICES: Final = {"null": "3", "zero": "5", "random": "8", "urandom": "9"}
_EXIM: Final = """primary_hostname = relay.example.test
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
tls_advertise_hosts =
acl_smtp_rcpt = ok
acl_smtp_data = ok
keep_environment =
accept_8bitmime
begin acl
ok:
  accept
begin routers
onward:
  driver = manualroute
  transport = smtp
  route_list = * 127.0.0.1
  self = send
begin transports
smtp:
  driver = smtp
  port = {sink}
  hosts_try_dane =
  hosts_avoid_tls = *
  allow_localhost
"""
_SENDMAIL: Final = """include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`confPID_FILE', `/run/sendmail.pid')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`nocanonify')dnl
DAEMON_OPTIONS(`Port={port}, Addr=127.0.0.1, Name=MTA')dnl
define(`confDELIVERY_MODE', `i')dnl
define(`confDOMAIN_NAME', `relay.example.test')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
"""
_COURIER: Final = """set -a
prefix=/usr exec_prefix=/usr sysconfdir=/etc/courier sbindir=/usr/sbin libexecdir=/usr/lib/courier
. /etc/courier/courierd
PATH=/usr/bin:/usr/sbin
ESMTP_USE_STARTTLS=0
/usr/lib/courier/courier/courierd &
. /etc/courier/esmtpd
BOFHCHECKDNS=0 TARPIT=0 RELAYCLIENT= COURIERTLS=
PATH=/usr/bin:/usr/sbin
exec /usr/sbin/couriertcpd -nodnslookup -noidentlookup -user=courier -group=courier -address=127.0.0.1 \\
  -maxprocs=40 -maxperc=40 -maxperip=40 {port} /usr/sbin/courieresmtpd
"""
_POSTFIX_MAIN: Final = """compatibility_level = 3.6
maillog_file = /var/log/postfix.log
maillog_file_prefixes = /var/log
myhostname = relay.example.test
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{sink}
smtp_tls_security_level = none
smtp_host_lookup = native
"""
_POSTFIX_MASTER: Final = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mail server. `configure` writes its settings into its root, for its port and that of the sink."""

    name: str
    package: str
    configure: Callable[[Path, int, int], None]
    command: tuple[str, ...]


def _configure_exim(root: Path, port: int, sink: int) -> None:
    _write(root / "etc/exim4/exim4.conf", _EXIM.format(port=port, sink=sink))
    for folder in ("var/spool/exim4", "var/log/exim4"):
        _own(root / folder, 901)


def _configure_sendmail(root: Path, port: int, sink: int) -> None:
    settings = _SENDMAIL.format(port=port, sink=sink)
    _write(root / "tmp/relay.mc", settings)
    call = ["chroot", str(root), "/usr/bin/m4", "-D_CF_DIR_=/usr/share/sendmail/cf/", "/tmp/relay.mc"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    _write(root / "etc/mail/sendmail.cf", done.stdout)
    _write(root / "etc/mail/local-host-names", "relay.example.test\n")
    (root / "var/spool/mqueue").mkdir(parents=True, exist_ok=True, mode=0o700)


def _configure_courier(root: Path, port: int, sink: int) -> None:
    etc = root / "etc/courier"
    for name, text in {
        "me": "relay.example.test\n",
        "locals": "relay.example.test\n",
        "defaultdomain": "example.test\n",
        "dsnfrom": "postmaster@relay.example.test\n",
        "esmtproutes": f":[127.0.0.1],{sink}\n",
        "esmtpacceptmailfor": "",
    }.items():
        _write(etc / name, text)
    _write(root / "etc/environment", "")
    (root / "var/lib/courier/sts").mkdir(exist_ok=True)
    _write(root / "start.sh", _COURIER.format(port=port))
    for folder in ("var/lib/courier", "etc/courier", "run/courier"):
        _own(root / folder, 904)


def _configure_postfix(root: Path, port: int, sink: int) -> None:
    _write(root / "etc/postfix/main.cf", _POSTFIX_MAIN.format(sink=sink))
    _write(root / "etc/postfix/master.cf", _POSTFIX_MASTER.format(port=port))
    _own(root / "var/lib/postfix", 905)
    (root / "var/log").mkdir(parents=True, exist_ok=True)


SERVERS: Final = (
    Server(
        name="Postfix",
        package="postfix",
        configure=_configure_postfix,
        command=("/usr/sbin/postfix", "start-fg"),
    ),
    Server(
        name="Exim",
        package="exim4-daemon-light",
        configure=_configure_exim,
        command=("/usr/sbin/exim4", "-bdf", "-q10m"),
    ),
    Server(
        name="sendmail",
        package="sendmail-bin",
        configure=_configure_sendmail,
        command=("/usr/libexec/sendmail/sendmail", "-bD", "-q10m"),
    ),
    Server(name="Courier", package="courier-mta", configure=_configure_courier, command=("/bin/sh", "/start.sh")),
)


def unpack(package: str, root: Path, *more: str) -> str:
    """Unpack Debian packages with all that they need into the folder `root`. Returns the version of the first one."""
    archives = root.with_name(f"{root.name}-archives")
    (archives / "partial").mkdir(parents=True)
    status = archives / "status"
    status.touch()
    options = [f"Dir::State::status={status}", f"Dir::Cache::archives={archives}", "Debug::NoLocking=1"]
    options += ["APT::Sandbox::User=root"]
    call = ["apt-get", *(word for option in options for word in ("-o", option))]
    call += ["--download-only", "-y", "-qq", "--no-install-recommends", "install", package, *more]
    subprocess.run([*call, "dash", "coreutils", "findutils", "sed", "grep", "m4"], check=True, capture_output=True)
    _make_root(root)
    for archive in sorted(archives.glob("*.deb")):
        tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", str(root)], input=tar, check=True)
    (root / "bin/sh").unlink(missing_ok=True)
    (root / "bin/sh").symlink_to("dash")
    for name, text in {"passwd": _PASSWD, "group": _GROUP}.items():
        _write(root / "etc" / name, text)
    (archive,) = archives.glob(f"{package}_*.deb")
    field = subprocess.run(["dpkg-deb", "-f", str(archive), "Version"], check=True, capture_output=True, text=True)
    return field.stdout.strip()


def _make_root(root: Path) -> None:
    for folder in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")
    for folder in ("dev", "tmp", "proc", "run", "etc"):
        (root / folder).mkdir()
    (root / "tmp").chmod(0o1777)
    for name, minor in _DEVICES.items():
        subprocess.run(["mknod", "-m", "666", str(root / "dev" / name), "c", "1", minor], check=True)
    _write(root / "etc/hosts", "127.0.0.1 localhost relay.example.test\n")
    _write(root / "etc/resolv.conf", "nameserver 127.0.0.1\n")
    _write(root / "etc/nsswitch.conf", "hosts: files\npasswd: files\ngroup: files\n")
    shutil.copy("/etc/services", root / "etc/services")


class _NoNames(socketserver.BaseRequestHandler):
    """Answers each question of DNS with NXDOMAIN (RFC 1035 section 4.1.1). Courier looks up MTA-STS of every relay."""

    def handle(self) -> None:
        question, answer_by = self.request
        answer_by.sendto(question[:2] + b"\x81\x83" + question[4:6] + bytes(6) + question[12:], self.client_address)


@contextmanager
def answering_names() -> Iterator[None]:
    """A name server on 127.0.0.1 that knows no names."""
    with socketserver.ThreadingUDPServer(("127.0.0.1", 53), _NoNames) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@contextmanager
def running(server: Server, root: Path, *, port: int, sink: int) -> Iterator[None]:
    """Run the server during the block."""
    server.configure(root, port, sink)
    with (root / "output").open("wb") as log:
        process = subprocess.Popen(
            ["chroot", str(root), *server.command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_for(port, process)
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            time.sleep(1)
            end_all(root)
            process.wait()


def end_all(root: Path) -> None:
    """End all processes that run in a root. Some servers start them in sessions of their own."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(folder / "root")) == root.resolve():
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            continue


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() in (None, 0), f"ended with {process.returncode}"
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.1)
        else:
            return


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _own(folder: Path, user: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)
