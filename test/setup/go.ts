import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
    await runInstaller('env', [`GOBIN=${folder}`, 'GOTOOLCHAIN=local', await goCommand(), ...args]);
  });
  return goTool(tool);
}

function nameOf({ command, version }: GoTool): string {
  return `${command}-${version}`;
}

/** What the tools need at least. */
const OLDEST_GO = 25;

/** What is installed where there is no Go, or an older one. */
const GO_VERSION = '1.26.8';

const run = promisify(execFile);

/** A Go that is new enough: that of the machine, or one that any older Go fetches as a module. */
async function goCommand(): Promise<string> {
  const { stdout } = await run('go', ['version']);
  if (Number(/go1\.(\d+)/.exec(stdout)?.[1]) >= OLDEST_GO) return 'go';
  const folder = await installTool(`go-${GO_VERSION}`, async (made) => {
    const module = `golang.org/toolchain@v0.0.1-go${GO_VERSION}.${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;
    const env = { ...process.env, GOMODCACHE: join(made, 'modules'), GOFLAGS: '-modcacherw' };
    const answer = await run('go', ['mod', 'download', '-json', module], { cwd: made, env });
    const { Dir } = JSON.parse(answer.stdout) as { Dir: string };
    // A module holds no programs: their mode is lost.
    await runInstaller('chmod', ['-R', 'a+rx', join(Dir, 'bin'), join(Dir, 'pkg/tool')]);
    await symlink(Dir, join(made, 'go'));
  });
  return join(folder, 'go/bin/go');
}
