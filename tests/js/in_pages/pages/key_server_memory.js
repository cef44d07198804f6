/** The functions that tests/pages/test_key_server_memory.py runs in pages. */

export async function tabsInPage(account) {
  const { KeyServerMemory } = await import("/source/webbridge/pages/keys/key_server_memory.js");
  const { openRoaming } = await import("/source/webbridge/pages/app/state_database.js");
  await openRoaming.remove(account);
  globalThis.tabs = [0, 1].map(() => new KeyServerMemory(() => true));
  globalThis.known = (members) => new TextEncoder().encode(JSON.stringify(members)).buffer;
  globalThis.write = async (tab, members) => {
    const { token } = await tabs[tab].read(account);
    await tabs[tab].write(account, { token, known: known(members) });
  };
  globalThis.read = async (tab) => {
    const { known } = await tabs[tab].read(account);
    return known && JSON.parse(new TextDecoder().decode(known));
  };
}
