import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PipeError } from '../../problem/problem.ts';
import type { Config } from '../../project/config.ts';
import { readIfThere } from '../../project/config-file.ts';
import type { Project } from '../../project/project.ts';
import { findProject } from '../../project/project.ts';
import { isTrackedFile } from '../../project/tracked-file.ts';
import { endpointOrigin } from '../../source/endpoint.ts';
import type { Context } from '../command.ts';

const CONFIGS = ['config.yaml', 'config.local.yaml'];

/**
 * The project in a folder of this machine, which somebody else may have made; `undefined` when it is not there.
 * @throws {PipeError} PIPE_FILE_KIND where reading its configuration would wait for ever
 */
export function projectThere(folder: string, { env }: Pick<Context, 'env'>): Project | undefined {
  const pipeDir = join(folder, '.pipe');
  if (statSync(pipeDir, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  for (const name of CONFIGS) {
    const stat = statSync(join(pipeDir, name), { throwIfNoEntry: false });
    if (stat === undefined || stat.isFile()) continue;
    throw new PipeError({ code: 'PIPE_FILE_KIND', message: `${join(pipeDir, name)} is no plain file` });
  }
  return findProject({ cwd: folder, env });
}

/** The text of a project's local config, where this user wrote it: it is theirs, as the folder is, and not in Git. */
export function ownConfig(pipeDir: string, env: Context['env']): string | undefined {
  const file = join(pipeDir, 'config.local.yaml');
  const isOurs = [dirname(pipeDir), pipeDir, file].every((path) => ownerOf(path) === process.getuid?.());
  return isOurs && !isTrackedFile(file, env) ? readIfThere(file) : undefined;
}

function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid;
}

/** The servers of all remotes of a configuration, of the environment and of AWS' files. */
export async function knownEndpoints(config: Config, env: Context['env']): Promise<Set<string>> {
  const named = config.remotes().map((remote) => originOf(config, remote));
  const ofUser = [env['AWS_ENDPOINT_URL_S3'], env['AWS_ENDPOINT_URL'], await ofFiles(env)].map((each) => each && endpointOrigin(each, true)); // prettier-ignore
  return new Set([...named, ...ofUser].flatMap((origin) => origin ?? []).filter((origin) => origin !== ''));
}

async function ofFiles(env: Context['env']): Promise<string | undefined> {
  const { endpointInFiles } = await import('../../store/place/s3-files.ts');
  try {
    return await endpointInFiles({ env });
  } catch (error) {
    // Whoever uses it is told that it is no address.
    if (error instanceof PipeError) return undefined;
    throw error;
  }
}

function originOf(config: Config, remote: string): string | undefined {
  try {
    const endpoint = config.remote(remote, 'endpointurl');
    return endpoint === undefined ? undefined : endpointOrigin(endpoint, config.remote(remote, 'use_ssl'));
  } catch (error) {
    // It asks for a variable that is not set: nobody means this remote now.
    if (error instanceof PipeError) return undefined;
    throw error;
  }
}
