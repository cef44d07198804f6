"""The audit trail of the key server: a chain of events in its database. An authority timestamps its latest event daily.

`events` has the events and the hashes that chain them, `trail` appends and reads, `stamping` obtains timestamps
(RFC 3161), and `checking` finds the first event that does not fit.
"""

from roaming_keys.server.audit.events import AuditEvent, AuditKind
from roaming_keys.server.audit.trail import AuditTrail

__all__ = ["AuditEvent", "AuditKind", "AuditTrail"]
