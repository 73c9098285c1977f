import type { Report } from './report.ts';
import { columnsOf, isTerminal, wantsColor } from './style.ts';
import type { Environment } from './style.ts';

export interface ReportOptions {
  /** `auto`: a live view on a terminal; lines for pipes, files, CI, dumb terminals and `verbose`. */
  readonly mode: 'auto' | 'plain' | 'json';
  /** Print problems only. Changes nothing for `json`. */
  readonly quiet?: boolean | undefined;
  /** Print all output of stages, every reason, and what needs nothing. Changes nothing for `json`. */
  readonly verbose?: boolean | undefined;
  readonly stdout: NodeJS.WriteStream | NodeJS.WritableStream;
  readonly stderr: NodeJS.WriteStream | NodeJS.WritableStream;
  readonly env: Environment;
}

/** Makes the report that fits; loads only that one. Where a command asks questions, the mode is to be `plain`. */
export async function createReport(options: ReportOptions): Promise<Report> {
  const { mode, quiet, verbose, stdout, stderr, env } = options;
  if (mode === 'json') {
    const { jsonReport } = await import('./json.ts');
    return jsonReport({ stdout, now: Date.now });
  }
  const now = (): number => performance.now();
  if (mode === 'auto' && !quiet && !verbose && isTerminal(stdout) && canRedraw(env)) {
    const { liveReport } = await import('./live.ts');
    return liveReport({ stdout, color: wantsColor(env, stdout), now });
  }
  const { plainReport } = await import('./plain.ts');
  const color = wantsColor(env, quiet ? stderr : stdout);
  return plainReport({ stdout, stderr, color, columns: columnsOf(stdout), quiet, verbose, now });
}

/** A CI log keeps every frame of a view that redraws itself, even where it calls itself a terminal. */
function canRedraw(env: Environment): boolean {
  const isOn = (value = '0'): boolean => value !== '0' && value !== 'false';
  return env['TERM'] !== 'dumb' && !isOn(env['CI']) && !isOn(env['CONTINUOUS_INTEGRATION']);
}
