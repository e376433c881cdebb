//! The kernel of a subnet, and its words for people.

use inktensor_client::deploy::Addresses;
use inktensor_primitives::{kernel::YumaParams, registry::Hyperparameter, AccountId};

/// The kernel of a subnet, with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum KernelPlan {
    /// Yuma with these parameters.
    Yuma(YumaParams),
    /// The stake-weighted mean, which has no parameters.
    Mean,
}

impl KernelPlan {
    /// Returns the name of the kernel's bundle.
    pub const fn name(&self) -> &'static str {
        match self {
            KernelPlan::Yuma(_) => "yuma",
            KernelPlan::Mean => "mean",
        }
    }

    /// Returns the address of the kernel.
    pub(crate) const fn address(&self, contracts: &Addresses) -> AccountId {
        match self {
            KernelPlan::Yuma(_) => contracts.yuma,
            KernelPlan::Mean => contracts.mean,
        }
    }

    /// Returns the parameters to set on a new subnet, which has the kernel's defaults.
    pub(crate) fn setting(&self) -> Option<Hyperparameter> {
        match self {
            KernelPlan::Yuma(params) => Some(Hyperparameter::Yuma(params.clone())),
            KernelPlan::Mean => None,
        }
    }

    /// Returns the subjects of the phases.
    pub(crate) const fn phases(&self) -> &'static [&'static str] {
        match self {
            KernelPlan::Yuma(_) => &["stake", "roster", "consensus", "bonds", "emission"],
            KernelPlan::Mean => &["stake", "sums", "scores", "pay"],
        }
    }

    /// Returns the rule in words.
    pub(crate) fn rule(&self) -> String {
        match self {
            KernelPlan::Yuma(params) => yuma_rule(params),
            KernelPlan::Mean => "mean of weights by stake".into(),
        }
    }
}

fn yuma_rule(params: &YumaParams) -> String {
    let bonds = match (params.yuma3, params.liquid_alpha) {
        (true, true) => "Yuma3 with liquid alpha",
        (true, false) => "Yuma3",
        (false, _) => "Yuma2",
    };
    let majority = f64::from(params.kappa) / f64::from(u16::MAX);
    format!("{bonds}, majority {majority:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_compute::engine::{
        native::{Mean, Native},
        Engine,
    };
    use inktensor_primitives::kernel::EpochHeader;
    use scale::Encode;

    #[test]
    fn every_phase_has_a_name() {
        let header = |params| EpochHeader {
            params,
            ..inktensor_test_support::header()
        };
        let yuma = YumaParams::default();
        let plan = Native::new().plan(&header(yuma.encode())).unwrap();
        assert_eq!(plan.phases.len(), KernelPlan::Yuma(yuma).phases().len());
        let plan = Mean.plan(&header(Vec::new())).unwrap();
        assert_eq!(plan.phases.len(), KernelPlan::Mean.phases().len());
    }
}
