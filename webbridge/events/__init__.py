"""The process of events: streams to pages (server-sent events), fed by one IMAP connection for each user.

`hub` joins streams and users, `inbox` watches one user's inbox, `stream` is the queue of one page, and `application` is
the ASGI application. Requests are admitted by a Flask application with the rules of the API.
"""

from __future__ import annotations
