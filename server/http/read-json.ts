import express, { type RequestHandler } from 'express';
import { AppError } from '../app-error.ts';
import { findExcess } from '../util/json-text.ts';

/**
 * Parses JSON of a request. `field` names the part of a form that it is. Nothing recursive runs before its
 * depth is known.
 */
export function parseJson(text: string, field?: string): unknown {
  const excess = findExcess(text);
  if (excess) throw new AppError('invalid_request', `${field ?? 'The body'} ${excess}.`, { field });
  try {
    return JSON.parse(text);
  } catch (error) {
    if (field === undefined) throw new AppError('invalid_json', (error as Error).message);
    throw new AppError(
      'invalid_request',
      `${field}: ${JSON.stringify(text.slice(0, 100))} is not a value in JSON`,
      { field },
    );
  }
}

/** Reads a body of at most `limit` as JSON. What is of another type is left alone. */
export function createReadJson(limit: string): RequestHandler[] {
  const readText = express.text({ limit, type: 'application/json', inflate: false, verify: checkCharset });
  return [
    readText,
    function parseBody(request, _response, next) {
      if (typeof request.body === 'string') {
        const value = request.body.trim() === '' ? {} : parseJson(request.body);
        if (typeof value !== 'object' || value === null)
          throw new AppError('invalid_json', 'The body must be a JSON object.');
        request.body = value;
      }
      next();
    },
  ];
}

function checkCharset(_request: unknown, _response: unknown, _body: Buffer, charset: string): void {
  if (!/^utf-?(8|16|32)/i.test(charset))
    throw new AppError('unsupported_media_type', 'The body must be UTF-8.');
}
