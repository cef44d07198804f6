"""Conformance with the published test vectors: `python -m tools.conformance SET FOLDER`.

`case`, `run` and the tasks in `checks` need only `smime_core`, so that they also run in the vault of a browser.
`readers` turn a folder into cases. `expected` has the claims of READMEs and RFCs as JSON. `table` prints the result.
"""
