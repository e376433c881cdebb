//! From scores to rao. [2.4, 18 and 19]

use crate::vector::divide;
use substrate_fixed::types::{I32F32, I96F32};

/// Claims of all neurons to the budget.
pub struct Claims<'a> {
    /// Incentive of each neuron.
    pub incentive: &'a [I32F32],
    /// Dividends of each neuron.
    pub dividends: &'a [I32F32],
    /// Claim that replaces dividends if no neuron has any.
    pub fallback: &'a [I32F32],
}

/// Pay of each neuron.
pub struct Pay {
    /// Pay as a miner.
    pub servers: Vec<u64>,
    /// Pay as a validator.
    pub validators: Vec<u64>,
    /// Total pay.
    pub total: Vec<u64>,
}

impl Claims<'_> {
    /// Divides one budget by incentive and dividends together, as subtensor does.
    pub fn combined(&self, budget: u64) -> Pay {
        let both: Vec<I32F32> = self
            .incentive
            .iter()
            .zip(self.dividends)
            .map(|(i, d)| *i + *d)
            .collect();
        let sum: I32F32 = both.iter().sum();
        if sum == 0 {
            let pay = rao(self.fallback, budget);
            return Pay {
                servers: vec![0; pay.len()],
                validators: pay.clone(),
                total: pay,
            };
        }
        let part = |scores: &[I32F32]| rao(&divided(scores, sum), budget);
        Pay {
            servers: part(self.incentive),
            validators: part(self.dividends),
            total: part(&both),
        }
    }

    /// Divides two budgets. Validators get both if no neuron has incentive.
    pub fn split(&self, miners: u64, validators: u64) -> Pay {
        let incentive: I32F32 = self.incentive.iter().sum();
        let dividends: I32F32 = self.dividends.iter().sum();
        let (miners, validators) = if incentive == 0 {
            (0, miners + validators)
        } else {
            (miners, validators)
        };
        let servers = rao(&divided(self.incentive, incentive), miners);
        let shares = if dividends == 0 {
            self.fallback.to_vec()
        } else {
            divided(self.dividends, dividends)
        };
        let validators = rao(&shares, validators);
        let total = servers
            .iter()
            .zip(&validators)
            .map(|(server, validator)| server + validator)
            .collect();
        Pay {
            servers,
            validators,
            total,
        }
    }
}

fn divided(scores: &[I32F32], sum: I32F32) -> Vec<I32F32> {
    scores.iter().map(|score| divide(*score, sum)).collect()
}

fn rao(shares: &[I32F32], budget: u64) -> Vec<u64> {
    shares
        .iter()
        .map(|share| (I96F32::from_num(*share) * I96F32::from_num(budget)).to_num())
        .collect()
}
