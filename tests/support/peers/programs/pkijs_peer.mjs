// Runs PKI.js with Node's WebCrypto as a program that answers lines of text (see line_peer.py). The only argument is
// the folder with NAME.pem and NAME.key of each person.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";

const people = process.argv[2];
pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: webcrypto }));

const ID_DATA = "1.2.840.113549.1.7.1";
const ID_SIGNED_DATA = "1.2.840.113549.1.7.2";
const ID_ENVELOPED_DATA = "1.2.840.113549.1.7.3";
const CURVES = { p256: "P-256", p384: "P-384", p521: "P-521" };

/** The DER bytes of a PEM file. */
function pem(name) {
  const text = readFileSync(`${people}/${name}`, "latin1").replace(/-----[^-]+-----|\s/g, "");
  return new Uint8Array(Buffer.from(text, "base64"));
}

function certificate(name) {
  return pkijs.Certificate.fromBER(pem(`${name}.pem`));
}

/** The WebCrypto algorithm for signing with the key of the person `name`. */
function signatureAlgorithm(name, hash, pss) {
  if (name in CURVES) return { name: "ECDSA", namedCurve: CURVES[name] };
  return { name: pss ? "RSA-PSS" : "RSASSA-PKCS1-v1_5", hash };
}

/** WebCrypto's name of a hash, such as "SHA-256" for "sha256". */
function hashName(text) {
  return text.replace("sha", "SHA-").toUpperCase();
}

/** The DER of a ContentInfo with this structure. */
function contentInfo(type, structure) {
  const schema = structure.toSchema(true);
  return new Uint8Array(new pkijs.ContentInfo({ contentType: type, content: schema }).toSchema().toBER());
}

function parse(der, type, Structure) {
  const info = pkijs.ContentInfo.fromBER(der);
  if (info.contentType !== type) throw new Error(`found content of type ${info.contentType}`);
  return new Structure({ schema: info.content });
}

function attribute(type, value) {
  return new pkijs.Attribute({ type, values: [value] });
}

async function signedAttributes(content, hash) {
  const digest = await webcrypto.subtle.digest(hash, content);
  return new pkijs.SignedAndUnsignedAttributes({
    type: 0,
    attributes: [
      attribute("1.2.840.113549.1.9.3", new asn1js.ObjectIdentifier({ value: ID_DATA })),
      attribute("1.2.840.113549.1.9.5", new asn1js.UTCTime({ valueDate: new Date() })),
      attribute("1.2.840.113549.1.9.4", new asn1js.OctetString({ valueHex: digest })),
    ],
  });
}

async function sign(content, { signers, hash, pss, detached, bare }) {
  const names = signers.split(",");
  const digest = hashName(hash);
  const signed = new pkijs.SignedData({
    version: 1,
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: ID_DATA }),
    signerInfos: [],
    certificates: names.map(certificate),
  });
  if (!detached) signed.encapContentInfo.eContent = new asn1js.OctetString({ valueHex: content });
  for (const [index, name] of names.entries()) {
    const own = signed.certificates[index];
    const sid = new pkijs.IssuerAndSerialNumber({ issuer: own.issuer, serialNumber: own.serialNumber });
    const info = new pkijs.SignerInfo({ version: 1, sid });
    if (!bare) info.signedAttrs = await signedAttributes(content, digest);
    signed.signerInfos.push(info);
    const key = await webcrypto.subtle.importKey("pkcs8", pem(`${name}.key`), signatureAlgorithm(name, digest, pss), false, ["sign"]);
    await signed.sign(key, index, digest, content);
  }
  return contentInfo(ID_SIGNED_DATA, signed);
}

async function verify(der, { content }) {
  const signed = parse(der, ID_SIGNED_DATA, pkijs.SignedData);
  if (!signed.signerInfos.length) throw new Error("nobody signed");
  const data = content === undefined ? undefined : bufferOf(Buffer.from(content, "hex"));
  for (let signer = 0; signer < signed.signerInfos.length; signer++) {
    const verdict = await signed.verify({
      signer, data, trustedCerts: [certificate("ca")], checkChain: true, extendedMode: true, passedWhenNotRevValues: true,
    });
    if (!verdict.signatureVerified) throw new Error("signature does not verify");
    if (!verdict.signerCertificateVerified) throw new Error("certificate does not lead to the authority");
  }
}

function bufferOf(bytes) {
  return new Uint8Array(bytes).buffer;
}

async function encrypt(content, { recipients, cipher, keybits, oaep, kdf, password, kek, kekid }) {
  const enveloped = new pkijs.EnvelopedData();
  for (const name of (recipients ?? "").split(",").filter(Boolean)) {
    const options = { oaepHashAlgorithm: hashName(oaep ?? "sha256"), kdfAlgorithm: hashName(kdf), kekEncryptionLength: 256 };
    enveloped.addRecipientByCertificate(certificate(name), options);
  }
  if (password) {
    const data = bufferOf(Buffer.from(password, "utf8"));
    enveloped.addRecipientByPreDefinedData(data, { hmacHashAlgorithm: "SHA-256", iterationCount: 10000 }, 2);
  }
  if (kek) enveloped.addRecipientByPreDefinedData(bufferOf(Buffer.from(kek, "hex")), { keyIdentifier: bufferOf(Buffer.from(kekid, "hex")) }, 1);
  await enveloped.encrypt({ name: cipher, length: Number(keybits) }, content);
  return contentInfo(ID_ENVELOPED_DATA, enveloped);
}

async function open(der, { reader, index, password, kek }) {
  const enveloped = parse(der, ID_ENVELOPED_DATA, pkijs.EnvelopedData);
  const secret = password ? Buffer.from(password, "utf8") : kek && Buffer.from(kek, "hex");
  const parameters = reader
    ? { recipientCertificate: certificate(reader), recipientPrivateKey: bufferOf(pem(`${reader}.key`)) }
    : { preDefinedData: bufferOf(secret) };
  return new Uint8Array(await enveloped.decrypt(Number(index ?? 0), parameters));
}

const VERBS = { sign, verify, encrypt, open };

async function answer(line) {
  const [verb, ...words] = line.split("\t");
  const request = Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]));
  try {
    const value = await VERBS[verb](bufferOf(Buffer.from(request.data, "base64")), request);
    return value === undefined ? "ok" : `ok\t${Buffer.from(value).toString("base64")}`;
  } catch (error) {
    return `error\t${String(error?.stack ?? error).replace(/\s+/g, " ")}`;
  }
}

console.log("ok");
for await (const line of createInterface({ input: process.stdin })) console.log(await answer(line));
