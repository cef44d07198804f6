"""`python -m tools.relays`: relays each form of our mail through real mail servers, and examines the mails that arrive.

Prints the table, and with `--page` writes it into docs/interoperation.md. It needs root and Debian: the packages are
unpacked into a temporary folder, and Mailman is installed there by pip.
"""

from __future__ import annotations

import argparse
import smtplib
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from smime_core.mime import parse_entity, parse_parts
from tests.support.servers.ports import free_port
from tests.support.servers.post import Post, serving
from tools.relays.forms import judge, make_forms
from tools.relays.page import TABLE, draw
from tools.relays.servers import SERVERS, Server, answering_names, running, unpack

_MAILMAN: Final = "3.3.10"
_ARRIVAL_SECONDS: Final = 60.0
_KEPT: Final = "kept"


def main() -> None:
    """Relay all mails by all servers, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.relays", description=__doc__)
    parser.add_argument("--page", type=Path, help="page of the documentation, into which the table is written")
    parser.add_argument("--only", nargs="*", default=[], help="names of servers")
    options = parser.parse_args()
    mails = list(make_forms().values())
    columns: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="relays-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for server in SERVERS:
            if not options.only or server.name in options.only:
                columns |= _try(server, mails, folder)
        if not options.only or "Mailman" in options.only:
            columns |= _try_mailman(mails, folder)
    table = draw(list(make_forms()), columns)
    print(table)
    if options.page:
        TABLE.write(options.page, table)


def _try(server: Server, mails: list[bytes], folder: Path) -> dict[str, list[str]]:
    root = folder / server.package
    version = unpack(server.package, root)
    post, port = Post(), free_port()
    refused: dict[int, str] = {}
    try:
        with answering_names(), serving(post) as sink, running(server, root, port=port, sink=sink.port):
            for number, mail in enumerate(mails):
                try:
                    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
                        client.sendmail("alice@example.test", [f"{number}@sink.test"], mail)
                except (smtplib.SMTPException, OSError) as error:
                    refused[number] = str(error)
            _wait_until(post, len(mails) - len(refused))
    except AssertionError:
        traceback.print_exc()
        print((root / "output").read_text(errors="replace")[-2_000:], file=sys.stderr)
        return {}
    for number, answer in refused.items():
        print(server.name, number, answer, file=sys.stderr)
    return {f"{server.name} {version.partition('-')[0]}": _read_all(post, mails, refused)}


def _try_mailman(mails: list[bytes], folder: Path) -> dict[str, list[str]]:
    python = folder / "mailman" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder / "mailman")], check=True)
    call = [str(python), "-m", "pip", "--disable-pip-version-check", "-q", "install", f"mailman=={_MAILMAN}"]
    subprocess.run(call, check=True, capture_output=True)
    inbox = folder / "inbox"
    inbox.mkdir()
    for number, mail in enumerate(mails):
        (inbox / f"{number}.eml").write_bytes(mail)
    columns: dict[str, list[str]] = {}
    for form, title in {"plain": f"Mailman {_MAILMAN}", "default": "Mailman, with prefix and footer"}.items():
        post = Post()
        with serving(post) as sink:
            program = [
                str(python),
                "-P",
                str(Path(__file__).with_name("post_to_list.py")),
                str(inbox),
                str(sink.port),
                form,
            ]
            done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=300)
            print(done.stdout[-2_000:], done.stderr[-2_000:], file=sys.stderr)
            _wait_until(post, len(mails))
        columns[title] = _read_all(post, mails, {})
    return columns


def _wait_until(post: Post, count: int) -> None:
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    while len(post.raw) < count and time.monotonic() < deadline:
        time.sleep(0.1)


def _read_all(post: Post, mails: list[bytes], refused: Mapping[int, str]) -> list[str]:
    arrived = {int(to[0].partition("@")[0]): raw for to, raw in zip(post.recipients, post.raw, strict=True)}
    return [
        "refused" if number in refused else _compare(mail, arrived[number]) if number in arrived else "lost"
        for number, mail in enumerate(mails)
    ]


def _compare(sent: bytes, arrived: bytes) -> str:
    before, after = judge(sent), judge(arrived)
    if {reason.code for reason in after.reasons} in ({"nested-protection"}, {"encrypted-part"}):
        # The list has added a footer as another part. The part with the mail is judged alone.
        part = judge(bytes(parse_parts(parse_entity(arrived))[0].encoded))
        if (part.state, part.content) == (before.state, before.content):
            return f"{_KEPT} as part 1"
    if (after.state, after.content) != (before.state, before.content):
        codes = ", ".join(reason.code for reason in after.reasons)
        return f"**{after.state}**" + (f" ({codes})" if codes else "")
    added = [reason for reason in after.reasons if reason not in before.reasons]
    notes = [dict(reason.values).get("fields", reason.code) for reason in added]
    return f"{_KEPT}, says: {', '.join(notes)}" if notes else _KEPT


if __name__ == "__main__":
    main()
