import type { Problem } from '../problem/problem.ts';
import { loadPipeline, type LoadOptions } from './load.ts';
import type { Pipeline, Stage } from './model.ts';

/** Files of a test's project; the text of pipeline.yaml alone will do. */
type Files = string | Readonly<Record<string, string>>;

type Options = Partial<Omit<LoadOptions, 'read'>>;

function result(files: Files, options: Options) {
  const all = typeof files === 'string' ? { 'pipeline.yaml': files } : files;
  const read = (path: string): string | undefined => (Object.hasOwn(all, path) ? all[path] : undefined);
  return loadPipeline({ file: 'pipeline.yaml', env: {}, ...options, read });
}

/** For tests: the pipeline, which must have no problems. */
export function loaded(files: Files, options: Options = {}): Pipeline {
  const outcome = result(files, options);
  if (outcome.ok) return outcome.value;
  throw new Error(outcome.problems.map(({ code, message }) => `${code} ${message}`).join('\n'));
}

/** For tests: one stage of a pipeline that has no problems. */
export function stageOf(files: Files, name: string, options: Options = {}): Stage {
  const stage = loaded(files, options).stages.find((each) => each.name === name);
  if (stage === undefined) throw new Error(`no stage ${name}`);
  return stage;
}

/** For tests: every problem as `line:column CODE message [marked text] (hint)`. */
export function faults(files: Files, options: Options = {}): string[] {
  const outcome = result(files, options);
  return outcome.ok ? [] : outcome.problems.map(faultText);
}

function faultText({ code, message, at, hint }: Problem): string {
  const text = at?.source.text ?? '';
  const before = text.slice(0, at?.offset ?? 0).split('\n');
  const file = at === undefined || at.source.file === 'pipeline.yaml' ? '' : `${at.source.file}:`;
  const place = at === undefined ? '' : `${file}${String(before.length)}:${String((before.at(-1)?.length ?? 0) + 1)} `;
  const marked = at === undefined || at.length === 0 ? '' : ` [${text.slice(at.offset, at.offset + at.length)}]`;
  return `${place}${code} ${message}${marked}${hint === undefined ? '' : ` (${hint})`}`;
}
