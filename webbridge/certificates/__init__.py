"""Certificates for the pages: from the operator's files, from directories, and from certification authorities."""
