import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashToken } from '../util/hash-token.ts';
import { makeOwnFolder } from '../util/own-folder.ts';
import { buildHookSettings } from './hooks.ts';

/** The record that a token of a terminal names. */
export const readRecordId = (token: string) => token.split('_')[1] ?? '';

/** The settings files by which terminals report their prompts, each with the token that lets it in. */
export class HookSettingsFiles {
  readonly #folder: string;
  readonly #url: () => string;

  /** `url`: the address of this server on this machine. */
  constructor(folder: string, url: () => string) {
    this.#folder = folder;
    this.#url = url;
  }

  /** Writes the file of a terminal; `hash` is stored to recognize its token. */
  async write(
    recordId: string,
    permissionMode: string,
  ): Promise<{ path: string; hash: string; discard(): Promise<void> }> {
    const token = `swt_${recordId}_${randomBytes(32).toString('base64url')}`;
    const settings = buildHookSettings({ url: `${this.#url()}/api/hooks/terminal`, token, permissionMode });
    await makeOwnFolder(this.#folder);
    const path = this.#pathOf(recordId);
    await writeFile(path, settings, { mode: 0o600 });
    return { path, hash: hashToken(token), discard: () => this.remove(recordId) };
  }

  remove(recordId: string): Promise<void> {
    return rm(this.#pathOf(recordId), { force: true });
  }

  #pathOf(recordId: string): string {
    return join(this.#folder, `${recordId}.hooks.json`);
  }
}
