/**
 * Which room of the house may know which (docs/architecture.md). Checked by `npm run boundaries`, over value and
 * type imports alike.
 */
const TEST = String.raw`(\.test\.tsx?$|/fixture/)`;
const PURE = String.raw`^src/(graph/|pipeline/(?!load\.ts$)|run/plan\.ts$|fingerprint/stage\.ts$)`;

/** A rule that keeps `from` away from `to`; tests may reach for what they need. */
function never(rule, from, to) {
  return { ...rule, severity: 'error', from: { pathNot: TEST, ...from }, to };
}

/** A rule that lets only the files of `homes` import a package. */
function only(name, packages, homes) {
  const comment = `${packages} is loaded by ${homes} only`;
  const to = { path: String.raw`(^|node_modules/)(${packages})(/|$)` };
  return never({ name, comment }, { path: '^(src|stages|model-creation|model-serving)/', pathNot: [TEST, homes] }, to);
}

/** Anything in `src` but the named rooms and files. */
const allBut = (...rooms) => ({ path: '^src/', pathNot: `^src/(${rooms.join('|')})` });

const boundaries = [
  { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },

  never(
    { name: 'kit-and-problem-are-leaves', comment: 'they know nothing of pipelines' },
    { path: '^src/(kit|problem)/' },
    allBut('kit/', 'problem/'),
  ),
  never(
    { name: 'pure-without-io', comment: 'pure rooms read no file, clock, process or network' },
    { path: PURE },
    {
      dependencyTypes: ['core'],
      pathNot: '^(node:)?(path|path/posix|util|buffer|crypto)$',
    },
  ),
  never(
    { name: 'pure-knows-pure', comment: 'pure rooms build on pure rooms, and on types' },
    { path: PURE },
    {
      ...allBut('graph/', 'pipeline/', 'fingerprint/stage.ts', 'run/plan.ts', 'event/', 'kit/', 'problem/'),
      dependencyTypesNot: ['type-only'],
    },
  ),
  never(
    { name: 'event-is-data', comment: 'an event says what happened in plain data' },
    { path: '^src/event/' },
    {
      ...allBut('event/', 'kit/', 'problem/'),
      dependencyTypesNot: ['type-only'],
    },
  ),
  never(
    { name: 'reports-see-events', comment: 'the engine emits, reports and pages present' },
    { path: '^src/(report|web)/' },
    {
      path: '^src/(run|executor|store|index|lockfile|fingerprint|command)/',
    },
  ),
  never(
    { name: 'engine-presents-nothing', comment: 'the engine emits events and knows no view' },
    {
      path: '^src/(run|executor|store|index|lockfile|fingerprint|graph|pipeline|project)/',
    },
    { path: '^src/(report|web|command)/' },
  ),
  never(
    { name: 'store-knows-no-pipeline', comment: 'bytes under digests' },
    { path: '^src/store/' },
    {
      path: '^src/(run|executor|graph|pipeline|experiment)/',
    },
  ),
  never(
    { name: 'data-below-commands', comment: 'commands call it; the engine and the views know nothing of it' },
    { path: '^src/', pathNot: [TEST, '^src/(data|command)/'] },
    { path: '^src/data/' },
  ),
  never(
    { name: 'data-presents-nothing', comment: 'it returns data, commands put it into words' },
    { path: '^src/data/' },
    { path: '^src/(report|web|command)/' },
  ),
  never(
    { name: 'remote-below-commands', comment: 'commands say what is shared; the engine and the store know no remote' },
    { path: '^src/', pathNot: [TEST, '^src/(remote|command)/'] },
    { path: '^src/remote/' },
  ),
  never(
    { name: 'remote-moves-objects', comment: 'it knows stores and places, and neither stages nor views' },
    { path: '^src/remote/' },
    { path: '^src/(run|executor|graph|pipeline|metric|data|report|web|command|experiment)/' },
  ),
  never(
    { name: 'source-below-commands', comment: 'the engine and the store know no other repositories' },
    { path: '^src/', pathNot: [TEST, '^src/(source|command)/'] },
    { path: '^src/source/' },
  ),
  never(
    { name: 'source-brings-bytes', comment: 'it knows Git, servers and stores, and neither stages nor views' },
    { path: '^src/source/' },
    { path: '^src/(run|executor|graph|pipeline|metric|data|remote|report|web|command|experiment)/' },
  ),
  never(
    { name: 'commands-are-on-top', comment: 'only the CLI and commands know commands' },
    { path: '^src/', pathNot: [TEST, '^src/(cli\\.ts$|command/)'] },
    {
      path: '^src/(cli\\.ts$|command/)',
    },
  ),
  never(
    { name: 'live-view-loads-late', comment: 'Ink and React cost more than all else: await import()' },
    { path: '^src/', pathNot: [TEST, '^src/report/ink/'] },
    {
      path: '^src/report/ink/',
      dependencyTypesNot: ['type-only', 'dynamic-import'],
    },
  ),

  never(
    { name: 'tool-stands-alone', comment: 'stages talk to the tool through argv, environment, files and exit code' },
    { path: '^src/' },
    {
      path: '^(stages|model-creation|model-serving|bench)/',
    },
  ),
  never(
    { name: 'training-stands-alone', comment: 'training knows neither the tool nor the service' },
    { path: '^model-creation/' },
    {
      path: '^(src|stages|model-serving|bench)/',
    },
  ),
  never(
    { name: 'stages-are-thin', comment: 'stages only call the training package' },
    { path: '^stages/' },
    { path: '^(src|model-serving|bench)/' },
  ),
  never(
    { name: 'serving-stands-alone', comment: 'serving reads the saved model, never training code' },
    { path: '^model-serving/' },
    {
      path: '^(src|stages|model-creation|bench)/',
    },
  ),
  never(
    { name: 'no-tests-in-products', comment: 'what ships knows no test' },
    { path: '^(src|stages|model-creation|model-serving)/' },
    {
      path: ['^test/', TEST, 'node_modules/(vitest|fast-check)/'],
    },
  ),

  only('ink-in-the-live-view', 'ink|react|react-reconciler', '^src/report/ink/'),
  only('execa-in-executors', 'execa', '^src/(executor/|project/git)'),
  only('fastify-in-services', 'fastify|@fastify', '^(src/web|model-serving)/'),
  only('aws-in-places', '@aws-sdk|@smithy', '^src/store/place/'),
  only('yaml-where-files-are-read', 'yaml', '^(src/(pipeline|kit|project|lockfile)|stages)/'),
  only('tensorflow-in-models', '@tensorflow', '^(model-creation|model-serving)/'),
];

/** Over value imports only: a type says nothing about what runs. */
const purity = [
  never(
    { name: 'pure-all-the-way', comment: 'no file, process or network behind what a pure room imports' },
    { path: PURE },
    {
      reachable: true,
      path: '^(node:)?(fs|fs/promises|child_process|net|http|https|os|worker_threads|process|timers|timers/promises)$',
    },
  ),
];

export default { boundaries, purity };
