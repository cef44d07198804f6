"""Runs in an environment with Mailman: posts each mail of a folder to a new list, whose only member is at the sink.

`python post_to_list.py FOLDER SINK_PORT`. The list has the default settings. With `plain`, it adds neither a footer nor
a prefix.
"""

# mypy: ignore-errors
from __future__ import annotations

import email
import sys
import tempfile
from pathlib import Path

from mailman.config import config
from mailman.core.initialize import initialize

_SETTINGS = """[mailman]
layout: here
[paths.here]
var_dir: {folder}
[mta]
smtp_host: 127.0.0.1
smtp_port: {port}
incoming: mailman.mta.null.NullMTA
"""


def main(mails: Path, port: int, *, is_plain: bool) -> None:
    """Post all mails."""
    folder = Path(tempfile.mkdtemp(prefix="mailman-"))
    settings = folder / "mailman.cfg"
    settings.write_text(_SETTINGS.format(folder=folder, port=port))
    initialize(str(settings))
    from mailman.app.lifecycle import create_list
    from mailman.core.pipelines import process
    from mailman.database.transaction import transaction
    from mailman.email.message import Message
    from mailman.interfaces.domain import IDomainManager
    from mailman.interfaces.template import ITemplateManager
    from mailman.mta.deliver import deliver
    from zope.component import getUtility

    with transaction():
        getUtility(IDomainManager).add("lists.test")
        posted = create_list("all@lists.test")
        if is_plain:
            posted.subject_prefix = ""
            empty = folder / "empty"
            empty.write_text("")
            getUtility(ITemplateManager).set("list:member:regular:footer", posted.list_id, empty.as_uri())
    for path in sorted(mails.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), Message)
        metadata = {"recipients": {f"{path.stem}@sink.test"}, "original_size": path.stat().st_size, "to_list": True}
        process(posted, message, metadata, "default-posting-pipeline")
        outgoing = config.switchboards["out"]
        for queued in outgoing.files:
            message, metadata = outgoing.dequeue(queued)
            metadata["recipients"] = {f"{path.stem}@sink.test"}
            deliver(posted, message, metadata)
            outgoing.finish(queued)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), is_plain=sys.argv[3:] == ["plain"])
