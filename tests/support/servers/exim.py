"""A private Exim for submission in a root of its own, with one mechanism to sign in. Needs root and Debian."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.servers.ports import free_port
from tests.support.servers.roots import Root, addresses
from webbridge.gateway import Security, ServerAddress

PACKAGES: Final = "exim4-daemon-light"
MAX_MESSAGE_BYTES: Final = 1_000_000
_USER: Final = 901
_SETTINGS: Final = """primary_hostname = mail.example.test
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
exim_user = Debian-exim
exim_group = Debian-exim
local_interfaces = 127.0.0.1
daemon_smtp_ports = {starttls} : {tls}
tls_on_connect_ports = {tls}
tls_advertise_hosts = *
tls_certificate = /etc/tls_server.pem
tls_privatekey = /etc/tls_server.pem
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
message_size_limit = {most}
accept_8bitmime = true
keep_environment =
begin acl
acl_rcpt:
  deny local_parts = nobody
       message = 5.1.1 No such person here
  accept authenticated = *
  deny
acl_data:
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
begin authenticators
only:
  driver = plaintext
  public_name = {mechanism}
  server_prompts = {prompts}
  server_condition = ${{if or {{ {conditions} }} }}
  server_set_id = $auth1
"""
# PLAIN sends an empty name to act for, the login and the password at once (RFC 4616); LOGIN sends two.
_PROMPTS: Final = {"LOGIN": ("Username:: : Password::", 1), "PLAIN": (":", 2)}


@contextmanager
def run_exim(
    root: Root, passwords: Mapping[str, str], *, tls_folder: Path, sink: int, mechanism: str
) -> Iterator[dict[Security, ServerAddress]]:
    """Run an instance during the block, which passes all mail on to the port `sink`. Yields its addresses.

    `mechanism`: LOGIN or PLAIN, the only one that it offers.
    """
    tls, starttls = free_port(), free_port()
    prompts, login = _PROMPTS[mechanism]
    pairs = (
        f"and{{ {{eq{{$auth{login}}}{{{name}}}}} {{eq{{$auth{login + 1}}}{{{word}}}}} }}"
        for name, word in passwords.items()
    )
    settings = _SETTINGS.format(
        tls=tls,
        starttls=starttls,
        sink=sink,
        most=MAX_MESSAGE_BYTES,
        mechanism=mechanism,
        prompts=prompts,
        conditions=" ".join(f"{{{pair}}}" for pair in pairs),
    )
    root.clear("var/spool/exim4", "var/log/exim4")
    for name in ("var/spool/exim4", "var/log/exim4"):
        root.give(name, _USER)
    root.write("etc/exim4/exim4.conf", settings)
    root.write("etc/tls_server.pem", (tls_folder / "tls_server.pem").read_bytes(), mode=0o640)
    os.chown(root.folder / "etc/tls_server.pem", _USER, _USER)
    with root.serving(["/usr/sbin/exim4", "-bdf", "-q10m"], (tls, starttls)):
        yield addresses(tls, starttls)
