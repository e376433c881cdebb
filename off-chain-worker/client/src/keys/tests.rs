use super::*;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicU32, Ordering},
};

const MNEMONIC: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
const SEED: &str = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";
/// Public key of `subkey inspect //Alice`.
const ALICE: &str = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

/// A file with this text and these permissions, which goes with the value.
struct Secret(PathBuf);

impl Secret {
    fn new(text: impl AsRef<[u8]>, mode: u32) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("inktensor-keys-{}-{next}", std::process::id()));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        Self(path)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn read(text: impl AsRef<[u8]>) -> Result<Keypair, KeyError> {
    from_file(&Secret::new(text, 0o600).0)
}

fn hex(account: AccountId) -> String {
    inktensor_primitives::hash::hex(account.as_ref())
}

#[test]
fn a_file_is_read_without_what_surrounds_its_line() {
    let alice = read("  //Alice \n\n").unwrap();
    assert_eq!(hex(account(&alice)).trim_start_matches("0x"), ALICE);
    let again = from_file(&Secret::new("//Alice", 0o400).0).unwrap();
    assert_eq!(account(&alice), account(&again));
    for text in [MNEMONIC, SEED] {
        let plain = account(&read(text).unwrap());
        let derived = account(&read(format!("{text}//worker\n")).unwrap());
        assert_ne!(plain, derived);
    }
}

#[test]
fn a_file_that_others_may_use_is_refused_with_what_mends_it() {
    for mode in [0o640, 0o604, 0o644, 0o620, 0o602, 0o610] {
        let secret = Secret::new("//Alice", mode);
        let problem = from_file(&secret.0).err().unwrap().to_string();
        let command = format!("`chmod 600 {}`", secret.0.display());
        assert!(problem.contains(&command), "{problem}");
        assert!(problem.contains(&format!("mode {mode:04o}")), "{problem}");
    }
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let problem = from_file(&env::temp_dir()).err().unwrap();
    assert!(matches!(problem, KeyError::NotAFile(_)), "{problem}");
    let problem = from_file(Path::new("no/such/file")).err().unwrap();
    assert!(problem.to_string().contains("no/such/file"), "{problem}");
}

#[test]
fn errors_tell_no_part_of_the_secret() {
    let wrong_word = MNEMONIC.replace("lake", "secretword");
    let misplaced = MNEMONIC.replace("walk", "bottom");
    let wrong: [(Vec<u8>, &str); 10] = [
        (wrong_word.clone().into(), "word 4 of the mnemonic"),
        (misplaced.into(), "checksum"),
        ("bottom drive obey".into(), "this one has 3"),
        (format!("{SEED}00//x").into(), "64 hexadecimal digits"),
        ("0xe5be9a50".into(), "64 hexadecimal digits"),
        (format!("{MNEMONIC}!//worker").into(), "it has to be"),
        (format!("{MNEMONIC}\n{SEED}").into(), "one line"),
        (" \n ".into(), "is empty"),
        (MNEMONIC.repeat(20).into(), "at most 1024 bytes"),
        (vec![0xff, 0xfe], "not text"),
    ];
    let secrets = MNEMONIC.split(' ').chain(["secretword", &SEED[2..10]]);
    let secrets: Vec<&str> = secrets.collect();
    for (text, why) in wrong {
        let error = read(&text).err().unwrap();
        let (shown, debug) = (error.to_string(), format!("{error:?}"));
        assert!(shown.contains(why), "{shown}");
        assert!(!shown.contains('\n'), "{shown}");
        for text in [shown, debug] {
            for secret in &secrets {
                let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
                assert!(!words.any(|word| word == *secret), "{text}");
            }
        }
    }
}

#[test]
fn a_key_is_in_exactly_one_place() {
    let none = |_: &str| None;
    let both = |name: &str| Some(PathBuf::from(name));
    let only = |wanted: &'static str| {
        move |name: &str| (name == wanted).then(|| PathBuf::from("somewhere"))
    };
    let file = KeyArguments {
        suri_file: Some("file".into()),
        ask_suri: false,
    };
    let asked = KeyArguments {
        suri_file: None,
        ask_suri: true,
    };
    let nothing = KeyArguments::default();
    assert!(matches!(nothing.place(&none), Err(KeyError::NotGiven)));
    assert_eq!(
        file.place(&none).unwrap(),
        SecretSource::File("file".into())
    );
    assert_eq!(asked.place(&none).unwrap(), SecretSource::Terminal);
    let variable = only(SURI_VARIABLE);
    assert_eq!(nothing.place(&variable).unwrap(), SecretSource::Variable);
    // An argument goes before the variable that says the same.
    let named = only(SURI_FILE_VARIABLE);
    let somewhere = SecretSource::File("somewhere".into());
    assert_eq!(nothing.place(&named).unwrap(), somewhere);
    assert_eq!(
        file.place(&named).unwrap(),
        SecretSource::File("file".into())
    );
    for twice in [
        nothing.place(&both),
        file.place(&variable),
        asked.place(&variable),
        asked.place(&named),
    ] {
        assert!(matches!(twice, Err(KeyError::Several { .. })), "{twice:?}");
    }
}

#[test]
fn no_prompt_without_a_terminal() {
    use std::io::IsTerminal;
    if std::io::stdin().is_terminal() {
        return;
    }
    let problem = read::terminal().err().unwrap();
    assert!(matches!(problem, KeyError::NoTerminal), "{problem}");
}
