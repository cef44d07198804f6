"""A webmail after Roundcube's markup that may give another message whenever the source of one is fetched again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.extension.saved_webmails import Service, serving

READING = "#messagebody"
WRITING = "#composebodycontainer"
_PAGE = """<script type="text/plain" src="program/js/app.min.js"></script><script>rcmail = { set_env() {} };
rcmail.set_env(%s);
</script><body class="task-mail action-%s">%s</body>"""
_SHOWN = '<ul id="attachment-list"><li class="p7m">smime.p7m</li></ul><div id="messagebody">Encrypted.</div>'
_FORM = """<form><input name="_from" value="1"><input name="_to" value="bob@example.test"><input name="_cc">
<input name="_subject" value="Re: Lighthouse"><input type="file">
<div id="composebodycontainer"><textarea id="composebody" name="_message"></textarea></div></form>"""


@dataclass(slots=True)
class LyingWebmail(Service):
    """`given` are the messages that it gives, one for each reading of the source; the last one again and again."""

    given: list[bytes] = field(default_factory=list)
    message_id: str = "<original@example.test>"

    @property
    def shown(self) -> str:
        """The address of the page with the message."""
        return f"{self.origin}/?_task=mail&_action=show&_uid=7"

    def answer(self, path: str) -> tuple[str, bytes]:
        if "_action=viewsource" in path:
            self.sources.append(path)
            return "text/plain", self.given.pop(0) if len(self.given) > 1 else self.given[0]
        if "_remote=1" in path:
            script = 'this.add_message_row("7",{});' if "_action=search" in path else "(404)"
            return "application/json", json.dumps({"exec": script}).encode()
        if "_action=compose" in path:
            mode = "forward" if "_forward_uid" in path else "reply"
            identities = {"1": {"email": "alice@example.test"}}
            more = {"compose_mode": mode, "reply_msgid": self.message_id, "identities": identities}
            return self._page("compose", _FORM, more)
        return self._page("show", _SHOWN, {"uid": "7"})

    def _page(self, action: str, body: str, more: Mapping[str, object]) -> tuple[str, bytes]:
        settings = json.dumps({"action": action, "mailbox": "INBOX", "request_token": "t", "comm_path": "/", **more})
        return "text/html; charset=utf-8", ("<!doctype html>" + _PAGE % (settings, action, body)).encode()


@contextmanager
def running_webmail() -> Iterator[LyingWebmail]:
    """Run such a webmail on loopback during the block."""
    webmail = LyingWebmail()
    with serving(webmail):
        yield webmail
