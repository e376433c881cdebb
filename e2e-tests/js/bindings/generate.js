// Writes the types and the metadata of contracts, or checks that they are current.
//
// node bindings/generate.js [--check] CONTRACTS BINDINGS NAME..
//
// Types are formatted as this package's manifest says: the generator looks for prettier's settings above its own folder.

import { generateContractTypes } from '@dedot/codegen';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { canonical } from './canonical.js';

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const [contracts, bindings, ...names] = positionals;
if (contracts === undefined || bindings === undefined || names.length === 0) {
  fail('usage: generate.js [--check] CONTRACTS BINDINGS NAME..');
}

const fresh = fs.mkdtempSync(path.join(os.tmpdir(), 'inktensor-bindings-'));
try {
  for (const name of names) {
    await generate(contracts, name, fresh);
  }
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
 * Writes what clients need of the contract `name` into a folder of its own below `to`.
 *
 * @param {string} from
 * @param {string} name
 * @param {string} to
 */
async function generate(from, name, to) {
  const file = path.join(from, `${name}.json`);
  try {
    const metadata = canonical(JSON.parse(fs.readFileSync(file, 'utf8')));
    await generateContractTypes(metadata, name, to, 'd.ts', true);
    fs.writeFileSync(path.join(to, name, 'metadata.json'), `${JSON.stringify(metadata, null, 1)}\n`);
  } catch (error) {
    throw new Error(`no bindings from ${file}`, { cause: error });
  }
}

/**
 * The files that differ, or that only one of both has. What lies in `committed` itself is written by hand.
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
  const folders = fs.readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name }) => fs.readdirSync(path.join(root, name)).map((file) => path.join(name, file)));
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
