/** For `node --import`: progress, which is shown of work that takes long, is shown of all work. */
const { performance } = globalThis;
const now = performance.now.bind(performance);

performance.now = () => now() * 1_000;
