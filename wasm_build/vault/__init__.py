"""The vault of the browser: a Worker, and the code of a page that owns it, in JavaScript; and its verbs, in Python.

A verb is an operation of the vault. The Python part of the bundle is the verbs and their imports; `wasm_build/bundle`
makes the bundle.
"""
