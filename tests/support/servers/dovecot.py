"""A private Dovecot for tests, with a separate folder, free ports and TLS. It is stopped by its process id."""

from __future__ import annotations

import base64
import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers.ports import free_port
from webbridge.gateway import Security, ServerAddress

BINARY = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
LDA = Path("/usr/lib/dovecot/dovecot-lda")
MANAGESIEVE = Path("/usr/lib/dovecot/managesieve")
HOST = "127.0.0.1"
START_SECONDS = 10.0

_SETTINGS = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
ssl = required
ssl_cert = <{tls_folder}/tls_server.pem
ssl_key = <{tls_folder}/tls_server.pem
auth_mechanisms = plain
mail_location = maildir:{folder}/mail/%u
mail_uid = {mail_user}
mail_gid = {mail_group}
first_valid_uid = 1
first_valid_gid = 1
auth_failure_delay = 0
mail_max_userip_connections = 100
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={mail_group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Gesendet {{
    special_use = \\Sent
    auto = subscribe
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""
# Settings for tests that do not run as root: chroot needs root's rights.
_NO_CHROOT = "".join(f"service {name} {{\n  chroot =\n}}\n" for name in ("anvil", "imap-login", "imap-urlauth-login"))


@contextmanager
def run_dovecot(
    passwords: Mapping[str, str], *, tls_folder: Path, folder: Path | None = None, more_settings: str = ""
) -> Iterator[dict[Security, ServerAddress]]:
    """Run an instance during the block. Yields its two addresses for IMAP.

    `folder`: an empty folder, which is removed at the end. Each account's Maildir is in its subfolder `mail`.
    `more_settings` are added at the end of Dovecot's own.
    """
    folder = folder or new_folder()
    ports = {Security.IMPLICIT_TLS: free_port(), Security.STARTTLS: free_port()}
    (folder / "dovecot.conf").write_text(_configure(folder, tls_folder, ports) + more_settings)
    (folder / "users").write_text("".join(f"{user}:{{PLAIN}}{word}::::::\n" for user, word in passwords.items()))
    process = subprocess.Popen([str(BINARY), "-F", "-c", str(folder / "dovecot.conf")])
    try:
        for port in ports.values():
            _wait_for(port, process)
        yield {security: ServerAddress(host=HOST, port=port, security=security) for security, port in ports.items()}
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def pop3_settings(ports: Mapping[Security, int]) -> str:
    """Return settings that add POP3 on these ports. A mailbox admits one connection at a time, as RFC 1939 demands."""
    return f"""
protocols = imap pop3
pop3_lock_session = yes
service pop3-login {{
  {"" if os.getuid() == 0 else "chroot ="}
  inet_listener pop3 {{
    port = {ports[Security.STARTTLS]}
  }}
  inet_listener pop3s {{
    port = {ports[Security.IMPLICIT_TLS]}
    ssl = yes
  }}
}}
"""


def sieve_settings(folder: Path, ports: Mapping[Security, int]) -> str:
    """Return settings that add ManageSieve on these ports, and filter the mail that `deliver_by_lda` delivers.

    The mails that filters send come to the file `mail/sent`.
    """
    sendmail = folder / "sendmail"
    sendmail.write_text(f"#!/bin/sh\ncat >> {folder}/mail/sent\n")
    sendmail.chmod(0o755)
    return f"""
protocols = imap sieve
sendmail_path = {sendmail}
auth_socket_path = {folder}/run/auth-userdb
service auth {{
  unix_listener auth-userdb {{
    mode = 0666
  }}
}}
service managesieve-login {{
  {"" if os.getuid() == 0 else "chroot ="}
  inet_listener sieve {{
    port = {ports[Security.STARTTLS]}
  }}
  inet_listener sieves {{
    port = {ports[Security.IMPLICIT_TLS]}
    ssl = yes
  }}
}}
protocol lda {{
  mail_plugins = $mail_plugins sieve
}}
plugin {{
  sieve = file:{folder}/mail/scripts/%u;active={folder}/mail/scripts/%u.active
  sieve_vacation_send_from_recipient = yes
}}
"""


def deliver_by_lda(folder: Path, address: str, message: bytes) -> None:
    """Deliver a message as a mail server does, through the filters of the address."""
    command = [str(LDA), "-c", str(folder / "dovecot.conf"), "-d", address, "-a", address, "-f", "bob@example.test"]
    subprocess.run(command, input=message, check=True)


def auth_settings(port: int) -> str:
    """Return settings by which Dovecot checks passwords for another server, at this port."""
    return f"""
service auth {{
  inet_listener {{
    address = {HOST}
    port = {port}
  }}
}}
"""


def submission_settings(ports: Mapping[Security, int], *, relay_port: int) -> str:
    """Return settings that add submission on these ports. All mail goes on to `relay_port`."""
    return f"""
protocols = imap submission
hostname = mail.example.test
submission_relay_host = {HOST}
submission_relay_port = {relay_port}
submission_relay_trusted = yes
service submission-login {{
  {"" if os.getuid() == 0 else "chroot ="}
  inet_listener submission {{
    port = {ports[Security.STARTTLS]}
  }}
  inet_listener submissions {{
    port = {ports[Security.IMPLICIT_TLS]}
    ssl = yes
  }}
}}
"""


def token_settings(folder: Path, key: bytes, *mechanisms: str) -> str:
    """Return settings by which Dovecot also takes bearer tokens: JWTs with HS256 under this key, for their `sub`."""
    names = " ".join(mechanisms or ("oauthbearer",))
    keys = folder / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(key))
    (folder / "oauth2.conf").write_text(f"""
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
""")
    return f"""
auth_mechanisms = plain {names}
passdb {{
  driver = oauth2
  mechanisms = {names}
  args = {folder}/oauth2.conf
}}
"""


def sharing_settings(folder: Path) -> str:
    """Return settings by which people share folders (RFC 4314): those of others, and those of everybody."""
    return f"""
mail_plugins = $mail_plugins acl
protocol imap {{
  mail_plugins = $mail_plugins imap_acl
}}
plugin {{
  acl = vfile:cache_secs=0
  acl_shared_dict = file:{folder}/mail/shared-folders
}}
namespace others {{
  type = shared
  separator = /
  prefix = others/%%u/
  location = maildir:{folder}/mail/%%u
  subscriptions = no
  list = children
}}
namespace team {{
  type = public
  separator = /
  prefix = team/
  location = maildir:{folder}/mail/team
  subscriptions = no
  list = yes
}}
"""


def quota_settings(bytes_in_all: int) -> str:
    """Return settings that give each mailbox so much room."""
    return f"""
mail_plugins = $mail_plugins quota
protocol imap {{
  mail_plugins = $mail_plugins imap_quota
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:bytes={bytes_in_all}
}}
"""


def new_folder() -> Path:
    # Not in pytest's folder, which only its owner may enter. If root runs the tests, the mail belongs to another user.
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    return folder


def _configure(folder: Path, tls_folder: Path, ports: Mapping[Security, int]) -> str:
    is_root = os.getuid() == 0
    own_group = grp.getgrgid(os.getgid()).gr_name
    mail_user = "nobody" if is_root else getpass.getuser()
    internal_user = "dovecot" if is_root else getpass.getuser()
    mail_group = grp.getgrgid(pwd.getpwnam(mail_user).pw_gid).gr_name
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", mail_user, mail_group)
    settings = _SETTINGS.format(
        folder=folder,
        tls_folder=tls_folder,
        internal_user=internal_user,
        internal_group=grp.getgrgid(pwd.getpwnam(internal_user).pw_gid).gr_name if is_root else own_group,
        login_user="dovenull" if is_root else getpass.getuser(),
        mail_user=mail_user,
        mail_group=mail_group,
        tls_port=ports[Security.IMPLICIT_TLS],
        starttls_port=ports[Security.STARTTLS],
    )
    return settings if is_root else settings + _NO_CHROOT


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return
