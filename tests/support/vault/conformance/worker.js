/**
 * The vault's runtime with the conformance checks. It starts as in the vault, calls WebCrypto by the same functions, and
 * after each call goes on as the vault's Worker does: with its memory rewound to an image.
 *
 * Only the tests' server has this Worker.
 */

import { cleanUpLater, cleanUpToRest, Residue } from "../../../../wasm_build/vault/memory/cleanup.js";
import { collectKeys, forgetKeys, watchKeys } from "../../../../wasm_build/vault/worker/collected_keys.js";
import { createRecorder } from "./recorder.js";
import { createCryptoDoor } from "../../../../wasm_build/vault/worker/crypto_door.js";
import { finish, holdVerbs, runVerb } from "../../../../wasm_build/vault/worker/python_call.js";
import { settleAll } from "../../../../wasm_build/vault/worker/pending.js";
import { startPython } from "../../../../wasm_build/vault/worker/python_start.js";
import { rehearse } from "../../../../wasm_build/vault/worker/rehearsal.js";
import { Image, prepareRewind } from "../../../../wasm_build/vault/worker/rewind.js";

const TESTS_PATH = "/lib/tests.zip";
const SETTLING_MILLISECONDS = 1_000;
const residue = new Residue();
/** @type {ReturnType<typeof createRecorder>} */
let recorder;
/** @type {Image} */
let image;
/** @type {() => void} */
let reseed;
/** The Python function that begins a call. Proxies that are made after the image are lost. @type {any} */
let begin;
let rewinds = 0;

/** @type {Record<string, (message: any) => Promise<unknown>>} */
const kinds = {
  start: async ({ assets, tests }) => {
    const python = await startPython(assets);
    const { pyodide } = python;
    if (!prepareRewind(python)) throw new Error("this Pyodide cannot be rewound");
    recorder = createRecorder(createCryptoDoor(residue));
    watchKeys();
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
from inside import FUNCTIONS
from tools.conformance.run import import_tasks
import_tasks()
provider = WebCryptoProvider()

def begin(name, given):
    return wasm_build.vault.python.verbs.stepper(FUNCTIONS[name](provider, given.to_bytes()))
`);
    begin = pyodide.globals.get("begin");
    const heldVerbs = holdVerbs(pyodide);
    reseed = heldVerbs.reseed;
    const choice = { isWanted: () => false, isUseless: () => false };
    await rehearse(pyodide, residue, choice, (verb, args) => runVerb(pyodide, verb, args, residue, { strict: false }));
    residue.forgetSecrets();
    forgetKeys();
    residue.wipeBuffers();
    heldVerbs.collect();
    image = new Image(python);
    return python.startKind;
  },
  call: async ({ name, given }) => ({ result: await call(name, new Uint8Array(given)), rewinds }),
  /** Calls a function with each of several inputs, each after its length as a big-endian uint32. Rewinds after each. */
  callEach: async ({ name, given }) => {
    /** @type {string[]} */
    const results = [];
    const lengths = new DataView(given);
    for (let at = 0; at < given.byteLength; at += 4 + lengths.getUint32(at)) {
      results.push(await call(name, new Uint8Array(given, at + 4, lengths.getUint32(at))));
    }
    return { result: results, rewinds };
  },
};

/** @param {string} name @param {Uint8Array} input @returns {Promise<string>} */
async function call(name, input) {
  try {
    return await finish(begin(name, input));
  } finally {
    await rewind();
  }
}

/** As the vault between two operations, but a doubt is an error: no other Worker takes over. */
async function rewind() {
  /** @type {unknown} */
  let doubt;
  const watched = {
    restore() {
      try {
        return image.restore();
      } catch (error) {
        doubt = error;
        throw error;
      }
    },
  };
  await settleAll(SETTLING_MILLISECONDS);
  // Without a report and without a doubt the browser only collected the keys too late.
  cleanUpToRest(residue, watched);
  await cleanUpLater(residue, collectKeys);
  if (doubt) throw doubt;
  residue.forgetSecrets();
  forgetKeys();
  reseed();
  // The rinse has used WebCrypto.
  recorder.takeWay();
  rewinds += 1;
}

onmessage = async ({ data }) => {
  try {
    postMessage({ result: await kinds[data.kind](data) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
