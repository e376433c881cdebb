"""Asks a receiver of `inktensor-1`, and checks the receipt, with packages of others.

The first line of the input is JSON: the receiver, the caller and its seed, a question, the answer
that is expected, and a question that is refused. The last line of the output is `ok`, and the exit
code is 0, if the receipts hold and everything that should fail has failed.
"""

import base64
import datetime
import hashlib
import http.client
import json
import os
import ssl
import sys
from types import SimpleNamespace

import sr25519
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)

TAG = "inktensor-1"
DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def account(address):
    """Returns the public key of an SS58 address: a byte of prefix, the key, two of checksum."""
    number = 0
    for digit in address:
        number = number * 58 + DIGITS.index(digit)
    bytes_ = number.to_bytes(35, "big")
    assert bytes_[0] == 42, "the prefix is not the one of chains without a prefix"
    return bytes_[1:33]


class Sr25519(HTTPSignatureAlgorithm):
    """sr25519, over the base inside `<Bytes>`."""

    algorithm_id = "sr25519"

    def __init__(self, public_key=None, private_key=None):
        self.public_key, self.private_key = public_key, private_key

    def sign(self, message):
        return sr25519.sign(self.private_key, b"<Bytes>" + message + b"</Bytes>")

    def verify(self, signature, message):
        if not sr25519.verify(signature, b"<Bytes>" + message + b"</Bytes>", self.public_key):
            raise InvalidSignature("not a signature of this key")


class Keys(HTTPSignatureKeyResolver):
    """The caller's key for signing, and the keys that addresses name."""

    def __init__(self, seed=None):
        self.seed = seed

    def resolve_private_key(self, key_id):
        return sr25519.pair_from_seed(self.seed)

    def resolve_public_key(self, key_id):
        return account(key_id)


def base64_item(bytes_):
    return f":{base64.b64encode(bytes_).decode()}:"


def content_digest(body):
    return "sha-256=" + base64_item(hashlib.sha256(body).digest())


def question(receiver, body, **changes):
    now = datetime.datetime.now(datetime.timezone.utc)
    home = bytes.fromhex(receiver["home"][2:])
    context = (
        f"home={base64_item(home)}, netuid={receiver['netuid']}, epoch={receiver['epoch']}, "
        f"by={receiver['by']}, to={base64_item(account(receiver['receiver']))}, seat={receiver['seat']}"
    )
    request = SimpleNamespace(
        method="POST",
        url=f"https://m0.localhost:{receiver['port']}/v1/ask",
        headers={
            "Content-Type": "application/json",
            "Content-Digest": content_digest(body),
            "Inktensor": context,
        },
    )
    keys = Keys(bytes.fromhex(receiver["seed"][2:]))
    HTTPMessageSigner(signature_algorithm=Sr25519, key_resolver=keys).sign(
        request,
        key_id=receiver["caller"],
        created=now,
        expires=now + datetime.timedelta(seconds=20),
        nonce=base64.b64encode(os.urandom(16)).decode(),
        label="q",
        tag=TAG,
        include_alg=False,
        use_existing_digest=True,
        covered_component_ids=("@method", "@path", "content-type", "content-digest", "inktensor"),
    )
    request.headers.update(changes)
    return request


def exchange(receiver, method, path, headers, body):
    """Sends a request over TLS with the pinned certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", receiver["port"], context=context)
    connection.connect()
    certificate = connection.sock.getpeercert(binary_form=True)
    pin = "0x" + hashlib.sha256(certificate).hexdigest()
    assert pin == receiver["pin"], f"the certificate has hash {pin}"
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, dict(response.getheaders()), answer


def verify(receiver, status, headers, request, body, components):
    """Checks an answer: a signature of the receiver over these components, and the body."""
    response = SimpleNamespace(status_code=status, headers=headers, request=request)
    verifier = HTTPMessageVerifier(signature_algorithm=Sr25519, key_resolver=Keys())
    (result,) = verifier.verify(response, expect_tag=TAG, require_components=components, body=body)
    assert result.parameters["keyid"] == receiver["receiver"], "another key has signed"


def refused(check):
    try:
        check()
    except (InvalidSignature, AssertionError):
        return
    raise AssertionError("a changed answer verifies")


def agrees(answer, expected):
    """Compares the members of two documents; numbers of a list may be off by one."""
    assert answer.keys() == expected.keys(), answer
    for name, value in expected.items():
        if isinstance(value, list):
            assert len(answer[name]) == len(value), answer
            assert all(abs(a - b) <= 1 for a, b in zip(answer[name], value)), answer
        else:
            assert answer[name] == value, answer


def main():
    receiver = json.loads(sys.stdin.readline())
    body = json.dumps(receiver["question"]).encode()

    request = question(receiver, body)
    status, headers, answer = exchange(receiver, "POST", "/v1/ask", request.headers, body)
    assert status == 200, (status, answer)
    agrees(json.loads(answer), receiver["answer"])
    covered = ("@status", "content-type", "content-digest", '"signature";req;key="q"')
    verify(receiver, status, headers, request, answer, covered)

    other = question(receiver, body)
    refused(lambda: verify(receiver, status, headers, other, answer, covered))
    refused(lambda: verify(receiver, 503, headers, request, answer, covered))
    refused(lambda: verify(receiver, status, headers, request, answer + b" ", covered))

    status, _, text = exchange(receiver, "POST", "/v1/ask", request.headers, body)
    assert status == 409, (status, text)
    forged = question(receiver, body, **{"Signature": request.headers["Signature"]})
    status, _, text = exchange(receiver, "POST", "/v1/ask", forged.headers, body)
    assert status == 401, (status, text)
    unsigned = question(receiver, body)
    del unsigned.headers["Signature"]
    status, _, text = exchange(receiver, "POST", "/v1/ask", unsigned.headers, body)
    assert status == 400, (status, text)

    if "refused" in receiver:
        body = json.dumps(receiver["refused"]).encode()
        request = question(receiver, body)
        status, headers, reason = exchange(receiver, "POST", "/v1/ask", request.headers, body)
        assert status == 400, (status, reason)
        verify(receiver, status, headers, request, reason, covered)
        refused(lambda: verify(receiver, 200, headers, request, reason, covered))

    greeting = SimpleNamespace(
        method="GET", url=f"https://m0.localhost:{receiver['port']}/v1/hello", headers={}
    )
    status, headers, answer = exchange(receiver, "GET", "/v1/hello", {}, None)
    covered = ("@status", "content-type", "content-digest", '"@path";req')
    verify(receiver, status, headers, greeting, answer, covered)
    assert json.loads(answer)["task"] == receiver["task"], answer
    print("ok")


main()
