"""The key server: a Flask application over SQLAlchemy, and the commands of its operator.

It stores encrypted records and public keys, and imports no module of the client.
"""
