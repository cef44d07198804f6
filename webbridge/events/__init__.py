"""The process of events. It sends streams of events to pages (server-sent events), from one IMAP connection per user.

`hub` connects streams with users, `inbox` watches one user's inbox, `stream` is the queue of one page, and
`application` is the ASGI application. A Flask application admits requests by the rules of the API.
"""

from __future__ import annotations
