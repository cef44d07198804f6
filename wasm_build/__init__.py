"""The browser's side: `vault` runs the core in WebAssembly, `ui` has the interface shared by pages and extension.

`bundle` builds both into files for browsers; `python -m wasm_build` starts the build.
"""
