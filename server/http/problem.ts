import type { ErrorRequestHandler, Response } from 'express';
import { type ErrorCode, toProblem } from '../../contract/error.ts';
import { AppError } from '../app-error.ts';
import { isExhaustion } from '../util/exhaustion.ts';
import { toFileError } from '../util/file-error.ts';
import { toJson } from '../util/json-text.ts';

/** What Express's own parsers throw. */
const parserErrors: Record<string, { code: ErrorCode; detail?: string }> = {
  'entity.parse.failed': { code: 'invalid_json' },
  'entity.too.large': { code: 'message_too_large', detail: 'The body is larger than any message may be.' },
  'charset.unsupported': { code: 'unsupported_media_type', detail: 'The body must be UTF-8.' },
  'encoding.unsupported': {
    code: 'unsupported_media_type',
    detail: 'The body has an encoding that is not known here.',
  },
  'request.size.invalid': {
    code: 'invalid_request',
    detail: 'The body is shorter or longer than Content-Length says.',
  },
};

/** Writes an error as `application/problem+json`. */
export function sendProblem(response: Response, error: AppError): void {
  // Whatever goes wrong after a message was accepted: who sent it must be able to ask for its turn.
  const turnId = error.turnId ?? (response.locals['turnId'] as string | undefined);
  const problem = toProblem(error.code, error.message, {
    request_id: response.locals['requestId'],
    ...(error.field ? { field: error.field } : {}),
    ...(turnId ? { turn_id: turnId } : {}),
    ...(error.candidates ? { candidates: error.candidates } : {}),
  });
  if (error.retryAfterS !== undefined) response.set('Retry-After', String(error.retryAfterS));
  response.status(problem.status).type('application/problem+json').send(toJson(problem));
}

/**
 * The only place where an error becomes a response. Internal errors are logged and reported without their
 * message.
 */
export function createErrorHandler({
  onFault,
}: {
  onFault(error: unknown, requestId: string): void;
}): ErrorRequestHandler {
  return function errorHandler(error, _request, response, _next) {
    const known = toAppError(error);
    if (['internal', 'machine_exhausted', 'file_unavailable'].includes(known.code))
      onFault(error, response.locals['requestId']);
    if (response.headersSent) response.destroy();
    else sendProblem(response, known);
  };
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { type, status, message } = error as { type?: string; status?: number; message?: string };
  const parser = type === undefined ? undefined : parserErrors[type];
  if (parser) return new AppError(parser.code, parser.detail ?? message, { cause: error });
  if (status === 404) return new AppError('route_not_found', undefined, { cause: error });
  // What Express itself refuses: a path such as /%zz, a range outside of a file.
  if (status !== undefined && status >= 400 && status < 500)
    return new AppError('invalid_request', message, { cause: error });
  if (isExhaustion(error)) return new AppError('machine_exhausted', undefined, { cause: error });
  return toFileError(error) ?? new AppError('internal', undefined, { cause: error });
}
