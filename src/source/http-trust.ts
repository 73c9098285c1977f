import { readFileSync } from 'node:fs';
import { PipeError } from '../problem/problem.ts';
import type { Trust } from './http-request.ts';

/**
 * Which certificates `ssl_verify` of a remote makes it believe.
 * @param said yes, no, or a file in PEM (absolute)
 * @throws {PipeError} PIPE_CONFIG_VALUE
 */
export function trustOf(said: string | undefined): Trust {
  if (said === undefined || /^(?:true|yes|on|1)$/i.test(said)) return {};
  if (/^(?:false|no|off|0)$/i.test(said)) return { rejectUnauthorized: false };
  try {
    return { ca: readFileSync(said) };
  } catch (error) {
    const message = `cannot read the certificates in ${said}: ${(error as NodeJS.ErrnoException).code ?? ''}`;
    throw new PipeError({ code: 'PIPE_CONFIG_VALUE', message, hint: 'ssl_verify names a PEM file' }, { cause: error });
  }
}
