"""The process of a service: gunicorn with threads, started inside the command.

The application is made once, before the workers are forked, so that they share its memory. After SIGTERM, running
requests may end. After SIGHUP, the settings are read again. New workers use the new settings, and the old workers end
as after SIGTERM. If the new settings are wrong, the old settings stay.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from sealwax.operation.databases import database_failures_said
from sealwax.operation.sections import LogsSection, ServerSection
from sealwax.operation.watch import add_watch, forget_worker
from sealwax.operation.worker import JsonErrorWorker
from sealwax.service.logs import audit, configure_logs
from sealwax.service.metrics import MULTIPROCESS_FOLDER, metrics

if TYPE_CHECKING:
    from flask import Flask

_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # the kernel's, with files of mode 0600 or folders of 0700
_log = logging.getLogger("sealwax.process")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of one service: how it listens and logs, its application, and the function that closes it.

    `begin` starts the threads of an application. It is called in each worker.
    """

    name: str
    server: ServerSection
    logs: LogsSection
    watch: str | None
    application: Callable[[], Flask]
    close: Callable[[Flask], None]
    begin: Callable[[Flask], None] = lambda _app: None


def run_service(load: Callable[[], Service]) -> None:
    """Serve until a signal ends the process. `load` reads the settings, at the start and at each SIGHUP.

    At the start, raises the errors of `load` and of the service's `application`.
    """
    # The command `sealwax` starts with garbage collection off. This process runs long and needs garbage collection.
    gc.enable()
    service = load()
    configure_logs(json_lines=service.logs.format == "json", level=service.logs.level, audit=service.logs.audit_file)
    with temporary_folder(service.server) as folder:
        os.environ[MULTIPROCESS_FOLDER] = str(folder)
        metrics()  # The metrics are made once, before there are threads.
        try:
            with database_failures_said():
                process = _Process(load, service, folder)
        except (ValueError, OSError) as error:
            raise click.ClickException(f"the service cannot start: {error}") from error
        audit("settings-loaded", outcome=service.name)
        try:
            Arbiter(process).run()
        except RuntimeError as error:
            raise click.ClickException(f"the service cannot start: {error}") from None


@contextlib.contextmanager
def temporary_folder(server: ServerSection) -> Iterator[Path]:
    """A folder for small files of the running processes, which is removed at the end of this process."""
    parent = server.temporary_folder or (_SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None)
    folder = Path(tempfile.mkdtemp(prefix="sealwax-", dir=parent))
    owner = os.getpid()
    try:
        yield folder
    finally:
        # A worker is a fork of this process and also runs this line.
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)


class _Process(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, load: Callable[[], Service], service: Service, folder: Path) -> None:
        self._load = load
        self._service = service
        self._folder = folder
        self._flask = service.application()
        super().__init__(prog="sealwax")

    def load_config(self) -> None:
        for name, value in _gunicorn_settings(self._service, self._folder).items():
            self.cfg.set(name, value)
        JsonErrorWorker.body_seconds = self._service.server.body_seconds
        self.cfg.set("post_worker_init", lambda _worker: self._service.begin(self._flask))
        self.cfg.set("worker_exit", lambda _arbiter, _worker: self._service.close(self._flask))
        self.cfg.set("child_exit", lambda _arbiter, worker: forget_worker(worker.pid))

    def load(self) -> Any:
        gc.collect()
        # The garbage collector does not visit frozen objects, so their memory pages stay shared with the workers.
        gc.freeze()
        return add_watch(self._flask, self._service.watch)

    def reload(self) -> None:
        """Read the settings again, and keep the old ones if the new ones cannot be used."""
        try:
            service = self._load()
            flask = service.application()
        except Exception as error:  # noqa: BLE001 (whatever is wrong with the new settings, the old ones serve on)
            text = error.format_message() if isinstance(error, click.ClickException) else type(error).__name__
            _log.error("the settings were not reloaded: %s", text)
            return
        old, old_service = self._flask, self._service
        self._service, self._flask = service, flask
        configure_logs(
            json_lines=service.logs.format == "json", level=service.logs.level, audit=service.logs.audit_file
        )
        self.callable = None
        old_service.close(old)
        super().reload()
        audit("settings-loaded", outcome=service.name)


class _Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's messages go to the log of the service. There is no access log, because paths may name messages."""

    def setup(self, cfg: Any) -> None:
        self.error_log.propagate = True
        self.access_log.propagate = False
        self.error_log.setLevel(logging.getLogger().level)

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Log nothing: the service logs its requests."""


def _gunicorn_settings(service: Service, folder: Path) -> dict[str, Any]:
    server = service.server
    return {
        "bind": [server.listen] + ([service.watch] if service.watch else []),
        "workers": server.workers,
        "threads": server.threads,
        "worker_class": "sealwax.operation.worker.JsonErrorWorker",
        "worker_connections": 1000,
        "graceful_timeout": server.graceful_seconds,
        "keepalive": server.keep_alive_seconds,
        "limit_request_fields": server.max_header_fields,
        "limit_request_field_size": server.max_header_bytes,
        "worker_tmp_dir": str(folder),
        "preload_app": True,
        "logger_class": _Log,
        "accesslog": None,
        "proc_name": f"sealwax-{service.name}",
        # gunicorn itself trusts no client's headers. The setting `trusted_proxies` decides whose headers count.
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "forwarder_headers": "",
        "control_socket_disable": True,
    }
