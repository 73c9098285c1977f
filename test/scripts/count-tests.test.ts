import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/count-tests.mjs');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipe-count-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Assertion {
  status: string;
  fullName?: string;
  failureMessages?: string[];
}

interface Report {
  success: boolean;
  passed: number;
  failed: number;
  pending?: number;
  files?: { name?: string; status: string; message?: string; assertionResults: Assertion[] }[];
}

/** The closing line and exit code for a report (none: the runner left none) and failed steps. */
async function count(
  report: Report | undefined,
  ...failedSteps: string[]
): Promise<[line: string, code: number | null]> {
  const path = join(folder, report === undefined ? 'none.json' : 'report.json');
  if (report !== undefined) await writeFile(path, JSON.stringify(asVitest(report)));
  const { stdout, status } = spawnSync(process.execPath, [SCRIPT, path, ...failedSteps], { encoding: 'utf8' });
  return [stdout, status];
}

function asVitest({ success, passed, failed, pending = 0, files = [] }: Report): object {
  const counts = { numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: 0 };
  return { success, ...counts, testResults: files };
}

test('the closing line says what passed', async () => {
  expect(await count({ success: true, passed: 7, failed: 0 })).toEqual(['7 passed, 0 failed\n', 0]);
});

test('skipped tests are named', async () => {
  expect(await count({ success: true, passed: 7, failed: 0, pending: 2 })).toEqual([
    '7 passed, 0 failed, 2 skipped\n',
    0,
  ]);
});

test('failed tests are counted once', async () => {
  expect(await count({ success: false, passed: 7, failed: 2 }, 'tests')).toEqual(['7 passed, 2 failed\n', 1]);
});

test('a test file that broke before its first test counts as a failure', async () => {
  const files = [{ name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] }];
  const [text, code] = await count({ success: false, passed: 7, failed: 0, files }, 'tests');
  expect(text).toBe('failed: a.test.ts: no such module\n\n7 passed, 1 failed\n');
  expect(code).toBe(1);
});

test('what failed is named with its reason', async () => {
  const failed = { status: 'failed', fullName: 'adds up', failureMessages: [`${'x'.repeat(5000)}the end`] };
  const files = [{ name: 'a.test.ts', status: 'failed', assertionResults: [{ status: 'passed' }, failed] }];
  const [text] = await count({ success: false, passed: 7, failed: 1, files }, 'tests');
  expect(text).toMatch(/^failed: a\.test\.ts: adds up: x{1000}\n\.\.\.\nx+the end\n\n7 passed, 1 failed\n$/);
});

test('a runner that fails while all tests pass counts as a failure', async () => {
  expect(await count({ success: true, passed: 7, failed: 0 }, 'tests')).toEqual(['7 passed, 1 failed\n', 1]);
});

test('other failed steps count beside the tests', async () => {
  expect(await count({ success: true, passed: 7, failed: 0 }, 'lint', 'format')).toEqual(['7 passed, 2 failed\n', 1]);
});

test('a step that failed before any test ran fails the check', async () => {
  expect(await count(undefined, 'install')).toEqual(['0 passed, 1 failed\n', 1]);
});

test('a check that ran no test fails', async () => {
  expect(await count({ success: true, passed: 0, failed: 0 })).toEqual(['0 passed, 1 failed\n', 1]);
  expect(await count(undefined)).toEqual(['0 passed, 1 failed\n', 1]);
});
