import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** A server that a test talks to. */
export interface Server {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Its own folder, which goes with it. */
  readonly folder: string;
  /** Ends it; resolves when it is gone. */
  stop(): Promise<void>;
}

/** How a server is started on a port, with a folder of its own. */
export interface ServerPlan {
  readonly command: (port: number, folder: string) => readonly [command: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Answers with 200 once the server is ready. */
  readonly health: string;
}

/** Between asking whether a server is ready: it does not tell by itself. */
const POLL_MS = 20;

/** A port that was free may be somebody else's by the time that a server takes it. */
const TRIES = 5;

/**
 * Starts a server and waits until it is ready. It ends with {@link Server.stop}, and at the latest with this process.
 * @param base where its folder is made
 * @throws {Error} with all that it printed, when it ends before
 */
export async function startServer(plan: ServerPlan, base = tmpdir()): Promise<Server> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnce(plan, base);
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

async function startOnce({ command, env, health }: ServerPlan, base: string): Promise<Server> {
  const folder = await mkdtemp(join(base, 'pipe-server-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const keeper = spawn(
    process.execPath,
    [join(import.meta.dirname, 'keeper.child.mjs'), folder, ...command(port, folder)],
    { env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env }, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let printed = '';
  const note = (chunk: Buffer): void => {
    printed = (printed + chunk.toString()).slice(-10_000);
  };
  keeper.stdout.on('data', note);
  keeper.stderr.on('data', note);
  const ended = once(keeper, 'close');
  keeper.unref();
  // Not until it has ended: it might be asked after another process has taken the port.
  while (keeper.exitCode === null && !(await isReady(url + health))) await setTimeout(POLL_MS);
  if (keeper.exitCode !== null) throw new Error(`${command(port, folder)[0]} ended:\n${printed}`);
  return {
    url,
    folder,
    async stop() {
      keeper.ref(); // else nothing might keep this process waiting
      keeper.stdin.end();
      await ended;
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(url);
    return ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
