// What an app built on polkadot-js does: deploys, reads, sends, decodes events and errors.

import { ApiPromise, Keyring, type SubmittableResult, WsProvider } from '@polkadot/api';
import type { SubmittableExtrinsic } from '@polkadot/api/types';
import { type Abi, CodePromise, ContractPromise } from '@polkadot/api-contract';
import type { CodeSubmittableResult } from '@polkadot/api-contract/base';
import type { ContractSubmittableResult } from '@polkadot/api-contract/base/Contract';
import type { DecodedEvent } from '@polkadot/api-contract/types';
import type { KeyringPair } from '@polkadot/keyring/types';
import type {
  ContractExecResult,
  ContractInstantiateResult,
  DispatchError,
  WeightV2,
} from '@polkadot/types/interfaces';
import type { Codec, ISubmittableResult } from '@polkadot/types/types';
import type { Enum, Result } from '@polkadot/types-codec';
import type { Bundle } from '../support/bundles.js';

/** What a dry run may use. Without a proof size polkadot-js gives it none, and every call fails. */
const DRY_RUN = { refTime: 1_000_000_000_000n, proofSize: 10_000_000n };
/** What a call is sent with, in hundredths of what its dry run asked for: the chain may have moved on. */
const MARGIN = 110n;

/** An event as an app reads it: the contract that told it, its name, and its fields as text. */
export interface Told {
  by: string;
  name: string;
  fields: Record<string, string>;
}

/** A call that the contract answered with an error: the name of the variant, its fields, and what its author says of it. */
export class Refused extends Error {
  constructor(
    readonly variant: string,
    readonly value: unknown,
    readonly docs: string,
  ) {
    super(`${variant}: ${docs}`);
  }
}

/** A connection, and accounts. */
export class Client {
  private readonly keyring = new Keyring({ type: 'sr25519' });

  private constructor(readonly api: ApiPromise) {}

  /** Connects to the node at `url`. */
  static async connect(url: string): Promise<Client> {
    // It warns of what it does not know of a node: nothing here depends on that.
    return new Client(await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true }));
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    await this.api.disconnect();
  }

  /** A development account, such as `Alice`. */
  account(name: string): KeyringPair {
    return this.keyring.addFromUri(`//${name}`, { name });
  }

  /** Uploads the code of a `.contract` file and runs its constructor. */
  async deploy(signer: KeyringPair, bundle: Bundle, ...args: unknown[]): Promise<ContractPromise> {
    const code = new CodePromise(this.api, bundle, bundle.source.wasm);
    const dry = await this.api.call['contractsApi']!['instantiate']!<ContractInstantiateResult>(
      signer.address,
      0,
      null,
      null,
      { Upload: bundle.source.wasm },
      code.abi.findConstructor('new').toU8a(args),
      '',
    );
    if (dry.result.isErr) {
      throw this.dispatchError(dry.result.asErr);
    }
    const gasLimit = this.withMargin(dry.gasRequired as WeightV2);
    const tx = code.tx['new']!({ gasLimit, salt: '' }, ...args);
    const { contract } = await this.send<CodeSubmittableResult<'promise'>>(signer, tx);
    return new ContractPromise(this.api, contract!.abi, contract!.address);
  }

  /** Uploads the full code of a contract and deploys its front, which understands the messages of the full code. */
  async deployFront(signer: KeyringPair, full: Bundle, front: Bundle, ...args: unknown[]): Promise<ContractPromise> {
    await this.send(signer, this.api.tx['contracts']!['uploadCode']!(full.source.wasm, null, 'Enforced'));
    const { address } = await this.deploy(signer, front, full.source.hash, ...args);
    return new ContractPromise(this.api, full, address);
  }

  /** What the view `message` answers. */
  async read(contract: ContractPromise, message: string, ...args: unknown[]): Promise<Codec> {
    // Views have no caller: any account will do.
    const { output } = await this.dryRun(this.account('Alice').address, contract, message, args);
    return output;
  }

  /**
   * Calls `message`, once a dry run has shown that the contract does not refuse it.
   *
   * @throws {Refused} with the contract's error
   */
  async call(
    signer: KeyringPair,
    contract: ContractPromise,
    message: string,
    ...args: unknown[]
  ): Promise<ContractSubmittableResult> {
    const { output, gasRequired } = await this.dryRun(signer.address, contract, message, args);
    const answer = output as Result<Codec, Enum>;
    if (answer.isErr) {
      throw refusal(contract.abi, message, answer.asErr);
    }
    return this.send(signer, contract.tx[message]!({ gasLimit: this.withMargin(gasRequired) }, ...args));
  }

  /** The events of `result`, each decoded with the metadata of the contract that told it. */
  events(result: SubmittableResult, contracts: Record<string, ContractPromise>): Told[] {
    return result.events.flatMap((record) => {
      if (!this.api.events['contracts']!['ContractEmitted']!.is(record.event)) {
        return [];
      }
      const address = record.event.data[0]!.toString();
      const found = Object.entries(contracts).find(([, contract]) => contract.address.toString() === address);
      if (!found) {
        throw new Error(`an event of ${address}, which is none of ours`);
      }
      const [by, contract] = found;
      return [{ by, ...readable(contract.abi.decodeEvent(record)) }];
    });
  }

  /** Has the node make `count` blocks: it makes one for each transaction. */
  async pass(signer: KeyringPair, count: number): Promise<void> {
    for (let block = 0; block < count; block += 1) {
      await this.send(signer, this.api.tx['system']!['remark']!(''));
    }
  }

  /** Number of the newest block. */
  async block(): Promise<number> {
    return (await this.api.rpc.chain.getHeader()).number.toNumber();
  }

  private async dryRun(
    caller: string,
    contract: ContractPromise,
    message: string,
    args: unknown[],
  ): Promise<{ output: Codec; gasRequired: WeightV2 }> {
    const gasLimit = this.api.registry.createType<WeightV2>('WeightV2', DRY_RUN);
    const { result, output, gasRequired } = await contract.query[message]!(caller, { gasLimit }, ...args);
    if (result.isErr) {
      throw this.dispatchError((result as ContractExecResult['result']).asErr as DispatchError);
    }
    // The outer result says whether the message was understood, the inner one, where there is one, what came of it.
    const understood = output as Result<Codec, Enum>;
    if (understood.isErr) {
      throw new Error(`${message}: ${understood.asErr.type}`);
    }
    return { output: understood.asOk, gasRequired: gasRequired as WeightV2 };
  }

  private withMargin({ refTime, proofSize }: WeightV2): WeightV2 {
    const more = (amount: bigint) => (amount * MARGIN) / 100n;
    return this.api.registry.createType<WeightV2>('WeightV2', {
      refTime: more(refTime.toBigInt()),
      proofSize: more(proofSize.toBigInt()),
    });
  }

  private send<R extends ISubmittableResult>(signer: KeyringPair, tx: SubmittableExtrinsic<'promise', R>): Promise<R> {
    return new Promise((resolve, reject) => {
      tx.signAndSend(signer, (result) => {
        if (result.dispatchError) {
          reject(this.dispatchError(result.dispatchError));
        } else if (result.isError) {
          reject(new Error(`a transaction ended as ${result.status.type}`));
        } else if (result.isInBlock) {
          resolve(result);
        }
      }).catch(reject);
    });
  }

  /** What the chain says of a call that it did not execute. */
  dispatchError(error: DispatchError): Error {
    if (!error.isModule) {
      return new Error(error.toString());
    }
    const { section, name, docs } = this.api.registry.findMetaError(error.asModule);
    return new Error(`${section}.${name}: ${docs.join(' ')}`);
  }
}

/** Name and fields of a decoded event. */
export function readable({ args, event }: DecodedEvent): Omit<Told, 'by'> {
  const name = event.identifier.split('::').at(-1)!;
  return { name, fields: Object.fromEntries(event.args.map((arg, i) => [arg.name, args[i]!.toString()])) };
}

/** What the metadata says of the error that `message` answered. */
function refusal(abi: Abi, message: string, error: Enum): Refused {
  const { spec, types } = abi.metadata;
  const { returnType } = spec.messages.find(({ label }) => abi.findMessage(message).identifier === label.toString())!;
  // Result<Result<T, Error>, LangError>: the second parameter of the first one's first.
  const parameter = (id: number, index: number) => types[id]!.type.params[index]!.type.unwrap().toNumber();
  const errors = types[parameter(parameter(returnType.unwrap().type.toNumber(), 0), 1)]!.type.def.asVariant;
  const variant = errors.variants.find(({ name }) => name.toString() === error.type)!;
  return new Refused(error.type, error.value.toJSON(), variant.docs.map(String).join(' ').trim());
}
