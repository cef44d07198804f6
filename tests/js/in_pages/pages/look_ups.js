/** The functions that tests/pages/test_look_ups.py runs in pages. */

export function hold() {
  const real = window.fetch;
  const ended = new Promise((resolve) => { window.endLookUps = resolve; });
  window.comeBack = () => { window.fetch = real; };
  window.fetch = async (url, options) => {
    if (!String(url).endsWith("/api/directory")) return real(url, options);
    await ended;
    throw new TypeError("the network is lost");
  };
}

export async function withoutAConnectionNothingSaysThatNoCertificateIsKnown() {
  const { Directory } = await import("/source/webbridge/pages/trust/directory.js");
  const lost = async () => { throw Object.assign(new Error("lost"), { code: "unreachable" }); };
  const directory = new Directory({ certificatesFor: lost }, { checkRecipient: async () => [] }, async () => true);
  return directory.find("a@b.test");
}

export async function fewAreMadeAtOnce() {
  const { Directory } = await import("/source/webbridge/pages/trust/directory.js");
  let [running, most] = [0, 0];
  const certificatesFor = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => { setTimeout(resolve, 1); });
    running -= 1;
    return [];
  };
  const directory = new Directory({ certificatesFor }, { checkRecipient: async () => [] });
  const people = Array.from({ length: 20 }, (_, number) => `p${number}@example.test`);
  const certificates = await Promise.all(people.map((person) => directory.find(person)));
  return [most, certificates];
}
