/** The functions that tests/pages/test_own_computer.py runs in pages. */

export async function tabsInPage() {
  const { KeptTrust } = await import("/source/webbridge/pages/trust/kept_trust.js");
  const { openStates } = await import("/source/webbridge/pages/app/state_database.js");
  const tabs = new Map();
  const inTab = async (tab, act) => {
    sessionStorage.clear();
    for (const [name, text] of tabs.get(tab) ?? []) sessionStorage.setItem(name, text);
    const result = await act();
    tabs.set(tab, Object.entries(sessionStorage));
    return result;
  };
  const keys = Object.assign(new EventTarget(), { unlocked: false });
  const begin = async (account, answer) => {
    const keptTrust = new KeptTrust(async () => null, keys, new EventTarget());
    await keptTrust.begin(account, answer);
    return keptTrust.keeping !== "off";
  };
  globalThis.signIn = (tab, account, isOwnComputer) => inTab(tab, () => begin(account, { isOwnComputer }));
  globalThis.load = (tab, account) => inTab(tab, () => begin(account));
  const state = { state: new ArrayBuffer(9), merged: null, sent: null };
  globalThis.keepState = (account) => openStates.write(account, 1, state);
}

export async function aNewTabOfAVisitorKeepsNothingWhereSomebodyElseIsAtHome() {
  await signIn("first", "owner@example.test", true);
  await keepState("owner@example.test");
  const visitor = await signIn("first", "visitor@example.test", false);
  return [visitor, await load("second", "visitor@example.test"), await load("first", "visitor@example.test"),
    JSON.stringify(localStorage).includes("visitor"), await load("third", "owner@example.test")];
}

export async function aTabOfTheOwnerThatAVisitorSignsInElsewhereKeepsNothing() {
  await signIn("first", "owner@example.test", true);
  await keepState("owner@example.test");
  const owner = await load("second", "OWNER@example.test");
  await signIn("first", "visitor@example.test", false);
  return [owner, await load("second", "visitor@example.test")];
}

export async function noStoryOfSignInsKeepsAnythingOfAnAccountWhoseLatestAnswerWasNo() {
  let state = 11;
  const draw = (from) => { state = (state * 48271) % 2147483647; return from[state % from.length]; };
  const answers = new Map();
  const wrong = [];
  for (let step = 0; step < 200; step += 1) {
    const [tab, account] = [draw(["one", "two", "three"]), `${draw(["a", "b", "c"])}@example.test`];
    const answer = draw([true, false, null, null]);
    if (answer !== null) answers.set(account, answer);
    const keeps = answer === null ? await load(tab, account) : await signIn(tab, account, answer);
    const isWrong = answer === null ? keeps && !answers.get(account) : keeps !== answer;
    if (isWrong) wrong.push([step, tab, account, answer]);
  }
  return wrong;
}
