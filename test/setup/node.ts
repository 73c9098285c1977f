import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installTool, toolFolder } from './cache.ts';
import { runInstaller } from './run.ts';

/** The oldest Node that `pipe` supports, and the newest of each later line. */
export const NODE_VERSIONS = ['20.19.0', '22.23.3', '24.21.0'] as const;

/** Node's binary as npm has it: the `node` package only picks one of these by an install script. */
const PACKAGE = `node-${process.platform === 'darwin' && process.arch === 'arm64' ? 'bin-' : ''}${process.platform}-${process.arch}`;

/**
 * The absolute path of one version of Node.
 * @throws {Error} that names the command to run when it is not installed
 */
export function nodeBinary(version: string): string {
  const path = join(toolFolder(`node-${version}`), 'node_modules', PACKAGE, 'bin/node');
  if (existsSync(path)) return path;
  throw new Error(`this test needs Node ${version}, which is not installed: run "npm run setup"`);
}

/** Makes one version of Node available; does nothing when it is there. */
export async function installNode(version: string): Promise<string> {
  await installTool(`node-${version}`, async (folder) => {
    const options = [
      '--prefix',
      folder,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-save',
      '--no-package-lock',
    ];
    await runInstaller('npm', ['install', ...options, `${PACKAGE}@${version}`], folder);
  });
  return nodeBinary(version);
}
