"""Certificates for the pages: from the operator's files, from directories of people and from authorities."""
