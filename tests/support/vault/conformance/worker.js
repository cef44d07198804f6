/**
 * The vault's runtime with the conformance checks. It starts as in the vault and calls WebCrypto by the same functions,
 * but has no cleanup.
 *
 * Only the tests' server has this Worker.
 */

import { Residue } from "../../../../wasm_build/vault/cleanup.js";
import { createRecorder } from "./recorder.js";
import { createCryptoDoor } from "../../../../wasm_build/vault/worker/crypto_door.js";
import { finish } from "../../../../wasm_build/vault/worker/python_call.js";
import { startPython } from "../../../../wasm_build/vault/worker/python_start.js";

const TESTS_PATH = "/lib/tests.zip";
const residue = new Residue();
// `rinseLatest` uses WebCrypto, and no operation waits for it. The recorder would count it for another operation.
residue.rinseLatest = () => {};
/** @type {any} */
let pyodide;

/** @type {Record<string, (message: any) => Promise<unknown>>} */
const kinds = {
  start: async ({ assets, tests }) => {
    const python = await startPython(assets);
    ({ pyodide } = python);
    const recorder = createRecorder(createCryptoDoor(residue));
    pyodide.registerJsModule("sealwax_js", recorder.door);
    pyodide.registerJsModule("sealwax_recorder", recorder);
    pyodide.FS.writeFile(TESTS_PATH, new Uint8Array(tests));
    pyodide.runPython(`
import sys
sys.path.append(${JSON.stringify(TESTS_PATH)})
import smime_core.ca
smime_core.ca.__path__.append(${JSON.stringify(`${TESTS_PATH}/smime_core/ca`)})
import wasm_build.vault.python.verbs
from smime_core.providers.webcrypto import WebCryptoProvider
provider = WebCryptoProvider()

def begin(name, given):
    from inside import FUNCTIONS
    return wasm_build.vault.python.verbs.stepper(FUNCTIONS[name](provider, given.to_bytes()))
`);
    return python.startKind;
  },
  call: async ({ name, given }) => {
    const text = await finish(pyodide.globals.get("begin")(name, new Uint8Array(given)));
    residue.wipeBuffers();
    return text;
  },
};

onmessage = async ({ data }) => {
  try {
    postMessage({ result: await kinds[data.kind](data) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
