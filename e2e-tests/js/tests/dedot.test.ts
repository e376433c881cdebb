// The generated types, used as an app would use them, against a node. That this file compiles is half of the test.

import { Keyring } from '@polkadot/keyring';
import type { KeyringPair } from '@polkadot/keyring/types';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { DedotClient, WsProvider } from 'dedot';
import { Contract, ContractDeployer } from 'dedot/contracts';
import { type HexString, hexToU8a, u8aToHex } from 'dedot/utils';
import type { EpochContractApi } from 'inktensor-bindings/epoch';
import type { InktensorPrimitivesRegistryErrorRegistryError, RegistryContractApi } from 'inktensor-bindings/registry';
import registryMetadata from 'inktensor-bindings/registry/metadata.json' with { type: 'json' };
import type { TokenContractApi } from 'inktensor-bindings/token';
import tokenMetadata from 'inktensor-bindings/token/metadata.json' with { type: 'json' };
import type { YumaContractApi } from 'inktensor-bindings/yuma';
import yumaMetadata from 'inktensor-bindings/yuma/metadata.json' with { type: 'json' };
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bundle } from './support/bundles.js';
import { CREATION_PRICE, NETWORK_RULES, tao, YUMA } from './support/genesis.js';
import { Node } from './support/node.js';

const NETUID = 1;
const FUNDS = tao(1_000);

describe('typed contracts through dedot', { timeout: 200_000 }, () => {
  let node: Node;
  let client: DedotClient;
  let alice: KeyringPair;
  let hotkey: KeyringPair;
  let token: Contract<TokenContractApi>;
  let registry: Contract<RegistryContractApi>;
  let yuma: Contract<YumaContractApi>;

  before(async () => {
    await cryptoWaitReady();
    const keyring = new Keyring({ type: 'sr25519' });
    alice = keyring.addFromUri('//Alice');
    hotkey = keyring.addFromUri('//Bob');
    node = await Node.start();
    // By the newer interface the node sends a transaction on with the next block only, but makes one only for a transaction.
    client = await DedotClient.new({ provider: new WsProvider(node.url), rpcVersion: 'legacy' });

    const defaultCaller = alice.address;
    const tokens = new ContractDeployer<TokenContractApi>(client, tokenMetadata, bundle('token').source.wasm);
    token = await deployed(tokens.tx.new([[alice.address, FUNDS]], { salt: '0x' }));
    // The code at the registry's address is a front, which understands the messages of the full code.
    const full = bundle('registry').source;
    const uploaded = await client.tx.contracts
      .uploadCode(full.wasm, undefined, 'Enforced')
      .signAndSend(alice)
      .untilBestChainBlockIncluded();
    assert.equal(uploaded.dispatchError, undefined);
    const front = bundle('registry_front');
    const registries = new ContractDeployer(client, JSON.stringify(front), front.source.wasm);
    const { address } = await deployed(registries.tx['new']!(full.hash, token.address, NETWORK_RULES, { salt: '0x' }));
    registry = new Contract<RegistryContractApi>(client, registryMetadata, address, { defaultCaller });
    const kernels = new ContractDeployer<YumaContractApi>(client, yumaMetadata, bundle('yuma').source.wasm);
    yuma = await deployed(kernels.tx.new({ salt: '0x' }));

    async function deployed(tx: any): Promise<any> {
      const result = await tx.signAndSend(alice).untilBestChainBlockIncluded();
      assert.equal(result.dispatchError, undefined);
      return result.contract({ defaultCaller });
    }
  });

  after(async () => {
    await client?.disconnect();
    await node?.stop();
  });

  test('a view answers with its type', async () => {
    const { data: balance } = await token.query.psp22BalanceOf(alice.address);
    assert.equal(balance, FUNDS);
    const { data: price } = await registry.query.registryCreationPrice();
    assert.equal(price, CREATION_PRICE);
    const { data: missing } = await registry.query.registrySubnet(NETUID);
    assert.equal(missing, undefined);
  });

  test('a call is sent, and its events are decoded', async () => {
    const allowed = await registry.tx
      .registryAllowKernel(yuma.address, bundle('yuma').source.hash, { type: 'Yuma', value: YUMA })
      .signAndSend(alice)
      .untilBestChainBlockIncluded();
    const kernel = registry.events.KernelAllowed.find(allowed.events);
    assert.equal(kernel?.data.kernel.address(), yuma.address);
    assert.deepEqual(kernel?.data.defaults, { type: 'Yuma', value: YUMA });

    await token.tx.psp22Approve(registry.address, CREATION_PRICE).signAndSend(alice).untilBestChainBlockIncluded();
    const { data: agreement } = await registry.query.registryAgreement(hotkey.address, alice.address);
    const signature = u8aToHex(hotkey.sign(hexToU8a(agreement as HexString)));
    const created = await registry.tx
      .registryCreateSubnet('vision', hotkey.address, yuma.address, 360, 256, 64, CREATION_PRICE, signature)
      .signAndSend(alice)
      .untilBestChainBlockIncluded();
    const subnet = registry.events.SubnetCreated.find(created.events);
    assert.equal(subnet?.data.netuid, NETUID);
    assert.equal(subnet?.data.price, CREATION_PRICE);
    // Who told it decides, not whose metadata knows it: the registry's knows a transfer too.
    assert.deepEqual(
      token.events.Transfer.filter(created.events).map(({ data }) => [
        data.from?.address(),
        data.to?.address(),
        data.value,
      ]),
      [[alice.address, registry.address, CREATION_PRICE]],
    );
    assert.deepEqual(registry.events.Transfer.filter(created.events), []);

    const { data } = await registry.query.registrySubnet(NETUID);
    assert.equal(data?.name, 'vision');
    assert.equal(data?.ownerHotkey.address(), hotkey.address);
    assert.deepEqual(data?.params, { type: 'Yuma', value: YUMA });
  });

  test('an error has its type', async () => {
    const { data, flags } = await registry.query.registryRegister(NETUID, hotkey.address, 0n, undefined);
    assert.ok(data.isErr && flags.revert);
    const { data: found } = await registry.query.registrySubnet(NETUID);
    assert.deepEqual(data.err, { type: 'PriceAbove', value: found?.registrationPrice });
    assert.equal(advice(data.err), `offer ${found?.registrationPrice} rao`);
    const tempo = await registry.query.registrySetHyperparameter(NETUID, { type: 'Tempo', value: 0 });
    assert.ok(tempo.data.isErr);
    assert.equal(advice(tempo.data.err), 'between 1 and 50400');
    // A transaction tells less than a query.
    const sent = registry.tx.registryRegister(NETUID, hotkey.address, 0n, undefined);
    const { dispatchError } = await sent.signAndSend(alice).untilBestChainBlockIncluded();
    assert.equal(client.registry.findErrorMeta(dispatchError!)?.name, 'ContractReverted');
    const { data: unknown } = await registry.query.registryRegister(9, hotkey.address, 0n, undefined);
    assert.ok(unknown.isErr);
    assert.deepEqual(unknown.err, { type: 'UnknownSubnet' });
  });
});

/** What an app tells its user; the compiler knows the fields of each variant. */
function advice(error: InktensorPrimitivesRegistryErrorRegistryError): string {
  switch (error.type) {
    case 'PriceAbove':
      return `offer ${error.value} rao`;
    case 'OutOfBounds': {
      // dedot drops the names of a variant's fields.
      const [, , min, max] = error.value;
      return `between ${min} and ${max}`;
    }
    default:
      return error.type;
  }
}

/** Compiled, never run: what the types refuse. */
export function refusals(registry: Contract<RegistryContractApi>, epoch: Contract<EpochContractApi>): void {
  // @ts-expect-error: a netuid is a number
  void registry.query.registrySubnet('one');
  // @ts-expect-error: amounts are bigint
  void registry.tx.registryRegister(NETUID, 'hotkey', 5, undefined);
  // @ts-expect-error: no such parameter
  void registry.tx.registrySetHyperparameter(NETUID, { type: 'Temper', value: 1 });
  // @ts-expect-error: weights are for uids
  void epoch.tx.epochsSetWeights(NETUID, [1]);
}
