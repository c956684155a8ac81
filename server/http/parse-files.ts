import type { Request, RequestHandler } from 'express';
import type { MulterError, Options } from 'multer';
import { attachmentLimits, maxMessageBytes } from '../../contract/limits.ts';
import { routes } from '../../contract/route.ts';
import type { Route } from '../../contract/route-row.ts';
import { AppError } from '../app-error.ts';
import { parseJson } from './read-json.ts';

const patterns = (Object.values(routes) as Route[])
  .filter(({ takesFiles }) => takesFiles)
  .map(({ method, path }) => ({ method, path: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}/?$`, 'i') }));

/** Whether the route of a request takes files as multipart/form-data. */
export const takesFiles = (method: string, path: string): boolean =>
  patterns.some((route) => route.method === method && route.path.test(path));

declare module 'express-serve-static-core' {
  interface Request {
    /** The file of a form that was started last, to name it in the error if it is too large. */
    lastFile?: string;
  }
}

/**
 * Fields of a message that are not text; a form has only text. The field `json` holds several as an object:
 * in it texts stay as they are.
 */
const asJson = new Set(['literal', 'stream', 'follow', 'steer', 'interrupt', 'timeout_s', 'json_schema']);

/** Loaded with the first form: it takes 12 MB of memory. */
async function createParser(): Promise<RequestHandler> {
  const { default: multer } = await import('multer');
  const limits = {
    files: attachmentLimits.files,
    fileSize: attachmentLimits.bytes,
    fieldSize: maxMessageBytes,
    fields: 50,
  };
  // Browsers and curl send names in UTF-8.
  const fileFilter: Options['fileFilter'] = (request, { originalname }, done) => {
    request.lastFile = originalname;
    done(null, true);
  };
  const options = { storage: multer.memoryStorage(), limits, fileFilter, defParamCharset: 'utf8' };
  return multer(options).array('attachments');
}

/** Makes the body of a multipart request what the same request would be in JSON, its files in base64. */
export function createParseFiles(): RequestHandler {
  let parser: Promise<RequestHandler> | null = null;

  return async function parseFiles(request, response, next) {
    if (!request.is('multipart/form-data')) return next();
    parser ??= createParser();
    const parse = await parser;
    await new Promise<void>((resolve, reject) =>
      parse(request, response, (error: unknown) =>
        error ? reject(toAppError(error, request.lastFile)) : resolve(),
      ),
    );
    request.body = toBody(request);
    next();
  };
}

function toBody(request: Request): Record<string, unknown> {
  const files = (request.files ?? []) as Express.Multer.File[];
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(request.body as Record<string, unknown>)) {
    if (name === 'json') Object.assign(body, parseObject(name, String(value)));
    else body[name] = asJson.has(name) ? parseJson(String(value), name) : value;
  }
  const attachments = files.map(({ originalname, mimetype, buffer }) => ({
    name: originalname,
    media_type: mimetype,
    data: buffer.toString('base64'),
  }));
  return attachments.length ? { ...body, attachments } : body;
}

function parseObject(name: string, text: string): object {
  const value = parseJson(text, name);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new AppError('invalid_request', `${name}: must be a JSON object`, { field: name });
}

function toAppError(error: unknown, name = 'a file'): Error {
  if (!isMulterError(error))
    return new AppError('invalid_request', `The form is not valid: ${(error as Error).message}`);
  if (error.code === 'LIMIT_FILE_SIZE' || error.code === 'LIMIT_FILE_COUNT') {
    const { files, bytes } = attachmentLimits;
    const what =
      error.code === 'LIMIT_FILE_SIZE'
        ? `${name} has more than ${bytes} bytes`
        : `there are more than ${files} files, up to ${name}`;
    return new AppError('attachment_too_large', `attachments: ${what}`, { field: 'attachments' });
  }
  if (error.code === 'LIMIT_FIELD_VALUE')
    return new AppError('message_too_large', `${error.field}: has more than ${maxMessageBytes} bytes`, {
      field: error.field,
    });
  return new AppError(
    'invalid_request',
    `${error.field ?? 'form'}: ${error.message}; files are parts called "attachments"`,
    { field: error.field },
  );
}

const isMulterError = (error: unknown): error is MulterError => (error as Error).name === 'MulterError';
