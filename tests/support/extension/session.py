"""JavaScript functions that read the session of unlocked keys in the extension's storage, and make it older."""

from __future__ import annotations

MINUTE = 60_000
SESSION = "async () => (await (globalThis.browser ?? chrome).storage.session.get('unlocked')).unlocked ?? null"
# Moves the times of the session into the past, by milliseconds: of its begin and of its last use.
AGE = """async (begun, used) => {
  const { session } = (globalThis.browser ?? chrome).storage;
  const { unlocked } = await session.get("unlocked");
  const earlier = (moment, by) => ({ ...moment, wall: moment.wall - by });
  unlocked.times = { begun: earlier(unlocked.times.begun, begun), used: earlier(unlocked.times.used, used) };
  await session.set({ unlocked });
}"""
