import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isOutside } from '../kit/path.ts';
import { printable } from '../kit/width.ts';
import { PipeError } from '../problem/problem.ts';
import type { IgnoreReason } from '../project/ignore.ts';
import { ignoreExplainer } from '../project/ignore.ts';
import { requireRoot } from '../project/project.ts';
import type { Context, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { inProject } from './edit-target.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  details:
    'Prints those of the paths that .pipeignore files (in a DVC project .dvcignore files, too) leave out. Exits with 0 ' +
    'when at least one is left out, else with 1.',
  options: {
    details: { type: 'boolean', short: 'd', help: 'print the rule that decides, with its file and line' },
    'non-matching': { type: 'boolean', short: 'n', help: 'with --details: print paths that no rule matches, too' },
    stdin: { type: 'boolean', help: 'read paths from standard input, one a line' },
  },
  async run(context, { positionals, options, global }) {
    const details = options.details === true;
    const nonMatching = options['non-matching'] === true;
    const stdin = options.stdin === true;
    if (stdin === positionals.length > 0) {
      throw usage(stdin ? 'takes either targets or --stdin' : 'needs paths, or --stdin to read them from there');
    }
    if (nonMatching && !details) throw usage('--non-matching needs --details');
    if (details && global.quiet) throw usage('takes either --details or --quiet');
    const targets = stdin ? await readTargets(context) : positionals;
    return outcome(checkAll(context, targets), { details, nonMatching });
  },
});

/** A target as it was given, and the rule that decides about it. */
interface Checked {
  readonly target: string;
  readonly reason: IgnoreReason | undefined;
}

function checkAll({ cwd }: Context, targets: readonly string[]): Checked[] {
  const root = requireRoot(cwd);
  const here = { root, cwd: realpathSync(cwd) };
  const explain = ignoreExplainer(root);
  return targets.map((target) => {
    const path = inProject(here, target);
    if (path === '.' || isOutside(path)) return { target, reason: undefined };
    return { target, reason: explain(path, isFolder(join(root, path)) ?? target.endsWith('/')) };
  });
}

/** Whether a folder lies at a path, a link to one not counting; `undefined` when nothing lies there. */
function isFolder(path: string): boolean | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory();
  } catch {
    // A name that is too long, or a folder that is not ours: to the rules it is a path like any other.
    return undefined;
  }
}

/** As Git and DVC count, a rule that takes a path back is a match when it is shown. */
function outcome(checked: readonly Checked[], show: { details: boolean; nonMatching: boolean }): Outcome {
  const isMatch = ({ reason }: Checked): boolean => (show.details ? reason !== undefined : reason?.negated === false);
  return {
    exit: checked.some(isMatch) ? 0 : 1,
    text: checked
      .filter((each) => isMatch(each) || show.nonMatching)
      .map(({ target, reason }) => (show.details ? `${reasonText(reason)}\t` : '') + printable(target))
      .join('\n'),
    json: { schema: 'pipe.check-ignore/1', paths: checked.map(pathJson) },
  };
}

/** As Git writes it: file, line and rule; `::` without one. */
function reasonText(reason: IgnoreReason | undefined): string {
  if (reason === undefined) return '::';
  if ('name' in reason) return `:${reason.name}`;
  return printable(`${reason.file}:${String(reason.line)}:${reason.text}`);
}

function pathJson({ target, reason }: Checked): unknown {
  const rule =
    reason === undefined
      ? null
      : 'name' in reason
        ? { file: null, line: null, text: reason.name, negated: false }
        : { file: reason.file, line: reason.line, text: reason.text, negated: reason.negated };
  return { path: target, ignored: reason?.negated === false, rule };
}

async function readTargets({ stdin }: Context): Promise<string[]> {
  const targets: string[] = [];
  for await (const line of createInterface({ input: stdin, terminal: false, crlfDelay: Infinity })) {
    if (line !== '') targets.push(line);
  }
  return targets;
}

function usage(message: string): PipeError {
  const hint = 'usage: pipe check-ignore [targets...], or pipe check-ignore --stdin';
  return new PipeError({ code: 'PIPE_USAGE', message: `pipe check-ignore ${message}`, hint });
}
