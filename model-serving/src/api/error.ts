import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What can be wrong with a request; each code is explained in docs/serving.md. */
export const errorCodes = [
  'BODY_TOO_LARGE',
  'INTERNAL',
  'MEDIA_TYPE_UNSUPPORTED',
  'METHOD_NOT_ALLOWED',
  'REQUEST_INVALID',
  'REQUEST_MALFORMED',
  'ROUTE_UNKNOWN',
] as const;

type ErrorCode = (typeof errorCodes)[number];

/** One wrong place in a request's body. */
export interface ErrorDetail {
  /** JSON Pointer (RFC 6901) into the body; empty for the body itself. */
  readonly path: string;
  readonly message: string;
}

/** The body of every response that is not a success. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details: readonly ErrorDetail[];
}

/** An error on its way to the client. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: ErrorBody;

  constructor(status: number, body: Omit<ErrorBody, 'details'> & Partial<Pick<ErrorBody, 'details'>>) {
    super(body.message);
    this.name = 'ApiError';
    this.status = status;
    this.body = { details: [], ...body };
  }
}

/** The JSON Schema of `ErrorBody`; as a component of the OpenAPI document it is called `Error`. */
export const errorSchema = {
  $id: 'Error',
  type: 'object',
  description: 'What is wrong with a request, and what to do about it.',
  required: ['code', 'message', 'hint', 'details'],
  properties: {
    code: { type: 'string', enum: [...errorCodes], description: 'A fixed word for programs.' },
    message: { type: 'string', description: 'What is wrong, for people.' },
    hint: { type: 'string', description: 'What to do about it.' },
    details: {
      type: 'array',
      description: 'Every wrong place of the body, up to 20.',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: {
          path: { type: 'string', description: 'JSON Pointer into the body.' },
          message: { type: 'string' },
        },
      },
    },
  },
  examples: [
    {
      code: 'REQUEST_INVALID',
      message: '/rows/3/0 must be a finite number, it is null',
      hint: 'see GET /docs for the form of a request',
      details: [{ path: '/rows/3/0', message: 'must be a finite number, it is null' }],
    },
  ],
} as const;

const METHODS = ['GET', 'POST'] as const;

/** Makes every failure of the app, its own and the framework's, a JSON `ErrorBody`. */
export function addErrorHandlers(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError | ApiError>((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url: path }));
    if (allowed.length > 0) void reply.header('allow', allowed.join(', '));
    return sendError(
      allowed.length > 0 ? wrongMethod(request.method, path, allowed) : unknownRoute(path),
      request,
      reply,
    );
  });
}

/** Answers with an error; one that nobody foresaw is logged and tells the client nothing of the inside. */
export function sendError(error: FastifyError | ApiError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof ApiError ? error : fromFramework(error);
  if (known.status >= 500) request.log.error({ err: error }, 'a request failed');
  return reply.code(known.status).type('application/json; charset=utf-8').send(known.body);
}

function fromFramework({ code, statusCode = 500, message }: FastifyError): ApiError {
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError(413, {
        code: 'BODY_TOO_LARGE',
        message: 'the body is larger than this service takes',
        hint: 'send the rows in parts; let each part begin with the last rows of the one before, a window less one',
      });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError(415, {
        code: 'MEDIA_TYPE_UNSUPPORTED',
        message: 'the body must be JSON',
        hint: 'set the header `content-type: application/json`',
      });
  }
  if (statusCode >= 400 && statusCode < 500) {
    return new ApiError(statusCode, {
      code: 'REQUEST_MALFORMED',
      message: `the request cannot be read: ${message}`,
      hint:
        code === 'FST_ERR_BAD_URL'
          ? 'percent-encode the URL'
          : 'send JSON as RFC 8259 has it: no NaN, no trailing comma',
    });
  }
  return new ApiError(500, {
    code: 'INTERNAL',
    message: 'the service failed on this request',
    hint: 'this is a bug of the service; its log has the details',
  });
}

function unknownRoute(path: string): ApiError {
  return new ApiError(404, {
    code: 'ROUTE_UNKNOWN',
    message: `there is nothing at ${path}`,
    hint: 'GET /docs lists what there is',
  });
}

function wrongMethod(method: string, path: string, allowed: readonly string[]): ApiError {
  return new ApiError(405, {
    code: 'METHOD_NOT_ALLOWED',
    message: `${path} does not take ${method}`,
    hint: `use ${allowed.join(' or ')}`,
  });
}
