import type { ScalarNode } from '../kit/format/yaml/node.ts';
import { keyText } from '../kit/format/yaml/node.ts';
import type { Report } from './report.ts';

/** Whether a new stage may have this name: no punctuation but `_` and `-`, as `dvc stage add` wants it. */
export function isValidStageName(name: string): boolean {
  return name.trim() !== '' && !/[!-,./:-@[-^`{-~\p{Cc}]/u.test(name);
}

/** Reports a name in a file that no command could refer to. Files may hold more than {@link isValidStageName} allows. */
export function checkStageName(key: ScalarNode, report: Report): void {
  const name = keyText(key);
  const why = whyUnusable(name);
  if (why !== undefined)
    report.add('PIPE_STAGE_NAME', key, {
      message: `the stage name "${name}" ${why}`,
      hint: 'use letters, digits, _ and -',
    });
}

function whyUnusable(name: string): string | undefined {
  if (name.trim() === '') return 'is empty';
  if (name.includes('@')) return 'holds "@", which separates a group from its item';
  return /\p{Cc}/u.test(name) ? 'holds a control character' : undefined;
}
