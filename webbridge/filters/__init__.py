"""A person's filters: rules and the vacation answer, kept as a Sieve script on the mail server (RFC 5228, RFC 5230).

`model` are the values, `members` reads and writes them as JSON, `compiling` makes Sieve of them, `script_text` is the
script with its comment, and `kept_filters` loads and saves it by ManageSieve.
"""
