import { loadPassword, otherPassword } from '../access/password.ts';
import { createCredentialStore } from '../store/credential-store.ts';
import type { Database } from '../store/database.ts';
import { createJournal } from '../store/journal.ts';
import { createLiveStore } from '../store/live-store.ts';
import { openMappingStore } from '../store/mapping-store.ts';
import { createProcessStore } from '../store/process-store.ts';
import { createPromptStore } from '../store/prompt-store.ts';
import { createPushStore } from '../store/push-store.ts';
import { createSessionRecordStore } from '../store/session-record-store.ts';
import { createTurnStore } from '../store/turn-store.ts';
import { createUndoStore } from '../store/undo-store.ts';
import { checkOwnFolders } from '../util/own-folder.ts';
import type { Context } from './context.ts';

/** Opens what is kept in the data folder. */
export async function openStores(context: Context, database: Database) {
  const { config, log, now, storageNotes, warn } = context;
  const journal = createJournal({
    database,
    keep: { bytes: config.EVENTS_MAX_MB * 1_000_000, days: config.EVENTS_KEEP_DAYS },
    now,
    onTrouble: (error) => warn(error, 'event journal write failed, retrying'),
  });
  const turns = createTurnStore({ database, events: journal });
  const mapping = await openMappingStore({
    folder: config.dataFolder,
    turns,
    now,
    onOddEntry: (name, what) => log.warn(`sessions.json: ${JSON.stringify(name)}: ${what}`),
    note: storageNotes.add,
  });
  checkOwnFolders(config.dataFolder, ['attachments', 'terminals', 'undo'], storageNotes.add);
  const access = openCredentials(context, database);
  const processRegistry = createProcessStore({ database, warn });
  return {
    database,
    mapping,
    journal,
    turns,
    ...access,
    processRegistry,
    orphanedProcesses: processRegistry.all(),
    liveProcessStore: createLiveStore({ database, warn }),
    promptStore: createPromptStore({ database, events: journal }),
    pushStore: createPushStore({ database }),
    sessionRecordStore: createSessionRecordStore({ database }),
    undoStore: createUndoStore({ database }),
    /** What keeps the data folder from being written; null if nothing does. */
    storageTrouble: () => database.trouble() ?? mapping.trouble(),
    async dispose(): Promise<void> {
      await mapping.dispose();
      journal.dispose();
    },
  };
}

/** `isPasswordChanged`: sign-ins of the earlier password have ended. */
function openCredentials({ config, now, storageNotes }: Context, database: Database) {
  const { password, file, isNew } = loadPassword(config.AUTH_PASSWORD, config.dataFolder, storageNotes.add);
  const credentials = createCredentialStore({ database, password, now });
  const isPasswordChanged = credentials.endIfPasswordChanged();
  if (isPasswordChanged && isNew) storageNotes.add(file ?? '', `${file} is missing: ${otherPassword}.`);
  return { password, passwordFile: file, credentials, isPasswordChanged };
}

export type Stores = Awaited<ReturnType<typeof openStores>>;
