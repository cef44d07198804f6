"""The servers of the measurements on loopback: Dovecot, an SMTP sink, and behind one nginx our bridge and Roundcube.

The bridge runs under gunicorn with threads, Roundcube under php-fpm with opcache. Both reach the same mail servers by
TLS, and both run once with their caches and once without. Each process is stopped by its id.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.support.project import ROOT
from tests.support.servers import dovecot
from tests.support.servers.mail_host import MailHost
from tests.support.servers.own_process import bridge_file, sealwax
from tests.support.servers.ports import free_port
from tests.support.servers.processes import run_process
from tests.support.servers.roundcube import DOCUMENTS, absence as roundcube_absence, set_up_roundcube
from webbridge.demo.tls import write_tls_files
from webbridge.gateway import MailServer, Security, ServerAddress

PASSWORD: Final = "a password of the bench"
# The administrator's guide recommends this number of threads, and one process for each core.
THREADS: Final = 16
WORKERS: Final = 2
_PHP_CHILDREN: Final = 16
_SYSTEM_PATH: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
NGINX: Final = shutil.which("nginx", path=_SYSTEM_PATH)
_PHP_NAMES: Final = ("php-fpm", "php-fpm8.2", "php-fpm8.3", "php-fpm8.4")
PHP_FPM: Final = next(filter(None, (shutil.which(name, path=_SYSTEM_PATH) for name in _PHP_NAMES)), None)

# By default Dovecot has one login process for each TLS connection, and at most a hundred login processes.
DOVECOT_SETTINGS: Final = """
service imap-login {
  service_count = 0
  process_min_avail = 2
}
mail_max_userip_connections = 500
"""
_ROUNDCUBE_SETTINGS: Final = """
$config['smtp_host'] = 'ssl://127.0.0.1:{smtp_port}';
$config['smtp_user'] = '%u';
$config['smtp_pass'] = '%p';
$config['smtp_conn_options'] = ['ssl' => ['cafile' => '{ca_file}', 'verify_peer' => true]];
$config['imap_cache'] = {imap_cache};
$config['messages_cache'] = {messages_cache};
$config['session_lifetime'] = 60;
"""
_PHP_FPM_SETTINGS: Final = """
[global]
error_log = {folder}/php-fpm.log
daemonize = no
[www]
{user}
listen = {folder}/php.sock
pm = static
pm.max_children = {children}
clear_env = no
php_admin_value[opcache.enable] = 1
php_admin_value[memory_limit] = 1G
php_admin_value[upload_max_filesize] = 64M
php_admin_value[post_max_size] = 64M
"""
_NGINX_SETTINGS: Final = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  types {{ text/html html; text/css css; text/javascript js mjs; application/wasm wasm; image/svg+xml svg; }}
  keepalive_requests 1000000;
  {hosts}
}}
"""
_NGINX_BRIDGE: Final = """
  upstream bridge_{port} {{ server 127.0.0.1:{inner_port}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location /api/ {{
      proxy_pass http://bridge_{port};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
    }}
  }}
"""
_NGINX_ROUNDCUBE: Final = """
  server {{
    listen 127.0.0.1:{port};
    root {documents};
    index index.php;
    location ~ \\.php$ {{
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_param ROUNDCUBE_CONFIG_DIR {settings};
      fastcgi_pass unix:{folder}/php.sock;
    }}
  }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A running bridge: its port behind nginx, gunicorn's process id, and its settings."""

    port: int
    pid: int
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """The running servers. `uncached` is a second bridge, which keeps no rows of lists for later requests.

    The ports of Roundcube, with caches and without, are None if Roundcube is not installed or was not requested.
    `uncached` is None if it was not requested.
    """

    mail: MailHost
    bridge: Bridge
    uncached: Bridge | None
    cached_roundcube_port: int | None
    uncached_roundcube_port: int | None


def absence() -> str | None:
    """Why nothing can be measured here, or None."""
    missing = [name for name, program in (("dovecot", dovecot.BINARY), ("nginx", NGINX)) if program is None]
    return f"not installed: {', '.join(missing)}" if missing else None


def peer_absence() -> str | None:
    """Why Roundcube cannot be measured here, or None."""
    return roundcube_absence() or (None if PHP_FPM else "php-fpm is not installed")


@contextlib.contextmanager
def run_mail(accounts: tuple[str, ...]) -> Iterator[MailHost]:
    """Run Dovecot and the sink during the block. The mailboxes are empty."""
    with contextlib.ExitStack() as stack:
        folder = _new_folder(stack)
        write_tls_files(folder, at=datetime.now(UTC))
        passwords = dict.fromkeys(accounts, PASSWORD)
        place = dovecot.new_folder()
        addresses = stack.enter_context(
            dovecot.run_dovecot(passwords, tls_folder=folder, folder=place, more_settings=DOVECOT_SETTINGS)
        )
        smtp_port = free_port()
        stack.enter_context(_run_module("sink", smtp_port, str(folder / "tls_server.pem"), folder=folder))
        yield MailHost(
            imap=addresses[Security.IMPLICIT_TLS],
            smtp_port=smtp_port,
            passwords=passwords,
            tls_folder=folder,
            maildirs=place / "mail",
        )


@contextlib.contextmanager
def at_a_distance(mail: MailHost, milliseconds: float) -> Iterator[MailHost]:
    """The same mail servers, but with this delay to and from the IMAP server."""
    port = free_port()
    target = mail.imap.port
    with _run_module("distance", port, str(target), str(milliseconds), folder=mail.tls_folder):
        yield replace(mail, imap=replace(mail.imap, port=port))


@contextlib.contextmanager
def run_rig(
    mail: MailHost,
    *,
    with_roundcube: bool = True,
    with_uncached: bool = True,
    database: str | None = None,
    bridge_settings: Mapping[str, str] | None = None,
    roundcube_settings: str = "",
) -> Iterator[Rig]:
    """Run the bridge behind nginx during the block, and Roundcube if requested, both with and without caches.

    With `with_roundcube` and `with_uncached`, the bridge without caches runs too. `database` is the URL of the bridge's
    database in place of SQLite. `bridge_settings` maps paths of settings to TOML texts, and `roundcube_settings` are
    lines of PHP. Both replace default settings.
    """
    more = {**(bridge_settings or {}), **({"database": json.dumps(database)} if database else {})}
    with contextlib.ExitStack() as stack:
        folder = _new_folder(stack)
        bridge, host = _run_bridge(stack, mail, folder / "bridge", more)
        hosts, uncached, roundcube_ports = [host], None, dict[bool, int]()
        if with_roundcube and with_uncached:
            uncached, host = _run_bridge(stack, mail, folder / "uncached", {}, command="tools.bench_bridge.uncached")
            hosts.append(host)
        if with_roundcube and peer_absence() is None:
            roundcube_ports = {is_cached: free_port() for is_cached in (False, True)}
            hosts += [
                _set_up_roundcube(mail, folder, is_cached, port, roundcube_settings)
                for is_cached, port in roundcube_ports.items()
            ]
            stack.enter_context(_run_php(folder))
        stack.enter_context(_run_nginx(folder, hosts, listens=bridge.port))
        yield Rig(
            mail=mail,
            bridge=bridge,
            uncached=uncached,
            cached_roundcube_port=roundcube_ports.get(True),
            uncached_roundcube_port=roundcube_ports.get(False),
        )


def _new_folder(stack: contextlib.ExitStack) -> Path:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-bridge-")))
    folder.chmod(0o755)  # The users of Dovecot and of nginx read files here.
    return folder


def _run_module(name: str, port: int, *arguments: str, folder: Path) -> contextlib.AbstractContextManager[int]:
    command = [sys.executable, "-m", f"tools.bench_bridge.{name}", str(port), *arguments]
    return run_process(command, folder=folder, listens=port, environment={"PYTHONPATH": str(ROOT)})


def _run_bridge(
    stack: contextlib.ExitStack, mail: MailHost, folder: Path, more: Mapping[str, str], *, command: str = "sealwax.cli"
) -> tuple[Bridge, str]:
    """Run a bridge until the stack ends. Returns the bridge and nginx's settings for it."""
    folder.mkdir()
    port, inner_port = free_port(), free_port()
    pages = f"127.0.0.1:{free_port()}"
    values = {
        "api_origin": json.dumps(f"http://127.0.0.1:{port}"),
        "pages_origin": json.dumps(f"http://{pages}"),
        "key_server_origin": json.dumps(f"http://127.0.0.1:{free_port()}"),
        "trusted_proxies": "1",
        "pages.listen": json.dumps(pages),
        "server.listen": json.dumps(f"127.0.0.1:{inner_port}"),
        "server.workers": str(WORKERS),
        "server.threads": str(THREADS),
        **more,
    }
    server = MailServer(
        imap=mail.imap,
        smtp=ServerAddress(host="127.0.0.1", port=mail.smtp_port),
        ca_file=mail.tls_folder / "tls_ca.pem",
    )
    file = bridge_file(folder, values, server)
    made = sealwax("bridge", "init", "--config", str(file))
    if made.returncode:
        raise RuntimeError(made.stderr)
    serve = [sys.executable, "-m", command, "bridge", "serve", "--config", str(file)]
    pid = stack.enter_context(
        run_process(serve, folder=folder, listens=inner_port, environment={"PYTHONPATH": str(ROOT)})
    )
    return Bridge(port=port, pid=pid, file=file), _NGINX_BRIDGE.format(port=port, inner_port=inner_port)


def _set_up_roundcube(mail: MailHost, folder: Path, is_cached: bool, port: int, more_settings: str) -> str:
    place = folder / f"roundcube-{is_cached}"
    place.mkdir()
    more = _ROUNDCUBE_SETTINGS.format(
        smtp_port=mail.smtp_port,
        ca_file=mail.tls_folder / "tls_ca.pem",
        imap_cache="'db'" if is_cached else "null",
        messages_cache="true" if is_cached else "false",
    )
    set_up_roundcube(place, mail, more_settings=more + more_settings)
    return _NGINX_ROUNDCUBE.format(port=port, documents=DOCUMENTS, settings=place, folder=folder)


def _run_php(folder: Path) -> contextlib.AbstractContextManager[int]:
    user = "user = root\ngroup = root" if os.geteuid() == 0 else ""
    settings = folder / "php-fpm.conf"
    settings.write_text(_PHP_FPM_SETTINGS.format(folder=folder, user=user, children=_PHP_CHILDREN))
    command = [str(PHP_FPM), "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", str(settings)]
    return run_process(command, folder=folder, listens=folder / "php.sock", environment={})


def _run_nginx(folder: Path, hosts: list[str], *, listens: int) -> contextlib.AbstractContextManager[int]:
    user = "user root;" if os.geteuid() == 0 else ""
    settings = folder / "nginx.conf"
    settings.write_text(_NGINX_SETTINGS.format(folder=folder, user=user, hosts="\n".join(hosts)))
    command = [str(NGINX), "-c", str(settings), "-e", str(folder / "nginx.log")]
    return run_process(command, folder=folder, listens=listens, environment={})
