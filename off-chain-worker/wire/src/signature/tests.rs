//! The examples of RFC 9421, appendix B.2, over this module's parser and base.

use super::*;
use crate::testing::{hotkey, miner};
use base64::{engine::general_purpose::STANDARD, Engine};
use proptest::prelude::*;
use ring::{hmac, signature as other};

const REQUEST: &str = "POST /foo?param=Value&Pet=dog\n\
    Host: example.com\n\
    Date: Tue, 20 Apr 2021 02:07:55 GMT\n\
    Content-Type: application/json\n\
    Content-Digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\n\
    Content-Length: 18";
const RESPONSE: &str = "200 OK\n\
    Date: Tue, 20 Apr 2021 02:07:56 GMT\n\
    Content-Type: application/json\n\
    Content-Digest: sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n\
    Content-Length: 23";
const RSA: &str = "MIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+\
    Lh1GH45x28Rw3Ry53mm+oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO\
    7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5WUtzd\
    piy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d+nb4bnNkQ\
    VklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI2wIDAQAB";
const P256: &str =
    "BKiFWGVSwqz2Rxh4z9ewk1tP/g/S38NBJI6he8QeBYrwMc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0=";
const ED25519: &str = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
const SECRET: &str =
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";

/// Returns the value of a component of a message, as section 2 of the RFC derives it.
fn value(message: &str, component: &str) -> String {
    let mut lines = message.lines();
    let first = lines.next().unwrap();
    let field = |name: &str| {
        let mut fields = message
            .lines()
            .skip(1)
            .map(|line| line.split_once(": ").unwrap());
        fields
            .find(|(it, _)| it.eq_ignore_ascii_case(name))
            .unwrap()
            .1
            .to_owned()
    };
    let (method, target) = first.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match component {
        r#""@method""# => method.into(),
        r#""@path""# => path.into(),
        r#""@query""# => format!("?{query}"),
        r#""@authority""# => field("host"),
        r#""@status""# => method.into(),
        r#""@query-param";name="Pet""# => query
            .split('&')
            .find_map(|it| it.strip_prefix("Pet="))
            .unwrap()
            .into(),
        name => field(name.trim_matches('"')),
    }
}

/// Parses the fields of an example, and returns the base and the signature.
fn rebuilt(message: &str, label: &'static str, input: &str, signature: &str) -> (String, Vec<u8>) {
    let input = Input::parse(&format!("{label}={input}"), label).unwrap();
    let lines = input.components().fold(Base::default(), |base, component| {
        let value = value(message, &component);
        base.line(&component, &value)
    });
    let base = lines.finish(&input.text);
    let signature = signature_bytes(&format!("{label}=:{signature}:"), label).unwrap();
    (String::from_utf8(base).unwrap(), signature)
}

fn key(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

#[test]
fn minimal_signature_of_b21_verifies() {
    let input = r#"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#;
    let (base, signature) = rebuilt(REQUEST, "sig-b21", input, "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==");
    assert_eq!(base, format!("\"@signature-params\": {input}"));
    let key = other::UnparsedPublicKey::new(&other::RSA_PSS_2048_8192_SHA512, key(RSA));
    key.verify(base.as_bytes(), &signature).unwrap();
}

#[test]
fn selective_components_of_b22_verify() {
    let input = r#"("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#;
    let (base, signature) = rebuilt(REQUEST, "sig-b22", input, "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==");
    let expected = r#""@authority": example.com
"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:
"@query-param";name="Pet": dog
"@signature-params": ("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#;
    assert_eq!(base, expected);
    let key = other::UnparsedPublicKey::new(&other::RSA_PSS_2048_8192_SHA512, key(RSA));
    key.verify(base.as_bytes(), &signature).unwrap();
}

#[test]
fn full_coverage_of_b23_verifies() {
    let input = r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#;
    let (base, signature) = rebuilt(REQUEST, "sig-b23", input, "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==");
    let expected = r#""date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@query": ?param=Value&Pet=dog
"@authority": example.com
"content-type": application/json
"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#;
    assert_eq!(base, expected);
    let key = other::UnparsedPublicKey::new(&other::RSA_PSS_2048_8192_SHA512, key(RSA));
    key.verify(base.as_bytes(), &signature).unwrap();
}

#[test]
fn response_of_b24_verifies() {
    let input = r#"("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256""#;
    let (base, signature) = rebuilt(
        RESPONSE,
        "sig-b24",
        input,
        "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==",
    );
    let expected = r#""@status": 200
"content-type": application/json
"content-digest": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:
"content-length": 23
"@signature-params": ("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256""#;
    assert_eq!(base, expected);
    let key = other::UnparsedPublicKey::new(&other::ECDSA_P256_SHA256_FIXED, key(P256));
    key.verify(base.as_bytes(), &signature).unwrap();
}

#[test]
fn symmetric_signature_of_b25_is_the_same_bytes() {
    let input =
        r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let expected = "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=";
    let (base, signature) = rebuilt(REQUEST, "sig-b25", input, expected);
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &key(SECRET));
    assert_eq!(hmac::sign(&secret, base.as_bytes()).as_ref(), signature);
}

#[test]
fn ed25519_signature_of_b26_verifies() {
    let input = r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
    let (base, signature) = rebuilt(
        REQUEST,
        "sig-b26",
        input,
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
    );
    let key = other::UnparsedPublicKey::new(&other::ED25519, key(ED25519));
    key.verify(base.as_bytes(), &signature).unwrap();
    let other_base = base.replace("POST", "PUT");
    assert!(key.verify(other_base.as_bytes(), &signature).is_err());
}

#[test]
fn verify_accepts_the_message_inside_bytes_only() {
    let keys = subxt_signer::sr25519::Keypair::from_secret_key([1; 32]).unwrap();
    let base = b"\"@method\": POST";
    let account = miner().account();
    assert!(verify(&account, base, &miner().sign(base)));
    assert!(verify(
        &account,
        base,
        &keys.sign(b"<Bytes>\"@method\": POST</Bytes>").0
    ));
    // Without the wrapper the same key could be led to sign a transaction.
    assert!(!verify(&account, base, &keys.sign(base).0));
    assert!(!verify(&hotkey(3).account(), base, &miner().sign(base)));
    assert!(!verify(&account, b"\"@method\": PUT", &miner().sign(base)));
}

#[test]
fn verify_refuses_degenerate_keys_and_signatures() {
    let base = b"base";
    for bytes in [[0; 64], [0xff; 64]] {
        assert!(!verify(&miner().account(), base, &bytes));
        for account in [[0; 32], [0xff; 32]] {
            assert!(!verify(&account.into(), base, &bytes));
        }
    }
}

#[test]
fn verify_refuses_the_identity_that_signs_every_message() {
    // R and s are zero, and the last bit marks the scheme: s B = R + k A holds for A = 0.
    let mut signature = [0; 64];
    signature[63] = 0x80;
    let zero = [0; 32];
    let key = sr25519::PublicKey(zero);
    let holds = sr25519::verify(&sr25519::Signature(signature), b"any message", &key);
    assert!(holds, "without the check of the key, anyone signs with it");
    assert!(!verify(&zero.into(), b"any message", &signature));
}

#[test]
fn parse_refuses_other_labels_and_more_members() {
    let parse = |text| Input::parse(text, "q");
    assert!(parse("q=();created=1").is_ok());
    let other = FieldError::Member {
        field: "Signature-Input",
        label: "q",
    };
    for text in ["", "a=()", "q=(), a=()", "a=(), q=()"] {
        assert_eq!(parse(text), Err(other.clone()), "{text}");
    }
    for text in ["q", "q=1", "q=:AAAA:", "q=(", "q=()x", "q=(1)\u{e4}"] {
        assert_eq!(
            parse(text),
            Err(FieldError::Syntax("Signature-Input")),
            "{text}"
        );
    }
    let long = format!("q=();x=\"{}\"", "a".repeat(MAX_FIELD));
    assert_eq!(parse(&long), Err(FieldError::TooLong("Signature-Input")));
}

#[test]
fn signature_bytes_are_one_byte_sequence() {
    assert_eq!(signature_bytes("q=:AAEC:", "q"), Ok(vec![0, 1, 2]));
    assert_eq!(signature_bytes("q=::", "q"), Ok(Vec::new()));
    for text in [
        "q",
        "q=\"AAEC\"",
        "q=AAEC",
        "q=(:AAEC:)",
        "q=:AAEC:;x",
        "q=:A!:",
    ] {
        assert!(signature_bytes(text, "q").is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn parse_of_any_text_returns(text in ".{0,200}") {
        let _ = Input::parse(&text, "q");
        let _ = signature_bytes(&text, "q");
    }
}
