import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { Model } from '../model/model.ts';

/** The page needs nothing but this service: it works offline, and no foreign script can run in it. */
const CONTENT_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Adds `GET /docs` (Swagger UI) and `GET /openapi.json`; routes added later describe themselves by their schema. */
export async function addDocs(app: FastifyInstance, { signature }: Model): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Anomaly detection',
        description:
          `Scores rows of a time series with the published model **${signature.name}** ` +
          `(\`${signature.detector}\`, version \`${signature.version}\`).`,
        version: '1.0.0',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'Model', description: 'The published model and its scores' },
        { name: 'Service', description: 'The service itself' },
      ],
    },
    // Shared schemas are added with an `$id`, which is their name in the document.
    refResolver: { buildLocalReference: ({ $id }) => (typeof $id === 'string' ? $id : 'Schema') },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_POLICY,
    theme: { title: 'Anomaly detection' },
    // Without the bar that loads other documents.
    uiConfig: { layout: 'BaseLayout', deepLinking: true, operationsSorter: 'method', tagsSorter: 'alpha' },
  });
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs', 301));
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
