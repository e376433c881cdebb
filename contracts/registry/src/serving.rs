//! Endpoints and commitments that neurons serve. They belong to a registration, so nothing passes
//! from one neuron on a uid to the next.

use crate::hyperparameters::bounds::{at_most, within};
use inktensor_primitives::{
    registry::{
        Axon, BoundedField, Commitment, CommitmentKind, Host, Prometheus, RegistryError,
        ServingView, MAX_COMMITMENT, MAX_HOST,
    },
    Rao, Uid,
};

/// Most bytes of a label of a host name.
const MAX_LABEL: usize = 63;

/// An endpoint or a commitment that a neuron serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// The endpoint at which it answers.
    Axon(Axon),
    /// The endpoint of its metrics.
    Prometheus(Prometheus),
    /// A public commitment.
    Commitment(Commitment),
}

impl Served {
    /// Checks the content, without state.
    ///
    /// # Errors
    /// `BadHost`, `OutOfBounds`.
    pub fn check(&self) -> Result<(), RegistryError> {
        match self {
            Served::Axon(axon) => check_endpoint(&axon.host, axon.port),
            Served::Prometheus(it) => check_endpoint(&it.host, it.port),
            Served::Commitment(it) => {
                at_most(BoundedField::Commitment, it.data.len(), MAX_COMMITMENT)
            }
        }
    }
}

/// Everything that a registration serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct ServingRecord {
    axon: Option<(Axon, u32)>,
    prometheus: Option<(Prometheus, u32)>,
    commitment: Option<Commitment>,
    /// Rao held for it.
    pub deposit: Rao,
}

impl ServingRecord {
    /// Makes a record that serves nothing yet, with `deposit` held.
    pub fn holding(deposit: Rao) -> Self {
        Self {
            deposit,
            ..Self::default()
        }
    }

    /// Serves `served` at block `now`, at least `rate_limit` blocks after the last of its kind.
    ///
    /// # Errors
    /// `TooSoon`.
    pub fn serve(
        &mut self,
        served: Served,
        now: u32,
        rate_limit: u32,
    ) -> Result<(), RegistryError> {
        let last = match &served {
            Served::Axon(_) => self.axon.as_ref().map(|it| it.1),
            Served::Prometheus(_) => self.prometheus.as_ref().map(|it| it.1),
            Served::Commitment(_) => self.commitment.as_ref().map(|it| it.block),
        };
        let next = last.map_or(0, |last| last.saturating_add(rate_limit));
        if now < next {
            return Err(RegistryError::TooSoon(next));
        }
        match served {
            Served::Axon(axon) => self.axon = Some((axon, now)),
            Served::Prometheus(prometheus) => self.prometheus = Some((prometheus, now)),
            Served::Commitment(commitment) => self.commitment = Some(commitment),
        }
        Ok(())
    }

    /// Returns the data of the commitment, if its kind is that of pledges.
    pub fn raw_commitment(&self) -> Option<&[u8]> {
        let commitment = self.commitment.as_ref();
        let raw = commitment.filter(|it| it.kind == CommitmentKind::Raw)?;
        Some(&raw.data)
    }

    /// Returns the public view.
    pub fn view(self, uid: Uid) -> ServingView {
        ServingView {
            uid,
            axon: self.axon.map(|it| it.0),
            prometheus: self.prometheus.map(|it| it.0),
            commitment: self.commitment,
            deposit: self.deposit,
        }
    }
}

/// Checks that an endpoint can be reached from elsewhere, by its form.
///
/// # Errors
/// `BadHost`, `OutOfBounds` for port 0.
fn check_endpoint(host: &Host, port: u16) -> Result<(), RegistryError> {
    within(BoundedField::Port, port.into(), (1, u16::MAX.into()))?;
    let is_good = match host {
        // Not unspecified, broadcast or loopback. Source: subtensor's `is_valid_ip_address`, and
        // all of 127/8.
        Host::V4(bytes) => *bytes != [0; 4] && *bytes != [255; 4] && bytes.first() != Some(&127),
        Host::V6(bytes) => {
            let is_loopback = u128::from_be_bytes(*bytes) == 1;
            *bytes != [0; 16] && *bytes != [255; 16] && !is_loopback
        }
        Host::Name(name) => is_host_name(name),
    };
    if is_good {
        Ok(())
    } else {
        Err(RegistryError::BadHost)
    }
}

/// Returns true if `name` is a host name: at least two labels of letters, digits and hyphens, no
/// hyphen at an end of a label, and not only digits in the last label.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        (1..=MAX_LABEL).contains(&bytes.len())
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && bytes.first() != Some(&b'-')
            && bytes.last() != Some(&b'-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= MAX_HOST
        && name.contains('.')
        && name.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn axon(host: Host, port: u16) -> Served {
        Served::Axon(Axon {
            host,
            port,
            protocol: 4,
            version: 1,
            tls: None,
        })
    }

    #[test]
    fn an_address_that_cannot_be_reached_is_refused() {
        let mut loopback = [0; 16];
        loopback[15] = 1;
        for host in [
            Host::V4([0; 4]),
            Host::V4([255; 4]),
            Host::V4([127, 0, 0, 1]),
            Host::V6([0; 16]),
            Host::V6([255; 16]),
            Host::V6(loopback),
        ] {
            assert_eq!(axon(host, 1).check(), Err(RegistryError::BadHost));
        }
        assert_eq!(axon(Host::V4([8, 8, 4, 4]), 8_091).check(), Ok(()));
        assert!(axon(Host::V4([8, 8, 4, 4]), 0).check().is_err());
    }

    #[test]
    fn host_names_are_checked_for_their_syntax() {
        for name in ["a.b", "miner-1.example.org", "1.2.example", "A.Example"] {
            assert!(is_host_name(name), "{name}");
        }
        let long = format!("{}.org", "a".repeat(64));
        for name in [
            "",
            "localhost",
            ".org",
            "org.",
            "a..b",
            "-a.org",
            "a-.org",
            "a b.org",
            "1.2.3.4",
            "exämple.org",
            long.as_str(),
        ] {
            assert!(!is_host_name(name), "{name}");
        }
    }

    #[test]
    fn each_kind_has_a_rate_limit_of_its_own() {
        let mut record = ServingRecord::default();
        let commitment = |block| {
            Served::Commitment(Commitment {
                kind: CommitmentKind::Raw,
                data: vec![1],
                block,
            })
        };
        let host = Host::V4([8, 8, 4, 4]);
        assert_eq!(record.serve(axon(host.clone(), 1), 10, 50), Ok(()));
        assert_eq!(record.serve(commitment(11), 11, 50), Ok(()));
        assert_eq!(
            record.serve(axon(host.clone(), 2), 59, 50),
            Err(RegistryError::TooSoon(60))
        );
        assert_eq!(record.serve(axon(host, 2), 60, 50), Ok(()));
        assert_eq!(
            record.serve(commitment(60), 60, 50),
            Err(RegistryError::TooSoon(61))
        );
    }

    proptest! {
        /// No bytes make it panic, and what passes is short and printable.
        #[test]
        fn what_passes_as_a_name_is_harmless(name in ".{0,300}") {
            if is_host_name(&name) {
                prop_assert!(name.len() <= MAX_HOST);
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
