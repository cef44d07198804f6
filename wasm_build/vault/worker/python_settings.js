/** The settings of Pyodide, which must be the same in the build of the snapshot and in the Worker. */

/** The package index that Pyodide demands. It is empty, because the bundle has all packages. */
export const LOCK_FILE = JSON.stringify({
  info: {
    abi_version: "2026_0",
    arch: "wasm32",
    platform: "emscripten_5_0_3",
    python: "3.14.2",
  },
  packages: {},
});

/** Python's environment variables. The fixed hash seed makes two snapshots equal. */
export const PYTHON_ENVIRONMENT = Object.freeze({ HOME: "/home/pyodide", PYTHONHASHSEED: "0", PYTHONINSPECT: "1" });

/** The path of the core's modules in Python's in-memory file system. */
export const PYTHON_ZIP_PATH = "/lib/sealwax_python.zip";
