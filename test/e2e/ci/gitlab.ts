import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { listen } from '../../rig/listen.ts';
import type { Rig } from '../../rig/rig.ts';
import type { CiEvent, CiResult } from './machine.ts';
import { ORIGIN, checkOut, expectKeys, startMachine } from './machine.ts';

interface Pipeline {
  readonly rules: readonly { readonly if: string }[];
  readonly variables: Readonly<Record<string, string | number>>;
  readonly script: readonly string[];
  readonly after_script: readonly string[];
  readonly artifacts: unknown;
}

const FILE = resolve(import.meta.dirname, '../../../docs/ci/gitlab-ci.yml');

/** As GitLab's runner begins the scripts that it makes of the lines. */
const SHELL = 'set -eo pipefail\nset +o noclobber\n';

/**
 * Runs the job as GitLab does: all lines of `script` in one shell, then those of `after_script` in another one. What the file
 * has beyond what is performed here makes the test fail.
 */
export async function runGitLab(rig: Rig, event: CiEvent): Promise<CiResult> {
  const file = parse(await readFile(FILE, 'utf8')) as { readonly pipeline: Pipeline };
  expectKeys(file, ['pipeline']);
  const { rules, variables, script, after_script: after, artifacts } = file.pipeline;
  expectKeys(file.pipeline, ['image', 'rules', 'variables', 'script', 'after_script', 'artifacts']);
  expect(artifacts).toEqual({ when: 'always', paths: ['summary.md'] });
  expect(variables['GIT_DEPTH']).toBe(0);
  const machine = await startMachine(rig);
  const ref = event.branch === undefined ? 'refs/heads/main' : `refs/heads/${event.branch}`;
  await checkOut(rig, machine, ref);
  const notes = await openNotes();
  try {
    const predefined = { CI_API_V4_URL: notes.url, CI_PROJECT_ID: '3', ...(await predefinedOf(rig, event)) };
    expect(rules.some((rule) => holds(rule.if, predefined))).toBe(true);
    const own = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
    // What stands in the settings of a project goes before what stands in the file.
    const env = { ...predefined, ...own, ...event.secrets };
    const run = await machine.bash([], SHELL + script.join('\n'), env);
    const last = await machine.bash([], SHELL + after.join('\n'), env);
    expect(last.code, last.stderr).toBe(0);
    return {
      ok: run.code === 0,
      log: run.stdout + run.stderr + last.stdout + last.stderr,
      summary: await rig.read(`${machine.cwd}/summary.md`),
      comment: notes.posted(event.secrets['PIPE_COMMENT_TOKEN']),
      cwd: machine.cwd,
    };
  } finally {
    await notes.close();
  }
}

async function predefinedOf(rig: Rig, { branch }: CiEvent): Promise<Record<string, string>> {
  const shared = { GITLAB_CI: 'true', CI_DEFAULT_BRANCH: 'main' };
  if (branch === undefined) {
    const before = await rig.git('-C', ORIGIN, 'rev-parse', 'main~');
    return { ...shared, CI_PIPELINE_SOURCE: 'push', CI_COMMIT_BRANCH: 'main', CI_COMMIT_BEFORE_SHA: before };
  }
  return {
    ...shared,
    CI_PIPELINE_SOURCE: 'merge_request_event',
    CI_COMMIT_BEFORE_SHA: '0'.repeat(40),
    CI_MERGE_REQUEST_IID: '7',
    CI_MERGE_REQUEST_DIFF_BASE_SHA: await rig.git('-C', ORIGIN, 'merge-base', 'main', branch),
  };
}

/** Whether a rule of the form `$NAME == "text"`, or `$NAME == $OTHER`, holds. */
function holds(rule: string, values: Readonly<Record<string, string>>): boolean {
  const [, left = '', right = ''] = /^\$(\w+) == (\$\w+|"[^"]*")$/.exec(rule) ?? [];
  if (left === '') throw new Error(`not known here: ${rule}`);
  const meant = right.startsWith('$') ? values[right.slice(1)] : right.slice(1, -1);
  return values[left] === meant;
}

/** GitLab's interface for comments, as far as curl of the job asks for it. */
async function openNotes(): Promise<{
  readonly url: string;
  readonly posted: (token: string | undefined) => string | undefined;
  readonly close: () => Promise<void>;
}> {
  const requests: { readonly line: string; readonly token: unknown; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const line = `${request.method ?? ''} ${request.url ?? ''}`;
      requests.push({ line, token: request.headers['private-token'], body });
      response.writeHead(201).end();
    });
  });
  const { url, close } = await listen(server);
  return {
    url,
    close,
    posted(token) {
      const [only, ...others] = requests;
      expect(others).toEqual([]);
      if (only === undefined) return undefined;
      expect(only).toMatchObject({ line: 'POST /projects/3/merge_requests/7/notes', token });
      return new URLSearchParams(only.body).get('body') ?? undefined;
    },
  };
}
