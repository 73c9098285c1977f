import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import type { Rig } from '../../rig/rig.ts';
import type { ExpressionContext } from './expression.ts';
import { interpolate, isTrue } from './expression.ts';
import type { CiEvent, CiMachine, CiResult } from './machine.ts';
import { ORIGIN, checkOut, expectKeys, startMachine } from './machine.ts';

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly if?: string;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly jobs: {
    readonly pipeline: { readonly env: Readonly<Record<string, string>>; readonly steps: readonly Step[] };
  };
}

const FILE = resolve(import.meta.dirname, '../../../docs/ci/github-actions.yml');

const REPOSITORY = 'team/project';

/** GitHub's own command asks GitHub: what it would post is put aside. The body is the last word. */
const GH = `#!/bin/sh
for word; do body=$word; done
{ echo "$GH_REPO $GH_TOKEN $*"; cat "$body"; } >> "$HOME/comment"
`;

/**
 * Runs the workflow as GitHub does: each `run:` is a file that bash runs with -e, actions are performed by hand. What the
 * workflow has beyond what is performed here makes the test fail.
 */
export async function runGitHub(rig: Rig, event: CiEvent): Promise<CiResult> {
  const { on, jobs } = parse(await readFile(FILE, 'utf8')) as Workflow;
  expect(on).toEqual({ pull_request: null, push: { branches: ['main'] } });
  expectKeys(jobs, ['pipeline']);
  expectKeys(jobs.pipeline, ['runs-on', 'permissions', 'env', 'steps']);
  const machine = await startMachine(rig, { gh: GH });
  const { env, steps } = jobs.pipeline;
  const values = { github: await githubOf(rig, event), secrets: { ...event.secrets } };
  const summary = rig.path(`../${machine.name}-home/summary`);
  const files = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: `${summary}-output` };
  let context: ExpressionContext = { values, status: 'success' };
  let log = '';
  const setUp: string[] = [];
  const fill = (texts: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, interpolate(text, context)]));
  for (const step of steps) {
    expectKeys(step, ['name', 'uses', 'with', 'run', 'env', 'if']);
    if (!isTrue(step.if ?? 'success()', context)) continue;
    if (step.uses !== undefined) {
      setUp.push(step.uses);
      await perform(step, { rig, machine, ref: values.github.ref });
      continue;
    }
    const run = await machine.bash(['-e'], interpolate(step.run ?? '', context), { ...files, ...fill(env), ...fill(step.env) }); // prettier-ignore
    log += run.stdout + run.stderr;
    if (run.code !== 0) context = { ...context, status: 'failure' };
  }
  // Whoever adds an action says here what it does.
  expect(setUp).toEqual(['actions/checkout@v4', 'actions/setup-node@v4']);
  const read = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);
  const posted = await read(rig.path(`../${machine.name}-home/comment`));
  const head = `${REPOSITORY} token-of-the-job pr comment 7 --edit-last --create-if-none --body-file summary.md\n`;
  if (posted !== undefined) expect(posted.startsWith(head), posted).toBe(true);
  return {
    ok: context.status === 'success',
    log,
    summary: (await read(summary)) ?? '',
    comment: posted?.slice(head.length),
    cwd: machine.cwd,
  };
}

/** What the action of a step does, where it matters: the setting-up of Node.js was done for the tests. */
async function perform(
  { uses, ...step }: Step,
  { rig, machine, ref }: { readonly rig: Rig; readonly machine: CiMachine; readonly ref: string },
): Promise<void> {
  // prettier-ignore
  if (uses === 'actions/checkout@v4') {
    expect(step.with).toEqual({ 'fetch-depth': 0, 'persist-credentials': false });
    await checkOut(rig, machine, ref);
  } else if (uses === 'actions/setup-node@v4') {
    expectKeys(step.with ?? {}, ['node-version']);
  } else throw new Error(`nobody has said what ${String(uses)} does`);
}

/** As much of `github` as the workflow asks for. A pull request is tried as it would be merged. */
async function githubOf(rig: Rig, { branch, isFork }: CiEvent): Promise<{ readonly ref: string }> {
  const shared = { token: 'token-of-the-job', repository: REPOSITORY };
  const main = await rig.git('-C', ORIGIN, 'rev-parse', 'main');
  if (branch === undefined) {
    const before = await rig.git('-C', ORIGIN, 'rev-parse', 'main~');
    return { ...shared, ref: 'refs/heads/main', event_name: 'push', event: { before } } as { ref: string };
  }
  const scratch = '../merging';
  await rig.remove(scratch);
  await rig.git('clone', '-q', rig.path(ORIGIN), scratch);
  await rig.git('-C', scratch, 'merge', '-q', '--no-ff', '-m', 'merged', `origin/${branch}`);
  await rig.git('-C', scratch, 'push', '-q', 'origin', '+HEAD:refs/pull/7/merge');
  const request = { number: 7, base: { sha: main }, head: { repo: { full_name: isFork === true ? 'somebody/project' : REPOSITORY } } }; // prettier-ignore
  return { ...shared, ref: 'refs/pull/7/merge', event_name: 'pull_request', event: { pull_request: request } } as { ref: string }; // prettier-ignore
}
