/** One row of the error table: the HTTP status, a short title, and how a client fixes it. */
export type ErrorRow = { status: number; title: string; hint: string };
