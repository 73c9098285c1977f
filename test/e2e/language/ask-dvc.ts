import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { dvcBinary } from '../../setup/dvc.ts';
import type { CorpusProject } from './corpus.ts';
import type { DataText } from './texts.ts';

/** What DVC answers to a question: what it understood, or why it refuses. */
export type Answer = { readonly error: string } | Readonly<Record<string, unknown>>;

interface Questions {
  readonly projects?: readonly CorpusProject[];
  readonly texts?: readonly DataText[];
}

/** Puts questions to the real DVC, all in one process. */
export function askDvc(questions: Questions): {
  readonly projects: readonly Answer[];
  readonly texts: readonly unknown[];
} {
  const python = join(dirname(dvcBinary()), 'python');
  const script = join(import.meta.dirname, 'dvc_resolve.py');
  const reply = execFileSync(python, [script], {
    input: JSON.stringify(questions),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return JSON.parse(reply) as ReturnType<typeof askDvc>;
}
