"""Conformance with the published test vectors: `python -m tools.conformance SET FOLDER`.

`case` and `run` with the tasks in `checks` need only `smime_core`, so that they also run in a browser's vault.
`readers` turn a folder into cases. `expected` has the claims of READMEs and RFCs as JSON. `table` prints the result.
"""
