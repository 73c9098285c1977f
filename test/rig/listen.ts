import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A server of a test on this machine, at a free port. */
export interface Listening {
  readonly url: string;
  /** Ends it, with every connection that is open. */
  readonly close: () => Promise<void>;
}

/** Lets a server listen. */
export async function listen(server: Server | TlsServer): Promise<Listening> {
  // It never ends an idle connection: whoever keeps one, and does not end for it, is seen.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    async close() {
      const closed = once(server, 'close');
      server.closeAllConnections();
      server.close();
      await closed;
    },
  };
}
