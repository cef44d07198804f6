"""Web Push: empty messages that wake a browser when new mail has come and no page of its session is open.

`settings` has the operator's settings, and `vapid` identifies the operator to a push service. `endpoints` checks the
URLs that browsers name, `subscriptions` keeps them with their sessions, and `message` sends one message.
`webbridge.events` decides when to send.
"""

from __future__ import annotations
