"""Notices by mail, which a service sends on its own: the operator's mail server, the mail, its signature, the thread.

RFC 3834, RFC 5321, RFC 5322. Each service has its own words and its own queue.
"""
