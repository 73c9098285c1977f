import { posix } from 'node:path';
import type { MapNode, YamlNode } from '../kit/format/yaml/node.ts';
import { lookUp } from '../kit/format/yaml/node.ts';
import { readYaml } from '../kit/format/yaml/read.ts';
import { fail, ok, type Result } from '../problem/problem.ts';
import { checkShape } from './check.ts';
import { expandGroup, MAX_STAGES } from './expand.ts';
import type { Substitution } from './interpolate.ts';
import type { Machine } from './limits.ts';
import type { Pipeline, Stage } from './model.ts';
import { checkStageName } from './name.ts';
import { Report } from './report.ts';
import { PIPELINE } from './schema.ts';
import { folderOf, readStage, type Draft, type StageContext } from './stage.ts';
import type { Parsing } from './text.ts';
import { readSections } from './top.ts';
import { VarFiles } from './vars.ts';

export interface LoadOptions {
  /** The pipeline file, relative to the project root, posix. A `dvc.yaml` means what it means to DVC. */
  readonly file: string;
  /** The text of a file (relative to the project root), or `undefined` when there is none. */
  readonly read: (path: string) => string | undefined;
  /** The environment that `when` can see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `resources` are held against; not checked when absent. */
  readonly machine?: Machine;
  /** How maps in `cmd` become flags (configuration `parsing`). */
  readonly parsing?: Parsing;
  /** Absolute path of the project root: absolute paths inside it become relative ones. */
  readonly root?: string;
}

/** Reads a pipeline file and everything it refers to: checked, every template resolved. Reports all problems at once. */
export function loadPipeline(options: LoadOptions): Result<Pipeline> {
  const { file, read } = options;
  const text = read(file);
  if (text === undefined) return fail({ code: 'PIPE_NO_PIPELINE', message: `there is no ${file}` });
  const report = new Report({ file, text });
  const { root, problems } = readYaml(report.source);
  report.addAll(problems);
  if (problems.length > 0) return { ok: false, problems: report.problems };
  const pipeline = readPipeline(root, options, report);
  return report.problems.length > 0 ? { ok: false, problems: inOrder(report) } : ok(pipeline);
}

function readPipeline(root: YamlNode | undefined, options: LoadOptions, report: Report): Pipeline {
  const { file, env, machine, parsing = {} } = options;
  const dialect = posix.basename(file) === 'dvc.yaml' ? 'dvc' : 'pipe';
  if (root !== undefined && !isNothing(root)) checkShape(root, PIPELINE, { dialect, report });
  const top = root?.kind === 'map' ? root : undefined;
  const folder = folderOf(file);
  const files = new VarFiles(options.read, options.root, report);
  const vars = files.loadTop(lookUp(top, 'vars')?.value, folder);
  const scope = { locals: new Map(), globals: vars.vars };
  const substitution: Substitution = { scope, report, parsing, allow: 'any', defaults: dialect === 'pipe' };
  const context: StageContext = {
    file,
    folder,
    dialect,
    root: options.root,
    env,
    machine,
    parsing,
    vars,
    files,
    report,
  };
  const stages = readStages(lookUp(top, 'stages')?.value, context, substitution);
  const sections = readSections(top, folder, substitution);
  return { file, dialect, stages, ...sections, inputs: [...files.inputs] };
}

function readStages(node: YamlNode | undefined, context: StageContext, substitution: Substitution): Stage[] {
  if (node?.kind !== 'map') return [];
  const drafts: Draft[] = [];
  for (const { key, value } of node.entries) {
    checkStageName(key, context.report);
    if (value.kind === 'map') drafts.push(...draftsOf({ key, body: value }, substitution));
    if (drafts.length > MAX_STAGES) {
      context.report.add('PIPE_TOO_MANY_STAGES', key, `the file makes more than ${String(MAX_STAGES)} stages`);
      return [];
    }
  }
  return drafts.map((draft) => readStage(draft, context));
}

function draftsOf(
  plain: { readonly key: Draft['key']; readonly body: MapNode },
  substitution: Substitution,
): readonly Draft[] {
  const group = expandGroup(plain.body, substitution);
  if (group === undefined) return [];
  if (group.instances === undefined) return [plain];
  return group.instances.map((instance) => ({ key: plain.key, body: group.body, instance }));
}

function isNothing(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** By place in the file; what lies in other files comes last. */
function inOrder(report: Report): Report['problems'] {
  const offset = (problem: Report['problems'][number]): number =>
    problem.at?.source === report.source ? problem.at.offset : Infinity;
  return [...report.problems].sort((a, b) => offset(a) - offset(b) || 0);
}
