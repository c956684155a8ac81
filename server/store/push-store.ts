import type { Delivery, PushSettings } from '../../contract/push.ts';
import type { PushStore, StoredDevice } from '../push/port.ts';
import type { Database } from './database.ts';
import { parseStored } from './sqlite-error.ts';

const defaults: PushSettings = {
  kinds: ['needs_me', 'finished', 'failed'],
  quiet: null,
  again_after_min: 10,
};

/** So many deliveries are kept. */
const maxDeliveries = 500;

/** Push devices, settings and deliveries in SQLite. */
export function createPushStore({ database }: { database: Database }): PushStore {
  const all = database.prepare('SELECT data FROM push_device ORDER BY rowid');
  const insert = database.prepare(
    'INSERT OR REPLACE INTO push_device (id, url, credential_id, data) VALUES (?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM push_device WHERE id = ?');
  const removeOf = {
    all: database.prepare('DELETE FROM push_device WHERE credential_id = ?'),
    browsers: database.prepare(
      "DELETE FROM push_device WHERE credential_id = ? AND json_extract(data, '$.kind') = 'web'",
    ),
  };
  const removeOfSignIns = database.prepare(
    "DELETE FROM push_device WHERE credential_id IS NOT NULL OR json_extract(data, '$.kind') = 'web'",
  );
  const dropAllActions = database.prepare('DELETE FROM push_action');
  const readSettings = database.prepare("SELECT data FROM push_setting WHERE name = 'all'");
  const writeSettings = database.prepare(
    "INSERT INTO push_setting VALUES ('all', ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data",
  );
  const note = database.prepare('INSERT INTO push_delivery (device_id, data) VALUES (?, ?)');
  const prune = database.prepare(
    'DELETE FROM push_delivery WHERE id <= (SELECT max(id) FROM push_delivery) - ?',
  );
  const newest = database.prepare('SELECT data FROM push_delivery ORDER BY id DESC LIMIT ?');
  const lastOf = database.prepare(
    'SELECT data FROM push_delivery WHERE device_id = ? ORDER BY id DESC LIMIT 1',
  );
  const addAction = database.prepare(
    'INSERT INTO push_action (hash, prompt_id, conv_id, decision) VALUES (?, ?, ?, ?)',
  );
  const action = database.prepare('SELECT prompt_id, conv_id, decision FROM push_action WHERE hash = ?');
  const dropActions = database.prepare('DELETE FROM push_action WHERE prompt_id = ?');
  const parse = <T>(row: unknown): T => parseStored((row as { data: string }).data);

  return {
    devices: () => all.all().map((row) => parse<StoredDevice>(row)),
    addDevice(device) {
      database.durably(() => insert.run(device.id, device.url, device.credential_id, JSON.stringify(device)));
    },
    removeDevice: (id) => database.durably(() => remove.run(id).changes > 0),
    removeOfCredential(credentialId, which) {
      database.durably(() => removeOf[which].run(credentialId));
    },
    removeOfSignIns() {
      database.durably(() => removeOfSignIns.run());
    },
    dropAllActions() {
      database.durably(() => dropAllActions.run());
    },
    settings() {
      const row = readSettings.get();
      return row ? { ...defaults, ...parse<PushSettings>(row) } : defaults;
    },
    saveSettings(settings) {
      database.durably(() => writeSettings.run(JSON.stringify(settings)));
    },
    note(delivery) {
      database.transact(() => {
        note.run(delivery.device_id, JSON.stringify(delivery));
        prune.run(maxDeliveries);
      });
    },
    deliveries: (limit) => newest.all(limit).map((row) => parse<Delivery>(row)),
    last(deviceId) {
      const row = lastOf.get(deviceId);
      return row ? parse<Delivery>(row) : null;
    },
    addAction({ hash, prompt_id, conv_id, decision }) {
      database.transact(() => addAction.run(hash, prompt_id, conv_id, decision));
    },
    takeAction(hash) {
      const found = action.get(hash) as ReturnType<PushStore['takeAction']> | undefined;
      if (found) database.durably(() => dropActions.run(found.prompt_id));
      return found ?? null;
    },
    dropActions(promptId) {
      database.transact(() => dropActions.run(promptId));
    },
  };
}
