"""The vault of the browser. Its owner and its Worker are in JavaScript, its verbs in Python.

The Python part of the bundle is the verbs and their imports; `wasm_build/bundle` makes the bundle.
"""
