// A node of its own for each file of tests.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The environment variable that names the node's program. */
const PROGRAM = 'CONTRACTS_NODE';
/** A chain in memory, free ports, nothing that looks for others. */
const ARGUMENTS = ['--dev', '--tmp', '--rpc-port=0', '--port=0', '--no-telemetry', '--no-prometheus', '--no-mdns'];
/** How long a node may take until it serves, and until it has stopped, in milliseconds. */
const START = 120_000;
const STOP = 10_000;

/** A running node. */
export class Node {
  private constructor(
    private readonly child: ChildProcess,
    /** Where it serves. */
    readonly url: string,
  ) {}

  /** Starts a node and waits until it serves. */
  static async start(): Promise<Node> {
    const program = process.env[PROGRAM];
    if (!program) {
      throw new Error(`${PROGRAM} does not name a node; \`cargo xtask test --js\` sets it`);
    }
    const child = spawn(program, ARGUMENTS, { stdio: ['ignore', 'ignore', 'pipe'] });
    // However these tests end, no node outlives them: a signal shall end them like everything else.
    const kill = () => child.kill('SIGKILL');
    const end = () => process.exit(1);
    process.once('exit', kill).once('SIGTERM', end).once('SIGINT', end);
    child.once('exit', () => process.off('exit', kill));
    try {
      return new Node(child, `ws://${await address(child, program)}`);
    } catch (error) {
      kill();
      throw error;
    }
  }

  /** Stops the node and waits for its end. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      return;
    }
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOP);
    await ended;
    clearTimeout(late);
  }
}

/** Reads from the node's log where it serves. The log is read on until its end: a full pipe would stop the node. */
function address(child: ChildProcess, program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const fail = (what: string) => reject(new Error(`${program} ${what}\n${said.slice(-10).join('\n')}`));
    const late = setTimeout(() => fail(`does not serve after ${START / 1000} s`), START);
    child.once('error', (error) => fail(`does not run: ${error.message}`));
    child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      said.push(line);
      const match = /Running JSON-RPC server: addr=([^,\s]+)/.exec(line);
      if (match) {
        clearTimeout(late);
        resolve(match[1]!);
      }
    });
  });
}
