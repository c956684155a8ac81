import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import {
  createFile,
  readFile,
  removeFile,
  statFile,
  writeFile,
  writeLink,
} from '../../../../server/project-file/file.ts';
import { withFolder } from '../../../../server/project-file/folder.ts';
import { isGitName, ProjectFileError } from '../../../../server/project-file/path.ts';
import { walkTree } from '../../../../server/work-tree/walk.ts';
import { createWorkspace } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

const names = ['a', 'b', 'c'];
const secret = 'a secret outside';

type Node = { [name: string]: Node | string | { link: string } };

/** Targets of links, in many forms; `OUT` is replaced by the absolute path of the folder outside. */
const linkTarget = fc.constantFrom(
  'OUT',
  'OUT/a',
  'OUT/f',
  '../outside',
  '../../outside',
  '../../../outside/f',
  'a',
  './b',
  '../a',
  'nowhere',
  'OUT/new',
  '.',
  '..',
);

const tree = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.dictionary(
    fc.constantFrom(...names, 'f'),
    fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constant('inside'),
      fc.record({ link: linkTarget }),
      tie('node'),
    ),
    { maxKeys: 4 },
  ),
})).node;

const path = fc
  .array(fc.constantFrom(...names, 'f'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));

const operation = fc.record({
  kind: fc.constantFrom('read', 'write', 'link', 'remove', 'create', 'list', 'walk', 'stat'),
  path,
});

function grow(folder: string, node: Node, outside: string): void {
  mkdirSync(folder);
  for (const [name, value] of Object.entries(node)) {
    const at = join(folder, name);
    if (typeof value === 'string') writeFileSync(at, value);
    else if (typeof (value as { link?: unknown }).link === 'string')
      symlinkSync((value as { link: string }).link.replace('OUT', outside), at);
    else grow(at, value as Node, outside);
  }
}

/**
 * Everything in a folder, so that no change can be missed. It does not use the recursive `readdirSync`, which
 * follows links: a few links to `..` in one tree give it a number of paths that no memory holds.
 */
function look(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      const found = lstatSync(path);
      const line = `${path} ${found.mode} ${found.ino} ${found.mtimeMs} ${found.isFile() ? readFileSync(path) : ''}`;
      return found.isDirectory() ? [line, ...look(path)] : [line];
    });
}

/** Does it; what it read comes back. A refusal is an error that names a path. */
async function run(root: string, { kind, path }: { kind: string; path: string }): Promise<string> {
  try {
    if (kind === 'read') return String(await readFile(root, path, 1000));
    if (kind === 'write') await writeFile(root, path, Buffer.from('written'));
    if (kind === 'link') await writeLink(root, path, Buffer.from('anywhere'));
    if (kind === 'remove') await removeFile(root, path);
    if (kind === 'create') await createFile(root, path, 'created');
    if (kind === 'stat') return String((await statFile(root, path))?.size);
    if (kind === 'list') return JSON.stringify(await withFolder(root, path, (folder) => folder.entries()));
    if (kind === 'walk') return JSON.stringify(await listAll(root));
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(ProjectFileError);
    expect((error as ProjectFileError).path).not.toBe('');
    return '';
  }
}

async function listAll(root: string): Promise<string[]> {
  const found: string[] = [];
  await walkTree(root, {
    ignored: [],
    hasIgnoreFiles: true,
    kept: { files: new Set(), folders: new Set() },
    isSkipped: () => false,
    async onFiles(folder, files) {
      for (const file of files) found.push(folder.pathOf(file.name));
      return true;
    },
  });
  return found;
}

/** A folder outside, where each name that the operations use exists, and a project beside it. */
function makeOutside(root: string): string {
  const outside = join(root, 'outside');
  mkdirSync(outside);
  for (const folder of [outside, join(outside, 'a'), join(outside, 'b')]) {
    mkdirSync(folder, { recursive: true });
    for (const name of ['f', 'c', 'victim']) writeFileSync(join(folder, name), secret);
  }
  return outside;
}

verifies(
  'undo.hostile',
  'follows no link of any tree, in reading, writing, listing or removing',
  async () => {
    const { root } = await createWorkspace();
    const outside = makeOutside(root);
    const before = look(outside);
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.array(operation, { minLength: 1, maxLength: 8 }),
        async (node, operations) => {
          const project = join(root, `p${number++}`);
          grow(project, node, outside);
          for (const one of operations) {
            const read = await run(project, one);
            expect(read).not.toContain(secret);
            expect(read).not.toContain('victim');
          }
          expect(look(outside)).toEqual(before);
          expect(look(project).join()).not.toContain('.tmp');
          rmSync(project, { recursive: true });
        },
      ),
      { numRuns: 100, interruptAfterTimeLimit: 20_000 },
    );
  },
);

/** Replaces paths by links as fast as it can, in a separate thread. */
const exchanger = `
const { lstatSync, renameSync, rmSync, symlinkSync, mkdirSync, writeFileSync } = require('node:fs');
const { workerData } = require('node:worker_threads');
const attempt = (work) => { try { work(); } catch {} };
for (;;) for (const { at, kept, link, target } of workerData) {
  attempt(() => { if (!lstatSync(link).isSymbolicLink()) rmSync(link, { recursive: true }); });
  attempt(() => symlinkSync(target, link));
  attempt(() => renameSync(at, kept));
  attempt(() => renameSync(link, at));
  attempt(() => renameSync(at, link));
  attempt(() => renameSync(kept, at));
}`;

verifies(
  'undo.hostile',
  'follows no link that takes the place of a folder or file while it works',
  async () => {
    const { root } = await createWorkspace();
    const outside = makeOutside(root);
    const project = join(root, 'exchanged');
    for (const folder of ['a', 'a/b', 'b', 'c']) {
      mkdirSync(join(project, folder), { recursive: true });
      // One that no operation removes keeps each folder from being empty.
      for (const name of ['f', 'c', 'stays']) writeFileSync(join(project, folder, name), 'inside');
    }
    const before = look(outside);
    const exchanged = Object.entries({ a: outside, 'a/b': outside, b: outside, 'c/f': join(outside, 'f') });
    const workerData = exchanged.map(([path, target], number) => ({
      at: join(project, path),
      kept: join(root, `kept-${number}`),
      link: join(root, `link-${number}`),
      target,
    }));
    const worker = new Worker(exchanger, { eval: true, workerData });
    onTestFinished(() => worker.terminate().then(() => {}));
    const paths = ['a/f', 'a/b/f', 'a/c', 'b/f', 'b/c', 'a/b/c', 'c/f', 'a/new/f', 'b/own', 'a/own'];
    const kinds = ['read', 'write', 'remove', 'create', 'list', 'walk', 'link'];
    const seen = { refused: 0, done: 0 };
    for (let count = 0; count < 1400; count += 1) {
      const one = {
        kind: kinds[count % kinds.length] as string,
        path: paths[(count * 3) % paths.length] as string,
      };
      const read = await run(project, one);
      expect(read, JSON.stringify(one)).not.toContain(secret);
      if (one.kind === 'list') expect(read, JSON.stringify(one)).not.toContain('victim');
      if (one.kind === 'read') seen[read === '' ? 'refused' : 'done'] += 1;
    }
    await worker.terminate();
    // Both happened: the folders were there, and links were.
    expect(seen.refused * seen.done).toBeGreaterThan(0);
    expect(look(outside)).toEqual(before);
  },
);

test('closes each folder and file, whether it succeeds or not', async () => {
  const { root, project } = await createWorkspace();
  mkdirSync(join(project, 'deep/er'), { recursive: true });
  symlinkSync(root, join(project, 'link'));
  writeFileSync(join(project, 'deep/f'), 'inside');
  const open = async () => (await readdir('/proc/self/fd')).length;
  const before = await open();
  for (const path of ['deep/f', 'link/x', 'deep/f/x', 'none/x', 'deep', 'deep/er/new']) {
    for (const kind of ['read', 'write', 'link', 'remove', 'create', 'list', 'stat', 'walk'])
      await run(project, { kind, path });
  }
  expect(await open()).toBeLessThanOrEqual(before);
});

test('refuses a project that is a link by now, paths that leave it, and what is not a regular file', async () => {
  const { root, project } = await createWorkspace();
  const read = (path: string, at = project) => readFile(at, path, 10);
  for (const bad of ['../x', '/etc/passwd', 'a//b', 'a/./b', 'a/', 'a\0b', '..']) {
    await expect(read(bad), bad).rejects.toMatchObject({ reason: 'bad_path' });
  }
  writeFileSync(join(project, 'long'), '12345678901');
  await expect(read('long')).rejects.toMatchObject({ reason: 'too_large', path: 'long' });
  await expect(read('none')).resolves.toBe(null);
  mkdirSync(join(project, 'folder'));
  await expect(read('folder')).rejects.toMatchObject({ reason: 'not_a_file', path: 'folder' });
  renameSync(project, join(root, 'moved'));
  symlinkSync(join(root, 'moved'), project);
  await expect(read('long')).rejects.toThrow(project);
  mkdirSync(join(root, 'moved/inner'));
  await expect(read('x', join(project, 'inner'))).rejects.toMatchObject({ reason: 'moved' });
});

test('knows every spelling that some file system takes for .git', () => {
  const spellings = [
    '.git',
    '.GIT',
    '.Git',
    '.git.',
    '.git ',
    '.git. .',
    'git~1',
    'GIT~2',
    '.g\u200cit',
    '\ufeff.git',
    '.git::$INDEX_ALLOCATION',
    '.git:x',
    '.git\\config',
    'a\\.git',
  ];
  for (const name of spellings) expect(isGitName(name), JSON.stringify(name)).toBe(true);
  for (const name of ['.gitignore', '.gitattributes', 'git', 'x.git', '.github', 'git~', '.gi', '.git2'])
    expect(isGitName(name), name).toBe(false);
});
