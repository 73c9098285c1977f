import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { listen } from './listen.ts';

/** A Git server on the loopback, which serves the bare repositories below a folder by `git http-backend`. */
export interface GitServer {
  readonly url: string;
  /** Every request: its method and URL. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Starts a Git server; with a `password` whoever asks must give it, with any user name. */
export async function startGitServer(root: string, password?: string): Promise<GitServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const given = Buffer.from(request.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
    if (password !== undefined && !given.endsWith(`:${password}`)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    answer(root, request, response);
  });
  const { url, close } = await listen(server);
  return {
    url,
    requests,
    close,
  };
}

/** Lets Git answer, which speaks CGI. */
function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const { headers } = request;
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: 'uploadpack.allowFilter',
      GIT_CONFIG_VALUE_0: 'true',
      GIT_CONFIG_KEY_1: 'safe.directory',
      GIT_CONFIG_VALUE_1: '*',
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: headers['git-protocol'] as string | undefined,
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  backend.stdin.on('error', () => undefined);
  request.pipe(backend.stdin);
  let head = Buffer.alloc(0);
  let isBody = false;
  backend.stdout.on('data', (chunk: Buffer) => {
    if (isBody) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    isBody = true;
    const lines = head.toString('latin1', 0, end).split('\r\n').map((line) => line.split(': ')); // prettier-ignore
    const status = lines.find(([name]) => name === 'Status')?.[1] ?? '200';
    for (const [name = '', value = ''] of lines) if (name !== 'Status') response.setHeader(name, value);
    response.writeHead(Number(status.split(' ')[0]));
    response.write(head.subarray(end + 4));
  });
  backend.stdout.on('end', () => response.end());
}
