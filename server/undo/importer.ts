import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import type { Git } from '../git/git.ts';
import type { Started } from '../util/child-process.ts';

/** The tree without a file; git knows it without having it. */
export const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

const chunkBytes = 1 << 18;

/** A file as a tree names it. */
export type Change = { path: string; mode: '100644' | '100755' | '120000'; mark: number };

/**
 * Writes blobs and then one tree into a repository, by one `git fast-import`. Git gets bytes and names, and
 * looks at no file: what it keeps is what was in the file, whatever the project has set for line ends or
 * filters.
 */
export class Importer {
  readonly #child: Started;
  readonly #end: Promise<string>;
  #marks = 0;

  private constructor(child: Started) {
    this.#child = child;
    const [out, errors]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (data) => out.push(data));
    child.stderr.on('data', (data) => errors.push(data));
    this.#end = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0) resolve(Buffer.concat(out).toString());
        else
          reject(
            new Error(`git fast-import: ${Buffer.concat(errors).toString().trim() || `ended with ${code}`}`),
          );
      });
    });
    this.#end.catch(() => {}); // `finish` gets the error.
  }

  static async start(git: Git, repository: string): Promise<Importer> {
    return new Importer(
      await git.start(repository, ['fast-import', '--quiet', '--done', '--force', '--date-format=raw']),
    );
  }

  async addBlob(data: Uint8Array): Promise<number> {
    await this.#beginBlob(data.length);
    await this.#write(data);
    await this.#write('\n');
    return this.#marks;
  }

  /**
   * One of a known size. What is missing by then is filled with zeros: the file changes meanwhile and is read
   * again next time.
   */
  async addBlobOf(handle: FileHandle, size: number): Promise<number> {
    await this.#beginBlob(size);
    for (let at = 0; at < size; ) {
      const buffer = Buffer.alloc(Math.min(chunkBytes, size - at));
      const { bytesRead } = await handle.read({ buffer, position: at });
      await this.#write(buffer.subarray(0, bytesRead || buffer.length));
      at += bytesRead || buffer.length;
    }
    await this.#write('\n');
    return this.#marks;
  }

  /** The tree that is another one with these changes. */
  async finish(base: string, removed: readonly string[], changes: readonly Change[]): Promise<string> {
    const lines = ['commit refs/heads/latest', 'committer undo <undo> 0 +0000', 'data 0', ''];
    if (base !== emptyTree) lines.push(`M 040000 ${base} `);
    for (const path of removed) lines.push(`D ${quote(path)}`);
    for (const { path, mode, mark } of changes) lines.push(`M ${mode} :${mark} ${quote(path)}`);
    lines.push('ls ""', 'done', '');
    this.#child.stdin.end(lines.join('\n'));
    const answer = await this.#end;
    const tree = /^040000 tree ([0-9a-f]{40})\t/m.exec(answer)?.[1];
    if (tree) return tree;
    if (answer.startsWith('missing')) return emptyTree;
    throw new Error(`git fast-import answered ${JSON.stringify(answer.slice(0, 200))}`);
  }

  dispose(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
  }

  async #beginBlob(size: number): Promise<void> {
    this.#marks += 1;
    await this.#write(`blob\nmark :${this.#marks}\ndata ${size}\n`);
  }

  async #write(data: Uint8Array | string): Promise<void> {
    if (this.#child.stdin.write(data) || data.length === 0) return;
    // A pipe without a reader never drains.
    await Promise.race([once(this.#child.stdin, 'drain'), this.#end]);
  }
}

const quote = (path: string) => `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
