import { posix } from 'node:path';
import type { MapEntry, MapNode, ScalarNode, YamlNode } from '../kit/format/yaml/node.ts';
import { keyText } from '../kit/format/yaml/node.ts';
import { toValue } from '../kit/format/yaml/value.ts';
import { isOutside } from '../kit/path.ts';
import { describe } from './check.ts';
import { readEnvironment } from './environment.ts';
import type { Instance } from './expand.ts';
import { readDeps, readParams } from './inputs.ts';
import { substitute, type Substitution } from './interpolate.ts';
import { readResources, readRetry, readTimeout, type Machine } from './limits.ts';
import type { ParamDep, Stage } from './model.ts';
import { readOuts, textFlag, type Places } from './outs.ts';
import { joinPath, relativePath } from './paths.ts';
import type { Report } from './report.ts';
import type { Scope, Var, Vars } from './scope.ts';
import type { Parsing } from './text.ts';
import type { VarFiles, VarSet } from './vars.ts';
import { readWhen } from './when/read.ts';

/** What all stages of a file share. */
export interface StageContext {
  readonly file: string;
  /** Folder of the file. */
  readonly folder: string;
  readonly dialect: 'pipe' | 'dvc';
  readonly root: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine | undefined;
  readonly parsing: Parsing;
  readonly vars: VarSet;
  readonly files: VarFiles;
  readonly report: Report;
}

/** One stage before substitution. */
export interface Draft {
  readonly key: ScalarNode;
  readonly body: MapNode;
  readonly instance?: Instance;
}

/** Resolves one stage. What is wrong is reported; the result is then not to be used. */
export function readStage(draft: Draft, context: StageContext): Stage {
  const { key, body, instance } = draft;
  const { report, file, dialect, root } = context;
  const group = keyText(key);
  const name = nameOf(draft);
  const used: UsedKeys = new Map();
  const { fields, scope } = substituteFields(draft, context, (variable) => {
    track(variable, used);
  });
  const wdir = readWdir(fields.get('wdir'), context);
  const places: Places = { wdir, root, dialect, report };
  const at = report.place(key);
  const flag = (field: string): boolean => {
    const node = fields.get(field);
    return node?.kind === 'scalar' && node.value === true;
  };
  const desc = fields.get('desc');
  const meta = fields.get('meta');
  const timeoutMs = readTimeout(fields.get('timeout'), report);
  const retry = readRetry(fields.get('retry'), report);
  const when = readWhen(bodyField(body, 'when'), { scope, env: context.env }, report);
  return {
    name,
    ...(instance === undefined ? {} : { group }),
    address: isRootFile(file) ? name : `${file}:${name}`,
    file,
    wdir,
    cmd: readCmd(fields.get('cmd'), report),
    deps: readDeps(fields.get('deps'), places),
    params: readParams(fields.get('params'), places),
    outs: [
      ...readOuts(fields.get('outs'), 'out', places),
      ...readOuts(fields.get('metrics'), 'metric', places),
      ...readOuts(fields.get('plots'), 'plot', places),
    ],
    frozen: flag('frozen'),
    alwaysChanged: flag('always_changed'),
    ...textFlag('desc', desc && toValue(desc)),
    ...(meta === undefined ? {} : { meta: toValue(meta) }),
    ...readEnvironment(fields.get('env'), fields.get('secrets'), report),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retry === undefined ? {} : { retry }),
    resources: readResources(fields.get('resources'), context.machine, report),
    executor: readExecutor(fields.get('executor')),
    ...(when === undefined ? {} : { when }),
    ...(used.size === 0 ? {} : { tracked: trackedParams(used, wdir, at) }),
    at,
  };
}

/** `train`, or `train@fr` for an instance. */
function nameOf({ key, instance }: Draft): string {
  return instance === undefined ? keyText(key) : `${keyText(key)}@${instance.key}`;
}

/** Stages of these files are named without their file. */
function isRootFile(file: string): boolean {
  return file === 'pipeline.yaml' || file === 'dvc.yaml';
}

const NO_LOCALS: Vars = new Map();

interface Fields {
  readonly fields: ReadonlyMap<string, YamlNode>;
  /** What the fields, and `when`, can see. */
  readonly scope: Scope;
}

/** The fields of a stage with every `${…}` replaced; what could not be replaced is left out, and reported. */
function substituteFields(draft: Draft, context: StageContext, onUse: (variable: Var) => void): Fields {
  const { body, instance } = draft;
  const { report, parsing, dialect } = context;
  const locals = instance?.locals ?? NO_LOCALS;
  const values: Substitution = {
    scope: { locals, globals: context.vars.vars },
    report,
    parsing,
    defaults: dialect === 'pipe',
    allow: 'value',
    onUse,
  };
  const scope = stageScope(draft, context, values);
  const inner = scope === values.scope ? values : { ...values, scope };
  const command: Substitution = { ...inner, allow: 'cmd' };
  const fields = new Map<string, YamlNode>();
  for (const entry of body.entries) {
    const field = keyText(entry.key);
    if (field === 'vars' || field === 'matrix' || field === 'when') continue;
    const value = substitute(entry.value, field === 'cmd' ? command : inner);
    if (value !== undefined) fields.set(field, value);
  }
  return { fields, scope };
}

/** The stage's own `vars`, read from its working folder, come on top of the file's. */
function stageScope(draft: Draft, context: StageContext, substitution: Substitution): Scope {
  const { body } = draft;
  const vars = bodyField(body, 'vars');
  if (vars === undefined) return substitution.scope;
  const written = bodyField(body, 'wdir');
  const wdir = written && substitute(written, { ...substitution, onUse: () => undefined });
  const { locals } = substitution.scope;
  const stage = { folder: readWdir(wdir, context), name: nameOf(draft), reserved: [...locals.keys()] };
  return { locals, globals: context.files.loadStage(vars, context.vars, stage).vars };
}

function bodyField(body: MapNode, name: string): YamlNode | undefined {
  return body.entries.find((entry: MapEntry) => entry.key.value === name)?.value;
}

/** File → keys. */
type UsedKeys = Map<string, Set<string>>;

/** Remembers which keys of which file a stage uses through `${…}`; whole maps are not tracked, as in DVC. */
function track(variable: Var, used: UsedKeys): void {
  if (variable.file === undefined || variable.kind === 'map') return;
  if (variable.kind === 'value' && variable.value instanceof Map) return;
  const keys = used.get(variable.file) ?? new Set();
  used.set(variable.file, keys.add(variable.path));
}

function trackedParams(used: UsedKeys, wdir: string, at: Stage['at']): ParamDep[] {
  return Array.from(used, ([path, keys]) => ({ path, as: relativePath(wdir, path), keys: [...keys], at }));
}

function readWdir(node: YamlNode | undefined, { folder, root, report }: StageContext): string {
  if (node === undefined) return folder;
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    if (node.kind === 'scalar' && node.derived === true) {
      report.add('PIPE_FIELD_TYPE', node, `wdir must be a text, found ${describe(node)}`);
    }
    return folder;
  }
  const wdir = joinPath(folder, node.value, root);
  if (!isOutside(wdir)) return wdir;
  report.add('PIPE_PATH_OUTSIDE', node, `the working folder ${node.value} lies outside the project`);
  return folder;
}

function readCmd(node: YamlNode | undefined, report: Report): string | readonly string[] {
  if (node === undefined) return '';
  if (node.kind === 'seq') {
    const commands = node.items.map((item) => commandText(item, report));
    if (commands.length === 0)
      report.add('PIPE_FIELD_VALUE', node, { message: 'cmd is empty', hint: 'write at least one command' });
    return commands;
  }
  return commandText(node, report);
}

function commandText(node: YamlNode, report: Report): string {
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    if (node.value.trim() === '')
      report.add('PIPE_FIELD_VALUE', node, { message: 'cmd is empty', hint: 'write at least one command' });
    if (node.value.includes('\0')) report.add('PIPE_FIELD_VALUE', node, 'cmd holds a NUL character');
    return node.value;
  }
  if (node.kind !== 'scalar' || node.derived === true) {
    const hint = node.kind === 'map' ? 'put the program in front, such as python train.py ${train}' : undefined;
    report.add('PIPE_FIELD_TYPE', node, { message: `cmd must be a text, found ${describe(node)}`, hint: hint });
  }
  return '';
}

function readExecutor(node: YamlNode | undefined): string {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : 'local';
}

/** The folder of a pipeline file. */
export function folderOf(file: string): string {
  return posix.dirname(posix.normalize(file));
}
