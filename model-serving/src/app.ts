import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { addDocs } from './api/docs.ts';
import { addErrorHandlers, errorSchema, sendError } from './api/error.ts';
import { addRoutes } from './api/routes.ts';
import type { Model } from './model/model.ts';

/** Bytes of a request's body: room for the most rows of the example model, written out at length. */
const BODY_LIMIT = 4_194_304;
/** Milliseconds that a client has to send a request. */
const REQUEST_TIMEOUT = 30_000;

export interface AppOptions {
  readonly model: Model;
  readonly logger?: FastifyServerOptions['logger'];
}

/** Builds the service around a loaded model; it listens to nothing yet, so that tests can `inject` requests. */
export async function buildApp({ model, logger = false }: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
  });
  app.addSchema(errorSchema);
  app.addHook('onSend', async (_request, reply) => {
    void reply.header('x-content-type-options', 'nosniff');
  });
  addErrorHandlers(app);
  await addDocs(app, model);
  addRoutes(app, model);
  await app.ready();
  return app;
}
