import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from './generate/files.ts';

/** Writes the files that are generated from tables in the code. */
for (const { path, text } of generatedFiles()) {
  writeFileSync(join(import.meta.dirname, '..', path), text);
  console.log(path);
}
