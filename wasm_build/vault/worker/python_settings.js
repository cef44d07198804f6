/** What the snapshot's maker and the Worker must agree on. */

/** Pyodide asks for a package index; the bundle brings everything along, so that the index is empty. */
export const LOCK_FILE = JSON.stringify({
  info: {
    abi_version: "2026_0",
    arch: "wasm32",
    platform: "emscripten_5_0_3",
    python: "3.14.2",
  },
  packages: {},
});

/** A fixed hash seed makes two snapshots equal. */
export const PYTHON_ENVIRONMENT = Object.freeze({ HOME: "/home/pyodide", PYTHONHASHSEED: "0", PYTHONINSPECT: "1" });

/** Where the core's sources stand in Python's in-memory file system. */
export const PYTHON_ZIP_PATH = "/lib/sealwax_python.zip";
