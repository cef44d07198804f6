"""`sealwax bridge events`: the process of events, which runs asyncio in one thread."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
from collections.abc import Iterator

import click

from sealwax.cli.options.request import verb
from sealwax.operation.databases import database_failures_said
from sealwax.operation.process import temporary_folder
from sealwax.operation.program import ConfigRequest
from sealwax.operation.settings import WrongSettings
from sealwax.operation.watch import add_watch
from sealwax.service.logs import audit, configure_logs
from sealwax.service.metrics import MULTIPROCESS_FOLDER, metrics
from webbridge.events.application import EventsApplication
from webbridge.events.server import StreamServer, bind
from webbridge.operation.settings import BRIDGE, BridgeSettings


@verb(BRIDGE.request_class())
def events(request: ConfigRequest) -> None:
    """Tell open pages of new mail until the process is stopped, by streams that stay open.

    The configuration is that of the bridge, with events.listen. One process serves all users. SIGTERM ends the streams
    within five seconds; the pages come back by themselves.
    """
    gc.enable()  # `sealwax` starts without garbage collection. A long process needs it.
    settings = BRIDGE.load(request.config)
    if settings.events.listen is None:
        raise WrongSettings(["events.listen is missing: the address for the proxy, as 127.0.0.1:8004"])
    config = settings.to_config()
    configure_logs(json_lines=settings.logs.format == "json", level=settings.logs.level, audit=settings.logs.audit_file)
    with temporary_folder(settings.server) as folder:
        os.environ[MULTIPROCESS_FOLDER] = str(folder)
        metrics()  # The metrics are made once, before there are threads.
        with _opened(settings) as listening:
            with database_failures_said():
                application = EventsApplication(config, max_streams=settings.events.max_streams)
            application.answer_by(add_watch(application.admission, settings.events.watch))
            audit("settings-loaded", outcome="events")
            try:
                StreamServer(application).run(listening)
            finally:
                application.close()


@contextlib.contextmanager
def _opened(settings: BridgeSettings) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        places = [listen for listen in (settings.events.listen, settings.events.watch) if listen]
        try:
            bound = [stack.enter_context(bind(listen)) for listen in places]
        except OSError as error:
            raise click.ClickException(f"the service cannot start: {error.strerror}") from error
        yield bound
