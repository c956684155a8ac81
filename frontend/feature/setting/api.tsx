import { settingMessages } from '../../i18n/setting-messages.ts';
import { user } from '../../state/session.ts';
import { openId } from '../../state/thread.ts';
import { Code } from '../../ui/code.tsx';

/** Commands to copy, with the name of the open conversation in them. */
export function Api() {
  const id = openId.value || 'default';
  const at = location.origin;
  const name = user.value?.name || 'switchboard';
  const t = settingMessages.value;
  const examples: [string, string][] = [
    [
      t.apiAsk,
      `curl -sS -u ${name} "${at}/api/chat" \\\n  -H 'content-type: application/json' \\\n  -d '{"conv_id": "${id}", "message": "fix the tests"}'`,
    ],
    [
      t.apiText,
      `curl -sSN -u ${name} "${at}/api/chat" \\\n  -H 'content-type: application/json' -H 'accept: text/plain' \\\n  -d '{"conv_id": "${id}", "message": "fix the tests"}'`,
    ],
    [
      t.apiLater,
      `curl -sS -H "authorization: Bearer $TOKEN" "${at}/api/conversations/${id}/turns" \\\n  -H 'content-type: application/json' -H "idempotency-key: $(date +%s)" \\\n  -d '{"message": "fix the tests"}'`,
    ],
    [t.apiPrompts, `curl -sS -H "authorization: Bearer $TOKEN" "${at}/api/prompts"`],
    [t.apiEvents, `curl -sSN -H "authorization: Bearer $TOKEN" "${at}/api/conversations/${id}/events"`],
    [
      t.apiExport,
      `curl -sS -H "authorization: Bearer $TOKEN" "${at}/api/conversations/${id}/export?format=md"`,
    ],
  ];
  return (
    <section class="part">
      <p class="quiet-line">{t.apiAbout}</p>
      {examples.map(([about, text]) => (
        <div key={about} class="part">
          <h2>{about}</h2>
          <Code text={text} language="bash" />
        </div>
      ))}
      <p>
        <a href="/api/openapi.json">OpenAPI 3.1</a>
      </p>
    </section>
  );
}
