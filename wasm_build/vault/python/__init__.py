"""The verbs of the vault. A module has the verbs of one noun: their request classes, and the functions that answer.

`verbs` has the table of all verbs and answers a request. `streams` has the verbs whose content comes in pieces.
"""
