//! Governance in the configuration of a deployment: the section `[governance]`, and the file of a
//! guard.

use crate::{error::Failure, values};
use inktensor_primitives::{
    governance::{GovernanceTerms, NewGuard, DAY, MAX_GUARD},
    AccountId, Rao,
};
use inktensor_worker::service::config::toml_problem;
use serde::Deserialize;
use std::{collections::BTreeSet, fs, ops::RangeInclusive, path::Path};

/// Days after which all tracks take proposals, by default.
pub const OPENS_AFTER: u32 = 90;
/// Most days after which all tracks take proposals.
pub const MOST_OPENS_AFTER: u32 = 180;
/// Least electorate by default, in per cent of the TAO of all holders.
pub const ELECTORATE_FLOOR: u8 = 5;
/// Days of a guard's term.
const TERM: RangeInclusive<u32> = 1..=360;
/// Least members of a guard.
const LEAST_GUARD: usize = 3;
/// Most vetoes of a guard in 90 days.
const MOST_VETOES: u8 = 4;

/// The section `[governance]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileGovernance {
    opens_after: Option<u32>,
    electorate_floor_percent: Option<u8>,
    guard: Option<FileGuard>,
}

/// A guard as a file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileGuard {
    members: Vec<String>,
    threshold: u8,
    #[serde(default = "longest_term")]
    days: u32,
    #[serde(default = "most_vetoes")]
    vetoes: u8,
}

const fn longest_term() -> u32 {
    *TERM.end()
}

const fn most_vetoes() -> u8 {
    MOST_VETOES
}

impl FileGovernance {
    /// Returns the terms of governance on a network whose holders have these amounts.
    ///
    /// # Errors
    /// The first field that is out of its bounds.
    pub fn terms(&self, holders: &[(AccountId, Rao)]) -> Result<GovernanceTerms, String> {
        let guard = self.guard.as_ref().map(FileGuard::read).transpose();
        terms(
            self.opens_after.unwrap_or(OPENS_AFTER),
            self.electorate_floor_percent.unwrap_or(ELECTORATE_FLOOR),
            guard.map_err(|problem| format!("governance.guard: {problem}"))?,
            holders,
        )
    }
}

/// Returns terms of governance: days, per cent of the holders' TAO, and the guard.
///
/// # Errors
/// The first value that is out of its bounds.
pub fn terms(
    opens_after: u32,
    floor_percent: u8,
    guard: Option<NewGuard>,
    holders: &[(AccountId, Rao)],
) -> Result<GovernanceTerms, String> {
    if opens_after > MOST_OPENS_AFTER {
        return Err(format!(
            "governance.opens_after: {opens_after} days are more than {MOST_OPENS_AFTER}; choose \
             fewer"
        ));
    }
    if floor_percent > 100 {
        return Err(format!(
            "governance.electorate_floor_percent: {floor_percent} % are more than 100; choose fewer"
        ));
    }
    let all: u128 = holders.iter().map(|(_, amount)| amount.to_u128()).sum();
    let floor = all * u128::from(floor_percent) / 100;
    Ok(GovernanceTerms {
        electorate_floor: Rao(u64::try_from(floor).unwrap_or(u64::MAX)),
        opens_after: opens_after.saturating_mul(DAY),
        guard,
    })
}

impl FileGuard {
    /// Returns the guard.
    ///
    /// # Errors
    /// The first field that is out of its bounds.
    pub fn read(&self) -> Result<NewGuard, String> {
        let members = self.members.iter().map(|text| values::address(text));
        let members: Vec<AccountId> = members.collect::<Result<_, _>>()?;
        let guard = NewGuard {
            members,
            threshold: self.threshold,
            term: self.days.saturating_mul(DAY),
            vetoes: self.vetoes,
        };
        check_guard(&guard)?;
        Ok(guard)
    }
}

/// Reads the guard in a TOML file.
///
/// # Errors
/// If the file cannot be read, or a field is out of its bounds.
pub fn guard_in(path: &Path) -> Result<NewGuard, Failure> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| Failure::unusable("--guard", path, &error))?;
    let guard: FileGuard = toml::from_str(&text).map_err(|error| {
        let (line, problem) = toml_problem(&text, &error);
        Failure::input(format_args!("{}:{line}: {problem}", path.display()))
    })?;
    guard
        .read()
        .map_err(|problem| Failure::in_file(path, problem))
}

/// Checks the bounds of a guard, which the governance contract checks too.
///
/// # Errors
/// The first field that is out of its bounds.
pub fn check_guard(guard: &NewGuard) -> Result<(), String> {
    let count = guard.members.len();
    if !(LEAST_GUARD..=MAX_GUARD).contains(&count) {
        return Err(format!(
            "members: there are {count}; name {LEAST_GUARD} to {MAX_GUARD}"
        ));
    }
    let distinct: BTreeSet<&AccountId> = guard.members.iter().collect();
    if distinct.len() < count {
        return Err("members: an address is given twice; name each member once".into());
    }
    let threshold = usize::from(guard.threshold);
    if threshold > count || threshold * 2 <= count {
        return Err(format!(
            "threshold: {threshold} of {count} members; choose {} to {count}, more than half",
            count / 2 + 1
        ));
    }
    let days = guard.term / DAY;
    if !TERM.contains(&days) {
        return Err(format!(
            "days: {days} is not within {} and {}; choose another term",
            TERM.start(),
            TERM.end()
        ));
    }
    if guard.vetoes > MOST_VETOES {
        return Err(format!(
            "vetoes: {} are more than {MOST_VETOES} in 90 days; choose fewer",
            guard.vetoes
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_client::ss58::ss58;

    fn holders() -> Vec<(AccountId, Rao)> {
        vec![([1; 32].into(), Rao::from_tao(600))]
    }

    fn read(text: &str) -> Result<GovernanceTerms, String> {
        let file: FileGovernance = toml::from_str(text).map_err(|error| error.to_string())?;
        file.terms(&holders())
    }

    fn guard(members: usize, rest: &str) -> String {
        let members = (0..members).map(|it| {
            let byte = u8::try_from(it).unwrap_or_default();
            format!("\"{}\"", ss58(&[byte; 32].into()))
        });
        let members = members.collect::<Vec<_>>().join(", ");
        format!("guard = {{ members = [{members}], {rest} }}")
    }

    #[test]
    fn fields_have_defaults() {
        let terms = read("").unwrap();
        assert_eq!(terms.electorate_floor, Rao::from_tao(30));
        assert_eq!(terms.opens_after, 90 * DAY);
        assert_eq!(terms.guard, None);
        let terms = read(&guard(3, "threshold = 2")).unwrap();
        let guard = terms.guard.unwrap();
        assert_eq!((guard.term, guard.vetoes), (360 * DAY, 4));
        let terms = read("opens_after = 0\nelectorate_floor_percent = 0").unwrap();
        assert_eq!((terms.opens_after, terms.electorate_floor), (0, Rao::ZERO));
    }

    #[test]
    fn a_field_out_of_its_bounds_is_named() {
        for (text, said) in [
            (
                "opens_after = 181".to_owned(),
                "governance.opens_after: 181",
            ),
            (
                "electorate_floor_percent = 101".into(),
                "governance.electorate_floor_percent: 101",
            ),
            (guard(2, "threshold = 2"), "members: there are 2"),
            (guard(4, "threshold = 2"), "choose 3 to 4"),
            (guard(3, "threshold = 4"), "choose 2 to 3"),
            (guard(3, "threshold = 2, days = 361"), "days: 361"),
            (guard(3, "threshold = 2, vetoes = 5"), "vetoes: 5"),
            (guard(3, "threshold = 2, colour = 5"), "colour"),
        ] {
            let problem = read(&text).unwrap_err();
            assert!(problem.contains(said), "{said}: {problem}");
        }
    }
}
