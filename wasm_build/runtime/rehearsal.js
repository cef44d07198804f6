/**
 * What a Worker does while it waits in reserve: it signs, verifies, encrypts and decrypts a few bytes with keys that
 * protect nothing, so that its JavaScript and the way to WebCrypto are warm when a request comes.
 */

import { finish, runVerb, takeReply } from "./python_call.js";
import { checkRequest, collectBuffers } from "./rpc.js";

const CONTENT_BYTES = 1_000;
// The first walk is the coldest; after three the browser has compiled what it will.
const ROUNDS = 3;

/**
 * @param {any} pyodide
 * @param {import("./cleanup.js").Residue} residue
 * @param {() => boolean} isWanted whether a request has come, which ends the rehearsal
 */
export async function rehearse(pyodide, residue, isWanted) {
  // A moment for a request that was already on its way.
  await new Promise((resolve) => setTimeout(resolve, 0));
  if (isWanted()) return;
  const material = await finish(pyodide.pyimport("wasm_build.warm_up").begin_rehearsal());
  const { sealed, certificate, anchor, at } = takeReply(material, residue);
  const keys = { identities: [sealed], sealKey: { buffer: new ArrayBuffer(4096), length: 32 } };
  const content = new ArrayBuffer(CONTENT_BYTES);
  /**
   * @param {string} verb
   * @param {object} args
   */
  const run = async (verb, args) => {
    checkRequest(verb, args);
    const result = await runVerb(pyodide, verb, args, residue, { strict: false });
    collectBuffers(result);
    return result;
  };
  for (let round = 0; round < ROUNDS; round++) {
    if (isWanted()) return;
    const signed = await run("bytes.sign", { content, ...keys, at });
    if (isWanted()) return;
    await run("bytes.verify", { cms: signed.cms, trust: { anchors: [{ certificate: anchor }] }, at });
    if (isWanted()) return;
    const encrypted = await run("bytes.encrypt", { content, recipients: [certificate], cipher: "cbc" });
    if (isWanted()) return;
    await run("bytes.decrypt", { cms: encrypted.cms, ...keys });
  }
}
