// Functions that the tests run inside Thunderbird, with the rights of its own code. marionette.py sends this text,
// followed by a call of one of VERBS.
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { MailUtils } = ChromeUtils.importESModule("resource:///modules/MailUtils.sys.mjs");

const QUIET_MILLISECONDS = 80;
// A message that claims a protection may be shown before Thunderbird tells about that protection.
const SILENT_MILLISECONDS = 3_000;
const DEADLINE_MILLISECONDS = 20_000;

const mainWindow = () => Services.wm.getMostRecentWindow("mail:3pane");
const pause = (milliseconds) => new Promise((resolve) => mainWindow().setTimeout(resolve, milliseconds));

/** The name of a status, such as "SUCCESS" or "VERIFY_DIGEST_MISMATCH"; null if the message lacks that protection. */
function statusName(code) {
  if (code === -1) return null;
  const errors = Ci.nsICMSMessageErrors;
  return Object.keys(errors).find((name) => errors[name] === code) ?? String(code);
}

/** Waits for the first true value of `look`, and returns it. Until then, `look` may throw errors. */
async function until(look, what) {
  for (const deadline = Date.now() + DEADLINE_MILLISECONDS; Date.now() < deadline; await pause(10)) {
    try {
      const value = look();
      if (value) return value;
    } catch {
      // The window is not complete yet.
    }
  }
  throw new Error(`timeout: ${what}`);
}

/** The window in which Thunderbird opens a file, and a record of what it reports about loading. */
function openFile(path) {
  const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
  file.initWithPath(path);
  const opening = { window: null, loadings: 0, loads: 0, last: Date.now() };
  const count = (type) => {
    if (type === "MsgLoading") opening.loadings++;
    if (type === "MsgLoaded") opening.loads++;
    opening.last = Date.now();
  };
  Services.ww.registerNotification({
    observe(window, topic) {
      if (topic !== "domwindowopened") return;
      Services.ww.unregisterNotification(this);
      opening.window = window;
      for (const type of ["MsgLoading", "MsgLoaded", "messageURIChanged", "aboutMessageLoaded"])
        window.addEventListener(type, () => count(type), true);
    },
  });
  MailUtils.openEMLFile(mainWindow(), file, Services.io.newFileURI(file));
  return opening;
}

/**
 * Thunderbird's own verdict on the .eml file at `path`, and the text that it shows. `isProtected` says whether the
 * message claims to be signed or encrypted.
 */
async function verdict(path, isProtected) {
  const opening = openFile(path);
  try {
    const browser = () => opening.window.document.getElementById("messageBrowser").contentWindow;
    const about = await until(() => browser().getMessagePaneBrowser && browser(), "message window");
    // about.msgLoaded cannot be used here, because it is set before the message begins to load.
    await until(() => about.gEncryptionStatus > 0 || opening.loads, "message");
    const isSilent = () => isProtected && about.gSignatureStatus === -1 && about.gEncryptionStatus === -1;
    await until(
      () =>
        about.gReceivedSignatureCount >= about.gExpectedSignatureCount &&
        (about.gEncryptionStatus > 0 || opening.loadings === opening.loads) &&
        Date.now() - opening.last >= (isSilent() ? SILENT_MILLISECONDS : QUIET_MILLISECONDS),
      "verdict",
    );
    return { signed: statusName(about.gSignatureStatus), encrypted: statusName(about.gEncryptionStatus), text: textOf(about) };
  } finally {
    opening.window?.close();
  }
}

/**
 * Thunderbird's verdict on the first attachment of the .eml file at `path`, a signed and encrypted message, which a person
 * opens by a double click; null if Thunderbird opens no message, but asks where to save the attachment.
 */
async function attachmentVerdict(path) {
  const opening = openFile(path);
  let opened = null;
  const watcher = { observe: (window, topic) => { if (topic === "domwindowopened") opened = window; } };
  try {
    const browser = () => opening.window.document.getElementById("messageBrowser").contentWindow;
    const about = await until(() => browser().currentAttachments?.length && browser(), "attachment");
    Services.ww.registerNotification(watcher);
    await about.currentAttachments[0].open(about.getMessagePaneBrowser().browsingContext);
    const isLoaded = () => !["", "about:blank"].includes(opened?.document.documentURI ?? "") && opened.document.readyState === "complete";
    await until(isLoaded, "window of the attachment");
    const inner = () => opened.document.getElementById("messageBrowser")?.contentWindow;
    if (!opened.document.documentURI.endsWith("messageWindow.xhtml")) return null;
    // The text may be there before the signature inside the encryption has its status.
    const isJudged = () => inner()?.gEncryptionStatus === 0 && inner().gSignatureStatus !== -1;
    const shown = await until(() => isJudged() && textOf(inner()) !== "" && inner(), "attached message");
    return { signed: statusName(shown.gSignatureStatus), encrypted: statusName(shown.gEncryptionStatus), text: textOf(shown) };
  } finally {
    Services.ww.unregisterNotification(watcher);
    for (const window of [opened, opening.window]) window?.close();
  }
}

/** The text that a message window shows. */
function textOf(about) {
  const parts = about.getMessagePaneBrowser().contentDocument?.querySelectorAll(".moz-text-plain, .moz-text-flowed, .moz-text-html") ?? [];
  return [...parts].map((part) => part.textContent.trim()).join("\n");
}

/** Select the certificate for signing and encryption by the identity. Its private key must be in the profile. */
async function useCertificate(base64) {
  const database = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
  const certificate = database.constructX509FromBase64(base64);
  const identity = MailServices.accounts.allIdentities[0];
  for (const use of ["signing", "encryption"]) {
    identity.setUnicharAttribute(`${use}_cert_name`, certificate.displayName || certificate.commonName);
    // To sign, Thunderbird needs more than the name: it looks up the certificate by this key of its database.
    identity.setCharAttribute(`${use}_cert_dbkey`, certificate.dbKey);
  }
  return true;
}

/** Find the certificate of each address before sending, because Thunderbird opens a dialog if one is missing. */
async function findCertificates(secure, addresses) {
  for (const address of addresses) {
    if (secure.haveValidCertForEmail(address)) continue;
    const certificate = await new Promise((resolve) => {
      secure.asyncFindCertByEmailAddr(address, {
        QueryInterface: ChromeUtils.generateQI(["nsIDoneFindCertForEmailCallback"]),
        findCertDone: (_, candidate) => resolve(candidate),
      });
    });
    if (!certificate) throw new Error(`no certificate for ${address}`);
    secure.cacheValidCertForEmail(address, certificate.dbKey);
  }
}

/** Send a plain-text message to one address. */
async function send(to, subject, body, sign, encrypt) {
  const identity = MailServices.accounts.allIdentities[0];
  const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
  const secure = Cc["@mozilla.org/messengercompose/composesecure;1"].createInstance(Ci.nsIMsgComposeSecure);
  secure.signMessage = sign;
  secure.requireEncryptMessage = encrypt;
  Object.assign(fields, { from: identity.email, to, subject, body, forcePlainText: true, composeSecure: secure });
  if (encrypt) await findCertificates(secure, [to, identity.email]);
  const sender = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend);
  const status = await new Promise((resolve, reject) => {
    const listener = {
      QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener"]),
      onStartSending() {},
      onSendProgress() {},
      onStatus() {},
      onStopCopy() {},
      onGetDraftFolderURI() {},
      onStopSending: (_, code) => resolve(code),
      onSendNotPerformed: (_, code) => resolve(code || -1),
      onTransportSecurityError: (_, code) => resolve(code),
    };
    const account = MailServices.accounts.accounts[0].key;
    sender
      .createAndSendMessage(
        null, identity, account, fields, false, false, Ci.nsIMsgSend.nsMsgDeliverNow, null, "text/plain", body,
        null, null, listener, null, null, Ci.nsIMsgCompType.New,
      )
      .catch(reject);
  });
  if (status !== 0) throw new Error(`sending ended with ${status}`);
  return true;
}

async function isReady() {
  const window = mainWindow();
  return Boolean(window?.document.readyState === "complete" && window.document.getElementById("tabmail")?.currentAboutMessage !== undefined);
}

/** The addresses that Thunderbird reads in the bytes of an address field, each of them given as one character. */
async function mailboxes(field) {
  return MailServices.headerParser.parseEncodedHeader(field, "UTF-8", false).map(({ email }) => ({ address: email }));
}

const VERBS = { isReady, verdict, attachmentVerdict, mailboxes, useCertificate, send };
