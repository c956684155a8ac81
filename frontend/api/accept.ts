import { readProblem } from '../../contract/client.ts';
import type { OutboxItem } from '../store/database.ts';
import { ApiError, addressOf, pageHeaders, readAnswer, unreachable } from './client.ts';

/** The body of a message: JSON, or a form where files go with it. */
function bodyOf(item: OutboxItem): { body: string | FormData; headers: Record<string, string> } {
  const headers = { 'idempotency-key': item.id, ...pageHeaders };
  // Commands are what the menu offers; what the server does not know as one goes to the model as text.
  const fields = { message: item.text, follow: true, ...(item.steer ? { steer: true } : {}) };
  if (!item.files.length)
    return { body: JSON.stringify(fields), headers: { ...headers, 'content-type': 'application/json' } };
  const form = new FormData();
  // A form would make another line end of each one in a text.
  form.append('json', JSON.stringify(fields));
  for (const { name, blob } of item.files) form.append('attachments', blob, name);
  return { body: form, headers };
}

/** The time for a message without files; after that it is sent again with the same key, which makes one turn. */
const patienceMs = 20_000;

/** The time for a large message whose progress is not shown. */
const uploadMs = 300_000;

/** An upload without progress for this long is given up. */
const stallMs = 30_000;

/** Browsers let 64 KB in total continue after their page is closed, and refuse more at once. */
const maxKeptBytes = 30_000;

/** Whether a message takes long enough to show its progress. */
export const isLarge = ({ text, files }: OutboxItem): boolean =>
  files.length > 0 || text.length > maxKeptBytes;

/** Sends a message to the server, which has it on disk when this resolves. Throws ApiError. */
export async function acceptMessage(item: OutboxItem): Promise<{ turn_id: string }> {
  const { body, headers } = bodyOf(item);
  const isSmall = typeof body === 'string' && new Blob([body]).size < maxKeptBytes;
  const response = await fetch(addressOf('acceptTurn', { params: { id: item.conv_id } }), {
    method: 'POST',
    body,
    headers,
    // It continues when the page is left right after.
    keepalive: isSmall,
    signal: AbortSignal.timeout(isSmall ? patienceMs : uploadMs),
  }).catch(() => {
    throw unreachable();
  });
  return readAnswer(response);
}

/** As `acceptMessage`, and reports the progress (0 to 1), which `fetch` does not. */
export function acceptWithProgress(
  item: OutboxItem,
  progress: (done: number) => void,
): Promise<{ turn_id: string }> {
  const { body, headers } = bodyOf(item);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', addressOf('acceptTurn', { params: { id: item.conv_id } }));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    let watch: ReturnType<typeof setTimeout>;
    const moved = () => {
      clearTimeout(watch);
      watch = setTimeout(() => request.abort(), stallMs);
    };
    moved();
    request.upload.onprogress = ({ loaded, total }) => {
      moved();
      progress(total ? loaded / total : 0);
    };
    request.onloadend = () => clearTimeout(watch);
    request.onabort = () => reject(unreachable());
    request.onerror = () => reject(unreachable());
    request.onload = () => {
      const json = async () => JSON.parse(request.responseText);
      const answered = {
        status: request.status,
        headers: new Headers({ 'retry-after': request.getResponseHeader('retry-after') ?? '' }),
        json,
      };
      if (request.status < 300) json().then(resolve, () => reject(unreachable()));
      else readProblem(answered).then((problem) => reject(new ApiError(problem)), reject);
    };
    request.send(body);
  });
}
