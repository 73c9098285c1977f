import { parseArgs } from 'node:util';
import { ServeError } from './problem.ts';

export interface Options {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Folder of the published model; `undefined` for the one in this package. */
  readonly model: string | undefined;
  readonly logLevel: string;
  readonly help: boolean;
}

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'];

export const usage = `Usage: npm run serve -- [options]

  --port N        port to listen on, 0 for any free one (default 9090)
  --host ADDRESS  address to listen on (default 127.0.0.1: this machine only)
  --model DIR     folder of the published model (default model-serving/model)
  --log-level L   ${LOG_LEVELS.join(', ')} (default warn; JSON lines on stderr)
  --help          show this
`;

/**
 * Reads the command line.
 * @throws {ServeError} naming the option that is wrong.
 */
export function readOptions(args: readonly string[]): Options {
  const { host = '127.0.0.1', port = '9090', 'log-level': logLevel = 'warn', help = false, model } = parse(args);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw wrong(`--port is "${port}": it must be 0 to 65535`);
  if (host === '') throw wrong('--host is empty');
  if (model === '') throw wrong('--model is empty');
  if (!LOG_LEVELS.includes(logLevel)) throw wrong(`--log-level is "${logLevel}": it must be ${LOG_LEVELS.join(', ')}`);
  return { host, port: Number(port), model, logLevel, help };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { host: text, port: text, model: text, 'log-level': text, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    // Node's messages for wrong options are written for users.
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')) {
      throw wrong(error.message, error);
    }
    throw error;
  }
}

function wrong(message: string, cause?: Error): ServeError {
  return new ServeError({ code: 'SERVE_OPTION_INVALID', message, hint: 'npm run serve -- --help' }, { cause });
}
