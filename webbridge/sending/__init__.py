"""Sending: from the upload of a message to its outcome. No message is sent twice."""
