//! What contracts have told about an epoch: the assertion that stands, and what became of one's
//! own.

use inktensor_client::{
    chain::{ChainError, ChainRead, ContractEvent},
    deploy::Addresses,
};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::Disputed,
    epoch::{Finalized, Proposed},
    AccountId, Digest, NetUid,
};

/// The assertion of `netuid` with this hash, from the event that it was posted in; it was posted in
/// block `from` or later.
///
/// # Errors
/// If the chain does not answer.
pub fn posted(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuid: NetUid,
    from: u32,
    digest: &Digest,
) -> Result<Option<Assertion>, ChainError> {
    Ok(chain
        .events(from)?
        .iter()
        .filter(|event| event.contract == contracts.epoch)
        .filter_map(ContractEvent::decode::<Proposed>)
        .filter(|event| event.netuid == netuid)
        .map(|event| event.assertion)
        .find(|assertion| assertion.digest() == *digest))
}

/// What became of the assertion that somebody was about to post for an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It never reached the chain.
    NotPosted,
    /// It stands, and can still be disputed; or its epoch was given up.
    Standing,
    /// This step of it was disproved, and the collateral is gone.
    Slashed {
        /// The step.
        step: u32,
    },
    /// The epoch is final, by this assertion or another.
    Final,
}

impl Fate {
    /// What became of the first assertion that `account` posted for `epoch` of `netuid`, which
    /// closed in block `from`; of the first with hash `only`, if one is given.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn of(
        chain: &dyn ChainRead,
        contracts: &Addresses,
        account: AccountId,
        (netuid, epoch): (NetUid, u32),
        from: u32,
        only: Option<Digest>,
    ) -> Result<Self, ChainError> {
        let events = chain.events(from)?;
        let told = events
            .iter()
            .filter(|event| event.contract == contracts.epoch);
        Ok(Self::by(told, account, (netuid, epoch), only))
    }

    fn by<'a>(
        told: impl Iterator<Item = &'a ContractEvent>,
        account: AccountId,
        epoch: (NetUid, u32),
        only: Option<Digest>,
    ) -> Self {
        let mut fate = Fate::NotPosted;
        for event in told {
            if let Some(proposed) = event.decode::<Proposed>() {
                let own =
                    (proposed.netuid, proposed.epoch) == epoch && proposed.proposer == account;
                if own && only.is_none_or(|digest| proposed.assertion.digest() == digest) {
                    fate = Fate::Standing;
                }
            } else if let Some(disputed) = event.decode::<Disputed>() {
                let about = (disputed.netuid, disputed.epoch) == epoch;
                if about && fate == Fate::Standing {
                    return Fate::Slashed {
                        step: disputed.step,
                    };
                }
            } else if let Some(finalized) = event.decode::<Finalized>() {
                if (finalized.netuid, finalized.epoch) == epoch {
                    return Fate::Final;
                }
            }
        }
        fate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ink::env::Event;
    use inktensor_primitives::Rao;
    use scale::Encode;

    const ME: [u8; 32] = [1; 32];
    const OTHER: [u8; 32] = [2; 32];
    const NETUID: NetUid = NetUid(3);
    const EPOCH: u32 = 4;

    fn event<E: Event + Encode>(event: &E) -> ContractEvent {
        ContractEvent {
            block: 1,
            contract: [9; 32].into(),
            topics: E::SIGNATURE_TOPIC.into_iter().collect(),
            data: event.encode(),
        }
    }

    fn proposed(netuid: NetUid, epoch: u32, proposer: [u8; 32]) -> ContractEvent {
        event(&Proposed {
            netuid,
            epoch,
            proposer: proposer.into(),
            deadline: 9,
            assertion: Assertion {
                header_hash: [0; 32],
                steps: Vec::new(),
                memory: Vec::new(),
                results: Vec::new(),
                roster: Vec::new(),
            },
        })
    }

    fn disputed(netuid: NetUid, epoch: u32) -> ContractEvent {
        event(&Disputed {
            netuid,
            epoch,
            challenger: OTHER.into(),
            step: 7,
            slashed: Rao(2),
            reward: Rao(1),
        })
    }

    fn fate(events: &[ContractEvent]) -> Fate {
        Fate::by(events.iter(), ME.into(), (NETUID, EPOCH), None)
    }

    #[test]
    fn what_was_not_posted_stays_so_whatever_others_do() {
        assert_eq!(fate(&[]), Fate::NotPosted);
        let others = [
            proposed(NETUID, EPOCH, OTHER),
            disputed(NETUID, EPOCH),
            proposed(NETUID, EPOCH - 1, ME),
            proposed(NetUid(8), EPOCH, ME),
            disputed(NetUid(8), EPOCH),
        ];
        assert_eq!(fate(&others), Fate::NotPosted);
    }

    #[test]
    fn ones_own_stands_until_it_is_disproved() {
        let mine = proposed(NETUID, EPOCH, ME);
        assert_eq!(fate(std::slice::from_ref(&mine)), Fate::Standing);
        let elsewhere = disputed(NetUid(8), EPOCH);
        assert_eq!(fate(&[mine.clone(), elsewhere]), Fate::Standing);
        let slashed = Fate::Slashed { step: 7 };
        assert_eq!(fate(&[mine.clone(), disputed(NETUID, EPOCH)]), slashed);
        // What others post afterwards does not undo it.
        let again = proposed(NETUID, EPOCH, OTHER);
        assert_eq!(fate(&[mine, disputed(NETUID, EPOCH), again]), slashed);
    }

    #[test]
    fn only_the_assertion_asked_for_counts() {
        let told = [proposed(NETUID, EPOCH, ME), disputed(NETUID, EPOCH)];
        let fate = |digest| Fate::by(told.iter(), ME.into(), (NETUID, EPOCH), Some(digest));
        let posted: Proposed = told[0].decode().expect("posted");
        assert_eq!(fate(posted.assertion.digest()), Fate::Slashed { step: 7 });
        assert_eq!(fate([5; 32]), Fate::NotPosted);
    }

    #[test]
    fn a_lie_of_another_before_ones_own_is_not_ones_own() {
        let events = [
            proposed(NETUID, EPOCH, OTHER),
            disputed(NETUID, EPOCH),
            proposed(NETUID, EPOCH, ME),
        ];
        assert_eq!(fate(&events), Fate::Standing);
    }
}
