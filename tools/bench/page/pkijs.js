/**
 * PKI.js's side of each job, with the same input and the same kind of result as our side. Verification includes the path to the
 * anchor.
 *
 * In its fastest form, it keeps imported keys and parsed certificates between operations, and writes content in one
 * piece (`disableSplit`). With its defaults, it imports and parses them for each operation.
 */

import * as asn1js from "asn1js";
import * as pkijs from "pkijs";

/**
 * @typedef {import("./bench.js").Person} Person
 * @typedef {import("./bench.js").Jobs} Jobs
 * @typedef {{signing: CryptoKey, decrypting: ArrayBuffer | CryptoKey, own: any, anchor: any}} Material
 */

pkijs.setEngine("browser", new pkijs.CryptoEngine({ name: "browser", crypto, subtle: crypto.subtle }));

const AES_256_CBC = /** @type {any} */ ({ name: "AES-CBC", length: 256 });
const KARI_WITH_SHA_256 = { kdfAlgorithm: "SHA-256", kekEncryptionLength: 256 };

const parseCertificate = (/** @type {ArrayBuffer} */ der) => new pkijs.Certificate({ schema: asn1js.fromBER(der).result });
const parseContent = (/** @type {ArrayBuffer} */ der) =>
  new pkijs.ContentInfo({ schema: asn1js.fromBER(der).result }).content;
const buildContentInfo = (/** @type {string} */ contentType, /** @type {any} */ content) =>
  new pkijs.ContentInfo({ contentType, content }).toSchema().toBER(false);

/** PKI.js in its fastest form: keys and certificates are kept between operations. */
export const pkijsFastest = {
  /** @param {Person} person @returns {Promise<Jobs>} */
  async prepare(person) {
    const material = { ...(await importMaterial(person)), decrypting: await importDecrypting(person) };
    return jobs(async () => material, true);
  },
};

/** PKI.js with its defaults, as its documentation shows it. */
export const pkijsDefaults = {
  /** @param {Person} person @returns {Promise<Jobs>} */
  async prepare(person) {
    return jobs(() => importMaterial(person), false);
  },
};

/** @param {Person} person @returns {Promise<Material>} */
async function importMaterial({ keyType, key, certificate, anchor }) {
  const algorithm = keyType === "P-256"
    ? { name: "ECDSA", namedCurve: "P-256" }
    : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  return {
    signing: await crypto.subtle.importKey("pkcs8", key, algorithm, false, ["sign"]),
    decrypting: key,
    own: parseCertificate(certificate),
    anchor: parseCertificate(anchor),
  };
}

/** @param {Person} person */
function importDecrypting({ keyType, key }) {
  return keyType === "P-256"
    ? crypto.subtle.importKey("pkcs8", key, { name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"])
    : crypto.subtle.importKey("pkcs8", key, { name: "RSA-OAEP", hash: "SHA-256" }, false, ["decrypt"]);
}

/**
 * @param {() => Promise<Material>} findMaterial
 * @param {boolean} disableSplit
 * @returns {Jobs}
 */
function jobs(findMaterial, disableSplit) {
  return {
    sign: (content) => async () => sign(await findMaterial(), content, disableSplit),
    verify: (cms) => async () => verify(await findMaterial(), cms),
    encrypt: (content) => async () => encrypt(await findMaterial(), content, disableSplit),
    decrypt: (cms) => async () => decrypt(await findMaterial(), cms),
    subjects: async (rows) => {
      const found = [];
      for (const { cms } of rows) found.push(subjectOf(await decrypt(await findMaterial(), cms)));
      return found;
    },
  };
}

/** @param {Material} material @param {ArrayBuffer} content @param {boolean} disableSplit */
async function sign({ signing, own }, content, disableSplit) {
  const eContentType = pkijs.id_ContentType_Data;
  const eContent = new asn1js.OctetString({ valueHex: content });
  // The constructor would cut the content into pieces of 64 KiB. So with `disableSplit` the content is set afterwards.
  const encapContentInfo = new pkijs.EncapsulatedContentInfo(disableSplit ? { eContentType } : { eContentType, eContent });
  encapContentInfo.eContent ??= eContent;
  const signed = new pkijs.SignedData({
    version: 1,
    encapContentInfo,
    signerInfos: [
      new pkijs.SignerInfo({
        version: 1,
        sid: new pkijs.IssuerAndSerialNumber({ issuer: own.issuer, serialNumber: own.serialNumber }),
        signedAttrs: new pkijs.SignedAndUnsignedAttributes({ type: 0, attributes: await attributesOf(content) }),
      }),
    ],
    certificates: [own],
  });
  await signed.sign(signing, 0, "SHA-256", content);
  return buildContentInfo(pkijs.id_ContentType_SignedData, signed.toSchema(true));
}

/** @param {ArrayBuffer} content */
async function attributesOf(content) {
  const attribute = (/** @type {string} */ type, /** @type {any} */ value) =>
    new pkijs.Attribute({ type, values: [value] });
  const digest = await crypto.subtle.digest("SHA-256", content);
  return [
    attribute("1.2.840.113549.1.9.3", new asn1js.ObjectIdentifier({ value: pkijs.id_ContentType_Data })),
    attribute("1.2.840.113549.1.9.5", new asn1js.UTCTime({ valueDate: new Date() })),
    attribute("1.2.840.113549.1.9.4", new asn1js.OctetString({ valueHex: digest })),
  ];
}

/** @param {Material} material @param {ArrayBuffer} cms */
async function verify({ anchor }, cms) {
  const signed = new pkijs.SignedData({ schema: parseContent(cms) });
  const verdict = await signed.verify({ signer: 0, trustedCerts: [anchor], checkChain: true, extendedMode: true });
  if (!verdict.signatureVerified) throw new Error("PKI.js did not verify");
  return signed.encapContentInfo.eContent?.getValue();
}

/** @param {Material} material @param {ArrayBuffer} content @param {boolean} disableSplit */
async function encrypt({ own }, content, disableSplit) {
  const enveloped = new pkijs.EnvelopedData({ disableSplit });
  enveloped.addRecipientByCertificate(own, { oaepHashAlgorithm: "SHA-256", ...KARI_WITH_SHA_256 });
  await enveloped.encrypt(AES_256_CBC, content);
  return buildContentInfo(pkijs.id_ContentType_EnvelopedData, enveloped.toSchema());
}

/** @param {Material} material @param {ArrayBuffer} cms */
async function decrypt({ decrypting, own }, cms) {
  const enveloped = new pkijs.EnvelopedData({ schema: parseContent(cms) });
  return enveloped.decrypt(0, { recipientCertificate: own, recipientPrivateKey: decrypting });
}

/** The subject in a message, which PKI.js cannot parse: its first line with "Subject:". @param {ArrayBuffer} entity */
function subjectOf(entity) {
  return /^Subject: (.*?)\r?$/m.exec(new TextDecoder().decode(entity))?.[1] ?? null;
}
