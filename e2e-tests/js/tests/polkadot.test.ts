// A network used through polkadot-js, the library of Contracts UI.

import { Abi } from '@polkadot/api-contract';
import type { ContractSubmittableResult } from '@polkadot/api-contract/base/Contract';
import type { KeyringPair } from '@polkadot/keyring/types';
import type { DispatchError } from '@polkadot/types/interfaces';
import { u8aToHex } from '@polkadot/util';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client, readable, Refused } from './polkadot/client.js';
import { deploy, type Network } from './polkadot/network.js';
import { bundle, NAMES } from './support/bundles.js';
import { CREATION_PRICE, tao, YUMA } from './support/genesis.js';
import { Node } from './support/node.js';

const NETUID = 1;
const SUBNET = { name: 'vision', tempo: 4, maxUids: 64, maxValidators: 8 };
const STAKE = tao(1_000);

test('polkadot-js reads the metadata of every contract', () => {
  for (const name of NAMES) {
    const metadata = bundle(name);
    const abi = new Abi(metadata);
    assert.equal(metadata.version, 5, name);
    assert.equal(abi.info.contract.name.toString(), name);
    assert.equal(abi.info.source.wasmHash.toHex(), metadata.source.hash, name);
    assert.deepEqual(
      abi.constructors.map(({ method }) => method),
      ['new'],
      name,
    );
    assert.ok(abi.messages.length > 0, name);
    assert.ok(
      abi.messages.every(({ docs }) => docs.length > 0),
      `${name} has a message without a word`,
    );
    assert.ok(
      abi.events.every(({ signatureTopic }) => signatureTopic),
      `${name} has an anonymous event`,
    );
  }
});

describe('a network through polkadot-js', { timeout: 200_000 }, () => {
  let node: Node;
  let client: Client;
  let network: Network;
  let deployer: KeyringPair;
  let treasury: KeyringPair;
  /** Owns the subnet and its neurons. */
  let coldkey: KeyringPair;
  /** The subnet owner's hotkey, which always has a permit. */
  let validator: KeyringPair;
  let miner: KeyringPair;

  before(async () => {
    node = await Node.start();
    client = await Client.connect(node.url);
    [deployer, coldkey, validator, miner, treasury] = ['Alice', 'Bob', 'Charlie', 'Dave', 'Ferdie'].map((name) =>
      client.account(name),
    ) as [KeyringPair, KeyringPair, KeyringPair, KeyringPair, KeyringPair];
    network = await deploy(client, deployer, treasury.address, [
      [deployer.address, tao(1_000_000)],
      [coldkey.address, tao(10_000)],
    ]);
  });

  after(async () => {
    await client?.close();
    await node?.stop();
  });

  /** Lets `spender` take `amount` of the coldkey's TAO. */
  const approve = (spender: keyof Network, amount: bigint) =>
    client.call(coldkey, network.token, 'psp22::approve', network[spender].address, amount);

  /** Signs that `hotkey` agrees to belong to the coldkey. */
  const agreement = async (hotkey: KeyringPair) => {
    const bytes = await client.read(network.registry, 'registry::agreement', hotkey.address, coldkey.address);
    // A byte array would be read as an encoded option.
    return u8aToHex(hotkey.sign(bytes.toU8a(true)));
  };

  const balance = async (owner: KeyringPair) =>
    BigInt((await client.read(network.token, 'psp22::balanceOf', owner.address)).toString());

  test('a new deployment says what it was given', async () => {
    assert.equal(await balance(coldkey), tao(10_000));
    const read = async (contract: keyof Network, message: string) =>
      (await client.read(network[contract], message)).toJSON();
    assert.equal(await read('token', 'psp22Metadata::tokenDecimals'), 9);
    // Beyond the numbers that JSON keeps exactly.
    const cap = await client.read(network.token, 'tokenControl::cap');
    assert.equal(BigInt(cap.toString()), tao(21_000_000));
    assert.equal(cap.toJSON(), `0x${tao(21_000_000).toString(16).padStart(32, '0')}`);
    assert.equal(await read('registry', 'registry::subnets'), 0);
    assert.equal(await read('registry', 'registry::creationPrice'), Number(CREATION_PRICE));
    assert.equal(await read('registry', 'registry::admin'), deployer.address);
    assert.deepEqual(await read('registry', 'registry::kernels'), [
      network.yuma.address.toString(),
      network.mean.address.toString(),
    ]);
    assert.equal(await read('token', 'tokenControl::minter'), network.emission.address.toString());
    assert.equal(await read('emission', 'emission::treasury'), treasury.address);
    assert.deepEqual(await read('emission', 'emission::split'), {
      miners: 5000,
      validators: 2500,
      owner: 0,
      treasury: 2500,
    });
    const peers = Object.fromEntries(
      (['token', 'registry', 'staking', 'emission'] as const).map((name) => [name, network[name].address.toString()]),
    );
    assert.deepEqual(await read('epoch', 'epochs::peers'), peers);
  });

  test('a query without a proof size is out of gas', async () => {
    const { result } = await network.registry.query['registry::subnets']!(deployer.address, {});
    assert.ok(result.isErr);
    assert.match(client.dispatchError(result.asErr as DispatchError).message, /^contracts.OutOfGas/);
  });

  test('create_subnet locks the price and tells of the subnet', async () => {
    await approve('registry', CREATION_PRICE);
    const result = await client.call(
      coldkey,
      network.registry,
      'registry::createSubnet',
      SUBNET.name,
      validator.address,
      network.yuma.address,
      SUBNET.tempo,
      SUBNET.maxUids,
      SUBNET.maxValidators,
      CREATION_PRICE,
      await agreement(validator),
    );
    const registry = network.registry.address.toString();
    const price = CREATION_PRICE.toString();
    assert.deepEqual(client.events(result, network), [
      { by: 'token', name: 'Approval', fields: { owner: coldkey.address, spender: registry, amount: '0' } },
      { by: 'token', name: 'Transfer', fields: { from: coldkey.address, to: registry, value: price } },
      { by: 'registry', name: 'SubnetCreated', fields: { netuid: '1', owner: coldkey.address, price } },
    ]);
    assert.deepEqual(ownEvents(result), ['SubnetCreated']);
    assert.equal(await balance(coldkey), tao(10_000) - CREATION_PRICE);
    const { createdAt, immunityPeriod, registrationPrice, params, lock, terms, ...created } = await subnet();
    assert.deepEqual(created, {
      ...SUBNET,
      owner: coldkey.address,
      ownerHotkey: validator.address,
      kernel: network.yuma.address.toString(),
      symbol: '',
      startedAt: null,
      retiredAt: null,
      epoch: 0,
      neurons: 0,
    });
    assert.deepEqual([BigInt(lock), terms.split], [CREATION_PRICE, 'Network']);
    assert.equal(createdAt, await client.block());
    const started = await client.call(coldkey, network.registry, 'registry::start', NETUID);
    assert.deepEqual(ownEvents(started), ['SubnetStarted']);
    assert.ok(immunityPeriod > 0 && registrationPrice > 0);
    const { activityCutoff, minStake, bondsMovingAverage, ...rest } = YUMA;
    assert.deepEqual(params, {
      yuma: {
        ...rest,
        activityCutoff: Number(activityCutoff),
        minStake: Number(minStake),
        bondsMovingAverage: Number(bondsMovingAverage),
      },
    });
  });

  test('register burns the price, and each event is of the contract that told it', async () => {
    for (const [uid, hotkey] of [validator, miner].entries()) {
      const most = BigInt((await subnet()).registrationPrice);
      const before = await balance(coldkey);
      await approve('registry', most);
      // The validator has an owner, so it need not agree again.
      const signature = uid === 0 ? null : await agreement(hotkey);
      const result = await client.call(
        coldkey,
        network.registry,
        'registry::register',
        NETUID,
        hotkey.address,
        most,
        signature,
      );
      const registry = network.registry.address.toString();
      const events = client.events(result, network);
      assert.deepEqual(
        events.map(({ by, name }) => [by, name]),
        [
          ['token', 'Approval'],
          ['token', 'Transfer'],
          ['token', 'Transfer'],
          ['registry', 'NeuronRegistered'],
        ],
      );
      // It falls from block to block.
      const price = BigInt(events[3]!.fields['price']!);
      assert.ok(price > 0n && price < most);
      assert.deepEqual(events[2]!.fields, { from: registry, to: '', value: `${price}` });
      assert.deepEqual(events[3]!.fields, {
        netuid: '1',
        hotkey: hotkey.address,
        coldkey: coldkey.address,
        uid: `${uid}`,
        replaced: '',
        price: `${price}`,
      });
      assert.deepEqual(ownEvents(result), ['NeuronRegistered']);
      assert.equal(await balance(coldkey), before - price);
    }
    assert.equal((await subnet()).neurons, 2);
    const page = (await client.read(network.registry, 'registry::metagraph', NETUID, 0)).toJSON() as any[];
    assert.deepEqual(
      page.map(({ uid, neuron }) => [uid, neuron.hotkey]),
      [
        [0, validator.address],
        [1, miner.address],
      ],
    );
  });

  test('add_stake moves TAO and tells of it', async () => {
    await approve('staking', STAKE);
    const result = await client.call(coldkey, network.staking, 'staking::addStake', NETUID, validator.address, STAKE);
    const staking = network.staking.address.toString();
    assert.deepEqual(client.events(result, network), [
      { by: 'token', name: 'Approval', fields: { owner: coldkey.address, spender: staking, amount: '0' } },
      { by: 'token', name: 'Transfer', fields: { from: coldkey.address, to: staking, value: `${STAKE}` } },
      {
        by: 'staking',
        name: 'StakeAdded',
        fields: {
          netuid: '1',
          coldkey: coldkey.address,
          hotkey: validator.address,
          amount: `${STAKE}`,
          weighsFrom: '1',
        },
      },
    ]);
    assert.deepEqual(ownEvents(result), ['StakeAdded']);
    const stake = await client.read(network.staking, 'staking::stake', NETUID, validator.address, coldkey.address);
    assert.equal(BigInt(stake.toString()), STAKE);
  });

  test('set_weights and close are told, and seen in status and header', async () => {
    const set = await client.call(validator, network.epoch, 'epochs::setWeights', NETUID, [1], [1], 0);
    assert.deepEqual(client.events(set, network), [
      {
        by: 'epoch',
        name: 'WeightsSet',
        fields: { netuid: '1', hotkey: validator.address, uid: '0', entries: '1' },
      },
    ]);
    const row = (await client.read(network.epoch, 'epochs::weights', NETUID, 0)).toJSON() as any;
    assert.deepEqual([row.uids, row.weights], [[1], [65_535]]);

    const open = (await client.read(network.epoch, 'epochs::status', NETUID)).toJSON() as any;
    assert.deepEqual([open.open, open.stage], [0, { open: null }]);
    await client.pass(deployer, Math.max(0, open.closesAt - (await client.block())));
    const closed = await client.call(deployer, network.epoch, 'epochs::close', NETUID);
    const events = client.events(closed, network);
    assert.deepEqual(
      events.map(({ by, name }) => [by, name]),
      [
        ['emission', 'Drawn'],
        ['epoch', 'EpochClosed'],
      ],
    );
    assert.deepEqual(ownEvents(closed), ['EpochClosed']);
    const status = (await client.read(network.epoch, 'epochs::status', NETUID)).toJSON() as any;
    assert.deepEqual([status.open, status.stage], [1, { closed: null }]);
    const header = (await client.read(network.epoch, 'epochs::header', NETUID)).toJSON() as any;
    assert.equal(header.kernelCode, bundle('yuma').source.hash);
    assert.equal(header.neurons, 2);
    // A subnet shares the emission from its first close on, so that is the first epoch with a budget.
    assert.deepEqual(header.budget, { split: { miners: 0, validators: 0 } });
    assert.deepEqual(
      [events[1]!.fields['epoch'], events[1]!.fields['neurons'], events[1]!.fields['budget']],
      ['0', '2', '0'],
    );
  });

  test('a refused call says by name what is wrong, and the metadata what to do', async () => {
    const refused = async (signer: KeyringPair, contract: keyof Network, message: string, ...args: unknown[]) => {
      const error = await client.call(signer, network[contract], message, ...args).then(
        () => assert.fail(`${message} was not refused`),
        (error: unknown) => error,
      );
      assert.ok(error instanceof Refused, String(error));
      return { variant: error.variant, value: error.value, docs: error.docs };
    };
    assert.deepEqual(
      await refused(coldkey, 'registry', 'registry::register', NETUID, miner.address, tao(1_000), null),
      {
        variant: 'AlreadyRegistered',
        value: 1,
        docs: 'The hotkey is already registered on this subnet, on this uid. Use another hotkey.',
      },
    );
    assert.deepEqual(await refused(coldkey, 'registry', 'registry::setHyperparameter', NETUID, { Tempo: 0 }), {
      variant: 'OutOfBounds',
      value: { field: { hyperparameter: 'Tempo' }, value: 0, min: 1, max: 50_400 },
      docs: 'The value is outside its bounds, which are both allowed. Use a value within them.',
    });
    const { closesAt } = (await client.read(network.epoch, 'epochs::status', NETUID)).toJSON() as any;
    const early = await refused(coldkey, 'epoch', 'epochs::close', NETUID);
    assert.deepEqual([early.variant, early.value], ['TempoNotOver', closesAt]);
    const poor = await refused(treasury, 'token', 'psp22::transfer', miner.address, 1, '');
    assert.equal(poor.variant, 'InsufficientBalance');
  });

  test('every variant of every error has a word in the metadata', () => {
    for (const name of NAMES) {
      const { types } = network[name].abi.metadata;
      for (const { type } of types) {
        const path = type.path.map(String);
        // The errors of the language and of PSP22 are not ours.
        if (path[0] !== 'inktensor_primitives' || !path.at(-1)!.endsWith('Error')) {
          continue;
        }
        for (const variant of type.def.asVariant.variants) {
          assert.ok(variant.docs.length > 0, `${name}: ${path.join('::')}::${variant.name.toString()}`);
        }
      }
    }
  });

  /** The subnet as JSON. */
  async function subnet(): Promise<any> {
    return (await client.read(network.registry, 'registry::subnet', NETUID)).toJSON();
  }
});

/** Names of the events that polkadot-js itself decodes: those of the contract that was called. */
function ownEvents(result: ContractSubmittableResult): string[] {
  return (result.contractEvents ?? []).map((event) => readable(event).name);
}
