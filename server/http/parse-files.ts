import type { Request, RequestHandler } from 'express';
import multer from 'multer';
import { type Route, routes } from '../../contract/route.ts';
import { AppError } from '../app-error.ts';
import { attachmentLimits } from '../attachment/attachments.ts';

const patterns = (Object.values(routes) as Route[])
  .filter(({ takesFiles }) => takesFiles)
  .map(({ method, path }) => ({ method, path: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}/?$`, 'i') }));

/** Whether the route of a request takes files as multipart/form-data. */
export const takesFiles = (method: string, path: string): boolean => patterns.some((route) => route.method === method && route.path.test(path));

/** Fields of a message that are no text; a form has only texts. */
const asJson = new Set(['literal', 'stream', 'follow', 'steer', 'interrupt', 'timeout_s', 'json_schema']);

/** Makes the body of a multipart request what the same request would be in JSON, its files in base64. */
export function createParseFiles(): RequestHandler {
  const parse = multer({
    storage: multer.memoryStorage(),
    limits: { files: attachmentLimits.files, fileSize: attachmentLimits.bytes, fieldSize: 10_000_000, fields: 50 },
    // Browsers and curl send names in UTF-8.
    defParamCharset: 'utf8',
  } as multer.Options).array('attachments');

  return function parseFiles(request, response, next) {
    if (!request.is('multipart/form-data')) return next();
    parse(request, response, (error: unknown) => {
      if (error) return next(toAppError(error));
      try {
        request.body = toBody(request);
        next();
      } catch (fault) {
        next(fault);
      }
    });
  };
}

function toBody(request: Request): Record<string, unknown> {
  const files = (request.files ?? []) as Express.Multer.File[];
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(request.body as Record<string, unknown>)) {
    body[name] = asJson.has(name) ? parseField(name, String(value)) : value;
  }
  const attachments = files.map(({ originalname, mimetype, buffer }) => ({
    name: originalname,
    media_type: mimetype,
    data: buffer.toString('base64'),
  }));
  return attachments.length ? { ...body, attachments } : body;
}

function parseField(name: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new AppError('invalid_request', `${name}: ${JSON.stringify(value.slice(0, 100))} is not a value in JSON`, { field: name });
  }
}

function toAppError(error: unknown): Error {
  if (!(error instanceof multer.MulterError)) return new AppError('invalid_request', `The form is not valid: ${(error as Error).message}`);
  if (error.code === 'LIMIT_FILE_SIZE' || error.code === 'LIMIT_FILE_COUNT') {
    const { files, bytes } = attachmentLimits;
    const what = error.code === 'LIMIT_FILE_SIZE' ? `a file has more than ${bytes} bytes` : `there are more than ${files} files`;
    return new AppError('attachment_too_large', `attachments: ${what}`, { field: 'attachments' });
  }
  if (error.code === 'LIMIT_FIELD_VALUE')
    return new AppError('message_too_large', `${error.field}: has more than 10000000 bytes`, { field: error.field });
  return new AppError('invalid_request', `${error.field ?? 'form'}: ${error.message}; files are parts called "attachments"`, { field: error.field });
}
