import type { Answer } from '../../../contract/endpoint.ts';
import { locale } from '../../i18n/messages.ts';
import { sessionMessages } from '../../i18n/session-messages.ts';
import { navigate } from '../../state/route.ts';
import { ago, clock } from '../../ui/when.tsx';

type SearchAnswer = Answer<'search'>;
type Hit = SearchAnswer['hits'][number];

/** What a search found, with what stands around it. */
export function Hits({ answer: { hits, order } }: { answer: SearchAnswer }) {
  const t = sessionMessages.value;
  if (!hits.length) return <p class="quiet-line">{t.noHits}</p>;
  return (
    <>
      {order === 'newest' && <p class="quiet-line">{t.newestFirst}</p>}
      <ul class="hits">
        {hits.map((hit) => (
          <li key={`${hit.session_id} ${hit.message_id} ${hit.role}`}>
            <button
              type="button"
              class="plain"
              onClick={() => navigate(`/sessions/${hit.session_id}${hit.before ? `@${hit.before}` : ''}`)}
            >
              <span class="conversation-title" dir="auto">
                {hit.title ?? hit.project ?? hit.session_id}
              </span>
              <span class="excerpt" dir="auto">
                <b>{hit.agent_id ? t.subAgent : t.roles[hit.role]}:</b> <Marked hit={hit} />
              </span>
              <span class="conversation-facts">
                {hit.project?.split('/').at(-1)} {hit.at && `· ${ago(hit.at, clock.value, locale.value)}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** The excerpt, its words marked. */
function Marked({ hit: { excerpt, marks } }: { hit: Hit }) {
  const pieces = [];
  let at = 0;
  for (const [from, to] of marks) {
    if (from < at) continue;
    pieces.push(excerpt.slice(at, from), <mark key={from}>{excerpt.slice(from, to)}</mark>);
    at = to;
  }
  return (
    <>
      {pieces}
      {excerpt.slice(at)}
    </>
  );
}
