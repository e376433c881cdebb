//! Registration, closes and scores, on ink!'s storage.

mod agreement;
mod closes;
mod model;
mod next;
mod owner;
mod pay;
mod registration;

use super::*;
use crate::{
    hyperparameters::{settings::Values, DEFAULT_REGISTRATION_PRICE},
    kernels::Kernels,
};
use ink::prelude::string::String;
use inktensor_primitives::{
    kernel::{NeuronResult, YumaParams},
    registry::{
        KernelEntry, KernelParams, NetworkRules, PagePay, PruningTerms, RegistrationTerms, Terms,
    },
};

const OWNER: u16 = 60_000;
const ADMIN: u16 = 60_001;
const PRICE: Rao = DEFAULT_REGISTRATION_PRICE;
const NETUID: NetUid = NetUid(1);

fn account(seed: u16) -> AccountId {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&seed.to_le_bytes());
    AccountId::from(bytes)
}

/// Records results of uids of one page.
fn record(
    subnets: &mut Subnets,
    netuid: NetUid,
    epoch: u32,
    start: Uid,
    scores: &[NeuronResult],
    owed: &[Rao],
) -> Result<(), RegistryError> {
    let (scores, owed) = (scores.to_vec(), owed.to_vec());
    subnets.record(
        netuid,
        epoch,
        &[PagePay {
            start,
            scores,
            owed,
        }],
    )
}

/// Returns the coldkey of the hotkey `account(seed)`.
fn coldkey(seed: u16) -> AccountId {
    let mut bytes = [1; 32];
    bytes[..2].copy_from_slice(&seed.to_le_bytes());
    AccountId::from(bytes)
}

fn settings(max_uids: u16, immunity_period: u32) -> Settings {
    Settings {
        name: String::from("text"),
        owner: coldkey(OWNER),
        owner_hotkey: account(OWNER),
        symbol: String::new(),
        created_at: 0,
        started_at: None,
        retired_at: None,
        lock: Rao::ZERO,
        present: Values {
            tempo: 10,
            kernel: account(0),
            kernel_code: [7; 32],
            max_uids,
            max_validators: 4,
            immunity_period,
            terms: Terms {
                // Prices have tests of their own.
                registration: RegistrationTerms {
                    min_burn: PRICE,
                    max_burn: PRICE,
                    per_block: u16::MAX,
                    ..RegistrationTerms::default()
                },
                pruning: PruningTerms {
                    min_non_immune: 0,
                    immune_owners: 1,
                },
                ..Terms::default()
            },
            params: KernelParams::Yuma(YumaParams::default()),
        },
        next: None,
    }
}

/// Returns a list with the one kernel of [`settings`].
fn kernels() -> Kernels {
    let mut kernels = Kernels::default();
    for seed in [0, 9] {
        let entry = KernelEntry {
            code_hash: [7; 32],
            defaults: KernelParams::Yuma(YumaParams::default()),
            from: 0,
            retired: false,
        };
        let allowed = kernels.allow(account(seed), Some([7; 32]), &entry);
        assert_eq!(allowed, Ok(()));
    }
    kernels
}

/// Returns a change at block `now`.
fn change_at(caller: AccountId, kernels: &Kernels, now: u32) -> Change<'_> {
    Change {
        caller,
        now,
        rules: NetworkRules::DEFAULT,
        kernels,
        admin: account(ADMIN),
    }
}

/// Returns a change at block 0.
fn change(caller: AccountId, kernels: &Kernels) -> Change<'_> {
    change_at(caller, kernels, 0)
}

fn close(
    subnets: &mut Subnets,
    netuid: NetUid,
    closing: u32,
) -> Result<SubnetSnapshot, RegistryError> {
    close_at(subnets, netuid, closing, 0)
}

fn close_at(
    subnets: &mut Subnets,
    netuid: NetUid,
    closing: u32,
    now: u32,
) -> Result<SubnetSnapshot, RegistryError> {
    let closing = Closing {
        epoch: closing,
        now,
        roster: Vec::new(),
    };
    subnets.close(netuid, closing)
}

/// Returns the tenures of `uids` at the end of `epoch`.
fn tenures_at(subnets: &Subnets, epoch: u32, uids: &[Uid]) -> Result<Vec<Tenure>, RegistryError> {
    let taken = subnets.seats(NETUID)?.taken_at(epoch);
    let taken = taken.map_err(|_| RegistryError::TooOld)?;
    subnets.tenures(NETUID, epoch, uids, taken)
}

fn subnet(max_uids: u16, immunity_period: u32) -> Subnets {
    let mut subnets = Subnets::default();
    let created = subnets.create(&settings(max_uids, immunity_period), true);
    assert_eq!(created, Ok(NETUID));
    subnets
}

fn applicant(seed: u16, now: u32) -> Applicant {
    Applicant {
        hotkey: account(seed),
        coldkey: coldkey(seed),
        max_price: PRICE,
        now,
        has_signed: true,
    }
}

fn register(subnets: &mut Subnets, seed: u16, now: u32) -> Result<Registered, RegistryError> {
    subnets.register(NETUID, applicant(seed, now))
}

fn scored(emission: u64) -> NeuronResult {
    NeuronResult {
        emission: Rao(emission),
        ..NeuronResult::default()
    }
}
