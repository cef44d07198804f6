/**
 * What a Worker does while it waits in reserve: it signs, verifies, encrypts and decrypts a few bytes with keys that
 * protect nothing, so that its JavaScript and the way to WebCrypto are warm when a request comes.
 */

import { finish, takeReply } from "./python_call.js";

const CONTENT_BYTES = 1_000;
// The first walk is the coldest; after eight the browser has compiled what it will.
const ROUNDS = 8;

/**
 * @param {any} pyodide
 * @param {import("./cleanup.js").Residue} residue
 * @param {() => boolean} isWanted whether a request has come, which ends the rehearsal
 * @param {(verb: string, args: object) => Promise<any>} run answers as a request is answered
 */
export async function rehearse(pyodide, residue, isWanted, run) {
  // A moment for a request that was already on its way.
  await new Promise((resolve) => setTimeout(resolve, 0));
  if (isWanted()) return;
  const material = await finish(pyodide.pyimport("wasm_build.warm_up").begin_rehearsal());
  const { people, anchor, at } = takeReply(material, residue);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { sealed, certificate } of people) {
      // Whatever a request brings is overwritten, so that each needs copies of its own.
      const keys = () => ({ identities: [sealed.slice(0)], sealKey: { buffer: new ArrayBuffer(4096), length: 32 } });
      const content = () => new ArrayBuffer(CONTENT_BYTES);
      if (isWanted()) return;
      const signed = await run("bytes.sign", { content: content(), ...keys(), at });
      if (isWanted()) return;
      await run("bytes.verify", { cms: signed.cms, trust: { anchors: [{ certificate: anchor.slice(0) }] }, at });
      if (isWanted()) return;
      const encrypted = await run("bytes.encrypt", { content: content(), recipients: [certificate.slice(0)] });
      if (isWanted()) return;
      await run("bytes.decrypt", { cms: encrypted.cms, ...keys() });
    }
  }
}
