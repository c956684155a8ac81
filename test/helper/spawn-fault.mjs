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
// Node 20 gives an object with `file`, Node 24.22 the file itself as the first of its values.
prototype.spawn = function spawnOrFail(/** @type {any[]} */ ...values) {
  const [first] = values;
  const all = faults();
  const name = all.get(basename(String(first?.file ?? first))) ?? all.get('*');
  if (name === undefined) return spawn.apply(this, values);
  return -Number(new Map(Object.entries(constants.errno)).get(name) ?? 0);
};
