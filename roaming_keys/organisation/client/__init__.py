"""The client of an organisation: the calls of its staff, and the commands of staff and owners.

It needs neither Flask nor a database, and imports no module of the server.
"""
