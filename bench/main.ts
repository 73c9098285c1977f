/** `npm run bench`: measures whole processes of the built command beside its peers (docs/benchmarks.md). */
import { readFileSync, writeFileSync } from 'node:fs';
import { bench } from './bench.ts';
import { parseOptions, selectNamed, USAGE } from './options.ts';
import { replaceTable } from './publish.ts';
import { allScenarios } from './scenario/index.ts';
import { renderSummary } from './summary.ts';

/** Returns the exit code: 1 when a budget was missed or a scenario failed. */
async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const scenarios = selectNamed(allScenarios(options), options.only, options.long);
  const page = options.write === undefined ? undefined : readFileSync(options.write, 'utf8');
  if (page !== undefined) replaceTable(page, '', options.only); // a page without markers is found out now, not after an hour
  const document = await bench(scenarios, { ...options, report: say });
  const summary = renderSummary(document);
  console.log(options.json ? JSON.stringify(document, null, 2) : `\n${summary}`);
  if (options.write !== undefined && page !== undefined)
    writeFileSync(options.write, replaceTable(page, summary, options.only));
  return document.results.some((result) => 'failed' in result || result.verdict === 'missed') ? 1 : 0;
}

/** On stderr, so that stdout is the result alone. */
function say(text: string): void {
  console.error(text);
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  const isUsage = error instanceof TypeError || error instanceof RangeError;
  say(isUsage ? `${error.message}\n\n${USAGE}` : String((error as Error).stack ?? error));
  return 2;
});
