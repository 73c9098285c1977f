/**
 * For `node --import`: progress, which is shown of work that takes long, is shown of all work. `HURRY` says how many times
 * as fast time goes; what waits for a time by the same clock, as leases do, is in a hurry, too.
 */
const { performance } = globalThis;
const now = performance.now.bind(performance);
const times = Number(globalThis.process.env.HURRY ?? 1_000);

performance.now = () => now() * times;
