import { useEffect, useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import { call } from '../../api/client.ts';
import { describeFailure } from '../../i18n/errors.ts';
import { messages } from '../../i18n/messages.ts';
import { lastError, runReported } from '../../state/session.ts';
import { Icon } from '../../ui/icon.tsx';

type Folders = Answer<'listFolders'>;

/** A name that can be used in an address and in a shell. */
export const toId = (name: string): string =>
  name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/^[-.]+|-+$/g, '')
    .slice(0, 64);

/** Creates a conversation. Its id, or null if the server refused. */
async function createConversation(name: string, project: string): Promise<string | null> {
  const id = toId(name);
  const title = name.trim();
  let created: string | null = null;
  await runReported(async () => {
    const body = {
      ...(id ? { id } : {}),
      ...(title && title !== id ? { title } : {}),
      ...(project ? { project } : {}),
    };
    created = (await call('createConversation', { body })).id;
  });
  return created;
}

/** A new conversation: its name, and the folder that the agent works in. `onDone` gets its id, or null. */
export function NewConversation({ onDone }: { onDone(id: string | null): void }) {
  const [name, setName] = useState('');
  const [project, setProject] = useState('');
  const [isChoosing, setChoosing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const t = messages.value;

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const id = await createConversation(name, project);
    setBusy(false);
    if (id !== null) onDone(id);
  }

  if (isChoosing) {
    return (
      <FolderChooser
        onChoose={(path) => {
          if (path !== null) setProject(path);
          setChoosing(false);
        }}
      />
    );
  }
  return (
    <form class="new-conversation" onSubmit={submit}>
      <label>
        {t.name}
        <input
          name="name"
          maxLength={200}
          autoFocus
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
          dir="auto"
        />
      </label>
      <FolderField project={project} setProject={setProject} onChoose={() => setChoosing(true)} />
      <LastError />
      <p class="choices">
        <button type="submit" class="primary" disabled={isBusy}>
          {t.create}
        </button>
        <button type="button" onClick={() => onDone(null)}>
          {t.cancel}
        </button>
      </p>
    </form>
  );
}

type FolderFieldProps = { project: string; setProject(project: string): void; onChoose(): void };

function FolderField({ project, setProject, onChoose }: FolderFieldProps) {
  const t = messages.value;
  return (
    <label>
      {t.folder}
      <span class="folder-field">
        <input
          name="project"
          value={project}
          placeholder={t.defaultFolder}
          autocapitalize="none"
          spellcheck={false}
          onInput={(event) => setProject(event.currentTarget.value)}
        />
        <button type="button" onClick={onChoose}>
          {t.choose}
        </button>
      </span>
    </label>
  );
}

function LastError() {
  if (!lastError.value) return null;
  return (
    <p class="problem" role="alert">
      {describeFailure(lastError.value)}
    </p>
  );
}

/** Walks through the folders in which agents may work, the recent projects first. */
function FolderChooser({ onChoose }: { onChoose(path: string | null): void }) {
  const [read, setRead] = useState<{ of: string | undefined; folders: Folders } | null>(null);
  const [path, setPath] = useState<string | undefined>(undefined);
  const t = messages.value;
  useEffect(() => {
    void runReported(async () => {
      const folders = await call('listFolders', { query: { path } });
      setRead({ of: path, folders });
    });
  }, [path]);
  const found = read?.folders;
  // Until the next folder is loaded, the one before is shown.
  const isThere = read !== null && read.of === path;
  const row = (folder: string, name: string, isProject: boolean, choose: () => void) => (
    <li key={folder}>
      <button type="button" class="plain row-main" onClick={choose}>
        <Icon name="folder" />
        <span dir="auto">
          {name}
          {isProject && <small> git</small>}
        </span>
      </button>
    </li>
  );
  return (
    <div class="new-conversation">
      <h3>{found?.path ?? t.chooseFolder}</h3>
      <LastError />
      <p class="choices">
        {found?.path && (
          <button type="button" class="primary" disabled={!isThere} onClick={() => onChoose(found.path)}>
            {t.useThisFolder}
          </button>
        )}
        <button
          type="button"
          onClick={() => (found?.path ? setPath(found.parent ?? undefined) : onChoose(null))}
        >
          {t.back}
        </button>
      </p>
      <ul class="rows">
        {!found?.path && found?.recent.map((folder) => row(folder, folder, false, () => onChoose(folder)))}
        {found?.folders.map((folder) =>
          row(`in ${folder.path}`, folder.name, folder.is_project, () => setPath(folder.path)),
        )}
      </ul>
      {found && !found.folders.length && <p class="quiet-line">{t.noFolders}</p>}
    </div>
  );
}
