import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where tools that tests need are kept between runs, outside any checkout. */
function toolCache(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pipe-test-tools');
}

/**
 * Where one version of a tool lies in the tool cache, installed or not.
 * @param name the tool with its version, such as `dvc-3.67.1`
 */
export function toolFolder(name: string): string {
  return join(toolCache(), name);
}

/**
 * Installs one version of a tool unless it is there, and returns its folder.
 *
 * `install` works in a folder of its own; the name that others look for is linked to it only once it has succeeded, so
 * a broken install is never taken for a whole one and two test runs may install at once. A folder keeps its path,
 * because Python environments know theirs.
 */
export async function installTool(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const folder = toolFolder(name);
  if (existsSync(folder)) return folder;
  await mkdir(toolCache(), { recursive: true });
  const made = await mkdtemp(join(toolCache(), `.${name}-`));
  try {
    await install(made);
    await symlink(made, folder);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another run was first
  }
  return folder;
}
