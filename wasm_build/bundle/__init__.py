"""The build of `dist/`: Pyodide, the core and its memory snapshot, the bundled scripts, the packages of the extension.

`build.py` runs all its steps. `dist/manifest.json` lists every file with its hash. Two builds of one commit give the
same bytes.
"""
