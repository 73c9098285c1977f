import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installTool, toolFolder } from './cache.ts';
import { runInstaller } from './run.ts';

/** A program that is built from its Go module, once. */
interface GoTool {
  readonly command: string;
  readonly module: string;
  readonly version: string;
}

/** The S3 server that tests push to. */
export const MINIO: GoTool = {
  command: 'minio',
  module: 'github.com/minio/minio',
  version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
};

/** What sets up users and policies of it. */
export const MINIO_CLIENT: GoTool = {
  command: 'mc',
  module: 'github.com/minio/mc',
  version: 'v0.0.0-20250313080218-cf909e1063a9',
};

/** A second S3 server, written by others. */
export const VERSITYGW: GoTool = {
  command: 'versitygw',
  module: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
};

export const GO_TOOLS: readonly GoTool[] = [MINIO, MINIO_CLIENT, VERSITYGW];

/**
 * The absolute path of a tool.
 * @throws {Error} that names the command to run when it is not installed
 */
export function goTool(tool: GoTool): string {
  const path = join(toolFolder(nameOf(tool)), tool.command);
  if (existsSync(path)) return path;
  throw new Error(`this test needs ${nameOf(tool)}, which is not installed: run "npm run setup"`);
}

/** Builds a tool (up to three minutes, and 100 MB); does nothing when it is there. */
export async function installGoTool(tool: GoTool): Promise<string> {
  await installTool(nameOf(tool), async (folder) => {
    const args = ['install', '-trimpath', '-ldflags=-s -w', `${tool.module}@${tool.version}`];
    await runInstaller('env', [`GOBIN=${folder}`, 'go', ...args]);
  });
  return goTool(tool);
}

function nameOf({ command, version }: GoTool): string {
  return `${command}-${version}`;
}
