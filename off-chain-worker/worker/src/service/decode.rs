//! The messages of a worker: their names, the subnet or proposal that they are about, and the
//! contract's reply.

use inktensor_client::{
    chain::{selector, ContractError},
    deploy::Addresses,
};
use inktensor_primitives::{epoch::EpochError, governance::GovernanceError, AccountId, NetUid};
use psp22::PSP22Error;
use scale::Decode;

/// Messages of the epoch contract whose first argument is a subnet.
const OF_A_SUBNET: [&str; 9] = [
    "Epochs::close",
    "Epochs::propose",
    "Epochs::dispute",
    "Epochs::finalize",
    "Epochs::finalize_and_settle",
    "Epochs::gather",
    "Epochs::replay",
    "Epochs::roll_over",
    "Epochs::settle",
];
/// Messages of governance, whose first argument is a proposal.
const OF_A_PROPOSAL: [&str; 4] = [
    "Governance::close",
    "Governance::execute",
    "Governance::forfeit",
    "Governance::recount",
];
/// All other messages.
const OF_THE_ACCOUNT: [&str; 2] = ["Epochs::deposit_collateral", "PSP22::approve"];
/// Name of an unknown message.
const OTHER: &str = "other";

/// Returns the name of an encoded message.
pub fn name(input: &[u8]) -> &'static str {
    let all = OF_A_SUBNET.iter().chain(&OF_A_PROPOSAL);
    let mut names = all.chain(&OF_THE_ACCOUNT);
    names
        .find(|name| input.starts_with(&selector(name)))
        .unwrap_or(&OTHER)
}

/// Returns the subnet that an encoded message is about.
pub fn netuid(input: &[u8]) -> Option<NetUid> {
    let arguments = input.get(4..)?;
    OF_A_SUBNET
        .contains(&name(input))
        .then(|| NetUid::decode(&mut &arguments[..]).ok())?
}

/// Returns the proposal that an encoded message is about.
pub fn proposal(input: &[u8]) -> Option<u32> {
    let arguments = input.get(4..)?;
    OF_A_PROPOSAL
        .contains(&name(input))
        .then(|| u32::decode(&mut &arguments[..]).ok())?
}

/// The reply of a contract to a message that may refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The contract accepted the message.
    Done,
    /// The contract refused, for this reason.
    Refused(String),
    /// The contract does not have the message.
    NotUnderstood,
}

impl Reply {
    /// Decodes `output`, from the contract at `from`.
    pub fn of(contracts: &Addresses, from: &AccountId, output: &[u8]) -> Self {
        let governance = contracts.governing.map(|it| it.governance);
        match output {
            [0, 1, error @ ..] if *from == contracts.epoch => refused::<EpochError>(error),
            [0, 1, error @ ..] if *from == contracts.token => refused::<PSP22Error>(error),
            [0, 1, error @ ..] if Some(*from) == governance => refused::<GovernanceError>(error),
            [0, 1, ..] => Reply::Refused("an error".into()),
            [0, ..] => Reply::Done,
            _ => Reply::NotUnderstood,
        }
    }
}

fn refused<E: Decode + ContractError>(mut error: &[u8]) -> Reply {
    Reply::Refused(match E::decode(&mut error) {
        Ok(error) => error.text(),
        Err(_) => "an error".into(),
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use inktensor_client::chain::{contracts, Message};
    use inktensor_primitives::{
        assertion::Assertion, dispute::StepProof, epoch::Epochs, governance::Governance, Rao,
    };
    use psp22::PSP22;
    use scale::Encode;

    const EPOCH: [u8; 32] = [5; 32];
    const TOKEN: [u8; 32] = [1; 32];

    /// Returns the addresses of a deployment that does not exist.
    pub fn nowhere() -> Addresses {
        let mut next = 0;
        Addresses::from_named(|_| {
            next += 1;
            Some([next; 32].into())
        })
        .unwrap()
    }

    #[test]
    fn every_message_of_a_worker_has_a_name() {
        let epoch = || contracts::epoch(EPOCH.into());
        let (of, none) = (NetUid(300), Vec::new());
        let proof = StepProof {
            assertion: assertion(),
            carry: Vec::new(),
            carry_sibling: [0; 32],
            scratch: Vec::new(),
            scratch_sibling: [0; 32],
            memory: Vec::new(),
        };
        let about_a_subnet: [(&str, Vec<u8>); 9] = [
            ("Epochs::close", input(epoch().close(of))),
            ("Epochs::propose", input(epoch().propose(of, assertion()))),
            ("Epochs::dispute", input(epoch().dispute(of, 0, proof))),
            ("Epochs::finalize", input(epoch().finalize(of, assertion()))),
            (
                "Epochs::finalize_and_settle",
                input(epoch().finalize_and_settle(of, 0, assertion(), Vec::new(), 1)),
            ),
            ("Epochs::gather", input(epoch().gather(of, 0, 1))),
            ("Epochs::replay", input(epoch().replay(of, 1, none))),
            ("Epochs::roll_over", input(epoch().roll_over(of))),
            (
                "Epochs::settle",
                input(epoch().settle(of, 0, Vec::new(), 1)),
            ),
        ];
        for (expected, input) in about_a_subnet {
            assert_eq!((name(&input), netuid(&input)), (expected, Some(of)));
        }
        let of_the_account: [(&str, Vec<u8>); 2] = [
            (
                "Epochs::deposit_collateral",
                input(epoch().deposit_collateral(Rao(3))),
            ),
            (
                "PSP22::approve",
                input(contracts::psp22(TOKEN.into()).approve(EPOCH.into(), 1)),
            ),
        ];
        for (expected, input) in of_the_account {
            assert_eq!((name(&input), netuid(&input)), (expected, None));
        }
        for input in [&[][..], &[1, 2], &[9; 40]] {
            assert_eq!((name(input), netuid(input)), (OTHER, None));
        }
    }

    #[test]
    fn a_message_of_the_clerk_names_its_proposal() {
        let governance = || contracts::governance(EPOCH.into());
        for (expected, input) in [
            ("Governance::close", input(governance().close(7))),
            ("Governance::execute", input(governance().execute(7))),
            ("Governance::forfeit", input(governance().forfeit(7))),
            (
                "Governance::recount",
                input(governance().recount(7, vec![])),
            ),
        ] {
            assert_eq!((name(&input), proposal(&input)), (expected, Some(7)));
            assert_eq!(netuid(&input), None);
        }
    }

    fn input<R>(message: impl Into<Message<R>>) -> Vec<u8> {
        message.into().input
    }

    fn assertion() -> Assertion {
        Assertion {
            header_hash: [0; 32],
            steps: Vec::new(),
            memory: Vec::new(),
            results: Vec::new(),
            roster: Vec::new(),
        }
    }

    #[test]
    fn an_answer_names_the_contracts_own_error() {
        let contracts = nowhere();
        let answer = |from: &AccountId, output: &[u8]| Reply::of(&contracts, from, output);
        let done = Ok::<(), EpochError>(()).encode();
        assert_eq!(
            answer(&contracts.epoch, &[&[0], &done[..]].concat()),
            Reply::Done
        );
        let late = Err::<(), _>(EpochError::AlreadyAsserted).encode();
        let late = [&[0], &late[..]].concat();
        let reason = Reply::Refused(EpochError::AlreadyAsserted.to_string());
        assert_eq!(answer(&contracts.epoch, &late), reason);
        let poor = Err::<(), _>(PSP22Error::InsufficientBalance).encode();
        let poor = [&[0], &poor[..]].concat();
        let reason = Reply::Refused(PSP22Error::InsufficientBalance.text());
        assert_eq!(answer(&contracts.token, &poor), reason);
        assert_eq!(answer(&contracts.epoch, &[1, 1]), Reply::NotUnderstood);
        assert_eq!(answer(&contracts.epoch, &[]), Reply::NotUnderstood);
    }
}
