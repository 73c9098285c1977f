import type { OutWords, StageWords } from '../pipeline/new-stage.ts';
import { PipeError } from '../problem/problem.ts';
import { addStage } from './add-stage.ts';
import type { OptionSpecs, OptionValues, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { stageJson } from './stage-json.ts';

const many = (help: string, value: string, short?: string) =>
  ({ type: 'string', multiple: true, value, help, ...(short === undefined ? {} : { short }) }) as const;

const options = {
  name: { type: 'string', short: 'n', value: 'NAME', help: 'the name of the stage' },
  force: { type: 'boolean', short: 'f', help: 'replace a stage of that name' },
  deps: many('something that it reads', 'PATH', 'd'),
  params: many('parameters that it reads', '[FILE:]KEYS', 'p'),
  outs: many('something that it makes', 'PATH', 'o'),
  'outs-no-cache': many('the same, kept in Git instead of the cache', 'PATH', 'O'),
  'outs-persist': many('the same, not removed before the stage runs', 'PATH'),
  'outs-persist-no-cache': many('the same, neither removed nor cached', 'PATH'),
  metrics: many('metrics that it makes', 'PATH', 'm'),
  'metrics-no-cache': many('the same, kept in Git', 'PATH', 'M'),
  plots: many('plot data that it makes', 'PATH'),
  'plots-no-cache': many('the same, kept in Git', 'PATH'),
  wdir: { type: 'string', short: 'w', value: 'DIR', help: 'the folder that it runs in' },
  'always-changed': { type: 'boolean', help: 'run it every time' },
  desc: { type: 'string', value: 'TEXT', help: 'a description' },
  env: many('a variable to set, or one whose value is a dependency', 'KEY[=VALUE]'),
  secret: many('a variable to pass on, masked and never recorded', 'KEY'),
  timeout: { type: 'string', value: 'TIME', help: 'how long it may run (90s, 10m, 2h)' },
  retry: { type: 'string', value: 'N', help: 'how often a failed command is tried again' },
  cpus: { type: 'string', value: 'N', help: 'cores that it occupies' },
  memory: { type: 'string', value: 'SIZE', help: 'memory that it occupies (4GB)' },
  gpus: { type: 'string', value: 'N', help: 'GPUs that it occupies' },
  run: { type: 'boolean', help: 'run it afterwards' },
} as const satisfies OptionSpecs;

type Options = OptionValues<typeof options>;

export default defineCommand({
  usage: '-n NAME [options] COMMAND...',
  positionals: { min: 1, max: Infinity, rest: true },
  json: true,
  stopsGently: true,
  options,
  details:
    'Writes the stage into the pipeline file of the current folder; paths are relative to --wdir. Everything after the\nfirst word that is no flag belongs to the command. Comments and layout of the file stay as they are.',
  async run(context, { positionals, options: given, global }): Promise<Outcome> {
    const { name } = given;
    if (name === undefined) {
      throw new PipeError({ code: 'PIPE_USAGE', message: 'the stage needs a name', hint: 'give it with -n NAME' });
    }
    const added = addStage(context, { name, words: wordsOf(positionals, given), force: given.force === true });
    const text = `${added.replaced ? 'Replaced' : 'Added'} stage "${name}" in ${added.file}`;
    const stages = added.stages.map(stageJson);
    const json = { schema: 'pipe.stage-add/1', file: added.file, replaced: added.replaced, stages };
    if (given.run !== true) return { text, json };
    const { default: repro } = await import('./repro.ts');
    const targets = added.stages.map((stage) => stage.address);
    // Under --json the run prints its events; the stage is in the first of them.
    const ran = await repro.run(context, { positionals: targets, options: { 'single-item': true }, global });
    return { ...ran, text };
  },
});

function wordsOf(command: readonly string[], given: Options): StageWords {
  const resources = (['cpus', 'memory', 'gpus'] as const).flatMap((key) => {
    const value = given[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    command,
    outs: OUT_OPTIONS.map(({ option, ...kind }) => ({ ...kind, paths: given[option] ?? [] })),
    alwaysChanged: given['always-changed'] === true,
    resources: new Map(resources),
    deps: given.deps ?? [],
    params: given.params ?? [],
    env: given.env ?? [],
    secrets: given.secret ?? [],
    ...(given.desc === undefined ? {} : { desc: given.desc }),
    ...(given.wdir === undefined ? {} : { wdir: given.wdir }),
    ...(given.timeout === undefined ? {} : { timeout: given.timeout }),
    ...(given.retry === undefined ? {} : { retry: given.retry }),
  };
}

const OUT_OPTIONS = [
  { option: 'outs', field: 'outs', cache: true, persist: false },
  { option: 'outs-no-cache', field: 'outs', cache: false, persist: false },
  { option: 'outs-persist', field: 'outs', cache: true, persist: true },
  { option: 'outs-persist-no-cache', field: 'outs', cache: false, persist: true },
  { option: 'metrics', field: 'metrics', cache: true, persist: false },
  { option: 'metrics-no-cache', field: 'metrics', cache: false, persist: false },
  { option: 'plots', field: 'plots', cache: true, persist: false },
  { option: 'plots-no-cache', field: 'plots', cache: false, persist: false },
] as const satisfies readonly (Omit<OutWords, 'paths'> & { readonly option: string })[];
