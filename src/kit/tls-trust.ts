import { readFileSync } from 'node:fs';
import { PipeError } from '../problem/problem.ts';

/** Which certificates of servers are believed; those that Node.js believes where nothing is said. */
export interface Trust {
  readonly rejectUnauthorized?: boolean;
  /** PEM; no other ones are believed then. */
  readonly ca?: Buffer;
}

const YES = /^(?:true|yes|on|1)$/i;
const NO = /^(?:false|no|off|0)$/i;

/** Whether `ssl_verify` holds a yes or no, or nothing, rather than a file. */
export function isSwitch(said: string | undefined): boolean {
  return said === undefined || YES.test(said) || NO.test(said);
}

/**
 * Which certificates `ssl_verify` makes believed.
 * @param said yes, no, or a file in PEM (absolute)
 * @param usual such a file, where none is said
 * @throws {PipeError} PIPE_CONFIG_VALUE
 */
export function trustOf(said: string | undefined, usual?: string): Trust {
  if (said !== undefined && NO.test(said)) return { rejectUnauthorized: false };
  const file = isSwitch(said) ? usual : said;
  if (!file) return {};
  try {
    return { ca: readFileSync(file) };
  } catch (error) {
    const message = `cannot read the certificates in ${file}: ${(error as NodeJS.ErrnoException).code ?? ''}`;
    throw new PipeError({ code: 'PIPE_CONFIG_VALUE', message, hint: 'ssl_verify names a PEM file' }, { cause: error });
  }
}
