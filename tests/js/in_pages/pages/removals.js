/** The functions that tests/pages/test_removals.py runs in pages. */

export async function parts() {
  const { MailVault } = await import("/source/webbridge/pages/keys/mail_vault.js");
  const { TrustKeeper } = await import("/source/webbridge/pages/trust/trust_keeper.js");
  globalThis.pack = (names) => new TextEncoder().encode(JSON.stringify(names)).buffer;
  globalThis.unpack = (buffer) => (buffer === null ? [] : JSON.parse(new TextDecoder().decode(buffer)));
  globalThis.pause = async () => {};
  const without = (buffer, name) => pack(unpack(buffer).filter((other) => other !== name));
  const verbs = {
    "decision.remove": ({ decisions, fingerprint }) => {
      if (unpack(decisions).includes(fingerprint)) return { decisions: without(decisions, fingerprint) };
      throw Object.assign(new Error("none"), { code: "decision-refused-no-such" });
    },
    "decision.make": ({ trust, addresses: [name] }) => ({ decisions: pack([...unpack(trust.decisions), name]) }),
    "contacts.remove": ({ contacts, address }) => ({ contacts: without(contacts, address) }),
  };
  const vault = { call: async (verb, args) => {
    await pause();
    return verbs[verb](args);
  } };
  globalThis.makeTrust = () => {
    const trust = new TrustKeeper({ read: () => null, write: () => {} });
    const mail = new MailVault(async () => vault, { copies: () => ({}) }, { trust }, async () => ({}));
    /** Takes the decisions and contacts as another tab or device has left them. */
    const adopt = (decisions, contacts) => trust.adopt({
      contacts: pack(contacts), decisions: pack(decisions), book: pack({ entries: [] }), merged: null, sent: null,
    });
    const [decisions, contacts] = [() => unpack(trust.decisions()), () => unpack(trust.contacts().contacts)];
    return { trust, mail, adopt, decisions, contacts };
  };
}

export async function twoQuickPressesRemoveBoth() {
  const { mail, adopt, decisions, contacts } = makeTrust();
  adopt(["a", "b"], ["a@x", "b@x"]);
  const people = [mail.forgetPeople(["a@x"]), mail.forgetPeople(["b@x"])];
  await Promise.all([mail.takeBack("a"), mail.takeBack("b"), ...people]);
  return [decisions(), contacts()];
}

export async function whatAnotherTabRemovesDuringARemovalDoesNotComeBack() {
  const { mail, adopt, decisions, contacts } = makeTrust();
  adopt(["a", "b", "c"], ["a@x", "b@x", "c@x"]);
  const elsewhere = () => {
    globalThis.pause = async () => {};
    adopt(decisions().filter((decision) => decision !== "b"), contacts().filter((contact) => contact !== "b@x"));
  };
  globalThis.pause = async () => elsewhere();
  await mail.takeBack("a");
  adopt(["c"], ["a@x", "b@x", "c@x"]);
  globalThis.pause = async () => elsewhere();
  await mail.forgetPeople(["a@x"]);
  return [decisions(), contacts()];
}

export async function noOrderOfAnswersBringsBackWhatWasRemovedOrLosesWhatWasAccepted() {
  let state = 5;
  const draw = (count) => { state = (state * 48271) % 2147483647; return state % count; };
  globalThis.pause = async () => {
    for (let turns = draw(4); turns > 0; turns -= 1) await new Promise((resolve) => { setTimeout(resolve); });
  };
  const wrong = [];
  for (let story = 0; story < 40; story += 1) {
    const { mail, adopt, decisions, contacts, trust } = makeTrust();
    adopt(["a", "b", "c", "d"], ["a@x", "b@x", "c@x", "d@x"]);
    const certificate = new ArrayBuffer(4);
    const options = { kind: "exact", addresses: ["new"], intermediates: [] };
    const elsewhere = async () => {
      await pause();
      adopt(decisions().filter((decision) => decision !== "d"), contacts().filter((contact) => contact !== "d@x"));
    };
    const acts = [
      () => mail.takeBack("a"), () => mail.takeBack("b"), () => mail.decide(certificate, options),
      () => mail.forgetPeople(["a@x", "b@x"]), elsewhere,
    ];
    const drawn = acts.map((act) => ({ act, at: draw(100) })).sort((step, other) => step.at - other.at);
    await Promise.all(drawn.map(({ act }) => act()));
    const outcome = JSON.stringify([decisions(), contacts(), trust.removed.addresses.sort()]);
    if (outcome !== '[["c","new"],["c@x"],["a@x","b@x"]]') wrong.push(outcome);
  }
  return wrong;
}
