//! The conditions that keep a hotkey from taking part in a subnet, each with the command that meets
//! it.

use inktensor_client::{
    chain::{ChainError, ChainRead, Pinned, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    registry::{NetworkRules, Registry, Seat, ServingView, Subnet},
    AccountId, NetUid, Rao,
};
use psp22::PSP22;
use std::{fmt, mem::discriminant};

/// A part that a neuron plays on a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Answers questions.
    Miner,
    /// Asks, scores and sets weights.
    Validator,
}

/// A condition that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The subnet does not exist.
    Subnet(NetUid),
    /// The subnet is retired.
    Retired(NetUid),
    /// The owner has not started epochs.
    Start(NetUid),
    /// The hotkey has no seat.
    Seat {
        /// The subnet.
        netuid: NetUid,
        /// The hotkey.
        hotkey: AccountId,
        /// True if the hotkey must first agree to belong to a coldkey.
        needs_agreement: bool,
        /// Price of the seat now.
        price: Rao,
    },
    /// The hotkey has too little TAO for the serving deposit.
    Deposit {
        /// The hotkey.
        hotkey: AccountId,
        /// The deposit.
        deposit: Rao,
        /// TAO of the hotkey.
        balance: Rao,
    },
    /// The validator has no permit.
    Permit {
        /// The subnet.
        netuid: NetUid,
        /// The hotkey.
        hotkey: AccountId,
    },
    /// The owner has not pledged a manifest.
    Task {
        /// The subnet.
        netuid: NetUid,
        /// The owner's hotkey, if it has no seat to pledge with.
        seatless: Option<AccountId>,
    },
    /// The subnet lets a validator publish too seldom for a pledge in each epoch.
    RateLimit {
        /// The subnet.
        netuid: NetUid,
        /// Blocks between two changes of what a neuron publishes.
        limit: u32,
        /// Blocks of an epoch.
        tempo: u32,
    },
}

/// Returns the most blocks between two changes with which a validator can pledge in each epoch: a
/// pledge late in an epoch must not keep the next one from being made early in the next epoch.
const fn most_rate_limit(tempo: u32) -> u32 {
    tempo / 2
}

/// Returns the conditions that `hotkey` does not meet on the subnet, the first to meet first.
///
/// # Errors
/// If the chain does not answer.
pub fn missing(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuid: NetUid,
    hotkey: AccountId,
    part: Part,
) -> Result<Vec<Missing>, ChainError> {
    let pinned = Pinned::best(chain)?;
    let registry = || contracts.registry();
    let subnet: Option<Subnet> = pinned.query(registry().subnet(netuid))?;
    let Some(subnet) = subnet else {
        return Ok(vec![Missing::Subnet(netuid)]);
    };
    if subnet.retired_at.is_some() {
        return Ok(vec![Missing::Retired(netuid)]);
    }
    let mut found = Vec::new();
    if subnet.started_at.is_none() {
        found.push(Missing::Start(netuid));
    }
    let seat: Option<Seat> = pinned.query(registry().seat(netuid, hotkey))?;
    let serving: Option<ServingView> = match seat {
        Some(seat) => pinned.query(registry().serving(netuid, seat.uid))?,
        None => None,
    };
    if seat.is_none() {
        let owner: Option<AccountId> = pinned.query(registry().owner_of(hotkey))?;
        found.push(Missing::Seat {
            netuid,
            hotkey,
            needs_agreement: owner.is_none(),
            price: subnet.registration_price,
        });
    }
    if serving.is_none() {
        let rules: NetworkRules = pinned.query(registry().network_rules())?;
        let balance: u128 = pinned.query(contracts.psp22().balance_of(hotkey))?;
        let balance = Rao(u64::try_from(balance).unwrap_or(u64::MAX));
        if balance < rules.serving_deposit {
            found.push(Missing::Deposit {
                hotkey,
                deposit: rules.serving_deposit,
                balance,
            });
        }
    }
    if let (Part::Validator, Some(_)) = (part, seat) {
        let view = crate::view::SubnetView::read(chain, contracts, netuid)?;
        if view.is_none_or(|view| view.permit_of(&hotkey).is_none()) {
            found.push(Missing::Permit { netuid, hotkey });
        }
    }
    if crate::pledged::manifest_now(&pinned, contracts, netuid)?.is_none() {
        let owner = subnet.owner_hotkey;
        let seat: Option<Seat> = pinned.query(registry().seat(netuid, owner))?;
        found.push(Missing::Task {
            netuid,
            seatless: seat.is_none().then_some(owner),
        });
    }
    let (limit, tempo) = (subnet.terms.serving_rate_limit, subnet.tempo);
    if part == Part::Validator && limit > most_rate_limit(tempo) {
        found.push(Missing::RateLimit {
            netuid,
            limit,
            tempo,
        });
    }
    Ok(found)
}

/// An amount of TAO with its decimals.
struct Tao(Rao);

impl fmt::Display for Tao {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 .0 / Rao::PER_TAO, self.0 .0 % Rao::PER_TAO);
        let text = format!("{whole}.{rest:09}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Missing {
    /// Returns true for the same condition, whatever its amounts are now.
    pub fn is_like(&self, other: &Self) -> bool {
        discriminant(self) == discriminant(other)
    }

    /// Returns the command that meets the condition, if there is one.
    pub fn command(&self) -> Option<String> {
        Some(match self {
            Missing::Subnet(_) => "inktensor subnet list".into(),
            Missing::Retired(_) => return None,
            Missing::Start(netuid) => format!("inktensor subnet start --netuid {}", netuid.0),
            Missing::Seat {
                netuid,
                hotkey,
                needs_agreement,
                ..
            } => {
                let register = format!(
                    "inktensor neuron register --netuid {} --hotkey {}",
                    netuid.0,
                    ss58(hotkey)
                );
                match needs_agreement {
                    // The key of this process can give the agreement itself.
                    true => format!("{register} --hotkey-suri-file FILE"),
                    false => register,
                }
            }
            Missing::Deposit {
                hotkey,
                deposit,
                balance,
            } => format!(
                "inktensor wallet transfer --to {} --amount {}",
                ss58(hotkey),
                Tao(Rao(deposit.0.saturating_sub(balance.0)))
            ),
            Missing::Permit { netuid, hotkey } => format!(
                "inktensor stake add --netuid {} --hotkey {} --amount TAO",
                netuid.0,
                ss58(hotkey)
            ),
            Missing::Task { netuid, .. } => {
                format!("inktensor subnet task --netuid {} --set FILE", netuid.0)
            }
            Missing::RateLimit { netuid, tempo, .. } => format!(
                "inktensor subnet set --netuid {} --parameter serving_rate_limit --value {}",
                netuid.0,
                most_rate_limit(*tempo)
            ),
        })
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Subnet(netuid) => write!(f, "there is no subnet {}", netuid.0)?,
            Missing::Retired(netuid) => {
                return write!(f, "subnet {} is retired; choose another one", netuid.0)
            }
            Missing::Start(netuid) => {
                write!(f, "the epochs of subnet {} are not started", netuid.0)?
            }
            Missing::Seat {
                netuid,
                hotkey,
                price,
                ..
            } => write!(
                f,
                "the hotkey {} has no seat on subnet {}, which costs {} TAO",
                ss58(hotkey),
                netuid.0,
                Tao(*price)
            )?,
            Missing::Deposit {
                hotkey,
                deposit,
                balance,
            } => write!(
                f,
                "the hotkey {} has {} TAO, and the serving deposit is {}",
                ss58(hotkey),
                Tao(*balance),
                Tao(*deposit)
            )?,
            Missing::Permit { netuid, hotkey } => write!(
                f,
                "the hotkey {} has no permit on subnet {}; permits go to the most stake with the \
                 next final epoch",
                ss58(hotkey),
                netuid.0
            )?,
            Missing::Task { netuid, seatless } => {
                write!(
                    f,
                    "the owner of subnet {} has pledged no manifest",
                    netuid.0
                )?;
                if let Some(hotkey) = seatless {
                    write!(
                        f,
                        ", and its hotkey needs a seat for that (inktensor neuron register \
                         --netuid {} --hotkey {})",
                        netuid.0,
                        ss58(hotkey)
                    )?;
                }
            }
            Missing::RateLimit {
                netuid,
                limit,
                tempo,
            } => write!(
                f,
                "subnet {} has epochs of {tempo} blocks, and a neuron may publish each {limit} \
                 blocks only, too seldom for a pledge in each epoch; its owner can change that",
                netuid.0
            )?,
        }
        match self.command() {
            Some(command) => write!(f, ": {command}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_names_its_command() {
        let hotkey: AccountId = [7; 32].into();
        let missing = Missing::Deposit {
            hotkey,
            deposit: Rao(10_000_000),
            balance: Rao(2_500_000),
        };
        let text = missing.to_string();
        assert!(text.contains("has 0.0025 TAO"), "{text}");
        assert!(text.ends_with("--amount 0.0075"), "{text}");
        let seat = |needs_agreement| Missing::Seat {
            netuid: NetUid(3),
            hotkey,
            needs_agreement,
            price: Rao::from_tao(1),
        };
        assert!(seat(true).to_string().ends_with("--hotkey-suri-file FILE"));
        assert!(seat(false)
            .to_string()
            .contains("neuron register --netuid 3"));
        assert_eq!(Missing::Retired(NetUid(1)).command(), None);
        let task = |seatless| Missing::Task {
            netuid: NetUid(3),
            seatless,
        };
        assert!(!task(None).to_string().contains("register"));
        let text = task(Some(hotkey)).to_string();
        assert!(text.contains("neuron register --netuid 3"), "{text}");
        assert!(
            text.ends_with("subnet task --netuid 3 --set FILE"),
            "{text}"
        );
        let limit = Missing::RateLimit {
            netuid: NetUid(3),
            limit: 50,
            tempo: 41,
        };
        assert!(limit
            .to_string()
            .ends_with("--parameter serving_rate_limit --value 20"));
        assert!(!seat(true).is_like(&Missing::Retired(NetUid(1))));
        // A price changes with each block, and is no reason to log the condition again.
        assert!(seat(true).is_like(&Missing::Seat {
            netuid: NetUid(3),
            hotkey,
            needs_agreement: true,
            price: Rao(1),
        }));
    }
}
