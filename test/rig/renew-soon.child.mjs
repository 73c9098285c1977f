// Loaded into a `pipe` before all else: what it does every minute comes every millisecond.
const { setInterval } = globalThis;
globalThis.setInterval = (act, ms, ...args) => setInterval(act, ms === 60_000 ? 1 : ms, ...args);
