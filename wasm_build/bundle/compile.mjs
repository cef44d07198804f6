/**
 * Compiles an archive of Python sources in the Pyodide that also runs them later. Two runs give the same bytes.
 *
 * Usage: node compile.mjs PYODIDE_FOLDER BYTECODE_PY SOURCES_ZIP OUT
 */

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { freezeHiddenInputs } from "./frozen_inputs.mjs";
import { LOCK_FILE, PYTHON_ENVIRONMENT } from "../vault/worker/python_settings.js";

const [pyodideFolder, compiler, sources, out] = process.argv.slice(2).map((argument) => path.resolve(argument));
await freezeHiddenInputs();
const { loadPyodide } = await import(pathToFileURL(path.join(pyodideFolder, "pyodide.mjs")).href);
const python = await loadPyodide({
  indexURL: pyodideFolder,
  env: { ...PYTHON_ENVIRONMENT },
  lockFileContents: LOCK_FILE,
});
python.FS.writeFile("/sources.zip", new Uint8Array(fs.readFileSync(sources)));
python.runPython(fs.readFileSync(compiler, "utf8"));
python.globals.get("compile_archive")("/sources.zip", "/compiled.zip");
fs.writeFileSync(out, python.FS.readFile("/compiled.zip"));
// Without this Node would wait for Pyodide's open handles.
process.exit(0);
