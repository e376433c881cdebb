// Asks a receiver of `inktensor-1`, and checks the receipt, with packages of others.
//
// The first line of the input is JSON: the receiver, the caller and its seed, a question, the
// answer that is expected, and a question that is refused. The last line of the output is `ok`, and
// the exit code is 0, if the receipts hold and everything that should fail has failed.

import { sign, verify, secretFromSeed } from '@scure/sr25519';
import { httpbis } from 'http-message-signatures';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import https from 'node:https';
import { createInterface } from 'node:readline';

const TAG = 'inktensor-1';
const DIGITS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Returns the public key of an SS58 address: a byte of prefix, the key, two of checksum. */
function account(address) {
  const number = [...address].reduce((sum, digit) => sum * 58n + BigInt(DIGITS.indexOf(digit)), 0n);
  const bytes = Buffer.from(number.toString(16).padStart(70, '0'), 'hex');
  assert.equal(bytes[0], 42, 'the prefix is not the one of chains without a prefix');
  return bytes.subarray(1, 33);
}

const wrapped = (base) => Buffer.concat([Buffer.from('<Bytes>'), base, Buffer.from('</Bytes>')]);
const item = (bytes) => `:${Buffer.from(bytes).toString('base64')}:`;
const contentDigest = (body) => `sha-256=${item(createHash('sha256').update(body).digest())}`;

async function question(receiver, body) {
  const now = new Date();
  const home = Buffer.from(receiver.home.slice(2), 'hex');
  const to = account(receiver.receiver);
  const { netuid, epoch, by, seat } = receiver;
  const secret = secretFromSeed(Buffer.from(receiver.seed.slice(2), 'hex'));
  const request = {
    method: 'POST',
    url: `https://m0.localhost:${receiver.port}/v1/ask`,
    headers: {
      'Content-Type': 'application/json',
      'Content-Digest': contentDigest(body),
      Inktensor: `home=${item(home)}, netuid=${netuid}, epoch=${epoch}, by=${by}, to=${item(to)}, seat=${seat}`,
    },
  };
  return httpbis.signMessage(
    {
      key: { id: receiver.caller, sign: async (base) => Buffer.from(sign(secret, wrapped(base))) },
      name: 'q',
      fields: ['@method', '@path', 'content-type', 'content-digest', 'inktensor'],
      params: ['created', 'keyid', 'expires', 'nonce', 'tag'],
      paramValues: {
        created: now,
        expires: new Date(now.getTime() + 20_000),
        nonce: randomBytes(16).toString('base64'),
        tag: TAG,
      },
    },
    request,
  );
}

/** Sends a request over TLS with the pinned certificate. */
function exchange(receiver, method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': body.length };
    const request = https.request(
      {
        host: '127.0.0.1',
        port: receiver.port,
        method,
        path,
        headers: { ...headers, ...length },
        rejectUnauthorized: false,
        agent: false,
      },
      (response) => {
        const pieces = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }),
        );
      },
    );
    request.on('socket', (socket) =>
      socket.on('secureConnect', () => {
        const pin = createHash('sha256').update(socket.getPeerCertificate().raw).digest('hex');
        if (`0x${pin}` !== receiver.pin) {
          request.destroy(new Error(`the certificate has hash ${pin}`));
        }
      }),
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** Returns true for a signature of the receiver over these components, and the body. */
async function holds(receiver, response, request, fields) {
  const input = response.headers['signature-input'];
  assert.ok(input.startsWith(`a=(${fields});`), input);
  const valid = await httpbis.verifyMessage(
    {
      tolerance: 10,
      keyLookup: async ({ keyid, tag }) => {
        assert.equal(keyid, receiver.receiver, 'another key has signed');
        assert.equal(tag, TAG);
        return {
          id: keyid,
          verify: async (base, signature) => verify(wrapped(base), signature, account(keyid)),
        };
      },
    },
    response,
    request,
  );
  return valid === true && response.headers['content-digest'] === contentDigest(response.body);
}

/** Compares the members of two documents; numbers of a list may be off by one. */
function agrees(answer, expected) {
  assert.deepEqual(Object.keys(answer), Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) {
    if (Array.isArray(value)) {
      assert.equal(answer[name].length, value.length);
      assert.ok(answer[name].every((number, index) => Math.abs(number - value[index]) <= 1));
    } else {
      assert.deepEqual(answer[name], value);
    }
  }
}

async function main() {
  const [line] = await new Promise((resolve) => {
    createInterface({ input: process.stdin }).once('line', (text) => resolve([text]));
  });
  const receiver = JSON.parse(line);
  const body = Buffer.from(JSON.stringify(receiver.question));
  const ask = (request, sent = body) => exchange(receiver, 'POST', '/v1/ask', request.headers, sent);

  const request = await question(receiver, body);
  const response = await ask(request);
  assert.equal(response.status, 200, response.body.toString());
  agrees(JSON.parse(response.body), receiver.answer);
  const covered = '"@status" "content-type" "content-digest" "signature";req;key="q"';
  assert.ok(await holds(receiver, response, request, covered));

  const other = await question(receiver, body);
  assert.ok(!(await holds(receiver, response, other, covered)));
  assert.ok(!(await holds(receiver, { ...response, status: 503 }, request, covered)));
  assert.ok(!(await holds(receiver, { ...response, body: Buffer.from('{}') }, request, covered)));

  assert.equal((await ask(request)).status, 409);
  const forged = { ...other, headers: { ...other.headers, Signature: request.headers.Signature } };
  assert.equal((await ask(forged)).status, 401);
  const { Signature: _, ...without } = other.headers;
  assert.equal((await ask({ headers: without })).status, 400);

  if (receiver.refused !== undefined) {
    const long = Buffer.from(JSON.stringify(receiver.refused));
    const asked = await question(receiver, long);
    const refusal = await ask(asked, long);
    assert.equal(refusal.status, 400, refusal.body.toString());
    assert.ok(await holds(receiver, refusal, asked, covered));
    assert.ok(!(await holds(receiver, { ...refusal, status: 200 }, asked, covered)));
  }

  const greeting = { method: 'GET', url: `https://m0.localhost:${receiver.port}/v1/hello`, headers: {} };
  const hello = await exchange(receiver, 'GET', '/v1/hello', {});
  assert.ok(await holds(receiver, hello, greeting, '"@status" "content-type" "content-digest" "@path";req'));
  assert.equal(JSON.parse(hello.body).task, receiver.task);
  process.stdout.write('ok\n', () => process.exit(0));
}

main().catch((problem) => {
  console.error(problem);
  process.exit(1);
});
