/**
 * Encrypted envelopes between the extension's own contexts. Browsers keep copies of everything that passes through
 * `runtime.sendMessage`, so messages with secrets have only ciphertext.
 *
 * One envelope is ECIES: a fresh P-256 key for each, ECDH, HKDF-SHA-256, AES-256-GCM with a zero nonce (each key is
 * used once). The info of HKDF names the purpose and both public keys. An envelope does not prove who encrypted it. The
 * receiver relies on the browser, which names the sender of each message.
 */

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const LABEL = "sealwax channel 1 ";
/** The purpose of envelopes with suggested words. */
export const SUGGESTION = "suggested words";

/** @returns {Promise<ChannelKeys>} a key pair whose private half never leaves this context */
export async function generateKeys() {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  return { publicKey: await crypto.subtle.exportKey("raw", pair.publicKey), privateKey: pair.privateKey };
}

/**
 * @param {CryptoKey} privateKey
 * @param {ArrayBuffer} peer
 * @param {{sender: ArrayBuffer, recipient: ArrayBuffer, purpose: string}} binding
 * @param {"encrypt" | "decrypt"} usage
 */
async function deriveKey(privateKey, peer, { sender, recipient, purpose }, usage) {
  const publicKey = await crypto.subtle.importKey("raw", peer, CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: publicKey }, privateKey, 256);
  const secret = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  new Uint8Array(shared).fill(0);
  const info = joined(new TextEncoder().encode(`${LABEL}${purpose}\0`), new Uint8Array(recipient), new Uint8Array(sender));
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info };
  return crypto.subtle.deriveKey(derivation, secret, { name: "AES-GCM", length: 256 }, false, [usage]);
}

/** @param {Uint8Array[]} pieces */
function joined(...pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/**
 * Encrypts bytes for a public key, and overwrites `plaintext`.
 * @param {ArrayBuffer} recipient raw P-256 point
 * @param {string} purpose
 * @param {ArrayBuffer} plaintext
 * @returns {Promise<Envelope>}
 */
export async function encryptTo(recipient, purpose, plaintext) {
  const keys = await generateKeys();
  const key = await deriveKey(keys.privateKey, recipient, { sender: keys.publicKey, recipient, purpose }, "encrypt");
  const ciphertext = await crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, plaintext);
  new Uint8Array(plaintext).fill(0);
  return { sender: keys.publicKey, ciphertext };
}

/**
 * @param {ChannelKeys} keys
 * @param {string} purpose
 * @param {Envelope} envelope
 * @returns {Promise<ArrayBuffer>} the plaintext; rejects if the envelope was not encrypted for these keys
 */
export async function openWith(keys, purpose, { sender, ciphertext }) {
  const key = await deriveKey(keys.privateKey, sender, { sender, recipient: keys.publicKey, purpose }, "decrypt");
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, ciphertext);
}
