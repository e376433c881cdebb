//! The list against a plain model of it.

use super::*;
use inktensor_primitives::kernel::YumaParams;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn kernel(seed: u8) -> AccountId {
    AccountId::from([seed; 32])
}

fn other(bytes: &[u8]) -> KernelParams {
    KernelParams::Other(bytes.to_vec())
}

/// Allows `kernel` with a code, from block `FROM` on.
fn allow(
    kernels: &mut Kernels,
    kernel: AccountId,
    code: u8,
    found: Option<Digest>,
    defaults: KernelParams,
) -> Result<(), RegistryError> {
    let entry = KernelEntry {
        code_hash: [code; 32],
        defaults,
        from: FROM,
        retired: false,
    };
    kernels.allow(kernel, found, &entry)
}

const FROM: u32 = 5;

/// Returns a list on which `kernel(7)` is allowed with the code `[7; 32]`.
fn with_kernel() -> Kernels {
    let mut kernels = Kernels::default();
    assert_eq!(
        allow(&mut kernels, kernel(7), 7, Some([7; 32]), other(&[1])),
        Ok(())
    );
    kernels
}

#[ink::test]
fn only_code_at_the_address_is_allowed() {
    let mut kernels = Kernels::default();
    for found in [None, Some([8; 32])] {
        assert_eq!(
            allow(&mut kernels, kernel(7), 7, found, other(&[])),
            Err(RegistryError::KernelCode(found))
        );
    }
    assert_eq!((kernels.entry(kernel(7)), kernels.all()), (None, vec![]));
}

#[ink::test]
fn an_announced_kernel_can_be_chosen_from_its_block_on() {
    let mut kernels = with_kernel();
    assert_eq!(
        kernels.choose(kernel(7), FROM - 1),
        Err(RegistryError::Announced(FROM))
    );
    assert_eq!(kernels.choose(kernel(7), FROM), Ok((other(&[1]), [7; 32])));
    assert_eq!(kernels.retire(kernel(7)), Ok(()));
    assert_eq!(
        kernels.choose(kernel(7), FROM - 1),
        Err(RegistryError::KernelNotAllowed)
    );
}

#[ink::test]
fn a_retired_kernel_keeps_its_entry() {
    let mut kernels = with_kernel();
    assert_eq!(kernels.choose(kernel(7), FROM), Ok((other(&[1]), [7; 32])));
    assert_eq!(kernels.retire(kernel(7)), Ok(()));
    assert_eq!(
        kernels.choose(kernel(7), FROM),
        Err(RegistryError::KernelNotAllowed)
    );
    assert_eq!(
        kernels.retire(kernel(7)),
        Err(RegistryError::KernelNotAllowed)
    );
    let entry = kernels.entry(kernel(7)).unwrap();
    assert_eq!((entry.code_hash, entry.retired), ([7; 32], true));
    assert_eq!(kernels.all(), [kernel(7)]);
}

#[ink::test]
fn allowing_again_changes_defaults_and_not_the_code() {
    let mut kernels = with_kernel();
    kernels.retire(kernel(7)).unwrap();
    assert_eq!(
        allow(&mut kernels, kernel(7), 8, Some([8; 32]), other(&[])),
        Err(RegistryError::KernelListed([7; 32]))
    );
    let yuma = KernelParams::Yuma(YumaParams::default());
    let again = allow(&mut kernels, kernel(7), 7, Some([7; 32]), yuma.clone());
    assert_eq!(again, Ok(()));
    assert_eq!(kernels.choose(kernel(7), FROM), Ok((yuma, [7; 32])));
    assert_eq!(kernels.all(), [kernel(7)]);
}

#[ink::test]
fn a_kernel_that_was_never_allowed_cannot_be_chosen() {
    let mut kernels = with_kernel();
    for refused in [
        kernels.choose(kernel(8), FROM).map(drop),
        kernels.retire(kernel(8)),
    ] {
        assert_eq!(refused, Err(RegistryError::KernelNotAllowed));
    }
}

#[ink::test]
fn the_list_has_a_limit() {
    let mut kernels = Kernels::default();
    let address = |number: u16| {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&number.to_le_bytes());
        AccountId::from(bytes)
    };
    for number in 0..MAX_KERNELS {
        let allowed = allow(&mut kernels, address(number), 7, Some([7; 32]), other(&[]));
        assert_eq!(allowed, Ok(()));
    }
    let more = allow(
        &mut kernels,
        address(MAX_KERNELS),
        7,
        Some([7; 32]),
        other(&[]),
    );
    assert_eq!(more, Err(RegistryError::Exhausted));
    // Listed kernels can still be retired and allowed again.
    assert_eq!(kernels.retire(address(0)), Ok(()));
    let again = allow(&mut kernels, address(0), 7, Some([7; 32]), other(&[]));
    assert_eq!(again, Ok(()));
    // The list is one value of storage.
    assert!(ink::scale::Encode::encoded_size(&kernels.all()) < 16 * 1024);
}

/// A call of the list.
#[derive(Clone, Debug)]
enum Action {
    Allow {
        kernel: u8,
        code: u8,
        found: Option<u8>,
    },
    Retire(u8),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        2 => (0u8..4, 0u8..3, proptest::option::of(0u8..3))
            .prop_map(|(kernel, code, found)| Action::Allow { kernel, code, found }),
        1 => (0u8..4).prop_map(Action::Retire),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// After any calls, no entry is gone and no code hash has changed. A kernel may be chosen if it
    /// was allowed and not retired since. A refusal changes nothing.
    #[test]
    fn entries_are_for_good(actions in proptest::collection::vec(action(), 1..60)) {
        ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
            let mut kernels = Kernels::default();
            let mut model: BTreeMap<u8, (u8, bool)> = BTreeMap::new();
            for action in &actions {
                match *action {
                    Action::Allow { kernel: seed, code, found } => {
                        let found = found.map(|code| [code; 32]);
                        let is_there = found == Some([code; 32]);
                        let fits = model.get(&seed).is_none_or(|(listed, _)| *listed == code);
                        let allowed = allow(&mut kernels, kernel(seed), code, found, other(&[seed]));
                        assert_eq!(allowed.is_ok(), is_there && fits);
                        if allowed.is_ok() {
                            model.insert(seed, (code, false));
                        }
                    }
                    Action::Retire(seed) => {
                        let open = model.get_mut(&seed).filter(|(_, retired)| !retired);
                        assert_eq!(kernels.retire(kernel(seed)).is_ok(), open.is_some());
                        if let Some((_, retired)) = open {
                            *retired = true;
                        }
                    }
                }
                for seed in 0..4 {
                    let entry = kernels.entry(kernel(seed));
                    let seen = entry.map(|entry| (entry.code_hash[0], entry.retired));
                    assert_eq!(seen, model.get(&seed).copied());
                    let choosable = model.get(&seed).is_some_and(|(_, retired)| !retired);
                    assert_eq!(kernels.choose(kernel(seed), FROM).is_ok(), choosable);
                    assert_eq!(kernels.all().contains(&kernel(seed)), model.contains_key(&seed));
                }
                assert_eq!(kernels.all().len(), model.len());
            }
            Ok(())
        })
        .unwrap();
    }
}
