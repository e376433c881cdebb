use alloc::{format, string::ToString, vec, vec::Vec};

use proptest::prelude::*;

use super::{tables::DIGEST_OF_ALL, *};

fn vocabulary(tokens: &[&str]) -> Vocabulary {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
    Vocabulary::parse(&[&special, tokens].concat().join("\n")).unwrap()
}

/// Every character of Unicode, between letters, against the digest of uncompressed rules.
#[test]
fn every_character_is_treated_as_the_uncompressed_tables_have_it() {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    for char in '\0'..=char::MAX {
        let text = words(&format!("a{char}b")).join("\u{1f}") + "\u{1e}";
        for byte in text.bytes() {
            digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    assert_eq!(digest, DIGEST_OF_ALL);
}

#[test]
fn text_is_split_into_folded_words() {
    let cases: [(&str, &[&str]); 14] = [
        ("", &[]),
        (" \t\r\n\u{a0}\u{3000}\u{2028}", &[]),
        ("Hello, World!", &["hello", ",", "world", "!"]),
        ("a\u{0}b\u{200d}c\u{ad}d\u{fffd}e\u{7f}", &["abcde"]),
        ("Crème Brûlée ÅNGSTRÖM", &["creme", "brulee", "angstrom"]),
        // Composed and decomposed text are the same.
        ("cafe\u{301} caf\u{e9}", &["cafe", "cafe"]),
        // Letters without a decomposition stay; the capital I with a dot has one.
        (
            "Straße ØRE ISTANBUL İstanbul",
            &["straße", "øre", "istanbul", "istanbul"],
        ),
        ("ΌΣΟΣ Йод", &["οσοσ", "иод"]),
        ("東京tower", &["東", "京", "tower"]),
        ("カガ", &["カカ"]),
        ("각", &["\u{1100}\u{1161}\u{11a8}"]),
        (
            "don't $5 «a»—b…",
            &["don", "'", "t", "$", "5", "«", "a", "»", "—", "b", "…"],
        ),
        // Symbols outside of ASCII are letters to BERT.
        ("5€ ©", &["5€", "©"]),
        ("ﬁne", &["ﬁne"]),
    ];
    for (text, expected) in cases {
        assert_eq!(words(text), expected, "{text:?}");
    }
}

#[test]
fn words_are_cut_into_their_longest_pieces() {
    let vocabulary = vocabulary(&["un", "##aff", "##able", "##a", "aff", "a", ","]);
    let cases: [(&str, &[&str]); 6] = [
        ("unaffable", &["un", "##aff", "##able"]),
        ("Aff, a", &["aff", ",", "a"]),
        // A rest that no token begins makes the whole word unknown.
        ("unafx a", &["[UNK]", "a"]),
        // A token that continues does not begin a word.
        ("able", &["[UNK]"]),
        ("[SEP]", &["[UNK]", "[UNK]", "[UNK]"]),
        ("aa", &["a", "##a"]),
    ];
    let tokens: Vec<&str> = vocabulary.tokens().collect();
    for (text, expected) in cases {
        let found = vocabulary.encode(text, 128).unwrap();
        let found: Vec<_> = found.iter().map(|id| tokens[*id as usize]).collect();
        assert_eq!(found, [&["[CLS]"], expected, &["[SEP]"]].concat(), "{text}");
    }
}

#[test]
fn limits_hold_at_their_bound() {
    let vocabulary = vocabulary(&["a", "##a"]);
    let tokens = |text: &str, limit| vocabulary.encode(text, limit).map(|tokens| tokens.len());
    assert_eq!(tokens(&"a ".repeat(126), 128), Ok(128));
    let refusal = WordPieceError::TooManyTokens {
        tokens: 129,
        limit: 128,
    };
    assert_eq!(tokens(&"a ".repeat(127), 128), Err(refusal));

    assert_eq!(tokens(&"a".repeat(WORD_LIMIT), 128), Ok(WORD_LIMIT + 2));
    assert_eq!(tokens(&"a".repeat(WORD_LIMIT + 1), 128), Ok(3));

    assert_eq!(tokens(&" ".repeat(TEXT_LIMIT), 128), Ok(2));
    let refusal = WordPieceError::TextTooLong {
        bytes: TEXT_LIMIT + 1,
    };
    assert_eq!(tokens(&" ".repeat(TEXT_LIMIT + 1), 128), Err(refusal));
}

#[test]
fn faulty_vocabularies_are_refused() {
    let fault = |text: &str| Vocabulary::parse(text).unwrap_err().to_string();
    assert_eq!(
        fault("[UNK]\n[CLS]\n"),
        "the vocabulary does not have the token `[SEP]`; use that of a BERT"
    );
    assert_eq!(
        fault("[UNK]\n\n[CLS]"),
        "line 2 of the vocabulary is empty; every line has one token"
    );
    assert_eq!(
        fault("[UNK]\na\nb\na"),
        "the vocabulary has the token `a` twice"
    );

    let numbered = |count: usize| {
        let mut tokens = vec!["[UNK]".to_string(), "[CLS]".into(), "[SEP]".into()];
        tokens.extend((3..count).map(|number| number.to_string()));
        Vocabulary::parse(&tokens.join("\n"))
    };
    assert_eq!(numbered(VOCABULARY_LIMIT).unwrap().len(), VOCABULARY_LIMIT);
    assert_eq!(
        numbered(VOCABULARY_LIMIT + 1).unwrap_err(),
        WordPieceError::VocabularyTooLong
    );
    let long = "[UNK]\n[CLS]\n[SEP]\n".to_string();
    let filled = long.clone() + &"x".repeat(VOCABULARY_BYTES_LIMIT - long.len());
    assert!(Vocabulary::parse(&filled).is_ok());
    assert_eq!(
        Vocabulary::parse(&(filled + "x")).unwrap_err(),
        WordPieceError::VocabularyTooLong
    );
}

proptest! {
    /// Words are clean: splitting them again changes nothing.
    #[test]
    fn words_are_fixed_points(text in any::<alloc::string::String>()) {
        let once = words(&text);
        prop_assert_eq!(&words(&once.join(" ")), &once);
        let vocabulary = vocabulary(&["a", "##b"]);
        prop_assert!(vocabulary.encode(&text, usize::MAX).is_ok());
    }
}
