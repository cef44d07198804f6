"""Conformance with the published test vectors: `python -m tests.conformance SET FOLDER`.

`case` and `run` with the tasks in `checks` run anywhere, a browser's vault included, and use nothing but `smime_core`;
`readers` turn a folder into cases, `expected` holds what READMEs and RFCs say as data, `table` prints the result.
"""
