/**
 * The rehearsal of a waiting Worker. The Worker signs, verifies, encrypts and decrypts a few bytes with keys that
 * protect nothing. So the browser has compiled its JavaScript and prepared WebCrypto before a request comes.
 */

import { finish, takeReply } from "./python_call.js";

const CONTENT_BYTES = 1_000;
// After eight rounds the browser compiles nothing more. The first round is the slowest, and the image needs it.
const ROUNDS = 2;

/**
 * @param {any} pyodide
 * @param {import("../memory/cleanup.js").Residue} residue
 * @param {{isWanted: () => boolean, isUseless: () => boolean}} asked `isWanted`: whether a request has come; then only
 * one round is made. `isUseless`: whether this request gains nothing from the rehearsal; then the rehearsal ends at
 * once
 * @param {(verb: string, args: object) => Promise<any>} run runs a verb in the same way as for a request
 */
export async function rehearse(pyodide, residue, { isWanted, isUseless }, run) {
  // During this pause the message of a request that was already sent can arrive.
  await new Promise((resolve) => setTimeout(resolve, 0));
  if (isUseless()) return;
  const material = await finish(pyodide.pyimport("wasm_build.vault.python.warm_up").begin_rehearsal());
  const { people, anchor, at } = takeReply(material, residue);
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0 && isWanted()) return;
    for (const { sealed, certificate } of people) {
      // The buffers of a request are overwritten afterwards, so each request needs separate copies.
      const keys = () => ({ identities: [sealed.slice(0)], sealKey: { buffer: new ArrayBuffer(4096), length: 32 } });
      const content = () => new ArrayBuffer(CONTENT_BYTES);
      if (isUseless()) return;
      const signed = await run("bytes.sign", { content: content(), ...keys(), at });
      if (isUseless()) return;
      await run("bytes.verify", { cms: signed.cms, trust: { anchors: [{ certificate: anchor.slice(0) }] }, at });
      if (isUseless()) return;
      const encrypted = await run("bytes.encrypt", { content: content(), recipients: [certificate.slice(0)] });
      if (isUseless()) return;
      await run("bytes.decrypt", { cms: encrypted.cms, ...keys() });
    }
  }
}
