import type { Rule } from '../../../contract/prompt.ts';
import { visible } from '../../../contract/visible.ts';
import { call } from '../../api/client.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { runReported } from '../../state/session.ts';
import { When } from '../../ui/when.tsx';
import { useLoaded } from './load.ts';

function covered({ match, tool }: Rule): string {
  switch (match.by) {
    case 'command':
      return match.exact ? match.command : `${match.command} …`;
    case 'file':
      return match.file;
    case 'folder':
      return `${match.folder}/`;
    default:
      return `${tool} ${match.input.slice(0, 200)}`;
  }
}

/** What is allowed without being asked about. */
export function Rules() {
  const [found, load] = useLoaded(() => call('listRules', {}));
  const t = settingMessages.value;
  return (
    <section class="part">
      {found && !found.rules.length && <p class="quiet-line">{t.noRules}</p>}
      {found?.rules.map((rule) => (
        <div key={rule.id} class="card">
          <p class="card-head">
            <strong>{rule.tool}</strong> <code>{visible(covered(rule))}</code>
          </p>
          {rule.allows_anything && <p class="problem">{t.allowsAnything}</p>}
          <p class="quiet-line">
            {rule.conv_id ?? t.allConversations} · {rule.project} ·{' '}
            {rule.until ? <When time={rule.until} /> : t.always} · {rule.created_by}
          </p>
          <button
            type="button"
            onClick={() => void runReported(() => call('revokeRule', { params: { id: rule.id } })).then(load)}
          >
            {t.revoke}
          </button>
        </div>
      ))}
    </section>
  );
}
