// The built contracts.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The environment variable that names the folder of the built contracts. */
const FOLDER = 'INKTENSOR_CONTRACTS';

/** All contracts, in the order of deployment. */
export const NAMES = ['token', 'registry', 'staking', 'emission', 'epoch', 'yuma', 'mean'] as const;

/** A contract's name. */
export type Name = (typeof NAMES)[number];

/** The contracts whose code at their address is a front of the full code. */
export type Fronted = 'registry' | 'staking' | 'epoch';

/** What a `.contract` file holds. */
export interface Bundle {
  source: { hash: `0x${string}`; wasm: `0x${string}` };
  version: number;
  [rest: string]: unknown;
}

/** Metadata and code of the contract `name`, or of its front. */
export function bundle(name: Name | `${Fronted}_front`): Bundle {
  const file = join(folder(), `${name}.contract`);
  if (!existsSync(file)) {
    throw new Error(`${file} is missing: run \`cargo xtask build\``);
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The folder of the built contracts: the one named in the environment, else `target/contracts` of this repository. */
export function folder(): string {
  const named = process.env[FOLDER];
  if (named) {
    return named;
  }
  for (let place = dirname(fileURLToPath(import.meta.url)); place !== dirname(place); place = dirname(place)) {
    const found = join(place, 'target', 'contracts');
    if (existsSync(found)) {
      return found;
    }
  }
  throw new Error(`no built contracts: run \`cargo xtask build\`, or name their folder in ${FOLDER}`);
}
