/** node-forge's side of each job. It has only RSA, no verification of CMS, and content as strings of bytes. */

/**
 * @typedef {import("./bench.js").Person} Person
 * @typedef {import("./bench.js").Jobs} Jobs
 */

const forge = /** @type {any} */ (globalThis).forge;

const binary = (/** @type {ArrayBuffer} */ buffer) => forge.util.createBuffer(new Uint8Array(buffer)).getBytes();
const bufferOf = (/** @type {string} */ text) => Uint8Array.from(text, (unit) => unit.charCodeAt(0)).buffer;

/** The keys are parsed once, before the jobs. node-forge needs no further import of keys. */
export const nodeForge = {
  /** @param {Person} person @returns {Promise<Jobs>} */
  async prepare({ keyType, ...ders }) {
    if (keyType !== "RSA-2048") return {};
    const key = forge.pki.privateKeyFromAsn1(forge.asn1.fromDer(binary(ders.key)));
    const certificate = forge.pki.certificateFromAsn1(forge.asn1.fromDer(binary(ders.certificate)));
    const decrypt = (/** @type {ArrayBuffer} */ cms) => async () => decryptWith(key, certificate, cms);
    return {
      sign: (content) => async () => sign(key, certificate, content),
      encrypt: (content) => async () => encrypt(certificate, content),
      decrypt,
      "decrypt v1.5": decrypt,
    };
  },
};

/** @param {any} key @param {any} certificate @param {ArrayBuffer} content */
function sign(key, certificate, content) {
  const signed = forge.pkcs7.createSignedData();
  signed.content = forge.util.createBuffer(binary(content));
  signed.addCertificate(certificate);
  signed.addSigner({
    key,
    certificate,
    digestAlgorithm: forge.pki.oids.sha256,
    authenticatedAttributes: [
      { type: forge.pki.oids.contentType, value: forge.pki.oids.data },
      { type: forge.pki.oids.messageDigest },
      { type: forge.pki.oids.signingTime, value: new Date() },
    ],
  });
  signed.sign();
  return bufferOf(forge.asn1.toDer(signed.toAsn1()).getBytes());
}

/** @param {any} certificate @param {ArrayBuffer} content */
function encrypt(certificate, content) {
  const enveloped = forge.pkcs7.createEnvelopedData();
  enveloped.addRecipient(certificate);
  enveloped.content = forge.util.createBuffer(binary(content));
  enveloped.encrypt(undefined, forge.pki.oids["aes256-CBC"]);
  return bufferOf(forge.asn1.toDer(enveloped.toAsn1()).getBytes());
}

/** @param {any} key @param {any} certificate @param {ArrayBuffer} cms */
function decryptWith(key, certificate, cms) {
  const enveloped = forge.pkcs7.messageFromAsn1(forge.asn1.fromDer(binary(cms)));
  enveloped.decrypt(enveloped.findRecipient(certificate), key);
  return bufferOf(enveloped.content.getBytes());
}
