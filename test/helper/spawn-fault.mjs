import { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';

/**
 * Makes starts of programs fail as the system makes them fail: below Node's own code, which treats each error
 * in its own way. Import it in a test and set `spawnFaults`, or give it to a server with `node --import`: then
 * the file SPAWN_FAULTS names them as JSON, `{"<program>": "EMFILE"}`; "*" means every program.
 *
 * @type {Map<string, string>}
 */
export const spawnFaults = new Map();

/** @returns {Map<string, string>} */
function faults() {
  const file = process.env['SPAWN_FAULTS'];
  if (!file) return spawnFaults;
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8'))));
  } catch {
    return new Map();
  }
}

const example = /** @type {any} */ (new ChildProcess());
const prototype = Object.getPrototypeOf(example._handle);
const { spawn } = prototype;
prototype.spawn = function spawnOrFail(/** @type {{ file: string }} */ options) {
  const all = faults();
  const name = all.get(basename(options.file)) ?? all.get('*');
  if (name === undefined) return spawn.call(this, options);
  return -Number(new Map(Object.entries(constants.errno)).get(name) ?? 0);
};
