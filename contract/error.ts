import { clientErrors } from './client-errors.ts';
import { serverErrors } from './server-errors.ts';

/**
 * Every error that Switchboard answers with, by its stable code, sorted by status and code. The HTTP status, the OpenAPI
 * document and docs/troubleshooting.md come from here.
 */
export const errorTable = { ...clientErrors, ...serverErrors } as const;

/** A stable code of the error table. */
export type ErrorCode = keyof typeof errorTable;

export type Candidate = { id: string; project: string | null };

/** The `application/problem+json` body (RFC 9457) of every error; `error` repeats `detail` for old clients. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  hint: string;
  request_id?: string;
  field?: string;
  turn_id?: string;
  /** The sessions that an ambiguous id prefix matches. */
  candidates?: Candidate[];
  success: false;
  error: string;
};

/** The `type` of a code's problem body. */
export const problemType = (code: string): string => `urn:switchboard:error:${code}`;

/** Builds the problem body of a code; `detail` defaults to the title. */
export function toProblem(
  code: ErrorCode,
  detail?: string,
  extra: Pick<Problem, 'request_id' | 'field' | 'turn_id' | 'candidates'> = {},
): Problem {
  const row = errorTable[code];
  const text = detail || row.title;
  return {
    type: problemType(code),
    title: row.title,
    status: row.status,
    detail: text,
    code,
    hint: row.hint,
    ...extra,
    success: false,
    error: text,
  };
}
