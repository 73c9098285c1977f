import { basename, resolve } from 'node:path';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import { readTextFile } from '../kit/text-file.ts';
import type { Merged, MergeOptions, MergeTexts } from '../lockfile/merge.ts';
import { mergeLocks } from '../lockfile/merge.ts';
import { PipeError } from '../problem/problem.ts';
import type { Surroundings } from '../project/project.ts';
import { clean } from '../report/words.ts';
import type { OptionSpecs } from './command.ts';
import { defineCommand } from './command.ts';

const options = {
  ancestor: { type: 'string', value: 'FILE', help: 'the text that both sides changed' },
  our: { type: 'string', value: 'FILE', help: "this side's text; the merged one is written here" },
  their: { type: 'string', value: 'FILE', help: "the other side's text" },
  path: { type: 'string', value: 'FILE', help: 'the path of the file in Git' },
  'mark-size': { type: 'string', value: 'N', help: 'characters of a conflict mark' },
} as const satisfies OptionSpecs;

/**
 * What Git calls to merge locks and pointers (docs/commands/install.md). Exit codes: 0 merged, 1 conflicts, which the
 * file shows. With anything else the file is untouched, and Git's own merge takes over.
 */
export default defineCommand({
  usage: '',
  positionals: { min: 0, max: 0 },
  json: false,
  options,
  async run({ cwd, env }, { options: { ancestor, our, their, path, 'mark-size': markSize } }) {
    if (ancestor === undefined || our === undefined || their === undefined || path === undefined) {
      throw new PipeError({ code: 'PIPE_USAGE', message: 'pipe merge-driver is called by Git', hint: 'see install' });
    }
    const read = (file: string): string => readTextFile(resolve(cwd, file), file) ?? '';
    const texts = { ancestor: read(ancestor), ours: read(our), theirs: read(their) };
    const size = Number(markSize);
    const options = { shown: path, ...(size >= 7 && size <= 99 ? { markSize: size } : {}) };
    const { text, conflicts, details } = await merge(texts, options, { cwd, env });
    writeFileAtomic(resolve(cwd, our), text);
    if (conflicts.length === 0) return {};
    const named = conflicts.map((each) => JSON.stringify(each)).join(', ');
    return { exit: 1, text: [`Both sides changed in ${clean(path)}: ${named}`, ...(details ?? [])].join('\n') };
  },
});

interface Told extends Merged {
  /** What else is to be said of conflicts. */
  readonly details?: readonly string[];
}

async function merge(texts: MergeTexts, options: MergeOptions, surroundings: Surroundings): Promise<Told> {
  try {
    if (basename(options.shown) === 'pipeline.lock') return mergeLocks(texts, options);
    // Most merges are of locks, which need no YAML.
    if (options.shown.endsWith('.pipe')) {
      const { mergePointer } = await import('./merge-driver/pointer.ts');
      return await mergePointer(texts, options, surroundings);
    }
  } catch (error) {
    if (error instanceof PipeError) throw cannotMerge(options.shown, error.problems[0]?.message ?? error.message);
    throw error;
  }
  throw cannotMerge(options.shown, 'it is neither a lock nor a pointer');
}

function cannotMerge(shown: string, why: string): PipeError {
  return new PipeError({
    code: 'PIPE_MERGE',
    message: `one side of ${shown} cannot be merged: ${why}`,
    hint: 'keep one side of it, delete the marks, and `git add` it',
  });
}
