// Writes the types of contracts from their metadata, or checks that they are current.
//
// node bindings/generate.js [--check] BINDINGS NAME..
//
// BINDINGS/NAME/metadata.json is there already: `cargo xtask build` writes it. Types are formatted as this package's
// manifest says: the generator looks for prettier's settings above its own folder.

import { generateContractTypes } from '@dedot/codegen';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';

/** The contract whose events are those of all: every contract's metadata lists them. */
const EVENTS_OF = 'registry';

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const [bindings, ...names] = positionals;
if (bindings === undefined || !names.includes(EVENTS_OF)) {
  fail('usage: generate.js [--check] BINDINGS NAME..');
}

const fresh = fs.mkdtempSync(path.join(os.tmpdir(), 'inktensor-bindings-'));
try {
  for (const name of names) {
    await generate(bindings, name, fresh);
  }
  shareEvents(fresh, names);
  const stale = differences(fresh, bindings);
  if (values.check && stale.length > 0) {
    fail(`stale, run \`cargo xtask bindings\`:\n${stale.map((file) => `  ${path.join(bindings, file)}`).join('\n')}`);
  }
  if (!values.check) {
    replace(fresh, bindings, stale);
  }
} finally {
  fs.rmSync(fresh, { recursive: true });
}

/**
 * Writes the types of the contract `name` into a folder of its own below `to`.
 *
 * @param {string} from
 * @param {string} name
 * @param {string} to
 */
async function generate(from, name, to) {
  const file = path.join(from, name, 'metadata.json');
  try {
    const metadata = JSON.parse(fs.readFileSync(file, 'utf8'));
    await generateContractTypes(metadata, name, to, 'd.ts', true);
  } catch (error) {
    throw new Error(`no bindings from ${file}`, { cause: error });
  }
}

/**
 * Puts one declaration of events in the place of each contract's own, which are the same.
 *
 * @param {string} root
 * @param {string[]} names
 */
function shareEvents(root, names) {
  const own = (/** @type {string} */ name) => path.join(root, name, 'events.d.ts');
  const shared = fs.readFileSync(own(EVENTS_OF), 'utf8');
  fs.writeFileSync(path.join(root, 'events.d.ts'), shared.replaceAll("'./types.js'", `'./${EVENTS_OF}/types.js'`));
  const known = topics(shared);
  for (const name of names) {
    const missing = topics(fs.readFileSync(own(name), 'utf8')).filter((topic) => !known.includes(topic));
    if (missing.length > 0) {
      throw new Error(`${name} has events that ${EVENTS_OF} has not: ${missing.join(', ')}`);
    }
    fs.rmSync(own(name));
    const index = path.join(root, name, 'index.d.ts');
    fs.writeFileSync(index, fs.readFileSync(index, 'utf8').replace("'./events.js'", "'../events.js'"));
  }
}

/**
 * @param {string} events
 * @returns {string[]}
 */
function topics(events) {
  return events.match(/(?<=@signature_topic: )0x[0-9a-f]+/g) ?? [];
}

/**
 * The files that differ, or that only one of both has. Only declarations count: the rest is written by hand or by the build.
 *
 * @param {string} wanted
 * @param {string} committed
 */
function differences(wanted, committed) {
  const files = new Set([...generated(wanted), ...generated(committed)]);
  return [...files].sort().filter((file) => read(path.join(wanted, file)) !== read(path.join(committed, file)));
}

/** @param {string} root */
function generated(root) {
  const files = /** @type {string[]} */ (fs.readdirSync(root, { recursive: true }));
  return files.filter((file) => file.endsWith('.d.ts') && !file.includes('node_modules'));
}

/** @param {string} file */
function read(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}

/**
 * @param {string} from
 * @param {string} to
 * @param {string[]} stale
 */
function replace(from, to, stale) {
  for (const file of stale) {
    const text = read(path.join(from, file));
    const target = path.join(to, file);
    if (text === undefined) {
      fs.rmSync(target);
    } else {
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, text);
    }
    console.log(`${text === undefined ? 'removed' : 'written'}: ${target}`);
  }
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}
