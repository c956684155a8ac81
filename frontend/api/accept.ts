import type { OutboxItem } from '../store/database.ts';
import { ApiError, addressOf, noteBuild, readProblem, tunnelHeaders, unreachable } from './client.ts';

/** The body of a message: JSON, or a form where files go with it. */
function bodyOf(item: OutboxItem): { body: string | FormData; headers: Record<string, string> } {
  const headers = { 'idempotency-key': item.id, ...tunnelHeaders };
  // Commands are what the menu offers; what the server does not know as one goes to the model as text.
  const fields = { message: item.text, follow: true, ...(item.steer ? { steer: true } : {}) };
  if (!item.files.length) return { body: JSON.stringify(fields), headers: { ...headers, 'content-type': 'application/json' } };
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value));
  for (const { name, blob } of item.files) form.append('attachments', blob, name);
  return { body: form, headers };
}

/** How long a message without files may take; the same key is sent again after that, and is one turn. */
const patienceMs = 20_000;

/** Gives a message to the server: it is on its disk when this resolves. Throws ApiError. */
export async function acceptMessage(item: OutboxItem): Promise<{ turn_id: string }> {
  const { body, headers } = bodyOf(item);
  const isSmall = typeof body === 'string' && body.length < 50_000;
  const response = await fetch(addressOf('acceptTurn', { params: { id: item.conv_id } }), {
    method: 'POST',
    body,
    headers,
    // It goes on when the page is left right after; browsers let 64 KB do so.
    keepalive: isSmall,
    ...(isSmall ? { signal: AbortSignal.timeout(patienceMs) } : {}),
  }).catch(() => {
    throw unreachable();
  });
  noteBuild(response.headers);
  if (!response.ok) throw new ApiError(await readProblem(response));
  return response.json().catch(() => {
    throw unreachable();
  });
}

/** As `acceptMessage`, telling how much of it has gone out (0 to 1): `fetch` does not say that. */
export function acceptWithProgress(item: OutboxItem, progress: (done: number) => void): Promise<{ turn_id: string }> {
  const { body, headers } = bodyOf(item);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', addressOf('acceptTurn', { params: { id: item.conv_id } }));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onerror = () => reject(unreachable());
    request.onload = () => {
      const json = async () => JSON.parse(request.responseText);
      const answered = { status: request.status, headers: new Headers({ 'retry-after': request.getResponseHeader('retry-after') ?? '' }), json };
      if (request.status < 300) json().then(resolve, () => reject(unreachable()));
      else readProblem(answered).then((problem) => reject(new ApiError(problem)), reject);
    };
    request.send(body);
  });
}
