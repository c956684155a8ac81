import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from './generate/files.ts';

/** Writes the pages that are made from the tables of the code. */
for (const { path, text } of generatedFiles()) {
  writeFileSync(join(import.meta.dirname, '..', path), text);
  console.log(path);
}
