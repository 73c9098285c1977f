import {
  any,
  bool,
  either,
  list,
  map,
  record,
  text,
  type Fields,
  type NumberShape,
  type Shape,
  type TextShape,
} from './shape.ts';

/** `90`, `90s`, `1.5h`, `1h30m`. */
const DURATION = '^(?:\\d+(?:\\.\\d+)?|(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))+)$';
/** `4GB`, `512MiB`, `1024`. */
const MEMORY = '^\\d+(?:\\.\\d+)?\\s*(?:[kKMGT]?B?|[KMGT]iB?)$';
/** What a shell can export. */
export const ENV_NAME = '^[A-Za-z_][A-Za-z0-9_]*$';

/** Where commands can run. */
const EXECUTORS = ['local'] as const;

const duration: TextShape = { type: 'text', pattern: DURATION, what: 'a duration such as 90s, 10m or 2h' };
const memory: TextShape = { type: 'text', pattern: MEMORY, what: 'an amount of memory such as 4GB or 512MiB' };
const envName: TextShape = { type: 'text', pattern: ENV_NAME, what: 'the name of an environment variable' };
const template: TextShape = { type: 'text', pattern: '(?!)', what: 'a number' };
const atLeastZero: NumberShape = { type: 'integer', min: 0 };
const positive: NumberShape = { type: 'number', above: 0 };

/** What says something to people and registries, and changes nothing. */
export const ANNOTATIONS: Fields = {
  desc: { shape: text, doc: 'A description for people. Changes nothing.' },
  type: { shape: text, doc: 'A kind, such as `model` or `dataset`, for people and registries.' },
  labels: { shape: list(text), doc: 'Labels for people and registries.' },
  meta: { shape: any, doc: 'Anything you like; kept, never looked at.' },
};

const OUT_FLAGS: Fields = {
  ...ANNOTATIONS,
  cache: { shape: bool, doc: 'False: keep it in Git instead of the cache (default: true).' },
  persist: { shape: bool, doc: 'True: do not remove it before the stage runs (default: false).' },
  checkpoint: { shape: bool, doc: 'Accepted for old files; means nothing.' },
  remote: { shape: text, doc: 'The remote that it is pushed to and pulled from.' },
  push: { shape: bool, doc: 'False: never push it (default: true).' },
};

/** How a plot file is drawn. */
export const PLOT_FLAGS: Fields = {
  template: { shape: text, doc: 'The plot template, such as `linear`, `scatter` or `confusion`.' },
  x: { shape: text, doc: 'The field on the x axis.' },
  y: { shape: text, doc: 'The field on the y axis.' },
  x_label: { shape: text, doc: 'The label of the x axis.' },
  y_label: { shape: text, doc: 'The label of the y axis.' },
  title: { shape: text, doc: 'The title of the plot.' },
  header: { shape: bool, doc: 'False: a CSV or TSV file has no line with names.' },
};

const out = record('an out', OUT_FLAGS);
const outs = list(either(text, map(out)));
const plotOut = record('a plot', { ...OUT_FLAGS, ...PLOT_FLAGS });

const PLOT_DEFINITION = record('a plot', {
  x: { shape: either(text, map(text)), doc: 'The field on the x axis, or a map from file to field.' },
  y: {
    shape: either(text, list(text), map(either(text, list(text)))),
    doc: 'The field on the y axis, several fields, or a map from file to one or several fields.',
  },
  x_label: { shape: text, doc: 'The label of the x axis.' },
  y_label: { shape: text, doc: 'The label of the y axis.' },
  title: { shape: text, doc: 'The title of the plot.' },
  template: { shape: text, doc: 'The plot template, such as `linear`, `scatter` or `confusion`.' },
});

const vars: Shape = list(either(text, { type: 'map-of-any' }));

const RETRY = record('retry', {
  count: { shape: either(atLeastZero, template), doc: 'Further attempts after the first.', required: true },
  delay: { shape: either({ type: 'number', min: 0 }, duration), doc: 'Pause before the second attempt (default: 1s).' },
  factor: {
    shape: either({ type: 'number', min: 1 }, template),
    doc: 'Each pause is the one before times this (default: 2).',
  },
  max_delay: { shape: either({ type: 'number', min: 0 }, duration), doc: 'The longest pause (default: 1m).' },
});

const RESOURCES = record('resources', {
  cpus: { shape: either(positive, template), doc: 'Cores that it occupies while it runs (default: 1).' },
  memory: {
    shape: either({ type: 'integer', min: 1 }, memory),
    doc: 'Memory that it occupies: bytes, `4GB` or `512MiB`.',
  },
  gpus: { shape: either(atLeastZero, template), doc: 'GPUs that it occupies (default: 0).' },
});

const scalar = either(text, { type: 'number' }, bool);

const STAGE_FIELDS: Fields = {
  cmd: {
    shape: either(text, list(text)),
    doc: 'What to run: one command per line, or a list of commands. They stop at the first that fails.',
    required: true,
  },
  wdir: {
    shape: text,
    doc: 'The folder it runs in, relative to this file. Every path of the stage is relative to it.',
  },
  deps: { shape: list(text), doc: 'Files and folders it reads: paths, patterns such as `data/*.csv`, or URLs.' },
  params: {
    shape: list(either(text, { type: 'map-of-any' })),
    doc: 'Parameters it reads: keys of params.yaml, `{file: [keys]}`, or `{file: }` for the whole file.',
  },
  outs: { shape: outs, doc: 'Files and folders it makes.' },
  metrics: { shape: outs, doc: 'Files with numbers that it makes.' },
  plots: {
    shape: list(either(text, map(either(plotOut, list(plotOut))))),
    doc: 'Files with plot data or images that it makes.',
  },
  vars: { shape: vars, doc: 'Variables for this stage alone: files, `file:key1,key2`, or maps.' },
  frozen: { shape: bool, doc: 'True: never run it; take its outs as they are.' },
  always_changed: { shape: bool, doc: 'True: run it every time.' },
  desc: { shape: text, doc: 'A description for people. Changes nothing.' },
  meta: { shape: any, doc: 'Anything you like; kept, never looked at.' },
  env: {
    shape: either(map(scalar), list(either(envName, map(scalar)))),
    doc: 'Environment: a map of values to set, or a list whose items are such maps, or names whose values are dependencies.',
    ours: true,
  },
  secrets: {
    shape: list(envName),
    doc: 'Names of environment variables to pass on; masked in logs, never recorded.',
    ours: true,
  },
  timeout: { shape: either(positive, duration), doc: 'How long it may run: seconds, `90s`, `10m`, `2h`.', ours: true },
  retry: { shape: either(atLeastZero, template, RETRY), doc: 'How often a failed command is tried again.', ours: true },
  resources: { shape: RESOURCES, doc: 'What it occupies while it runs.', ours: true },
  executor: { shape: { type: 'text', oneOf: EXECUTORS }, doc: 'Where it runs (default: local).', ours: true },
  when: {
    shape: either(text, bool),
    doc: 'A condition such as `train.epochs > 0`; false: the stage is skipped.',
    ours: true,
  },
};

/** A stage without `foreach` and `matrix`: also what stands below `do`. */
const STAGE = record('a stage', STAGE_FIELDS);

const STAGE_WITH_MATRIX = record('a stage', {
  matrix: { shape: map(either(text, { type: 'list-of-any' })), doc: 'One stage per combination: `{axis: [values]}`.' },
  ...STAGE_FIELDS,
});

const FOREACH = record('a foreach group', {
  foreach: {
    shape: either(text, { type: 'map-of-any' }, { type: 'list-of-any' }),
    doc: 'One stage per item: a list, a map, or `${…}`.',
    required: true,
  },
  do: { shape: STAGE, doc: 'The stage; `${item}` and `${key}` stand for the item.', required: true },
});

/** A whole pipeline file. */
export const PIPELINE = record('a pipeline file', {
  stages: {
    shape: map({ type: 'branch', on: ['foreach', 'do'], then: FOREACH, else: STAGE_WITH_MATRIX }),
    doc: 'Name → stage.',
  },
  vars: { shape: vars, doc: 'Variables for `${…}`: files, `file:key1,key2`, or maps. params.yaml is always read.' },
  params: { shape: list(text), doc: 'Parameter files to show and compare.' },
  metrics: { shape: list(text), doc: 'Metric files to show and compare.' },
  plots: {
    shape: list(either(text, { type: 'map', values: either(PLOT_DEFINITION, { type: 'null' }), notEmpty: true })),
    doc: 'Plots to draw: a file, or `{id: {x, y, …}}`.',
  },
  artifacts: {
    shape: map(
      record('an artifact', { path: { shape: text, doc: 'The file or folder.', required: true }, ...ANNOTATIONS }),
    ),
    doc: 'Name → something worth naming, such as a model.',
  },
  datasets: { shape: any, doc: 'Data of elsewhere, referred to as `ds://name`: a list of `{name, type, …}`.' },
});
