"""The client of the key server for native programs: requests over HTTP, and `sealwax roam`.

It needs neither Flask nor a database, and imports no module of the server.
"""
