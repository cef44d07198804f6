/** The handler of each message of the table (`shared/messages.js`). */
import * as database from "../shared/database.js";
import * as alterations from "./jobs/alterations.js";
import * as backup from "./keys/backup.js";
import * as bridge from "./writing/bridge.js";
import * as bridgeSending from "./writing/bridge_sending.js";
import * as checkedSites from "./browser/checked_sites.js";
import * as codeOffer from "./account/code_offer.js";
import * as composing from "./writing/composing.js";
import * as contacts from "./people/contacts.js";
import * as fields from "./pages/fields.js";
import * as files from "./pages/files.js";
import * as forms from "./pages/forms.js";
import * as frames from "./browser/frames.js";
import * as givingReceipts from "./mail/giving_receipts.js";
import * as guide from "./browser/guide.js";
import * as jobs from "./jobs/jobs.js";
import * as keyAccount from "./account/key_account.js";
import * as keyFactor from "./account/key_factor.js";
import * as keys from "./keys/keys.js";
import * as mails from "./mail/mails.js";
import * as optionsPage from "./browser/options_page.js";
import * as pages from "./pages/pages.js";
import * as parcelLetters from "./parcels/parcel_letters.js";
import * as parcelServer from "./parcels/parcel_server.js";
import * as parcels from "./parcels/parcels.js";
import * as pattern from "./jobs/pattern.js";
import * as policy from "./browser/policy.js";
import * as preferences from "./browser/preferences.js";
import * as prompts from "./jobs/prompts.js";
import * as recipes from "./mail/recipes.js";
import * as recipientSearch from "./people/recipient_search.js";
import * as requests from "./keys/requests.js";
import * as roamingSettings from "./account/roaming_settings.js";
import * as session from "./keys/session.js";
import * as sites from "./browser/sites.js";
import * as toolbar from "./browser/toolbar.js";
import * as trust from "./people/trust.js";
import * as unsigned from "./jobs/unsigned.js";
import * as updates from "./browser/updates.js";
import * as vault from "./keys/vault_link.js";
import * as writing from "./writing/writing.js";

/** @satisfies {{[T in MessageType]: (body: BodyOf<T>, sender: Sender) => unknown}} */
export const HANDLERS = {
  "content.load": sites.load,
  "frame.request": frames.request,
  "frame.window": frames.moveToWindow,
  "frame.lost": frames.continueAfterRemoval,
  "frame.claim": claimFrame,
  "frame.left": frames.closeOrContinue,
  "field.keep": frames.keep,
  "field.kept": frames.kept,
  "field.pressed": frames.dropAfterPress,
  "frame.close": frames.closeClaimed,
  "field.write": fields.write,
  "field.change": fields.change,
  "field.verify": fields.verify,
  "field.settle": fields.settle,
  "trust.propose": fields.propose,
  "mail.hold": mails.hold,
  "mail.hold-opened": mails.holdOpened,
  "mail.hold-original": mails.holdOriginal,
  "mail.inspect": ({ mail }) => vault.call("mail.inspect", { mail }),
  "mail.certificates": async ({ mail }) => vault.call("mail.certificates", { mail, ...(await trust.judging()) }),
  "mail.verify": mails.verify,
  "mail.settle": mails.settle,
  "mail.file": mails.file,
  "mail.attached": mails.openAttached,
  "mail.propose": mails.propose,
  "mail.answer": mails.answer,
  "viewer.open": mails.openViewer,
  "viewer.claim": async (body, sender) => ({ frame: (await frames.createForViewer(body, sender)).id }),
  "field.altered": alterations.report,
  "form.request": forms.request,
  "form.unsigned": unsigned.report,
  "files.request": files.request,
  "files.part": files.holdPart,
  "files.take": files.take,
  "page.fetch": pages.fetchFrom,
  "page.take": pages.take,
  "page.verify": pages.verify,
  "page.password": pages.verify,
  "page.settle": pages.settle,
  "page.propose": pages.propose,
  "page.identities": async () => ({ identities: await keys.identities() }),
  "page.unlock": pages.unlock,
  "page.copy": pages.copyFrom,
  "page.preview": pages.preview,
  "page.encrypt": pages.encrypt,
  "job.wait": async (body, sender) => jobs.wait(body.job, (await frames.ofBroker(body.frame, sender)).id),
  "people.check": keys.checkPerson,
  "people.add": recipientSearch.add,
  "people.add-file": async (body) => (await recipientSearch.takeFile(body))[0] ?? null,
  "prompt.claim": prompts.claim,
  "prompt.unlock": prompts.unlock,
  "prompt.agree": prompts.agree,
  "prompt.leave": prompts.leave,
  "prompt.refuse": prompts.refuse,
  "keys.list": keys.list,
  "keys.import": keys.importKeyFile,
  "keys.remove": ({ id }) => keys.removeKeyFile(id),
  "people.import": ({ bytes }) => keys.importCertificates("people", bytes),
  "people.remove": ({ id }) => database.remove("people", id),
  "anchors.import": ({ bytes }) => keys.importCertificates("anchors", bytes),
  "anchors.remove": ({ id }) => database.remove("anchors", id),
  "trust.proposal": trust.proposal,
  "trust.drop": trust.dropProposal,
  "trust.accept": trust.accept,
  "authority.proposal": trust.ownAuthority,
  "authority.accept": trust.acceptOwnAuthority,
  "authority.drop": trust.dropOwnAuthority,
  "trust.remove": trust.takeBack,
  "trust.settings": trust.changeSettings,
  "list.import": trust.followList,
  "list.stop": trust.stopFollowing,
  "keys.page": ({ certificate }) => vault.call("certificate.page", { certificate }),
  "keys.prefer": keys.prefer,
  "keys.export": keyAccount.exportKeyFile,
  "keys.passphrase": keys.changePassphrase,
  "account.read": keyAccount.read,
  "account.find": keyAccount.findServer,
  "account.connect": keyAccount.connect,
  "account.disconnect": keyAccount.disconnect,
  "account.log-in": keyAccount.logIn,
  "account.recover": keyAccount.recover,
  "account.register": keyAccount.register,
  "account.store": keyAccount.store,
  "account.passphrase": keyAccount.changePassphrase,
  "account.code": keyAccount.makeCode,
  "account.code-offered": codeOffer.answer,
  "account.devices": keyAccount.devices,
  "account.revoke": keyAccount.revoke,
  "account.delete": keyAccount.remove,
  "account.stop-reset": keyAccount.stopReset,
  "account.prove": keyFactor.prove,
  "account.cancel": keyFactor.cancel,
  "passphrase.measure": (body) => vault.call("passphrase.measure", body),
  "passphrase.suggest": (body) => vault.call("passphrase.suggest", body),
  "request.make": requests.make,
  "request.finish": requests.finish,
  "request.drop": ({ id }) => database.remove("requests", id),
  "contacts.remove": contacts.remove,
  "change.accept": contacts.acceptChange,
  "change.refuse": contacts.refuseChange,
  "offers.list": roamingSettings.list,
  "offer.accept": roamingSettings.accept,
  "offer.decline": roamingSettings.decline,
  "preferences.change": changePreferences,
  "writing.service": writing.changeService,
  "writing.labels": writing.importLabels,
  "writing.no-labels": writing.removeLabels,
  "backup.make": keyAccount.makeBackup,
  "backup.here": backup.countHere,
  "backup.review": backup.review,
  "backup.restore": backup.restore,
  "sites.remove": sites.remove,
  "recipe.read": recipes.find,
  "recipe.keep-source": recipes.keepSource,
  "recipe.keep-form": recipes.keepForm,
  "recipes.review": recipes.review,
  "recipes.import": recipes.importFile,
  "recipes.remove": recipes.remove,
  "checked.files": checkedSites.files,
  "checked.stop": checkedSites.stop,
  "checked.stopped": checkedSites.stopped,
  "checked.accept-servers": checkedSites.acceptServers,
  "checked.list": checkedSites.list,
  "checked.add": checkedSites.add,
  "checked.remove": checkedSites.remove,
  "parcel.open": parcels.open,
  "parcel.listed": parcels.listed,
  "parcel.claim": parcels.claim,
  "parcel.look": parcels.look,
  "parcel.server": parcels.findServer,
  "parcel.judging": () => trust.judging(),
  "parcel.answer": parcels.answer,
  "parcel.verify": parcels.verify,
  "parcel.decrypt": parcels.decrypt,
  "parcel.receipt": parcels.confirm,
  "parcel.propose": parcels.propose,
  "parcel.attached": parcels.openAttached,
  "parcel.ways": parcelLetters.ways,
  "parcel.message": parcelLetters.message,
  "parcel.make": parcelLetters.make,
  "parcel.encrypt": parcelLetters.encrypt,
  "parcel.plan": parcelLetters.plan,
  "parcel.finish": parcelLetters.finish,
  "parcel.take-back": parcelLetters.deleteDraft,
  "parcel.ask": parcelLetters.ask,
  "parcel.end": parcelLetters.end,
  "parcel-server.read": parcelServer.read,
  "parcel-server.look": parcelServer.look,
  "parcel-server.save": parcelServer.save,
  "parcel-server.remove": parcelServer.remove,
  "toolbar.look": toolbar.look,
  "toolbar.go": toolbar.go,
  "toolbar.download": toolbar.openDownload,
  "toolbar.stop": toolbar.stopPicking,
  "toolbar.ways": toolbar.offerActions,
  "session.lock": () => session.lock("hand"),
  "pattern.read": pattern.read,
  "pattern.change": pattern.change,
  "compose.open": composing.open,
  "compose.claim": composing.claim,
  "compose.identities": composing.listIdentities,
  "compose.unlock": composing.unlock,
  "compose.original": composing.original,
  "compose.whole": composing.whole,
  "compose.look-up": composing.lookUp,
  "compose.addresses": composing.readAddresses,
  "compose.people": composing.listPeople,
  "compose.check": composing.check,
  "compose.certificate": composing.takeCertificate,
  "compose.ask": composing.askFor,
  "compose.remember": composing.rememberWay,
  "compose.keep": composing.keepDraft,
  "compose.restore": composing.openDraft,
  "compose.drop": composing.dropDraft,
  "compose.list-drafts": composing.listBridgeDrafts,
  "compose.fetch-draft": composing.fetchBridgeDraft,
  "compose.send": (body, sender) => (body.bridge ? bridgeSending.send : composing.send)(body, sender),
  "compose.save": composing.saveAsFiles,
  "receipt.send": givingReceipts.send,
  "receipt.save": givingReceipts.saveAsFile,
  "compose.close": composing.close,
  "bridge.read": bridge.read,
  "bridge.open": bridge.openSignIn,
  "bridge.find": bridge.findApiAddress,
  "bridge.keep": bridge.keep,
  "bridge.leave": bridge.leave,
  "guide.open": guide.open,
  "guide.step": guide.readStep,
  "guide.keep": guide.keepStep,
  "guide.message": guide.openMessage,
  "update.read": updates.readNews,
  "update.seen": updates.forgetNews,
  "policy.read": async () => ({ set: (await policy.read()).set }),
  "policy.export": async () => ({ ...(await trust.asPolicy()), ...(await preferences.asPolicy()), ...(await writing.asPolicy()) }),
  "vault.key": () => vault.call("vault.key"),
  "options.open": optionsPage.open,
  "heartbeat": () => null,
};

/** @param {BodyOf<"frame.claim">} body @param {Sender} sender */
async function claimFrame(body, sender) {
  const frame = await frames.claim(body, sender);
  void frames.tellPage(frame, { type: "frame.claimed" });
  const { id, kind, sign, encrypt, moved, kept, pageLeft = false } = frame;
  return { frame: id, kind, sign, encrypt, moved, kept, pageLeft, pattern: await pattern.read() };
}

/** @param {BodyOf<"preferences.change">} body */
async function changePreferences(body) {
  const before = await preferences.change(body);
  // A running vault cannot change how it handles private keys. So the keys are locked, which ends this vault. The next
  // vault starts with the new setting.
  if (before.strict !== body.strict) await session.lock("hand");
  await session.lockIfOver();
}
