import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PipeError } from '../problem/problem.ts';
import type { RecordSigner } from '../store/record-signature.ts';
import { isSignerKey, readSigner } from '../store/record-signature.ts';
import { levelFile } from './config-level.ts';
import type { Project } from './project.ts';

/** The environment variable that may hold the private key. Commands of stages do not get it. */
export const SIGNING_KEY_VARIABLE = 'PIPE_SIGNING_KEY';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * What run records are signed with: the key in `PIPE_SIGNING_KEY`, else the one in the file that `signing.key` names.
 * @throws {PipeError} PIPE_SIGNING_KEY when it cannot be read
 */
export function signingKey(project: Pick<Project, 'config' | 'pipeDir'>, env: Env): RecordSigner | undefined {
  const given = env[SIGNING_KEY_VARIABLE];
  if (given !== undefined && given !== '') return signerIn(given, SIGNING_KEY_VARIABLE);
  const path = project.config.get('signing.key');
  if (path === undefined) return undefined;
  const level = project.config.settings().findLast(({ name }) => name === 'signing.key')?.level ?? 'project';
  const file = resolve(dirname(levelFile(level, { pipeDir: project.pipeDir, env }) ?? project.pipeDir), path);
  return signerIn(readKey(file), file);
}

/**
 * The public keys that are trusted, with the names that the configuration gives them; empty when none is set.
 * @throws {PipeError} PIPE_CONFIG_VALUE for what is no key
 */
export function trustedSigners({ config }: Pick<Project, 'config'>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of config.signers()) {
    const key = config.signer(name) ?? '';
    if (!isSignerKey(key)) {
      const message = `signers.${name} is no public key`;
      throw new PipeError({ code: 'PIPE_CONFIG_VALUE', message, hint: 'it begins with ed25519:, see `pipe key new`' });
    }
    found.set(key, name);
  }
  return found;
}

function signerIn(text: string, where: string): RecordSigner {
  const signer = readSigner(text);
  if (signer !== undefined) return signer;
  throw new PipeError({
    code: 'PIPE_SIGNING_KEY',
    message: `${where} holds no ed25519 private key`,
    hint: 'it is a PEM file, or one line of base64: make one with `pipe key new FILE`',
  });
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cannot read the signing key ${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    throw new PipeError({ code: 'PIPE_SIGNING_KEY', message, hint: 'signing.key in the configuration names it' });
  }
}
