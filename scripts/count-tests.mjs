/**
 * Prints what failed, and the one line that a check ends with, `N passed, N failed`, from vitest's JSON report.
 * Arguments: the report, and the names of the steps that failed (`tests` among them). Exits with 1 unless tests ran,
 * all passed, and no step failed.
 */
import { readFile } from 'node:fs/promises';
import { isMain, isMissing } from './lib.mjs';

/** What a run leaves that ended before its first test. */
const NOTHING = { testResults: [], numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };

/**
 * Adds up a report. A test file that broke outside its tests counts as one failure; so does each failed step, the tests
 * themselves only where no failed test shows it.
 * @param {string} path vitest's JSON report; a missing one means that no test ran
 * @param {readonly string[]} failedSteps
 * @returns {Promise<{ failures: string[], line: string, ok: boolean }>} the failures by name, each with its reason in short
 */
export async function countTests(path, failedSteps) {
  const report = await readReport(path);
  const passed = report.numPassedTests;
  const skipped = report.numPendingTests + report.numTodoTests;
  const inTests = report.numFailedTests + report.testResults.filter(brokeOutsideTests).length;
  const testsFailed = failedSteps.includes('tests') || report.success !== true || passed === 0;
  const elsewhere = failedSteps.filter((step) => step !== 'tests').length;
  const notRun = elsewhere > 0 && report === NOTHING;
  const failed = elsewhere + (testsFailed && !notRun ? Math.max(1, inTests) : 0);
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { failures: report.testResults.flatMap(failuresOf), line, ok: failed === 0 };
}

function failuresOf({ name, status, message, assertionResults }) {
  const failed = assertionResults.filter((each) => each.status === 'failed');
  if (failed.length === 0) return status === 'failed' ? [`${name}: ${inShort(message)}`] : [];
  return failed.map(({ fullName, failureMessages }) => `${name}: ${fullName}: ${inShort(failureMessages?.[0])}`);
}

/** The reason begins a message, and the failures of a run in a run end one. */
function inShort(message = '') {
  return message.length < 2000 ? message : `${message.slice(0, 1000)}\n...\n${message.slice(-1000)}`;
}

function brokeOutsideTests(file) {
  return file.status === 'failed' && !file.assertionResults.some((each) => each.status === 'failed');
}

async function readReport(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return NOTHING;
    throw error;
  }
}

if (isMain(import.meta.url)) {
  const [path, ...failedSteps] = process.argv.slice(2);
  const { failures, line, ok } = await countTests(path, failedSteps);
  for (const failure of failures) console.log(`failed: ${failure}\n`);
  console.log(line);
  if (!ok) process.exitCode = 1;
}
