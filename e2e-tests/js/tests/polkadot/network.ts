// A whole network, deployed in the order and with the values of `off-chain-worker/src/deploy`.

import type { ContractPromise } from '@polkadot/api-contract';
import type { KeyringPair } from '@polkadot/keyring/types';
import { bundle, type Fronted, type Name } from '../support/bundles.js';
import { FEES, NETWORK_RULES, RULES, SPLIT, YUMA } from '../support/genesis.js';
import type { Client } from './client.js';

/** The contracts by name. */
export type Network = Record<Name, ContractPromise>;

/** Deploys and wires all contracts. `holders` hold TAO from the start. */
export async function deploy(
  client: Client,
  deployer: KeyringPair,
  treasury: string,
  holders: [string, bigint][],
): Promise<Network> {
  const instantiate = (name: Name, ...args: unknown[]) => client.deploy(deployer, bundle(name), ...args);
  const front = (name: Fronted, ...args: unknown[]) =>
    client.deployFront(deployer, bundle(name), bundle(`${name}_front`), ...args);
  const token = await instantiate('token', holders);
  const registry = await front('registry', token.address, NETWORK_RULES);
  const staking = await front('staking', token.address, registry.address);
  const emission = await instantiate('emission', token.address, staking.address, treasury, SPLIT, FEES);
  const peers = {
    token: token.address,
    registry: registry.address,
    staking: staking.address,
    emission: emission.address,
  };
  const epoch = await front('epoch', peers, RULES);
  const yuma = await instantiate('yuma');
  const mean = await instantiate('mean');

  const tell = (contract: ContractPromise, message: string, ...args: unknown[]) =>
    client.call(deployer, contract, message, ...args);
  await tell(token, 'tokenControl::wire', emission.address, registry.address);
  await tell(registry, 'registry::wire', epoch.address);
  await tell(staking, 'staking::wire', emission.address, epoch.address);
  await tell(emission, 'emission::wire', epoch.address);
  await tell(registry, 'registry::allowKernel', yuma.address, bundle('yuma').source.hash, { Yuma: YUMA });
  await tell(registry, 'registry::allowKernel', mean.address, bundle('mean').source.hash, { Other: '0x' });
  return { token, registry, staking, emission, epoch, yuma, mean };
}
