"""A real Horde with its webmail IMP on loopback: Debian's files with separate settings, served by PHP's own web server.

A person chooses one of several kinds of pages in the login form (`View`). All preferences are lost at the logout.
None of the pages has frames. IMP has S/MIME of its own, which is switched off: an encrypted message is shown as a box
with the name smime.p7m, a link to download it (`/services/download/?app=imp&actionID=download_attach&…&fn=/smime.p7m`,
with the title "Download" and no text), and a sentence that S/MIME is not enabled. A signed message shows its text below
such a sentence, and no link to its smime.p7s.

- BASIC: the bytes of the message are behind the link "Save as" (`…&actionID=save_message&…`, message/rfc822) and behind
  "Message Source", a link without an address whose `onclick` opens `/imp/view.php?actionID=view_source&…`. Links also
  delete: `…&actionID=delete_message`, `empty_mailbox`, `expunge_mailbox`. The form for writing is in a separate window:
  `to`, `cc`, `bcc`, `subject`, `message`, and a file field `upload_1`. Scripts write the button's name into `actionID`.
- DYNAMIC: one page, filled by scripts, with the message below the list, or in a separate window with the links "View
  Source" (without an address) and "Save". `file_upload[]` uploads a chosen file at once. "Send" is a link without an
  address. The window of a message also contains the hidden form for its answer.
- MINIMAL: the page works without scripts, but it has no link to the message's bytes, nor to smime.p7m. Links delete,
  one of them without a token (`…&a=e`). All submit buttons of the form for writing have the same name.

A smime.p7m that is uploaded is sent as application/pkcs7-mime, whatever Content-Type the browser gave it.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.support.servers.dovecot import HOST
from tests.support.servers.mail_host import MAX_MESSAGE_BYTES, MailHost
from tests.support.servers.ports import free_port
from tests.support.servers.processes import run_process

PACKAGES = "php-horde-imp php-cli"
_PROGRAM = Path("/usr/share/horde")
_SETTINGS = Path("/etc/horde")
_MODULES = {"dom", "gettext", "mbstring", "xml"}
_WORKERS = "4"
# PHP finds a program's folder by its script, with links resolved. So these are copied, and the others are links.
_COPIED = ("index.php", "login.php", "lib", "services", "imp")

_HORDE = """<?php
$conf['vhosts'] = false;
$conf['debug_level'] = E_ERROR | E_PARSE;
$conf['umask'] = 077;
$conf['max_exec_time'] = 0;
$conf['compress_pages'] = false;
$conf['use_ssl'] = 0;
$conf['server']['name'] = '{host}';
$conf['server']['port'] = {port};
$conf['server']['token_lifetime'] = 3600;
$conf['urls'] = ['token_lifetime' => 30, 'hmac_lifetime' => 30, 'pretty' => false];
$conf['secret_key'] = '{key}';
$conf['safe_ips'] = [];
$conf['session'] = ['name' => 'Horde', 'use_only_cookies' => true, 'cache_limiter' => 'nocache', 'timeout' => 0,
                    'max_time' => 72000];
$conf['cookie'] = ['domain' => '', 'path' => '/'];
$conf['auth'] = ['admins' => [], 'driver' => 'application', 'params' => ['app' => 'imp'], 'checkip' => false,
                 'checkbrowser' => false];
$conf['user'] = ['select_view' => true, 'verify_from_addr' => false];
$conf['prefs'] = ['driver' => 'Session', 'params' => []];
$conf['log'] = ['enabled' => true, 'type' => 'file', 'name' => '{folder}/horde.log', 'priority' => 'INFO',
                'ident' => 'HORDE', 'params' => ['append' => true]];
$conf['mailer'] = ['type' => 'smtp', 'params' => ['host' => '{host}', 'port' => {smtp_port}, 'auth' => false]];
$conf['tmpdir'] = '{folder}/temp';
$conf['cache'] = ['driver' => 'File', 'params' => ['dir' => '{folder}/temp'], 'default_lifetime' => 86400];
$conf['cachecss'] = $conf['cachejs'] = $conf['cachethemes'] = false;
$conf['nobase64_img'] = true;
$conf['sessionhandler'] = ['type' => 'Builtin', 'hashtable' => false, 'params' => []];
$conf['db'] = ['phptype' => false];
$conf['vfs'] = ['type' => 'Null'];
$conf['group'] = ['driver' => 'Mock'];
$conf['perms'] = ['driver' => 'Null'];
$conf['share'] = ['driver' => 'Null'];
$conf['history'] = ['driver' => 'Null'];
$conf['lock'] = ['driver' => 'Null'];
$conf['token'] = ['driver' => 'Null'];
$conf['alarms'] = ['driver' => false];
$conf['hashtable'] = ['driver' => 'none'];
$conf['portal'] = ['fixed_blocks' => []];
$conf['imsp'] = $conf['kolab'] = $conf['activesync'] = ['enabled' => false];
$conf['menu'] = ['always' => false, 'links' => ['help' => 'never', 'prefs' => 'all', 'problem' => 'never',
                 'login' => 'all', 'logout' => 'all']];
"""
_IMP = """<?php
$conf['user']['allow_view_source'] = true;
$conf['server']['server_list'] = 'none';
$conf['compose'] = ['use_vfs' => false, 'link_attachments' => false, 'attach_size_limit' => 0,
                    'attach_count_limit' => 0, 'reply_limit' => 200000, 'ac_threshold' => 3,
                    'htmlsig_img_size' => 30000];
$conf['pgp']['keylength'] = 0;
$conf['maillog']['driver'] = 'none';
$conf['sentmail']['driver'] = 'Null';
$conf['contactsimage']['backends'] = [];
$conf['tasklist']['use_tasklist'] = $conf['notepad']['use_notepad'] = false;
"""
_BACKENDS = """<?php
$servers = ['imap' => ['name' => 'Mail', 'hostspec' => '{imap_host}', 'port' => {imap_port}, 'protocol' => 'imap',
            'secure' => 'ssl', 'hordeauth' => false, 'cache' => false,
            'smtp' => ['host' => '{host}', 'port' => {smtp_port}, 'auth' => false]]];
"""
# Runs before each script. Debian's Horde calls a function that PHP 8 has removed. It also asks the DNS for the name of
# the reader's machine.
_BEFORE = """<?php
class Horde_Core_Factory_Dns {
    public function create(Horde_Injector $injector) { return null; }
}
function each(&$array) {
    $key = key($array);
    if ($key === null) return false;
    $value = current($array);
    next($array);
    return [1 => $value, 'value' => $value, 0 => $key, 'key' => $key];
}
"""
# Changes of IMP's files: the texts in them and their replacements. IMP gives null where PHP 8 wants a text. Without an
# address book, whose search loads them, its form for writing lacks scripts that its buttons need.
_SCRIPT = "$page_output->addScriptFile('compose.js');"
_REPAIRS = (
    ("create('imp', $this->vars)", "create('imp', $this->vars, '')"),
    (_SCRIPT, "$page_output->ajax = true; $page_output->addScriptFile('imple.js', 'horde'); " + _SCRIPT),
)


class View(StrEnum):
    """The kinds of pages that a person chooses between in Horde's login form. The values are those of the form."""

    BASIC = "basic"
    DYNAMIC = "dynamic"
    MINIMAL = "mobile"
    SMARTMOBILE = "smartmobile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Horde:
    """The address of a running Horde, and its mail host."""

    url: str
    mail: MailHost


def absence() -> str | None:
    """Why Horde cannot be started here, or None."""
    needed = (_PROGRAM / "login.php", _PROGRAM / "imp" / "basic.php", _SETTINGS / "imp" / "backends.php")
    if shutil.which("php") and all(path.exists() for path in needed) and _php_modules() >= _MODULES:
        return None
    return f"Horde is not installed: {PACKAGES}"


@contextlib.contextmanager
def run_horde(mail: MailHost) -> Iterator[Horde]:
    """Run an instance for a mail host during the block."""
    with tempfile.TemporaryDirectory(prefix="horde-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        documents = _copied(folder)
        _configure(documents, folder, mail, port)
        (folder / "before.php").write_text(_BEFORE)
        limits = [f"-d{name}={MAX_MESSAGE_BYTES}" for name in ("upload_max_filesize", "post_max_size")]
        paths = [f"-dsession.save_path={folder}/sessions", f"-dupload_tmp_dir={folder}/temp"]
        quiet = [
            f"-dauto_prepend_file={folder}/before.php",
            "-derror_reporting=0",
            "-ddisplay_errors=0",
            "-dmemory_limit=1G",
        ]
        command = ["php", *limits, *paths, *quiet, "-S", f"{HOST}:{port}", "-t", str(documents)]
        environment = {"PHP_CLI_SERVER_WORKERS": _WORKERS, "TMPDIR": str(folder / "temp")}
        with run_process(command, folder=folder, listens=port, environment=environment):
            yield Horde(url=f"http://{HOST}:{port}/", mail=mail)


def _copied(folder: Path) -> Path:
    for name in ("sessions", "temp", "documents", "documents/static"):
        (folder / name).mkdir()
    documents = folder / "documents"
    for entry in _PROGRAM.iterdir():
        if entry.name in _COPIED:
            (shutil.copytree if entry.is_dir() else shutil.copy)(entry, documents / entry.name)
        elif entry.name not in ("config", "static"):
            (documents / entry.name).symlink_to(entry.resolve())
    shutil.copytree(_SETTINGS / "horde", documents / "config")
    for view in ("Basic", "Dynamic"):
        for file in (documents / "imp" / "lib" / view).glob("*.php"):
            text = file.read_text()
            for old, new in _REPAIRS:
                text = text.replace(old, new)
            file.write_text(text)
    return documents


def _configure(documents: Path, folder: Path, mail: MailHost, port: int) -> None:
    values = {
        "folder": folder, "host": HOST, "port": port, "smtp_port": mail.smtp_port, "imap_host": mail.imap.host,
        "imap_port": mail.imap.port, "key": secrets.token_hex(16),
    }  # fmt: skip
    (documents / "config" / "conf.php").write_text(_filled(_HORDE, values))
    (documents / "imp" / "config" / "conf.php").write_text(_IMP)
    (documents / "imp" / "config" / "backends.php").write_text(_filled(_BACKENDS, values))


def _filled(text: str, values: dict[str, object]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def _php_modules() -> set[str]:
    return set(subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout.split())
