/**
 * The peers' side of each job: from the same bytes to the same kind of result.
 *
 * Everybody starts from a PKCS#8 key and DER certificates, imports them, and ends with DER or the content; verification
 * includes the path to the anchor. `null` stands for what a peer does not implement.
 */

import * as asn1js from "asn1js";
import * as pkijs from "pkijs";

const engine = new pkijs.CryptoEngine({ name: "browser", crypto, subtle: crypto.subtle });
pkijs.setEngine("browser", engine);
const forge = /** @type {any} */ (globalThis).forge;

/** @typedef {{key: ArrayBuffer, certificate: ArrayBuffer, anchor: ArrayBuffer}} Person */
/** @typedef {(person: Person, input: ArrayBuffer) => Promise<ArrayBuffer>} Job */

const certificateOf = (/** @type {ArrayBuffer} */ der) => new pkijs.Certificate({ schema: asn1js.fromBER(der).result });
const contentOf = (/** @type {ArrayBuffer} */ der) =>
  new pkijs.ContentInfo({ schema: asn1js.fromBER(der).result }).content;

/** @type {Job} */
async function pkijsSign({ key, certificate }, content) {
  const privateKey = await crypto.subtle.importKey(
    "pkcs8", key, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["sign"],
  );
  const own = certificateOf(certificate);
  const signed = new pkijs.SignedData({
    version: 1,
    encapContentInfo: new pkijs.EncapsulatedContentInfo({
      eContentType: "1.2.840.113549.1.7.1",
      eContent: new asn1js.OctetString({ valueHex: content }),
    }),
    signerInfos: [
      new pkijs.SignerInfo({
        version: 1,
        sid: new pkijs.IssuerAndSerialNumber({ issuer: own.issuer, serialNumber: own.serialNumber }),
        signedAttrs: new pkijs.SignedAndUnsignedAttributes({ type: 0, attributes: await attributesOf(content) }),
      }),
    ],
    certificates: [own],
  });
  await signed.sign(privateKey, 0, "SHA-256", content);
  return new pkijs.ContentInfo({ contentType: "1.2.840.113549.1.7.2", content: signed.toSchema(true) })
    .toSchema()
    .toBER(false);
}

/** @param {ArrayBuffer} content */
async function attributesOf(content) {
  const attribute = (/** @type {string} */ type, /** @type {any} */ value) =>
    new pkijs.Attribute({ type, values: [value] });
  const digest = await crypto.subtle.digest("SHA-256", content);
  return [
    attribute("1.2.840.113549.1.9.3", new asn1js.ObjectIdentifier({ value: "1.2.840.113549.1.7.1" })),
    attribute("1.2.840.113549.1.9.5", new asn1js.UTCTime({ valueDate: new Date() })),
    attribute("1.2.840.113549.1.9.4", new asn1js.OctetString({ valueHex: digest })),
  ];
}

/** @type {Job} */
async function pkijsVerify({ anchor }, cms) {
  const signed = new pkijs.SignedData({ schema: contentOf(cms) });
  const verdict = await signed.verify({
    signer: 0, trustedCerts: [certificateOf(anchor)], checkChain: true, extendedMode: true,
  });
  if (!verdict.signatureVerified) throw new Error("PKI.js did not verify");
  return cms;
}

/** @type {Job} */
async function pkijsEncrypt({ certificate }, content) {
  // `disableSplit` is its fastest form; its default cannot reopen its own output from 6 MB on.
  const enveloped = new pkijs.EnvelopedData({ disableSplit: true });
  enveloped.addRecipientByCertificate(certificateOf(certificate), { oaepHashAlgorithm: "SHA-256" });
  await enveloped.encrypt(/** @type {any} */ ({ name: "AES-CBC", length: 256 }), content);
  return new pkijs.ContentInfo({ contentType: "1.2.840.113549.1.7.3", content: enveloped.toSchema() })
    .toSchema()
    .toBER(false);
}

/** @type {Job} */
async function pkijsDecrypt({ key, certificate }, cms) {
  const enveloped = new pkijs.EnvelopedData({ schema: contentOf(cms) });
  return enveloped.decrypt(0, { recipientCertificate: certificateOf(certificate), recipientPrivateKey: key });
}

const binary = (/** @type {ArrayBuffer} */ buffer) => forge.util.createBuffer(new Uint8Array(buffer)).getBytes();
const bufferOf = (/** @type {string} */ text) => Uint8Array.from(text, (unit) => unit.charCodeAt(0)).buffer;
const forgeCertificate = (/** @type {ArrayBuffer} */ der) =>
  forge.pki.certificateFromAsn1(forge.asn1.fromDer(binary(der)));
const forgeKey = (/** @type {ArrayBuffer} */ der) => forge.pki.privateKeyFromAsn1(forge.asn1.fromDer(binary(der)));

/** @type {Job} */
async function forgeSign({ key, certificate }, content) {
  const signed = forge.pkcs7.createSignedData();
  signed.content = forge.util.createBuffer(binary(content));
  signed.addCertificate(forgeCertificate(certificate));
  signed.addSigner({
    key: forgeKey(key),
    certificate: forgeCertificate(certificate),
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

/** @type {Job} */
async function forgeEncrypt({ certificate }, content) {
  const enveloped = forge.pkcs7.createEnvelopedData();
  enveloped.addRecipient(forgeCertificate(certificate));
  enveloped.content = forge.util.createBuffer(binary(content));
  enveloped.encrypt(undefined, forge.pki.oids["aes256-CBC"]);
  return bufferOf(forge.asn1.toDer(enveloped.toAsn1()).getBytes());
}

/** @type {Job} */
async function forgeDecrypt({ key, certificate }, cms) {
  const enveloped = forge.pkcs7.messageFromAsn1(forge.asn1.fromDer(binary(cms)));
  enveloped.decrypt(enveloped.findRecipient(forgeCertificate(certificate)), forgeKey(key));
  return bufferOf(enveloped.content.getBytes());
}

/** @type {Record<string, Record<string, Job | null>>} */
export const peers = {
  "PKI.js": { sign: pkijsSign, verify: pkijsVerify, encrypt: pkijsEncrypt, decrypt: pkijsDecrypt },
  "node-forge": { sign: forgeSign, verify: null, encrypt: forgeEncrypt, decrypt: forgeDecrypt },
};
