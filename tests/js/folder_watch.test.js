/** The look for changed folders, where the bridge has no stream of events. */
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

/** @type {{visibilityState: string, addEventListener: EventTarget["addEventListener"]} & EventTarget} */
const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
const page = new EventTarget();
Object.assign(globalThis, { document, addEventListener: page.addEventListener.bind(page) });
mock.timers.enable({ apis: ["setInterval", "Date"] });
mock.method(performance, "now", () => Date.now());

const { FolderWatch } = await import("../../webbridge/pages/app/folder_watch.js");
const { ApiError } = await import("../../wasm_build/vault/server/json_requests.js");

/** @typedef {import("../../webbridge/pages/mail/folder_answers.js").Folder} Folder */

/** @param {string} id @param {Partial<Folder>} counts @returns {Folder} */
const folder = (id, counts = {}) => ({
  id, name: id, delimiter: "/", role: id === "in" ? "inbox" : null, total: 3, unseen: 0, uidValidity: 1, subscribed: true,
  rights: [], place: "own", prefix: "", ...counts,
});

/** @type {Folder[]} */
let folders = [];
/** @type {Error | null} */
let failure = null;
let asked = 0;
/** @type {import("../../webbridge/pages/app/events.js").Told[]} */
let told = [];
/** @type {InstanceType<typeof FolderWatch>} */
let watch;

beforeEach(async () => {
  watch?.stop();
  document.visibilityState = "visible";
  [folders, failure, asked, told] = [[folder("in"), folder("other")], null, 0, []];
  watch = new FolderWatch(async () => {
    asked += 1;
    if (failure) throw failure;
    return folders;
  }, (one) => told.push(one));
  watch.start();
  await answered();
});

const answered = () => new Promise((resolve) => { setImmediate(() => resolve(undefined)); });

/** @param {number} seconds */
async function pass(seconds) {
  for (let second = 0; second < seconds; second += 1) mock.timers.tick(1_000);
  await answered();
}

/** @param {EventTarget} target @param {string} name */
async function happen(target, name) {
  target.dispatchEvent(new Event(name));
  await answered();
}

test("a page that is seen asks each minute, and the first answer reports nothing", async () => {
  assert.deepEqual([asked, told], [1, []]);
  await pass(59);
  assert.equal(asked, 1);
  await pass(1);
  assert.equal(asked, 2);
  await pass(60);
  assert.deepEqual([asked, told], [3, []]);
});

test("each changed folder is reported, and unread mail in the inbox has arrived", async () => {
  folders = [folder("in", { total: 4, unseen: 1 }), folder("other"), folder("new")];
  await pass(60);
  assert.deepEqual(told, [{ name: "mail", folder: "in" }, { name: "mail", folder: "new" }, { name: "arrived" }]);
  told = [];
  folders = [folder("in", { total: 4 }), folder("other", { uidValidity: 2 }), folder("new")];
  await pass(60);
  assert.deepEqual(told, [{ name: "mail", folder: "in" }, { name: "mail", folder: "other" }]);
});

test("a page that nobody sees does not ask, and asks when it is seen again", async () => {
  document.visibilityState = "hidden";
  await pass(300);
  assert.equal(asked, 1);
  document.visibilityState = "visible";
  await happen(document, "visibilitychange");
  assert.equal(asked, 2);
});

test("the focus and the network ask again, but not twice within ten seconds", async () => {
  await happen(page, "focus");
  assert.equal(asked, 1);
  await pass(10);
  await happen(page, "online");
  await happen(page, "focus");
  assert.equal(asked, 2);
});

test("a failure reports nothing, and the next minute asks again", async () => {
  failure = new ApiError("unreachable", "no network");
  await pass(60);
  assert.deepEqual([asked, told], [2, []]);
  failure = null;
  folders = [folder("in", { total: 4, unseen: 1 }), folder("other")];
  await pass(60);
  assert.deepEqual(told, [{ name: "mail", folder: "in" }, { name: "arrived" }]);
});

test("an answer that comes after the end is not reported", async () => {
  folders = [folder("in", { total: 9, unseen: 9 })];
  mock.timers.tick(60_000);
  watch.stop();
  await answered();
  assert.deepEqual(told, []);
  await pass(300);
  assert.equal(asked, 2);
});
