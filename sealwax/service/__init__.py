"""The parts that every web service shares: application, errors, headers, settings, database, counters.

The modules import only the core and each other, never the bridge or the key server. They have no secrets of their own.
"""

from __future__ import annotations

from sealwax.service.announcements import Announcement, Announcements, Listening
from sealwax.service.application import create_application
from sealwax.service.client_network import client_network, client_site
from sealwax.service.configuration import check_proxies, host_of, is_https, now
from sealwax.service.counters import DecayingCounter, Gate, LeakyCounter
from sealwax.service.database import (
    CLOCK_SLACK_SECONDS,
    Access,
    Database,
    DatabaseUnavailable,
    file_of,
    has_password,
    insert_into,
    is_missing,
)
from sealwax.service.errors import ServiceError, TryLater, error_response, install_error_handlers
from sealwax.service.faults import Fault
from sealwax.service.headers import API_POLICY, CrossOrigin, allow_origin, install_cross_origin
from sealwax.service.health import Health, install_health
from sealwax.service.logs import audit
from sealwax.service.metrics import count_event
from sealwax.service.prefix import install_prefix
from sealwax.service.request_body import parse_body, parse_first_line
from sealwax.service.schema import DatabaseRefused, Schema, SchemaStatus
from sealwax.service.web_server import catch_ending_signals, serve
from smime_core.text import check_origin

__all__ = [
    "API_POLICY",
    "CLOCK_SLACK_SECONDS",
    "Access",
    "Announcement",
    "Announcements",
    "CrossOrigin",
    "Database",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "DecayingCounter",
    "Fault",
    "Gate",
    "Health",
    "LeakyCounter",
    "Listening",
    "Schema",
    "SchemaStatus",
    "ServiceError",
    "TryLater",
    "allow_origin",
    "audit",
    "catch_ending_signals",
    "check_origin",
    "check_proxies",
    "client_network",
    "client_site",
    "count_event",
    "create_application",
    "error_response",
    "file_of",
    "has_password",
    "host_of",
    "insert_into",
    "install_cross_origin",
    "install_error_handlers",
    "install_health",
    "install_prefix",
    "is_https",
    "is_missing",
    "now",
    "parse_body",
    "parse_first_line",
    "serve",
]
