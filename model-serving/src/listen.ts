import type { FastifyInstance } from 'fastify';
import { ServeError } from './problem.ts';

/**
 * Starts to listen.
 * @returns the URL to reach the service at.
 * @throws {ServeError} if the port is taken or the address is not one of this machine.
 */
export async function listen(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen({ host, port, listenTextResolver: () => '' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const where = `${host}:${String(port)}`;
    if (code === 'EADDRINUSE') {
      const hint = 'stop what listens there, or choose another port with --port';
      throw new ServeError({ code: 'SERVE_PORT_IN_USE', message: `${where} is in use`, hint }, { cause: error });
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
      const hint = 'choose another --host, or a port above 1023';
      const message = `cannot listen on ${where} (${code})`;
      throw new ServeError({ code: 'SERVE_HOST_UNAVAILABLE', message, hint }, { cause: error });
    }
    throw error;
  }
}
