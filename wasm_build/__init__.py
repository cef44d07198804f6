"""The browser's side: `vault` runs the core in WebAssembly, `ui` has the interface shared by pages and extension.

`bundle` makes files for browsers from both; `python -m wasm_build` starts the build.
"""
